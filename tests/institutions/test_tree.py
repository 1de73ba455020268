"""The institution tree against plain walks over the same nodes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.institutions.rules import (
    InstitutionKind,
    InstitutionNode,
    InstitutionTree,
    TreeError,
    areas_holding,
    lineage_below,
)
from app.reference.regions import region_contains

REGIONS = ("000000", "230000", "230100", "230102", "230103", "230200", "410300", "410302")
KINDS = st.sampled_from(list(InstitutionKind))


def node(number: int, parent: int | None = None, **members: object) -> InstitutionNode:
    values: dict[str, object] = {
        "kind": InstitutionKind.CITY_COMMERCIAL,
        "region": "230100",
        "areas": ("230100",),
        "capacity": 5,
    }
    code = f"N{number:03}"
    return InstitutionNode(id=number, code=code, name=code, short_name=code, parent=parent, root=0,
                           **(values | members))  # type: ignore[arg-type]  # fmt: skip


@st.composite
def forests(draw: st.DrawFn) -> list[InstitutionNode]:
    count = draw(st.integers(1, 14))
    nodes: list[InstitutionNode] = []
    for number in range(1, count + 1):
        parent = draw(st.none() | st.integers(1, number - 1)) if number > 1 else None
        areas = tuple(sorted(draw(st.sets(st.sampled_from(REGIONS), min_size=1, max_size=3))))
        capacity = draw(st.none() | st.integers(0, 9))
        kind = nodes[parent - 1].kind if parent else draw(KINDS)
        share = draw(st.none() | st.integers(0, 10_000))
        nodes.append(node(number, parent, areas=areas, capacity=capacity, kind=kind, credit_loan_share=share))
    return draw(st.permutations(nodes))


def climb(nodes: dict[int, InstitutionNode], number: int) -> list[int]:
    """Oracle: ids from a node up to its root, by following parents."""
    trail = [number]
    while (parent := nodes[trail[-1]].parent) is not None:
        trail.append(parent)
    return trail


@settings(max_examples=60)
@given(forests())
def test_descent_is_what_following_parents_finds(forest: list[InstitutionNode]) -> None:
    tree, nodes = InstitutionTree.build(forest), {one.id: one for one in forest}
    for one in forest:
        trail = climb(nodes, one.id)
        assert [above.id for above in tree.path(one.id)] == trail[::-1]
        assert tree.root_of(one.id).id == trail[-1]
        below = {other.id for other in forest if one.id in climb(nodes, other.id)[1:]}
        assert {found.id for found in tree.descendants(one.id)} == below
        assert len(tree.descendants(one.id)) == len(below)
        children = sorted(other.code for other in forest if other.parent == one.id)
        assert [child.code for child in tree.children(one.id)] == children
        shares = [nodes[step].credit_loan_share for step in trail]
        assert tree.credit_loan_share_of(one.id) == next((s for s in shares if s is not None), None)


@settings(max_examples=60)
@given(forests(), st.sampled_from(REGIONS))
def test_a_region_is_served_by_those_below_whose_area_holds_it_most_narrowly(
    forest: list[InstitutionNode], region: str
) -> None:
    tree, nodes = InstitutionTree.build(forest), {one.id: one for one in forest}

    def narrowest(one: InstitutionNode) -> int:
        held = [len(re.sub("(00)+$", "", area)) for area in one.areas if region_contains(area, region)]
        return max(held, default=-1)

    for top in forest:
        below = [one for one in forest if top.id in climb(nodes, one.id) and one.capacity is not None]
        best = max(map(narrowest, below), default=-1)
        expected = sorted(one.code for one in below if best >= 0 and narrowest(one) == best)
        assert [one.code for one in tree.serving(top.id, region)] == expected


@settings(max_examples=60)
@given(forests(), st.sampled_from(REGIONS))
def test_guarantors_and_local_banks_are_those_of_their_kinds_and_the_nearest_stand_first(
    forest: list[InstitutionNode], region: str
) -> None:
    tree = InstitutionTree.build(forest)
    for found, is_wanted in (
        (tree.guarantors_serving(region), lambda kind: kind is InstitutionKind.GUARANTOR),
        (tree.local_legal_person_banks(region), lambda kind: kind.is_local_legal_person),
        (tree.banks_serving(region), lambda kind: kind.is_bank),
    ):
        expected = {
            one.id for root in tree.roots() if is_wanted(root.kind) for one in tree.serving(root.id, region)
        }
        assert {one.id for one in found} == expected
        ranks = [
            min(areas_holding(region).index(a) for a in one.areas if a in areas_holding(region))
            for one in found
        ]
        assert ranks == sorted(ranks)


def test_a_county_is_answered_for_by_its_own_branch_before_the_city_and_the_province() -> None:
    tree = InstitutionTree.build(
        [
            node(1, areas=("230000",)),
            node(2, 1, areas=("230100",)),
            node(3, 2, areas=("230102", "230103")),
        ]
    )
    assert [one.id for one in tree.serving(1, "230102")] == [3]
    assert [one.id for one in tree.serving(1, "230104")] == [2]
    assert [one.id for one in tree.serving(1, "230202")] == [1]
    assert tree.serving(3, "230104") == ()


@pytest.mark.parametrize("ring", [{1: 1}, {1: 2, 2: 3, 3: 1}, {1: None, 2: 3, 3: 4, 4: 2, 5: 4}])
def test_a_ring_of_parents_is_refused_and_names_its_members(ring: dict[int, int | None]) -> None:
    with pytest.raises(TreeError, match="ring") as caught:
        InstitutionTree.build(node(number, parent) for number, parent in ring.items())
    members = {f"N{number:03}" for number in ring if number in {1, 2, 3, 4}} - (
        {"N001"} if len(ring) == 5 else set()
    )
    assert set(caught.value.codes) == members


def test_a_parent_that_is_not_there_is_refused() -> None:
    with pytest.raises(TreeError, match="not among"):
        InstitutionTree.build([node(1, 9)])


def test_bodies_coordinate_where_their_area_holds_the_region_even_without_capacity() -> None:
    body = InstitutionKind.COORDINATOR_BODY
    tree = InstitutionTree.build(
        [
            node(1, kind=body, areas=("230000",), capacity=None),
            node(2, kind=body, areas=("230100",), capacity=None),
            node(3, kind=InstitutionKind.REGULATOR, areas=("230100",), capacity=None),
        ]
    )
    assert [one.id for one in tree.bodies_serving(body, "230102")] == [2, 1]
    assert [one.id for one in tree.bodies_serving(body, "230202")] == [1]


def test_local_legal_person_banks_are_city_rural_and_village_banks() -> None:
    local = {kind for kind in InstitutionKind if kind.is_local_legal_person}
    assert local == {
        InstitutionKind.CITY_COMMERCIAL,
        InstitutionKind.RURAL_COMMERCIAL,
        InstitutionKind.VILLAGE,
    }
    assert all(kind.is_bank for kind in local)
    assert not any(kind.is_bank and kind.is_body for kind in InstitutionKind)


def test_a_stored_line_of_descent_begins_with_that_of_the_parent() -> None:
    assert lineage_below(None, 1) == "/1/"
    assert lineage_below("/1/17/", 204) == "/1/17/204/"
