"""Whether an operator may adopt an item: it must exist, be missing there, and lie in the operator's area."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from app.kernel.errors import Conflict, Fault, Refused
from app.policy.criteria import region_contains
from app.policy.packs import PolicyLibrary
from app.policy.precedence import WHOLE_PACK, Adoption, lineage


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator who answers for `area` wants to adopt, for whom, from when."""

    area: str
    jurisdiction: str
    pack: str
    item: str
    since: date


def check(library: PolicyLibrary, wish: Wish, adopted: Iterable[Adoption], *, is_region: bool) -> None:
    """Let an adoption pass, or say everything that stands against it.

    Raises:
        Refused: no such pack, item or region, or a region outside the operator's area.
        Conflict: it applies already, or the jurisdiction has its own in force.
    """
    faults = list(_faults(library, wish, is_region=is_region))
    if faults:
        raise Refused("This cannot be adopted.", faults)
    _check_own(library, wish)
    _check_repeated(wish, adopted)


def check_area(area: str, jurisdiction: str) -> None:
    """Refuse a jurisdiction outside an operator's area.

    Raises:
        Refused: it lies outside.
    """
    faults = list(_area_faults(area, jurisdiction))
    if faults:
        raise Refused("This is not yours to decide.", faults)


def _area_faults(area: str, jurisdiction: str) -> Iterator[Fault]:
    if not region_contains(area, jurisdiction):
        yield Fault("jurisdiction", f"lies outside {area}", "Decide for your own area only.", jurisdiction)


def _faults(library: PolicyLibrary, wish: Wish, *, is_region: bool) -> Iterator[Fault]:
    pack = library.pack(wish.pack)
    if pack is None:
        known = ", ".join(pack.code for pack in library.packs)
        yield Fault("pack", "no such pack", f"One of {known}.", wish.pack)
    elif wish.item != WHOLE_PACK and pack.item(wish.item) is None:
        keys = ", ".join(item.key for item in pack.items)
        yield Fault("item", "no such rule or parameter in this pack", f"`*` or one of {keys}.", wish.item)
    if not is_region:
        yield Fault(
            "jurisdiction", "no region has this code today", "Use a six-digit code.", wish.jurisdiction
        )
    else:
        yield from _area_faults(wish.area, wish.jurisdiction)


def _check_own(library: PolicyLibrary, wish: Wish) -> None:
    pack = library.pack(wish.pack)
    if pack is not None and pack.is_in_force(wish.since) and pack.jurisdiction in lineage(wish.jurisdiction):
        raise Conflict(f"{pack.code} is in force in {wish.jurisdiction} already; there is nothing to adopt.")
    for own in library.packs:
        is_own = own.jurisdiction == wish.jurisdiction and own.is_in_force(wish.since)
        if is_own and own.source == "document" and wish.item != WHOLE_PACK and own.item(wish.item):
            raise Conflict(f"{wish.jurisdiction} has its own {wish.item} in force, in {own.code}.")


def _check_repeated(wish: Wish, adopted: Iterable[Adoption]) -> None:
    for other in adopted:
        is_same = other.item == wish.item and (wish.item != WHOLE_PACK or other.pack == wish.pack)
        if is_same and (other.until is None or wish.since < other.until):
            message = f"{wish.item} is adopted for {wish.jurisdiction} already, from {other.pack} (adoption {other.id})"
            raise Conflict(f"{message}; end that one first.")
