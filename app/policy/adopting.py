"""What an operator may adopt: an item that exists, is missing there, and for the operator's own area."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from app.kernel.errors import Conflict, Fault, Refused
from app.policy.packs import Pack, Parameter, PolicyLibrary
from app.policy.precedence import WHOLE_PACK, Adoption, lineage
from app.reference.regions import region_contains


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator who answers for `area` wants to adopt, for whom, from when."""

    area: str
    jurisdiction: str
    pack: str
    item: str
    since: date


def check(
    library: PolicyLibrary, wish: Wish, adopted: Iterable[Adoption], *, region_fault: Fault | None
) -> None:
    """Let an adoption pass, or say everything that stands against it.

    `region_fault` is what is wrong with the wished jurisdiction as a region code.

    Raises:
        Refused: no such pack, item or region, or a region outside the operator's area.
        Conflict: it applies already, or the jurisdiction has its own in force.
    """
    faults = list(_faults(library, wish, region_fault))
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


def where_set(library: PolicyLibrary, key: str) -> str:
    """Say which packs set a parameter, or which keys are written like it, to who found no value."""
    keys = {parameter.key for pack in library.packs for parameter in pack.parameters}
    if key not in keys:
        alike = get_close_matches(key, sorted(keys), n=3)
        return (
            f"Perhaps {' or '.join(alike)}?"
            if alike
            else "`rongqiao policy show PACK` lists what a pack sets."
        )
    packs = [pack for pack in library.packs if isinstance(pack.item(key), Parameter)]
    named = ", ".join(f"{pack.code} ({_standing(pack)})" for pack in packs)
    return f"Set by {named}; adopt it, or ask for a region and day in which it is in force."


def _standing(pack: Pack) -> str:
    since = "" if pack.effective_on is None else f" since {pack.effective_on.isoformat()}"
    until = "" if pack.effective_until is None else f" until {pack.effective_until.isoformat()}"
    return f"{pack.status.value} for {pack.jurisdiction}{since}{until}"


def _area_faults(area: str, jurisdiction: str) -> Iterator[Fault]:
    if not region_contains(area, jurisdiction):
        yield Fault("jurisdiction", f"lies outside {area}", "Decide for your own area only.", jurisdiction)


def _faults(library: PolicyLibrary, wish: Wish, region_fault: Fault | None) -> Iterator[Fault]:
    pack = library.pack(wish.pack)
    if pack is None:
        known = ", ".join(pack.code for pack in library.packs)
        yield Fault("pack", "no such pack", f"One of {known}.", wish.pack)
    elif wish.item != WHOLE_PACK and pack.item(wish.item) is None:
        keys = ", ".join(item.key for item in pack.items)
        yield Fault("item", "no such rule or parameter in this pack", f"`*` or one of {keys}.", wish.item)
    if region_fault is not None:
        yield region_fault
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
            mend = (
                "end that one first"
                if other.until is None
                else f"begin on {other.until.isoformat()} or later"
            )
            raise Conflict(f"{message}; {mend}.")
