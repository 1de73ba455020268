"""Real manufacturers of one province from registration data: who they are, where, and in which industry.

The data stays where it is (test input only); nothing of it is written into the checkout.
"""

import csv
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.kernel.errors import Fault, Refused
from app.kernel.settings import PROJECT_ROOT
from app.reference.book import ReferenceBook
from app.reference.credit_codes import check_uscc
from app.whitelist.simulation import Firm
from benchmarks.real_industries import ScopeReader, shows_manufacturing
from benchmarks.real_places import PlaceFinder

FIRMS, BRANCHES, CLASSES = "manufacturers.csv", "bank_branches_4prov_registry.csv", "gbt4754_2017.csv"
PROVINCE, PROVINCE_NAME = "230000", "黑龙江"
CLASS_LENGTH = 4


@dataclass(frozen=True, slots=True)
class RealFirms:
    """The firms taken, and how many rows fell into which pot: of the source, of places, of industries."""

    firms: tuple[Firm, ...]
    left_out: Mapping[str, int]
    places: Mapping[str, int]
    confidence: Mapping[str, int]


def default_data_dir() -> Path:
    """Answer the folder of real data: RONGQIAO_REAL_DATA, else shared/data beside the checkout."""
    given = os.environ.get("RONGQIAO_REAL_DATA")
    return Path(given) if given else PROJECT_ROOT.parent / "shared" / "data"


def check_data(data: Path, names: Iterable[str] = (FIRMS, BRANCHES, CLASSES)) -> None:
    """Raise `Refused` naming each file that is missing from the folder of real data."""
    missing = [name for name in names if not (data / name).is_file()]
    if missing:
        remedy = "Name its folder in RONGQIAO_REAL_DATA."
        faults = [Fault(str(data / name), "no such file", remedy) for name in missing]
        raise Refused("The real data is not there.", faults)


def rows_of(file: Path) -> Iterator[dict[str, str]]:
    """Answer the rows of the province."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        yield from (row for row in csv.DictReader(opened) if row["province"].startswith(PROVINCE_NAME))


def read_firms(data: Path, book: ReferenceBook, *, entries: int, seed: int) -> RealFirms:
    """Take up to that many manufacturers, by chance of the seed.

    A firm is taken with a valid credit code that is not yet taken, a place of today, a scope that
    shows manufacturing, and an industry told at least to its division (two digits).
    """
    places = PlaceFinder(book.regions, PROVINCE)
    left_out, told_by = Counter[str](), Counter[str]()
    found: dict[str, tuple[dict[str, str], str]] = {}
    for row in rows_of(data / FIRMS):
        place = places.find(row["reg_authority_code"], row["city"], row["address"])
        if not check_uscc(row["uscc"]).is_valid:
            left_out["credit code not valid"] += 1
        elif row["uscc"] in found:
            left_out["credit code taken already"] += 1
        elif place is None:
            left_out["no place"] += 1
        elif not shows_manufacturing(row["business_scope"]):
            left_out["scope shows no manufacturing"] += 1
        else:
            found[row["uscc"]] = (row, place.region)
            told_by[place.told_by] += 1
    industries = scope_reader(data, book).read(
        [(row["name"], row["business_scope"]) for row, _ in found.values()]
    )
    told = [
        (_firm(row, region, industry.code), industry.confidence)
        for (row, region), industry in zip(found.values(), industries, strict=True)
        if industry.code
    ]
    left_out["no industry told"] = len(found) - len(told)
    taken = random.Random(seed).sample(told, min(entries, len(told)))
    left_out["more than asked for"] = len(told) - len(taken)
    firms = tuple(sorted((firm for firm, _ in taken), key=lambda firm: firm.uscc))
    return RealFirms(firms, left_out, told_by, Counter(confidence for _, confidence in taken))


def scope_reader(data: Path, book: ReferenceBook) -> ScopeReader:
    """Answer the reader of scopes over all classes of section C."""
    names = {
        entry.code: entry.name
        for entry in book.industries.by_code.values()
        if entry.section == "C" and len(entry.code) == CLASS_LENGTH
    }
    with (data / CLASSES).open(encoding="utf-8-sig", newline="") as opened:
        texts = {row["code"]: row["definition"] for row in csv.DictReader(opened)}
    return ScopeReader(names, texts)


def _firm(row: Mapping[str, str], region: str, industry: str) -> Firm:
    established = date.fromisoformat(row["reg_date"]) if row["reg_date"] else None
    return Firm(row["uscc"], row["name"], region, industry, established)
