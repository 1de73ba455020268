"""Reads and writes of core firms' lists, versions, rows and listed firms; sight narrows them to the viewer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Select, Table, delete, func, select, update

from app.core_lists.rules import ListState, Outcome, VersionState
from app.core_lists.tables import CoreList, CoreListMember, CoreListRow, CoreListVersion
from app.enterprises.tables import Enterprise
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, insert_rows, unrestricted

ROWS: Final = cast("Table", CoreListRow.__table__)
MEMBERS: Final = cast("Table", CoreListMember.__table__)


async def list_of(session: AsyncSession, core_uscc: str, *, is_locked: bool = False) -> CoreList | None:
    """Answer the list of a core firm, locked if it is to be changed."""
    statement = select(CoreList).where(CoreList.core_uscc == core_uscc)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def page_of_lists(
    session: AsyncSession, state: ListState | None, after: str | None, limit: int
) -> Sequence[CoreList]:
    """Answer lists by the core firm's credit code."""
    statement = select(CoreList).order_by(CoreList.core_uscc).limit(limit)
    if state is not None:
        statement = statement.where(CoreList.state == state.value)
    if after is not None:
        statement = statement.where(CoreList.core_uscc > after)
    return (await session.scalars(statement)).all()


async def versions_of(session: AsyncSession, list_ids: Collection[int]) -> Sequence[CoreListVersion]:
    """Answer the draft and current versions of some lists."""
    statement = select(CoreListVersion).where(
        CoreListVersion.list_id.in_(sorted(list_ids)),
        CoreListVersion.state.in_([VersionState.DRAFT.value, VersionState.CURRENT.value]),
    )
    return (await session.scalars(statement)).all()


