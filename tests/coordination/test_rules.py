"""Kinds, who answers, by when, what may be done, and what an answer establishes."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.bottlenecks.rules import with_established
from app.coordination.rules import (
    DEFAULT_DAYS,
    ELEMENTS,
    KINDS,
    CaseAct,
    CaseKind,
    CaseSpan,
    CaseState,
    Wording,
    after,
    case_code,
    case_number,
    days_to_resolve,
    due_on,
    facts_established,
    is_overdue,
    may_answer,
    possible,
    responsible,
    settled_kinds,
)
from app.institutions.kinds import InstitutionKind
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.kernel.shanghai import shanghai_date
from app.policy.facts import MISSING_ELEMENTS, Members, fact_as_json
from app.reference.working_days import LAST_YEAR, WorkingCalendar

WRITTEN = yaml.safe_load((Path(__file__).parent / "kinds.yaml").read_text())
CALENDAR = WorkingCalendar()
KIND, ACT = st.sampled_from(CaseKind), st.sampled_from(CaseAct)
REGION = st.sampled_from(["230102", "230103", "230203", "230000", "410300"])
INSTANT = st.datetimes(datetime(2022, 1, 1), datetime(LAST_YEAR + 1, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


def node(number: int, code: str, kind: str, region: str) -> InstitutionNode:
    return InstitutionNode(
        number, code, f"{code}全称", code, InstitutionKind(kind), None, number, region, (region,)
    )


TREE = InstitutionTree.build(
    node(number, code, kind, region)
    for number, (code, (kind, region)) in enumerate(WRITTEN["bodies"].items(), 1)
)


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=str)
def test_the_nearest_body_of_the_clause_answers_else_it_is_named(case: dict[str, Any]) -> None:
    for kind in map(CaseKind, case["kinds"]):
        found = responsible(kind, case["region"], TREE, "某市统筹部门")
        code = TREE.node(found.institution_id).code if found.institution_id is not None else None
        assert (code, found.name) == (case.get("body"), case.get("name", f"{case.get('body')}全称"))
        assert KINDS[kind].clause == f"黑银发〔2023〕25号 {case['clause']}"


@pytest.mark.parametrize("case", WRITTEN["established"], ids=str)
def test_resolutions_establish_what_their_kind_settles(case: dict[str, Any]) -> None:
    cases = [
        span(CaseKind(kind), CaseState(state), day) for day, (kind, state) in enumerate(case["cases"], 1)
    ]
    stated = case.get("wordings", [[0, case["missing"]]])
    wordings = [Wording(on(day), frozenset(named)) for day, named in stated]
    facts = facts_established(settled_kinds(cases, wordings), case["missing"])
    assert {name: fact_as_json(value) for name, value in facts.items()} == case["facts"]


def on(day: int) -> datetime:
    return datetime(2023, 11, 1 + day, tzinfo=UTC)


def span(kind: CaseKind, state: CaseState, day: int) -> CaseSpan:
    closed_at = None if state is CaseState.OPEN else on(day)
    return CaseSpan(kind, "某单位", on(0), closed_at, None, state, "XT-000001", 15)


def test_the_elements_are_those_of_the_facts() -> None:
    assert {kind.value for kind in ELEMENTS} == MISSING_ELEMENTS.keys()
    assert KINDS.keys() == set(CaseKind)


@given(st.lists(ACT, max_size=8), KIND, REGION, INSTANT, st.integers(1, 60))
def test_an_open_case_always_has_somebody_who_answers_and_a_day_that_the_calendar_knows(
    acts: list[CaseAct], kind: CaseKind, region: str, raised_at: datetime, days: int
) -> None:
    state, closings = CaseState.OPEN, 0
    for act in acts:
        if act not in possible(state):
            assert state is not CaseState.OPEN
            with pytest.raises(KeyError):
                after(state, act)
            continue
        state = after(state, act)
        closings += act is not CaseAct.COMMENT
    assert closings == (state is not CaseState.OPEN)
    assert (set(possible(state)) == set(CaseAct)) == (state is CaseState.OPEN)
    assert responsible(kind, region, TREE, "某市统筹部门").name
    day, due = shanghai_date(raised_at), due_on(CALENDAR, raised_at, days)
    if due is None:
        assert (day + timedelta(days=2 * days + 20)).year > LAST_YEAR
    else:
        between = (day + timedelta(days=offset) for offset in range(1, (due - day).days + 1))
        assert sum(map(CALENDAR.is_working_day, between)) == days
        assert CALENDAR.is_working_day(due)
        assert [is_overdue(state, due, due + timedelta(days=late)) for late in (0, 1)] == [
            False, state is CaseState.OPEN,
        ]  # fmt: skip
    assert not is_overdue(state, None, date(2100, 1, 1))


@given(
    st.one_of(
        st.none(),
        st.frozensets(st.sampled_from(sorted(MISSING_ELEMENTS))).map(Members),
        st.frozensets(st.sampled_from(sorted(MISSING_ELEMENTS))).map(Members.at_least),
    ),
    st.lists(st.tuples(KIND, st.sampled_from(CaseState)), max_size=8),
)
def test_after_a_resolution_its_element_is_missing_no_more_and_the_others_still_are(
    stated: Members | None, cases: list[tuple[CaseKind, CaseState]]
) -> None:
    known = stated.known if stated is not None else frozenset[str]()
    spans = [span(kind, state, day) for day, (kind, state) in enumerate(cases)]
    resolved = settled_kinds(spans, [Wording(on(0), known)])
    facts = with_established({"missing_elements": stated}, facts_established(resolved, known))
    settled = {kind.value for kind in resolved & ELEMENTS}
    left = facts["missing_elements"]
    if not settled:
        assert left == stated
        return
    assert isinstance(left, Members)
    assert left == Members(known - settled)
    last = {kind: [state for each, state in cases if each is kind][-1] for kind, _state in cases}
    assert (
        settled
        == {kind.value for kind, state in last.items() if state is CaseState.RESOLVED}
        & MISSING_ELEMENTS.keys()
    )


def test_guarantors_answer_of_guarantees_only_and_banks_never() -> None:
    banks = node(90, "YH", "large", "230100")
    answering = {
        (kind, one.code)
        for kind in CaseKind
        for one in (*TREE.nodes.values(), banks)
        if may_answer(kind, one)
    }
    bodies = {code for code, (kind, _region) in WRITTEN["bodies"].items() if kind != "guarantor"}
    expected = {(kind, code) for kind in CaseKind for code in bodies}
    assert answering == expected | {
        (kind, "DB-CITY") for kind in (CaseKind.PUBLIC_GUARANTEE, CaseKind.GUARANTEE)
    }


def test_days_come_from_the_operators_deadlines_else_by_default() -> None:
    assert days_to_resolve({"accept": 1, "resolve": 7}) == 7
    assert [days_to_resolve(value) for value in ({"accept": 1}, None, 5)] == [DEFAULT_DAYS] * 3


@given(st.integers(1, 10**15 - 1))
def test_a_code_is_written_in_one_way(number: int) -> None:
    assert case_number(case_code(number)) == number
    assert case_number(f"XT-0{case_code(number)[3:]}") is None


@pytest.mark.parametrize(
    "code", ["XT-000000", "XT-12", "xt-000012", "XT-000012\n", "XT-०००१२३", "", "XT-+00012"]
)
def test_what_is_no_code_names_no_case(code: str) -> None:
    assert case_number(code) is None
