"""Entries that move one after another, each into the room that those before it left (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.allocation.considering import Leaving
from app.allocation.explanations import ProductLabel
from app.allocation.outcomes import COORDINATOR, MATCHED, Outcome
from app.allocation.planning import goes_by_class
from app.allocation.rerouting import Cause, keeps_it, next_party
from app.allocation.standing import Standing


@dataclass(frozen=True, slots=True)
class Party:
    """Who is responsible for an entry now; `institution_id` is None for the coordinator and unlisted bodies."""

    kind: str
    institution_id: int | None
    body: str


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one entry: its next party, or None where it stays; `fits`: a product is why."""

    entry_id: int
    code: str
    party: Party
    outcome: Outcome | None
    fits: bool


def moves_of(
    leaving: Sequence[Leaving],
    parties: Mapping[int, Party],
    standing: Standing,
    labels: Mapping[int, ProductLabel],
    supporting_most: int,
    causes: Mapping[int, Cause],
    *,
    has_declined: bool,
) -> list[Move]:
    """Answer what becomes of entries, in their order; `parties` and `causes` by entry id.

    With `has_declined` everybody leaves; else a party that fits, or that would come again, keeps its entry.
    """
    moves = []
    for mine in leaving:
        entry = mine.entry
        party, free = parties[entry.entry_id], standing.after(entry.entry_id, None)
        holder = party.institution_id
        if not has_declined and holder is not None and keeps_it(mine, free, holder):
            fits = bool(mine.offers) and not goes_by_class(mine.blocked, has_product=True)
            moves.append(Move(entry.entry_id, entry.code, party, None, fits))
            continue
        found = next_party(mine, free, labels, supporting_most, causes[entry.entry_id])
        stays = not has_declined and _is_same(found, party)
        standing = standing if stays else free.after(entry.entry_id, found.institution_id)
        fits = found.kind == MATCHED
        moves.append(Move(entry.entry_id, entry.code, party, None if stays else found, fits))
    return moves


def _is_same(found: Outcome, party: Party) -> bool:
    """Whoever would come again keeps the entry, and with it the day from which deadlines count."""
    if found.institution_id is not None or party.institution_id is not None:
        return found.institution_id == party.institution_id
    return found.body == party.body or found.kind == party.kind == COORDINATOR
