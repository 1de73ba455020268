"""Who holds which role: given by others, never against separated duties, gone at once when taken away."""

import asyncio
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.accounts import account_service, people_service
from app.accounts.people_rules import are_separated, contradictions, do_overlap, may_invite, written_scope
from app.accounts.people_schemas import GrantIn
from app.accounts.permissions import Target
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import AuditEvent, Person, RoleGrant
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict
from app.visibility.places import StoredPlaces
from tests.accounts.offices import OPERATOR, client_as, person, working

DAYS = st.dates(date(2023, 1, 1), date(2023, 1, 8))
GRANTS = st.builds(Grant, st.sampled_from(list(Role)), st.just("x"), DAYS, st.none() | DAYS)


@given(GRANTS, GRANTS)
def test_two_grants_overlap_exactly_when_they_share_a_day(one: Grant, other: Grant) -> None:
    days = [date(2023, 1, 1) + timedelta(days=number) for number in range(9)]
    shared = any(one.is_in_force(day) and other.is_in_force(day) for day in days)
    assert do_overlap(one, other) == shared


@given(GRANTS, st.lists(GRANTS, max_size=4))
def test_no_day_sees_an_administrator_with_another_role(new: Grant, held: list[Grant]) -> None:
    if contradictions(new, held):
        return
    for day in (date(2023, 1, 1) + timedelta(days=number) for number in range(9)):
        beside = {one.role for one in held if one.is_in_force(day)} if new.is_in_force(day) else set()
        assert not any(are_separated(new.role, role) for role in beside)
    assert are_separated(Role.ADMINISTRATOR, Role.AUDITOR)
    assert not are_separated(Role.ADMINISTRATOR, Role.ADMINISTRATOR)


@pytest.mark.parametrize(
    ("role", "scope", "is_right"),
    [
        (Role.ENTERPRISE, "91230199MA1BQXYE20", True),
        (Role.ENTERPRISE, "91230199ma1bqxye20", True),
        (Role.ENTERPRISE, "91230199MA1BQXYE21", False),
        (Role.COORDINATOR, "230100", True),
        (Role.COORDINATOR, "2301", False),
        (Role.CHAIN_MANAGER, "HLJ GDZB", False),
        (Role.AUDITOR, "", True),
        (Role.AUDITOR, "230000", False),
    ],
)
def test_a_scope_has_the_form_that_its_role_calls_for(role: Role, scope: str, is_right: bool) -> None:  # noqa: FBT001
    written, fault = written_scope(role, scope)
    assert (fault is None) is is_right
    assert not is_right or written == scope.upper()


def test_a_bank_administrator_invites_own_staff_within_the_own_subtree_only() -> None:
    branch = Viewer("b", "230000", (Grant(Role.BANK_ADMINISTRATOR, "BANK-HRB"),), 1)
    inside, above = Target(institutions=("BANK", "BANK-HRB", "BANK-HRB-DL")), Target(institutions=("BANK",))
    assert may_invite(branch, Role.RELATIONSHIP_MANAGER, inside)
    assert may_invite(branch, Role.BANK_ADMINISTRATOR, Target(institutions=("BANK", "BANK-HRB")))
    assert not may_invite(branch, Role.RELATIONSHIP_MANAGER, above)
    assert not may_invite(branch, Role.GUARANTOR, inside)
    assert not may_invite(branch, Role.COORDINATOR, Target(region="230100"))
    assert may_invite(Viewer("a", "230000", (Grant(Role.ADMINISTRATOR),), 2), Role.COORDINATOR, above)


