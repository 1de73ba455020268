"""Agreement with the `matching` package (Wilde, Knight & Gillard 2020) where it plays the same game: strict lists, one quota 1."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from matching.games import HospitalResident

from app.selection.deferred_acceptance import TieBreak, select
from app.selection.market import SelectionMarket, Side
from tests.selection.oracle import random_market


def _peer(market: SelectionMarket, optimal: str) -> set[tuple[str, str]]:
    """Its answer for chains with one place each: lists of possible partners, whoever has none left out."""
    mutual = {
        (c, b) for c in range(len(market.chains)) for b in range(len(market.banks))
        if market.chain_rank[c, b] and market.bank_rank[b, c] and market.bank_quota[b]
    }  # fmt: skip
    residents = {
        market.chains[c]: [
            market.banks[b] for b in market.chain_rank[c].argsort().tolist() if (c, b) in mutual
        ]
        for c in sorted({c for c, _ in mutual})
    }
    hospitals = {
        market.banks[b]: [
            market.chains[c] for c in market.bank_rank[b].argsort().tolist() if (c, b) in mutual
        ]
        for b in sorted({b for _, b in mutual})
    }
    places = {market.banks[b]: int(market.bank_quota[b]) for _, b in mutual}
    game = HospitalResident.create_from_dictionaries(residents, hospitals, places)
    solved = game.solve(optimal=optimal)
    return {(one.name, bank.name) for bank, chains in solved.items() for one in chains}


@given(seed=st.integers(0, 10**6), side=st.sampled_from(Side))
@settings(max_examples=100, deadline=None)
def test_chains_with_one_place_get_the_banks_that_the_package_gives_them(seed: int, side: Side) -> None:
    drawn = random_market(2 * seed + 1)
    market = SelectionMarket(
        drawn.chains, drawn.banks, drawn.chain_rank, drawn.bank_rank, drawn.chain_quota.clip(1, 1), drawn.bank_quota
    )  # fmt: skip
    pairs = select(market, side, TieBreak()).pairs.tolist()
    ours = {(market.chains[c], market.banks[b]) for c, b in pairs}
    assert ours == _peer(market, "resident" if side is Side.CHAINS else "hospital")
