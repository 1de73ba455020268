"""Codes that a statement uses, checked against the reference book: they must be today's and be real."""

from collections.abc import Collection

from app.enterprises.need_facts import NeedFacts
from app.kernel.errors import Fault
from app.reference.book import ReferenceBook
from app.reference.regions import region_contains

MOST_LISTED = 20


def region_faults(region: str, where: str, jurisdiction: str, book: ReferenceBook) -> list[Fault]:
    """Answer what is wrong with a region code: unknown, of former times, or outside the jurisdiction."""
    resolution = book.regions.resolve(region)
    if resolution is None:
        nearest = book.regions.nearest(region)
        hint = f"Perhaps {nearest.code} {nearest.name}?" if nearest else "Send a six-digit code of today."
        return [Fault(where, "no such region", hint, region)]
    if resolution.region is None or resolution.region.code != region:
        listed = ", ".join(f"{found.code} {found.name}" for found in resolution.candidates)
        return [Fault(where, "no longer in use", f"Now: {listed or 'divided among others'}.", region)]
    if not region_contains(jurisdiction, region):
        return [Fault(where, f"lies outside {jurisdiction}", "Send a region of this jurisdiction.", region)]
    return []


def industry_faults(industry: str, where: str, book: ReferenceBook) -> list[Fault]:
    """Answer what is wrong with an industry code of GB/T 4754-2017."""
    if book.industries.parse(industry) is None:
        return [Fault(where, "no such industry in GB/T 4754-2017", "Such as C3421.", industry)]
    return []


def need_faults(
    facts: NeedFacts, where: str, jurisdiction: str, book: ReferenceBook, chains: Collection[str]
) -> list[Fault]:
    """Answer every fault in the codes of a need's facts; `chains` are the codes of registered chains."""
    faults = region_faults(facts.region, f"{where}.region", jurisdiction, book)
    if facts.industry is not None:
        faults += industry_faults(facts.industry, f"{where}.industry", book)
    if facts.chain is not None and facts.chain not in chains:
        listed = ", ".join(sorted(chains)[:MOST_LISTED]) or "none is registered"
        faults.append(Fault(f"{where}.chain", "no such chain", f"Registered: {listed}.", facts.chain))
    return faults
