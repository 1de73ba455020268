"""Reads and writes of coordination cases and comments; the viewer's jurisdiction comes first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Select,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment, AssignmentSupport
from app.coordination.case_notices import ToldCase
from app.coordination.rules import CaseKind, CaseState, is_overdue
from app.coordination.schemas import CaseFilter
from app.coordination.tables import CoordinationCase, CoordinationComment
from app.enterprises.tables import Enterprise
from app.institutions.rules import digits_of
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct, given
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

NEVER: Final = date(9999, 12, 31)
"""Stands for the due day of a case that has none: such cases come last."""
CASES: Final = cast("Table", CoordinationCase.__table__)
_Body, _RaisedFor = aliased(Institution), aliased(Institution)
_BESIDE: Final = (
    WhitelistEntry.code.label("entry_code"),
    WhitelistEdition.code.label("edition_code"),
    Enterprise.name.label("enterprise"),
    WhitelistEntry.region_code.label("region"),
    _Body.code.label("body_code"),
    _RaisedFor.code.label("raised_for"),
)
"""What a listed case has beside its own columns, in the order of `ListedCase`."""


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case with the codes by which people know its entry, its body, and for whom it was raised.

    `case` is a row with its columns in a list, else a `CoordinationCase`, which can be changed.
    """

    case: Any
    entry: str
    edition: str
    enterprise: str
    region: str
    body_code: str | None
    raised_for: str | None


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """What raising a case asks of its entry."""

    id: int
    code: str
    region: str
    status: str
    withdrawn_at: datetime | None

    @property
    def takes_cases(self) -> bool:
        """Say whether it is on the roster."""
        return self.status == "admitted" and self.withdrawn_at is None


def _own(viewer: Viewer) -> ColumnElement[bool]:
    return WhitelistEdition.jurisdiction == viewer.jurisdiction


