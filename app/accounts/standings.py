"""What a credential stands for: a viewer, and by which way they came. Looked up once, believed for about a second.

Whoever changes what a credential stands for says so (`forget`), and it is looked up anew in this process
from the commit on; another process may believe the old for `viewer_cache_seconds`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final

from app.accounts import session_queries as queries
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tokens import Claims, read_access_token
from app.kernel.database import AsyncSession, after_commit
from app.kernel.shanghai import shanghai_date

MOST_REMEMBERED: Final = 10_000
_CACHE: Final = "standings"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
IsLacking = Callable[[frozenset[Role], bool, bool], bool]
"""Tells from roles, whether a second factor is in force, and whether it was given, whether it still lacks."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A viewer, as a session or an API key shows them.

    A key's holder is not its person: a key reads and does what its one role allows, and nothing about
    the account. `secret_hash` is what the rest of a key must match. `owes_code`: a second factor is in
    force and was not given; whoever it is has shown half of what shows the person.
    """

    viewer: Viewer
    via: str
    expires_at: datetime
    session_id: str = ""
    key_id: int = 0
    secret_hash: str = ""
    is_read_only: bool = False
    lacks_second_factor: bool = False
    owes_code: bool = False
    is_demo: bool = False
    last_used_at: datetime = _NEVER


@dataclass(frozen=True, slots=True)
class _Remembered:
    standing: Standing
    day: date
    until: datetime


class StandingCache:
    """What credentials stand for, remembered for some seconds in one process."""

    def __init__(self, seconds: float) -> None:
        self._life = timedelta(seconds=seconds)
        self._remembered: dict[str, _Remembered] = {}
        self._changes = 0

    @property
    def changes(self) -> int:
        """Answer how often something was forgotten: what was looked up before is not remembered after."""
        return self._changes

    def find(self, credential: str, now: datetime) -> Standing | None:
        """Answer what a credential stands for, if that was looked up just now."""
        found = self._remembered.get(credential)
        if found is None or not found.until - self._life <= now < found.until:
            return None
        if now >= found.standing.expires_at or shanghai_date(now) != found.day:
            return None
        return found.standing

    def keep(self, credential: str, standing: Standing, *, changes: int, now: datetime) -> None:
        """Remember what was looked up when `changes` was read, unless something was forgotten meanwhile."""
        if changes != self._changes or not self._life:
            return
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[credential] = _Remembered(standing, shanghai_date(now), now + self._life)

    def forget(self, person_id: int) -> None:
        """Look a person's credentials up anew from now on."""
        self._changes += 1
        kept = self._remembered.items()
        self._remembered = {key: each for key, each in kept if each.standing.viewer.person != person_id}


class TokenReader:
    """Reads access tokens; a signature that was found good is not computed again, whether it has expired is asked each time."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)
        self._read: dict[bytes, Claims] = {}

    def read(self, token: str, *, now: datetime) -> Claims:
        """Answer what an access token says.

        Raises:
            TokenRefused: it was not signed by one of the keys for this API, or has expired.
        """
        # Kept by its hash: what is in memory shows nobody to be anybody.
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        claims = self._read.get(digest)
        if claims is None:
            claims = read_access_token(self._keys, token, now=now)
            if len(self._read) >= MOST_REMEMBERED:
                self._read.clear()
            self._read[digest] = claims
        claims.check_time(now)
        return claims


def bind(session: AsyncSession, cache: StandingCache) -> None:
    """Let what a transaction changes about people be forgotten by a cache."""
    session.info[_CACHE] = cache


def forget(session: AsyncSession, person_id: int) -> None:
    """Have what a person's credentials stand for looked up anew as soon as this transaction is kept.

    Every service that changes a person, a role, a session or a key calls it; where nothing is cached
    (the command line) it does nothing.
    """
    cache: StandingCache | None = session.info.get(_CACHE)
    if cache is not None:
        after_commit(session, partial(cache.forget, person_id))


async def of_session(
    session: AsyncSession,
    session_id: str,
    *,
    via: str,
    jurisdiction: str,
    is_lacking: IsLacking,
    now: datetime,
) -> Standing | None:
    """Answer what a sign-in session stands for, by one statement; None if it is over or its person disabled.

    Who lacks a second factor that they have or must have may do nothing but manage the own account.
    """
    rows = await queries.standing_of_session(session, session_id, now=now, day=shanghai_date(now))
    if not rows:
        return None
    first, grants = rows[0], _grants(rows)
    roles = frozenset(grant.role for grant in grants)
    lacks = is_lacking(roles, first.totp_since is not None, first.has_second_factor)
    viewer = Viewer(first.login, jurisdiction, () if lacks else grants, first.person_id)
    return Standing(
        viewer,
        via,
        first.expires_at,
        session_id=session_id,
        lacks_second_factor=lacks,
        owes_code=first.totp_since is not None and not first.has_second_factor,
        is_demo=first.is_demo,
    )


async def of_key(session: AsyncSession, prefix: str, *, jurisdiction: str, now: datetime) -> Standing | None:
    """Answer what an API key stands for, by one statement; None if it, its role or its person does not hold."""
    rows = await queries.standing_of_key(session, prefix, now=now, day=shanghai_date(now))
    if not rows:
        return None
    first = rows[0]
    return Standing(
        Viewer(first.login, jurisdiction, _grants(rows), first.person_id),
        "key",
        first.expires_at,
        key_id=first.key_id,
        secret_hash=first.secret_hash,
        is_read_only=first.is_read_only,
        is_demo=first.is_demo,
        last_used_at=first.last_used_at or _NEVER,
    )


async def of_absent(
    session: AsyncSession,
    person_id: int,
    key_id: int | None,
    grants: Sequence[Sequence[str]],
    *,
    jurisdiction: str,
    now: datetime,
) -> Viewer | None:
    """Answer who asked for something that is done without them: what they might do then and still may.

    `grants` are the roles and scopes with which they asked. None if the person is disabled, none of those roles
    is left, or the API key with which they asked does not hold any more.
    """
    rows = await queries.standing_of_person(session, person_id, key_id, now=now, day=shanghai_date(now))
    asked_with = {tuple(grant) for grant in grants}
    kept = tuple(grant for grant in _grants(rows) if (grant.role.value, grant.scope) in asked_with)
    return Viewer(rows[0].login, jurisdiction, kept, person_id) if kept else None


def _grants(rows: Sequence[Any]) -> tuple[Grant, ...]:
    """Answer the roles in rows, each role and scope once, with its longest period."""
    found: dict[tuple[str, str], Grant] = {}
    for row in rows:
        if row.role is not None:
            other = found.get((row.role, row.scope))
            since = row.since if other is None else min(row.since, other.since)
            ends = [row.until] if other is None else [row.until, other.until]
            until = None if None in ends else max(ends)
            found[row.role, row.scope] = Grant(Role(row.role), row.scope, since, until)
    return tuple(found[key] for key in sorted(found))
