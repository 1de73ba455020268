"""What an adoption, or its end, would change: recorded, looked at, and taken back."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, attempt
from app.policy import service
from app.policy.rulebook import RuleBook
from app.policy.schemas import AdoptionEndIn, AdoptionIn, AppliedParameterOut, AppliedRuleOut, RuleBookOut


@dataclass(frozen=True, slots=True)
class Effect:
    """One rule or value that applies otherwise from then on; None: it does not apply."""

    key: str
    name: str
    before: str | None
    after: str | None


class _Seen(Exception):
    """Carries what was looked at out of what is taken back."""

    def __init__(self, book: RuleBook) -> None:
        super().__init__()
        self.book = book


async def effects_of_adopting(
    session: AsyncSession, viewer: Viewer, wanted: AdoptionIn, *, now: datetime, on: date
) -> list[Effect]:
    """Answer what would apply otherwise on a day if an item were adopted; nothing is kept.

    Raises:
        Forbidden, Refused, Conflict: as `service.adopt`.
    """
    place = wanted.jurisdiction or viewer.jurisdiction
    before = await service.rule_book(session, place, on)
    try:
        async with attempt(session):
            await service.adopt(session, viewer, wanted, now=now)
            await _look(session, place, on)
    except _Seen as seen:
        return effects(before, seen.book)


async def effects_of_ending(
    session: AsyncSession, viewer: Viewer, adoption: int, wanted: AdoptionEndIn, *, now: datetime, on: date
) -> list[Effect]:
    """Answer what would apply otherwise on a day if an adoption were ended; nothing is kept.

    Raises:
        NotFound, Forbidden, Refused, Conflict: as `service.end_adoption`.
    """
    place = (await service.adoption(session, viewer, adoption)).jurisdiction
    before = await service.rule_book(session, place, on)
    try:
        async with attempt(session):
            await service.end_adoption(session, viewer, adoption, wanted, now=now)
            await _look(session, place, on)
    except _Seen as seen:
        return effects(before, seen.book)


async def _look(session: AsyncSession, place: str, on: date) -> NoReturn:
    raise _Seen(await service.rule_book(session, place, on))


def effects(before: RuleBook, after: RuleBook) -> list[Effect]:
    """Compare two rule books item by item: what is said otherwise, what is new, what is gone."""
    old, new = _items(before), _items(after)
    found = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        was, will = (None if item is None else f"{item.text}（{item.citation}）" for item in (one, other))
        if was != will:
            item = other or one
            assert item is not None
            found.append(Effect(key, item.name, was, will))
    return found


def _items(book: RuleBook) -> dict[str, AppliedRuleOut | AppliedParameterOut]:
    shown = RuleBookOut.of(book)
    items: list[AppliedRuleOut | AppliedParameterOut] = [*shown.rules, *shown.parameters]
    return {one.key: one for one in items}
