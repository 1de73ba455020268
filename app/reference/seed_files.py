"""The shipped tables of `seed/reference/`, read and checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.reference.industries import Industries, Industry, Rank
from app.reference.lpr import LprQuote, LprTable
from app.reference.regions import NATION, Change, Level, Region, Regions
from app.reference.sizes import (
    FEN_PER_WAN_YUAN,
    Bounds,
    Indicator,
    SizeCategory,
    SizeStandard,
)
from app.reference.source_files import (
    SourceTable,
    read_date,
    read_rate,
    read_table,
    refuse_faults,
)

REGION_COLUMNS = ("code", "name", "level", "parent")
CHANGE_COLUMNS = ("old_code", "new_code", "year", "old_name")
INDUSTRY_COLUMNS = ("code", "name", "level", "parent", "section")
SIZE_COLUMNS = ("category", "industries", "indicator", "large_min", "medium_min", "small_min")
LPR_COLUMNS = ("date", "lpr_1y", "lpr_5y")
_REGION_CODE = re.compile(r"\d{6}")
_LEVELS = {level.value: level for level in Level if level is not Level.NATION}
_RANKS = {rank.value: rank for rank in Rank}
_INDICATORS = {indicator.value: indicator for indicator in Indicator}
_ABOVE = {
    Level.PROVINCE: (Level.NATION,),
    Level.CITY: (Level.PROVINCE,),
    Level.COUNTY: (Level.CITY, Level.PROVINCE),
}


@dataclass(frozen=True, slots=True)
class SeedTables:
    """Everything that ships with the release."""

    regions: Regions
    industries: Industries
    sizes: SizeStandard
    lpr: LprTable


def read_seed(folder: Path) -> SeedTables:
    """Read and check the five tables.

    Raises:
        Refused: naming every fault of every file by file, line, column and what was expected.
    """
    names = (
        ("regions.csv", REGION_COLUMNS),
        ("region_changes.csv", CHANGE_COLUMNS),
        ("industries.csv", INDUSTRY_COLUMNS),
        ("size_thresholds.csv", SIZE_COLUMNS),
        ("lpr.csv", LPR_COLUMNS),
    )
    tables = [read_table(folder / name, columns) for name, columns in names]
    regions = list(_regions(tables[0]))
    changes = list(_changes(tables[1]))
    industries = list(_industries(tables[2]))
    # A damaged line would make every line that names its code look wrong: links come second.
    codes = set() if tables[2].faults else {industry.code for industry in industries}
    categories = _categories(tables[3], codes)
    quotes = list(lpr_quotes(tables[4]))
    if not tables[0].faults:
        _check_parents(tables[0], regions)
        _check_successors(tables[1], regions, changes)
    refuse_faults("The shipped reference tables are damaged", tables)
    tree = Industries.build(industries)
    return SeedTables(
        Regions.build(regions, changes),
        tree,
        SizeStandard(tree, categories),
        LprTable.build(quotes),
    )


def lpr_quotes(table: SourceTable) -> Iterator[LprQuote]:
    """Read the rows `date,lpr_1y,lpr_5y`, shipped or the operator's."""
    seen: dict[date, int] = {}
    for line, (day, rate_1y, rate_5y) in table.rows:
        published = table.parse(read_date, line, "date", day, "a day such as 2026-08-20")
        rates = [
            table.parse(read_rate, line, key, text, "percent a year such as 3.45")
            for key, text in (("lpr_1y", rate_1y), ("lpr_5y", rate_5y))
        ]
        if published is not None:
            table.check_first(seen, published, line, "date")
        if published is not None and rates[0] is not None and rates[1] is not None:
            yield LprQuote(published, rates[0], rates[1])


def _regions(table: SourceTable) -> Iterator[Region]:
    table.check_keys()
    for line, (code, name, level, parent) in table.rows:
        if not _REGION_CODE.fullmatch(code):
            table.fault(line, "code", code, "six digits")
        elif level not in _LEVELS:
            table.fault(line, "level", level, "province, city or county")
        elif not name:
            table.fault(line, "name", name, "a name")
        else:
            yield Region(code, name, _LEVELS[level], parent)


def _check_parents(table: SourceTable, regions: list[Region]) -> None:
    levels = {region.code: region.level for region in regions} | {NATION: Level.NATION}
    for line, (code, _, _, parent) in table.rows:
        level = levels.get(code)
        if level in _ABOVE and levels.get(parent) not in _ABOVE[level]:
            wanted = " or ".join(_ABOVE[level])
            table.fault(line, "parent", parent, f"the code of a {wanted}")


def _changes(table: SourceTable) -> Iterator[Change]:
    table.check_keys(width=3)
    for line, (old, new, year, name) in table.rows:
        if not _REGION_CODE.fullmatch(old):
            table.fault(line, "old_code", old, "six digits")
        elif new and not _REGION_CODE.fullmatch(new):
            table.fault(line, "new_code", new, "six digits, or nothing")
        elif not re.fullmatch(r"(19|20)\d\d", year):
            table.fault(line, "year", year, "a year such as 2021")
        else:
            yield Change(old, new or None, int(year), name)


def _check_successors(table: SourceTable, regions: list[Region], changes: list[Change]) -> None:
    known = {region.code for region in regions} | {change.old_code for change in changes}
    for line, (_, new, _, _) in table.rows:
        if new and new not in known:
            table.fault(line, "new_code", new, "a code of today, or one that was changed itself")


def _industries(table: SourceTable) -> Iterator[Industry]:
    table.check_keys()
    sections: dict[str, str] = {}
    for line, (code, name, level, parent, section) in table.rows:
        if level not in _RANKS:
            table.fault(line, "level", level, "section, division, group or class")
        elif not name:
            table.fault(line, "name", name, "a name")
        elif parent and sections.get(parent) != section:
            table.fault(line, "parent", parent, f"a code of section {section} on an earlier line")
        else:
            sections[code] = section
            yield Industry(code, name, _RANKS[level], parent or None, section)


def _categories(table: SourceTable, known: set[str]) -> dict[str, SizeCategory]:
    table.check_keys(width=3)
    bounds: dict[str, dict[Indicator, Bounds]] = {}
    names: dict[str, str] = {}
    for line, (name, codes, indicator, *numbers) in table.rows:
        for code in codes.split(";"):
            if (known and code not in known) or names.setdefault(code, name) != name:
                table.fault(line, "industries", code, "known codes, each in one category")
        found = _bounds(table, line, indicator, numbers)
        if found is not None:
            bounds.setdefault(name, {})[_INDICATORS[indicator]] = found
    made = {name: SizeCategory(name, found) for name, found in bounds.items()}
    return {code: made[name] for code, name in names.items() if name in made}


def _bounds(table: SourceTable, line: int, indicator: str, numbers: list[str]) -> Bounds | None:
    if indicator not in _INDICATORS:
        table.fault(line, "indicator", indicator, "staff, revenue or assets")
        return None
    read = [
        table.parse(int, line, key, text, "a whole number (persons, or 万元)")
        for key, text in zip(SIZE_COLUMNS[3:], numbers, strict=True)
    ]
    large, medium, small = read
    if large is None or medium is None or small is None:
        return None
    if not large > medium > small > 0:
        table.fault(line, "large_min", ",".join(numbers), "large > medium > small > 0")
        return None
    unit = 1 if indicator == Indicator.STAFF else FEN_PER_WAN_YUAN
    return Bounds(large * unit, medium * unit, small * unit)
