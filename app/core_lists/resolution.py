"""Which known enterprise a row of a list means: by its code, else by its name, else a question. Pure.

Nothing is lost and nothing is guessed: what is ambiguous waits for a coordinator, what nobody knows stays on the list
as unknown and is asked about again with each version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from app.core_lists.rules import Outcome

MOST_CANDIDATES: Final = 3
PERMILLE: Final = 1_000
Verdict = Literal["accept", "review", "none"]


@dataclass(frozen=True, slots=True)
class KnownName:
    """A known firm that a name may mean, the likeliest first; `verdict` is the name index's own."""

    uscc: str
    likeness: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Suspect:
    """A firm that a person is asked about, with how alike the names are in thousandths."""

    uscc: str
    likeness: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """What came of one row: the firm (None: not yet, or nobody), and whom it may be."""

    outcome: Outcome
    uscc: str | None = None
    likeness: int | None = None
    suspects: tuple[Suspect, ...] = ()


def resolve(stated: str | None, names: Sequence[KnownName], *, is_registered: bool) -> Resolution:
    """Answer whom a row means; `stated` is its credit code, `names` what its name may mean, the likeliest first.

    A code that is registered decides unless its firm's name is nothing like the one written; then, or if the name
    is another registered firm's, a person is asked: a wrong code is as likely as a wrong name.
    """
    suspects = tuple(Suspect(one.uscc, _permille(one.likeness)) for one in names[:MOST_CANDIDATES])
    if stated is None:
        return _by_name(names, suspects)
    if is_registered:
        own = next((one for one in names if one.uscc == stated), None)
        if own is not None and own.verdict != "none":
            return Resolution(Outcome.CODE, stated, _permille(own.likeness))
        others = tuple(one for one in suspects if one.uscc != stated)
        return Resolution(Outcome.REVIEW, suspects=(Suspect(stated, 0), *others)[:MOST_CANDIDATES])
    alike = tuple(
        suspect
        for suspect, one in zip(suspects, names[:MOST_CANDIDATES], strict=True)
        if one.verdict != "none"
    )
    return Resolution(Outcome.REVIEW if alike else Outcome.UNKNOWN, suspects=alike)


def _by_name(names: Sequence[KnownName], suspects: tuple[Suspect, ...]) -> Resolution:
    if not names or names[0].verdict == "none":
        return Resolution(Outcome.UNKNOWN)
    best = names[0]
    if best.verdict == "accept":
        return Resolution(Outcome.NAME, best.uscc, _permille(best.likeness))
    alike = tuple(
        suspect
        for suspect, one in zip(suspects, names[:MOST_CANDIDATES], strict=True)
        if one.verdict != "none"
    )
    return Resolution(Outcome.REVIEW, suspects=alike)


def _permille(likeness: float) -> int:
    return min(PERMILLE, max(0, round(likeness * PERMILLE)))
