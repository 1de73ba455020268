"""Reads and writes of batch matches of core firms' lists; sight narrows them to the viewer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, cast

from sqlalchemy import Select, Table, and_, delete, func, select

from app.catalogue.tables import Product, ProductRevision
from app.core_lists.rules import Answer
from app.core_lists.tables import CoreListMatch, CoreListMember, CoreListRun
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, insert_rows, unrestricted

MATCHES: Final = cast("Table", CoreListMatch.__table__)


async def drop_matches(session: AsyncSession, member_ids: Collection[int]) -> None:
    """Take away the matches of some listed firms."""
    wanted = sorted(member_ids)
    with unrestricted(session):
        for batch in in_batches(wanted):
            await session.execute(
                delete(CoreListMatch)
                .where(CoreListMatch.member_id.in_(batch))
                .execution_options(synchronize_session=False)
            )


async def drop_matches_of_list(session: AsyncSession, list_id: int) -> None:
    """Take away the matches of a list's last run, before the next is stored."""
    with unrestricted(session):
        await session.execute(
            delete(CoreListMatch)
            .where(CoreListMatch.list_id == list_id)
            .execution_options(synchronize_session=False)
        )


async def put_matches(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store the matches of a run; answer how many."""
    return await insert_rows(session, MATCHES, rows)


async def last_run(session: AsyncSession, list_id: int) -> CoreListRun | None:
    """Answer a list's last run."""
    return await session.scalar(
        select(CoreListRun).where(CoreListRun.list_id == list_id).order_by(CoreListRun.number.desc()).limit(1)
    )


async def page_of_runs(
    session: AsyncSession, list_id: int, before: int | None, limit: int
) -> Sequence[CoreListRun]:
    """Answer a list's runs, the newest first."""
    statement = (
        select(CoreListRun)
        .where(CoreListRun.list_id == list_id)
        .order_by(CoreListRun.number.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(CoreListRun.number < before)
    return (await session.scalars(statement)).all()


async def run_of(session: AsyncSession, list_id: int, number: int) -> CoreListRun | None:
    """Answer one run of a list."""
    return await session.scalar(
        select(CoreListRun).where(CoreListRun.list_id == list_id, CoreListRun.number == number)
    )


MemberFacts = tuple[CoreListMember, str | None, date | None, Mapping[str, Any] | None]
"""A listed firm with its industry, its day of establishment, and the facts of its own need."""


async def consented(session: AsyncSession, list_id: int, today: date) -> list[MemberFacts]:
    """Answer the firms of a list whose consent holds, with what is known of them wherever they lie."""
    statement = (
        select(CoreListMember, Enterprise.industry, Enterprise.established_on, NeedRevision.facts)
        .join(Enterprise, Enterprise.id == CoreListMember.enterprise_id)
        .outerjoin(Need, and_(Need.enterprise_id == Enterprise.id, Need.project_id.is_(None)))
        .outerjoin(
            NeedRevision, and_(NeedRevision.need_id == Need.id, NeedRevision.revision == Need.revision)
        )
        .where(
            CoreListMember.list_id == list_id,
            CoreListMember.left_at.is_(None),
            CoreListMember.answer == Answer.CONSENTED.value,
            CoreListMember.until >= today,
        )
        .order_by(CoreListMember.id)
    )
    # Who consents to be matched consents to this look at its facts; nobody is shown them.
    with unrestricted(session):
        return [(row[0], row[1], row[2], row[3]) for row in await session.execute(statement)]


async def listed_now(session: AsyncSession, list_id: int) -> int:
    """Answer how many known firms are on a list."""
    statement = select(func.count()).where(
        CoreListMember.list_id == list_id, CoreListMember.left_at.is_(None)
    )
    with unrestricted(session):
        return await session.scalar(statement) or 0


MatchSeen = tuple[CoreListMatch, CoreListMember, str, str, str, str]
"""A match, its firm, code and name of the product, code and name of its institution."""


def _matches() -> Select[CoreListMatch, CoreListMember, str, str, str, str]:
    return (
        select(
            CoreListMatch,
            CoreListMember,
            Product.code,
            ProductRevision.name,
            Institution.code,
            Institution.name,
        )
        .join(CoreListMember, CoreListMember.id == CoreListMatch.member_id)
        .join(ProductRevision, ProductRevision.id == CoreListMatch.product_revision_id)
        .join(Product, Product.id == ProductRevision.product_id)
        .join(Institution, Institution.id == CoreListMatch.institution_id)
    )


async def page_of_matches(
    session: AsyncSession,
    *,
    list_id: int | None,
    kind: str | None,
    fit: str | None,
    after: int | None,
    limit: int,
) -> list[MatchSeen]:
    """Answer matches by number: of a list or of all, of a kind or of all."""
    statement = _matches().order_by(CoreListMatch.id).limit(limit)
    for column, value in (
        (CoreListMatch.list_id, list_id),
        (CoreListMatch.kind, kind),
        (CoreListMatch.fit, fit),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(CoreListMatch.id > after)
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in await session.execute(statement)]


async def matches_of_members(session: AsyncSession, member_ids: Collection[int]) -> list[MatchSeen]:
    """Answer the matches of some listed firms (a page of them), the best of each kind first."""
    if not member_ids:
        return []
    statement = (
        _matches()
        .where(CoreListMatch.member_id.in_(sorted(member_ids)))
        .order_by(CoreListMatch.member_id, CoreListMatch.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in await session.execute(statement)]
