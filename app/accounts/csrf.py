"""What a page proves with each change: a token that only pages of this session know.

A cookie goes along with whatever another site makes a browser send; the token does not. It is the
HMAC of the session's id, so nothing is stored, and it ends with the session.
"""

from collections.abc import Mapping
from typing import Final

from app.accounts.key_ring import KeyRing
from app.kernel.form_fields import form_fields, only

FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
_PURPOSE: Final = "csrf"


def csrf_token(ring: KeyRing, session_id: str) -> str:
    """Answer the token of a session's pages."""
    return ring.sign(_PURPOSE, session_id)


def proves(ring: KeyRing, session_id: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a request carries its session's token, in a header or a form's field.

    The field counts in small url-encoded forms, and before the files of a form that has some, which is
    what pages send; whoever sends anything else by cookie sends the header.
    """
    given = headers.get(HEADER)
    if given is None:
        given = only(form_fields(headers.get("content-type", ""), body), FIELD)
    return given is not None and is_token(ring, session_id, given)


def is_token(ring: KeyRing, session_id: str, given: str) -> bool:
    """Tell whether a text is the token of a session's pages."""
    return ring.is_signed(_PURPOSE, session_id, given)
