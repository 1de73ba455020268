"""A locked round computed and proven, and any published result computed again and compared. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.selection.archive import ReadInputs
from app.selection.deferred_acceptance import select
from app.selection.market import Pairs, SelectionMarket, Side, pairs_digest
from app.selection.measures import Measures
from app.selection.outcome import Outcome, outcome_of
from app.selection.preferences import PreferenceRules
from app.selection.rankings import measured_market
from app.selection.round_inputs import entrants_of, inputs_json
from app.selection.round_states import Round
from app.selection.stability import StabilityProof, prove


@dataclass(frozen=True, eq=False)
class Computed:
    """The pairs of a round with their market, proof and outcome, and the inputs that anyone computes them from."""

    inputs: str
    inputs_sha256: str
    market: SelectionMarket
    pairs: Pairs
    proof: StabilityProof
    outcome: Outcome


def compute(
    now: Round, contracts: Sequence[tuple[str, str]], measures: Measures, rules: PreferenceRules
) -> Computed:
    """Compute a locked round.

    Raises:
        Refused: lists, quotas, contracts or settings contradict each other by now; it names every fault.
    """
    assert now.tie_break is not None, "locked rounds have one"
    written = inputs_json(now, contracts, measures.digest(), rules)
    market = measured_market(entrants_of(now, contracts), measures, rules)
    chosen = select(market, now.terms.proposing, now.tie_break)
    return Computed(
        written.decode(),
        hashlib.sha256(written).hexdigest(),
        market,
        chosen.pairs,
        prove(market, chosen.pairs),
        outcome_of(market, chosen),
    )


class Claim:
    """The names of what a verification compares."""

    INPUTS: Final = "inputs"
    MEASURES: Final = "measures"
    MARKET: Final = "market"
    PAIRS: Final = "pairs"
    PROOF: Final = "proof"


CLAIM_LABELS: Final[Mapping[str, str]] = {
    Claim.INPUTS: "输入（名单、名额、签约、规则）",
    Claim.MEASURES: "测算数据",
    Claim.MARKET: "由输入和测算数据得出的排序",
    Claim.PAIRS: "由排序重新计算的选定名单",
    Claim.PROOF: "对已存名单逐对核验",
}
HOLDS, FAILS = "stable", "not stable"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing compared: what is stored (or claimed) and what was found by computing it again."""

    claim: str
    stored: str
    found: str

    @property
    def is_equal(self) -> bool:
        """Tell whether they are the same."""
        return self.stored == self.found


@dataclass(frozen=True, slots=True)
class Stated:
    """What a result says of itself: hashes, and its pairs by code."""

    inputs_sha256: str
    market_sha256: str
    pairs_sha256: str
    pairs: tuple[tuple[str, str], ...]


def verify(inputs: str, measures: Measures, stated: Stated) -> tuple[Check, ...]:
    """Compute a result again from its inputs and measures alone, and compare everything.

    Raises:
        KeyError, ValueError, Refused: the inputs are none, so nothing can be computed from them.
    """
    read = ReadInputs(inputs)
    market = measured_market(read.entrants, measures, read.rules)
    again = select(market, read.proposing, read.tie_break)
    stored = _indices(market, stated.pairs)
    proof = prove(market, stored)
    is_stable = proof.holds and proof.pairs_sha256 == stated.pairs_sha256
    return (
        Check(Claim.INPUTS, stated.inputs_sha256, hashlib.sha256(inputs.encode()).hexdigest()),
        Check(Claim.MEASURES, read.measures_sha256, measures.digest()),
        Check(Claim.MARKET, stated.market_sha256, market.digest()),
        Check(Claim.PAIRS, stated.pairs_sha256, pairs_digest(market, again.pairs)),
        Check(Claim.PROOF, HOLDS, HOLDS if is_stable else FAILS),
    )


def _indices(market: SelectionMarket, pairs: Sequence[tuple[str, str]]) -> Pairs:
    """Answer pairs by index; a code that takes no part is -1, which the proof names a breach."""
    place = {side: {code: index for index, code in enumerate(market.codes(side))} for side in Side}
    found = [(place[Side.CHAINS].get(one, -1), place[Side.BANKS].get(other, -1)) for one, other in pairs]
    return np.array(found, np.int64).reshape(-1, 2)
