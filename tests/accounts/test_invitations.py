"""Invitations are taken up once, within seven days, by whoever holds the token; nothing else shows the token."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts import account_service, invitation_service, passwords, people_service
from app.accounts.invitation_schemas import AcceptanceIn, InvitationIn, InvitationMade
from app.accounts.rules import Role, Viewer, anonymous
from app.accounts.tables import AuditEvent, Invitation, Person, RoleGrant
from app.institutions import service as institutions
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.errors import Conflict, Forbidden, NotFound, Refused
from app.visibility.places import StoredPlaces
from tests.accounts.offices import OPERATOR, client_as, person, working
from tests.accounts.signing import CHEAP
from tests.institutions.test_institutions import FILE

PLACES = StoredPlaces()
NOBODY = anonymous("230000")
ACCOUNT = {"login": "wang.fang", "name": "王芳", "password": "seven odd herons row north"}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", CHEAP)


async def invited(
    sessions: Sessions, by: Viewer = OPERATOR, role: str = "auditor", scope: str = ""
) -> InvitationMade:
    async with working(sessions, by) as session:
        body = InvitationIn(name="王芳", role=Role(role), scope=scope)
        return await invitation_service.invite(session, by, body, PLACES, now=utc_now())


async def bank(sessions: Sessions) -> None:
    async with working(sessions) as session:
        await institutions.import_institutions(session, OPERATOR, FILE, "a.yaml", now=utc_now())


async def test_an_invitation_makes_an_account_with_the_role_and_is_then_used_up(sessions: Sessions) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    async with client_as(sessions, admin) as client:
        made = await client.post(
            "/invitations", json={"name": "王芳", "role": "coordinator", "scope": "230100"}
        )
        assert made.status_code == 201
        shown = (await client.get("/invitations")).json()["items"]
        assert [one["state"] for one in shown] == ["open"]
        assert made.json()["token"] not in str(shown)
        repeated = await client.post(
            "/invitations", json={"name": "王芳", "role": "auditor"}, headers={"Idempotency-Key": "k"}
        )
        assert repeated.status_code == 422
    body = ACCOUNT | {"token": made.json()["token"]}
    async with client_as(sessions, NOBODY) as client:
        guessable = await client.post("/invitations/accept", json=body | {"password": "wang.fang2023"})
        taken = await client.post("/invitations/accept", json=body)
        again = await client.post("/invitations/accept", json=body | {"login": "other"})
        assert (guessable.status_code, taken.status_code, again.status_code) == (422, 201, 404)
        assert (taken.json()["role"], taken.json()["scope"]) == ("coordinator", "230100")
    async with sessions() as session:
        stored = (await session.execute(select(Person).where(Person.login == "wang.fang"))).scalar_one()
        assert stored.password_hash is not None
        assert stored.password_hash.startswith("$argon2id$")
        grant = (
            await session.execute(select(RoleGrant).where(RoleGrant.person_id == stored.id))
        ).scalar_one()
        assert (grant.role, grant.granted_by) == ("coordinator", "root")
        trail = str((await session.execute(select(AuditEvent.action, AuditEvent.detail))).all())
        assert "accept_invitation" in trail
        assert "王芳" not in trail


async def test_of_many_who_take_up_one_invitation_at_once_exactly_one_does(sessions: Sessions) -> None:
    made = await invited(sessions)

    async def accept(number: int) -> bool:
        body = AcceptanceIn(**ACCOUNT | {"token": made.token, "login": f"login{number}"})
        try:
            async with working(sessions, NOBODY) as session:
                await invitation_service.accept(session, NOBODY, body, "hash", now=utc_now())
        except NotFound:
            return False
        return True

    assert sorted(await asyncio.gather(*map(accept, range(8)))) == [False] * 7 + [True]
    async with sessions() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(table)) for table in (Person, RoleGrant)
        ]
    assert counts == [1, 1]


async def test_who_is_signed_in_takes_up_a_role_but_not_one_that_is_separated_or_the_own(
    sessions: Sessions,
) -> None:
    wang = await person(sessions, "wang.fang", (Role.AUDITOR, ""))
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    made = await invited(sessions, admin, "coordinator", "230100")
    async with client_as(sessions, wang) as client:
        twice = await client.post("/invitations/accept", json=ACCOUNT | {"token": made.token})
        taken = await client.post("/invitations/accept", json={"token": made.token})
        assert (twice.status_code, taken.status_code, taken.json()["person"]) == (422, 201, wang.person)
        separated = await invited(sessions, admin, "administrator")
        refused = await client.post("/invitations/accept", json={"token": separated.token})
        assert (refused.status_code, refused.json()["errors"][0]["where"]) == (409, "role")
    body = AcceptanceIn(token=separated.token)
    for viewer, refusal in ((admin, Forbidden), (NOBODY, Refused)):
        with pytest.raises(refusal):
            async with working(sessions, viewer) as session:
                await invitation_service.accept(session, viewer, body, None, now=utc_now())
    async with working(sessions, NOBODY) as session:  # refusals left it open
        await invitation_service.check_open(session, separated.token, now=utc_now())


async def test_expired_revoked_unknown_and_disabled_inviters_tokens_say_the_same(sessions: Sessions) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    expired, revoked, orphaned = [await invited(sessions, admin) for _ in range(3)]
    async with client_as(sessions, OPERATOR) as client:
        path = f"/invitations/{revoked.id}"
        assert (
            await client.patch(path, json={"is_revoked": True}, headers={"If-Match": '"9"'})
        ).status_code == 412
        done = await client.patch(path, json={"is_revoked": True}, headers={"If-Match": '"1"'})
        assert (done.status_code, done.json()["state"]) == (200, "revoked")
        again = await client.patch(path, json={"is_revoked": True}, headers={"If-Match": '"2"'})
        assert again.status_code == 409
    await person(sessions, "second", (Role.ADMINISTRATOR, ""))
    said = []
    async with working(sessions) as session:
        with pytest.raises(NotFound) as told:
            await invitation_service.check_open(session, expired.token, now=utc_now() + timedelta(days=7))
        said.append(str(told.value))
        await invitation_service.check_open(
            session, expired.token, now=utc_now() + timedelta(days=6, hours=23)
        )
        assert admin.person is not None
        await account_service.set_disabled(
            session, OPERATOR, admin.person, is_disabled=True, expect=lambda _: None, now=utc_now()
        )
        for token in (revoked.token, orphaned.token, "never-" * 7):
            with pytest.raises(NotFound) as told:
                await invitation_service.check_open(session, token, now=utc_now())
            said.append(str(told.value))
    assert len(set(said)) == 1


async def test_a_bank_administrator_invites_lists_and_revokes_within_the_own_bank_only(
    sessions: Sessions,
) -> None:
    await bank(sessions)
    branch = await person(sessions, "branch", (Role.BANK_ADMINISTRATOR, "SJ-HRB"))
    above = await invited(sessions, OPERATOR, "relationship_manager", "SJ")
    other = await invited(sessions, OPERATOR, "auditor")
    async with client_as(sessions, branch) as client:
        bodies = {
            "below": {"name": "李", "role": "relationship_manager", "scope": "SJ-HRB-DL"},
            "own": {"name": "李", "role": "bank_administrator", "scope": "SJ-HRB"},
            "above": {"name": "李", "role": "relationship_manager", "scope": "SJ"},
            "office": {"name": "李", "role": "coordinator", "scope": "230100"},
            "unknown": {"name": "李", "role": "relationship_manager", "scope": "NONE"},
        }
        made = {name: await client.post("/invitations", json=body) for name, body in bodies.items()}
        statuses = {name: answer.status_code for name, answer in made.items()}
        assert statuses == {"below": 201, "own": 201, "above": 403, "office": 403, "unknown": 422}
        listed = (await client.get("/invitations?limit=1")).json()
        rest = (await client.get(f"/invitations?limit=9&cursor={listed['next']}")).json()["items"]
        assert [one["scope"] for one in (*listed["items"], *rest)] == ["SJ-HRB", "SJ-HRB-DL"]
        for unseen in (above.id, other.id, 999_999):
            answer = await client.get(f"/invitations/{unseen}")
            revoked = await client.patch(
                f"/invitations/{unseen}", json={"is_revoked": True}, headers={"If-Match": '"1"'}
            )
            assert (answer.status_code, revoked.status_code) == (404, 404)
        own = made["below"].json()["id"]
        gone = await client.patch(
            f"/invitations/{own}", json={"is_revoked": True}, headers={"If-Match": '"1"'}
        )
        assert gone.status_code == 200
    manager = await person(sessions, "manager", (Role.RELATIONSHIP_MANAGER, "SJ-HRB"))
    async with client_as(sessions, manager) as client:
        assert (await client.get("/invitations")).status_code == 403


async def test_with_the_role_that_invites_its_open_invitations_end(sessions: Sessions) -> None:
    await bank(sessions)
    branch = await person(sessions, "branch", (Role.BANK_ADMINISTRATOR, "SJ-HRB"))
    made = await invited(sessions, branch, "relationship_manager", "SJ-HRB-DL")
    async with working(sessions) as session:
        await invitation_service.check_open(session, made.token, now=utc_now())
        assert branch.person is not None
        [grant] = (await people_service.get_person(session, OPERATOR, branch.person, now=utc_now())).grants
        await people_service.end_grant(
            session, OPERATOR, branch.person, grant.id, expect=lambda _: None, now=utc_now()
        )
        with pytest.raises(NotFound):
            await invitation_service.check_open(session, made.token, now=utc_now())


async def test_nobody_takes_a_login_that_stands_for_others_on_the_trail(sessions: Sessions) -> None:
    made = await invited(sessions)
    for login in ("local-operator", "Anonymous"):
        body = AcceptanceIn(**ACCOUNT | {"token": made.token, "login": login})
        with pytest.raises(Conflict):
            async with working(sessions, NOBODY) as session:
                await invitation_service.accept(session, NOBODY, body, "hash", now=utc_now())


async def test_a_taken_login_is_told_and_leaves_the_invitation_open(sessions: Sessions) -> None:
    made = await invited(sessions)
    await person(sessions, "wang.fang")
    body = AcceptanceIn(**ACCOUNT | {"token": made.token, "login": "ＷＡＮＧ.fang"})
    with pytest.raises(Conflict) as told:
        async with working(sessions, NOBODY) as session:
            await invitation_service.accept(session, NOBODY, body, "hash", now=utc_now())
    assert [fault.where for fault in told.value.faults] == ["login"]
    async with sessions() as session:
        assert await session.scalar(select(Invitation.accepted_at)) is None


async def test_a_reset_sets_the_password_once_and_the_latest_token_holds(sessions: Sessions) -> None:
    wang = await person(sessions, "wang.fang")
    assert wang.person is not None
    async with working(sessions) as session:
        old, token = [
            await account_service.begin_reset(session, OPERATOR, wang.person, now=utc_now()) for _ in range(2)
        ]
    async with client_as(sessions, NOBODY) as client:
        body = {"token": token, "password": "seven odd herons row north"}
        guessable = await client.post("/password-resets", json=body | {"password": "password123"})
        answers = await asyncio.gather(*(client.post("/password-resets", json=body) for _ in range(3)))
        superseded = await client.post("/password-resets", json=body | {"token": old})
    assert (guessable.status_code, superseded.status_code) == (422, 404)
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404]
    async with sessions() as session:
        stored = await session.scalar(select(Person.password_hash))
    assert (await passwords.check_password("seven odd herons row north", stored)).is_right
