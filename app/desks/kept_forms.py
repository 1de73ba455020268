"""What was typed into a page whose session had ended: kept in the browser, sealed, until its person is back.

The sign-in page carries it. It is shown to nobody but the person whose page it came from, and sent nowhere by itself:
who signed in looks at it and presses a button. Passwords and files are never kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from app.accounts import page_sessions
from app.accounts.csrf import FIELD
from app.accounts.key_ring import KeyRing
from app.accounts.sealing import SealBroken, seal, unseal
from app.desks.local_paths import local_path
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.form_fields import ONCE, form_fields, only

PURPOSE: Final = "form of an ended session"
KEPT_SECONDS: Final = 12 * 3_600
MOST_BYTES: Final = 24_000
"""What is longer would not fit into the sign-in form, once sealed."""
MOST_SHOWN_CHARACTERS: Final = 60
MOST_SHOWN: Final = 12
SECRET: Final = frozenset({"password", "old", "new", "again", "code", "token", "step", "kept"})
"""Fields whose forms are not kept at all: nobody wants them sent again."""
_NOT_KEPT: Final = frozenset({FIELD, ONCE})


@dataclass(frozen=True, slots=True)
class KeptForm:
    """Where a form was sent, and what was typed into it."""

    path: str
    fields: Sequence[tuple[str, str]]

    @property
    def shown(self) -> Sequence[str]:
        """Answer what somebody recognises it by: the first things that were typed, shortened."""
        typed = [value.strip() for _name, value in self.fields if value.strip()]
        return [
            one if len(one) <= MOST_SHOWN_CHARACTERS else f"{one[:MOST_SHOWN_CHARACTERS]}…"
            for one in typed[:MOST_SHOWN]
        ]


def keep(request: Request) -> str:
    """Answer the form that a request brought, sealed; "" where there is none to keep, or nobody to keep it for."""
    body = getattr(request.state, "sent", b"")
    fields = form_fields(request.headers.get("content-type", ""), body)
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if local_path(path) != path or SECRET & fields.keys():
        return ""
    typed = [[name, value] for name, values in fields.items() for value in values if name not in _NOT_KEPT]
    stated = {"path": path, "fields": typed, "proof": only(fields, FIELD) or ""}
    text = json.dumps(stated, ensure_ascii=False)
    if not typed or not stated["proof"] or len(text.encode("utf-8", "replace")) > MOST_BYTES:
        return ""
    return seal(_ring(request), PURPOSE, text.encode("utf-8", "replace").decode(), now=utc_now())


async def restored(session: AsyncSession, ring: KeyRing, sealed: str, person_id: int) -> KeptForm | None:
    """Answer a kept form to a person who is signed in; None if it is too old, damaged, or was another person's."""
    found = _opened(ring, sealed)
    if found is None:
        return None
    is_theirs = await page_sessions.sent_by_page_of(session, ring, person_id, found["proof"])
    if not is_theirs or local_path(found["path"]) != found["path"]:
        return None
    return KeptForm(found["path"], [(str(name), str(value)) for name, value in found["fields"]])


def _opened(ring: KeyRing, sealed: str) -> Mapping[str, Any] | None:
    try:
        text = unseal(ring, PURPOSE, sealed, now=utc_now(), seconds=KEPT_SECONDS)
    except (SealBroken, UnicodeEncodeError):
        return None
    found: Mapping[str, Any] = json.loads(text)
    return found


def _ring(request: Request) -> KeyRing:
    ring: KeyRing = request.app.state.gate.ring
    return ring
