"""What a plan changed in an allocation is the difference of two solved runs, each change with its clause."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.allocation.candidates import Offers
from app.allocation.explanations import ProductLabel
from app.allocation.model import FLAT
from app.allocation.plan_difference import Change, RunDifference, plan_difference, under_plan
from app.allocation.planning import RunEntry, RunInputs, RunSettings, SolvedRun, solve_run
from app.chains.rules import ChainBook, ChainInForce, ContractedBank, PlanInForce
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.matching.plan_influence import PlanInfluence, PlanShare
from app.policy.criteria import Verdict

CHAIN, BONUS = "c", 75_000
CODES = ("BF", "SJ", "ZS")
CLAUSE = "航空一链一策第2版，洛阳（征求意见稿）（二）"
Fits = Sequence[Mapping[int, int]]
"""For each entry the base fit of each product that fits; product k is bank k's."""


def tree(capacities: Sequence[int]) -> InstitutionTree:
    kind = InstitutionKind("city_commercial")
    return InstitutionTree.build(
        InstitutionNode(i, code, code, code, kind, None, i, "230000", ("230000",), capacities[i - 1], None)
        for i, code in enumerate(CODES, 1)
    )


def offers(fits: Fits, chains: Sequence[str | None], bank: int | None) -> Offers:
    """The offers of a match; products of the contracted bank (number) fit entries of the chain better."""
    rows = [
        [(one, fit + (BONUS if one == bank and chain == CHAIN else 0)) for one, fit in sorted(row.items())]
        for row, chain in zip(fits, chains, strict=True)
    ]
    flat = [pair for row in rows for pair in row]
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    product, score = (np.array([pair[k] for pair in flat], np.int64) for k in range(2))
    return Offers(start, product, score, [1, 2, 3])


def runs(
    fits: Fits,
    chains: Sequence[str | None],
    bank: int,
    quota: int | None,
    capacities: Sequence[int] = (9, 9, 9),
) -> tuple[SolvedRun, SolvedRun]:
    plan = PlanInForce(
        CHAIN, "航空", 2, date(2024, 1, 1), None, (ContractedBank(CODES[bank], quota),), (), (), (),
        {"contracted": "洛阳（征求意见稿）（二）"},
    )  # fmt: skip
    inputs = RunInputs(
        entries=[RunEntry(100 + i, f"E{i}", "230000", chain, "统筹部门") for i, chain in enumerate(chains)],
        offers=offers(fits, chains, bank),
        product_ids=[901, 902, 903],
        products={901 + i: ProductLabel(f"P-{code}", code) for i, code in enumerate(CODES)},
        blocked={},
        settled={},
        declined={},
        taken={},
        tree=tree(capacities),
        chains=ChainBook.build([ChainInForce(CHAIN, "航空", "230000", ("C374",), plan)]),
        settings=RunSettings(1000, 0, FLAT),
    )
    return solve_run(inputs), solve_run(under_plan(inputs, CHAIN, None, offers(fits, chains, None)))


def difference(bank: int, solved: tuple[SolvedRun, SolvedRun]) -> RunDifference:
    def influence(_entry: int, revision: int) -> PlanInfluence:
        shares = (PlanShare("签约银行", BONUS, CLAUSE),) if revision == 901 + bank else ()
        return PlanInfluence(len(shares) * BONUS, 0, Verdict.PASS, Verdict.PASS, shares, ())

    return plan_difference(*solved, CHAIN, influence)


@settings(max_examples=60)
@given(st.data(), st.integers(0, 2), st.none() | st.integers(1, 2))
def test_the_difference_of_a_plan_is_that_of_two_solved_runs(
    data: st.DataObject, bank: int, quota: int | None
) -> None:
    row = st.dictionaries(st.integers(0, 2), st.sampled_from([400_000, 450_000, 500_000]), max_size=3)
    fits = data.draw(st.lists(row, min_size=1, max_size=6))
    chains = [data.draw(st.sampled_from([CHAIN, CHAIN, "d", None])) for _ in fits]
    solved = runs(fits, chains, bank, quota, [data.draw(st.integers(0, 3)) for _ in CODES])
    found = difference(bank, solved)
    by_code = {one.entry: one for one in found.entries}
    assert list(by_code) == sorted(by_code)
    for i, chain in enumerate(chains):
        branches = [int(run.solution.branch[i]) for run in solved]
        one = by_code.get(f"E{i}")
        has_bonus = chain == CHAIN and branches[0] == bank
        assert (one is None) == (branches[0] == branches[1] and not has_bonus)
        if one is None:
            continue
        placed = [None if each is None else each.institution for each in (one.with_plan, one.without_plan)]
        assert placed == [None if branch < 0 else CODES[branch] for branch in branches]
        assert [cause.units for cause in one.causes if cause.units] == [BONUS] * has_bonus
        is_over = bool(solved[0].quota_losses.get(i))
        assert len(one.causes) == has_bonus + is_over
        assert ("为其他条目调整" in one.sentence) == (not one.causes)
    assert sum(found.changes.values()) == len(found.entries)
    assert (found.served_with, found.served_without) == tuple(
        sum(branch >= 0 for branch in run.solution.branch) for run in solved
    )


def test_each_change_says_by_how_much_and_by_which_clause() -> None:
    fits = [{0: 500_000, 1: 450_000}, {0: 500_000, 1: 440_000}, {1: 460_000}, {0: 300_000, 1: 520_000}]
    found = difference(1, runs(fits, [CHAIN, CHAIN, None, CHAIN], 1, 1))
    assert {one.entry: one.change for one in found.entries} == {"E3": Change.FITTED}
    (kept,) = found.entries
    assert kept.sentence == (
        f"仍由SJ（P-SJ，59.50分）负责，没有方案时为SJ（P-SJ，52.00分）：签约银行加7.50分（{CLAUSE}）"
    )
    assert found.by_clause == {CLAUSE: 1}
    moved = difference(1, runs(fits[:1], [CHAIN], 1, None)).entries[0]
    assert moved.sentence == (
        f"由SJ（P-SJ，52.50分）负责，没有方案则由BF（P-BF，50.00分）负责：签约银行加7.50分（{CLAUSE}）"
    )


def test_a_quota_that_is_used_up_is_the_clause_that_moved_an_entry() -> None:
    fits = [{0: 400_000, 1: 500_000}, {0: 300_000, 1: 490_000}]
    found = {one.entry: one for one in difference(1, runs(fits, [CHAIN, CHAIN], 1, 1)).entries}
    assert [found["E0"].change, found["E1"].change] == [Change.FITTED, Change.MOVED]
    assert found["E1"].sentence == (
        "由BF（P-BF，30.00分）负责，没有方案则由SJ（P-SJ，49.00分）负责："
        f"SJ签约额度1户已用尽，未列入候选（{CLAUSE}）"
    )


def test_offers_of_another_edition_are_refused() -> None:
    solved = runs([{0: 1}], [CHAIN], 1, None)[0]
    with pytest.raises(ValueError, match="other entries or products"):
        under_plan(solved.inputs, CHAIN, None, offers([{0: 1}, {0: 1}], [CHAIN, None], None))
