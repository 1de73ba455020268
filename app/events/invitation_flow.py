"""Fair b-matching of firms and banks as a min-cost flow (ortools: cost scaling, Goldberg 1997, doi:10.1006/jagm.1995.0805).

Goals, each strictly before the next: most meetings with the responsible bank; most firms with one meeting; most with two
(then three, …): nobody gets a second while another could have a first; then the largest total fit.

Network: outside → firm by one unit arc for the firm's first, second, … meeting, firm → bank, bank → outside with the bank's
meetings. An optimal flow is one without an improving simple cycle in the residual network (Klein 1967). Such a cycle passes
"outside" at most once, so it changes the counts of firms by one gain and one loss at most, and each bank at most
once, so that it changes the fit by at most `2 * banks * highest fit`. Weights a little more than that apart therefore
give every cycle the sign of its first goal that changes: the weighted optimum is the lexicographic one, in small numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

HIGHEST_FIT: Final = 1_000_000


class InvitationsTooMany(RuntimeError):
    """The solver's numbers did not hold; beyond some hundred thousand banks."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A bank that can serve a firm, with 0 … 1,000,000."""

    firm: str
    bank: str
    fit: int
    is_responsible: bool = False


def assigned(
    offers: Sequence[Offer], bank_meetings: Mapping[str, int], most_a_firm: int
) -> tuple[Offer, ...]:
    """Answer the offers that become meetings, in their order; equal arguments give the same answer."""
    if not offers:
        return ()
    firms = {code: number for number, code in enumerate(sorted({offer.firm for offer in offers}))}
    banks = {
        code: len(firms) + number for number, code in enumerate(sorted({offer.bank for offer in offers}))
    }
    source, sink = len(firms) + len(banks), len(firms) + len(banks) + 1
    step = 2 * len(banks) * HIGHEST_FIT + 1
    flow = SimpleMinCostFlow()
    pairs = flow.add_arcs_with_capacity_and_unit_cost(
        np.array([firms[offer.firm] for offer in offers], np.int32),
        np.array([banks[offer.bank] for offer in offers], np.int32),
        np.ones(len(offers), np.int64),
        np.array(
            [-offer.fit - offer.is_responsible * (most_a_firm + 1) * step for offer in offers], np.int64
        ),
    )
    for node in firms.values():
        for turn in range(most_a_firm):
            flow.add_arc_with_capacity_and_unit_cost(source, node, 1, -(most_a_firm - turn) * step)
    for code, node in banks.items():
        flow.add_arc_with_capacity_and_unit_cost(node, sink, bank_meetings[code], 0)
    supply = len(firms) * most_a_firm
    flow.add_arc_with_capacity_and_unit_cost(source, sink, supply, 0)
    flow.set_nodes_supplies(np.array([source, sink], np.int32), np.array([supply, -supply], np.int64))
    if (status := flow.solve()) != flow.OPTIMAL:
        raise InvitationsTooMany(f"min-cost flow ended with {status}")
    return tuple(offer for offer, units in zip(offers, flow.flows(pairs), strict=True) if units)
