"""A list while it is written on the page, some candidates at a time: numbers, equals alike, some refused. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.kernel.errors import Fault
from app.selection.market import MOST_PLACES
from app.selection.statements import Rest

MOST_RANK: Final = 9_999
MOST_QUOTA_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written so far: numbers by candidate (equal numbers are ties), whom it refuses, and the rest."""

    quota: str = ""
    rest: Rest = Rest.COMPUTED
    ranks: Mapping[str, int] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()

    @classmethod
    def of_list(
        cls, quota: int, tiers: Sequence[Sequence[str]], refuses: Collection[str], rest: Rest
    ) -> Draft:
        """Answer the draft to begin from: the list that stands."""
        ranks = {code: place for place, group in enumerate(tiers, start=1) for code in group}
        return cls(str(quota), rest, ranks, frozenset(refuses))

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Draft:
        """Read a draft as it is stored."""
        ranks = {str(code): int(rank) for code, rank in content["ranks"].items()}
        return cls(
            str(content["quota"]), Rest(content["rest"]), ranks, frozenset(map(str, content["refuses"]))
        )

    def as_json(self) -> dict[str, Any]:
        """Answer what is stored."""
        return {
            "quota": self.quota,
            "rest": self.rest.value,
            "ranks": dict(self.ranks),
            "refuses": sorted(self.refuses),
        }

    def tiers(self) -> list[list[str]]:
        """Answer the groups by number, the best first."""
        groups: dict[int, list[str]] = defaultdict(list)
        for code, rank in self.ranks.items():
            groups[rank].append(code)
        return [sorted(groups[rank]) for rank in sorted(groups)]

    def places(self) -> int | Fault:
        """Answer the quota as a number, or what is wrong with it."""
        is_number = self.quota.isascii() and self.quota.isdecimal() and len(self.quota) <= MOST_QUOTA_DIGITS
        if is_number and int(self.quota) <= MOST_PLACES:
            return int(self.quota)
        message = f"not a number from 0 to {MOST_PLACES}"
        return Fault("quota", message, "Correct it.", self.quota)


def written(
    draft: Draft, shown: Collection[str], typed: Mapping[str, str], refused: Collection[str]
) -> tuple[Draft, list[Fault]]:
    """Take what was written of the candidates shown: a number, nothing, or that it is refused; others stay."""
    ranks = {code: rank for code, rank in draft.ranks.items() if code not in shown}
    refuses = {code for code in draft.refuses if code not in shown}
    faults = []
    for code in shown:
        text = typed.get(code, "").strip()
        if code in refused:
            refuses.add(code)
        if code in refused and text:
            message = "both ranked and refused"
            faults.append(Fault(f"rank-{code}", message, "Keep one of the two.", text))
        elif text:
            if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_RANK:
                ranks[code] = int(text[:9])
            else:
                message = f"not a number from 1 to {MOST_RANK}"
                faults.append(Fault(f"rank-{code}", message, "Leave it empty to rank it as computed.", text))
    return replace(draft, ranks=ranks, refuses=frozenset(refuses)), faults
