"""Attendance codes: what a guest shows at the door (签到码), and whose code was shown (pure).

A code is an HMAC-SHA-256 (RFC 2104) of event and guest under the operator's key, cut to 40 bits and written in Crockford's
base 32 without I, L, O, U. It need not be stored, says nothing about the guest, and is of no use at another event. One guess in
10^12 hits a given guest: the door that checks codes has to limit attempts all the same.
"""

import hmac
from collections.abc import Iterable
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 8
LEAST_KEY_BYTES: Final = 16
_PURPOSE: Final = b"rongqiao attendance code 1"
_BITS: Final = 5
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "　": None})


def attendance_code(key: bytes, event: str, guest: str) -> str:
    """Answer the code of a guest at an event, eight characters; equal arguments give the same.

    Raises:
        ValueError: the key is shorter than 16 bytes.
    """
    if len(key) < LEAST_KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes is too short, {LEAST_KEY_BYTES} are the least")
    parts = (part.encode() for part in (event, guest))
    message = b"".join([_PURPOSE, *(len(part).to_bytes(4) + part for part in parts)])
    number = int.from_bytes(hmac.digest(key, message, "sha256")[: LENGTH * _BITS // 8])
    return "".join(ALPHABET[number >> _BITS * place & len(ALPHABET) - 1] for place in reversed(range(LENGTH)))


def read_code(text: str) -> str:
    """Answer a code as it was meant: letters' case, blanks, hyphens and O, I, L play no part."""
    return text.strip().upper().translate(_READ_AS)


def is_code_of(key: bytes, event: str, guest: str, text: str) -> bool:
    """Tell whether a text is the code of a guest, in constant time."""
    return hmac.compare_digest(attendance_code(key, event, guest).encode(), read_code(text).encode())


def guest_of(key: bytes, event: str, guests: Iterable[str], text: str) -> str | None:
    """Answer whose code a text is, or None; always compares with every guest."""
    found = [guest for guest in guests if is_code_of(key, event, guest, text)]
    return found[0] if len(found) == 1 else None
