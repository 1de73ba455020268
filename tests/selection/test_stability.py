"""The proof finds what a plain count finds, in any set of pairs, and names every planted breach."""

from __future__ import annotations

import hashlib
import struct
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.selection.deferred_acceptance import TieBreak, select
from app.selection.market import SelectionMarket, Side
from app.selection.stability import BlockingPair, Breach, Notion, prove
from tests.selection.oracle import Pair, blocking, keeps_quotas, markets, possible


@given(market=markets(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_any_pairs_at_all_are_judged_as_by_a_plain_count(
    market: SelectionMarket, data: st.DataObject
) -> None:
    everybody = [(c, b) for c in range(len(market.chains)) for b in range(len(market.banks))]
    some: set[Pair] = data.draw(st.sets(st.sampled_from(everybody)))
    proof = prove(market, np.array(sorted(some), np.int64).reshape(-1, 2))
    allowed = frozenset(some) <= frozenset(possible(market)) and keeps_quotas(market, frozenset(some))
    assert proof.is_individually_rational == allowed
    if allowed:
        found = {(market.chains.index(one.chain), market.banks.index(one.bank)) for one in proof.blocking}
        assert found == blocking(market, frozenset(some))
        assert proof.holds == (not found)
    assert (proof.pairs_checked, proof.acceptable) == (len(everybody), len(possible(market)))
    assert (proof.notion is Notion.WEAK) == any(
        market.chain_rank[c, b] == market.chain_rank[d, e]
        if c == d
        else market.bank_rank[b, c] == market.bank_rank[e, d]
        for (c, b), (d, e) in combinations(possible(market), 2)
        if c == d or b == e
    )


def _market() -> SelectionMarket:
    """Chain C0 is under contract with B2; C1 does not accept B0; B1 ranks both chains alike."""
    return SelectionMarket(
        ("C0", "C1"),
        ("B0", "B1", "B2"),
        np.array([[1, 2, 0], [0, 1, 2]]),
        np.array([[1, 2], [1, 1], [0, 1]]),
        np.array([2, 1]),
        np.array([1, 1, 1]),
        np.array([[False, False, True], [False, False, False]]),
    )


def test_every_kind_of_planted_breach_is_named() -> None:
    pairs = np.array([[0, 0], [0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [5, 0], [0, -1]])
    proof = prove(_market(), pairs)
    assert set(proof.breaches) == {
        Breach("no_such_pair", "5", "0"),
        Breach("no_such_pair", "0", "-1"),
        Breach("chosen_twice", "C0", "B0", 2, 1),
        Breach("already_contracted", "C0", "B2"),
        Breach("not_acceptable", "C0", "B2"),
        Breach("not_acceptable", "B2", "C0"),
        Breach("not_acceptable", "C1", "B0"),
        Breach("over_quota", "C0", found=3, limit=1),
        Breach("over_quota", "C1", found=2, limit=1),
        Breach("over_quota", "B0", found=2, limit=1),
        Breach("over_quota", "B1", found=2, limit=1),
        Breach("over_quota", "B2", found=1, limit=0),
    }
    assert not proof.holds
    assert proof.sentences()[1] == "有12处违反名额、名单或已有签约。"


def test_a_blocking_pair_is_named_with_what_both_would_leave() -> None:
    proof = prove(_market(), np.array([[0, 1]]))
    assert proof.blocking == (BlockingPair("C0", "B0", 1, 1, 2, None),)
    assert (proof.holds, proof.indifferent) == (False, 1)
    assert proof.sentences()[2] == "有1对双方都更愿意另行结对（如C0与B0），结果不稳定。"


def test_the_published_proof_counts_all_pairs_names_the_notion_and_binds_inputs_and_pairs() -> None:
    market = _market()
    proof = prove(market, select(market, Side.BANKS, TieBreak()).pairs)
    assert (proof.holds, proof.notion, proof.pairs_checked, proof.acceptable) == (True, Notion.WEAK, 6, 4)
    words = b"chains\0C0\nC1banks\0B0\nB1\nB2"
    for name, numbers in (
        ("chain_rank", [1, 2, 0, 0, 1, 2]),
        ("bank_rank", [1, 2, 1, 1, 0, 1]),
        ("chain_quota", [2, 1]),
        ("bank_quota", [1, 1, 1]),
        ("contracted", [0, 0, 1, 0, 0, 0]),
    ):
        words += name.encode() + b"\0" + struct.pack(f"<{len(numbers)}i", *numbers)
    assert proof.market_sha256 == hashlib.sha256(words).hexdigest()
    assert proof.pairs_sha256 == hashlib.sha256(b"C0\tB0\nC1\tB1").hexdigest()
    assert "弱成对稳定" in proof.sentences()[2]
