"""Rows of institutions and the regions that they serve. They are public: every viewer sees all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import String, cast, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.institutions.tables import Institution, InstitutionArea
from app.kernel.batches import in_batches
from app.kernel.direct import Direct
from app.kernel.errors import Conflict

NODE_COLUMNS: Final = (
    Institution.id,
    Institution.code,
    Institution.name,
    Institution.short_name,
    Institution.kind,
    Institution.parent_id,
    Institution.root_id,
    Institution.region_code,
    Institution.capacity,
    Institution.group_capacity,
    Institution.credit_loan_share,
    Institution.borrower_limit_fen,
    Institution.is_demo,
)


async def all_institutions(session: AsyncSession) -> Sequence[Institution]:
    """Answer every institution, by code."""
    return (await session.execute(select(Institution).order_by(Institution.code))).scalars().all()


async def tree_rows(session: AsyncSession) -> tuple[tuple[Any, ...], ...]:
    """Answer what makes a node of the tree, for every institution: the values of NODE_COLUMNS, by code."""
    rows = await session.execute(select(*NODE_COLUMNS).order_by(Institution.code))
    return tuple(tuple(row) for row in rows)


_STATE: Final = Direct(
    select(
        func.count(Institution.id),
        cast(func.sum(Institution.version), String),
        func.max(Institution.id),
        func.max(Institution.updated_at),
        select(func.count(InstitutionArea.institution_id)).scalar_subquery(),
    )
)


async def tree_state(session: AsyncSession) -> tuple[Any, ...]:
    """Answer a value that is another one after any change of the tree; an institution's areas are part of its version."""
    row = await _STATE.row(session)
    assert row is not None  # one row of totals
    return tuple(row)


async def institution_by_code(
    session: AsyncSession, code: str, *, is_for_change: bool = False
) -> Institution | None:
    """Answer one institution; for a change, its row is held until the transaction ends."""
    statement = select(Institution).where(Institution.code == code)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def page_of_institutions(
    session: AsyncSession,
    *,
    after: str | None,
    limit: int,
    kind: str | None,
    region_prefix: str | None,
    parent: str | None,
) -> Sequence[Institution]:
    """Answer institutions by code after a code; `parent` is a code, `region_prefix` where they sit."""
    statement = select(Institution).order_by(Institution.code).limit(limit)
    if after is not None:
        statement = statement.where(Institution.code > after)
    if kind is not None:
        statement = statement.where(Institution.kind == kind)
    if region_prefix is not None:
        statement = statement.where(Institution.region_code.startswith(region_prefix))
    if parent is not None:
        above = select(Institution.id).where(Institution.code == parent).scalar_subquery()
        statement = statement.where(Institution.parent_id == above)
    return (await session.execute(statement)).scalars().all()


async def codes_of(session: AsyncSession, ids: Iterable[int]) -> dict[int, str]:
    """Answer the codes of some institutions by id."""
    wanted = sorted(set(ids))
    rows = await session.execute(select(Institution.id, Institution.code).where(Institution.id.in_(wanted)))
    return {row.id: row.code for row in rows}


async def areas_of(session: AsyncSession, ids: Iterable[int] | None = None) -> dict[int, tuple[str, ...]]:
    """Answer the regions that institutions serve, by id and in order; of all when no ids are given."""
    statement = select(InstitutionArea.institution_id, InstitutionArea.region_code).order_by(
        InstitutionArea.region_code
    )
    if ids is not None:
        statement = statement.where(InstitutionArea.institution_id.in_(sorted(set(ids))))
    found: dict[int, list[str]] = defaultdict(list)
    for institution_id, region in await session.execute(statement):
        found[institution_id].append(region)
    return {institution_id: tuple(areas) for institution_id, areas in found.items()}


async def add_institutions(session: AsyncSession, rows: Sequence[Institution]) -> None:
    """Store new institutions, so that they have ids.

    Raises:
        Conflict: another request stored the same code or credit code meanwhile.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("An institution with this code or credit code exists already.") from error


async def put_areas(session: AsyncSession, areas: Mapping[int, Sequence[str]]) -> None:
    """Replace the regions that these institutions serve."""
    ids = sorted(areas)
    for part in in_batches(ids):
        await session.execute(delete(InstitutionArea).where(InstitutionArea.institution_id.in_(part)))
    rows = [{"institution_id": number, "region_code": region} for number in ids for region in areas[number]]
    if rows:
        await session.execute(insert(InstitutionArea), rows)
