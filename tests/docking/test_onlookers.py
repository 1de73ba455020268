"""Who may log on an entry, and what of others' doings is told to whom."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.permissions import Action, acting
from app.accounts.rules import Grant, Role, Viewer
from app.allocation.tables import Assignment
from app.docking import clock_service, history_service, service
from app.docking.dossiers import EntryDossier
from app.docking.kinds import EventKind
from app.docking.legality import Standing
from app.docking.onlookers import Onlooker
from app.docking.reasons import DeclineReason
from app.docking.rules import Stage
from app.docking.schemas import EventIn
from app.docking.views import docking_out
from app.enterprises.tables import Consent, Need
from app.kernel.database import unrestricted
from app.kernel.errors import Conflict, Forbidden, NotFound, RongqiaoError
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.visibility.service import narrow
from tests.docking.histories import make_event
from tests.docking.world import ASSIGNED, build_world, entry_code

ENTRY = entry_code(0)
TERMS = {"rate": "3.85", "term_months": 24, "is_credit_loan": True}
PAGE = PageRequest(limit=50)


def _event(kind: str, day: int, **fields: Any) -> EventIn:
    at = (ASSIGNED + timedelta(days=day)).isoformat()
    return EventIn.model_validate({"kind": kind, "occurred_at": at} | fields)


def _person(*grants: Grant) -> Viewer:
    return Viewer("somebody", "230000", grants, 1)


def _bank(code: str, role: Role = Role.BANK_ADMINISTRATOR) -> Viewer:
    return _person(Grant(role, code))


@pytest.fixture
async def entry(session: AsyncSession, viewer: Viewer, now: datetime) -> AsyncSession:
    """An entry of icbc-dl that lj supports and may be shown; icbc-dl contacted the firm and approved 4 of 5 million."""
    await build_world(session)
    need = (await session.scalars(select(Need.id))).one()
    session.add(
        Consent(
            need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=False, shows_judicial=False,
            institution_id=None, until=shanghai_date(now), given_by="firm", given_at=now, evidence=None, version=1,
        )
    )  # fmt: skip
    await session.flush()
    for logged in (_event("contacted", 2), _event("credit_approved", 5, amount="4000000.00", **TERMS)):
        await service.log_event(session, viewer, ENTRY, logged, now=now)
    return session


async def _log(session: AsyncSession, viewer: Viewer, event: EventIn, now: datetime) -> Any:
    narrow(session, acting(viewer, Action.LOG_DOCKING), shanghai_date(now))
    return await service.log_event(session, viewer, ENTRY, event, now=now)


async def test_a_supporting_bank_is_told_the_sum_but_not_what_the_responsible_one_did(
    entry: AsyncSession, now: datetime
) -> None:
    viewer = _bank("lj")
    narrow(entry, acting(viewer, Action.READ_CASES), shanghai_date(now))
    state = await history_service.docking_state(entry, viewer, ENTRY, now=now)
    assert (state.responsible, state.approved, [party.institution for party in state.parties]) == (
        "icbc-dl",
        400_000_000,
        ["lj"],
    )
    assert state.clock is None
    assert (await history_service.events_page(entry, viewer, ENTRY, PAGE)).items == []
    with pytest.raises(NotFound):
        await history_service.event(entry, viewer, ENTRY, 1)
    assert (await clock_service.clocks_page(entry, viewer, PAGE, "2023H2", now=now)).items == []


async def test_a_bank_sees_its_own_events_and_those_of_all_below_it(
    entry: AsyncSession, now: datetime
) -> None:
    viewer = _bank("icbc")
    narrow(entry, acting(viewer, Action.READ_CASES), shanghai_date(now))
    assert [
        one.sequence for one in (await history_service.events_page(entry, viewer, ENTRY, PAGE)).items
    ] == [1, 2]


async def test_a_refusal_tells_nothing_of_what_another_bank_logged(
    entry: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    too_much = _event("credit_approved", 6, institution="lj", amount="2000000.00", **TERMS)
    with pytest.raises(Conflict) as told:
        await _log(entry, _bank("lj"), too_much, now)
    assert [fault.where for fault in told.value.faults] == ["entry"]
    assert "万元" not in str(told.value.faults)
    with pytest.raises(Conflict) as said:
        await _log(entry, _person(Grant(Role.COORDINATOR, "230100")), too_much, now)
    assert "600" in str(said.value.faults)
    logged = await _log(entry, _bank("lj"), _event("contacted", 4, institution="lj"), now)
    assert (logged.institution, logged.sequence) == ("lj", 3)


@pytest.mark.parametrize(
    ("who", "institution", "refusal"),
    [
        (_bank("icbc-dl", Role.RELATIONSHIP_MANAGER), None, None),
        (_bank("icbc-dl", Role.RELATIONSHIP_MANAGER), "icbc", Forbidden),
        (_bank("icbc"), "icbc", None),
        (_bank("icbc"), "icbc-dl", None),
        (_bank("lj"), "icbc-dl", Forbidden),
        (_bank("lj"), None, Forbidden),
        (_bank("lj"), "no-such-bank", Forbidden),
        (_bank("ccb"), "ccb", NotFound),
        (_person(Grant(Role.COORDINATOR, "230102")), "icbc-dl", None),
        (_person(Grant(Role.COORDINATOR, "230103")), "icbc-dl", NotFound),
        (_person(Grant(Role.AUDITOR)), None, NotFound),
        (_person(Grant(Role.AUDITOR), Grant(Role.BANK_ADMINISTRATOR, "ccb")), "ccb", NotFound),
        (_person(Grant(Role.COORDINATOR, "230103"), Grant(Role.BANK_ADMINISTRATOR, "lj")), "icbc", Forbidden),
    ],
)
async def test_one_logs_for_the_own_institution_or_in_the_own_region(
    entry: AsyncSession,
    now: datetime,
    who: Viewer,
    institution: str | None,
    refusal: type[RongqiaoError] | None,
) -> None:
    event = _event("contacted", 3, institution=institution)
    if refusal is not None:
        with pytest.raises(refusal):
            await _log(entry, who, event, now)
    else:
        assert (await _log(entry, who, event, now)).sequence == 3


async def test_a_bank_that_declines_passes_the_entry_on_and_sees_it_no_more(
    session: AsyncSession, now: datetime
) -> None:
    await build_world(session, responsible=["icbc-dl", "icbc-dl"], supporting=None)
    for need in await session.scalars(select(Need.id)):
        session.add(
            Consent(
                need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=False,
                shows_judicial=False, institution_id=None, until=shanghai_date(now), given_by="firm", given_at=now,
                evidence=None, version=1,
            )
        )  # fmt: skip
    await session.flush()
    bank = replace(_bank("icbc-dl", Role.RELATIONSHIP_MANAGER), name="王敏")
    declined = _event("declined", 3, reason="litigation", evidence="判决书第3号")
    assert (await _log(session, bank, declined, now)).actor == "王敏"
    with pytest.raises(NotFound):
        await history_service.docking_state(session, bank, ENTRY, now=now)
    assert (
        await history_service.docking_state(session, bank, entry_code(1), now=now)
    ).responsible == "icbc-dl"
    with unrestricted(session):
        kinds = await session.scalars(select(Assignment.kind).where(Assignment.ended_at.is_(None)))
    assert sorted(kinds) == ["coordinator", "matched"]


def test_a_body_is_not_told_that_a_bank_declined_what_it_was_given(now: datetime) -> None:
    bank = Standing(7, "icbc", "/7/", is_responsible=True, since=ASSIGNED, until=now)
    body = Standing(9, "JGJ", "/9/", is_responsible=True, since=now, is_body=True)
    dossier = EntryDossier(1, ENTRY, "admitted", 1_000, None, region="230102", standings=[bank, body])
    dossier.events.append(make_event(1, EventKind.DECLINED, 7, reason=DeclineReason.LITIGATION))
    lines = {7: ("icbc",), 9: ("JGJ",)}
    told = {
        who.grants[0].scope: docking_out(dossier, None, Onlooker(who, lines), now).stage
        for who in (_bank("JGJ"), _bank("icbc"), _person(Grant(Role.COORDINATOR, "230100")))
    }
    assert told == {"JGJ": Stage.WAITING, "icbc": Stage.DECLINED, "230100": Stage.DECLINED}
