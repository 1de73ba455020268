"""What a core firm is told: counts alone, and only such as tell of no single supplier. Pure.

The core firm knows its own list. A count beside it tells of every listed firm when it is nobody or everybody, and
nearly so when it is nearly that. So a count is shown only when it, and what it leaves of the list, are each at least
`FEWEST`. Two looks would tell of whoever answered in between, and so would two lists that differ by one firm; so
figures stay as they were until each true count behind them differs by nothing or by at least `FEWEST`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FEWEST: Final = 5
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Release:
    """Figures as they were published once: of so many listed firms, and the true counts behind, which nobody is shown."""

    listed: int
    basis: Counts

    def shown(self, fewest: int = FEWEST) -> dict[str, int | None]:
        """Answer each count, None where it is withheld."""
        return concealed(self.listed, self.basis, fewest)


def concealed(listed: int, counts: Counts, fewest: int = FEWEST) -> dict[str, int | None]:
    """Answer counts among so many firms, None for those that would tell of one."""
    return {
        name: count if count >= fewest and listed - count >= fewest else None
        for name, count in counts.items()
    }


def next_release(before: Release | None, fresh: Release, fewest: int = FEWEST) -> Release:
    """Answer the figures to publish now: the fresh ones, or those of before while too few firms stand in between."""
    if before is None:
        return fresh
    changes = [
        abs(fresh.basis.get(name, 0) - before.basis.get(name, 0))
        for name in fresh.basis.keys() | before.basis.keys()
    ]
    return fresh if all(change == 0 or change >= fewest for change in changes) else before
