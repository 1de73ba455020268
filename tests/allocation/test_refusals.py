"""A refusal excludes for its cause: while that stands everybody who made it, once it is cured nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.allocation.refusals import Refusal, is_standing, standing_by_head, with_causes
from app.policy.facts import MISSING_ELEMENTS, Facts, FactValue, Members

AT = datetime(2023, 11, 15, 2, tzinfo=UTC)
BEFORE = AT - timedelta(days=9)
ELEMENTS = sorted(MISSING_ELEMENTS)


def refusal(establishes: Facts | None = None, **more: object) -> Refusal:
    return Refusal(1, AT, "why", "某某原因", establishes or {}, **more)  # type: ignore[arg-type] # few fields by name


LAND = {"missing_elements": Members.at_least(["land"])}
NOTHING_TO_PLEDGE: dict[str, FactValue | None] = {"collateral": Members.of()}
GUARANTEED: dict[str, FactValue | None] = {"guarantee_available": True}


@pytest.mark.parametrize(
    ("made", "established", "stands"),
    [
        (refusal(LAND), LAND, True),
        (refusal(LAND), {"missing_elements": Members.of()}, False),
        (refusal(LAND), {"missing_elements": Members.of("environment")}, False),
        (refusal(LAND), {"missing_elements": Members.of("land")}, True),
        (refusal(LAND), {"missing_elements": Members.at_least(["environment"])}, True),
        (refusal(LAND), GUARANTEED, True),
        (refusal(NOTHING_TO_PLEDGE), NOTHING_TO_PLEDGE, True),
        (refusal(NOTHING_TO_PLEDGE), {"collateral": Members.of("land")}, False),
        (refusal(NOTHING_TO_PLEDGE), {"collateral": Members.at_least(["land"])}, False),
        (refusal(NOTHING_TO_PLEDGE), GUARANTEED, True),
        (refusal(NOTHING_TO_PLEDGE, cured_by=GUARANTEED), GUARANTEED, False),
        (refusal({"light_assets": True, **NOTHING_TO_PLEDGE}), {"light_assets": False}, False),
        (refusal({"credit_eligible": False}), {"credit_eligible": True}, False),
        (refusal({"litigation": True}), {"adverse_credit": False}, True),
        (refusal(), {"litigation": False, **GUARANTEED}, True),
        (refusal(is_voided=True), {}, False),
    ],
)
def test_a_cause_is_cured_by_what_contradicts_or_answers_it(
    made: Refusal, established: Facts, *, stands: bool
) -> None:
    assert is_standing(made, established, BEFORE) is stands
    assert not is_standing(made, established, AT + timedelta(days=1)), "a revised need is another need"


def test_who_declined_in_spite_of_a_guarantee_is_not_answered_by_it() -> None:
    made = refusal(NOTHING_TO_PLEDGE, cured_by=GUARANTEED)
    for days, stands in ((-1, True), (0, False), (1, False)):
        since = {"guarantee_available": AT + timedelta(days=days)}
        assert is_standing(made, NOTHING_TO_PLEDGE | GUARANTEED, BEFORE, since) is stands


sets = st.sets(st.sampled_from(ELEMENTS), min_size=1)
known = st.builds(Members, st.frozensets(st.sampled_from(ELEMENTS)), st.booleans())
flags = st.sampled_from([True, False])
made_refusals = st.builds(
    Refusal,
    institution_id=st.integers(1, 6),
    declined_at=st.integers(-5, 5).map(lambda days: AT + timedelta(days=days)),
    reason=st.sampled_from(["", "litigation"]),
    establishes=st.one_of(
        st.just({}),
        sets.map(lambda some: {"missing_elements": Members.at_least(some)}),
        flags.map(lambda flag: {"litigation": flag}),
    ),
    cured_by=st.sampled_from([{}, GUARANTEED]),
    is_voided=st.booleans(),
)
established_facts = st.fixed_dictionaries(
    {}, optional={"missing_elements": known, "litigation": flags, "guarantee_available": flags}
)


def oracle(one: Refusal, established: Facts, stated_at: datetime) -> bool:
    """Whether it stands, said the other way round: by worlds that are possible after what is established."""
    if one.is_voided or stated_at > one.declined_at:
        return False
    if one.cured_by and established.get("guarantee_available") is True:
        return False
    if "litigation" in one.establishes:
        return established.get("litigation", one.establishes["litigation"]) == one.establishes["litigation"]
    lacking, now = one.establishes.get("missing_elements"), established.get("missing_elements")
    if isinstance(lacking, Members) and isinstance(now, Members):
        possible = now.known if now.is_complete else set(ELEMENTS)
        return any(element in possible for element in lacking.known)
    return True


@given(st.lists(made_refusals, max_size=6), established_facts, st.integers(-6, 6))
def test_nobody_is_excluded_for_a_cured_cause_and_everybody_for_a_standing_one(
    refusals: list[Refusal], established: Facts, days: int
) -> None:
    stated_at = AT + timedelta(days=days)
    found = standing_by_head(refusals, established, stated_at, lambda institution: institution % 3)
    expected = [one for one in refusals if oracle(one, established, stated_at)]
    assert found.keys() == {one.institution_id % 3 for one in expected}
    for head, told in found.items():
        newest = max(one.declined_at for one in expected if one.institution_id % 3 == head)
        assert told in expected
        assert told.declined_at == newest


def test_what_is_told_of_a_decline_counts_before_the_mere_end_of_an_assignment() -> None:
    ended = {7: [Refusal(1, AT), Refusal(2, AT)], 8: [Refusal(1, AT)]}
    told = {7: [refusal(is_voided=True)], 9: [Refusal(3, AT)]}
    found = with_causes(ended, told)
    assert {entry: [one.institution_id for one in some] for entry, some in found.items()} == {
        7: [1, 2], 8: [1], 9: [3],
    }  # fmt: skip
    assert found[7][0].is_voided
    assert refusal().told() == "2023年11月15日以“某某原因”婉拒，原因仍在"
    assert Refusal(1, AT).told() == "2023年11月15日婉拒，原因仍在"
