"""Reads the typed answers of all steps into what services take, with every fault at its step and field. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.desks.submission import reading
from app.desks.submission.fields import NONE_OF_THEM, PICKED, STEPS, Asked, Kind, Step
from app.desks.submission.reading import Wrong
from app.desks.texts import Text
from app.enterprises.need_facts import NeedFacts
from app.kernel.money import yuan_text
from app.reference.book import ReferenceBook
from app.reference.name_search import Named, NameSearches, asked_of, find_regions
from app.reference.regions import region_contains

Answers = Mapping[str, Sequence[str]]
Faults = Mapping[str, Text]
MOST_CHOICES: Final = 8


@dataclass(frozen=True, slots=True)
class Places:
    """Where regions and industries are looked for: all industries, the regions of a jurisdiction."""

    book: ReferenceBook
    searches: NameSearches
    jurisdiction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings(Places):
    """What answers are read against: places, chains by code, which needs are there already."""

    today: date
    chains: Mapping[str, str] = field(default_factory=dict)
    has_own_need: bool = False
    projects_with_needs: frozenset[str] = frozenset()
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one step: values by field (only of those answered rightly), faults, places to choose among."""

    values: Mapping[str, Any]
    faults: Faults
    choices: Mapping[str, Sequence[Named]]


def read_step(step: Step, answers: Answers, around: Surroundings) -> Read:
    """Read one step; every fault is told at once."""
    values: dict[str, Any] = {}
    faults: dict[str, Text] = {}
    choices: dict[str, Sequence[Named]] = {}
    for asked in step.fields:
        try:
            read = _read(asked, answers, around)
        except Wrong as wrong:
            faults[asked.name] = wrong.said
        except SeveralPlaces as several:
            faults[asked.name], choices[asked.name] = several.said, several.among
        else:
            if read is not None:
                values[asked.name] = read
            elif asked.is_required:
                faults[asked.name] = _missing(asked)
    faults |= {name: said for name, said in _together(step, values, around) if name not in faults}
    return Read(values, faults, choices)


def read_all(
    answers: Mapping[str, Answers], around: Surroundings, steps: Iterable[Step] = STEPS
) -> dict[str, Read]:
    """Read all steps."""
    return {step.slug: read_step(step, answers.get(step.slug, {}), around) for step in steps}


def need_facts(values: Mapping[str, Any]) -> NeedFacts:
    """Make the statement of a need of values without faults.

    Raises:
        pydantic.ValidationError: a value is missing or wrong all the same.
    """
    is_project = values.get("subject") == "project"
    place = values.get("project_region") if is_project else None
    facts = {name: value for name, value in values.items() if name in NeedFacts.model_fields}
    for money in ("amount", "revenue", "existing_loans"):
        if money in facts:
            facts[money] = yuan_text(facts[money])
    if not is_project:
        facts.pop("project_name", None)
    return NeedFacts(**facts | {"region": place or values["region"]})


class SeveralPlaces(Exception):
    """A text may mean several places: `among` are those to choose from."""

    def __init__(self, said: Text, among: Sequence[Named]) -> None:
        super().__init__(said.chinese)
        self.said, self.among = said, among


def _missing(asked: Asked) -> Text:
    match asked.kind:
        case Kind.ONE | Kind.ANY | Kind.YES_NO:
            return Text("请选择%(what)s", what=asked.label)
        case _:
            return Text("请填写%(what)s", what=asked.label)


def _read(asked: Asked, answers: Answers, around: Surroundings) -> Any:
    """Answer the value of a field; None where nothing is answered."""
    given = [one for one in answers.get(asked.name, ()) if one.strip()]
    if asked.kind is Kind.ANY:
        return _several_of(asked, given)
    typed = reading.visible(given[-1]) if given else ""
    if not typed:
        return None
    match asked.kind:
        case Kind.ONE | Kind.YES_NO:
            return _one_of(asked, typed, around)
        case Kind.REGION | Kind.INDUSTRY:
            picked = next(iter(answers.get(asked.name + PICKED, ())), "")
            return read_place(asked.kind, typed, picked, around)
        case _:
            return _written(asked, typed, around)


