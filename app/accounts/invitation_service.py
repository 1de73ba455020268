"""Use cases of invitations: made for a role, taken up once within seven days by whoever holds the token."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from app.accounts import account_service, audit_service, people_service
from app.accounts import invitation_queries as queries
from app.accounts.invitation_schemas import (
    AcceptanceIn,
    AcceptanceOut,
    InvitationIn,
    InvitationMade,
    InvitationOut,
    InvitationState,
)
from app.accounts.people_rules import (
    INVITATION_LIFE,
    INVITED_BY_BANKS,
    may_invite,
    period_faults,
    written_scope,
)
from app.accounts.permissions import Action, Target, forbidden, may_do
from app.accounts.places import Places
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import Invitation
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Forbidden, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date

TOKEN_BYTES: Final = 32
_ANY: Final = Target()
Expect = Callable[[int], None]


async def invite(
    session: AsyncSession, viewer: Viewer, body: InvitationIn, places: Places, *, now: datetime
) -> InvitationMade:
    """Invite somebody to a role within a scope; the answer holds the token, which nothing else tells.

    Raises:
        Forbidden: it is not the viewer's to invite to this role there.
        Refused: the scope names nothing for the role, or the last day is over.
    """
    target = await places.target(session, viewer, body.role, body.scope)
    if not may_invite(viewer, body.role, target):
        raise forbidden(Action.INVITE_PEOPLE)
    today, scope = shanghai_date(now), written_scope(body.role, body.scope)[0]
    if faults := period_faults(Grant(body.role, scope, today, body.until), today):
        raise Refused("Nobody was invited.", faults)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = Invitation(
        token_hash=hash_of(token),
        name=body.name,
        role=body.role.value,
        scope=scope,
        until=body.until,
        invited_by=viewer.name,
        created_at=now,
        expires_at=now + INVITATION_LIFE,
        version=1,
    )
    await queries.add(session, row)
    _note(session, "invite", row, now)
    return InvitationMade(**_out(row, now).model_dump(), token=token)


async def list_invitations(
    session: AsyncSession, viewer: Viewer, page: PageRequest, places: Places, *, now: datetime
) -> Page[InvitationOut]:
    """Answer invitations, the newest first: an administrator's are all, a bank administrator's those of the bank.

    Raises:
        Forbidden: the viewer invites nobody.
    """
    roles, scopes = None, None
    if not viewer.is_operator and not viewer.has(Role.ADMINISTRATOR):
        roles = INVITED_BY_BANKS
        own = viewer.scopes(Role.BANK_ADMINISTRATOR)
        scopes = await places.institutions_within(session, viewer, own)
    key = page.after()
    before = key[0] if key and isinstance(key[0], int) else None
    rows = await queries.page(session, roles=roles, scopes=scopes, before=before, limit=page.limit + 1)
    return page_of(rows, page, lambda row: (row.id,), lambda row: _out(row, now))


async def get_invitation(
    session: AsyncSession, viewer: Viewer, invitation_id: int, places: Places, *, now: datetime
) -> InvitationOut:
    """Answer an invitation.

    Raises:
        NotFound: there is none that the viewer could have made.
    """
    return _out(await _own(session, viewer, invitation_id, places), now)


async def revoke(
    session: AsyncSession,
    viewer: Viewer,
    invitation_id: int,
    places: Places,
    *,
    expect: Expect,
    now: datetime,
) -> InvitationOut:
    """Revoke an invitation.

    Raises:
        NotFound: there is none that the viewer could have made.
        Conflict: it was accepted or revoked.
    """
    row = await _own(session, viewer, invitation_id, places, is_for_change=True)
    expect(row.version)
    if row.accepted_at is not None or row.revoked_at is not None:
        raise Conflict(
            "The invitation was accepted or revoked already.", [Fault("invitation", _state(row, now))]
        )
    row.revoked_at, row.version = now, row.version + 1
    await session.flush()
    _note(session, "revoke_invitation", row, now)
    return _out(row, now)


async def offered(session: AsyncSession, token: str, *, now: datetime) -> tuple[str, Grant]:
    """Answer whom an open invitation is meant for, and the role that it offers.

    Raises:
        NotFound: no open invitation has this token.
    """
    row = await queries.open_by_hash(session, hash_of(token), now)
    if row is None:
        raise _nothing_open()
    return row.name, Grant(Role(row.role), row.scope, shanghai_date(now), row.until)


async def check_open(session: AsyncSession, token: str, *, now: datetime) -> None:
    """Refuse a token of no open invitation, before anything slow is done for it.

    Raises:
        NotFound: it is unknown, expired, revoked or accepted: which of them is not told.
    """
    if await queries.open_by_hash(session, hash_of(token), now) is None:
        raise _nothing_open()


async def accept(
    session: AsyncSession, viewer: Viewer, body: AcceptanceIn, password_hash: str | None, *, now: datetime
) -> AcceptanceOut:
    """Take an invitation up: with a new account (`password_hash` is its password's), or as who is signed in.

    Raises:
        NotFound: no open invitation has this token; of several who try at once, one has it.
        Forbidden: the viewer made the invitation.
        Refused: neither signed in nor a new account stated, or both.
        Conflict: the login is taken, or the role contradicts one that the person holds.
    """
    row = await queries.open_by_hash(session, hash_of(body.token), now)
    if row is None or not await queries.claim(session, row.id, now):
        raise _nothing_open()
    person = await account_service.account_for(session, viewer, body, password_hash, now=now)
    if person.login == row.invited_by:
        raise Forbidden("Nobody takes up the own invitation.")
    grant = Grant(Role(row.role), row.scope, shanghai_date(now), row.until)
    await people_service.store_grant(session, person, grant, row.invited_by, now=now)
    await queries.note_person(session, row.id, person.id)
    _note(session, "accept_invitation", row, now)
    return AcceptanceOut(person=person.id, login=person.login, role=grant.role, scope=grant.scope)


def hash_of(token: str) -> str:
    """Answer what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def _own(
    session: AsyncSession, viewer: Viewer, invitation_id: int, places: Places, *, is_for_change: bool = False
) -> Invitation:
    row = await queries.by_id(session, invitation_id, is_for_change=is_for_change)
    missing = NotFound(f"There is no invitation {invitation_id}.")
    if row is None:
        raise missing
    try:
        target = await places.target(session, viewer, Role(row.role), row.scope)
    except Refused:  # what it names is gone: only who may invite everybody sees it still
        if not may_do(viewer.only(Role.ADMINISTRATOR), Action.INVITE_PEOPLE, _ANY):
            raise missing from None
        return row
    if not may_invite(viewer, Role(row.role), target):
        raise missing
    return row


def _state(row: Invitation, now: datetime) -> InvitationState:
    if row.accepted_at is not None:
        return "accepted"
    if row.revoked_at is not None:
        return "revoked"
    return "open" if now < row.expires_at else "expired"


def _out(row: Invitation, now: datetime) -> InvitationOut:
    return InvitationOut(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        scope=row.scope,
        until=row.until,
        state=_state(row, now),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        person=row.person_id,
        version=row.version,
    )


def _note(session: AsyncSession, action: str, row: Invitation, now: datetime) -> None:
    detail = {"role": row.role, "scope": row.scope}
    audit_service.note(session, action, "invitation", str(row.id), now=now, detail=detail)


def _nothing_open() -> NotFound:
    fault = Fault("token", "unknown, expired, revoked or accepted", "Ask who invited you for another one.")
    return NotFound("No open invitation has this token.", [fault])
