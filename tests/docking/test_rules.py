from hypothesis import given
from hypothesis import strategies as st

from app.docking.kinds import KIND_LABELS, EventKind
from app.docking.reasons import REASONS, DeclineReason, facts_established
from app.docking.rules import STAGE_LABELS, Event, PartyState, Stage, fold
from app.policy.facts import FACTS, Members
from tests.docking.histories import PARTIES, histories, make_event


@given(st.data())
def test_folding_gives_the_same_in_one_pass_in_many_and_in_any_order(data: st.DataObject) -> None:
    events = data.draw(histories())
    cut = data.draw(st.integers(0, len(events)))
    shuffled = data.draw(st.permutations(events))
    whole = fold(events)
    assert fold(events[cut:], fold(events[:cut])) == whole
    assert fold(shuffled) == whole


@given(histories())
def test_a_party_is_what_its_own_events_in_order_of_time_say(events: list[Event]) -> None:
    state = fold(events)
    voided = {event.corrects for event in events if event.corrects is not None}
    kept = [event for event in events if event.sequence not in voided]
    for party in PARTIES:
        own = sorted((e for e in kept if e.institution_id == party), key=lambda e: e.moment)
        moments = {kind: [e.moment for e in own if e.kind is kind] for kind in EventKind}
        sums = {kind: sum(e.amount_fen for e in own if e.kind is kind) for kind in EventKind}
        lasts = {kind: [e for e in own if e.kind is kind][-1:] for kind in EventKind}
        assert state.party(party) == PartyState(
            accepted=max(moments[EventKind.ACCEPTED], default=None),
            contacted=min(moments[EventKind.CONTACTED], default=None),
            visited=max(moments[EventKind.VISITED], default=None),
            approved=min(moments[EventKind.CREDIT_APPROVED], default=None),
            disbursed=min(moments[EventKind.DISBURSED], default=None),
            declined=max(moments[EventKind.DECLINED], default=None),
            reason=next((e.reason for e in lasts[EventKind.DECLINED]), None),
            paused=max(moments[EventKind.PAUSED], default=None),
            resumed=max(moments[EventKind.RESUMED], default=None),
            rated=max(moments[EventKind.RATED], default=None),
            score=next((e.score for e in lasts[EventKind.RATED]), None),
            offered=max(moments[EventKind.GUARANTEE_OFFERED], default=None),
            offered_fen=sum(e.amount_fen for e in lasts[EventKind.GUARANTEE_OFFERED]),
            offered_fee_bp=next((e.fee_bp for e in lasts[EventKind.GUARANTEE_OFFERED]), None),
            granted=min(moments[EventKind.GUARANTEE_GRANTED], default=None),
            approved_fen=sums[EventKind.CREDIT_APPROVED],
            disbursed_fen=sums[EventKind.DISBURSED],
            granted_fen=sums[EventKind.GUARANTEE_GRANTED],
        )


def test_the_entry_stands_where_its_furthest_party_stands() -> None:
    history = [
        make_event(1, EventKind.ACCEPTED, 7, 1),
        make_event(2, EventKind.CONTACTED, 7, 2),
        make_event(3, EventKind.DECLINED, 7, 3),
        make_event(4, EventKind.ACCEPTED, 8, 4),
        make_event(5, EventKind.CONTACTED, 8, 5),
        make_event(6, EventKind.CREDIT_APPROVED, 8, 6, 400),
        make_event(7, EventKind.DISBURSED, 8, 7, 100),
    ]
    stages = [fold(history[:count]).stage for count in range(len(history) + 1)]
    assert stages == [
        Stage.WAITING,
        Stage.ACCEPTED,
        Stage.CONTACTED,
        Stage.DECLINED,
        Stage.ACCEPTED,
        Stage.CONTACTED,
        Stage.CREDITED,
        Stage.DISBURSED,
    ]
    assert fold(history).party(7).stage is Stage.DECLINED


def test_an_acceptance_after_a_decline_takes_the_entry_up_again() -> None:
    declined = fold([make_event(1, EventKind.CONTACTED, hour=1), make_event(2, EventKind.DECLINED, hour=2)])
    again = fold([make_event(3, EventKind.ACCEPTED, hour=3)], declined)
    assert declined.party(7).has_declined
    assert not again.party(7).has_declined
    assert again.stage is Stage.CONTACTED


def test_every_reason_kind_and_stage_has_its_chinese_word() -> None:
    assert set(REASONS) == set(DeclineReason)
    assert set(KIND_LABELS) == set(EventKind)
    assert set(STAGE_LABELS) == set(Stage)
    assert all(meaning.chinese for meaning in REASONS.values())


def test_reasons_establish_only_declared_facts_with_values_of_their_kind() -> None:
    for meaning in REASONS.values():
        for name, value in meaning.establishes.items():
            kinds = {"choices": Members, "flag": bool}
            assert isinstance(value, kinds[FACTS[name].kind])
            members = value.known if isinstance(value, Members) else frozenset()
            assert members <= set(FACTS[name].values)


def test_declines_add_up_to_facts_and_missing_elements_grow_together() -> None:
    facts = facts_established(
        [
            DeclineReason.MISSING_ELEMENTS_LAND,
            DeclineReason.CREDIT_INELIGIBLE,
            DeclineReason.MISSING_ELEMENTS_ENVIRONMENT,
        ]
    )
    assert facts == {
        "missing_elements": Members.at_least({"land", "environment"}),
        "credit_eligible": False,
    }
    assert facts_established([DeclineReason.NO_COLLATERAL]) == {"collateral": Members.of()}
    assert facts_established([DeclineReason.ENTERPRISE_WITHDREW_INTEREST]) == {}
