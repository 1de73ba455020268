"""The second factor: time-based one-time passwords (TOTP, RFC 6238), and recovery codes for who lost them.

The secret is sealed (sealing.py) and shown once. A code holds for its own half minute and the ones
beside it, for clocks that differ; each step is taken once, whoever asks at the same time, and taking
one uses up all before it. Recovery codes have 80 random bits each and are kept hashed.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp
import segno

from app.accounts import second_factor_queries as queries
from app.accounts import standings
from app.accounts.key_ring import KeyRing
from app.accounts.rules import Role
from app.accounts.sealing import SealBroken, resealed, seal, unseal
from app.accounts.tables import Person
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Refused, Unavailable
from app.kernel.settings import Settings

PURPOSE: Final = "totp"
ISSUER: Final = "融桥 Rongqiao"
STEP_SECONDS: Final = 30
STEPS_BESIDE: Final = 1
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
MOST_CODE_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app takes in; shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    def qr_svg(self) -> str:
        """Answer the otpauth URI as a QR code, an SVG element that stands by itself in a page."""
        svg: str = segno.make(self.uri, error="m").svg_inline(scale=4, dark="#000", light="#fff")
        return svg


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a person's second factor; `since` is None while none is in force."""

    since: datetime | None
    recovery_codes_left: int
    is_required: bool


def required_roles(settings: Settings) -> frozenset[Role]:
    """Answer the roles that must sign in with a second factor.

    Raises:
        ValueError: the setting names a role that does not exist.
    """
    return frozenset(Role(name.strip()) for name in settings.second_factor_roles.split(",") if name.strip())


def requires(settings: Settings, roles: Collection[Role]) -> bool:
    """Tell whether a person with some roles must have a second factor."""
    return not required_roles(settings).isdisjoint(roles)


async def standing(session: AsyncSession, person: Person, *, is_required: bool) -> Standing:
    """Answer how it stands with a person's second factor."""
    left = await queries.recovery_codes_left(session, person.id)
    return Standing(person.totp_since, left, is_required)


async def enrol(session: AsyncSession, person: Person, ring: KeyRing, *, now: datetime) -> Enrolment:
    """Give a person a new secret; it counts from the first code on (`confirm`).

    Raises:
        Conflict: a second factor is in force.
    """
    secret = pyotp.random_base32()
    if not await queries.set_secret(session, person.id, seal(ring, PURPOSE, secret, now=now), now):
        raise _in_force()
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER))


def pending(person: Person, ring: KeyRing) -> Enrolment | None:
    """Answer the secret that waits for its first code, to be shown until then."""
    if person.totp_secret is None or person.totp_since is not None:
        return None
    secret = _opened(ring, person)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=person.login, issuer_name=ISSUER))


async def confirm(
    session: AsyncSession, person: Person, code: str, ring: KeyRing, *, now: datetime
) -> tuple[str, ...] | None:
    """Put the secret in force with its first code; answer ten recovery codes, or None if the code is wrong.

    Raises:
        Conflict: a second factor is in force, or no secret waits.
    """
    sealed = person.totp_secret
    if person.totp_since is not None or sealed is None:
        raise _in_force() if person.totp_since is not None else _nothing_waits()
    if not await _takes_totp(session, person, _plain(code), ring, now):
        return None
    if not await queries.set_in_force(session, person.id, sealed, now):
        raise _in_force()
    standings.forget(session, person.id)
    return await _new_recovery_codes(session, person)


async def check_code(
    session: AsyncSession, person: Person, code: str, ring: KeyRing, *, now: datetime
) -> bool:
    """Tell whether a code, or a recovery code, is a person's and unused; it is used up by this."""
    given = _plain(code)
    if person.totp_since is None or not given:
        return False
    if len(given) == DIGITS and given.isdigit():
        return await _takes_totp(session, person, given, ring, now)
    return await queries.take_recovery_code(session, person.id, _code_hash(person.id, given), now)


async def switch_off(session: AsyncSession, person: Person, *, now: datetime) -> None:
    """Take a person's second factor away, after a code was checked or by an administrator."""
    await queries.remove(session, person.id, now)
    standings.forget(session, person.id)


async def renew_recovery_codes(session: AsyncSession, person: Person) -> tuple[str, ...]:
    """Put ten new recovery codes in place of all earlier ones, after a code was checked."""
    return await _new_recovery_codes(session, person)


async def reseal(session: AsyncSession, ring: KeyRing) -> int:
    """Seal every secret anew under the first key, so that older keys can be dropped; answer how many.

    Raises:
        Refused: some were sealed under keys that the ring lacks; nothing is changed.
    """
    found, faults = await queries.sealed_secrets(session), []
    for person_id, sealed in found:
        try:
            await queries.replace_secret(session, person_id, resealed(ring, PURPOSE, sealed))
        except SealBroken:
            faults.append(
                Fault(f"persons.{person_id}", "sealed under a key that is not there", RESEAL_REMEDY)
            )
    if faults:
        raise Refused("Not every second factor can be opened; nothing was changed.", faults)
    return len(found)


RESEAL_REMEDY = "Put the key that is missing back into RONGQIAO_SECRET_KEYS, behind the first."


async def _takes_totp(session: AsyncSession, person: Person, code: str, ring: KeyRing, now: datetime) -> bool:
    totp = pyotp.TOTP(_opened(ring, person), digits=DIGITS, interval=STEP_SECONDS)
    current = int(now.timestamp()) // STEP_SECONDS
    steps = range(current - STEPS_BESIDE, current + STEPS_BESIDE + 1)
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step), code)]
    return bool(fitting) and await queries.take_step(session, person.id, fitting[0])


def _opened(ring: KeyRing, person: Person) -> str:
    try:
        return unseal(ring, PURPOSE, person.totp_secret or "")
    except SealBroken as error:
        fault = Fault("RONGQIAO_SECRET_KEYS", "lacks the key of this second factor", RESEAL_REMEDY)
        raise Unavailable("This second factor cannot be checked now.", [fault]) from error


async def _new_recovery_codes(session: AsyncSession, person: Person) -> tuple[str, ...]:
    codes = tuple(_new_code() for _ in range(RECOVERY_CODES))
    hashes = [_code_hash(person.id, _plain(code)) for code in codes]
    await queries.replace_recovery_codes(session, person.id, hashes)
    return codes


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def _plain(code: str) -> str:
    """Answer a code as people mean it: without spaces and hyphens; nothing if it cannot be one."""
    if len(code) > MOST_CODE_CHARACTERS or not code.isascii():
        return ""
    return "".join(each for each in code.lower() if each.isalnum())


def _code_hash(person_id: int, plain: str) -> str:
    return hashlib.sha256(f"{person_id}:{plain}".encode()).hexdigest()


def _in_force() -> Conflict:
    fault = Fault("second_factor", "already in force", "Switch it off with a code first.")
    return Conflict("A second factor is in force already.", [fault])


def _nothing_waits() -> Conflict:
    fault = Fault("second_factor", "no secret waits for its first code", "Enrol first.")
    return Conflict("There is nothing to confirm.", [fault])
