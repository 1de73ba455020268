"""Administrative divisions by their six-digit codes (GB/T 2260 style, Ministry of Civil Affairs).

The nation is `000000`. Counties of a municipality (直辖市) and counties administered by a province
(省直辖县级行政区划) stand directly below their province: they have no city.
Former codes are answered with what they became: see `Regions.resolve`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

NATION = "000000"


def region_contains(area: str, region: str) -> bool:
    """Tell whether a six-digit region code lies in an area (county, city, province or nation).

    GB/T 2260 codes nest by pairs of digits: 230000 holds 230100 holds 230102; 000000 holds all.
    """
    while area.endswith("00") and area:
        area = area[:-2]
    return region.startswith(area)


class Level(StrEnum):
    """Level of a division, the widest first."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Region:
    """A division as it stands today; the nation has no parent."""

    code: str
    name: str
    level: Level
    parent: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """In `year` the division `old_code` went over into `new_code`; None: into no single one."""

    old_code: str
    new_code: str | None
    year: int
    old_name: str


class Outcome(StrEnum):
    """How a code was resolved."""

    CURRENT = "current"
    SUCCEEDED = "succeeded"
    AMBIGUOUS = "ambiguous"
    ABOLISHED = "abolished"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a code means today.

    `region` is set if there is exactly one answer (`current`, `succeeded`); `candidates` holds
    every successor: several if the area was split (`ambiguous`), none if it was divided among
    others with no successor on record (`abolished`). `trail` are the changes that were followed,
    oldest first. A former county may have become a whole city: look at `region.level`.
    """

    asked: str
    outcome: Outcome
    region: Region | None
    candidates: tuple[Region, ...]
    trail: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Regions:
    """All divisions with their tree and the changes of their codes since 1988."""

    by_code: Mapping[str, Region]
    child_codes: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, tuple[str, ...]]
    changes: Mapping[str, tuple[Change, ...]]

    @classmethod
    def build(cls, regions: Iterable[Region], changes: Iterable[Change]) -> "Regions":
        """Build the tree.

        Raises:
            ValueError: a parent is not listed, or the parents form a ring.
        """
        by_code = {NATION: Region(NATION, "全国", Level.NATION, None)}
        by_code.update((region.code, region) for region in regions)
        children: dict[str, list[str]] = defaultdict(list)
        for code in sorted(by_code):
            parent = by_code[code].parent
            if parent is not None:
                children[parent].append(code)
        by_old: dict[str, list[Change]] = defaultdict(list)
        for change in sorted(changes, key=lambda c: (c.old_code, c.year, c.new_code or "")):
            by_old[change.old_code].append(change)
        return cls(
            by_code,
            {code: tuple(codes) for code, codes in children.items()},
            {code: _path(code, by_code) for code in by_code},
            {code: tuple(found) for code, found in by_old.items()},
        )

    def get(self, code: str) -> Region | None:
        """Answer today's division of this code, or None; former codes are for `resolve`."""
        return self.by_code.get(code)

    def level(self, code: str) -> Level | None:
        """Answer the level of a division of today, or None."""
        region = self.by_code.get(code)
        return region.level if region else None

    def children(self, code: str) -> tuple[Region, ...]:
        """Answer the divisions directly below, by code; empty if there are none."""
        return tuple(self.by_code[child] for child in self.child_codes.get(code, ()))

    def ancestors(self, code: str) -> tuple[Region, ...]:
        """Answer what lies above, the nearest first and the nation last; empty if unknown."""
        return tuple(self.by_code[above] for above in self.paths.get(code, ())[1:])

    def is_within(self, code: str, ancestor: str) -> bool:
        """Say whether a division of today is `ancestor` or lies in it; no if either is unknown."""
        return ancestor in self.paths.get(code, ())

    def city_of(self, code: str) -> Region | None:
        """Answer the city in which a division lies (itself if it is one), or None without one."""
        return self._above(code, Level.CITY)

    def full_name(self, code: str) -> str:
        """Answer the name from the province down (黑龙江省哈尔滨市道里区); empty if unknown."""
        path = [above for above in self.paths.get(code, ()) if above != NATION]
        return "".join(self.by_code[above].name for above in reversed(path))

    def nearest(self, code: str) -> Region | None:
        """Answer the narrowest division of today to which a code belongs by its digits.

        For hints only: 230199 is no division, but by its digits it would lie in 哈尔滨市 (230100).
        """
        guesses = (code, code[:4] + "00", code[:2] + "0000") if len(code) == len(NATION) else ()
        return next((self.by_code[guess] for guess in guesses if guess in self.by_code), None)

    def hint(self, code: str) -> str:
        """Answer how to mend a code that is not one of today's: what it became, or where it would lie."""
        resolution = self.resolve(code)
        if resolution is not None and resolution.candidates:
            listed = " or ".join(f"{found.code} {found.name}" for found in resolution.candidates)
            return f"It became {listed}."
        near = self.nearest(code)
        return f"Choose a code below {near.code} {near.name}." if near else "Use a six-digit code of today."

    def resolve(self, code: str, on: date | None = None) -> Resolution | None:
        """Answer what a code means today, following chains of changes; None if it never was one.

        Without `on`, a code in use today means today's division, and any other code what it meant
        when it was last in use. With `on`, a code means what it meant on that day. Changes are
        known by year: in the year of a change the old code still counts as in use, unless another
        division received the same code in that very year. Years only grow along a chain: it ends.
        """
        known = self.changes.get(code, ())
        if code not in self.by_code and not known:
            return None
        after = self._year_before_next_change(code, on)
        trail: list[Change] = []
        found = self._follow(code, after, trail) if after is not None else {code}
        current = tuple(self.by_code[end] for end in sorted(found) if end in self.by_code)
        return Resolution(
            code,
            _outcome(code, current),
            current[0] if len(current) == 1 else None,
            current,
            tuple(sorted(set(trail), key=lambda c: (c.year, c.old_code, c.new_code or ""))),
        )

    def _above(self, code: str, level: Level) -> Region | None:
        path = (self.by_code[above] for above in self.paths.get(code, ()))
        return next((region for region in path if region.level is level), None)

    def _year_before_next_change(self, code: str, on: date | None) -> int | None:
        years = [change.year for change in self.changes.get(code, ())]
        if on is not None and (on.year in years and not self._was_given_out(code, on.year)):
            return on.year - 1
        if on is not None and any(year > on.year for year in years):
            return on.year
        return None if code in self.by_code else max(years) - 1

    def _was_given_out(self, code: str, year: int) -> bool:
        return any(
            change.new_code == code and change.year == year
            for found in self.changes.values()
            for change in found
        )

    def _follow(self, code: str, after: int, trail: list[Change]) -> set[str]:
        later = [change for change in self.changes.get(code, ()) if change.year > after]
        if not later:
            return {code}
        step = [change for change in later if change.year == later[0].year]
        trail.extend(step)
        ends = [self._follow(c.new_code, c.year, trail) for c in step if c.new_code is not None]
        return set().union(*ends)


def _outcome(code: str, current: tuple[Region, ...]) -> Outcome:
    if not current:
        return Outcome.ABOLISHED
    if len(current) > 1:
        return Outcome.AMBIGUOUS
    return Outcome.CURRENT if current[0].code == code else Outcome.SUCCEEDED


def _path(code: str, by_code: Mapping[str, Region]) -> tuple[str, ...]:
    path: list[str] = []
    above: str | None = code
    while above is not None:
        if above in path or above not in by_code:
            msg = f"region {code}: parent {above} is not listed or lies in a ring"
            raise ValueError(msg)
        path.append(above)
        above = by_code[above].parent
    return tuple(path)