async def page_of_versions(
    session: AsyncSession, list_id: int, before: int | None, limit: int
) -> Sequence[CoreListVersion]:
    """Answer the versions of a list, the newest first; what was given up is left out."""
    statement = (
        select(CoreListVersion)
        .where(CoreListVersion.list_id == list_id, CoreListVersion.state != VersionState.DISCARDED.value)
        .order_by(CoreListVersion.number.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(CoreListVersion.number < before)
    return (await session.scalars(statement)).all()


async def version_of(session: AsyncSession, list_id: int, number: int) -> CoreListVersion | None:
    """Answer one version of a list."""
    return await session.scalar(
        select(CoreListVersion).where(CoreListVersion.list_id == list_id, CoreListVersion.number == number)
    )


async def version_in_state(
    session: AsyncSession, list_id: int, state: VersionState
) -> CoreListVersion | None:
    """Answer the draft or the current version of a list."""
    return await session.scalar(
        select(CoreListVersion).where(
            CoreListVersion.list_id == list_id, CoreListVersion.state == state.value
        )
    )


async def last_number(session: AsyncSession, list_id: int) -> int:
    """Answer the number of a list's last version, 0 if there is none."""
    statement = select(func.max(CoreListVersion.number)).where(CoreListVersion.list_id == list_id)
    return await session.scalar(statement) or 0


async def add(session: AsyncSession, row: Any) -> None:
    """Store a row, so that it has its number."""
    session.add(row)
    await session.flush()


async def put_rows(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store the rows of a version."""
    await insert_rows(session, ROWS, rows)


async def drop_rows(session: AsyncSession, version_id: int) -> None:
    """Take away the rows of a version that was never confirmed."""
    await session.execute(
        delete(CoreListRow)
        .where(CoreListRow.version_id == version_id)
        .execution_options(synchronize_session=False)
    )


RowSeen = tuple[CoreListRow, str | None, str | None]
"""A row with credit code and name of its firm, as far as the viewer may see that firm."""


def _rows(version_id: int) -> Select[CoreListRow, str, str]:
    return (
        select(CoreListRow, Enterprise.uscc, Enterprise.name)
        .outerjoin(Enterprise, Enterprise.id == CoreListRow.enterprise_id)
        .where(CoreListRow.version_id == version_id)
    )


async def page_of_rows(
    session: AsyncSession,
    version_id: int,
    outcomes: Collection[Outcome],
    after: int | None,
    limit: int,
) -> list[RowSeen]:
    """Answer rows of a version in the order of the sheet; of some outcomes only, if any are named."""
    statement = _rows(version_id).order_by(CoreListRow.number).limit(limit)
    if outcomes:
        statement = statement.where(CoreListRow.outcome.in_(sorted(one.value for one in outcomes)))
    if after is not None:
        statement = statement.where(CoreListRow.number > after)
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def row_of(
    session: AsyncSession, list_id: int, row_id: int, *, is_locked: bool = False
) -> RowSeen | None:
    """Answer one row of a list."""
    statement = (
        select(CoreListRow, Enterprise.uscc, Enterprise.name)
        .outerjoin(Enterprise, Enterprise.id == CoreListRow.enterprise_id)
        .where(CoreListRow.list_id == list_id, CoreListRow.id == row_id)
    )
    if is_locked:
        statement = statement.with_for_update(of=CoreListRow)
    found = (await session.execute(statement)).one_or_none()
    return None if found is None else (found[0], found[1], found[2])


async def stated_rows(session: AsyncSession, version_id: int) -> list[tuple[Any, ...]]:
    """Answer (name, relation, code, yearly trade, since) of the rows of a version."""
    statement = select(
        CoreListRow.name,
        CoreListRow.relation,
        CoreListRow.uscc,
        CoreListRow.yearly_fen,
        CoreListRow.since_year,
    ).where(CoreListRow.version_id == version_id)
    return [tuple(row) for row in await session.execute(statement.order_by(CoreListRow.number))]


async def outcome_counts(session: AsyncSession, version_id: int) -> dict[Outcome, int]:
    """Answer how many rows of a version came out each way."""
    statement = (
        select(CoreListRow.outcome, func.count())
        .where(CoreListRow.version_id == version_id)
        .group_by(CoreListRow.outcome)
    )
    return {Outcome(row[0]): row[1] for row in await session.execute(statement)}


async def decisions_before(
    session: AsyncSession, list_id: int, version_id: int
) -> list[tuple[str, str | None, str, int | None, str | None, datetime | None, str | None]]:
    """Answer what persons decided of rows of a version: name, code, outcome, firm, who, when, why."""
    statement = select(
        CoreListRow.name,
        CoreListRow.uscc,
        CoreListRow.outcome,
        CoreListRow.enterprise_id,
        CoreListRow.decided_by,
        CoreListRow.decided_at,
        CoreListRow.reason,
    ).where(
        CoreListRow.list_id == list_id,
        CoreListRow.version_id == version_id,
        CoreListRow.decided_at.is_not(None),
    )
    return [tuple(row) for row in await session.execute(statement)]  # type: ignore[misc]  # seven columns


FirmKnown = tuple[int, str, str, str]


async def firms_by_code(session: AsyncSession, usccs: Collection[str]) -> dict[str, FirmKnown]:
    """Answer (id, credit code, name, region) of registered firms wherever they lie: what is listed anywhere is matched with it."""
    found: dict[str, FirmKnown] = {}
    wanted = sorted(set(usccs))
    with unrestricted(session):
        for batch in in_batches(wanted):
            statement = select(Enterprise.id, Enterprise.uscc, Enterprise.name, Enterprise.region_code).where(
                Enterprise.uscc.in_(batch)
            )
            found |= {row[1]: (row[0], row[1], row[2], row[3]) for row in await session.execute(statement)}
    return found


async def seen_firms(session: AsyncSession, usccs: Collection[str]) -> dict[str, tuple[str, str]]:
    """Answer (name, region) of those firms that the viewer may see, by credit code."""
    if not usccs:
        return {}
    statement = select(Enterprise.uscc, Enterprise.name, Enterprise.region_code).where(
        Enterprise.uscc.in_(sorted(usccs))
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(statement)}


async def resolved_rows(
    session: AsyncSession, version_id: int
) -> list[tuple[int, str, int | None, int | None, str, str, str]]:
    """Answer (firm, relation, yearly trade, since, code, name, region) of the rows of a version whose firm is known."""
    statement = (
        select(
            CoreListRow.enterprise_id,
            CoreListRow.relation,
            CoreListRow.yearly_fen,
            CoreListRow.since_year,
            Enterprise.uscc,
            Enterprise.name,
            Enterprise.region_code,
        )
        .join(Enterprise, Enterprise.id == CoreListRow.enterprise_id)
        .where(CoreListRow.version_id == version_id)
        .order_by(CoreListRow.number)
    )
    with unrestricted(session):
        return [tuple(row) for row in await session.execute(statement)]  # type: ignore[misc]  # seven columns


async def members_of_list(session: AsyncSession, list_id: int) -> list[CoreListMember]:
    """Answer all firms that were ever on a list, held until the transaction ends."""
    statement = (
        select(CoreListMember).where(CoreListMember.list_id == list_id).order_by(CoreListMember.id)
    ).with_for_update()
    with unrestricted(session):
        return list((await session.scalars(statement)).all())


async def put_members(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store newly listed firms."""
    await insert_rows(session, MEMBERS, rows)


async def page_of_members(
    session: AsyncSession, list_id: int, answer: str | None, after: int | None, limit: int
) -> Sequence[CoreListMember]:
    """Answer the firms that are on a list now, by number."""
    statement = (
        select(CoreListMember)
        .where(CoreListMember.list_id == list_id, CoreListMember.left_at.is_(None))
        .order_by(CoreListMember.id)
        .limit(limit)
    )
    if answer is not None:
        statement = statement.where(CoreListMember.answer == answer)
    if after is not None:
        statement = statement.where(CoreListMember.id > after)
    return (await session.scalars(statement)).all()


async def answer_counts(session: AsyncSession, list_id: int) -> dict[str, int]:
    """Answer how many firms that are on a list have given each answer."""
    statement = (
        select(CoreListMember.answer, func.count())
        .where(CoreListMember.list_id == list_id, CoreListMember.left_at.is_(None))
        .group_by(CoreListMember.answer)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def listings_of(
    session: AsyncSession, usccs: Collection[str], after: int | None, limit: int
) -> Sequence[CoreListMember]:
    """Answer where some firms are or were listed, the newest first."""
    statement = (
        select(CoreListMember)
        .where(CoreListMember.firm_uscc.in_(sorted(usccs)))
        .order_by(CoreListMember.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(CoreListMember.id < after)
    return (await session.scalars(statement)).all()


async def listing_by_id(
    session: AsyncSession, member_id: int, *, is_locked: bool = False
) -> CoreListMember | None:
    """Answer one listed firm, locked if it is to be changed."""
    statement = select(CoreListMember).where(CoreListMember.id == member_id)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def leave(session: AsyncSession, member_ids: Collection[int], now: datetime) -> None:
    """Note that firms are on a list no more."""
    wanted = sorted(member_ids)
    with unrestricted(session):
        for batch in in_batches(wanted):
            await session.execute(
                update(CoreListMember)
                .where(CoreListMember.id.in_(batch))
                .values(left_at=now, version=CoreListMember.version + 1)
                .execution_options(synchronize_session=False)
            )
