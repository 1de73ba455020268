"""Connections to a database that can break: kept alive, and when one breaks, said what is known of the outcome."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import DisconnectionError

from app.kernel.errors import Busy, DatabaseUnavailable, OutcomeUnknown, RongqiaoError, Unavailable
from app.kernel.troubles import Trouble, trouble_of

BUSY_SECONDS: Final = 1
UNAVAILABLE_SECONDS: Final = 5
FULL_SECONDS: Final = 30
KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6))
"""Seconds and number of probes after which the system gives up a server that is gone."""
LOCAL: Final = getattr(socket, "AF_UNIX", None)


def keep_alive(connection: Any, _record: Any) -> None:
    """Have the system watch a new connection of asyncpg to another machine; it has no option for this."""
    own = connection.driver_connection._transport.get_extra_info("socket")  # noqa: SLF001 - see above
    if own is None or own.family == LOCAL:
        return
    own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):  # not on every system
            own.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool connect anew where the server closed a connection of asyncpg meanwhile, without asking the server.

    The driver knows when a connection was closed while it lay idle. What it cannot know (a network that
    swallows everything) is found by the first statement, as it is by a ping.

    Raises:
        DisconnectionError: for the pool.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@contextmanager
def told_if_unknown() -> Iterator[None]:
    """Commit inside.

    Raises:
        OutcomeUnknown: the connection was lost meanwhile.
    """
    try:
        yield
    except Exception as error:
        if trouble_of(error) is not Trouble.LOST:
            raise
        raise outcome_unknown() from error


def outcome_unknown() -> OutcomeUnknown:
    """Answer what is told when nobody knows whether something was kept."""
    return OutcomeUnknown(
        "The connection to the database was lost while this was being kept: perhaps it was, perhaps not. "
        "Send it again with the same Idempotency-Key; if you sent none, look first whether it is there.",
        headers={"Retry-After": str(UNAVAILABLE_SECONDS)},
    )


def refusal_of(error: BaseException) -> RongqiaoError | None:
    """Answer how a trouble of database or disk is told to who asked; None if an error is something else."""
    match trouble_of(error):
        case None:
            return None
        case Trouble.BUSY:
            return Busy(
                "The database is busy with others; nothing was changed. Send it again.",
                headers={"Retry-After": str(BUSY_SECONDS)},
            )
        case Trouble.FULL:
            return Unavailable(
                "There is no room left on the server's disk; nothing was changed. Send it again when there is.",
                headers={"Retry-After": str(FULL_SECONDS)},
            )
        case Trouble.UNAVAILABLE | Trouble.LOST:
            return DatabaseUnavailable(
                "The database does not answer or takes no more; nothing was changed. Send it again.",
                headers={"Retry-After": str(UNAVAILABLE_SECONDS)},
            )
