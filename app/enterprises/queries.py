"""Reads and writes of firms, projects, contacts and needs; the viewer's area comes first where rows are listed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Row, Select, Table, and_, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.enterprises.statements import Profile, StoredEnterprise, StoredNeed
from app.enterprises.tables import Enterprise, EnterpriseContact, Need, NeedRevision, Project
from app.kernel.database import insert_rows, unrestricted
from app.kernel.direct import Direct, given

NATION = "000000"
ENTERPRISES = cast("Table", Enterprise.__table__)
CONTACTS = cast("Table", EnterpriseContact.__table__)
PROJECTS = cast("Table", Project.__table__)
NEEDS = cast("Table", Need.__table__)
REVISIONS = cast("Table", NeedRevision.__table__)
Chosen = TypeVar("Chosen", bound="Select[*tuple[Any, ...]]")
NeedRow = Row[Need, NeedRevision, Enterprise, Project | None]


def _within(statement: Chosen, area: str) -> Chosen:
    """Keep the rows of firms in an area; region codes nest by pairs of digits (GB/T 2260)."""
    prefix = area.removesuffix("00").removesuffix("00") if area != NATION else ""
    return (
        statement.where(Enterprise.region_code.startswith(prefix, autoescape=True)) if prefix else statement
    )


def _pattern(area: str) -> str:
    return f"{area.removesuffix('00').removesuffix('00')}%" if area != NATION else "%"


_IN_AREA: Final = Enterprise.region_code.like(given("area"))
_SHOWN_NEED: Final = Direct(
    select(
        Need.id,
        Need.code,
        Need.revision,
        Need.created_at,
        NeedRevision.facts,
        NeedRevision.content_hash,
        NeedRevision.created_at.label("revised_at"),
        Enterprise.uscc,
        Enterprise.name,
        Enterprise.region_code,
        Project.number.label("project_number"),
    )
    .select_from(Need)
    .join(NeedRevision, and_(NeedRevision.need_id == Need.id, NeedRevision.revision == Need.revision))
    .join(Enterprise, Enterprise.id == Need.enterprise_id)
    .outerjoin(Project, Project.id == Need.project_id)
    .where(Need.code == given("code"), _IN_AREA)
)
_SPEAKER: Final = Direct(
    select(Enterprise.id, Enterprise.uscc, Enterprise.name, Enterprise.region_code).where(
        Enterprise.uscc == given("uscc"), _IN_AREA
    )
)


def _stated(table: Table, *names: str) -> dict[str, Any]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_NEED: Final = _stated(NEEDS, "code", "enterprise_id", "project_id", "revision", "created_at")
_WORDING: Final = _stated(
    REVISIONS, "revision", "facts", "amount_fen", "term_months", "content_hash", "stated_on", "created_at"
)
"""A need and its first wording have the same revision and instant."""
_ADDED: Final = (
    postgresql.insert(NEEDS)
    .values(_NEED)
    .on_conflict_do_nothing(index_elements=["code"])
    .returning(NEEDS.c.id)
    .cte("added")
)
_WORDED: Final = (
    insert(REVISIONS)
    .from_select(["need_id", *_WORDING], select(_ADDED.c.id, *_WORDING.values()), include_defaults=False)
    .cte("worded")
)
_ADD_NEED: Final = Direct(select(_ADDED.c.id).add_cte(_WORDED))
_ADD_NEED_ALONE: Final = (
    sqlite.insert(NEEDS).values(_NEED).on_conflict_do_nothing(index_elements=["code"]).returning(NEEDS.c.id)
)


async def enterprise_by_uscc(
    session: AsyncSession, area: str, uscc: str, *, is_locked: bool = False
) -> Enterprise | None:
    """Answer a firm of the viewer's area, locked until the transaction ends if it is to be changed."""
    statement = _within(select(Enterprise).where(Enterprise.uscc == uscc), area)
    return await session.scalar(statement.with_for_update() if is_locked else statement)


async def list_enterprises(
    session: AsyncSession,
    area: str,
    *,
    region: str | None,
    name_key: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Enterprise]:
    """Answer firms by credit code, `limit` + 1 at most."""
    statement = _within(select(Enterprise), area).order_by(Enterprise.uscc).limit(limit + 1)
    if region is not None:
        statement = _within(statement, region)
    if name_key:
        statement = statement.where(Enterprise.name_key.contains(name_key, autoescape=True))
    if after is not None:
        statement = statement.where(Enterprise.uscc > after)
    return (await session.scalars(statement)).all()


async def firms_of(session: AsyncSession, area: str, usccs: Collection[str]) -> Sequence[Enterprise]:
    """Answer those of some firms (credit codes) that are stored, by credit code."""
    statement = _within(select(Enterprise), area).where(Enterprise.uscc.in_(sorted(usccs)))
    return (await session.scalars(statement.order_by(Enterprise.uscc))).all()


async def contact_of(session: AsyncSession, enterprise_id: int) -> EnterpriseContact | None:
    """Answer whom to call at a firm."""
    statement = select(EnterpriseContact).where(EnterpriseContact.enterprise_id == enterprise_id)
    return await session.scalar(statement)


