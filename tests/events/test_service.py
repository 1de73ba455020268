"""Years, guests, timetables, the door, contacts and results over the town, on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.accounts import account_service, audit_service, people_service
from app.accounts.audit import Origin
from app.accounts.rules import Grant, Role, Viewer
from app.docking.tables import DockingEvent
from app.events import (
    attendance_service,
    contact_service,
    guest_service,
    inviting_service,
    planning_service,
    results_service,
    service,
    timetable_service,
)
from app.events.guest_schemas import AttendanceIn, ContactIn, ContactsIn, GuestsIn
from app.events.schemas import EventChange, EventFilter, HostedEventIn, YearIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Refused
from tests.bottlenecks.world import World
from tests.events.town import (
    AFTERWARDS,
    CHAIN,
    DAY,
    NOW,
    PAGE,
    THAT_DAY,
    answered,
    any_version,
    build,
    guests,
    invited,
    timetabled,
)


@pytest.fixture
async def world(session: AsyncSession, viewer: Viewer) -> World:
    audit_service.begin(session, Origin(viewer, "test"))
    return await build(session)


async def test_a_year_is_looked_at_and_kept_once_with_what_was_looked_at(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    wanted = YearIn(year=2024, conferences=1, conference_month=9)
    seen = await planning_service.preview_year(session, viewer, wanted, now=NOW)
    assert {one.rhythm.value for one in seen.events} == {"yearly", "quarterly", "monthly"}
    assert all(date.fromisoformat(str(one.day)).weekday() < 5 and one.reasons for one in seen.events)
    assert {one.rhythm.value: one.clause for one in seen.series}["monthly"] == "运营方设定"
    strange = wanted.model_copy(update={"expected_hash": "0" * 64})
    with pytest.raises(Conflict):
        await planning_service.keep_year(session, viewer, strange, now=NOW)
    kept = await planning_service.keep_year(
        session, viewer, wanted.model_copy(update={"expected_hash": seen.content_hash}), now=NOW
    )
    assert [one.model_copy(update={"code": None}) for one in kept.events] == seen.events
    listed = (await service.list_events(session, viewer, PAGE, EventFilter(year=2024), now=NOW)).items
    assert sorted(one.code for one in listed) == sorted(str(one.code) for one in kept.events)
    with pytest.raises(Conflict):
        await planning_service.keep_year(session, viewer, wanted, now=NOW)


async def test_a_public_holiday_takes_an_event_only_with_a_reason_which_is_kept(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    on_new_year = {"chain": CHAIN, "day": "2024-01-01"}
    with pytest.raises(Refused) as refusal:
        await service.add_event(session, viewer, HostedEventIn.model_validate(on_new_year), now=NOW)
    assert "元旦" in refusal.value.faults[0].message
    assert "2024-01-02" in refusal.value.faults[0].remedy
    event = await service.add_event(
        session, viewer, HostedEventIn.model_validate({"chain": CHAIN, "day": DAY}), now=NOW
    )
    moving = {"day": "2023-12-31"}
    for reason in ("", "要办"):
        change = EventChange.model_validate(moving | {"reason": reason})
        with pytest.raises(Refused):
            await service.change_event(session, viewer, event.code, change, expect=any_version, now=NOW)
    change = EventChange.model_validate(moving | {"reason": "跨年夜专场，企业要求"})
    moved = await service.change_event(session, viewer, event.code, change, expect=any_version, now=NOW)
    assert moved.day == date(2023, 12, 31)
    assert "跨年夜专场" in moved.reasons[-1]
    nowhere = HostedEventIn.model_validate({"rhythm": "quarterly", "day": DAY})
    with pytest.raises(Refused) as missing:
        await service.add_event(session, viewer, nowhere, now=NOW)
    assert {fault.where for fault in missing.value.faults} == {"source_class", "place"}


async def test_guests_come_from_open_needs_and_fitting_banks_and_who_was_told_stays(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    code, told = await invited(session, viewer)
    assert {name for name in told if name.endswith("公司")} == {"甲公司", "乙公司"}, (
        "丙 fits nothing, 链外 is of no chain"
    )
    assert told["甲公司"].meetings[0].bank == "B1", "the responsible bank comes before all others"
    assert told["甲公司"].state == "invited"
    plan = await inviting_service.preview_guests(session, viewer, code, GuestsIn())
    assert plan.left_out == {"no_fitting_bank": 1}
    assert (plan.stays, len(plan.firms)) == (len(told), 3)
    await answered(session, viewer, code, told["乙公司"].id, accepts=False, note="出差")
    await inviting_service.keep_guests(session, viewer, code, GuestsIn(), expect=any_version, now=NOW)
    after = await guests(session, viewer, code)
    assert after["乙公司"].state == "declined"
    assert after["甲公司"].id == told["甲公司"].id
    banks = [{"institution": one, "tables": 1} for one in ("B1-DL", "XX", "B1", "B1")]
    wanted = GuestsIn.model_validate({"banks": banks})
    with pytest.raises(Refused) as refusal:
        await inviting_service.preview_guests(session, viewer, code, wanted)
    assert [fault.where for fault in refusal.value.faults] == [f"banks.{n}.institution" for n in range(4)]


async def test_of_one_bank_s_institutions_that_answer_the_higher_one_has_the_last_word(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    code, told = await invited(session, viewer)
    await answered(session, viewer, code, told["甲公司"].id)
    bank = told["B1"].id
    for login, scope in (("head", "B1"), ("branch", "B1-DL"), ("clerk", "B1-DL")):
        person = await account_service.make_person(session, login, login, None, now=NOW)
        grant = Grant(Role.RELATIONSHIP_MANAGER, scope, NOW.date())
        await people_service.store_grant(session, person, grant, "test", now=NOW)

    def clerk(login: str, scope: str) -> Viewer:
        grant = Grant(Role.RELATIONSHIP_MANAGER, scope, NOW.date())
        return Viewer(login, viewer.jurisdiction, (grant,), person=1)

    head, branch, colleague = clerk("head", "B1"), clerk("branch", "B1-DL"), clerk("clerk", "B1-DL")
    assert (await answered(session, viewer, code, bank, accepts=False)).answered_for is None, (
        "a host writes down what it was told"
    )
    said = await answered(session, branch, code, bank)
    assert (said.state, said.answered_for, said.can_answer) == ("accepted", "B1-DL", True)
    assert (await answered(session, colleague, code, bank, note="两人")).note == "两人"
    assert (await answered(session, head, code, bank, accepts=False)).answered_for == "B1"
    seen = await guest_service.get_guest(session, branch, code, bank, now=NOW)
    assert (seen.state, seen.answered_for, seen.can_answer) == ("declined", "B1", False)
    with pytest.raises(Conflict) as refusal:
        await answered(session, branch, code, bank)
    assert [(fault.where, fault.value) for fault in refusal.value.faults] == [("guest", "B1")]
    assert (await answered(session, viewer, code, bank)).state == "accepted"


async def test_a_timetable_is_made_again_with_the_fewest_changes_and_says_why_not_all_fit(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    code, told = await invited(session, viewer)
    made = await timetabled(session, viewer, code)
    places = {one.id: (one.slot, one.table) for one in made.meetings}
    assert made.outcome == "optimal"
    assert len({(one.firm, one.slot) for one in made.meetings}) == len(made.meetings)
    away = next(one.slot for one in made.meetings if one.firm == "乙公司")
    await answered(session, viewer, code, told["乙公司"].id, absent=[away])
    assert (await timetable_service.get_timetable(session, viewer, code)).is_stale
    again = await timetabled(session, viewer, code)
    moved = {one.firm for one in again.meetings if (one.slot, one.table) != places[one.id]}
    assert moved == {"乙公司"}
    assert away not in {one.slot for one in again.meetings if one.firm == "乙公司"}
    hours = {"opens": "09:00", "closes": "09:20", "breaks": []}
    change = EventChange.model_validate({"hours": hours})
    await service.change_event(session, viewer, code, change, expect=any_version, now=NOW)
    with pytest.raises(Conflict) as refusal:
        await timetabled(session, viewer, code)
    assert any("“甲公司”" in fault.message for fault in refusal.value.faults)


async def test_a_code_opens_one_event_from_its_day_on(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    code, told = await invited(session, viewer)
    shown = AttendanceIn(code=str(told["甲公司"].attendance_code).lower())
    with pytest.raises(Conflict):
        await attendance_service.attend(session, viewer, code, shown, now=NOW)
    came = await attendance_service.attend(session, viewer, code, shown, now=THAT_DAY)
    assert (came.name, came.was_there) == ("甲公司", False)
    again = await attendance_service.attend(session, viewer, code, shown, now=THAT_DAY + timedelta(hours=1))
    assert (again.was_there, again.arrived_at) == (True, THAT_DAY)
    other, _guests = await invited_elsewhere(session, viewer)
    for event, text in ((other, shown.code), (code, "0000-0000"), (code, "甲")):
        later = THAT_DAY + timedelta(days=30)
        with pytest.raises(Refused):
            await attendance_service.attend(session, viewer, event, AttendanceIn(code=text), now=later)


async def invited_elsewhere(session: AsyncSession, viewer: Viewer) -> tuple[str, int]:
    wanted = HostedEventIn.model_validate({"chain": CHAIN, "day": "2024-01-10"})
    event = await service.add_event(session, viewer, wanted, now=NOW)
    made = await inviting_service.keep_guests(
        session, viewer, event.code, GuestsIn(), expect=any_version, now=NOW
    )
    return event.code, made.invited_firms


async def test_what_a_party_did_is_docking_what_another_did_an_interest_and_results_are_kept(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    code, _told = await invited(session, viewer)
    made = await timetabled(session, viewer, code)
    sent = ContactsIn(meetings=[ContactIn(meeting=one.id, note="谈妥利率") for one in made.meetings])
    with pytest.raises(Conflict):
        await contact_service.log_contacts(session, viewer, code, sent, now=NOW)
    done = await contact_service.log_contacts(session, viewer, code, sent, now=THAT_DAY)
    assert (done.met, done.logged) == (len(made.meetings), 1)
    assert len(done.interests) == len(made.meetings) - 1
    [event] = (await session.scalars(select(DockingEvent).where(DockingEvent.kind == "contacted"))).all()
    assert event.entry_id == world.entries["甲"]
    assert event.institution_id == world.institutions["B1-DL"], (
        "the branch that has the entry, not its head office"
    )
    assert "谈妥利率" in event.detail["note"]
    assert (await contact_service.log_contacts(session, viewer, code, sent, now=THAT_DAY)).met == 0
    strange = ContactsIn(meetings=[ContactIn(meeting=2**62)])
    with pytest.raises(Refused):
        await contact_service.log_contacts(session, viewer, code, strange, now=THAT_DAY)

    early = await results_service.event_results(session, viewer, code, now=THAT_DAY + timedelta(days=9))
    assert [(one.is_complete, one.sha256, one.met) for one in early.results] == [(False, None, 2)] * 2
    assert await results_service.keep_due(session, viewer, now=AFTERWARDS) == 1
    kept = await results_service.event_results(session, viewer, code, now=AFTERWARDS)
    assert all(one.is_complete and one.sha256 and one.kept_at == AFTERWARDS for one in kept.results)
    later = await results_service.event_results(session, viewer, code, now=AFTERWARDS + timedelta(days=99))
    assert later == kept
    year = await results_service.year_results(session, viewer, 2023, now=AFTERWARDS)
    assert [(one.days, one.events, one.met) for one in year.sums] == [(30, 1, 2), (90, 1, 2)]
    assert await results_service.keep_due(session, viewer, now=AFTERWARDS) == 0
