"""Quotas of chain plans: how many entries of a chain a contracted bank takes (一链一策 签约额度).

A quota cuts across capacities (a chain's entries at all branches of a bank), so it cannot be a limit of the flow
without losing whole-number optimality. It is held by offering the bank to no more entries of the chain than
the quota leaves: first those that have no other bank, then the best fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.allocation.candidates import BoolArray, Candidates
from app.allocation.model import IntArray, PosedQuota


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `places` entries of a chain at the branches (indexes) of a contracted bank; `citation` is the plan's."""

    chain: str
    bank: str
    branches: frozenset[int]
    places: int
    citation: str = ""


def within_quotas(
    found: Candidates, chains: Sequence[str | None], settled: IntArray, quotas: Sequence[Quota]
) -> tuple[Candidates, list[tuple[Quota, IntArray]]]:
    """Answer the offers that quotas leave, and for each quota that took offers away the entries that lost one.

    `chains` and `settled` (branch index or -1) are by entry; settled entries use up their quota first.
    """
    lost: list[tuple[Quota, IntArray]] = []
    chain_of = np.array([chain or "" for chain in chains], np.str_)
    highest = max(int(found.branch.max(initial=0)), int(settled.max(initial=0)))
    for quota in sorted(quotas, key=lambda one: (one.chain, one.bank)):
        member = chain_of == quota.chain
        inside = np.zeros(1 + max([*quota.branches, highest]), np.bool_)
        inside[list(quota.branches)] = True
        held = int(np.count_nonzero(member & (settled >= 0) & inside[settled]))
        concerned = member[found.entry] & inside[found.branch] & (settled[found.entry] < 0)
        entries = np.unique(found.entry[concerned])
        places = max(0, quota.places - held)
        if entries.size <= places:
            continue
        kept = _first_served(found, entries, concerned, places)
        dropped = concerned & ~np.isin(found.entry, kept)
        found = found.where(~dropped)
        lost.append((quota, np.setdiff1d(entries, kept)))
    return found, lost


def posed_quotas(
    quotas: Sequence[Quota], chains: Sequence[str | None], is_routed: BoolArray
) -> tuple[PosedQuota, ...]:
    """Answer the quotas over entry indexes, for the record; entries that a bottleneck class sends are not under them."""
    chain_of = np.array([chain or "" for chain in chains], np.str_)
    return tuple(
        PosedQuota(
            f"{one.chain} {one.bank}",
            np.flatnonzero((chain_of == one.chain) & ~is_routed),
            np.array(sorted(one.branches), np.int64),
            one.places,
        )
        for one in sorted(quotas, key=lambda one: (one.chain, one.bank))
    )


def _first_served(found: Candidates, entries: IntArray, concerned: BoolArray, places: int) -> IntArray:
    """The entries that keep the offer: without another bank first, then by fit, then by their order."""
    size = int(entries.max()) + 1
    has_other = np.zeros(size, np.bool_)
    others = ~concerned & (found.entry < size)
    has_other[found.entry[others]] = True
    fit = np.zeros(size, np.int64)
    np.maximum.at(fit, found.entry[concerned], found.score[concerned])
    order = np.lexsort((entries, -fit[entries], has_other[entries]))
    kept: IntArray = entries[order[:places]]
    return kept
