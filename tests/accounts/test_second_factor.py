"""A code counts once, for a minute and a half; recovery codes once each; nobody is let in without."""

import asyncio
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from app.accounts import second_factor
from app.accounts.key_ring import KeyRing
from app.accounts.rules import Role
from app.accounts.sealing import SealBroken, unseal
from app.accounts.second_factor_queries import person as person_now
from app.accounts.tables import Person, RecoveryCode
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.settings import Settings
from tests.accounts.people import a_person

RING = KeyRing(("a key of the tests",))
MINUTE = timedelta(minutes=1)


async def fresh(session: AsyncSession, person: Person) -> Person:
    found = await person_now(session, person.id)
    assert found is not None
    return found


async def enrolled(session: AsyncSession, now: datetime) -> tuple[Person, pyotp.TOTP, tuple[str, ...]]:
    """A person whose second factor came into force five minutes ago, with their app and recovery codes."""
    person = await a_person(session, now)
    before = now - 5 * MINUTE
    enrolment = await second_factor.enrol(session, person, RING, now=before)
    app = pyotp.TOTP(enrolment.secret)
    codes = await second_factor.confirm(
        session, await fresh(session, person), app.at(before), RING, now=before
    )
    assert codes is not None
    return await fresh(session, person), app, codes


async def test_a_secret_is_shown_to_an_app_and_counts_from_its_first_code_on(
    session: AsyncSession, now: datetime
) -> None:
    person = await a_person(session, now)
    enrolment = await second_factor.enrol(session, person, RING, now=now)
    person = await fresh(session, person)
    read = pyotp.parse_uri(enrolment.uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (enrolment.secret, "wang.fang", "融桥 Rongqiao")
    assert enrolment.qr_svg().startswith("<svg ")
    assert enrolment.secret not in (person.totp_secret or "") + repr(enrolment)
    assert not await second_factor.check_code(session, person, read.at(now), RING, now=now)
    assert await second_factor.confirm(session, person, "000000", RING, now=now) is None
    assert second_factor.pending(person, RING) == enrolment
    codes = await second_factor.confirm(session, person, read.at(now), RING, now=now)
    assert codes is not None
    assert len(set(codes)) == 10
    person = await fresh(session, person)
    shown = await second_factor.standing(session, person, is_required=True)
    assert shown == second_factor.Standing(now, 10, is_required=True)
    assert second_factor.pending(person, RING) is None
    for again in (
        second_factor.enrol(session, person, RING, now=now),
        second_factor.confirm(session, person, read.at(now + MINUTE), RING, now=now + MINUTE),
    ):
        with pytest.raises(Conflict):
            await again


async def test_a_code_holds_for_the_steps_beside_it_and_is_taken_once(
    session: AsyncSession, now: datetime
) -> None:
    person, app, _codes = await enrolled(session, now)

    async def takes(code: str, at: datetime = now) -> bool:
        return await second_factor.check_code(session, person, code, RING, now=at)

    half = MINUTE / 2
    assert not await takes(app.at(now - MINUTE))
    assert not await takes(app.at(now + MINUTE))
    assert await takes(app.at(now - half))
    assert await takes(app.at(now))
    assert not await takes(app.at(now))
    assert await takes(f" {app.at(now + half)[:3]} {app.at(now + half)[3:]} ")
    assert not await takes(app.at(now)), "an earlier step is used up by a later one"
    assert not await takes(app.at(now + half), now + half)
    for garbage in ("", "0", "٣٤٥٦٧٨", "1" * 200, "12345a"):
        assert not await takes(garbage)


async def test_a_recovery_code_counts_once_and_only_for_its_person(
    session: AsyncSession, now: datetime
) -> None:
    person, app, codes = await enrolled(session, now)
    other = await a_person(session, now, "li.na")
    other.totp_since = now
    assert not await second_factor.check_code(session, other, codes[0], RING, now=now)
    assert await second_factor.check_code(session, person, codes[0].upper(), RING, now=now)
    assert not await second_factor.check_code(session, person, codes[0], RING, now=now)
    assert (await second_factor.standing(session, person, is_required=False)).recovery_codes_left == 9
    stored = (await session.execute(select(RecoveryCode.code_hash))).scalars().all()
    assert not {code.replace("-", "") for code in codes} & set(stored)
    renewed = await second_factor.renew_recovery_codes(session, person)
    assert not await second_factor.check_code(session, person, codes[1], RING, now=now)
    assert await second_factor.check_code(session, person, renewed[0], RING, now=now)
    await second_factor.switch_off(session, person, now=now)
    person = await fresh(session, person)
    assert (person.totp_secret, person.totp_since, person.totp_step) == (None, None, None)
    assert not await second_factor.check_code(session, person, app.at(now), RING, now=now)
    assert not await second_factor.check_code(session, person, renewed[1], RING, now=now)


async def test_of_many_who_give_the_same_code_at_once_one_is_let_in(
    sessions: Sessions, now: datetime
) -> None:
    async with transaction(sessions) as session:
        person, app, codes = await enrolled(session, now)

    async def attempt(code: str) -> bool:
        async with transaction(sessions) as session:
            return await second_factor.check_code(session, await fresh(session, person), code, RING, now=now)

    for code in (app.at(now), codes[0]):
        assert sum(await asyncio.gather(*(attempt(code) for _ in range(8)))) == 1


async def test_keys_are_changed_without_losing_a_second_factor(session: AsyncSession, now: datetime) -> None:
    person, app, _codes = await enrolled(session, now)
    new = KeyRing(("another key",))
    with pytest.raises(Refused) as refusal:
        await second_factor.reseal(session, new)
    assert [fault.where for fault in refusal.value.faults] == [f"persons.{person.id}"]
    with pytest.raises(Unavailable):
        await second_factor.check_code(session, person, app.at(now), new, now=now)
    assert await second_factor.reseal(session, KeyRing(new.secrets + RING.secrets)) == 1
    person = await fresh(session, person)
    assert await second_factor.check_code(session, person, app.at(now), new, now=now)
    with pytest.raises(SealBroken):
        unseal(RING, second_factor.PURPOSE, person.totp_secret or "")


def test_the_settings_name_the_roles_that_must_have_a_second_factor() -> None:
    settings = Settings(second_factor_roles="coordinator, auditor")
    assert second_factor.requires(settings, [Role.ENTERPRISE, Role.AUDITOR])
    assert not second_factor.requires(settings, [Role.ENTERPRISE])
    assert not second_factor.requires(Settings(), list(Role))
    with pytest.raises(ValueError, match="auditer"):
        second_factor.requires(Settings(second_factor_roles="auditer"), [])
