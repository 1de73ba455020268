"""Possible duplicates of a roster that is looked at: side by side, with what was chosen so far, kept with the workbook."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from app.accounts.rules import Viewer
from app.desks.forms import Form
from app.desks.roster.entries import reason_fault
from app.desks.roster.likeness import Line, compared
from app.desks.texts import Text
from app.enterprises import need_service
from app.enterprises import service as enterprises
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.reference.service import current_book
from app.whitelist.early_decisions import read_decisions
from app.whitelist.rules import DuplicateDecision
from app.whitelist.schemas import CandidateOut, EarlyDecision, QuestionOut

SHOWN: Final = 20
MOST_REASON: Final = 200
LATER: Final = "later"
FIELD: Final = "decisions"
"""The field of the kept form in which choices wait, as the JSON route of imports takes them."""
CHOICES: Final[Sequence[tuple[str, Text, None]]] = (
    (LATER, Text("导入后再复核"), None),
    ("same_firm", Text("是同一企业：按重复不予准入"), None),
    ("different_firm", Text("是两家企业"), None),
)
_DECISIONS: Final[Sequence[DuplicateDecision]] = ("same_firm", "different_firm")
Choices = Mapping[str, EarlyDecision]
"""What was chosen so far, by entry."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A possible duplicate, by its number in the preview: each candidate with the fields of both beside each other."""

    number: int
    question: QuestionOut
    pairs: Sequence[tuple[CandidateOut, Sequence[Line]]]


def choices_in(fields: Mapping[str, str]) -> Choices:
    """Answer what was chosen so far."""
    return {one.entry: one for one in read_decisions(fields.get(FIELD, "[]"))}


def mark_of(fields: Mapping[str, str]) -> str:
    """Answer the mark of what was chosen so far: of two windows the second is told."""
    return sha256(fields.get(FIELD, "").encode()).hexdigest()[:16]


def with_choices(fields: Mapping[str, str], choices: Choices) -> dict[str, str]:
    """Answer the fields of the kept form with what is chosen now."""
    kept = [one.model_dump(mode="json") for one in choices.values()]
    others = {name: value for name, value in fields.items() if name != FIELD}
    return others | ({FIELD: json.dumps(kept, ensure_ascii=False)} if kept else {})


def first_shown(asked: str | None, questions: Sequence[QuestionOut]) -> int:
    """Answer the number of the first possible duplicate of the part that was asked for."""
    number = int(asked) if asked and asked.isascii() and asked.isdecimal() and len(asked) < SHOWN else 0
    return number // SHOWN * SHOWN if number < len(questions) else 0


def filled(questions: Sequence[QuestionOut], choices: Choices) -> Form:
    """Answer the form with what was chosen so far."""
    values: dict[str, str] = {}
    for number, question in enumerate(questions):
        made = choices.get(question.entry)
        values |= {f"decision-{number}": made.decision if made else LATER}
        values |= {f"reason-{number}": made.reason} if made else {}
    return Form(values)


def chosen(
    form: Form, questions: Sequence[QuestionOut], before: Choices
) -> tuple[dict[str, EarlyDecision], dict[str, Text]]:
    """Answer what is chosen now, and what is wrong with it by field; what the form did not show stays as it was."""
    made, faults = dict(before), dict[str, Text]()
    for number, question in enumerate(questions):
        if f"decision-{number}" not in form.values:
            continue
        made.pop(question.entry, None)
        decision = next((one for one in _DECISIONS if one == form[f"decision-{number}"]), None)
        if decision is None:
            continue
        reason = " ".join((form[f"reason-{number}"] or form["reason"]).split())
        if fault := _fault(reason):
            faults[f"reason-{number}" if form[f"reason-{number}"] or not reason else "reason"] = fault
            continue
        made[question.entry] = EarlyDecision(
            entry=question.entry, decision=decision, reason=reason, seen=question.seen
        )
    return made, faults


def _fault(reason: str) -> Text | None:
    if len(reason) > MOST_REASON:
        return Text("理由最多%(most)s字。", most=MOST_REASON)
    return reason_fault(reason)


async def beside(
    session: AsyncSession, viewer: Viewer, questions: Sequence[QuestionOut], first: int
) -> list[Beside]:
    """Answer a part of the possible duplicates side by side; what is known of others is read in two statements."""
    part = questions[first : first + SHOWN]
    book = await current_book(session, get_settings().seed_dir)
    wanted = {one.uscc for question in part for one in question.candidates if one.facts is None}
    firms = await enterprises.firms_of_codes(session, viewer, wanted)
    needs = await need_service.needs_of_firms(session, viewer, firms)

    def known(one: CandidateOut) -> dict[str, Any]:
        said: dict[str, Any] = {"name": one.name, "uscc": one.uscc}
        said |= firms[one.uscc].model_dump(mode="json") if one.uscc in firms else {}
        facts = one.facts or (needs[one.uscc].facts if one.uscc in needs else None)
        return said | (facts.model_dump(mode="json", exclude_none=True) if facts else {})

    def pairs(question: QuestionOut) -> list[tuple[CandidateOut, Sequence[Line]]]:
        mine = {"name": question.name, "uscc": question.uscc} | question.facts.model_dump(mode="json")
        return [(one, compared(mine, known(one), book)) for one in question.candidates]

    return [Beside(first + i, question, pairs(question)) for i, question in enumerate(part)]