async def names_after(session: AsyncSession, after: str, limit: int) -> list[tuple[str, str, str]]:
    """Answer (credit code, name, region code) of the firms behind a credit code, by credit code, `limit` at most."""
    rows = await session.execute(
        select(Enterprise.uscc, Enterprise.name, Enterprise.region_code)
        .where(Enterprise.uscc > after)
        .order_by(Enterprise.uscc)
        .limit(limit)
    )
    return [(uscc, name, region) for uscc, name, region in rows]


async def stored_enterprises(session: AsyncSession, usccs: Iterable[str]) -> dict[str, StoredEnterprise]:
    """Answer firms by credit code."""
    columns = (Enterprise.uscc, Enterprise.id, Enterprise.version, Enterprise.name, Enterprise.region_code,
               Enterprise.industry, Enterprise.established_on, Enterprise.ownership, Enterprise.business_scope)  # fmt: skip
    rows = await session.execute(select(*columns).where(Enterprise.uscc.in_(sorted(usccs))))
    return {row[0]: StoredEnterprise(row[1], row[2], Profile(*row[3:])) for row in rows}


async def stored_projects(
    session: AsyncSession, usccs: Iterable[str]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Answer (credit code, name) → (id, number) of the projects of firms."""
    statement = (
        select(Enterprise.uscc, Project.name, Project.id, Project.number)
        .join(Enterprise, Enterprise.id == Project.enterprise_id)
        .where(Enterprise.uscc.in_(sorted(usccs)))
    )
    rows = await session.execute(statement)
    return {(uscc, name): (id_, number) for uscc, name, id_, number in rows}


async def stored_contacts(
    session: AsyncSession, usccs: Iterable[str]
) -> dict[str, tuple[str | None, str | None]]:
    """Answer credit code → (name, telephone) of the contacts that are known."""
    statement = (
        select(Enterprise.uscc, EnterpriseContact.name, EnterpriseContact.phone)
        .join(Enterprise, Enterprise.id == EnterpriseContact.enterprise_id)
        .where(Enterprise.uscc.in_(sorted(usccs)))
    )
    return {uscc: (name, phone) for uscc, name, phone in await session.execute(statement)}


def _current() -> Select[str, int, int, int, str]:
    """Select needs with their current revision."""
    return select(Need.code, Need.id, Need.revision, NeedRevision.id, NeedRevision.content_hash).join(
        NeedRevision, and_(NeedRevision.need_id == Need.id, NeedRevision.revision == Need.revision)
    )


async def stored_needs(session: AsyncSession, codes: Iterable[str]) -> dict[str, StoredNeed]:
    """Answer needs by code, with their current revision."""
    rows = await session.execute(_current().where(Need.code.in_(sorted(codes))))
    return {row[0]: StoredNeed(*row[1:]) for row in rows}


async def stored_needs_of(session: AsyncSession, usccs: Iterable[str]) -> dict[str, StoredNeed]:
    """Answer all needs of firms, by code, with their current revision."""
    statement = _current().join(Enterprise, Enterprise.id == Need.enterprise_id)
    rows = await session.execute(statement.where(Enterprise.uscc.in_(sorted(usccs))))
    return {row[0]: StoredNeed(*row[1:]) for row in rows}


async def put_enterprises(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new firms."""
    await insert_rows(session, ENTERPRISES, rows)


async def change_enterprises(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store changed firms by `row_id`."""
    if rows:
        table = ENTERPRISES
        changed: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "row_id"}
        statement = update(table).where(table.c.id == bindparam("row_id"))
        # Counted here: whoever changes the firm at the same time made a version of its own.
        await session.execute(statement.values({**changed, "version": table.c.version + 1}), list(rows))


async def put_projects(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new projects."""
    await insert_rows(session, PROJECTS, rows)


async def put_contacts(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]], known_ids: Iterable[int]
) -> None:
    """Store contacts: those of `known_ids` have a row already."""
    known = set(known_ids)
    await insert_rows(
        session,
        CONTACTS,
        [row for row in rows if row["enterprise_id"] not in known],
    )
    if changed := [{"row_id": row["enterprise_id"], **row} for row in rows if row["enterprise_id"] in known]:
        table = CONTACTS
        statement = update(table).where(table.c.enterprise_id == bindparam("row_id"))
        names = ("name", "phone", "updated_at")
        await session.execute(statement.values({name: bindparam(name) for name in names}), changed)


