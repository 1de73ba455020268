"""A plan is drafted, compared, published, archived: nothing skips a step, nothing published changes."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chains.plan_states import (
    Comparison,
    PlanState,
    PlanVersion,
    archive,
    compare,
    draft,
    in_force,
    publish,
    redraft,
)
from app.chains.rules import Period
from app.kernel.errors import Conflict

FIRST = date(2024, 1, 1)
TODAY = FIRST + timedelta(days=10)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def comparison(version: PlanVersion, against: int | None, inputs: str = "now") -> Comparison:
    return Comparison(version.content_hash, against, "2024H1", inputs, TODAY)


def refused(work: Callable[[], object]) -> set[str]:
    with pytest.raises(Conflict) as caught:
        work()
    return {fault.where for fault in caught.value.faults}


def test_a_plan_goes_from_draft_to_archive_and_the_next_follows_it() -> None:
    one = draft([], Period(FIRST), "a", replaces=None)
    one = publish(compare(one, comparison(one, None)), [one], TODAY, "now")
    two = draft([one], Period(day(20)), "b", replaces=1)
    two = publish(compare(two, comparison(two, 1)), [one, two], TODAY, "now")
    assert (two.number, in_force([one, two], TODAY), in_force([one, two], day(20))) == (2, 1, 2)
    assert refused(lambda: archive(one, [one, two], TODAY)) == {"state"}
    assert archive(one, [one, two], day(20)).state is PlanState.ARCHIVED
    assert in_force([archive(one, [one, two], day(20)), two], TODAY) == 1


def test_what_is_published_is_what_was_compared_and_every_reason_is_given_at_once() -> None:
    one = draft([], Period(FIRST), "a", replaces=None)
    assert refused(lambda: publish(one, [one], TODAY, "now")) == {"state"}
    held = publish(compare(one, comparison(one, None)), [one], TODAY, "now")
    two = draft([held], Period(FIRST, day(5)), "b", replaces=1)
    compared = compare(two, comparison(two, None, "before"))
    assert refused(lambda: publish(compared, [held, two], TODAY, "now")) == {
        "against",
        "inputs_hash",
        "until",
    }
    assert redraft(compared, [held, compared], compared.period, "b") is compared
    assert redraft(compared, [held, compared], compared.period, "c").state is PlanState.DRAFT
    assert refused(lambda: compare(two, comparison(held, 1))) == {"content_hash"}
    assert refused(lambda: redraft(held, [held], held.period, "z")) == {"state"}


def test_days_and_versions_that_contradict_each_other_are_refused() -> None:
    one = draft([], Period(FIRST), "a", replaces=None)
    assert refused(lambda: draft([one], Period(day(3)), "b", replaces=None)) == {"since"}
    assert refused(lambda: draft([], Period(day(3), day(2)), "b", replaces=None)) == {"until"}
    held = publish(compare(one, comparison(one, None)), [one], TODAY, "now")
    assert refused(lambda: draft([held], Period(day(3)), "b", replaces=None)) == {"replaces"}
    assert refused(lambda: draft([held], Period(day(-3)), "b", replaces=1)) == {"since"}
    circle = [
        PlanVersion(1, PlanState.PUBLISHED, Period(FIRST), "a", replaces=2),
        PlanVersion(2, PlanState.PUBLISHED, Period(FIRST), "b", replaces=1),
    ]
    turned = PlanVersion(3, PlanState.DRAFT, Period(FIRST), "c", replaces=2)
    assert refused(lambda: redraft(turned, circle, Period(FIRST), "d")) == {"replaces"}
    newer = [circle[0], PlanVersion(2, PlanState.PUBLISHED, Period(FIRST), "b", replaces=1)]
    assert refused(lambda: draft([PlanVersion(1, PlanState.PUBLISHED, Period(FIRST), "a"), newer[1]],
                                 Period(FIRST), "c", replaces=1)) == {"replaces"}  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(["draft", "redraft", "compare", "publish", "archive"]), st.integers(1, 4),
                          st.integers(0, 25), st.integers(0, 12), st.sampled_from("ab")), max_size=14))  # fmt: skip
def test_whatever_is_tried_published_versions_stay_and_drafts_never_share_days(
    tried: list[tuple[str, int, int, int, str]],
) -> None:
    held: dict[int, PlanVersion] = {}
    published: dict[int, tuple[Period, str]] = {}
    for what, number, since, length, content in tried:
        versions, period = list(held.values()), Period(day(since), day(since + length))
        version = held.get(number)
        try:
            if what == "draft":
                made = draft(versions, period, content, replaces=max(published, default=None))
            elif version is None:
                continue
            elif what == "redraft":
                made = redraft(version, versions, period, content)
            elif what == "compare":
                made = compare(version, comparison(version, in_force(versions, TODAY)))
            elif what == "publish":
                made = publish(version, versions, TODAY, "now")
                published[made.number] = made.period, made.content_hash
            else:
                made = archive(version, versions, TODAY)
        except Conflict:
            continue
        held[made.number] = made
        open_ones = [one for one in held.values() if one.state in {PlanState.DRAFT, PlanState.COMPARED}]
        assert not any(
            a.period.overlaps(b.period) for a in open_ones for b in open_ones if a.number < b.number
        )
        kept = {one.number: (one.period, one.content_hash) for one in held.values() if one not in open_ones}
        assert kept == published
