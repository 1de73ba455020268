"""OpenID Connect as a client speaks it: what is asked of a provider, and when its answer is believed. Pure.

Authorization code flow with PKCE (RFC 7636, S256), state and nonce (OpenID Connect Core 1.0, 3.1); the
issuer of an answer is compared where it is named (RFC 9207). The protocol's parts are Authlib's.
"""

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, field_validator

SCOPE: Final = "openid profile"
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
)
"""Signatures that only a provider can make: no `none`, and no HMAC under a key that clients know too."""
LEEWAY_SECONDS: Final = 60
MOST_SUBJECT_CHARACTERS: Final = 200
MOST_NAME_CHARACTERS: Final = 80
MOST_TOKEN_CHARACTERS: Final = 16_000


class AnswerRefused(ValueError):
    """A provider's answer does not hold; the message says why, for the log."""


class KeyMissing(AnswerRefused):
    """The key that is said to have signed is not among those known."""


class ProviderMetadata(BaseModel):
    """What discovery tells of a provider, as far as it is used."""

    model_config = ConfigDict(frozen=True)

    issuer: str = Field(max_length=300)
    authorization_endpoint: str = Field(max_length=2_000)
    token_endpoint: str = Field(max_length=2_000)
    jwks_uri: str = Field(max_length=2_000)
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)

    @field_validator("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        if not is_safe_url(url):
            msg = "neither https nor on this machine"
            raise ValueError(msg)
        return url


class Identity(BaseModel):
    """Whom a provider vouches for."""

    model_config = ConfigDict(frozen=True)

    issuer: str = Field(max_length=300)
    subject: str = Field(min_length=1, max_length=MOST_SUBJECT_CHARACTERS)
    name: str = ""


def is_safe_url(url: str) -> bool:
    """Tell whether what goes to an address cannot be read on the way: https, or this very machine."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
    except ValueError:
        return False
    if parts.username is not None or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def authorization_url(
    metadata: ProviderMetadata, *, client_id: str, redirect_uri: str, state: str, nonce: str, verifier: str
) -> str:
    """Answer the address at the provider to which a browser is sent."""
    client = OAuth2Client(
        None, client_id=client_id, redirect_uri=redirect_uri, scope=SCOPE, code_challenge_method="S256"
    )
    url, _state = client.create_authorization_url(
        metadata.authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce
    )
    return str(url)


def check_answerer(metadata: ProviderMetadata, named_issuer: str | None) -> None:
    """Check that the answer comes from the provider that was asked (RFC 9207: no mix-up of providers).

    Raises:
        AnswerRefused: another one is named, or none although this provider names itself.
    """
    if named_issuer is None and not metadata.authorization_response_iss_parameter_supported:
        return
    if named_issuer != metadata.issuer:
        msg = "the answer names another issuer"
        raise AnswerRefused(msg)


def identity_in(
    id_token: str,
    keys: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> Identity:
    """Answer whom an ID token names, if everything about it holds.

    Raises:
        KeyMissing: none of the provider's keys has the name that it gives: they may have changed.
        AnswerRefused: signature, issuer, audience, time, nonce or form do not hold.
    """
    if len(id_token) > MOST_TOKEN_CHARACTERS:
        msg = "the ID token is too long"
        raise AnswerRefused(msg)
    try:
        key_set = KeySet.import_key_set(dict(keys))  # type: ignore[arg-type]  # it checks what it is given
        read = jwt.decode(id_token, key_set, algorithms=list(ALGORITHMS))
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
            },
            params={"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except InvalidKeyIdError as error:
        raise KeyMissing(str(error)) from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise AnswerRefused(f"ID token: {type(error).__name__} {error}") from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= MOST_SUBJECT_CHARACTERS or "\0" in subject:
        msg = "ID token: no usable subject"
        raise AnswerRefused(msg)
    return Identity(issuer=issuer, subject=subject, name=_name_in(claims))


def _name_in(claims: Mapping[str, Any]) -> str:
    name = claims.get("name")
    return name[:MOST_NAME_CHARACTERS] if isinstance(name, str) and name.isprintable() else ""
