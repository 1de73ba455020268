"""Passwords: argon2id, in threads, never more than two at once.

The parameters are the second recommended option of RFC 9106 section 4 (64 MiB, 3 passes, 4 lanes).
Two at once bound the memory, and keep a flood of attempts from taking the machine from everybody.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

AT_ONCE: Final = 2
HASHER = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=4),))
_POOL: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is the stored one; `needs_rehash`: it was hashed with parameters of the past."""

    is_right: bool
    needs_rehash: bool = False


async def hash_password(password: str) -> str:
    """Answer the argon2id hash of a password, with a salt of its own."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, HASHER.hash, password)


async def check_password(
    password: str,
    stored: str | None,
    *,
    first: Callable[[], None] = lambda: None,
    on_wrong: Callable[[], None] = lambda: None,
) -> Checked:
    """Tell whether a password is the stored one; without a stored one it costs the same and is not.

    `first` is called when it is this attempt's turn and may raise; `on_wrong` before the next one's turn:
    so what they count holds for attempts that wait at the same time.
    """

    def check() -> Checked:
        first()
        is_right = HASHER.verify(password, _nobodys(HASHER) if stored is None else stored)
        if stored is None or not is_right:
            on_wrong()
            return Checked(is_right=False)
        return Checked(is_right=True, needs_rehash=HASHER.current_hasher.check_needs_rehash(stored))

    return await asyncio.get_running_loop().run_in_executor(_POOL, check)


def warm_up() -> None:
    """Make what the first unknown login would otherwise wait for."""
    _nobodys(HASHER)


@lru_cache(maxsize=2)
def _nobodys(hasher: PasswordHash) -> str:
    return hasher.hash("the password of nobody")
