"""What a roster has said so far, kept on disk, so that a check needs no more memory for a long roster than for a short one.

A private, unnamed SQLite database that is gone when it is closed; nothing of ours is ever in it, which is why its few
statements stand here and not among the queries. It may be used from one thread after the other, and closed while another
thread still uses it: that thread's next call then raises `sqlite3.ProgrammingError`.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from app.whitelist.roster_check import Firm
from app.whitelist.roster_rows import RosterRow
from app.whitelist.shelf import Shelf

_PAGE_CACHE_KIB: Final = 1_000
_SETTINGS: Final = (
    "PRAGMA journal_mode = OFF",  # nobody rolls back what is thrown away anyway
    "PRAGMA synchronous = OFF",
    f"PRAGMA cache_size = -{_PAGE_CACHE_KIB}",
    "CREATE TABLE stated (uscc, project, row, PRIMARY KEY (uscc, project)) WITHOUT ROWID",
    "CREATE TABLE named (uscc PRIMARY KEY, name, row) WITHOUT ROWID",
    "CREATE TABLE firm (number INTEGER PRIMARY KEY, uscc UNIQUE, name, region, row, is_settled DEFAULT 0)",
    "BEGIN",
)


class RosterMemory:
    """The firms and projects that a roster names, and its faultless rows; a context manager, closed at its end.

    `firms` are those of the faultless rows; a settled one is not asked about its name again.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._lock = Lock()
        self._rows = Shelf[list[RosterRow]]()
        for statement in _SETTINGS:
            self._database.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything; waits for a call that another thread has under way."""
        with self._lock:
            self._database.close()
            self._rows.close()

    def first_row(self, uscc: str, project: str | None, row: int) -> int:
        """Answer the row that named this firm and project first: this one, if none did before."""
        if self._insert("INSERT OR IGNORE INTO stated VALUES (?, ?, ?)", (uscc, project or "", row)):
            return row
        [first] = self._one("SELECT row FROM stated WHERE uscc = ? AND project = ?", (uscc, project or ""))
        return int(first)

    def first_name(self, uscc: str, name: str, row: int) -> tuple[str, int]:
        """Answer what the firm was called first, and in which row: this name, if it had none before."""
        if self._insert("INSERT OR IGNORE INTO named VALUES (?, ?, ?)", (uscc, name, row)):
            return name, row
        first, at = self._one("SELECT name, row FROM named WHERE uscc = ?", (uscc,))
        return str(first), int(at)

    def keep(self, uscc: str, firm: Firm) -> None:
        """Keep a firm of a faultless row; what was kept of it first stays."""
        values = (uscc, firm.name, firm.region_code, firm.row)
        self._insert("INSERT OR IGNORE INTO firm (uscc, name, region, row) VALUES (?, ?, ?, ?)", values)

    def put_down(self, rows: list[RosterRow]) -> None:
        """Put faultless rows behind the others, if there are any."""
        if rows:
            with self._lock:
                self._rows.append(rows)

    def rows(self) -> Iterator[list[RosterRow]]:
        """Yield the rows as they were put down: reading them again costs a tenth of reading the sheet again."""
        return iter(self._rows)

    def settle(self, usccs: Iterable[str]) -> None:
        """Ask no more about the names of these firms."""
        with self._lock:
            statement = "UPDATE firm SET is_settled = 1 WHERE uscc = ?"
            self._database.executemany(statement, [(uscc,) for uscc in usccs])

    def has_unsettled(self) -> bool:
        """Answer whether there is anybody to ask about."""
        [found] = self._one("SELECT EXISTS (SELECT 1 FROM firm WHERE NOT is_settled)", ())
        return bool(found)

    def firms_of(self, usccs: Iterable[str]) -> dict[str, Firm]:
        """Answer those of the firms that the roster has, by credit code."""
        statement = "SELECT name, region, row FROM firm WHERE uscc = ?"
        with self._lock:
            found = {uscc: self._database.execute(statement, (uscc,)).fetchone() for uscc in usccs}
        return {uscc: Firm(*values) for uscc, values in found.items() if values is not None}

    def firms(self, size: int) -> Iterator[list[tuple[str, Firm, bool]]]:
        """Yield (credit code, firm, whether it is settled) in the order they were kept, `size` at a time."""
        columns = "number, uscc, name, region, row, is_settled"
        statement = f"SELECT {columns} FROM firm WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 - constants
        after = 0
        while True:
            with self._lock:
                rows = self._database.execute(statement, (after, size)).fetchall()
            if not rows:
                return
            yield [(row[1], Firm(*row[2:5]), bool(row[5])) for row in rows]
            after = rows[-1][0]

    def _insert(self, statement: str, values: tuple[object, ...]) -> bool:
        with self._lock:
            return self._database.execute(statement, values).rowcount > 0

    def _one(self, statement: str, values: tuple[object, ...]) -> tuple[Any, ...]:
        with self._lock:
            found: tuple[Any, ...] = self._database.execute(statement, values).fetchone()
        return found
