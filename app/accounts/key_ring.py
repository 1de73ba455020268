"""The key ring: an installation's secret keys, and the keys derived from them for each purpose.

The first key signs and seals; all of them verify and open. So a key is changed without anybody being
signed out: a new one is put first, what is sealed is sealed anew (`rongqiao accounts reseal`), and
the old one is dropped. No two purposes share a key (HKDF, RFC 5869): what was made for one proves
nothing in another.
"""

import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.kernel.errors import Fault, Refused
from app.kernel.settings import PROJECT_ROOT, Settings

DEVELOPMENT_KEY = PROJECT_ROOT / "var" / "development.key"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyRing:
    """One or more secrets, the newest first; they are never shown."""

    secrets: tuple[str, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secrets:
            msg = "a key ring holds at least one key (RONGQIAO_SECRET_KEYS)"
            raise ValueError(msg)

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Answer the 32-byte keys for a purpose, the one to sign and seal with first."""
        return tuple(_derived(secret, purpose) for secret in self.secrets)

    def sign(self, purpose: str, text: str) -> str:
        """Answer the HMAC-SHA-256 of a text under the first key, in hexadecimal."""
        return _mac(self.keys(purpose)[0], text)

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Tell whether a signature over a text was made under one of the keys."""
        given = signature.encode()
        return any(hmac.compare_digest(_mac(key, text).encode(), given) for key in self.keys(purpose))


def key_ring(settings: Settings) -> KeyRing:
    """Answer the key ring of an installation; in development without keys, one that this machine made itself.

    Raises:
        Refused: a production installation has no keys.
    """
    stated = settings.secret_keys.get_secret_value().split(",")
    given = tuple(key.strip() for key in stated if key.strip())
    if not given and settings.environment == "development":
        given = (_kept_key(DEVELOPMENT_KEY),)
    if not given:
        fault = Fault("RONGQIAO_SECRET_KEYS", "missing", "State 32 random characters or more.")
        raise Refused("This installation has no key to sign and seal with.", [fault])
    return KeyRing(given)


@lru_cache(maxsize=64)
def _derived(secret: str, purpose: str) -> bytes:
    label = f"rongqiao {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(secret.encode())


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


@lru_cache(maxsize=4)
def _kept_key(file: Path) -> str:
    """Answer the key in a file that only its owner reads; the first process to ask makes it."""
    try:
        if not file.exists():
            _make_key(file)
        return file.read_text().strip()
    except OSError as error:
        remedy = "Have it written, with room on its disk, or state RONGQIAO_SECRET_KEYS."
        fault = Fault(str(file), error.strerror or "cannot be read or written", remedy)
        raise Refused("The key of this installation cannot be kept.", [fault]) from error


def _make_key(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(KEY_BYTES))
        file.hardlink_to(draft)  # all at once, and only if nobody else was first
    except FileExistsError:
        pass  # another process was first: its key is everybody's
    finally:
        draft.unlink(missing_ok=True)
