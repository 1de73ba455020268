"""Codes that show that an address is its person's: nothing of them is stored, they follow from the keys."""

import base64
import hmac
from datetime import datetime, timedelta
from typing import Final

from app.accounts.key_ring import KeyRing

PURPOSE: Final = "e-mail address"
VALID_FOR: Final = timedelta(hours=24)
CHARACTERS: Final = 12
"""60 bits: nobody guesses one within a day at whatever rate requests are taken."""
_GROUP: Final = 4


def email_code(ring: KeyRing, person_id: int, email: str, since: datetime) -> str:
    """Answer the code for an address that a person named at an instant, such as `K7QF-3MZA-9XTC`."""
    return _code(ring.keys(PURPOSE)[0], person_id, email, since)


def is_email_code(ring: KeyRing, given: str, person_id: int, email: str, since: datetime) -> bool:
    """Tell whether a code is that of an address; case and dashes do not matter, older keys count."""
    plain = _plain(given).encode()
    codes = (_plain(_code(key, person_id, email, since)).encode() for key in ring.keys(PURPOSE))
    return any(hmac.compare_digest(code, plain) for code in codes)


def _code(key: bytes, person_id: int, email: str, since: datetime) -> str:
    text = f"{person_id}\n{since.isoformat()}\n{email}"
    plain = base64.b32encode(hmac.digest(key, text.encode(), "sha256")).decode()[:CHARACTERS]
    return "-".join(plain[at : at + _GROUP] for at in range(0, CHARACTERS, _GROUP))


def _plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").upper()
