from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.coverage.levels import Happening, Spell, parties_of
from tests.coverage.months import START

NAMES = ("a", "b", "supporting")


def hour(count: int) -> datetime:
    return START + timedelta(hours=count)


@st.composite
def spell_lists(draw: st.DrawFn) -> list[Spell]:
    """Times of responsibility one after the other, the last perhaps still running."""
    cuts = sorted(draw(st.lists(st.integers(0, 20), max_size=4, unique=True)))
    ends: list[int | None] = [*cuts[1:], draw(st.sampled_from((None, 25)))]
    owners = draw(st.lists(st.sampled_from(NAMES[:2]), min_size=len(cuts), max_size=len(cuts)))
    return [
        Spell(owner, hour(since), None if until is None else hour(until))
        for owner, since, until in zip(owners, cuts, ends[: len(cuts)], strict=True)
    ]


happenings = st.lists(
    st.builds(
        Happening,
        st.sampled_from(("accepted", "contacted", "credit_approved", "declined", "disbursed")),
        st.sampled_from(NAMES),
        st.integers(0, 30).map(hour),
        st.sampled_from((0, 0, 100, 250)),
    ),
    max_size=10,
)


def levels_of(
    institution: str, spells: Sequence[Spell], events: Sequence[Happening]
) -> list[datetime | None]:
    """Read the definition level by level for one institution, looking at all facts each time."""
    own = [spell for spell in spells if spell.institution == institution]

    def in_charge(at: datetime) -> str | None:
        for spell in spells:
            if spell.since <= at and (spell.until is None or at < spell.until):
                return spell.institution
        return None

    def has_held_it(name: str, at: datetime) -> bool:
        return any(spell.institution == name and spell.since <= at for spell in spells)

    def counts_for_it(event: Happening) -> bool:
        if has_held_it(event.institution, event.at):
            return event.institution == institution
        return in_charge(event.at) == institution

    def first(kinds: set[str], since: datetime | None, least: int) -> datetime | None:
        found = [
            event.at
            for event in events
            if event.kind in kinds and counts_for_it(event) and event.amount_fen >= least
            and since is not None and event.at >= since
        ]  # fmt: skip
        return min(found) if found else None

    contacts = [
        event.at
        for event in events
        if event.kind == "contacted"
        and event.institution == institution
        and any(spell.covers(event.at) for spell in own)
    ]
    contacted = min(contacts) if contacts else None
    answered = first({"credit_approved", "declined"}, contacted, 0)
    credited = first({"credit_approved"}, contacted, 1)
    return [contacted, answered, credited, first({"disbursed"}, credited, 1)]


@given(spell_lists(), happenings)
def test_levels_are_those_of_the_definition_read_one_by_one(
    spells: list[Spell], events: list[Happening]
) -> None:
    parties, _strays = parties_of(spells, events)
    for party in parties:
        reached = [party.contacted_at, party.answered_at, party.credited_at, party.disbursed_at]
        assert reached == levels_of(party.institution, spells, events)


@given(spell_lists(), happenings)
def test_a_level_is_never_reached_before_the_one_that_it_follows(
    spells: list[Spell], events: list[Happening]
) -> None:
    for party in parties_of(spells, events)[0]:
        chain = [
            party.assigned_at,
            party.contacted_at,
            party.answered_at,
            party.credited_at,
            party.disbursed_at,
        ]
        reached = [at for at in chain if at is not None]
        assert chain[: len(reached)] == reached == sorted(reached)


@given(spell_lists(), happenings)
def test_every_answer_and_payment_is_counted_or_said_to_be_uncounted(
    spells: list[Spell], events: list[Happening]
) -> None:
    parties, strays = parties_of(spells, events)
    facts = [event for event in events if event.kind in {"credit_approved", "declined", "disbursed"}]
    uncounted = strays + sum(party.uncounted for party in parties)
    assert 0 <= uncounted <= len(facts)
    if not any(event.kind == "contacted" for event in events):
        assert uncounted == len(facts)


def party_after(*events: Happening, spells: Sequence[Spell] = (Spell("a", hour(1), None),)) -> list[bool]:
    [party] = (p for p in parties_of(spells, events)[0] if p.institution == "a")
    return [
        party.contacted_at is not None,
        party.answered_at is not None,
        party.credited_at is not None,
        party.disbursed_at is not None,
    ]


def test_an_approval_without_a_contact_implies_none() -> None:
    approval = Happening("credit_approved", "a", hour(3), 100)
    assert party_after(approval) == [False] * 4
    assert parties_of([Spell("a", hour(1), None)], [approval])[0][0].uncounted == 1


def test_a_contact_after_the_approval_does_not_make_it_count() -> None:
    approval, contact = Happening("credit_approved", "a", hour(3), 100), Happening("contacted", "a", hour(4))
    assert party_after(approval, contact) == [True, False, False, False]
    at_once = Happening("contacted", "a", hour(3))
    assert party_after(approval, at_once) == [True, True, True, False]


def test_a_decline_after_a_contact_is_an_answer_but_no_credit() -> None:
    contact, decline = Happening("contacted", "a", hour(2)), Happening("declined", "a", hour(5))
    assert party_after(contact, decline) == [True, True, False, False]


def test_the_contact_of_a_supporting_institution_is_not_that_of_the_responsible_one() -> None:
    contact = Happening("contacted", "supporting", hour(2))
    approval = Happening("credit_approved", "supporting", hour(5), 100)
    assert party_after(contact, approval) == [False] * 4
    own = Happening("contacted", "a", hour(3))
    assert party_after(contact, own, approval) == [True, True, True, False]


def test_passing_an_entry_on_takes_nothing_back() -> None:
    spells = (Spell("a", hour(1), hour(8)), Spell("b", hour(8), None))
    events = [Happening("contacted", "a", hour(2)), Happening("declined", "a", hour(7))]
    former, present = parties_of(spells, events)[0]
    assert (former.answered_at, former.is_current) == (hour(7), False)
    assert (present.contacted_at, present.is_current) == (None, True)


def test_an_allocation_run_again_leaves_no_trace_of_whom_it_replaced() -> None:
    spells = (Spell("a", hour(1), hour(2)), Spell("b", hour(2), None))
    assert [party.institution for party in parties_of(spells, [])[0]] == ["b"]


def test_times_of_the_same_institution_count_together() -> None:
    spells = (Spell("a", hour(1), hour(4)), Spell("a", hour(4), None))
    events = [Happening("contacted", "a", hour(2)), Happening("credit_approved", "a", hour(6), 100)]
    [party] = parties_of(spells, events)[0]
    assert (party.assigned_at, party.contacted_at, party.credited_at) == (hour(1), hour(2), hour(6))
