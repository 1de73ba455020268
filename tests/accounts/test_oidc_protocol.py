"""An ID token counts if everything about it holds; one thing wrong, and it counts for nothing."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

from app.accounts.oidc_protocol import (
    AnswerRefused,
    Identity,
    KeyMissing,
    ProviderMetadata,
    authorization_url,
    check_answerer,
    identity_in,
    is_safe_url,
)

NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT, NONCE = "https://sso.example.gov.cn", "rongqiao", "the-nonce"
ACCESS = "of no concern here"
KEY = RSAKey.generate_key(2048, {"kid": "1"})
OTHER = RSAKey.generate_key(2048, {"kid": "1"})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "sub": "330", "aud": CLIENT, "exp": AT + 300, "iat": AT - 5, "nonce": NONCE, "name": "王芳",
}  # fmt: skip
METADATA = ProviderMetadata(
    issuer=ISSUER,
    authorization_endpoint=f"{ISSUER}/authorize?tenant=1",
    token_endpoint=f"{ISSUER}/token",
    jwks_uri=f"{ISSUER}/jwks",
)


def keys(*each: RSAKey | ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in each]}


def signed(claims: dict[str, Any], key: RSAKey = KEY, alg: str = "RS256") -> str:
    return jwt.encode({"alg": alg, "kid": "1"}, claims, key, algorithms=[alg])


def read(token: str, known: dict[str, Any] | None = None) -> Identity:
    return identity_in(
        token, known or keys(KEY), issuer=ISSUER, client_id=CLIENT, nonce=NONCE, access_token=ACCESS, now=NOW
    )


def test_a_token_that_holds_names_its_person() -> None:
    assert read(signed(CLAIMS)) == Identity(issuer=ISSUER, subject="330", name="王芳")
    assert read(signed(CLAIMS | {"aud": [CLIENT, "other"], "azp": CLIENT})).subject == "330"
    assert read(signed(CLAIMS | {"name": {"x": 1}})).name == ""


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://sso.example.com"},
        {"iss": f"{ISSUER}/"},
        {"aud": "another client"},
        {"aud": [CLIENT, "other"]},
        {"azp": "another client"},
        {"exp": AT - 120},
        {"exp": "tomorrow"},
        {"iat": AT + 600},
        {"nbf": AT + 600},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"sub": ""},
        {"sub": 330},
        {"sub": "x" * 201},
        {"sub": "a\0b"},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_claim_that_does_not_hold_refuses_the_token(change: dict[str, Any]) -> None:
    with pytest.raises(AnswerRefused):
        read(signed(CLAIMS | change))


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_claim_that_is_missing_refuses_the_token(claim: str) -> None:
    with pytest.raises(AnswerRefused):
        read(signed({key: value for key, value in CLAIMS.items() if key != claim}))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned() -> str:
    return f"{_part({'alg': 'none'})}.{_part(CLAIMS)}."


def _hmac_under_the_public_key() -> str:
    text = f"{_part({'alg': 'HS256', 'kid': '1'})}.{_part(CLAIMS)}"
    mac = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _changed_after_signing() -> str:
    head, _body, signature = signed(CLAIMS).split(".")
    return f"{head}.{_part(CLAIMS | {'sub': '1'})}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        _unsigned,
        _hmac_under_the_public_key,
        _changed_after_signing,
        lambda: signed(CLAIMS, OTHER),
        lambda: signed(CLAIMS)[:-20],
        lambda: "",
        lambda: "a.b.c",
        lambda: "é.é.é",
        lambda: "x" * 20_000,
        lambda: f"{_part([])}.{_part([])}.{_part('')}",
    ],
)
def test_a_forged_token_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(AnswerRefused):
        read(forge())


def test_a_key_that_is_not_known_is_asked_for_and_garbage_in_place_of_keys_is_refused() -> None:
    with pytest.raises(KeyMissing):
        read(signed(CLAIMS), keys(RSAKey.generate_key(2048, {"kid": "2"}), ECKey.generate_key("P-256")))
    documents: list[dict[str, Any]] = [{"keys": []}, {"keys": [{}]}, {"keys": "x"}, {"other": 1}]
    for garbage in documents:
        with pytest.raises(AnswerRefused):
            read(signed(CLAIMS), garbage)


def test_the_browser_is_sent_with_a_challenge_that_only_the_verifier_answers() -> None:
    url = authorization_url(
        METADATA,
        client_id=CLIENT,
        redirect_uri="https://r.example/b?c",
        state="s",
        nonce="n",
        verifier="v" * 43,
    )
    asked = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
    assert asked == {
        "tenant": "1", "response_type": "code", "client_id": CLIENT, "redirect_uri": "https://r.example/b?c",
        "scope": "openid profile", "state": "s", "nonce": "n", "code_challenge": challenge,
        "code_challenge_method": "S256",
    }  # fmt: skip
    assert "v" * 43 not in url


def test_an_answer_that_names_another_provider_is_refused() -> None:
    naming = METADATA.model_copy(update={"authorization_response_iss_parameter_supported": True})
    check_answerer(METADATA, None)
    check_answerer(METADATA, ISSUER)
    check_answerer(naming, ISSUER)
    for metadata, named in ((METADATA, "https://evil.example"), (naming, None), (naming, "")):
        with pytest.raises(AnswerRefused):
            check_answerer(metadata, named)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://sso.example.gov.cn/realms/hlj", True),
        ("http://127.0.0.1:9400", True),
        ("http://[::1]:9400", True),
        ("http://localhost", True),
        ("http://sso.example.gov.cn", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("https://", False),
        ("https://x:99999", False),
        ("https://[", False),
        ("https://a\\b", False),
        ("https://a b", False),
        ("ftp://127.0.0.1", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_nothing_goes_where_it_can_be_read_on_the_way(url: str, *, is_safe: bool) -> None:
    assert is_safe_url(url) is is_safe
    if not is_safe:
        with pytest.raises(ValidationError):
            ProviderMetadata.model_validate(METADATA.model_dump() | {"token_endpoint": url})
