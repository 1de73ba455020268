"""What a page proves with each change: a token that only pages of this session know.

A cookie goes along with whatever another site makes a browser send; the token does not. It is the
HMAC of the session's id, so nothing is stored, and it ends with the session.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from app.accounts.key_ring import KeyRing

FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
_PURPOSE: Final = "csrf"
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FORM_BYTES: Final = 64 * 1024
_MOST_FIELDS: Final = 200


def csrf_token(ring: KeyRing, session_id: str) -> str:
    """Answer the token of a session's pages."""
    return ring.sign(_PURPOSE, session_id)


def proves(ring: KeyRing, session_id: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a request carries its session's token, in a header or a form's field.

    The field counts in small url-encoded forms, which is what pages send; whoever sends anything else
    by cookie sends the header.
    """
    given = headers.get(HEADER)
    if given is None and headers.get("content-type", "").split(";")[0].strip().lower() == _FORM:
        given = _field(body)
    return given is not None and ring.is_signed(_PURPOSE, session_id, given)


def _field(body: bytes) -> str | None:
    if len(body) > _MOST_FORM_BYTES:
        return None
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:  # more fields than any form of ours
        return None
    found = [value for name, value in pairs if name == FIELD]
    return found[0] if len(found) == 1 else None
