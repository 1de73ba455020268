"""Rows of consents and disclosures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import BigInteger, Date, Integer, Row, Select, String, Table, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.enterprises.consents import FieldGroup, Shown, StoredConsent
from app.enterprises.tables import Consent, Disclosure, Need
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import insert_rows
from app.kernel.direct import Direct, given, given_each

CONSENTS = cast("Table", Consent.__table__)
DISCLOSURES = cast("Table", Disclosure.__table__)
ConsentRow = Row[Consent, str | None]


async def institution_id(session: AsyncSession, code: str) -> int | None:
    """Answer the id of an institution."""
    return await session.scalar(select(Institution.id).where(Institution.code == code))


async def lineages(session: AsyncSession, codes: Collection[str]) -> list[str]:
    """Answer the lineages of institutions by code; unknown codes have none."""
    if not codes:
        return []
    return list(await session.scalars(select(Institution.lineage).where(Institution.code.in_(sorted(codes)))))


async def consents_of(session: AsyncSession, need_ids: Collection[int]) -> list[StoredConsent]:
    """Answer all consents of needs, ended ones too."""
    if not need_ids:
        return []
    statement = (
        select(
            Consent.id,
            Consent.need_id,
            Consent.shows_contact,
            Consent.shows_financial,
            Consent.shows_judicial,
            Consent.until,
            Consent.revoked_at,
            Institution.lineage,
        )
        .outerjoin(Institution, Institution.id == Consent.institution_id)
        .where(Consent.need_id.in_(sorted(need_ids)))
    )
    return [stored_consent(row.id, row, row.lineage) for row in await session.execute(statement)]


_RECIPIENTS: Final = Direct(
    select(Consent.need_id, Institution.lineage)
    .outerjoin(Institution, Institution.id == Consent.institution_id)
    .where(
        Consent.need_id.in_(given_each("needs")),
        Consent.revoked_at.is_(None),
        Consent.until >= given("day", Date),
    )
)
NEEDS_PER_STATEMENT: Final = 16_384


async def live_recipients(
    session: AsyncSession, need_ids: Collection[int], day: date
) -> list[tuple[int, str | None]]:
    """Answer of each consent of needs that holds on a day its need, and the lineage of the institution that it names."""
    among, found = sorted(need_ids), list[tuple[int, str | None]]()
    for batch in in_batches(among, NEEDS_PER_STATEMENT):
        rows = await _RECIPIENTS.rows(session, needs=batch, day=day)
        found += [(row.need_id, row.lineage) for row in rows]
    return found


def stored_consent(consent_id: int, row: Any, lineage: str | None) -> StoredConsent:
    """Answer a consent's row (or its columns) with the lineage of the institution that it names."""
    chosen = {
        FieldGroup.CONTACT: row.shows_contact,
        FieldGroup.FINANCIAL: row.shows_financial,
        FieldGroup.JUDICIAL: row.shows_judicial,
    }
    groups = frozenset(group for group, is_shown in chosen.items() if is_shown)
    return StoredConsent(consent_id, row.need_id, groups, lineage, row.until, row.revoked_at is not None)


def _consents(need_id: int) -> Select[Consent, str | None]:
    return (
        select(Consent, Institution.code)
        .outerjoin(Institution, Institution.id == Consent.institution_id)
        .where(Consent.need_id == need_id)
    )


_WHOLE: Final = tuple(getattr(Consent, each.key) for each in CONSENTS.columns)
"""The columns as mapped attributes, so that conditions reach them."""
_PAGE: Final = Direct(
    select(*_WHOLE, Institution.code.label("institution"))
    .outerjoin(Institution, Institution.id == Consent.institution_id)
    .where(
        Consent.need_id == given("need", BigInteger),
        or_(given("before", BigInteger).is_(None), Consent.id < given("before", BigInteger)),
    )
    .order_by(Consent.id.desc())
    .limit(given("most", Integer))
)
_LIVE: Final = Direct(
    select(Need.code, func.count(Consent.id).label("consents"))
    .join(Need, Need.id == Consent.need_id)
    .where(
        Need.code.in_(given_each("codes", String)),
        Consent.revoked_at.is_(None),
        Consent.until >= given("day", Date),
    )
    .group_by(Need.code)
)


async def page_of_consents(
    session: AsyncSession, need_id: int, before: int | None, limit: int
) -> Sequence[Any]:
    """Answer the consents of a need (columns, and the code of its `institution`), the newest first, `limit` + 1 at most."""
    return await _PAGE.rows(session, need=need_id, before=before, most=limit + 1)


async def live_counts(session: AsyncSession, need_codes: Collection[str], day: date) -> dict[str, int]:
    """Answer how many consents hold on a day, by need code."""
    rows = await _LIVE.rows(session, codes=sorted(need_codes), day=day)
    return {row.code: row.consents for row in rows}


async def consent_by_id(
    session: AsyncSession, need_id: int, consent_id: int, *, is_locked: bool = False
) -> ConsentRow | None:
    """Answer (consent, institution code) of a need; locked if it is to be changed."""
    statement = _consents(need_id).where(Consent.id == consent_id)
    if is_locked:
        statement = statement.with_for_update(of=Consent)
    return (await session.execute(statement)).one_or_none()