def _joined(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(CoordinationCase)
        .join(WhitelistEntry, WhitelistEntry.id == CoordinationCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(WhitelistEdition.jurisdiction == given("jurisdiction"))
    )


def _listed(*case: Any) -> Select[Any]:
    return (
        _joined(*case, *_BESIDE)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .outerjoin(_Body, _Body.id == CoordinationCase.body_institution_id)
        .outerjoin(_RaisedFor, _RaisedFor.id == CoordinationCase.raised_for_institution_id)
    )


_DUE: Final = func.coalesce(CoordinationCase.due_on, NEVER)
_ASKED: Final[Mapping[str, ColumnElement[bool]]] = {
    "edition": WhitelistEdition.code == given("edition"),
    "entry": WhitelistEntry.code == given("entry"),
    "chain": WhitelistEntry.chain_code == given("chain"),
    "region": WhitelistEntry.region_code.startswith(given("region")),
    "body": CoordinationCase.body_institution_id == given("body", BigInteger),
    "kind": CoordinationCase.kind == given("kind"),
    "state": CoordinationCase.state == given("state"),
    "today": and_(
        CoordinationCase.state == CaseState.OPEN.value, CoordinationCase.due_on < given("today", Date)
    ),
    "day": or_(
        given("day", Date) < _DUE,
        and_(given("day", Date) == _DUE, CoordinationCase.id > given("number", BigInteger)),
    ),
}
"""How cases are asked for, each by a parameter of the same name; `day` goes with the number of a case due then."""


def _stated(wanted: CaseFilter, body: int | None) -> dict[str, Any]:
    stated = {
        "edition": wanted.edition,
        "entry": wanted.entry,
        "chain": wanted.chain,
        "region": None if wanted.region is None else digits_of(wanted.region),
        "body": body,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _chosen(statement: Select[Any], names: Iterable[str]) -> Select[Any]:
    return statement.where(*(_ASKED[name] for name in sorted(names)))


@cache
def _page(names: frozenset[str]) -> Direct:
    columns = (getattr(CoordinationCase, each.key) for each in CASES.columns)
    ordered = _chosen(_listed(*columns), names).order_by(_DUE, CoordinationCase.id)
    return Direct(ordered.limit(given("most", Integer)))


@cache
def _counted(names: frozenset[str]) -> Direct:
    # The columns are grouped by as they are: an expression with a bound value would be another one each time.
    columns = (CoordinationCase.kind, CoordinationCase.state, CoordinationCase.due_on)
    return Direct(_chosen(_joined(*columns, func.count().label("cases")), names).group_by(*columns))


async def page_of_cases(
    session: AsyncSession,
    viewer: Viewer,
    wanted: CaseFilter,
    body: int | None,
    *,
    after: tuple[date, int] | None,
    today: date,
    limit: int,
) -> list[ListedCase]:
    """Answer cases by due day and number, after one of them; those without a due day last."""
    stated = _stated(wanted, body)
    if wanted.kind is not None:
        stated["kind"] = wanted.kind.value
    if wanted.state is not None:
        stated["state"] = wanted.state.value
    if wanted.is_overdue:
        stated["today"] = today
    number = {}
    if after is not None:
        stated["day"], number["number"] = after
    rows = await _page(frozenset(stated)).rows(
        session, jurisdiction=viewer.jurisdiction, most=limit, **stated, **number
    )
    return [ListedCase(row, *row[-len(_BESIDE) :]) for row in rows]


async def counts(
    session: AsyncSession, viewer: Viewer, wanted: CaseFilter, body: int | None, *, today: date
) -> list[tuple[CaseKind, CaseState, bool, int]]:
    """Answer how many cases there are of each (kind, state, whether overdue), by all filters but those three."""
    stated = _stated(wanted, body)
    rows = await _counted(frozenset(stated)).rows(session, jurisdiction=viewer.jurisdiction, **stated)
    return [
        (CaseKind(kind), CaseState(state), is_overdue(CaseState(state), due, today), cases)
        for kind, state, due, cases in rows
    ]


async def case_by_id(
    session: AsyncSession, viewer: Viewer, number: int, *, is_locked: bool = False
) -> ListedCase | None:
    """Answer one case; locked until the transaction ends if it is to be changed."""
    statement = _listed(CoordinationCase).where(CoordinationCase.id == number)
    if is_locked:
        statement = statement.with_for_update(of=CoordinationCase)
    row = (await session.execute(statement, {"jurisdiction": viewer.jurisdiction})).one_or_none()
    return None if row is None else ListedCase(*row)


async def hold_edition_of_case(session: AsyncSession, viewer: Viewer, number: int) -> None:
    """Hold the edition and the entry of a case, in this order, before the case: closing it may move the entry."""
    for held in (WhitelistEdition, WhitelistEntry):
        statement = (
            select(held.id)
            .select_from(CoordinationCase)
            .join(WhitelistEntry, WhitelistEntry.id == CoordinationCase.entry_id)
            .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
            .where(_own(viewer), CoordinationCase.id == number)
        )
        await session.execute(statement.with_for_update(of=held, key_share=True))


_ENTRY = (
    WhitelistEntry.id,
    WhitelistEntry.code,
    WhitelistEntry.region_code,
    WhitelistEntry.status,
    WhitelistEntry.withdrawn_at,
)


async def hold_entry(session: AsyncSession, viewer: Viewer, code: str) -> CaseEntry | None:
    """Answer an entry, held until the transaction ends: who raises cases of it meanwhile waits."""
    statement = (
        select(*_ENTRY)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_own(viewer), WhitelistEntry.code == code)
        .with_for_update(of=WhitelistEntry, key_share=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else CaseEntry(*row)


async def hold_entries(session: AsyncSession, entry_ids: Iterable[int]) -> dict[int, CaseEntry]:
    """Answer entries by id, held likewise."""
    found: dict[int, CaseEntry] = {}
    for batch in in_batches(sorted(set(entry_ids))):
        statement = select(*_ENTRY).where(WhitelistEntry.id.in_(batch)).order_by(WhitelistEntry.id)
        rows = await session.execute(statement.with_for_update(of=WhitelistEntry, key_share=True))
        found |= {row[0]: CaseEntry(*row) for row in rows}
    return found


async def open_cases(session: AsyncSession, entry_ids: Iterable[int]) -> set[tuple[int, CaseKind]]:
    """Answer of which entries and kinds a case is open."""
    found: set[tuple[int, CaseKind]] = set()
    for batch in in_batches(sorted(set(entry_ids))):
        statement = select(CoordinationCase.entry_id, CoordinationCase.kind).where(
            CoordinationCase.entry_id.in_(batch), CoordinationCase.state == CaseState.OPEN.value
        )
        found |= {(entry_id, CaseKind(kind)) for entry_id, kind in await session.execute(statement)}
    return found


async def parties_of(session: AsyncSession, entry_id: int) -> list[int]:
    """Answer the institutions that hold an entry now and are seen: the responsible one, then supporting ones."""
    is_current = and_(Assignment.entry_id == entry_id, Assignment.ended_at.is_(None))
    first = await session.scalars(select(Assignment.institution_id).where(is_current))
    supporting = await session.scalars(
        select(AssignmentSupport.institution_id)
        .join(Assignment, Assignment.id == AssignmentSupport.assignment_id)
        .where(is_current)
        .order_by(AssignmentSupport.rank)
    )
    return [one for one in first if one is not None] + list(supporting)


async def add_cases(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[int, CaseKind], int]:
    """Store open cases; answer their numbers by (entry, kind)."""
    numbers: dict[tuple[int, CaseKind], int] = {}
    statement = insert(CASES).returning(CASES.c.entry_id, CASES.c.kind, CASES.c.id)
    for batch in in_batches(rows):
        stored = await session.execute(statement, batch)
        numbers |= {(entry, CaseKind(kind)): number for entry, kind, number in stored}
    return numbers


async def add_comment(session: AsyncSession, row: CoordinationComment) -> CoordinationComment:
    """Store a comment, so that it has its number."""
    session.add(row)
    await session.flush()
    return row


async def comments_of(
    session: AsyncSession, case_id: int, *, after: int, limit: int
) -> Sequence[CoordinationComment]:
    """Answer the comments of a case after a number, in the order in which they were written."""
    statement = (
        select(CoordinationComment)
        .where(CoordinationComment.case_id == case_id, CoordinationComment.id > after)
        .order_by(CoordinationComment.id)
    )
    return (await session.scalars(statement.limit(limit))).all()


async def open_cases_of_edition(
    session: AsyncSession, viewer: Viewer, edition: str, *, raised_before: datetime
) -> list[CoordinationCase]:
    """Answer an edition's open cases that were raised by an instant, in the order in which they were."""
    statement = (
        select(CoordinationCase)
        .join(WhitelistEntry, WhitelistEntry.id == CoordinationCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.code == edition,
            CoordinationCase.state == CaseState.OPEN.value,
            CoordinationCase.raised_at <= raised_before,
        )
        .order_by(CoordinationCase.id)
    )
    return list((await session.scalars(statement)).all())


async def told_cases(session: AsyncSession, numbers: Iterable[int]) -> list[tuple[ToldCase, date | None]]:
    """Answer what notices say of cases, with the day on which each is due, by number."""
    found = []
    for batch in in_batches(sorted(set(numbers))):
        statement = (
            select(
                CoordinationCase.id,
                CoordinationCase.kind,
                CoordinationCase.body,
                _Body.code,
                _RaisedFor.code,
                WhitelistEntry.id,
                WhitelistEntry.code,
                WhitelistEntry.region_code,
                Enterprise.uscc,
                CoordinationCase.due_on,
            )
            .join(WhitelistEntry, WhitelistEntry.id == CoordinationCase.entry_id)
            .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
            .outerjoin(_Body, _Body.id == CoordinationCase.body_institution_id)
            .outerjoin(_RaisedFor, _RaisedFor.id == CoordinationCase.raised_for_institution_id)
            .where(CoordinationCase.id.in_(batch))
            .order_by(CoordinationCase.id)
        )
        for number, kind, *rest, due in await session.execute(statement):
            found.append((ToldCase(number, CaseKind(kind), *rest), due))
    return found
