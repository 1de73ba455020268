"""Who declined an entry for what, and whether that still stands (pure).

A head office is not asked again *for that cause*: while what it declined for still holds. Facts that were
established since can contradict what its reason established (the land is there), or answer it (a guarantee is
granted); a decline can be voided by a correction; and a need that was revised is another need. A reason that
establishes nothing stands as long as the wording does. What a reason establishes is told by the room that knows
the reasons (see `refusal_service`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from app.kernel.shanghai import day_text, shanghai_date
from app.policy.facts import Facts, FactValue, Members


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decline of an entry by an institution.

    `reason` is the word of the closed list and `label` its Chinese, both "" where only the end of an assignment
    tells of it. `establishes` holds the facts that the reason established, `cured_by` further ones of which each
    answers it, if it was established later: who declined in spite of a guarantee is not answered by it. `is_voided`: a correction has taken it back.
    """

    institution_id: int
    declined_at: datetime
    reason: str = ""
    label: str = ""
    establishes: Facts = field(default_factory=dict)
    cured_by: Facts = field(default_factory=dict)
    is_voided: bool = False

    def told(self) -> str:
        """Say in Chinese when and for what it was declined."""
        cause = f"以“{self.label or self.reason}”" if self.label or self.reason else ""
        return f"{day_text(shanghai_date(self.declined_at))}{cause}婉拒，原因仍在"


Refusals = Mapping[int, Sequence[Refusal]]
"""Refusals by entry id."""


Since = Mapping[str, datetime]
"""Since when facts are established; a fact that is not there was established just now."""


def is_standing(
    refusal: Refusal, established: Facts, stated_at: datetime, since: Since = MappingProxyType({})
) -> bool:
    """Tell whether a refusal still excludes who made it.

    `established` is what is established beyond the need's statement now, `stated_at` when the wording that the
    entry is listed with was recorded, `since` when facts that may answer it came to be established.
    """
    if refusal.is_voided or stated_at > refusal.declined_at:
        return False
    is_contradicted = any(
        _contradicts(established.get(name), value) for name, value in refusal.establishes.items()
    )
    is_answered = any(
        _holds(established.get(name), value) and since.get(name, refusal.declined_at) >= refusal.declined_at
        for name, value in refusal.cured_by.items()
    )
    return not is_contradicted and not is_answered


def standing_by_head(
    refusals: Iterable[Refusal],
    established: Facts,
    stated_at: datetime,
    head_of: Callable[[int], int],
    since: Since = MappingProxyType({}),
) -> dict[int, Refusal]:
    """Answer the newest standing refusal of each head office (id) that made one."""
    found: dict[int, Refusal] = {}
    for one in sorted(refusals, key=lambda refusal: refusal.declined_at):
        if is_standing(one, established, stated_at, since):
            found[head_of(one.institution_id)] = one
    return found


def with_causes(ended: Refusals, told: Refusals) -> dict[int, tuple[Refusal, ...]]:
    """Answer all refusals: what is told of an institution's declines comes before the mere end of its assignment."""
    found = {}
    for entry in ended.keys() | told.keys():
        known = tuple(told.get(entry, ()))
        named = {one.institution_id for one in known}
        found[entry] = known + tuple(one for one in ended.get(entry, ()) if one.institution_id not in named)
    return found


def _contradicts(now: FactValue | None, then: FactValue | None) -> bool:
    """Tell whether what is established now rules out what was established then.

    Of a set of which only some members were known then (missing permits) all of these have to be gone.
    """
    if now is None or then is None:
        return False
    if not isinstance(then, Members) or not isinstance(now, Members):
        return now != then
    if not then.is_complete:
        return now.is_complete and bool(then.known) and not then.known & now.known
    return bool(now.known - then.known) or (now.is_complete and bool(then.known - now.known))


def _holds(now: FactValue | None, wanted: FactValue | None) -> bool:
    if isinstance(now, Members) and isinstance(wanted, Members):
        return wanted.known <= now.known
    return now is not None and now == wanted