async def put_consents(session: AsyncSession, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store many new consents; answer how many."""
    return await insert_rows(session, CONSENTS, rows)


async def needs_of_firm(session: AsyncSession, enterprise_id: int) -> list[int]:
    """Answer the ids of a firm's needs, its projects' too."""
    return list(await session.scalars(select(Need.id).where(Need.enterprise_id == enterprise_id)))


async def hold_needs(session: AsyncSession, need_ids: Collection[int]) -> None:
    """Keep others who take contact slots of needs waiting until the transaction ends."""
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out. Rows that
    # refer to a need may still be written meanwhile: it keeps its key.
    statement = select(Need.id).where(Need.id.in_(sorted(need_ids))).order_by(Need.id)
    await session.execute(statement.with_for_update(key_share=True))


async def open_slots(session: AsyncSession, need_ids: Collection[int]) -> Sequence[Disclosure]:
    """Answer the contact slots of needs that are held, by need and slot."""
    statement = (
        select(Disclosure)
        .where(
            Disclosure.need_id.in_(sorted(need_ids)),
            Disclosure.contact_slot.is_not(None),
            Disclosure.ended_at.is_(None),
        )
        .order_by(Disclosure.need_id, Disclosure.contact_slot)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def close_slots(session: AsyncSession, ids: Collection[int], now: datetime) -> None:
    """End the holding of contact slots."""
    if ids:
        statement = update(Disclosure).where(Disclosure.id.in_(sorted(ids))).values(ended_at=now)
        await session.execute(statement.execution_options(synchronize_session=False))


async def close_slots_of_consent(session: AsyncSession, consent_id: int, now: datetime) -> None:
    """End the holding of every contact slot that rests on a consent."""
    statement = update(Disclosure).where(
        Disclosure.consent_id == consent_id,
        Disclosure.contact_slot.is_not(None),
        Disclosure.ended_at.is_(None),
    )
    await session.execute(statement.values(ended_at=now).execution_options(synchronize_session=False))


async def shown_since(
    session: AsyncSession, need_ids: Collection[int], shown_to: str, since: datetime
) -> set[Shown]:
    """Answer (need, institution, consent, groups) of what a person was shown since an instant."""
    statement = select(
        Disclosure.need_id, Disclosure.institution_id, Disclosure.consent_id, Disclosure.field_groups
    ).where(
        Disclosure.need_id.in_(sorted(need_ids)),
        Disclosure.shown_to == shown_to,
        Disclosure.shown_at >= since,
    )
    return {(row[0], row[1], row[2], tuple(row[3])) for row in await session.execute(statement)}


async def put_disclosures(session: AsyncSession, rows: list[Mapping[str, Any]]) -> None:
    """Store disclosures that take no contact slot."""
    await insert_rows(session, DISCLOSURES, rows)


async def page_of_disclosures(
    session: AsyncSession, need_id: int, before: int | None, limit: int, *, institution: str | None = None
) -> Sequence[Row[Disclosure, str, str]]:
    """Answer (disclosure, institution code, name) of a need, the newest first, `limit` + 1 at most."""
    statement = (
        select(Disclosure, Institution.code, Institution.name)
        .join(Institution, Institution.id == Disclosure.institution_id)
        .where(Disclosure.need_id == need_id)
        .order_by(Disclosure.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Disclosure.id < before)
    if institution is not None:
        statement = statement.where(Institution.code == institution)
    return (await session.execute(statement)).all()


async def last_looks(session: AsyncSession, need_id: int) -> Sequence[Row[str, str, int, datetime]]:
    """Answer (institution code, name, consent, when last) of who was shown a need by which consent, by name."""
    statement = (
        select(Institution.code, Institution.name, Disclosure.consent_id, func.max(Disclosure.shown_at))
        .join(Institution, Institution.id == Disclosure.institution_id)
        .where(Disclosure.need_id == need_id)
        .group_by(Institution.code, Institution.name, Disclosure.consent_id)
        .order_by(Institution.name, Institution.code, Disclosure.consent_id)
    )
    return (await session.execute(statement)).all()


async def contact_holders(session: AsyncSession, need_id: int) -> Sequence[Row[Disclosure, str, str]]:
    """Answer (disclosure, institution code, name) of those who hold a need's contact details, by slot."""
    statement = (
        select(Disclosure, Institution.code, Institution.name)
        .join(Institution, Institution.id == Disclosure.institution_id)
        .where(
            Disclosure.need_id == need_id,
            Disclosure.contact_slot.is_not(None),
            Disclosure.ended_at.is_(None),
        )
        .order_by(Disclosure.contact_slot)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).all()


async def need_ids(session: AsyncSession, codes: Collection[str]) -> dict[str, int]:
    """Answer the ids of needs by code."""
    rows = await session.execute(select(Need.code, Need.id).where(Need.code.in_(sorted(codes))))
    return {row[0]: row[1] for row in rows}
