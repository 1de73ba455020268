"""The one credential that a request shows in its headers, in whatever way programs send it."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers

from app.accounts.tokens import KeyText, read_api_key
from app.kernel.errors import Unauthenticated

CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
KEY_HEADER: Final = "x-api-key"
MOST_CHARACTERS: Final = 1_000
_SCHEME: Final = "bearer"


def unauthenticated() -> Unauthenticated:
    """Make the one refusal of every credential that does not hold, and of none at all; it does not say which."""
    return Unauthenticated(
        "Sign in: nothing that was sent shows who you are, or it no longer holds.", headers=CHALLENGE
    )


def sent_credential(headers: Headers) -> KeyText | str | None:
    """Answer the API key or the access token (unread) that a request's headers show, None if they show nothing.

    Raises:
        Unauthenticated: they show several, or something that is neither.
    """
    bearers = [_bearer(value) for value in headers.getlist("authorization")]
    shown: Sequence[str] = [*bearers, *headers.getlist(KEY_HEADER)]
    if not shown:
        return None
    if len(shown) > 1 or len(shown[0]) > MOST_CHARACTERS:
        raise unauthenticated()
    key = read_api_key(shown[0])
    if key is None and not bearers:
        raise unauthenticated()
    return key or shown[0]


def _bearer(value: str) -> str:
    scheme, _, text = value.partition(" ")
    if scheme.lower() != _SCHEME:
        raise unauthenticated()
    return text.strip()
