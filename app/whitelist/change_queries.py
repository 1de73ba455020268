"""What changed since: which entries have other facts than a process remembers.

Triggers note each entry of which anything changed that coverage and cards are computed from, in the transaction that changed it
(migration 0010); a row without an entry means all of them: an institution, a chain or a wording that was rewritten.
The table says nothing that is not known elsewhere. It has no part in what is moved, backed up or compared, so it is
declared apart from the tables that hold something.

Numbers are given out before transactions are kept, so the newest number does not say what was seen. On PostgreSQL a
look is therefore remembered as the snapshot in which it was made: what is seen now and was not seen in it has
changed since. SQLite has one writer, whose numbers come in order.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    String,
    Table,
    bindparam,
    cast,
    delete,
    func,
    select,
    true,
)
from sqlalchemy.types import UserDefinedType

from app.kernel.database import AsyncSession, BigId
from app.kernel.direct import Direct

ENTRY_CHANGES: Final = Table(
    "entry_changes",
    MetaData(),
    Column("id", BigId, primary_key=True),
    Column("entry_id", BigInteger),
    Column("xact", BigInteger, nullable=False, index=True),
)
MOST_KEPT: Final = 100_000
"""So many of the newest rows are left when old ones are removed."""
_CHANGES: Final = ENTRY_CHANGES.c


class _Snapshot(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "pg_snapshot"


class _Transaction(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "xid8"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: PostgreSQL's snapshot, or SQLite's last number; and the oldest row that there was."""

    snapshot: str
    oldest: int | None

    @property
    def least(self) -> int:
        """Answer the transaction (or number) before which everything was seen."""
        return int(self.snapshot.partition(":")[0])


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look sees now, and the entries (ids) that changed since another one; None: perhaps all of them."""

    seen: Seen
    entries: frozenset[int] | None


_OLDEST: Final = select(func.min(_CHANGES.id)).scalar_subquery().label("oldest")
_SNAPSHOT: Final = cast(func.pg_current_snapshot(), String).label("snapshot")
_NUMBER: Final = (
    select(cast(func.coalesce(func.max(_CHANGES.id), 0), String)).scalar_subquery().label("snapshot")
)
_ONE: Final = select(true().label("is_one")).subquery("one")
_UNSEEN: Final = (_CHANGES.xact >= bindparam("least", type_=BigInteger())) & ~func.pg_visible_in_snapshot(
    cast(cast(_CHANGES.xact, String), _Transaction()),
    cast(bindparam("snapshot", type_=String()), _Snapshot()),
)
_CHANGED: Final = (_CHANGES.id.is_not(None).label("is_change"), _CHANGES.entry_id)
_NOW: Final = Direct(select(_SNAPSHOT, _OLDEST))
_NOW_ELSEWHERE: Final = select(_NUMBER, _OLDEST)
_SINCE: Final = Direct(
    select(_SNAPSHOT, _OLDEST, *_CHANGED).select_from(_ONE.outerjoin(ENTRY_CHANGES, _UNSEEN)).distinct()
)
_SINCE_ELSEWHERE: Final = (
    select(_NUMBER, _OLDEST, *_CHANGED)
    .select_from(_ONE.outerjoin(ENTRY_CHANGES, _CHANGES.id > bindparam("least", type_=BigInteger())))
    .distinct()
)


async def changes(session: AsyncSession, since: Seen | None) -> Changes:
    """Answer what is seen now and what changed since an earlier look, by one statement."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    if since is None:
        rows = await _NOW.rows(session) if is_postgresql else (await session.execute(_NOW_ELSEWHERE)).all()
        return Changes(Seen(rows[0].snapshot, rows[0].oldest), None)
    if is_postgresql:
        rows = await _SINCE.rows(session, least=since.least, snapshot=since.snapshot)
    else:
        rows = (await session.execute(_SINCE_ELSEWHERE, {"least": since.least})).all()
    seen = Seen(rows[0].snapshot, rows[0].oldest)
    changed = [row.entry_id for row in rows if row.is_change]
    # Whoever removed old rows since may have removed some that were not seen yet.
    is_whole = seen.oldest == since.oldest and None not in changed
    return Changes(seen, frozenset(changed) if is_whole else None)


async def forget_old(session: AsyncSession) -> None:
    """Remove all but the newest rows."""
    newest = select(func.max(_CHANGES.id)).scalar_subquery()
    await session.execute(delete(ENTRY_CHANGES).where(_CHANGES.id < newest - MOST_KEPT))