def _written(asked: Asked, typed: str, around: Surroundings) -> Any:
    least, most = asked.bounds
    match asked.kind:
        case Kind.AMOUNT:
            return reading.amount(typed, is_zero_taken=not asked.is_required)
        case Kind.WHOLE:
            is_term = asked.name == "term_months"
            return reading.whole(typed, least=least, most=most, unit=asked.unit or "", is_term=is_term)
        case Kind.DAY:
            return reading.day(typed, today=around.today)
        case Kind.NAMES:
            return reading.names(typed, most=most, most_each=200)
        case Kind.PHONE:
            return reading.phone(typed)
        case _:
            return reading.name(typed, most=most)


def _one_of(asked: Asked, typed: str, around: Surroundings) -> Any:
    options = around.chains if asked.name == "chain" else asked.options
    if typed not in options:
        raise Wrong(Text("请从列出的选项中选择"))
    return typed == "yes" if asked.kind is Kind.YES_NO else typed


def _several_of(asked: Asked, given: Sequence[str]) -> list[str] | None:
    if any(one not in asked.options and one != NONE_OF_THEM for one in given):
        raise Wrong(Text("请从列出的选项中选择"))
    if NONE_OF_THEM in given:
        if len(given) > 1 or asked.none is None:
            raise Wrong(Text("选了“%(none)s”就不要再选别的", none=asked.none or Text("没有")))
        return []
    return sorted(set(given)) or None


def read_place(kind: Kind, typed: str, picked: str, places: Places) -> str:
    """Answer the code that a text means: the one it names, else the one that was picked of those it may mean.

    Raises:
        Wrong: there is none.
        SeveralPlaces: it may mean several, and none of them was picked.
    """
    if len(typed) > 200:  # noqa: PLR2004 - longer than any name
        raise Wrong(Text("太长了：请只填名称、拼音或代码"))
    search = places.searches.regions if kind is Kind.REGION else places.searches.industries
    known = search.by_code.get(_lead(typed).upper())
    if known is not None and (kind is Kind.INDUSTRY or region_contains(places.jurisdiction, known.code)):
        return known.code
    if kind is Kind.REGION:
        found = find_regions(places.book.regions, places.searches.regions, _lead(typed), places.jurisdiction)
    else:
        found = places.searches.industries.find(_lead(typed))
    exact = [
        one
        for one in found
        if asked_of(typed) in {asked_of(one.code), asked_of(one.name), asked_of(one.code + one.path)}
    ]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0].code
    if picked in {one.code for one in found}:
        return picked
    if not found:
        raise Wrong(
            Text("没有找到“%(typed)s”。请换一种写法，例如 道里、daoli、dl 或 230102", typed=typed[:30])
            if kind is Kind.REGION
            else Text("没有找到“%(typed)s”。请换一种写法，例如 机床、jichuang 或 C3421", typed=typed[:30])
        )
    raise SeveralPlaces(Text("“%(typed)s”可能指几处，请在下面选一个", typed=typed[:30]), found[:MOST_CHOICES])


def _lead(typed: str) -> str:
    """Answer the code that begins a chosen suggestion (230102 黑龙江省…), else the text."""
    first = typed.split(maxsplit=1)[0]
    return first if any(one.isdigit() for one in first) and first.isascii() else typed


def _together(step: Step, values: Mapping[str, Any], around: Surroundings) -> Iterable[tuple[str, Text]]:
    """Answer what is wrong with answers that are right one by one."""
    if step.slug == "use":
        is_project, name = values.get("subject") == "project", values.get("project_name")
        if is_project and name is None:
            yield "project_name", Text("为项目融资，请填写项目名称")
        if values.get("subject") == "enterprise" and around.has_own_need:
            yield "subject", Text("本企业已有一份融资需求：请修改那一份，或者选择为项目融资")
        if is_project and name in around.projects_with_needs:
            yield "project_name", Text("这个项目已有一份融资需求：请修改那一份，或者填写另一个项目")
    if step.slug == "chain" and values.get("chain_role") and not values.get("chain"):
        yield "chain", Text("填了链上角色，请选择是哪条产业链")
    if step.slug == "consent":
        if values.get("consent") == "yes" and not around.is_own and not values.get("evidence"):
            yield "evidence", Text("代企业登记授权，请写明书面授权书的编号、日期和存放处")
        is_shown = values.get("consent") == "yes" and "contact" in values.get("groups", ())
        if is_shown and not values.get("contact_phone"):
            yield "contact_phone", Text("授权披露联系方式，请填写联系电话")
