"""From products that fit to branches: against a plain oracle, and the rules around it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.allocation import candidates as module
from app.allocation.archive import pack, unpack
from app.allocation.candidates import (
    Candidates,
    Offers,
    branches_of,
    candidates,
    with_default_capacity,
    without_parties,
)
from app.allocation.checker import check
from app.allocation.flow import solve
from app.allocation.model import FLAT, UNLIMITED, PosedQuota
from app.allocation.posing import concentration, groups_above, pose, ranked_offers
from app.allocation.quotas import Quota, within_quotas
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.kernel.errors import Conflict

REGIONS = ["230000", "230100", "230102", "230103", "230200", "230202"]


def node(
    number: int,
    kind: str,
    region: str,
    parent: int | None = None,
    capacity: int | None = None,
    group_capacity: int | None = None,
) -> InstitutionNode:
    name = f"机构{number:02d}"
    return InstitutionNode(
        number, f"B{number:02d}", name, name, InstitutionKind(kind), parent, parent or number, region, (region,),
        capacity, group_capacity,
    )  # fmt: skip


TREE = InstitutionTree.build(
    [
        node(1, "large", "230000", group_capacity=9),
        node(2, "large", "230100", 1, 3),
        node(3, "large", "230102", 2, 2, 1),
        node(4, "large", "230200", 1, 4),
        node(5, "city_commercial", "230100", None, 5),
        node(6, "guarantor", "230000", None, 7),
        node(7, "regulator", "230000", None, 1),
    ]
)
BRANCHES = branches_of(TREE)


def offers(rows: list[list[tuple[int, int]]], institutions: list[int]) -> Offers:
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    flat = [pair for row in rows for pair in sorted(row)]
    product, score = (np.array([pair[k] for pair in flat], np.int64) for k in range(2))
    return Offers(start, product, score, institutions)


def test_bodies_are_no_branches() -> None:
    assert [TREE.node(one).code for one in BRANCHES] == ["B02", "B03", "B04", "B05", "B06"]


@given(st.data(), st.integers(1, 40))
def test_each_branch_that_serves_gets_the_best_product_that_reaches_it(
    data: st.DataObject, cells: int
) -> None:
    institutions = data.draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6]), min_size=1, max_size=6))
    row = st.dictionaries(
        st.integers(0, len(institutions) - 1),
        st.sampled_from([0, 5, 5, 1_000_000]),
        max_size=len(institutions),
    )
    rows = [list(one.items()) for one in data.draw(st.lists(row, max_size=5))]
    regions = [data.draw(st.sampled_from(REGIONS)) for _ in rows]
    wanted: dict[tuple[int, int], tuple[int, int]] = {}
    for entry, pairs in enumerate(rows):
        for product, score in pairs:
            for served in TREE.serving(institutions[product], regions[entry]):
                if served.id in BRANCHES:
                    key = entry, BRANCHES.index(served.id)
                    wanted[key] = max(wanted.get(key, (-1, 0)), (score, -product))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CELLS_PER_BLOCK", cells)
        found = candidates(offers(rows, institutions), regions, TREE, BRANCHES)
    answered = zip(found.entry, found.branch, found.score, found.product, strict=True)
    assert [(int(e), int(b), int(s), -int(p)) for e, b, s, p in answered] == [
        (*key, *value) for key, value in sorted(wanted.items())
    ]


def test_who_declined_an_entry_is_not_offered_it_again_at_any_branch() -> None:
    found = candidates(offers([[(0, 5), (1, 5)], [(0, 5)]], [1, 5]), ["230102", "230102"], TREE, BRANCHES)
    heads = [TREE.root_of(one).id for one in BRANCHES]
    kept = without_parties(found, {0: {1}}, heads)
    assert list(zip(kept.entry.tolist(), kept.branch.tolist(), strict=True)) == [(0, 3), (1, 1)]


def test_banks_that_declared_no_capacity_get_the_default_at_their_outlets() -> None:
    silent = InstitutionTree.build(
        [
            *TREE.nodes.values(),
            node(20, "village", "230000"),
            node(21, "village", "230103", 20),
            node(22, "guarantor", "230000"),
        ]
    )
    tree, codes = with_default_capacity(silent, 40)
    assert codes == ("B20",)
    assert [(one.code, one.capacity) for one in tree.nodes.values() if one.id >= 20] == [
        ("B20", None), ("B21", 40), ("B22", None),
    ]  # fmt: skip
    assert with_default_capacity(TREE, 40) == (TREE, ())


def test_groups_are_head_offices_of_banks_and_whoever_declared_a_group_capacity() -> None:
    own, parent, limit, ids = groups_above(TREE, BRANCHES, most_per_bank=6)
    assert ids.tolist() == [1, 3, 5]
    assert own.tolist() == [0, 1, 0, 2, -1]
    assert parent.tolist() == [-1, 0, -1]
    assert limit.tolist() == [6, 1, 6]
    looser = groups_above(TREE, BRANCHES, most_per_bank=60)[2]
    assert looser.tolist() == [9, 1, 60]
    assert UNLIMITED not in looser


@pytest.mark.parametrize(("entries", "permille", "most"), [(3, 250, 1), (4, 250, 1), (8, 250, 2), (1, 1, 1)])
def test_the_concentration_limit_is_a_share_of_the_entries_and_at_least_one(
    entries: int, permille: int, most: int
) -> None:
    assert concentration(entries, permille) == most


def plain(entry: list[int], branch: list[int], score: list[int]) -> Candidates:
    arrays = (np.array(values, np.int64) for values in (entry, branch, score, [0] * len(entry)))
    return Candidates(*arrays)


def test_a_chains_quota_keeps_those_without_another_bank_first_then_the_best_fits() -> None:
    found = plain([0, 0, 1, 2, 3], [0, 1, 0, 0, 0], [9, 1, 2, 5, 8])
    settled = np.array([-1, -1, -1, -1, 0], np.int64)
    chains = ["c", "c", "c", None, "c"]
    kept, lost = within_quotas(found, chains, settled, [Quota("c", "甲行", frozenset({0}), 2)])
    pairs = list(zip(kept.entry.tolist(), kept.branch.tolist(), strict=True))
    assert pairs == [(0, 1), (2, 0), (3, 0)]
    assert [(one.bank, entries.tolist()) for one, entries in lost] == [("甲行", [0, 1])]


def test_a_quota_that_suffices_changes_nothing() -> None:
    found = plain([0, 1], [0, 0], [9, 1])
    kept, lost = within_quotas(found, ["c", "c"], np.full(2, -1), [Quota("c", "甲行", frozenset({0}), 2)])
    assert (kept.entry.tolist(), lost) == ([0, 1], [])


def test_the_checker_recounts_quotas_from_the_archive_and_lets_settled_entries_be() -> None:
    posed, solution = posed_example()
    first, second = solution.branch[:2].tolist()
    tight = [
        PosedQuota("c 甲行", np.array([0, 1]), np.array([first, second]), 1),
        PosedQuota("d 乙行", np.array([2]), np.array([0]), 0),
    ]
    content = pack(replace(posed, quotas=tuple(tight)), solution)
    again, answer = unpack(content)
    assert [one.name for one in again.quotas] == ["c 甲行", "d 乙行"]
    (breach,) = check(again.problem, answer, again.quotas).breaches
    assert (breach.code, breach.place, breach.index, breach.found, breach.limit) == (
        "over_quota",
        "quota",
        0,
        2,
        1,
    )
    settled = replace(again.problem, settled=solution.branch)
    assert check(settled, solve(settled), again.quotas).breaches == ()
    assert check(posed.problem, solution).feasible


def posed_example() -> tuple:  # type: ignore[type-arg]  # the test below reads both parts
    fitting = candidates(
        offers([[(0, 700_000)], [(0, 1), (1, 500_000)], []], [1, 5]), ["230102"] * 3, TREE, BRANCHES
    )
    posed = pose(
        [101, 102, 103],
        BRANCHES,
        TREE,
        fitting,
        ranked_offers({2: [3, 1]}),
        [901, 902],
        settled=np.full(3, -1, np.int64),
        most_per_bank=1,
        tiers=replace(FLAT, share_percent=(60, 40), price=(0, 3)),
    )
    return posed, solve(posed.problem)


def test_a_rank_never_takes_the_place_of_a_fit() -> None:
    posed, solution = posed_example()
    assert solution.branch.tolist() == [1, 3, -1]
    assert posed.is_routed.tolist() == [False, False, True]
    assert posed.product_ids[posed.candidate(1, 3)] == 902
    assert posed.product_ids[posed.candidate(2, 3)] == 0
    assert posed.candidate(0, 3) == -1


def test_an_archived_run_is_read_back_to_the_same_hashes_and_damage_is_told() -> None:
    posed, solution = posed_example()
    content = pack(posed, solution)
    again, answer = unpack(content)
    assert (again.problem.digest(), answer.digest()) == (posed.problem.digest(), solution.digest())
    assert again.product_ids.tolist() == posed.product_ids.tolist()
    assert again.is_routed.tolist() == posed.is_routed.tolist()
    for damaged in (content[:-30], b"", b"no archive"):
        with pytest.raises(Conflict, match="damaged"):
            unpack(damaged)
