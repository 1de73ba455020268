"""Rows of awards. Nominations, ballots and appeals are narrowed to whose they are (visibility/queries.py)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.accounts.tables import Person
from app.awards.tables import (
    Award,
    AwardAppeal,
    AwardBallot,
    AwardCandidate,
    AwardJuror,
    AwardNomination,
)
from app.catalogue.tables import Product, ProductRevision
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict

Stored = Award | AwardNomination | AwardJuror | AwardBallot | AwardCandidate | AwardAppeal


@dataclass(frozen=True, slots=True)
class Named:
    """A product with what people call it, and who offers it."""

    id: int
    code: str
    revision: int
    name: str
    institution_id: int
    institution: str
    institution_name: str


async def add(session: AsyncSession, rows: Sequence[Stored], taken: str) -> None:
    """Store new rows, so that they have ids.

    Raises:
        Conflict: another request stored the same meanwhile; `taken` says what.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict(taken) from error


async def remove(session: AsyncSession, row: Stored) -> None:
    """Take a row away."""
    await session.delete(row)
    await session.flush()


async def award_of(
    session: AsyncSession, jurisdiction: str, year: int, *, is_for_change: bool = False
) -> Award | None:
    """Answer the award of a year; for a change held until the transaction ends."""
    statement = select(Award).where(Award.jurisdiction == jurisdiction, Award.year == year)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def awards(
    session: AsyncSession, jurisdiction: str, *, before: int | None, limit: int
) -> Sequence[Award]:
    """Answer awards, the newest year first, before one."""
    statement = select(Award).where(Award.jurisdiction == jurisdiction)
    if before is not None:
        statement = statement.where(Award.year < before)
    return (await session.scalars(statement.order_by(Award.year.desc()).limit(limit))).all()


async def products(
    session: AsyncSession, codes: Iterable[str] | None = None, ids: Iterable[int] | None = None
) -> dict[int, Named]:
    """Answer products by id with the names of their current revisions, found by codes or by ids."""
    statement = (
        select(
            Product.id,
            Product.code,
            ProductRevision.id,
            ProductRevision.name,
            Institution.id,
            Institution.code,
            Institution.name,
        )
        .join(ProductRevision, ProductRevision.product_id == Product.id)
        .join(Institution, Institution.id == Product.institution_id)
        .where(ProductRevision.revision == Product.revision)
    )
    if codes is not None:
        statement = statement.where(Product.code.in_(sorted(codes)))
    if ids is not None:
        statement = statement.where(Product.id.in_(sorted(ids)))
    return {row[0]: Named(*row) for row in await session.execute(statement)}


async def nomination(session: AsyncSession, award_id: int, number: int) -> AwardNomination | None:
    """Answer one nomination that the viewer may see."""
    statement = select(AwardNomination).where(
        AwardNomination.award_id == award_id, AwardNomination.id == number
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def nominations(
    session: AsyncSession, award_id: int, *, after: int = 0, limit: int | None = None
) -> Sequence[AwardNomination]:
    """Answer the nominations that the viewer may see, in the order in which they came."""
    statement = (
        select(AwardNomination)
        .where(AwardNomination.award_id == award_id, AwardNomination.id > after)
        .order_by(AwardNomination.id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def jurors(session: AsyncSession, award_id: int) -> Sequence[AwardJuror]:
    """Answer the jury, in the order in which it was appointed."""
    statement = select(AwardJuror).where(AwardJuror.award_id == award_id).order_by(AwardJuror.id)
    return (await session.scalars(statement)).all()


async def logins(session: AsyncSession, names: Iterable[str]) -> dict[str, Person]:
    """Answer people by login."""
    found = await session.scalars(select(Person).where(Person.login.in_(sorted(names))))
    return {one.login: one for one in found}


async def ballots(session: AsyncSession, award_id: int) -> Sequence[AwardBallot]:
    """Answer the ballots that the viewer may see, by person."""
    statement = select(AwardBallot).where(AwardBallot.award_id == award_id).order_by(AwardBallot.person_id)
    return (await session.scalars(statement)).all()


async def ballot(session: AsyncSession, award_id: int, person: int) -> AwardBallot | None:
    """Answer somebody's ballot if the viewer may see it."""
    statement = select(AwardBallot).where(AwardBallot.award_id == award_id, AwardBallot.person_id == person)
    return (await session.execute(statement)).scalar_one_or_none()


async def candidates(
    session: AsyncSession, award_id: int, *, after: int = 0, limit: int | None = None
) -> Sequence[AwardCandidate]:
    """Answer candidates by rank, after one."""
    statement = (
        select(AwardCandidate)
        .where(AwardCandidate.award_id == award_id, AwardCandidate.rank > after)
        .order_by(AwardCandidate.rank)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def appeal(
    session: AsyncSession, award_id: int, number: int, *, is_for_change: bool = False
) -> AwardAppeal | None:
    """Answer one appeal that the viewer may see."""
    statement = select(AwardAppeal).where(AwardAppeal.award_id == award_id, AwardAppeal.id == number)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def appeals(
    session: AsyncSession, award_id: int, *, after: int = 0, limit: int | None = None
) -> Sequence[AwardAppeal]:
    """Answer the appeals that the viewer may see, in the order in which they came."""
    statement = (
        select(AwardAppeal)
        .where(AwardAppeal.award_id == award_id, AwardAppeal.id > after)
        .order_by(AwardAppeal.id)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def counts(session: AsyncSession, award_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Answer how much there is of each award: products put forward, jurors, ballots, candidates, open appeals.

    Asked for the system itself: that somebody voted is told, not how.
    """
    ids = sorted(award_ids)
    found: dict[int, dict[str, int]] = {
        one: dict.fromkeys(("nominations", "products", "jurors", "ballots", "candidates", "open_appeals"), 0)
        for one in ids
    }
    is_standing = AwardNomination.withdrawn_at.is_(None)
    asked: tuple[tuple[str, Any, Any], ...] = (
        (
            "nominations",
            AwardNomination.award_id,
            select(AwardNomination.award_id, func.count(AwardNomination.id)).where(is_standing),
        ),
        (
            "products",
            AwardNomination.award_id,
            select(AwardNomination.award_id, func.count(AwardNomination.product_id.distinct())).where(
                is_standing
            ),
        ),
        ("jurors", AwardJuror.award_id, select(AwardJuror.award_id, func.count(AwardJuror.id))),
        ("ballots", AwardBallot.award_id, select(AwardBallot.award_id, func.count(AwardBallot.id))),
        (
            "candidates",
            AwardCandidate.award_id,
            select(AwardCandidate.award_id, func.count(AwardCandidate.id)),
        ),
        (
            "open_appeals",
            AwardAppeal.award_id,
            select(AwardAppeal.award_id, func.count(AwardAppeal.id)).where(AwardAppeal.state == "open"),
        ),
    )
    for name, column, statement in asked:
        for award, count in await session.execute(statement.where(column.in_(ids)).group_by(column)):
            found[award][name] = count
    return found