async def put_needs(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new needs."""
    await insert_rows(session, NEEDS, rows)


async def put_revisions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new wordings of needs."""
    await insert_rows(session, REVISIONS, rows)


async def advance_needs(session: AsyncSession, needs: Sequence[tuple[int, int]]) -> None:
    """Make the given revisions (need id, number) the current ones."""
    if needs:
        table = NEEDS
        statement = (
            update(table).where(table.c.id == bindparam("row_id")).values(revision=bindparam("number"))
        )
        await session.execute(statement, [{"row_id": id_, "number": number} for id_, number in needs])


async def need_ids(session: AsyncSession, codes: Iterable[str]) -> dict[str, int]:
    """Answer code → id of needs, whether or not they have a revision yet."""
    rows = await session.execute(select(Need.code, Need.id).where(Need.code.in_(sorted(codes))))
    return {code: id_ for code, id_ in rows}  # noqa: C416 - rows are no tuples to mypy


def _needs_with_subject() -> Select[Need, NeedRevision, Enterprise, Project | None]:
    return (
        select(Need, NeedRevision, Enterprise, Project)
        .join(NeedRevision, and_(NeedRevision.need_id == Need.id, NeedRevision.revision == Need.revision))
        .join(Enterprise, Enterprise.id == Need.enterprise_id)
        .outerjoin(Project, Project.id == Need.project_id)
    )


async def need_by_code(
    session: AsyncSession, area: str, code: str, *, is_locked: bool = False
) -> Row[Need, NeedRevision, Enterprise, Project | None] | None:
    """Answer a need of the viewer's area with its current revision, firm and project; locked to change it."""
    if is_locked:  # before its current wording is looked up, which another may replace while we wait
        await session.execute(select(Need.id).where(Need.code == code).with_for_update(key_share=True))
    statement = _within(_needs_with_subject().where(Need.code == code), area)
    return (await session.execute(statement)).one_or_none()


async def shown_need(session: AsyncSession, area: str, code: str) -> Any | None:
    """Answer a need with its current wording, its firm (by the viewer's area) and its project's number."""
    return await _SHOWN_NEED.row(session, area=_pattern(area), code=code)


async def speaker(session: AsyncSession, area: str, uscc: str) -> Any | None:
    """Answer id, credit code, name and region of a firm of the viewer's area."""
    return await _SPEAKER.row(session, area=_pattern(area), uscc=uscc)


async def add_need(session: AsyncSession, need: Mapping[str, Any], wording: Mapping[str, Any]) -> bool:
    """Store a new need with its first wording; tell whether it was, because there was none with its code.

    On PostgreSQL that is one statement.
    """
    if session.get_bind().dialect.name == "postgresql":
        with unrestricted(session):  # nothing is read but whether this was added
            return await _ADD_NEED.row(session, **need, **wording) is not None
    stated = {name: {**wording, **need}[name] for name in _NEED}
    need_id = await session.scalar(_ADD_NEED_ALONE, stated)
    if need_id is not None:
        await session.execute(insert(REVISIONS), {"need_id": need_id, **wording})
    return need_id is not None


async def list_needs(
    session: AsyncSession,
    area: str,
    *,
    usccs: Collection[str] | None,
    region: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Row[Need, NeedRevision, Enterprise, Project | None]]:
    """Answer needs by code, `limit` + 1 at most."""
    statement = _within(_needs_with_subject(), area).order_by(Need.code).limit(limit + 1)
    if region is not None:
        statement = _within(statement, region)
    if usccs is not None:
        statement = statement.where(Enterprise.uscc.in_(sorted(usccs)))
    if after is not None:
        statement = statement.where(Need.code > after)
    return (await session.execute(statement)).all()


async def revisions_of(session: AsyncSession, need_id: int, after: int, limit: int) -> Sequence[NeedRevision]:
    """Answer the wordings of a need by number, `limit` + 1 at most."""
    statement = select(NeedRevision).where(NeedRevision.need_id == need_id, NeedRevision.revision > after)
    return (await session.scalars(statement.order_by(NeedRevision.revision).limit(limit + 1))).all()


async def list_projects(
    session: AsyncSession, area: str, *, uscc: str | None, after: tuple[str, int] | None, limit: int
) -> Sequence[Row[Project, Enterprise]]:
    """Answer projects by credit code and number, `limit` + 1 at most."""
    statement = select(Project, Enterprise).join(Enterprise, Enterprise.id == Project.enterprise_id)
    statement = _within(statement, area).order_by(Enterprise.uscc, Project.number).limit(limit + 1)
    if uscc is not None:
        statement = statement.where(Enterprise.uscc == uscc)
    if after is not None:
        is_later = (Enterprise.uscc > after[0]) | (
            (Enterprise.uscc == after[0]) & (Project.number > after[1])
        )
        statement = statement.where(is_later)
    return (await session.execute(statement)).all()


async def project_by_number(
    session: AsyncSession, area: str, uscc: str, number: int
) -> Row[Project, Enterprise] | None:
    """Answer one project of a firm of the viewer's area."""
    statement = select(Project, Enterprise).join(Enterprise, Enterprise.id == Project.enterprise_id)
    statement = statement.where(Enterprise.uscc == uscc, Project.number == number)
    return (await session.execute(_within(statement, area))).one_or_none()


async def names_and_regions(
    session: AsyncSession, credit_codes: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Answer (normalised name, region code) of those of some firms that are stored, by credit code."""
    statement = select(Enterprise.uscc, Enterprise.name_key, Enterprise.region_code).where(
        Enterprise.uscc.in_(sorted(credit_codes))
    )
    return {row.uscc: (row.name_key, row.region_code) for row in await session.execute(statement)}
