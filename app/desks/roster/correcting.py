"""What a coordinator types to correct an entry's facts, read against what the need says, and said in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.desks.forms import Form
from app.desks.submission import reading
from app.desks.submission.answers import Answers, Read, read_all
from app.desks.submission.fields import PICKED, Asked, Kind, Step
from app.desks.submission.review import answer_parts
from app.desks.submission.work import Work
from app.desks.texts import CHINESE, Text, say
from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import changed_facts
from app.matching.schemas import MatchesOut

NOT_ASKED: Final = frozenset({"subject", "project_name", "name"})
"""What is no fact of the need, or says whose need it is."""
MOST_TYPED: Final = 4_000
PROJECT_REGION: Final = "project_region"


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that would say something else; "" is unknown."""

    name: Text | str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: answers by step, what was read of each, and the facts that come of it."""

    answers: Mapping[str, Answers]
    reads: Mapping[str, Read]
    facts: NeedFacts

    @property
    def faults(self) -> dict[str, Text]:
        """Answer what is wrong, by field."""
        return {name: said for read in self.reads.values() for name, said in read.faults.items()}


def questions(work: Work) -> list[tuple[Step, list[Asked]]]:
    """Answer what may be corrected, step by step: a project's place, else the firm's."""
    assert work.need is not None
    left_out = NOT_ASKED | {PROJECT_REGION if work.need.project is None else "region"}
    asked = [(step, [one for one in step.fields if one.name not in left_out]) for step in work.steps]
    return [(step, fields) for step, fields in asked if fields]


def typed_facts(work: Work, form: Form | None) -> Typed:
    """Read what was typed, None for what is stored; a fact that was left as it stands keeps its value exactly."""
    assert work.need is not None
    asked = {one.name: (step, one) for step, fields in questions(work) for one in fields}
    answers: dict[str, dict[str, Sequence[str]]] = {
        step.slug: dict(work.known.get(step.slug, {})) for step in work.steps
    }
    known = {name: list(answers[step.slug].get(name, ())) for name, (step, _one) in asked.items()}
    for name, (step, _one) in asked.items() if form is not None else ():
        assert form is not None
        for field in (name, name + PICKED):
            given = [reading.visible(value[:MOST_TYPED]) for value in form.all(field) if value.strip()]
            answers[step.slug] |= {field: given} if given or field == name else {}
    reads = read_all(answers, work.around, work.steps)
    changed: dict[str, Any] = {}
    for name, (step, _one) in asked.items():
        if sorted(answers[step.slug].get(name, ())) != sorted(known[name]):
            changed["region" if name == PROJECT_REGION else name] = reads[step.slug].values.get(name)
    return Typed(answers, reads, work.need.facts.model_copy(update=changed))


def filled(work: Work, typed: Typed, form: Form | None) -> Form:
    """Answer the form with what was typed, else with what is stored."""
    values: dict[str, str] = dict(form.values) if form is not None else {}
    several: dict[str, Sequence[str]] = {}
    for step, fields in questions(work):
        for one in fields:
            given = typed.answers[step.slug].get(one.name, ())
            several[one.name], values[one.name] = given, given[-1] if given else ""
    return Form(values, several, typed.faults if form is not None else {})


def changes(before: NeedFacts, after: NeedFacts, work: Work, language: str) -> list[Change]:
    """Answer the facts that would say something else, in words, in the order of the form."""
    names = {name for name, _old, _new in changed_facts(before.as_json(), after.as_json())}
    asked = [(one, fact_of(one)) for _step, fields in questions(work) for one in fields]
    return [
        Change(
            one.label,
            _said(one, getattr(before, fact), work, language),
            _said(one, getattr(after, fact), work, language),
        )
        for one, fact in asked
        if fact in names
    ]


def fact_of(asked: Asked) -> str:
    """Answer the fact that a question fills."""
    return "region" if asked.name == PROJECT_REGION else asked.name


def _said(asked: Asked, value: Any, work: Work, language: str) -> str:
    if value is None:
        return ""
    if asked.kind is Kind.ONE and asked.name != "chain" and value not in asked.options:
        return str(value)
    parts = answer_parts(asked, value, work.around.book, work.around.chains, language)
    return ("、" if language == CHINESE else ", ").join(say(language, part) for part in parts)


@dataclass(frozen=True, slots=True)
class Fits:
    """How the products that fit change: those that come, those that go (product and bank), and how many fit."""

    before: int
    after: int
    come: Sequence[tuple[str, str]]
    gone: Sequence[tuple[str, str]]


def fits(before: MatchesOut, after: MatchesOut) -> Fits:
    """Compare what fits before and after."""
    old = {one.product: (one.product_name, one.institution_name) for one in before.matches}
    new = {one.product: (one.product_name, one.institution_name) for one in after.matches}
    return Fits(
        before.eligible,
        after.eligible,
        [said for code, said in new.items() if code not in old],
        [said for code, said in old.items() if code not in new],
    )
