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
    """A place with the period for which a chain covers it."""

    kind: PlaceWord
    code: str
    name: str
    period: Period

    @property
    def place_kind(self) -> PlaceKind | None:
        """Answer for what a butler team could be formed; None for a region."""
        return None if self.kind is PlaceWord.REGION else PlaceKind(self.kind.value)


def regions_covered(places: Iterable[Covered], on: date) -> tuple[Covered, ...]:
    """Answer the regions that a chain covers on a day, by code, without those that lie within another of them.

    Clusters, zones and parks have no region on record and narrow nothing.
    """
    held = {one.code: one for one in places if one.kind is PlaceWord.REGION and one.period.holds(on)}
    return tuple(
        one
        for code, one in sorted(held.items())
        if not any(other != code and region_contains(other, code) for other in held)
    )


def faults_of_place(
    new: Covered, held: Iterable[Covered], jurisdiction: str, regions: Regions
) -> Iterator[Fault]:
    """Name what keeps a chain of a jurisdiction from covering a place: an unknown region, one elsewhere, doubled days."""
    if new.kind is PlaceWord.REGION:
        if regions.get(new.code) is None:
            yield Fault("code", "没有这个行政区划", "填写 GB/T 2260 六位代码。", new.code)
        elif not region_contains(jurisdiction, new.code):
            yield Fault("code", f"不在产业链所属的 {jurisdiction} 之内", "填写其下辖的地区。", new.code)
    for one in held:
        if (one.kind, one.code) == (new.kind, new.code) and one.period.overlaps(new.period):
            yield Fault(
                "since",
                f"{one.name}已在覆盖范围内（{shown(one.period)}）",
                "先结束前一期。",
                str(new.period.since),
            )
