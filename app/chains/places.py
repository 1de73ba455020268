"""What a chain covers: regions, clusters 集群, zones 高新区 and parks 园区, each for a period (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.chains.people import PLACE_NAMES, PlaceKind
from app.chains.periods import shown
from app.chains.rules import Period
from app.kernel.errors import Fault
from app.reference.regions import Regions, region_contains


class PlaceWord(StrEnum):
    """The kinds of what a chain covers: those of butler teams, and regions."""

    REGION = "region"
    CLUSTER = "cluster"
    ZONE = "zone"
    PARK = "park"


PLACE_LABELS: Final = {
    PlaceWord.REGION: "地区",
    **{PlaceWord(kind.value): name for kind, name in PLACE_NAMES.items()},
}


@dataclass(frozen=True, slots=True)
class Covered:
    """A place with the period for which a chain covers it; `region` is where a cluster, zone or park lies, if that is known."""

    kind: PlaceWord
    code: str
    name: str
    period: Period
    region: str | None = None

    @property
    def area(self) -> str | None:
        """Answer the region that it is or lies in; None where nobody said."""
        return self.code if self.kind is PlaceWord.REGION else self.region

    @property
    def place_kind(self) -> PlaceKind | None:
        """Answer for what a butler team could be formed; None for a region."""
        return None if self.kind is PlaceWord.REGION else PlaceKind(self.kind.value)


def places_covered(places: Iterable[Covered], on: date) -> tuple[Covered, ...]:
    """Answer where a chain works on a day, by area: a place within another counts as the wider one.

    Of several in one area the region itself is named, else the first by code. A cluster, zone or park whose region nobody
    said narrows nothing.
    """
    held: dict[str, Covered] = {}
    for one in sorted(places, key=lambda each: (each.kind is not PlaceWord.REGION, each.code)):
        if one.area is not None and one.period.holds(on):
            held.setdefault(one.area, one)
    return tuple(
        one
        for area, one in sorted(held.items())
        if not any(other != area and region_contains(other, area) for other in held)
    )


def faults_of_place(
    new: Covered, held: Iterable[Covered], jurisdiction: str, regions: Regions
) -> Iterator[Fault]:
    """Name what keeps a chain of a jurisdiction from covering a place: an unknown region, one elsewhere, doubled days."""
    where = "code" if new.kind is PlaceWord.REGION else "region"
    if new.area is not None:
        if regions.get(new.area) is None:
            yield Fault(where, "no such region", "Send a six-digit code of GB/T 2260.", new.area)
        elif not region_contains(jurisdiction, new.area):
            yield Fault(
                where,
                f"is not within {jurisdiction}, to which the chain belongs",
                "Choose a region within it.",
                new.area,
            )
    for one in held:
        if (one.kind, one.code) == (new.kind, new.code) and one.period.overlaps(new.period):
            yield Fault(
                "since",
                f"the chain covers {one.name} already ({shown(one.period)})",
                "End the earlier period first.",
                str(new.period.since),
            )
