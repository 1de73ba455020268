"""What is shown instead of a password: access tokens, and random secrets of which only a hash is kept. Pure.

Access tokens are JWTs (RFC 7519, RFC 8725): HS256 and nothing else, for this API and nothing else, named
after the key that signed them. They say who and which session; what that person may do is looked up.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jwt

ISSUER: Final = "rongqiao"
AUDIENCE: Final = "rongqiao-api"
PURPOSE: Final = "access token"
"""Names the derived keys that sign access tokens (key_ring.py)."""

MOST_TOKEN_CHARACTERS: Final = 1_000
_ALGORITHM: Final = "HS256"
_SIGNATURE_CHARACTERS: Final = 43
_SECRET_BYTES: Final = 32
_PREFIX_BYTES: Final = 6
_API_KEY: Final = re.compile(r"rq_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_OPTIONS: Final[Any] = {
    "require": ["iss", "aud", "sub", "sid", "iat", "exp"],
    # Instants are compared below, with the clock that the caller was given.
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class TokenRefused(ValueError):
    """It was not signed here for this API, was changed, or has expired; which of these is nobody's business."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom an access token names, and the session in which it was given."""

    person: int
    session_id: str
    expires_at: int

    def check_time(self, now: datetime) -> None:
        """Refuse a token that has expired.

        Raises:
            TokenRefused: it has.
        """
        if now.timestamp() >= self.expires_at:
            raise TokenRefused


def key_id(key: bytes) -> str:
    """Answer the public name of a signing key."""
    return hashlib.sha256(b"kid " + key).hexdigest()[:16]


def access_token(
    keys: Sequence[bytes], *, person: int, session_id: str, now: datetime, expires_at: datetime
) -> str:
    """Answer an access token, signed with the first key."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(person),
        "sid": session_id,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    return jwt.encode(claims, keys[0], algorithm=_ALGORITHM, headers={"kid": key_id(keys[0])})


def read_access_token(keys: Sequence[bytes], token: str, *, now: datetime) -> Claims:
    """Answer what an access token says, if one of the keys signed it and it has not expired.

    Raises:
        TokenRefused: anything else, whatever it is.
    """
    if len(token) > MOST_TOKEN_CHARACTERS or not token.isascii() or not _is_canonical(token):
        raise TokenRefused
    try:
        named = jwt.get_unverified_header(token).get("kid")
        [key] = [key for key in keys if key_id(key) == named]
        claims = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=_OPTIONS
        )
        found = Claims(int(claims["sub"]), str(claims["sid"]), int(claims["exp"]))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused from error
    found.check_time(now)
    return found


def _is_canonical(token: str) -> bool:
    """Tell whether the signature is written as we write it: decoders pass over stray bits and characters."""
    signature = token.rpartition(".")[2]
    if len(signature) != _SIGNATURE_CHARACTERS:
        return False
    try:
        decoded = base64.urlsafe_b64decode(signature + "=")
    except ValueError:
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == signature


def new_secret() -> str:
    """Answer a new random secret of 256 bits, in 43 characters."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_id() -> str:
    """Answer a new public name of a session, which nobody can guess: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def secret_hash(secret: str) -> str:
    """Answer what is kept of a random secret: its SHA-256 (256 random bits need no slower hash)."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyText:
    """An API key as its holder writes it: the public prefix finds the row, the secret proves it."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"rq_{self.prefix}_{self.secret}"

    def proves(self, stored_hash: str) -> bool:
        """Tell whether the secret is the one of which a hash is stored, in constant time."""
        return hmac.compare_digest(secret_hash(self.secret), stored_hash)


def new_api_key() -> KeyText:
    """Answer a new API key."""
    return KeyText(secrets.token_hex(_PREFIX_BYTES), new_secret())


def read_api_key(text: str) -> KeyText | None:
    """Answer an API key's parts, or None if the text is none."""
    found = _API_KEY.fullmatch(text)
    return KeyText(found[1], found[2]) if found else None
