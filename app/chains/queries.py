"""Rows of chains, their managers, places and plans. They are public: every viewer sees all."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.chains.tables import Chain, ChainManager, ChainPlace, ChainPlan
from app.kernel.direct import Direct, given
from app.kernel.errors import Conflict


def _columns(of: type[Chain | ChainManager | ChainPlan]) -> tuple[Any, ...]:
    return tuple(getattr(of, each.key) for each in of.__mapper__.column_attrs)


_OF_CODE: Final = Chain.code == given("code")
_NEWEST_PLAN: Final = select(func.max(ChainPlan.version)).where(ChainPlan.chain_id == Chain.id)
_SHOWN: Final = Direct(
    select(*_columns(Chain), _NEWEST_PLAN.scalar_subquery().label("plan_version")).where(_OF_CODE)
)
_SHOWN_PLANS: Final = Direct(
    select(*_columns(ChainPlan))
    .join(Chain, Chain.id == ChainPlan.chain_id)
    .where(_OF_CODE)
    .order_by(ChainPlan.version)
)
_SHOWN_MANAGERS: Final = Direct(
    select(*_columns(ChainManager))
    .join(Chain, Chain.id == ChainManager.chain_id)
    .where(_OF_CODE)
    .order_by(ChainManager.since, ChainManager.role, ChainManager.id)
)


async def shown_chain(session: AsyncSession, code: str) -> Any | None:
    """Answer the columns of one chain with the number of its latest plan version (`plan_version`), not to be changed."""
    return await _SHOWN.row(session, code=code)


async def shown_plans(session: AsyncSession, code: str) -> Sequence[Any]:
    """Answer the columns of all plan versions of one chain by version, not to be changed."""
    return await _SHOWN_PLANS.rows(session, code=code)


async def shown_managers(session: AsyncSession, code: str) -> Sequence[Any]:
    """Answer the columns of the manager periods of one chain by first day and role, not to be changed."""
    return await _SHOWN_MANAGERS.rows(session, code=code)


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
