"""Troubles of a database or a disk that pass by themselves: told from defects by codes, and by words where there are none. Pure.

What is no trouble in this sense is a defect of ours or of what was stored, and stays an unexpected error.
"""

import errno
from collections.abc import Iterator
from enum import StrEnum
from types import TracebackType
from typing import Any, Final


class Trouble(StrEnum):
    """What is the matter: others are faster, our own disk is full, the database refuses, or the way to it broke off.

    Of several at once the later one is told.
    """

    BUSY = "busy"
    FULL = "full"
    UNAVAILABLE = "unavailable"
    LOST = "lost"


STATES: Final = {
    "40001": Trouble.BUSY,  # serialization failure
    "40P01": Trouble.BUSY,  # deadlock
    "53300": Trouble.BUSY,  # too many connections
    "55P03": Trouble.BUSY,  # lock timeout
    "57014": Trouble.BUSY,  # statement timeout
    "25006": Trouble.UNAVAILABLE,  # read-only: a stand-by took the connection
    "53100": Trouble.UNAVAILABLE,  # disk full
    "53200": Trouble.UNAVAILABLE,  # out of memory
    "57P03": Trouble.UNAVAILABLE,  # starting up or shutting down
    "58030": Trouble.UNAVAILABLE,  # input or output failed
    "25P03": Trouble.LOST,  # idle in a transaction for too long
    "57P01": Trouble.LOST,  # ended by an administrator
    "57P02": Trouble.LOST,  # another process of it crashed
}
"""PostgreSQL's SQLSTATE (appendix A of its manual); class 08 is handled apart."""
CONNECTION_CLASS: Final = "08"
REFUSED_CONNECTION: Final = frozenset({"08001", "08004"})
SQLITE_CODES: Final = {
    5: Trouble.BUSY,
    6: Trouble.BUSY,
    10: Trouble.LOST,  # input or output failed, perhaps after the commit was written
    13: Trouble.UNAVAILABLE,  # disk full
    14: Trouble.UNAVAILABLE,  # the file cannot be opened
}
"""SQLite's primary result codes: the low byte of `sqlite_errorcode`."""
PRIMARY_CODE: Final = 0xFF
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Disk full, quota used up, larger than a file may be."""
INVALIDATED: Final = "8s2b"
"""SQLAlchemy's code for going on after the connection was lost."""
CLOSED: Final = "connection is closed"
"""What asyncpg says when asked to use one that is; it has no code for it, and SQLAlchemy goes by the words too."""
DRIVER: Final = "asyncpg"
MOST_CAUSES: Final = 10


def trouble_of(error: BaseException) -> Trouble | None:
    """Answer what is the matter with database or disk if that is what an error tells of; None if it is something else.

    A group of errors tells of it if each of them does: a defect among them is a defect.
    """
    for one in _causes(error):
        found = _of_group(one) or _of_codes(one) or _of_kind(one)
        if found is not None:
            return found
    return None


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group, and of the groups in it; an error that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from leaves_of(one)
    else:
        yield error


def _of_group(error: BaseException) -> Trouble | None:
    if not isinstance(error, BaseExceptionGroup):
        return None
    found = {trouble_of(one) for one in leaves_of(error)}
    return None if None in found else max((one for one in found if one), key=list(Trouble).index)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Answer an error and what it was made from, the innermost first: that one says most."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None and len(chain) < MOST_CAUSES and seen not in chain:
        chain.append(seen)
        wrapped = getattr(seen, "orig", None)
        seen = wrapped if isinstance(wrapped, BaseException) else seen.__cause__
    return reversed(chain)


def _of_codes(error: BaseException) -> Trouble | None:
    state: Any = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        if state.startswith(CONNECTION_CLASS):
            return Trouble.UNAVAILABLE if state in REFUSED_CONNECTION else Trouble.LOST
        return STATES.get(state)
    code: Any = getattr(error, "sqlite_errorcode", None)
    return SQLITE_CODES.get(code & PRIMARY_CODE) if isinstance(code, int) else None


def _of_kind(error: BaseException) -> Trouble | None:
    kind = type(error)
    if getattr(error, "connection_invalidated", False) or getattr(error, "code", None) == INVALIDATED:
        return Trouble.LOST
    if kind.__name__ == "InterfaceError" and CLOSED in str(error):
        return Trouble.LOST
    if (kind.__module__, kind.__name__) == ("sqlalchemy.exc", "TimeoutError"):
        return Trouble.BUSY  # all connections of the pool are in use
    return _of_system(error) if isinstance(error, OSError) else None


def _of_system(error: OSError) -> Trouble | None:
    if error.errno in NO_ROOM:
        return Trouble.FULL
    # Names that are not found, networks that do not answer. Others' sockets have the same errors.
    if not _passed_driver(error.__traceback__):
        return None
    return Trouble.UNAVAILABLE if isinstance(error, ConnectionRefusedError) else Trouble.LOST


def _passed_driver(trace: TracebackType | None) -> bool:
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] == DRIVER:
            return True
        trace = trace.tb_next
    return False
