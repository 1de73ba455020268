"""Signing in with login and password: proven slowly, refused alike whatever was wrong, counted and put on record.

No transaction is open while a password is verified. A failed attempt is noted in a transaction of its
own: the request that it belongs to is refused, and keeps nothing else. A login that does not exist is
noted only as its keyed hash, because people mistype passwords into that field.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from app.accounts import audit_service, second_factor
from app.accounts import session_queries as queries
from app.accounts.credentials import CHALLENGE
from app.accounts.key_ring import KeyRing
from app.accounts.lockout import Lockout
from app.accounts.logins import login_key
from app.accounts.page_sessions import Visitor
from app.accounts.password_rules import MOST_CHARACTERS
from app.accounts.passwords import check_password, hash_password
from app.accounts.tables import Person
from app.kernel.addresses import limited_address
from app.kernel.database import AsyncSession
from app.kernel.errors import Refused, TooMany, Unauthenticated
from app.kernel.requests import Begin

KNOWN_FOR: Final = timedelta(days=90)
"""For so long an address stays known to a person after signing in there."""
_NOBODY: Final = "?"
_MOST_HASHED: Final = MOST_CHARACTERS + 1
"""Whatever is longer is no password of anybody, and is not hashed whole."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What all attempts to sign in share: the installation's keys, and the count of failures.

    `refuses_demo`: nobody invented signs in here, because everybody knows their password (production).
    """

    ring: KeyRing
    lockout: Lockout
    refuses_demo: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody signs in with, from where and with what; the password is never shown."""

    login: str
    password: str = field(repr=False)
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class Proven:
    """Whose password it was. `is_known`: they signed in from this address before."""

    person_id: int
    login: str
    address: str
    is_known: bool
    password_hash: str = field(repr=False)


def sign_in_failed() -> Unauthenticated:
    """Make the one refusal of every attempt to sign in; it does not say what was wrong."""
    return Unauthenticated(
        "Login, password or code is wrong, or the account cannot be used.", headers=CHALLENGE
    )


async def prove_password(begin: Begin, gate: Gate, attempt: Attempt, *, now: datetime) -> Proven:
    """Answer whose login and password these are.

    Raises:
        Unauthenticated: they are nobody's; the failure is counted and on record.
        TooMany: too many attempts failed before; `Retry-After` says when to come again.
    """
    login = _known_form(attempt.login)
    found, is_known = await _look_up(begin, login, attempt.visitor.address, now)
    address, tried = attempt.visitor.address, login or _NOBODY + attempt.login[:80].casefold()

    def may_try() -> None:
        check_not_locked(gate, tried, address, is_known=is_known)

    def count() -> None:
        gate.lockout.failed(tried, address, is_known=is_known)

    may_try()  # before waiting for a turn, and again when it has come
    is_shut = found is None or found.disabled_at is not None or (gate.refuses_demo and found.is_demo)
    stored = None if is_shut or found is None else found.password_hash
    checked = await check_password(attempt.password[:_MOST_HASHED], stored, first=may_try, on_wrong=count)
    if found is None or stored is None or not checked.is_right:
        subject = _unknown(gate.ring, attempt.login) if found is None else login
        async with begin(is_recorded=False) as session:
            note_failure(session, subject, "password", now=now)
        raise sign_in_failed()
    if checked.needs_rehash:
        stored = await _rehash(begin, found.id, attempt.password, stored)
    return Proven(found.id, login, address, is_known, stored)


async def prove_code(
    session: AsyncSession, gate: Gate, proven: Proven, code: str | None, *, now: datetime
) -> Person:
    """Answer the person of a proven password, held by the transaction, if the second factor is right too.

    Without a second factor in force no code is looked at; whoever must have one is then let in only to
    enrol (the door).

    Raises:
        Unauthenticated: the code is wrong or missing, which is counted, or the account was changed
            meanwhile; `note_failure` in another transaction, because this one is not kept.
        TooMany: too many attempts failed before.
    """
    person = await queries.hold_person(session, proven.person_id)
    if person.disabled_at is not None or person.password_hash != proven.password_hash:
        raise sign_in_failed()
    if person.totp_since is not None:
        check_not_locked(gate, proven.login, proven.address, is_known=proven.is_known)
        if not await second_factor.check_code(session, person, code or "", gate.ring, now=now):
            gate.lockout.failed(proven.login, proven.address, is_known=proven.is_known)
            raise sign_in_failed()
    gate.lockout.succeeded(proven.login, proven.address)
    return person


def check_not_locked(gate: Gate, login: str, address: str, *, is_known: bool) -> None:
    """Refuse an attempt where too many failed; the same whether the login exists or not.

    Raises:
        TooMany: for the seconds that `Retry-After` names.
    """
    seconds = gate.lockout.seconds_to_wait(login, address, is_known=is_known)
    if seconds:
        raise TooMany(
            f"Too many attempts to sign in failed; come again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


def note_failure(session: AsyncSession, subject: str, wrong: str, *, now: datetime) -> None:
    """Put on record that an attempt failed: whose login it named, and what was wrong, never what was given."""
    audit_service.note(session, "sign_in_failed", "login", subject, now=now, detail={"wrong": wrong})


def _known_form(text: str) -> str:
    """Answer a login's stored form; "" for what cannot be one, which is nobody's and costs the same."""
    try:
        return login_key(text)
    except Refused:
        return ""


async def _look_up(begin: Begin, login: str, address: str, now: datetime) -> tuple[Any, bool]:
    async with begin(writes=False) as session:
        found = await queries.person_of_login(session, login)
        known: Sequence[str] = await queries.addresses_since(
            session, 0 if found is None else found.id, now - KNOWN_FOR
        )
    return found, limited_address(address) in {limited_address(each) for each in known}


def _unknown(ring: KeyRing, login: str) -> str:
    return "unknown:" + ring.sign("unknown login", login[:200])[:32]


async def _rehash(begin: Begin, person_id: int, password: str, stored: str) -> str:
    new = await hash_password(password)
    async with begin(is_recorded=False) as session:
        is_stored = await queries.set_password(session, person_id, new, instead_of=stored)
    return new if is_stored else stored
