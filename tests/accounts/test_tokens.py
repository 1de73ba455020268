"""What is shown instead of a password holds only as it was made, for this API, until it expires."""

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.tokens import (
    AUDIENCE,
    ISSUER,
    Claims,
    TokenRefused,
    access_token,
    key_id,
    new_api_key,
    read_access_token,
    read_api_key,
    secret_hash,
)

OLD, NEW = b"o" * 32, b"n" * 32
NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
SESSION = "5" * 32
TOKEN = access_token([OLD], person=7, session_id=SESSION, now=NOW, expires_at=NOW + timedelta(minutes=10))
CLAIMS = {
    "iss": ISSUER, "aud": AUDIENCE, "sub": "7", "sid": SESSION,
    "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 600,
}  # fmt: skip


def _refused(token: str, now: datetime = NOW) -> bool:
    try:
        read_access_token([NEW, OLD], token, now=now)
    except TokenRefused:
        return True
    return False


def _forged(claims: dict[str, object], key: bytes = OLD, kid: str | None = None) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid or key_id(key)})


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_whom_it_names_under_any_key_of_the_ring() -> None:
    read = read_access_token([NEW, OLD], TOKEN, now=NOW)
    assert read == Claims(person=7, session_id=SESSION, expires_at=int(NOW.timestamp()) + 600)
    assert jwt.get_unverified_header(TOKEN) == {"alg": "HS256", "typ": "JWT", "kid": key_id(OLD)}


def test_no_bit_of_a_token_can_be_changed() -> None:
    flipped = (
        TOKEN[:at] + chr(ord(TOKEN[at]) ^ (1 << bit)) + TOKEN[at + 1 :]
        for at in range(len(TOKEN))
        for bit in range(7)
    )
    assert [token for token in flipped if not _refused(token)] == []


def test_no_part_of_a_token_is_one() -> None:
    parts = [TOKEN[:at] for at in range(len(TOKEN))] + [TOKEN[at:] for at in range(1, len(TOKEN))]
    assert [token for token in parts if not _refused(token)] == []


def test_a_signature_is_written_in_one_way_only() -> None:
    # 43 characters hold 258 bits, two more than a signature has; decoders pass over them and over padding.
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=!"
    ways = [TOKEN[:-1] + each for each in last if each != TOKEN[-1]]
    ways += [TOKEN + each for each in ("=", "==", "\n", " ", "!")] + [
        f" {TOKEN}",
        f"{TOKEN[:-1]}={TOKEN[-1]}",
    ]
    assert [token for token in ways if not _refused(token)] == []


@given(st.integers(0, len(TOKEN)), st.text(min_size=1, max_size=3))
def test_nothing_can_be_put_into_a_token(at: int, more: str) -> None:
    assert _refused(TOKEN[:at] + more + TOKEN[at:])


@given(st.text(max_size=80))
def test_whatever_is_sent_is_refused_and_nothing_breaks(text: str) -> None:
    assert _refused(text)
    assert _refused(f"{TOKEN.partition('.')[0]}.{text}.{'A' * 43}")


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        ({"aud": "another-api"}, 0),
        ({"aud": [AUDIENCE, "x"], "iss": "another"}, 0),
        ({"iss": "another"}, 0),
        ({"sub": "seven"}, 0),
        ({"sub": 7}, 0),
        ({"exp": "soon"}, 0),
        ({"sid": None}, 0),
        ({}, 600),
    ],
)
def test_a_token_for_another_api_of_another_issuer_or_expired_is_refused(
    changed: dict[str, object], seconds: int
) -> None:
    assert _refused(_forged(CLAIMS | changed), NOW + timedelta(seconds=seconds))
    assert not _refused(_forged(CLAIMS), NOW + timedelta(seconds=599))


def test_a_token_must_be_signed_with_the_key_that_it_names_by_hs256() -> None:
    body = _part(CLAIMS)
    for header in (
        {"alg": "none", "kid": key_id(OLD)},
        {"alg": "HS512", "kid": key_id(OLD)},
        {"alg": "HS256"},
        {"alg": "HS256", "kid": ["a"]},
        {"alg": "HS256", "kid": key_id(OLD), "crit": ["b64"], "b64": False},
    ):
        assert _refused(f"{_part(header)}.{body}.")
        assert _refused(f"{_part(header)}.{body}.{TOKEN.rpartition('.')[2]}")
    assert _refused(_forged(CLAIMS, key=b"x" * 32))
    assert _refused(_forged(CLAIMS, key=b"x" * 32, kid=key_id(OLD)))
    assert _refused(_forged(CLAIMS, key=NEW, kid=key_id(OLD)))


@pytest.mark.parametrize("missing", sorted(CLAIMS))
def test_no_claim_may_be_missing(missing: str) -> None:
    assert _refused(_forged({name: value for name, value in CLAIMS.items() if name != missing}))


def test_an_oversized_token_is_not_even_looked_at() -> None:
    assert _refused(_forged(CLAIMS | {"more": "x" * 2_000}))


def test_an_api_key_is_known_by_its_prefix_and_proven_by_its_secret() -> None:
    key = new_api_key()
    read = read_api_key(str(key))
    assert read == key
    assert key.proves(secret_hash(key.secret))
    assert not new_api_key().proves(secret_hash(key.secret))


@given(st.text(max_size=70))
def test_what_is_no_api_key_is_none(text: str) -> None:
    assert read_api_key(text) is None
    assert read_api_key(f"rq_{text}_{'A' * 43}") is None or len(text) == 12
