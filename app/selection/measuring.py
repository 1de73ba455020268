"""Rows of the database made into measures: which banks' products fit which chains, where they sit, how fast they were. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from app.docking.working_time import DayCounter
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.kernel.shanghai import shanghai_date
from app.reference.regions import region_contains
from app.reference.working_days import WorkingCalendar
from app.selection.demand import Demand
from app.selection.measures import UNKNOWN, Measures, Numbers, presence


@dataclass(frozen=True, slots=True)
class Contact:
    """When an institution got an entry, and when it first made contact."""

    institution: str
    assigned_at: datetime
    contacted_at: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """What was read: see measuring_queries.py. `areas` are the regions in which outlets count for each chain.

    `covered` names those that a chain states itself. `entries` are chain and amount of each open need; need i fits
    the products `products[starts[i]:starts[i + 1]]`; `offers` are institution and price of each product.
    """

    chains: tuple[str, ...]
    banks: tuple[str, ...]
    areas: Sequence[Sequence[str]]
    covered: tuple[tuple[str, ...], ...]
    entries: Sequence[tuple[str, int]]
    starts: Numbers
    products: Numbers
    offers: Sequence[tuple[int, int]]
    held: Sequence[tuple[str | None, int, int]]
    contacts: Sequence[Contact]


def measured(given: Observed, tree: InstitutionTree, calendar: WorkingCalendar) -> Measures:
    """Make the measures of a round."""
    n, m = len(given.chains), len(given.banks)
    lines = _Lines(tree, given.banks)
    tally = _demand(given, lines).tally(n, m)
    held, free = _held_and_free(given, lines)
    outlets, nearness = presence(given.areas, [lines.outlets(bank) for bank in range(m)])
    contact_days, contacts = _response(given, lines, DayCounter(calendar))
    return Measures(
        given.chains,
        given.banks,
        open_needs=tally.open_needs,
        open_amount=tally.open_amount,
        fitting_needs=tally.fitting_needs,
        fitting_amount=tally.fitting_amount,
        held_needs=held,
        outlets=outlets,
        nearness=nearness,
        contact_days=contact_days,
        contacts=contacts,
        rate_bp=tally.rate_bp,
        free_capacity=free,
        covered=given.covered,
    )


class _Lines:
    """Which institutions belong to which banks of the round."""

    def __init__(self, tree: InstitutionTree, banks: Sequence[str]) -> None:
        self.tree = tree
        found = [tree.find(code) for code in banks]
        self.below: list[list[InstitutionNode]] = [
            [] if node is None else [node, *tree.descendants(node.id)] for node in found
        ]
        self.of_node: dict[int, list[int]] = defaultdict(list)
        for bank, nodes in enumerate(self.below):
            for node in nodes:
                self.of_node[node.id].append(bank)
        self._above: dict[int, list[int]] = defaultdict(list)
        for bank, one in enumerate(found):
            for node in tree.path(one.id)[:-1] if one is not None else ():
                self._above[node.id].append(bank)
        self._of_code = {node.code: node.id for nodes in self.below for node in nodes}

    def offering(self, institution: int) -> list[int]:
        """Answer the banks that offer a product of an institution: it is theirs, or stands above or below them."""
        return self.of_node.get(institution, []) + self._above.get(institution, [])

    def of_code(self, code: str) -> list[int]:
        """Answer the banks to which an institution belongs."""
        return self.of_node.get(self._of_code.get(code, 0), [])

    def outlets(self, bank: int) -> list[str]:
        """Answer the regions of a bank's institutions that take entries."""
        return [node.region for node in self.below[bank] if node.is_responsible]


def _demand(given: Observed, lines: _Lines) -> Demand:
    chain_at = {code: place for place, code in enumerate(given.chains)}
    sellers = [lines.offering(institution) for institution, _price in given.offers]
    return Demand(
        chain=np.array([chain_at[code] for code, _amount in given.entries], np.int64),
        amount=np.array([fen for _code, fen in given.entries], np.int64),
        starts=given.starts,
        products=given.products,
        price=np.array([price for _institution, price in given.offers], np.int64),
        seller_starts=np.cumsum([0, *map(len, sellers)]),
        bank=np.array([bank for each in sellers for bank in each], np.int64),
    )


def _held_and_free(given: Observed, lines: _Lines) -> tuple[Numbers, Numbers]:
    chain_at = {code: place for place, code in enumerate(given.chains)}
    held = np.zeros((len(given.chains), len(given.banks)), np.int64)
    taken = np.zeros(len(given.banks), np.int64)
    for chain, institution, count in given.held:
        for bank in lines.of_node.get(institution, ()):
            taken[bank] += count
            if chain is not None:
                held[chain_at[chain], bank] += count
    free = np.full(len(given.banks), UNKNOWN, np.int64)
    for bank, nodes in enumerate(lines.below):
        stated = [node.capacity for node in nodes if node.capacity is not None]
        if stated:
            bounds = [sum(stated), *(cap for node in nodes[:1] if (cap := node.group_capacity) is not None)]
            free[bank] = max(0, min(bounds) - int(taken[bank]))
    return held, free


def _response(given: Observed, lines: _Lines, counter: DayCounter) -> tuple[Numbers, Numbers]:
    """Answer working days to the first contact, summed, and how many were observed; unpublished days are left out."""
    days, times = np.zeros(len(given.banks), np.int64), np.zeros(len(given.banks), np.int64)
    for contact, took in _days(given.contacts, counter):
        for bank in lines.of_code(contact.institution):
            days[bank] += took
            times[bank] += 1
    return days, times


def _days(contacts: Iterable[Contact], counter: DayCounter) -> Iterator[tuple[Contact, int]]:
    for one in contacts:
        took = counter.between(shanghai_date(one.assigned_at), shanghai_date(one.contacted_at))
        if took is not None and took >= 0:
            yield one, took


def own_banks(tree: InstitutionTree, jurisdiction: str) -> tuple[str, ...]:
    """Answer for each bank its highest institutions that sit in a jurisdiction, by code."""

    def is_own(node: InstitutionNode) -> bool:
        return node.kind.is_bank and region_contains(jurisdiction, node.region)

    return tuple(
        node.code
        for node in tree.nodes.values()
        if is_own(node) and not any(is_own(above) for above in tree.path(node.id)[:-1])
    )
