"""The criteria vocabulary: three-valued, closed, and written the way it is read."""

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Fault
from app.policy.criteria import (
    AllOf,
    AnyOf,
    Condition,
    Criterion,
    Verdict,
    evaluate,
    missing_facts,
)
from app.policy.facts import FACTS, Facts, Members
from app.policy.parsing import condition_as_data, parse_condition
from app.reference.regions import region_contains

NAMES = ("first_loan", "litigation", "exporter")
FLAGS = st.sampled_from(NAMES)
LEAVES = st.builds(Criterion, FLAGS, st.sampled_from(["is_true", "is_false"]))


def _combined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(AnyOf, several) | st.builds(AllOf, several)


CONDITIONS = st.recursive(LEAVES, _combined, max_leaves=6)
FLAG_FACTS = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in NAMES})


def _completions(facts: Facts) -> list[Facts]:
    worlds: list[dict[str, bool]] = [{}]
    for name, value in facts.items():
        choices = [True, False] if value is None else [bool(value)]
        worlds = [world | {name: choice} for world in worlds for choice in choices]
    return list(worlds)


@given(CONDITIONS, FLAG_FACTS)
def test_a_decided_verdict_holds_in_every_world_that_the_missing_facts_allow(
    condition: Condition, facts: Facts
) -> None:
    verdict = evaluate(condition, facts)
    outcomes = {evaluate(condition, world) for world in _completions(facts)}
    if verdict is not Verdict.UNKNOWN:
        assert outcomes == {verdict}


@given(CONDITIONS, FLAG_FACTS)
def test_an_unknown_verdict_names_only_facts_that_are_missing(condition: Condition, facts: Facts) -> None:
    missing = missing_facts(condition, facts)
    assert all(facts[name] is None for name in missing)
    assert bool(missing) == (evaluate(condition, facts) is Verdict.UNKNOWN)


@given(CONDITIONS)
def test_a_condition_is_read_back_as_it_was_written(condition: Condition) -> None:
    faults: list[Fault] = []
    assert parse_condition(condition_as_data(condition), "x", faults, depth=-9) == condition
    assert faults == []


def test_a_set_that_may_have_more_members_neither_passes_none_of_nor_fails_any_of() -> None:
    facts = {"qualifications": Members.at_least(["high_tech"])}
    assert evaluate(Criterion("qualifications", "none_of", ("srdi",)), facts) is Verdict.UNKNOWN
    assert evaluate(Criterion("qualifications", "any_of", ("srdi",)), facts) is Verdict.UNKNOWN
    assert evaluate(Criterion("qualifications", "any_of", ("high_tech",)), facts) is Verdict.PASS


def test_a_firm_known_only_by_its_province_is_not_known_to_lie_in_one_of_its_counties() -> None:
    in_county = Criterion("region", "within_region", ("230102",))
    assert evaluate(in_county, {"region": "230000"}) is Verdict.UNKNOWN
    assert evaluate(in_county, {"region": "230103"}) is Verdict.FAIL
    assert evaluate(Criterion("region", "within_region", ("230000",)), {"region": "230103"}) is Verdict.PASS


def test_the_nation_contains_every_region() -> None:
    assert region_contains("000000", "500114")


def test_no_criterion_may_speak_of_ownership() -> None:
    faults: list[Fault] = []
    assert parse_condition({"fact": "ownership", "in": ["state"]}, "rules[0]", faults) is None
    assert "公平授信" in faults[0].message
    assert "ownership" not in FACTS


def test_every_fault_of_a_condition_is_named_at_its_place() -> None:
    faults: list[Fault] = []
    data = {"any": [{"fact": "amount", "at_most": "many"}, {"fact": "colour", "in": ["red"]}]}
    assert parse_condition(data, "criteria[3]", faults) is None
    assert [fault.where for fault in faults] == ["criteria[3].any[0].at_most", "criteria[3].any[1].fact"]
