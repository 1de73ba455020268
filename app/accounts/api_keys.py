"""API keys, for an enterprise's or a bank's system: one role within one scope, never more than their maker has.

A key ends with its day, its revocation, its maker's role or its maker's account, whichever is first.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from app.accounts import api_key_queries as queries
from app.accounts import audit_service, standings
from app.accounts.auth_schemas import ApiKeyIn, ApiKeyMade, ApiKeyOut
from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Role, Viewer
from app.accounts.tables import ApiKey
from app.accounts.tokens import new_api_key, secret_hash
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of

NOTED_EVERY: Final = timedelta(minutes=1)
MOST_KEYS: Final = 50
_INSTALLATION: Final = Target()


async def make(session: AsyncSession, viewer: Viewer, body: ApiKeyIn, *, now: datetime) -> ApiKeyMade:
    """Make a key; its secret is in the answer and nowhere else.

    Raises:
        Refused: the viewer has no such role there.
        Conflict: so many keys of the viewer's hold already.
    """
    if (body.role, body.scope) not in {(grant.role, grant.scope) for grant in viewer.grants}:
        fault = Fault("role", "not one of your roles in force within this scope", "Read /api/v1/auth/me.")
        raise Refused("A key has one of its maker's own roles.", [fault])
    await hold(session, f"api-keys:{viewer.person}")  # one is counted at a time
    if await queries.count_in_force(session, viewer.person or 0, now) >= MOST_KEYS:
        fault = Fault("api_keys", f"{MOST_KEYS} of yours hold already", "Revoke those out of use.")
        raise Conflict("No more keys can be made.", [fault])
    text = new_api_key()
    row = ApiKey(
        prefix=text.prefix,
        secret_hash=secret_hash(text.secret),
        name=body.name,
        person_id=viewer.person or 0,
        role=body.role.value,
        scope=body.scope,
        is_read_only=body.is_read_only,
        created_at=now,
        expires_at=now + timedelta(days=body.days),
        version=1,
    )
    await queries.add(session, row)
    _note(session, "make_api_key", row.prefix, now, role=row.role, scope=row.scope, days=body.days)
    return ApiKeyMade(**_out(row, viewer.name).model_dump(), key=str(text))


async def list_keys(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[ApiKeyOut]:
    """Answer the viewer's keys, the newest first; who manages accounts sees everybody's."""
    after, limit = page.after_number(), page.limit + 1
    rows = await queries.page_of_keys(session, person_id=_whose(viewer), after=after, limit=limit)
    return page_of(rows, page, lambda row: (row.ApiKey.id,), lambda row: _out(row.ApiKey, row.login))


async def revoke(session: AsyncSession, viewer: Viewer, key_id: int, *, now: datetime) -> None:
    """Revoke a key of the viewer's, or, for who manages accounts, anybody's; it stops holding at once.

    Raises:
        NotFound: there is no such key of theirs, or it was revoked before.
    """
    revoked = await queries.revoke(session, key_id, person_id=_whose(viewer), by=viewer.name, now=now)
    if revoked is None:
        raise NotFound("There is no such key, or it was revoked before.")
    standings.forget(session, revoked.person_id)
    _note(session, "revoke_api_key", revoked.prefix, now)


async def note_use(session: AsyncSession, key_id: int, address: str, *, now: datetime) -> None:
    """Note when and from where a key was used, at most once a minute."""
    await queries.note_use(session, key_id, address, now, not_since=now - NOTED_EVERY)


def _whose(viewer: Viewer) -> int | None:
    return None if may_do(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION) else viewer.person or 0


def _note(session: AsyncSession, action: str, prefix: str, now: datetime, **detail: Any) -> None:
    audit_service.note(session, action, "api_key", prefix, now=now, detail=detail)


def _out(row: ApiKey, login: str) -> ApiKeyOut:
    return ApiKeyOut(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        person=login,
        role=Role(row.role),
        scope=row.scope,
        is_read_only=row.is_read_only,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        last_used_from=row.last_used_from,
        revoked_at=row.revoked_at,
    )
