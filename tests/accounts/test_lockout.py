"""Failures to sign in are bounded, and nobody can lock somebody else out by failing."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from sqlalchemy import update

from app.accounts import passwords
from app.accounts.lockout import AT_ONE_ADDRESS, FROM_ELSEWHERE, Lockout
from app.accounts.tables import SignInSession
from app.kernel.database import Sessions
from tests.accounts.signing import CHEAP, HOME, PASSWORD, Installation, installed


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2023, 11, 15, 2, 0, tzinfo=UTC), tick=False) as moved:
        yield moved


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch)


async def _fail(house: Installation, times: int, *, address: str = HOME, login: str = "wang.fang") -> None:
    for _ in range(times):
        assert (await house.sign_in(login, "wrong", address=address)).status_code == 401


async def test_after_five_failures_an_address_waits_for_this_login_and_no_other_does(
    house: Installation, clock: time_machine.Traveller
) -> None:
    await house.person("wang.fang")
    await house.person("li.lei")
    await _fail(house, 5)
    locked = await house.sign_in()
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "900")
    assert (await house.sign_in("li.lei")).status_code == 200
    assert (await house.sign_in(address="203.0.113.9")).status_code == 200
    clock.shift(timedelta(minutes=14, seconds=59))
    assert (await house.sign_in()).headers["retry-after"] == "1"
    clock.shift(timedelta(seconds=2))
    assert (await house.sign_in()).status_code == 200


async def test_whether_a_login_exists_cannot_be_told_from_when_and_how_it_is_locked(
    house: Installation, clock: time_machine.Traveller
) -> None:
    await house.person("wang.fang")
    told = []
    for login, at in (("wang.fang", 1), ("nobody.here", 2)):
        answers = [await house.sign_in(login, "wrong", address=f"203.0.113.{at}") for _ in range(7)]
        told.append([(each.status_code, each.json()["detail"]) for each in answers])
    assert told[0] == told[1]
    assert [status for status, _detail in told[0]] == [401] * 5 + [429] * 2


async def test_failures_from_elsewhere_refuse_strangers_and_never_a_known_address(
    house: Installation, clock: time_machine.Traveller
) -> None:
    await house.person()
    assert (await house.sign_in()).status_code == 200
    for at in range(5):
        await _fail(house, 4, address=f"203.0.113.{at}")
    stranger = await house.sign_in(address="203.0.113.200")
    assert stranger.status_code == 429
    assert (await house.sign_in()).status_code == 200
    await _fail(house, 4)  # a known address has its own count only
    assert (await house.sign_in()).status_code == 200
    clock.shift(timedelta(hours=1, seconds=1))
    assert (await house.sign_in(address="203.0.113.200")).status_code == 200


@pytest.mark.parametrize(("days", "status"), [(89, 200), (91, 429)])
async def test_an_address_stays_known_for_ninety_days(
    house: Installation, clock: time_machine.Traveller, days: int, status: int
) -> None:
    await house.person()
    await house.sign_in()
    since = datetime.now(UTC) - timedelta(days=days)
    await house.change(update(SignInSession).values(created_at=since))
    for at in range(5):
        await _fail(house, 4, address=f"203.0.113.{at}")
    assert (await house.sign_in()).status_code == status


async def test_one_address_cannot_try_many_logins(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    house = installed(sessions, monkeypatch, sign_ins_per_minute=20)
    await house.person()
    for at in range(20):
        await _fail(house, 1, login=f"somebody.{at}")
    assert (await house.sign_in()).status_code == 429
    assert (await house.sign_in(address="203.0.113.9")).status_code == 200
    clock.shift(61)
    assert (await house.sign_in()).status_code == 200


class Slow(PasswordHash):
    """Verifies so slowly that all who guess at the same time wait for their turn together."""

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        time.sleep(0.05)
        return super().verify(password, hash)


async def test_guesses_at_the_same_time_are_counted_before_the_next_is_looked_at(
    house: Installation, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.person()
    monkeypatch.setattr(passwords, "HASHER", Slow(CHEAP.hashers))
    answers = await asyncio.gather(*(house.sign_in("wang.fang", "wrong") for _ in range(30)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= AT_ONE_ADDRESS.amount + 1  # two are looked at at once


async def test_success_forgets_the_failures_before_it(
    house: Installation, clock: time_machine.Traveller
) -> None:
    await house.person()
    for _ in range(3):
        await _fail(house, 4)
        assert (await house.sign_in(password=PASSWORD)).status_code == 200


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 4), st.booleans()), max_size=60))
def test_what_others_do_elsewhere_never_refuses_a_known_address(
    failures: list[tuple[str, int, bool]],
) -> None:
    lockout = Lockout(10_000)
    for login, at, is_known in failures:
        lockout.failed(login, f"203.0.113.{at}", is_known=is_known)
    assert lockout.seconds_to_wait("a", HOME, is_known=True) == 0
    elsewhere = sum(1 for login, _at, is_known in failures if login == "a" and not is_known)
    is_refused = lockout.seconds_to_wait("a", HOME, is_known=False) > 0
    assert is_refused == (elsewhere >= FROM_ELSEWHERE.amount)


def test_the_addresses_of_one_ipv6_subscriber_count_as_one() -> None:
    lockout = Lockout(10_000)
    for at in range(AT_ONE_ADDRESS.amount):
        lockout.failed("a", f"2001:db8:1:2::{at}", is_known=True)
    assert lockout.seconds_to_wait("a", "2001:db8:1:2:ffff::1", is_known=True) > 0
    assert lockout.seconds_to_wait("a", "2001:db8:1:3::1", is_known=True) == 0
