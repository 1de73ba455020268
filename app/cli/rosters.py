"""Generated rosters as a person would send them: firms, invented or real, with needs from a seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any, Final

from pydantic import BaseModel

from app.chains.rules import ChainBook, ChainInForce
from app.chains.schemas import ChainIn, ManagerRecord, PlanRecord
from app.cli.line import SeedText
from app.institutions.schemas import InstitutionRecord
from app.kernel.errors import Fault, Refused
from app.policy.yaml_records import Placed, read_records
from app.reference.regions import Level, Regions
from app.whitelist.simulated_roster import write_simulated_roster
from app.whitelist.simulation import (
    Firm,
    Row,
    generate_rows,
    half_a_year_later,
    invent_firms,
    with_blemishes,
    with_chains,
)

_NEWCOMERS_OF: Final = 15


@dataclass(frozen=True, slots=True)
class Recipe:
    """How rosters are generated: equal recipes and firms, equal rows.

    `banks` are names of present lenders; `notes` say in the workbook what was generated.
    """

    seed: int
    chains: ChainBook
    banks: Sequence[str]
    notes: Sequence[str]
    has_blemishes: bool

    def roster(self, firms: Iterable[Firm]) -> bytes:
        """Answer a workbook with one generated need for each firm."""
        return self._workbook(self._rows(firms))

    def next_roster(self, firms: Sequence[Firm], counties: Mapping[str, str]) -> bytes:
        """Answer the roster of the half-year after: some firms left, some ask anew, new ones came."""
        newcomers = invent_firms(len(firms) // _NEWCOMERS_OF, counties, self.seed + 1)
        known = {firm.name for firm in firms}
        rows = half_a_year_later(self._rows(firms), self.seed)
        return self._workbook(chain(rows, self._rows(one for one in newcomers if one.name not in known)))

    def _rows(self, firms: Iterable[Firm]) -> Iterator[Row]:
        rows = generate_rows(firms, self.seed, banks=self.banks)
        return with_chains(rows, self._propose, self.seed)

    def _propose(self, industry: str, region: str) -> str | None:
        code = self.chains.propose_chain(industry, region)
        return self.chains.chains[code].name if code else None

    def _workbook(self, rows: Iterable[Row]) -> bytes:
        target = BytesIO()
        shown = with_blemishes(rows, self.seed) if self.has_blemishes else rows
        write_simulated_roster(target, shown, self.notes)
        return target.getvalue()


def counties_served(seed: SeedText, regions: Regions, jurisdiction: str) -> dict[str, str]:
    """Answer the counties of a jurisdiction in which institutions of a seed file sit, with their city's short name.

    Raises:
        Refused: the file has faults.
    """
    seats = {
        record.region for record in _institutions(seed) if regions.is_within(record.region, jurisdiction)
    }
    cities = {code: regions.city_of(code) for code in sorted(seats) if regions.level(code) is Level.COUNTY}
    return {code: city.name.removesuffix("市") for code, city in cities.items() if city is not None}


def lender_names(seed: SeedText, regions: Regions, jurisdiction: str) -> list[str]:
    """Answer the short names of a seed file's banks that sit in a jurisdiction, by code.

    Raises:
        Refused: the file has faults.
    """
    heads = sorted((one for one in _institutions(seed) if one.parent is None), key=lambda one: one.code)
    return [
        one.short_name
        for one in heads
        if one.kind is not None and one.kind.is_bank and regions.is_within(one.region, jurisdiction)
    ]


def _institutions(seed: SeedText) -> list[InstitutionRecord]:
    return [placed.record for placed in _read(seed, {"institutions": InstitutionRecord})["institutions"]]


def chain_book_of(seed: SeedText, jurisdiction: str) -> ChainBook:
    """Answer the chains of a seed file, without their plans.

    Raises:
        Refused: the file has faults.
    """
    lists: dict[str, type[BaseModel]] = {"chains": ChainIn, "managers": ManagerRecord, "plans": PlanRecord}
    chains: Iterable[ChainIn] = (placed.record for placed in _read(seed, lists)["chains"])
    return ChainBook.build(
        ChainInForce(one.code, one.name, one.jurisdiction or jurisdiction, one.industries) for one in chains
    )


def _read(seed: SeedText, lists: Mapping[str, type[BaseModel]]) -> Mapping[str, list[Placed[Any]]]:
    faults: list[Fault] = []
    read = read_records(seed.text, seed.name, lists, faults, head=frozenset({"note"}))
    if faults:
        raise Refused(f"{seed.name} cannot be read.", faults)
    return read.records
