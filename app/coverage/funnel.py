"""How many entries get from one level to the next (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.coverage.rules import Figures


@dataclass(frozen=True, slots=True)
class Step:
    """One level: entries that reached it, those of the level before that did not, and the amount it is about.

    `before` is the count of the level before; of the first its own. `amount_fen` is asked for at the first level,
    approved at `credited`, paid out at `disbursed`, None elsewhere.
    """

    level: str
    count: int
    before: int
    amount_fen: int | None

    @property
    def dropped(self) -> int:
        """Answer how many of the level before did not get here."""
        return self.before - self.count


def funnel_of(figures: Figures) -> Sequence[Step]:
    """Answer the levels from the roster to the payment; each lies within the one before."""
    levels: tuple[tuple[str, int, int | None], ...] = (
        ("entries", figures.entries, figures.needed_fen),
        ("assigned", figures.assigned, None),
        ("contacted", figures.contacted, None),
        ("answered", figures.answered, None),
        ("credited", figures.credited, figures.credited_fen),
        ("disbursed", figures.disbursed, figures.disbursed_fen),
    )
    first = Step("entries", figures.entries, figures.entries, figures.needed_fen)
    later = (Step(level, count, before[1], amount) for before, (level, count, amount) in pairwise(levels))
    return (first, *later)
