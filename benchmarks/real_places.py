"""Where a registered firm or branch sits: today's county or city of one province, from registration data."""

from dataclasses import dataclass

from app.reference.region_names import find_by_name
from app.reference.regions import Level, Region, Regions


@dataclass(frozen=True, slots=True)
class Place:
    """A region of today and what told it: `code`, `address`, or the `city` column."""

    region: str
    told_by: str


class PlaceFinder:
    """Finds places in one province; answers None for what lies outside or cannot be told."""

    def __init__(self, regions: Regions, province: str) -> None:
        self._regions, self._province = regions, province
        self._cities: dict[str, Region | None] = {}

    def find(self, authority_code: str, city: str, address: str) -> Place | None:
        """Answer the place by the authority's code, narrowed by the address, else by city and address.

        Codes of development zones and of the reclamation area 农垦 are no divisions: there the
        `city` column decides, and a county named in the address narrows it.
        """
        coded = self._of_code(authority_code)
        if coded is not None and coded.level is Level.COUNTY:
            return Place(coded.code, "code")
        held = coded if coded is not None and coded.level is Level.CITY else self._of_city(city)
        if held is None:
            return None
        named = [county for county in self._regions.children(held.code) if county.name in address]
        if named:
            return Place(max(named, key=lambda county: (len(county.name), county.code)).code, "address")
        return Place(held.code, "code" if held is coded else "city")

    def _of_code(self, code: str) -> Region | None:
        found = self._regions.resolve(code)
        if found is None or found.region is None:
            return None
        return found.region if self._regions.is_within(found.region.code, self._province) else None

    def _of_city(self, name: str) -> Region | None:
        if name not in self._cities:
            found = find_by_name(self._regions, name, within=self._province) if name else ()
            self._cities[name] = next((region for region in found if region.level is Level.CITY), None)
        return self._cities[name]
