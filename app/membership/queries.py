"""Reads and writes of memberships, questions, objections and runs; sessions are narrowed to what their viewer sees."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.enterprises.tables import Enterprise
from app.institutions.rules import digits_of
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict
from app.membership.rules import WITHDRAWN
from app.membership.schemas import MembershipFilter, QuestionFilter
from app.membership.tables import (
    ChainMembership,
    MembershipAct,
    MembershipListing,
    MembershipObjection,
    MembershipQuestion,
    MembershipRun,
)

MEMBERSHIPS: Final = cast("Table", ChainMembership.__table__)
_Row = TypeVar(
    "_Row", ChainMembership, MembershipAct, MembershipListing, MembershipObjection, MembershipQuestion,
    MembershipRun,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A membership with how its firm is called and where it lies."""

    row: ChainMembership
    uscc: str
    name: str
    region: str
    industry: str | None


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A question with its membership."""

    question: MembershipQuestion
    about: Listed


@dataclass(frozen=True, slots=True)
class ListedObjection:
    """An objection with its membership."""

    objection: MembershipObjection
    about: Listed


_FIRM: Final[tuple[Any, ...]] = (
    Enterprise.uscc,
    Enterprise.name,
    Enterprise.region_code,
    Enterprise.industry,
)


def _listed() -> Select[Any]:
    found: Select[Any] = select(ChainMembership, *_FIRM)
    return found.join(Enterprise, Enterprise.id == ChainMembership.enterprise_id)


def _holds(today: date) -> ColumnElement[bool]:
    return or_(ChainMembership.until.is_(None), ChainMembership.until >= today)


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    """Tell what a tab shows: what is over (withdrawn, or a word whose last day has passed) stands by itself."""
    if state == "over":
        return or_(ChainMembership.state == WITHDRAWN, ChainMembership.until < today)
    return and_(ChainMembership.state == state, _holds(today))


def _filtered(statement: Select[Any], wanted: MembershipFilter) -> Select[Any]:
    if wanted.chain is not None:
        statement = statement.where(ChainMembership.chain_code == wanted.chain)
    if wanted.role is not None:
        statement = statement.where(ChainMembership.role == wanted.role)
    if wanted.link is not None:
        statement = statement.where(ChainMembership.link == wanted.link)
    if wanted.confidence is not None:
        statement = statement.where(ChainMembership.confidence == wanted.confidence)
    if wanted.region is not None:
        statement = statement.where(
            Enterprise.region_code.startswith(digits_of(wanted.region), autoescape=True)
        )
    if wanted.uscc is not None:
        statement = statement.where(Enterprise.uscc == wanted.uscc)
    if wanted.q is not None:
        statement = statement.where(Enterprise.name.contains(wanted.q, autoescape=True))
    return statement


async def page_of_memberships(
    session: AsyncSession, wanted: MembershipFilter, *, today: date, after: int | None, limit: int
) -> list[Listed]:
    """Answer memberships by number, after one of them."""
    statement = _filtered(_listed(), wanted)
    if wanted.state is not None:
        statement = statement.where(_in_state(wanted.state, today))
    if after is not None:
        statement = statement.where(ChainMembership.id > after)
    rows = await session.execute(statement.order_by(ChainMembership.id).limit(limit))
    return [Listed(*row) for row in rows]


async def counts_by_state(
    session: AsyncSession, wanted: MembershipFilter, *, today: date
) -> list[tuple[str, str, bool, int]]:
    """Answer (chain, state, whether it is over, how many) by all filters but the state."""
    over = func.count().filter(_in_state("over", today))
    columns: tuple[Any, ...] = (ChainMembership.chain_code, ChainMembership.state, over, func.count())
    statement = select(*columns)
    if any((wanted.region, wanted.uscc, wanted.q)):  # these are of the firm
        statement = statement.join(Enterprise, Enterprise.id == ChainMembership.enterprise_id)
    grouped = _filtered(statement, wanted).group_by(ChainMembership.chain_code, ChainMembership.state)
    found = []
    for chain, state, ended, whole in await session.execute(grouped):
        counts = ((True, ended), (False, whole - ended))
        found += [(chain, state, is_over, count) for is_over, count in counts if count]
    return found


async def membership(session: AsyncSession, number: int, *, is_locked: bool = False) -> Listed | None:
    """Answer one membership; locked with its firm until the transaction ends if it is to be changed."""
    if is_locked:
        await hold_firms(session, [number])
    statement = _listed().where(ChainMembership.id == number)
    if is_locked:
        statement = statement.with_for_update(of=ChainMembership)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else Listed(*row)


async def hold_firms(session: AsyncSession, numbers: Collection[int]) -> None:
    """Keep others who settle memberships of the same firms waiting, in the order of the firms."""
    firms = select(ChainMembership.enterprise_id).where(ChainMembership.id.in_(sorted(numbers)))
    statement = select(Enterprise.id).where(Enterprise.id.in_(firms)).order_by(Enterprise.id)
    await session.execute(statement.with_for_update(key_share=True))


async def memberships(session: AsyncSession, numbers: Collection[int]) -> list[Listed]:
    """Answer some memberships by number."""
    statement = _listed().where(ChainMembership.id.in_(sorted(numbers))).order_by(ChainMembership.id)
    return [Listed(*row) for row in await session.execute(statement)]


async def standing_of_firms(session: AsyncSession, firms: Collection[int]) -> Sequence[ChainMembership]:
    """Answer all memberships of firms but withdrawn proposals, by number."""
    statement = select(ChainMembership).where(
        ChainMembership.enterprise_id.in_(sorted(firms)), ChainMembership.state != WITHDRAWN
    )
    return (await session.scalars(statement.order_by(ChainMembership.id))).all()


async def of_firm(session: AsyncSession, uscc: str) -> list[Listed]:
    """Answer all memberships of a firm but withdrawn proposals, by chain."""
    statement = _listed().where(Enterprise.uscc == uscc, ChainMembership.state != WITHDRAWN)
    return [
        Listed(*row)
        for row in await session.execute(statement.order_by(ChainMembership.chain_code, ChainMembership.id))
    ]


async def acts_of(session: AsyncSession, number: int) -> Sequence[MembershipAct]:
    """Answer what was done with a membership, in order."""
    statement = select(MembershipAct).where(MembershipAct.membership_id == number)
    return (await session.scalars(statement.order_by(MembershipAct.id))).all()


async def objections_of(session: AsyncSession, numbers: Collection[int]) -> Sequence[MembershipObjection]:
    """Answer the objections to some memberships, in order."""
    statement = select(MembershipObjection).where(MembershipObjection.membership_id.in_(sorted(numbers)))
    return (await session.scalars(statement.order_by(MembershipObjection.id))).all()


async def questions_of(session: AsyncSession, number: int) -> Sequence[MembershipQuestion]:
    """Answer the questions about a membership, in order."""
    statement = select(MembershipQuestion).where(MembershipQuestion.membership_id == number)
    return (await session.scalars(statement.order_by(MembershipQuestion.id))).all()


async def page_of_questions(
    session: AsyncSession, wanted: QuestionFilter, *, after: int | None, limit: int
) -> list[ListedQuestion]:
    """Answer questions by number."""
    statement = (
        select(MembershipQuestion, ChainMembership, *_FIRM)
        .join(ChainMembership, ChainMembership.id == MembershipQuestion.membership_id)
        .join(Enterprise, Enterprise.id == ChainMembership.enterprise_id)
    )
    if wanted.number is not None:
        statement = statement.where(MembershipQuestion.id == wanted.number)
    if wanted.chain is not None:
        statement = statement.where(ChainMembership.chain_code == wanted.chain)
    if wanted.kind is not None:
        statement = statement.where(MembershipQuestion.kind == wanted.kind)
    if wanted.state is not None:
        statement = statement.where(MembershipQuestion.state == wanted.state)
    if after is not None:
        statement = statement.where(MembershipQuestion.id > after)
    rows = await session.execute(statement.order_by(MembershipQuestion.id).limit(limit))
    return [ListedQuestion(row[0], Listed(*row[1:])) for row in rows]


async def page_of_objections(
    session: AsyncSession,
    *,
    number: int | None = None,
    chain: str | None = None,
    state: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[ListedObjection]:
    """Answer objections by number."""
    statement = (
        select(MembershipObjection, ChainMembership, *_FIRM)
        .join(ChainMembership, ChainMembership.id == MembershipObjection.membership_id)
        .join(Enterprise, Enterprise.id == ChainMembership.enterprise_id)
    )
    if number is not None:
        statement = statement.where(MembershipObjection.id == number)
    if chain is not None:
        statement = statement.where(ChainMembership.chain_code == chain)
    if state is not None:
        statement = statement.where(MembershipObjection.state == state)
    if after is not None:
        statement = statement.where(MembershipObjection.id > after)
    rows = await session.execute(statement.order_by(MembershipObjection.id).limit(limit))
    return [ListedObjection(row[0], Listed(*row[1:])) for row in rows]


async def open_counts(session: AsyncSession) -> tuple[dict[str, int], dict[str, int]]:
    """Answer how many questions and how many objections are open, each by chain."""
    found = []
    for table in (MembershipQuestion, MembershipObjection):
        statement = (
            select(ChainMembership.chain_code, func.count())
            .join(table, table.membership_id == ChainMembership.id)
            .where(table.state == "open")
            .group_by(ChainMembership.chain_code)
        )
        found.append({chain: count for chain, count in await session.execute(statement)})  # noqa: C416 - rows are no tuples to mypy
    return found[0], found[1]


async def page_of_runs(
    session: AsyncSession, jurisdiction: str, *, before: int | None, limit: int
) -> Sequence[MembershipRun]:
    """Answer the runs of a jurisdiction, the newest first."""
    statement = select(MembershipRun).where(MembershipRun.jurisdiction == jurisdiction)
    if before is not None:
        statement = statement.where(MembershipRun.id < before)
    return (await session.scalars(statement.order_by(MembershipRun.id.desc()).limit(limit))).all()


async def run(session: AsyncSession, jurisdiction: str, number: int) -> MembershipRun | None:
    """Answer one run."""
    statement = select(MembershipRun).where(
        MembershipRun.jurisdiction == jurisdiction, MembershipRun.id == number
    )
    return await session.scalar(statement)


async def add(session: AsyncSession, *rows: _Row) -> None:
    """Store new rows.

    Raises:
        Conflict: somebody has stored the like of one meanwhile.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has decided on the same membership meanwhile; read it again.") from error


async def settle_many(session: AsyncSession, numbers: Sequence[int], values: Mapping[str, Any]) -> None:
    """Give many proposals the same word, each one version further."""
    for some in in_batches(numbers):
        statement = update(ChainMembership).where(ChainMembership.id.in_(some))
        counted = statement.values(**values, version=ChainMembership.version + 1)
        await session.execute(counted, execution_options={"synchronize_session": False})


async def flush(session: AsyncSession) -> None:
    """Write changed rows now: what follows rests on them.

    Raises:
        Conflict: somebody has stored the like of one meanwhile.
    """
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has decided on the same membership meanwhile; read it again.") from error


async def close_questions(session: AsyncSession, number: int, by: str, why: str, now: datetime) -> None:
    """Have no question about a membership be open any more: what it asked of is over."""
    for one in await questions_of(session, number):
        if one.state == "open":
            one.state, one.decided_by, one.decided_at, one.decision = "settled", by, now, why
            one.version += 1
