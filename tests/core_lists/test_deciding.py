"""What decides about core firms' lists: whom a row means, what the core firm is told, what a version changes."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.rules import ProductTerms
from app.core_lists.columns import COLUMNS, read_list
from app.core_lists.counts import FEWEST, Release, concealed, next_release
from app.core_lists.differences import RowChange, StatedRow, differences
from app.core_lists.kinds import DECOUPLED, ON_CORE, ProductKind, fits_relation, kinds_of, rests_on_core
from app.core_lists.posing import ON_CORE_SECURITY, ListedFirm, pose
from app.core_lists.resolution import KnownName, Verdict, resolve
from app.core_lists.rules import (
    OPEN,
    RESOLVED,
    Answer,
    ListAct,
    ListState,
    Outcome,
    Relation,
    after_confirming,
    answer_faults,
    behalf_faults,
    is_counted,
    latest_until,
    possible,
)
from tests.core_lists.town import CORE, HEADINGS, supplier

FIRMS = ("A", "B", "C")
LIKENESS = st.floats(0, 1)


@st.composite
def ranked(draw: st.DrawFn) -> list[KnownName]:
    """Known names as the index answers them: the likeliest first, at most one of them accepted."""
    firms = draw(st.lists(st.sampled_from(FIRMS), unique=True))
    verdicts: list[Verdict] = sorted(
        (draw(st.sampled_from(("accept", "review", "none"))) for _ in firms),
        key=("accept", "review", "none").index,
    )
    capped: list[Verdict] = [
        one if place == 0 or one != "accept" else "review" for place, one in enumerate(verdicts)
    ]
    return [KnownName(firm, draw(LIKENESS), one) for firm, one in zip(firms, capped, strict=True)]


@given(st.sampled_from((None, *FIRMS)), ranked(), st.booleans())
def test_a_row_means_a_firm_or_is_a_question_and_never_a_firm_unlike_its_name(
    stated: str | None,
    names: Sequence[KnownName],
    is_registered: bool,  # noqa: FBT001 - Hypothesis fills it in
) -> None:
    found = resolve(stated, names, is_registered=is_registered and stated is not None)
    verdicts = {one.uscc: one.verdict for one in names}
    assert (found.uscc is not None) == (found.outcome in RESOLVED)
    if found.uscc is not None:
        assert verdicts[found.uscc] != "none", "nothing alike is ever linked by itself"
        assert stated in {None, found.uscc}, "no other firm than the one whose code was written"
    else:
        assert found.outcome in OPEN
    if found.outcome is Outcome.NAME:
        assert (stated, names[0].verdict) == (None, "accept")
    if found.outcome is Outcome.REVIEW:
        assert found.suspects, "who is asked is told about whom"
    if stated is not None and is_registered and found.outcome is not Outcome.CODE:
        assert found.suspects[0].uscc == stated


@given(st.integers(0, 60), st.dictionaries(st.sampled_from("abc"), st.integers(0, 60)))
def test_a_count_is_shown_only_where_enough_firms_are_in_it_and_outside_of_it(
    listed: int, counts: dict[str, int]
) -> None:
    for name, shown in concealed(listed, counts).items():
        if shown is None:
            assert counts[name] < FEWEST or listed - counts[name] < FEWEST
        else:
            assert shown == counts[name]
            assert FEWEST <= shown <= listed - FEWEST


BASES = st.lists(
    st.fixed_dictionaries({"a": st.integers(0, 30), "b": st.integers(0, 30)}), min_size=1, max_size=12
)


@given(BASES, st.lists(st.integers(20, 40), min_size=12, max_size=12))
def test_between_two_looks_no_figure_moves_by_fewer_firms_than_are_told_of(
    bases: list[dict[str, int]], sizes: list[int]
) -> None:
    release: Release | None = None
    for basis, listed in zip(bases, sizes, strict=False):
        before, release = release, next_release(release, Release(listed, basis))
        if before is not None and release is not before:
            moves = [abs(release.basis[name] - before.basis[name]) for name in basis]
            assert all(move == 0 or move >= FEWEST for move in moves)


def test_one_supplier_more_or_less_on_the_list_changes_nothing_that_its_core_firm_reads() -> None:
    with_it, without = Release(20, {"consented": 10}), Release(19, {"consented": 9})
    assert next_release(with_it, without) is with_it
    assert next_release(without, with_it) is without


ROWS = st.builds(
    StatedRow,
    name=st.sampled_from(("甲配件厂", "乙配件厂", "丙配件厂")),
    relation=st.sampled_from(("supplier", "dealer")),
    uscc=st.sampled_from((None, "1", "2", "3")),
    yearly_fen=st.sampled_from((None, 100, 200)),
    since_year=st.none(),
)


VERSIONS = st.lists(
    ROWS,
    max_size=6,
    unique_by=(lambda row: (row.relation, row.uscc or row.name), lambda row: (row.relation, row.name)),
)


@given(VERSIONS, VERSIONS)
def test_every_row_of_two_versions_is_kept_changed_added_or_removed_once(
    before: list[StatedRow], after: list[StatedRow]
) -> None:
    found = differences(before, after)
    added = sum(one.change is RowChange.ADDED for one in found)
    removed = sum(one.change is RowChange.REMOVED for one in found)
    assert len(before) - removed == len(after) - added, "what stays stands on both sides"
    assert all(one.before != one.after for one in found)
    assert differences(before, list(before)) == []


def test_a_code_that_is_added_later_makes_no_other_firm() -> None:
    bare = StatedRow("甲配件厂", "supplier", None, 100, None)
    coded = StatedRow("甲 配件厂", "supplier", "1", 200, None)
    assert [one.change for one in differences([bare], [coded])] == [RowChange.CHANGED]
    other = StatedRow("甲配件厂", "supplier", "2", 100, None)
    assert {one.change for one in differences([coded], [other])} == {RowChange.ADDED, RowChange.REMOVED}


def terms(**stated: object) -> ProductTerms:
    """Terms of a product, a loan for supply chains unless said otherwise."""
    return ProductTerms.model_validate(
        {
            "form": "loan",
            "purposes": ["supply_chain"],
            "amount": {"least": "0.00", "most": "10000000.00"},
            "term": {"least": 1, "most": 36},
            "rate": {"base": "fixed", "least": 400, "most": 400},
            "guarantee_modes": ["credit"],
            "areas": ["230000"],
        }
        | stated
    )


@pytest.mark.parametrize(
    ("stated", "kinds"),
    [
        ({"guarantee_modes": ["receivables"]}, {ProductKind.RECEIVABLES}),
        ({"form": "supply_chain_bill", "guarantee_modes": ["bills"]}, {ProductKind.BILLS}),
        ({"form": "factoring", "guarantee_modes": ["receivables"]}, {ProductKind.PAYABLES}),
        ({}, {ProductKind.CREDIT}),
        ({"policy_tools": ["batch_guarantee"], "guarantee_modes": ["guarantee"]}, {ProductKind.BATCH}),
        ({"guarantee_modes": ["inventory", "credit"]}, {ProductKind.GOODS, ProductKind.CREDIT}),
        ({"purposes": ["equipment"]}, set()),
        ({"guarantee_modes": ["real_estate"]}, set()),
    ],
)
def test_a_products_kinds_are_read_from_its_terms(stated: dict[str, object], kinds: set[ProductKind]) -> None:
    assert set(kinds_of(terms(**stated))) == kinds


def test_each_kind_rests_on_the_core_firm_or_does_not_and_a_dealer_claims_nothing_from_it() -> None:
    assert set(ON_CORE) | set(DECOUPLED) == set(ProductKind)
    assert {kind for kind in ProductKind if rests_on_core(kind)} == set(ON_CORE)
    assert not fits_relation(ProductKind.RECEIVABLES, Relation.DEALER)
    assert all(fits_relation(kind, Relation.SUPPLIER) for kind in ProductKind)


@given(st.sampled_from(Relation), st.sampled_from((None, 1, 99_999, 10**15)), st.integers(1, 100))
def test_what_is_asked_for_a_firm_is_a_share_of_its_trade_and_pledges_only_what_the_core_firm_owes(
    relation: Relation, yearly: int | None, share: int
) -> None:
    firm = ListedFirm("230102", "C3411", date(2010, 5, 1), relation, "HLJ-GDZB", yearly)
    made = pose(firm, share_percent=share, term_months=12)
    assert (made is None) == (yearly is None), "without trade or a need there is nothing to estimate from"
    if made is not None and yearly is not None:
        assert 0 < made.own.amount == made.on_core.amount <= max(yearly, 100)
        assert made.own.collateral is None, "nothing is presumed of the firm itself"
        pledged = set(made.on_core.collateral or ())
        assert pledged == (set() if relation is Relation.DEALER else ON_CORE_SECURITY)


def test_states_let_only_what_is_taken_up_be_matched() -> None:
    assert [state for state in ListState if ListAct.MATCH in possible(state)] == [ListState.ACTIVE]
    assert all(ListAct.REPLACE in possible(state) for state in ListState)
    assert after_confirming(ListState.ACTIVE, is_coordinator=False) is ListState.ACTIVE
    assert {after_confirming(one, is_coordinator=False) for one in set(ListState) - {ListState.ACTIVE}} == {
        ListState.WAITING
    }
    assert {after_confirming(one, is_coordinator=True) for one in ListState} == {ListState.ACTIVE}


@given(st.dates(date(2023, 1, 1), date(2030, 12, 31)), st.dates(date(2023, 1, 1), date(2032, 12, 31)))
def test_a_consent_holds_from_today_for_a_year_at_most(today: date, until: date) -> None:
    is_fine = not answer_faults(Answer.CONSENTED, until, today)
    assert is_fine == (today <= until <= latest_until(today))
    assert is_counted(Answer.CONSENTED, until, today, has_left=False) == (today <= until)
    assert not is_counted(Answer.CONSENTED, until, today, has_left=True)
    assert not is_counted(Answer.REFUSED, until, today, has_left=False)
    assert answer_faults(Answer.REFUSED, None, today) == []
    assert answer_faults(Answer.ASKED, until, today)
    assert [behalf_faults(None, is_own=True), behalf_faults("函", is_own=False)] == [[], []]


CELLS = st.one_of(
    st.none(), st.text(max_size=12), st.integers(-5, 3000), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((supplier(0), "供应商", "经销商", "示例配件厂", "2018", "#N/A", "860 万元")),
)  # fmt: skip


@given(st.lists(st.lists(CELLS, max_size=6), max_size=6))
def test_whatever_stands_in_a_sheet_is_a_row_or_faults_at_its_own_cells(sheet: list[list[object]]) -> None:
    numbered = list(enumerate(sheet, start=2))
    found = read_list(HEADINGS, numbered, header_row=1, core_uscc=CORE, this_year=2024)
    assert {row.number for row in found.rows} <= {number for number, _cells in numbered}
    assert all((row.name and row.uscc != CORE) or found.faults for row in found.rows)
    assert all(fault.where.startswith("上下游名单!") and fault.message for fault in found.faults)


def test_a_heading_may_stand_in_any_order_and_misses_nothing_that_is_needed() -> None:
    row = ["供应商", "示例配件厂", "多余", 8.6]
    found = read_list(
        ["关系*", " 企业名称", "备注", "年交易额（万元）"],
        [(2, row)],
        header_row=1,
        core_uscc=CORE,
        this_year=2024,
    )
    assert [(one.name, one.yearly_fen) for one in found.rows] == [("示例配件厂", 8_600_000)]
    assert (found.unknown_columns, found.faults) == (("备注",), ())
    lacking = read_list(["企业名称", "企业名称"], [(2, row)], header_row=1, core_uscc=CORE, this_year=2024)
    assert [fault.where for fault in lacking.faults] == ["上下游名单!B1", "上下游名单!1"]
    many = [(number, [None, f"第{number}号配件厂", "供应商"]) for number in range(2, 9)]
    cut = read_list(HEADINGS, many, header_row=1, core_uscc=CORE, this_year=2024, most=5)
    assert [fault.where for fault in cut.faults] == ["上下游名单!7"]
    empty = read_list(HEADINGS, [], header_row=1, core_uscc=CORE, this_year=2024)
    assert len(COLUMNS) == len(HEADINGS)
    assert [fault.message for fault in empty.faults] == ["没有一户企业"]
