"""Logins that look alike are one or refused; passwords that are guessed first are refused; checks cost the same."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.accounts import passwords
from app.accounts.logins import login_key
from app.accounts.password_rules import check_new_password, password_faults
from app.accounts.passwords import Checked, check_password, hash_password
from app.kernel.errors import Refused

CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", CHEAP)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Wang.Fang", "wang.fang"),
        ("ｗａｎｇ．ｆａｎｇ", "wang.fang"),
        ("W𝐚ng_Fang-1@bank.cn", "wang_fang-1@bank.cn"),
        ("ﬁnance", "finance"),
        ("\N{KELVIN SIGN}im", "kim"),
    ],
)
def test_ways_of_writing_a_login_are_one_login(written: str, key: str) -> None:
    assert login_key(written) == key


@pytest.mark.parametrize(
    "written",
    [
        "w\N{CYRILLIC SMALL LETTER A}ng.fang",
        "wang.fang\N{ZERO WIDTH SPACE}",
        "wang\N{RIGHT-TO-LEFT OVERRIDE}.fang",
        "wang fang",
        "wang.fang\r\nSet-Cookie: a=b",
        "ad\N{COMBINING ACUTE ACCENT}min",
        "\N{LATIN SMALL LETTER DOTLESS I}van",
        "王芳芳",
        "wf",
        "w" * 81,
        "",
        "\0\0\0",
    ],
)
def test_a_login_that_looks_like_another_or_like_nothing_is_refused(written: str) -> None:
    with pytest.raises(Refused) as refused:
        login_key(written)
    assert {fault.where for fault in refused.value.faults} == {"login"}


@given(st.text(max_size=90))
def test_a_login_key_is_plain_and_its_own_key(text: str) -> None:
    try:
        key = login_key(text)
    except Refused:
        return
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789._@-")
    assert login_key(key) == key


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-9!x", "fewer than 10"),
        ("x" * 201, "more than 200"),
        ("1234567890", "easily guessed"),
        ("aaaaaaaaaaaaaaaaaaaa" * 5, "easily guessed"),
        ("Password123!", "easily guessed"),
        ("qwertyuiop12", "easily guessed"),
        ("my wang.fang is odd 47", "holds the login"),
        ("WANG.FANG-gletscher-sofa", "holds the login"),
        ("松花江王芳芳紫砂壶八角亭", "holds the login"),
    ],
)
def test_a_password_that_is_tried_first_is_refused_and_never_repeated(password: str, why: str) -> None:
    faults = password_faults(password, login="wang.fang@sj.example", name="王芳芳")
    assert [why in fault.message for fault in faults] == [True]
    assert all(password not in str(fault.as_dict()) for fault in faults)


@pytest.mark.parametrize("password", ["gletscher sofa 47 banjo", "x7!Kp2@mQz9#", "紫砂壶八角亭雪乡火锅"])
def test_a_password_of_some_length_that_nobody_guesses_is_taken(password: str) -> None:
    check_new_password(password, login="wang.fang", name="王芳芳")


async def test_a_password_is_known_again_and_hashed_anew_when_the_parameters_grew(cheap: None) -> None:
    first, second = await hash_password("gletscher sofa"), await hash_password("gletscher sofa")
    assert first.startswith("$argon2id$")
    assert first != second
    assert await check_password("gletscher sofa", first) == Checked(is_right=True)
    assert await check_password("gletscher sofb", first) == Checked(is_right=False)
    older = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=16, parallelism=1),)).hash("gletscher sofa")
    assert await check_password("gletscher sofa", older) == Checked(is_right=True, needs_rehash=True)


async def test_nobodys_password_is_never_right_and_is_verified_like_any_other(
    cheap: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []

    class Counting(PasswordHash):
        def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
            verified.append(hash)
            return super().verify(password, hash)

    monkeypatch.setattr(passwords, "HASHER", Counting((Argon2Hasher(1, 8, 1),)))
    assert await check_password("the password of nobody", None) == Checked(is_right=False)
    assert [str(stored).startswith("$argon2id$") for stored in verified] == [True]


async def test_no_more_than_two_are_verified_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    class Watching(PasswordHash):
        def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
            nonlocal running, most
            running += 1
            most = max(most, running)
            done = super().verify(password, hash)
            running -= 1
            return done

    monkeypatch.setattr(passwords, "HASHER", Watching((Argon2Hasher(1, 1024, 1),)))
    stored = await hash_password("gletscher sofa")
    done = await asyncio.gather(*(check_password("gletscher sofa", stored) for _ in range(20)))
    assert all(each.is_right for each in done)
    assert most <= passwords.AT_ONCE