async def test_an_administrator_finds_gives_and_ends_roles_and_each_change_is_on_record(
    sessions: Sessions,
) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    wang = await person(sessions, "wang.fang")
    async with client_as(sessions, admin) as client:
        path = f"/people/{wang.person}"
        made = await client.post(f"{path}/grants", json={"role": "coordinator", "scope": "230100"})
        assert (made.status_code, made.json()["is_in_force"]) == (201, True)
        assert [one["login"] for one in (await client.get("/people?search=FANG")).json()["items"]] == [
            "wang.fang"
        ]
        listed = (await client.get("/people?role=coordinator&scope=230100&is_disabled=false")).json()["items"]
        assert [one["id"] for one in listed] == [wang.person]
        read = await client.get(path)
        end = f"{path}/grants/{made.json()['id']}"
        stale = await client.patch(end, json={"is_ended": True}, headers={"If-Match": '"1"'})
        ended = await client.patch(end, json={"is_ended": True}, headers={"If-Match": read.headers["etag"]})
        assert (stale.status_code, ended.status_code) == (412, 200)
        [grant] = ended.json()["grants"]
        assert (grant["is_in_force"], grant["ended_by"]) == (False, "root")
        again = await client.patch(end, json={"is_ended": True}, headers={"If-Match": ended.headers["etag"]})
        assert again.status_code == 409
    async with sessions() as session:
        notes = (await session.execute(select(AuditEvent).order_by(AuditEvent.sequence))).scalars().all()
    changes = [
        (note.action, note.subject, note.detail["role"])
        for note in notes
        if note.subject_kind == "person" and "role" in note.detail
    ]
    assert changes == [
        ("grant", str(wang.person), "coordinator"),
        ("end_grant", str(wang.person), "coordinator"),
    ]
    assert "Wang" not in str([note.detail for note in notes])


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"role": "coordinator", "scope": "310000"}, 422, "scope"),
        ({"role": "coordinator", "scope": "230199"}, 422, "scope"),
        ({"role": "relationship_manager", "scope": "NOBODY"}, 422, "scope"),
        ({"role": "chain_manager", "scope": "NOTHING"}, 422, "scope"),
        ({"role": "enterprise", "scope": "91230199MA1BQXYE21"}, 422, "scope"),
        ({"role": "auditor", "since": "2023-01-01"}, 422, "since"),
        ({"role": "auditor", "since": "2999-01-02", "until": "2999-01-01"}, 422, "until"),
        ({"role": "administrator"}, 409, "role"),
        ({"role": "coordinator", "scope": "230100"}, 409, "role"),
    ],
)
async def test_a_role_that_cannot_be_is_refused_by_name(
    sessions: Sessions, body: dict[str, str], status: int, where: str
) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    wang = await person(sessions, "wang.fang", (Role.COORDINATOR, "230100"))
    async with client_as(sessions, admin) as client:
        answer = await client.post(f"/people/{wang.person}/grants", json=body)
        assert (answer.status_code, [one["where"] for one in answer.json()["errors"]]) == (status, [where])
        assert len((await client.get(f"/people/{wang.person}")).json()["grants"]) == 1


async def test_nobody_decides_on_the_own_account_and_nobody_else_manages_accounts(sessions: Sessions) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    auditor = await person(sessions, "audit", (Role.AUDITOR, ""))
    async with client_as(sessions, admin) as client:
        own = f"/people/{admin.person}"
        given = await client.post(f"{own}/grants", json={"role": "administrator", "since": "2999-01-01"})
        locked = await client.patch(own, json={"is_disabled": True}, headers={"If-Match": '"1"'})
        assert (given.status_code, locked.status_code) == (403, 403)
        assert (await client.get("/people/999999")).status_code == 404
    for viewer in (auditor, await person(sessions, "hrb", (Role.COORDINATOR, "230000"))):
        async with client_as(sessions, viewer) as client:
            assert (await client.get("/people")).status_code == 403
            assert (await client.post("/people/1/grants", json={"role": "auditor"})).status_code == 403


async def test_of_two_administrators_who_end_each_other_one_stays(sessions: Sessions) -> None:
    admins = [await person(sessions, f"root{n}", (Role.ADMINISTRATOR, "")) for n in range(2)]
    people = []
    for admin in admins:
        async with transaction(sessions, writes=False) as session:
            assert admin.person is not None
            people.append(await people_service.get_person(session, OPERATOR, admin.person, now=utc_now()))

    async def end(by: int, grants_end: bool) -> bool:  # noqa: FBT001
        other = people[1 - by]
        try:
            async with working(sessions, admins[by]) as session:
                if grants_end:
                    await people_service.end_grant(
                        session,
                        admins[by],
                        other.id,
                        other.grants[0].id,
                        expect=lambda _: None,
                        now=utc_now(),
                    )
                else:
                    await account_service.set_disabled(
                        session, admins[by], other.id, is_disabled=True, expect=lambda _: None, now=utc_now()
                    )
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(end(0, grants_end=True), end(1, grants_end=False))) == [False, True]


async def test_separated_duties_hold_although_two_roles_are_given_at_once(sessions: Sessions) -> None:
    wang = await person(sessions, "wang.fang")

    async def give(role: Role) -> bool:
        try:
            async with working(sessions) as session:
                assert wang.person is not None
                await people_service.give_grant(
                    session, OPERATOR, wang.person, GrantIn(role=role), StoredPlaces(), now=utc_now()
                )
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(give(Role.ADMINISTRATOR), give(Role.AUDITOR))) == [False, True]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(RoleGrant)) == 1


async def test_locking_a_person_out_is_undone_by_letting_the_person_in_again(sessions: Sessions) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    wang = await person(sessions, "wang.fang", (Role.AUDITOR, ""))
    async with client_as(sessions, admin) as client:
        path = f"/people/{wang.person}"
        out = await client.patch(path, json={"is_disabled": True}, headers={"If-Match": '"1"'})
        assert (out.status_code, out.json()["is_disabled"], out.headers["etag"]) == (200, True, '"2"')
        back = await client.patch(path, json={"is_disabled": False}, headers={"If-Match": '"2"'})
        assert (back.json()["is_disabled"], back.json()["version"]) == (False, 3)
    async with sessions() as session:
        assert await session.scalar(select(Person.disabled_at).where(Person.id == wang.person)) is None
