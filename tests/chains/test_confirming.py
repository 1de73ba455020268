"""What people said of memberships stands: proposals never touch it, and its days never overlap."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chains.confirming import (
    Membership,
    State,
    faults_of_memberships,
    hand_over,
    repropose,
    settle,
)
from app.chains.membership import Answer, Confidence, Proposal
from app.chains.profiles import Role
from app.chains.rules import Period
from app.kernel.errors import Refused

DAY = date(2024, 6, 1)
AT = datetime(2024, 6, 1, 2, tzinfo=UTC)
DAYS = st.integers(-20, 20).map(lambda n: DAY + timedelta(days=n))


def membership(
    chain: str, state: State, period: Period, link: str = "a", role: Role = Role.UPSTREAM
) -> Membership:
    return Membership(
        "f", chain, link, role, state, period, "理由", "" if state is State.PROPOSED else "王某", AT
    )


@st.composite
def memberships(draw: st.DrawFn) -> Membership:
    since = draw(DAYS)
    until = draw(st.none() | st.integers(0, 20).map(lambda n: since + timedelta(days=n)))
    return membership(
        draw(st.sampled_from("AB")),
        draw(st.sampled_from(State)),
        Period(since, until),
        draw(st.sampled_from("ab")),
    )


ANSWERS = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from("ab")), max_size=2, unique_by=lambda one: one[0]
).map(
    lambda found: Answer(
        "f", tuple(Proposal(chain, link, Role.UPSTREAM, Confidence.BOTH, "理由") for chain, link in found)
    )
)


def orderly(found: list[Membership]) -> list[Membership]:
    kept: list[Membership] = []
    for one in found:
        is_second_open = one.state is State.PROPOSED and any(
            (other.chain, other.state) == (one.chain, one.state) for other in kept
        )
        if not is_second_open and not list(faults_of_memberships([*kept, one])):
            kept.append(one)
    return kept


@settings(max_examples=80)
@given(st.lists(memberships(), max_size=5).map(orderly), ANSWERS)
def test_a_new_answer_never_touches_what_people_said_and_leaves_one_open_proposal_where_nobody_spoke(
    held: list[Membership], answer: Answer
) -> None:
    change = repropose(held, answer, day=DAY, at=AT)
    assert all(one.state is State.PROPOSED for one in (*change.add, *change.withdraw))
    after = [one for one in held if one not in change.withdraw] + list(change.add)
    wanted = {one.chain: one for one in answer.proposals}
    for chain in "AB":
        spoken = [
            one for one in held
            if one.chain == chain and one.state is not State.PROPOSED
            and any(one.period.holds(DAY + timedelta(days=n)) for n in range(60))
        ]  # fmt: skip
        left = [one for one in after if one.chain == chain and one.state is State.PROPOSED]
        expected = [wanted[chain].link] if chain in wanted and not spoken else []
        assert [one.link for one in left] == expected
    assert repropose(after, answer, day=DAY, at=AT).add == ()


def test_a_confirmed_membership_that_the_evidence_contradicts_is_shown_to_people() -> None:
    confirmed = membership("A", State.CONFIRMED, Period(DAY), link="b")
    answer = Answer("f", (Proposal("A", "a", Role.UPSTREAM, Confidence.BOTH, "理由"),))
    change = repropose([confirmed], answer, day=DAY, at=AT)
    assert (change.add, change.withdraw) == ((), ())
    assert change.differences[0].sentence == "王某确认为“b”环节上游，现有依据指向“a”环节上游：理由"


def test_of_several_words_of_people_the_one_that_holds_now_is_compared_with_the_evidence() -> None:
    now = membership("A", State.CONFIRMED, Period(DAY, DAY + timedelta(days=9)), link="b")
    later = membership("A", State.CONFIRMED, Period(DAY + timedelta(days=10)), link="a")
    answer = Answer("f", (Proposal("A", "a", Role.UPSTREAM, Confidence.BOTH, "理由"),))
    for held in ([now, later], [later, now]):
        assert [one.confirmed for one in repropose(held, answer, day=DAY, at=AT).differences] == [now]


def test_a_person_confirms_a_proposal_and_may_correct_its_link_and_role() -> None:
    proposed = membership("A", State.PROPOSED, Period(DAY))
    after = settle(
        [proposed], proposed, State.CONFIRMED, by="李某", at=AT, period=Period(DAY), link="b", role=Role.CORE
    )
    assert [(one.state, one.link, one.role, one.by) for one in after] == [
        (State.CONFIRMED, "b", Role.CORE, "李某")
    ]


def test_nothing_is_settled_twice_by_nobody_or_over_other_words() -> None:
    proposed = membership("A", State.PROPOSED, Period(DAY))
    declined = membership("A", State.DECLINED, Period(DAY, DAY + timedelta(days=9)))
    with pytest.raises(Refused) as refused:
        settle([declined, proposed], proposed, State.CONFIRMED, by="", at=AT, period=Period(DAY))
    assert [fault.where for fault in refused.value.faults] == ["by", "since"]
    with pytest.raises(Refused):
        settle([declined], declined, State.CONFIRMED, by="李某", at=AT, period=Period(DAY))


def test_a_hand_over_ends_one_membership_and_begins_the_next_the_day_after() -> None:
    current = membership("A", State.CONFIRMED, Period(DAY))
    on = DAY + timedelta(days=30)
    after = hand_over([current], current, on=on, by="李某", at=AT, link="b", role=Role.CORE, reason="转产")
    assert [(one.link, one.period) for one in after] == [
        ("a", Period(DAY, on - timedelta(days=1))), ("b", Period(on)),
    ]  # fmt: skip
    with pytest.raises(Refused):
        hand_over([current], current, on=DAY, by="李某", at=AT, link="b", role=Role.CORE, reason="转产")
