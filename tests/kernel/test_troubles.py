"""Troubles of a database are told from defects by their codes, wherever in a chain of errors they stand."""

import errno
import socket
import sqlite3

import pytest
from asyncpg.exceptions import InterfaceError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kernel.connections import refusal_of, told_if_unknown
from app.kernel.errors import OutcomeUnknown
from app.kernel.troubles import Trouble, trouble_of


def of_postgresql(state: str) -> DBAPIError:
    cause = RuntimeError("words that nobody reads")
    cause.sqlstate = state  # type: ignore[attr-defined]  # as drivers do
    return DBAPIError("SELECT 1", {}, cause)


def of_sqlite(code: int) -> OperationalError:
    cause = sqlite3.OperationalError("words that nobody reads")
    cause.sqlite_errorcode = code
    return OperationalError("SELECT 1", {}, cause)


BUSY = [
    *map(of_postgresql, ("40001", "40P01", "53300", "55P03", "57014")),
    of_sqlite(5),
    of_sqlite(6),
    of_sqlite(517),
]
UNAVAILABLE = [
    *map(of_postgresql, ("53100", "57P03", "58030", "08001", "08004")),
    of_sqlite(13),
    of_sqlite(14),
]
LOST = [
    InterfaceError("the underlying connection is closed"),
    *map(of_postgresql, ("57P01", "57P02", "08003", "08006")),
    of_sqlite(10),
    of_sqlite(778),
]
DEFECTS = [
    InterfaceError("the server expects 2 arguments"),
    *map(of_postgresql, ("23505", "22P02", "42601", "42P01")), of_sqlite(19), of_sqlite(1), RuntimeError(),
    ConnectionRefusedError(), TimeoutError(), IntegrityError("INSERT", {}, ValueError("twice")),
    # Of other machines that we talk to: receivers of webhooks, mail servers.
    socket.gaierror(-2, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("errors", "trouble"),
    [([*BUSY, PoolTimeout()], Trouble.BUSY), (UNAVAILABLE, Trouble.UNAVAILABLE), (LOST, Trouble.LOST), (DEFECTS, None)],
    ids=["busy", "unavailable", "lost", "defects"],
)  # fmt: skip
def test_codes_decide_what_is_the_matter(errors: list[Exception], trouble: Trouble | None) -> None:
    assert [trouble_of(error) for error in errors] == [trouble] * len(errors)


def test_what_an_error_was_made_from_counts() -> None:
    outer = ValueError("the row cannot be kept")
    outer.__cause__ = of_postgresql("40P01")
    assert trouble_of(outer) is Trouble.BUSY
    outer.__cause__.__cause__ = outer  # a ring ends the search
    assert trouble_of(outer) is Trouble.BUSY


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_is_a_trouble_that_passes(code: int) -> None:
    error = OSError(code, "words that nobody reads")
    told = refusal_of(error)
    assert (trouble_of(error), told and told.code, told and told.headers) == (
        Trouble.FULL, "unavailable", {"Retry-After": "30"},
    )  # fmt: skip


def test_a_group_is_the_worst_of_its_troubles_and_a_defect_if_there_is_one_in_it() -> None:
    nested = ExceptionGroup("of a task", [BUSY[0], ExceptionGroup("of another", [LOST[1], UNAVAILABLE[0]])])
    outer = RuntimeError("the facts cannot be gathered")
    outer.__cause__ = nested
    assert [trouble_of(one) for one in (nested, outer)] == [Trouble.LOST] * 2
    assert trouble_of(ExceptionGroup("", [nested, DEFECTS[-2]])) is None
    with pytest.raises(OutcomeUnknown), told_if_unknown():
        raise nested


def test_a_trouble_says_when_to_come_again_and_a_defect_is_no_refusal() -> None:
    told = [refusal_of(error) for error in (BUSY[0], UNAVAILABLE[0], LOST[0], DEFECTS[0])]
    assert [(one.code, one.status, one.headers["Retry-After"]) for one in told if one is not None] == [
        ("busy", 503, "1"),
        ("database_unavailable", 503, "5"),
        ("database_unavailable", 503, "5"),
    ]
    assert told[-1] is None


@pytest.mark.parametrize(
    ("error", "becomes"), [(LOST[0], OutcomeUnknown), (BUSY[0], DBAPIError), (DEFECTS[0], InterfaceError)]
)
def test_a_commit_that_lost_its_connection_may_have_been_kept(
    error: Exception, becomes: type[Exception]
) -> None:
    with pytest.raises(becomes), told_if_unknown():
        raise error
