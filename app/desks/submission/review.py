"""All answers on one page, in words, each with the way back to where it was given. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.desks.amounts_in_words import in_words
from app.desks.figures import day, wan
from app.desks.submission.answers import Read, Surroundings
from app.desks.submission.fields import Asked, Kind, Step
from app.desks.submission.prefill import place_text
from app.desks.texts import Text
from app.reference.book import ReferenceBook

Shown = Text | str


@dataclass(frozen=True, slots=True)
class Row:
    """One answer: its parts (joined by 、), what is said below it, what is wrong with it."""

    name: str
    label: Text
    parts: Sequence[Shown]
    below: str = ""
    fault: Text | None = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """The answers of one step."""

    step: Step
    rows: Sequence[Row]
    has_faults: bool


def chapters(
    steps: Sequence[Step], reads: Mapping[str, Read], around: Surroundings, language: str
) -> Sequence[Chapter]:
    """Answer all steps for review."""
    return [
        Chapter(
            step,
            [
                _row(asked, reads[step.slug], around, language)
                for asked in _asked(step, reads[step.slug], around)
            ],
            bool(reads[step.slug].faults),
        )
        for step in steps
    ]


def is_asked(asked: Asked, around: Surroundings) -> bool:
    """Tell whether a question is for this person: who records a consent for a firm names the paper."""
    return asked.name != "evidence" or not around.is_own


def _asked(step: Step, read: Read, around: Surroundings) -> Sequence[Asked]:
    is_project = read.values.get("subject") == "project"
    agreed = read.values.get("consent") == "yes"
    return [
        asked
        for asked in step.fields
        if is_asked(asked, around)
        and (is_project or not asked.name.startswith("project_"))
        and (agreed or asked.name not in {"groups", "evidence"})
    ]


def _row(asked: Asked, read: Read, around: Surroundings, language: str) -> Row:
    value = read.values.get(asked.name)
    below = in_words(value, language) if asked.kind is Kind.AMOUNT and value is not None else ""
    parts = () if value is None else answer_parts(asked, value, around.book, around.chains, language)
    return Row(asked.name, asked.label, parts, below, read.faults.get(asked.name), asked.is_required)


def answer_parts(  # noqa: PLR0911 - one for each kind
    asked: Asked, value: Any, book: ReferenceBook, chains: Mapping[str, str], language: str
) -> Sequence[Shown]:
    """Answer an answer in words, part by part; `chains` are the names of chains by code."""
    match asked.kind:
        case Kind.AMOUNT:
            return (wan(value, language),)
        case Kind.WHOLE:
            return (Text("%(number)s %(unit)s", number=f"{value:,}", unit=asked.unit or ""),)
        case Kind.ANY:
            return [asked.options[one] for one in value] or [asked.none or Text("没有")]
        case Kind.YES_NO:
            return (asked.options["yes" if value else "no"],)
        case Kind.ONE:
            return (chains.get(value, value) if asked.name == "chain" else asked.options[value],)
        case Kind.REGION | Kind.INDUSTRY:
            return (place_text(asked.kind, value, book),)
        case Kind.DAY:
            return (day(value, language),)
        case Kind.NAMES:
            return tuple(value)
        case _:
            return (value,)
