"""Rows of chains, their managers, places and plans. They are public: every viewer sees all."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.chains.tables import Chain, ChainManager, ChainPlace, ChainPlan
from app.kernel.direct import Direct
from app.kernel.errors import Conflict


async def all_chains(session: AsyncSession) -> Sequence[Chain]:
    """Answer every chain, by code."""
    return (await session.execute(select(Chain).order_by(Chain.code))).scalars().all()


_NAMES: Final = Direct(select(Chain.code, Chain.name, Chain.jurisdiction).order_by(Chain.code))


async def names(session: AsyncSession) -> Sequence[Any]:
    """Answer (code, name, jurisdiction) of every chain, by code."""
    return await _NAMES.rows(session)


async def chain_by_code(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Chain | None:
    """Answer one chain; for a change, its row is held until the transaction ends."""
    statement = select(Chain).where(Chain.code == code)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def page_of_chains(
    session: AsyncSession, *, after: str | None, limit: int, region_prefix: str | None
) -> Sequence[Chain]:
    """Answer chains by code after a code, of a jurisdiction or of one below it."""
    statement = select(Chain).order_by(Chain.code).limit(limit)
    if after is not None:
        statement = statement.where(Chain.code > after)
    if region_prefix is not None:
        statement = statement.where(Chain.jurisdiction.startswith(region_prefix))
    return (await session.execute(statement)).scalars().all()


async def latest_plan_versions(session: AsyncSession) -> dict[int, int]:
    """Answer the number of the latest plan version by chain id."""
    statement = select(ChainPlan.chain_id, func.max(ChainPlan.version)).group_by(ChainPlan.chain_id)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def plans_of(session: AsyncSession, chain_id: int | None = None) -> Sequence[ChainPlan]:
    """Answer all plan versions of one chain, or of all, by chain and version."""
    statement = select(ChainPlan).order_by(ChainPlan.chain_id, ChainPlan.version)
    if chain_id is not None:
        statement = statement.where(ChainPlan.chain_id == chain_id)
    return (await session.execute(statement)).scalars().all()


async def managers_of(session: AsyncSession, chain_id: int | None = None) -> Sequence[ChainManager]:
    """Answer the manager periods of one chain, or of all, by chain, first day and role."""
    statement = select(ChainManager).order_by(
        ChainManager.chain_id, ChainManager.since, ChainManager.role, ChainManager.id
    )
    if chain_id is not None:
        statement = statement.where(ChainManager.chain_id == chain_id)
    return (await session.execute(statement)).scalars().all()


async def places_of(session: AsyncSession, chain_id: int | None = None) -> Sequence[ChainPlace]:
    """Answer what one chain, or all, covered and cover, by chain, kind, code and first day."""
    statement = select(ChainPlace).order_by(
        ChainPlace.chain_id, ChainPlace.kind, ChainPlace.code, ChainPlace.since
    )
    if chain_id is not None:
        statement = statement.where(ChainPlace.chain_id == chain_id)
    return (await session.execute(statement)).scalars().all()


async def add(session: AsyncSession, *rows: Chain | ChainManager | ChainPlan | ChainPlace) -> None:
    """Store new rows.

    Raises:
        Conflict: another request stored the same chain or plan version meanwhile.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody stored the same chain or plan version; read it again.") from error
