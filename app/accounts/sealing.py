"""Small secrets that the service must read again, encrypted (Fernet: AES-128-CBC with HMAC-SHA-256).

The first key of the ring seals, all open. What is sealed for one purpose cannot be opened for another.
"""

import base64
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.accounts.key_ring import KeyRing


class SealBroken(ValueError):
    """It was not sealed under a key of the ring for this purpose, was changed, or is too old."""


def seal(ring: KeyRing, purpose: str, text: str, *, now: datetime) -> str:
    """Encrypt a text; the answer is plain ASCII, says when it was sealed and is never the same twice."""
    return _box(ring, purpose).encrypt_at_time(text.encode(), int(now.timestamp())).decode()


def unseal(
    ring: KeyRing, purpose: str, sealed: str, *, now: datetime | None = None, seconds: int | None = None
) -> str:
    """Decrypt what was sealed, if wanted only for some `seconds` after the sealing, as of `now`.

    Raises:
        SealBroken: no key of the ring opens it, or it is too old.
    """
    box = _box(ring, purpose)
    try:
        if seconds is None or now is None:
            return box.decrypt(sealed.encode()).decode()
        return box.decrypt_at_time(sealed.encode(), seconds, int(now.timestamp())).decode()
    except InvalidToken as error:
        raise SealBroken(purpose) from error


def resealed(ring: KeyRing, purpose: str, sealed: str) -> str:
    """Answer the same secret sealed anew under the first key.

    Raises:
        SealBroken: no key of the ring opens it.
    """
    try:
        return _box(ring, purpose).rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise SealBroken(purpose) from error


def _box(ring: KeyRing, purpose: str) -> MultiFernet:
    return MultiFernet(Fernet(base64.urlsafe_b64encode(key)) for key in ring.keys(f"seal {purpose}"))
