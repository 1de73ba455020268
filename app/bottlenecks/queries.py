"""Rows of bottleneck cases. Entries are reached through their edition's jurisdiction, which is the viewer's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final, cast

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Table, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.bottlenecks.cases import CaseContent
from app.bottlenecks.schemas import CaseFilter
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import insert_numbered, insert_rows
from app.kernel.direct import Direct, given, given_each
from app.matching.tables import MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

IDS_PER_STATEMENT = 5_000
CASES = cast("Table", BottleneckCase.__table__)
FINDINGS = cast("Table", BottleneckFinding.__table__)


@dataclass(frozen=True, slots=True)
class CurrentCase:
    """The case that holds for an entry; `leading` is (class, verdict, detail) of the class that routes."""

    id: int
    entry_id: int
    need_revision_id: int
    cause: str
    route: str
    content_hash: str
    detail: dict[str, Any]
    leading: tuple[str, str, dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A current case with the codes by which people know its entry."""

    id: int
    entry: str
    edition: str
    need: str
    enterprise: str
    region: str
    cause: str
    route: str
    detail: dict[str, Any]
    created_at: datetime
    facts: dict[str, Any]


def _visible(viewer: Viewer) -> ColumnElement[bool]:
    return WhitelistEdition.jurisdiction == viewer.jurisdiction


_OWN: Final = WhitelistEdition.jurisdiction == given("jurisdiction")
_STATED: Final = Direct(
    select(WhitelistEntry.id, WhitelistEntry.need_revision_id, NeedRevision.facts)
    .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
    .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
    .where(_OWN, WhitelistEntry.id.in_(given_each("entries")))
)
_NEWEST: Final = Direct(
    select(BottleneckCase.entry_id, BottleneckCase.detail)
    .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
    .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
    .where(
        _OWN,
        BottleneckCase.id.in_(
            select(func.max(BottleneckCase.id))
            .where(BottleneckCase.entry_id.in_(given_each("entries")))
            .group_by(BottleneckCase.entry_id)
        ),
        BottleneckCase.need_revision_id == WhitelistEntry.need_revision_id,
    )
)


def region_prefix(area: str) -> str:
    """Answer the leading digits that the codes of an area and of all below it share (GB/T 2260)."""
    while area.endswith("00"):
        area = area[:-2]
    return area


async def hold_edition_of_run(
    session: AsyncSession, viewer: Viewer, match_run_id: int
) -> tuple[int, str] | None:
    """Answer id and code of the edition of a match run, or None if the viewer may not see it.

    Other writers of the edition's cases wait until this transaction ends: an entry has one current case.
    """
    statement = (
        select(WhitelistEdition.id, WhitelistEdition.code)
        .join(MatchRun, MatchRun.edition_id == WhitelistEdition.id)
        .where(_visible(viewer), MatchRun.id == match_run_id)
        .with_for_update(of=WhitelistEdition, key_share=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def stated_needs(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, tuple[int, dict[str, Any]]]:
    """Answer (need revision id, stated facts) of entries by id; those that the viewer may not see are left out."""
    found: dict[int, tuple[int, dict[str, Any]]] = {}
    source = iter(sorted(set(entry_ids)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        rows = await _STATED.rows(session, jurisdiction=viewer.jurisdiction, entries=batch)
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


def _current() -> Select[Any]:
    return (
        select(
            BottleneckCase.id,
            BottleneckCase.entry_id,
            BottleneckCase.need_revision_id,
            BottleneckCase.cause,
            BottleneckCase.route,
            BottleneckCase.content_hash,
            BottleneckCase.detail,
            BottleneckFinding.class_code,
            BottleneckFinding.verdict,
            BottleneckFinding.detail.label("finding"),
        )
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .outerjoin(
            BottleneckFinding,
            and_(
                BottleneckFinding.case_id == BottleneckCase.id,
                BottleneckFinding.class_code == BottleneckCase.route,
            ),
        )
        .where(_OWN, BottleneckCase.is_current)
        .order_by(BottleneckCase.entry_id)
    )


_OF_EDITION: Final = Direct(_current().where(WhitelistEntry.edition_id == given("edition", BigInteger)))
_OF_ENTRIES: Final = Direct(_current().where(BottleneckCase.entry_id.in_(given_each("entries"))))


async def current_cases(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[CurrentCase]:
    """Answer the current case of each entry of an edition that has one, by entry id."""
    rows = await _OF_EDITION.rows(session, jurisdiction=viewer.jurisdiction, edition=edition_id)
    return [_current_of(row) for row in rows]


async def current_cases_of(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> list[CurrentCase]:
    """Answer the current case of each of some entries that has one."""
    found: list[CurrentCase] = []
    source = iter(sorted(set(entry_ids)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        rows = await _OF_ENTRIES.rows(session, jurisdiction=viewer.jurisdiction, entries=batch)
        found += (_current_of(row) for row in rows)
    return found


def _current_of(row: Any) -> CurrentCase:
    leading = None if row.class_code is None else (row.class_code, row.verdict or "", row.finding or {})
    return CurrentCase(
        row.id,
        row.entry_id,
        row.need_revision_id,
        row.cause,
        row.route,
        row.content_hash,
        row.detail,
        leading,
    )


async def newest_established(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """Answer what the newest case of each entry, ended or not, says is established, by entry id.

    Only where something is, and the entry still stands on the wording that the case was made for.
    """
    found: dict[int, dict[str, Any]] = {}
    source = iter(sorted(set(entry_ids)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        rows = await _NEWEST.rows(session, jurisdiction=viewer.jurisdiction, entries=batch)
        found |= {row[0]: row[1]["established"] for row in rows if row[1]["established"]}
    return found


async def established_in_turn(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, list[tuple[datetime, dict[str, Any]]]]:
    """Answer what each case of entries' present wordings said is established, and when it was made, in turn."""
    found: dict[int, list[tuple[datetime, dict[str, Any]]]] = {}
    source = iter(sorted(set(entry_ids)))
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        statement = (
            select(BottleneckCase.entry_id, BottleneckCase.created_at, BottleneckCase.detail)
            .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
            .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
            .where(
                _visible(viewer),
                BottleneckCase.entry_id.in_(batch),
                BottleneckCase.need_revision_id == WhitelistEntry.need_revision_id,
            )
        )
        for row in await session.execute(statement.order_by(BottleneckCase.id)):
            found.setdefault(row[0], []).append((row[1], row[2]["established"]))
    return found


async def end_cases(session: AsyncSession, case_ids: Iterable[int]) -> int:
    """Mark cases as no longer current; answer how many."""
    source, count = iter(sorted(case_ids)), 0
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        await session.execute(
            update(BottleneckCase)
            .where(BottleneckCase.id.in_(batch))
            .values(is_current=False)
            .execution_options(synchronize_session=False)
        )
        count += len(batch)
    return count


async def add_cases(
    session: AsyncSession,
    contents: Sequence[CaseContent],
    match_run_id: int | None,
    now: datetime,
    *,
    is_current: bool = True,
) -> None:
    """Insert cases with their findings; those that are not current only say what was established when they ended."""
    rows = (_case_row(content, match_run_id, now) | {"is_current": is_current} for content in contents)
    ids = await insert_numbered(session, CASES, rows, key="entry_id")
    findings = (
        {"case_id": ids[content.entry_id], "class_code": code, "verdict": verdict, "detail": detail}
        for content in contents
        for code, verdict, detail in content.findings
    )
    await insert_rows(session, FINDINGS, findings)


def _case_row(content: CaseContent, match_run_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "entry_id": content.entry_id,
        "need_revision_id": content.need_revision_id,
        "match_run_id": match_run_id,
        "cause": content.cause,
        "route": content.route,
        "content_hash": content.sha256,
        "detail": content.detail,
        "created_at": now,
    }


def _wanted(names: frozenset[str], *columns: Any) -> Select[Any]:
    """Select of current cases those that a filter with these names of values asks for."""
    tests = {
        "edition": WhitelistEdition.code == given("edition"),
        "region": WhitelistEntry.region_code.startswith(given("region")),
        "chain": WhitelistEntry.chain_code == given("chain"),
        "route": BottleneckCase.route == given("route"),
        "after": WhitelistEntry.code > given("after"),
    }
    return (
        select(*columns)
        .select_from(BottleneckCase)
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_OWN, BottleneckCase.is_current, WhitelistEntry.withdrawn_at.is_(None))
        .where(*(tests[name] for name in tests if name in names))
    )


def _values(viewer: Viewer, wanted: CaseFilter, **more: Any) -> dict[str, Any]:
    """Answer the values of a filter by name, those that it has."""
    region = None if wanted.region is None else region_prefix(wanted.region)
    named = {"edition": wanted.edition, "region": region, "chain": wanted.chain, "route": wanted.route}
    stated = {name: value for name, value in (named | more).items() if value is not None}
    return {"jurisdiction": viewer.jurisdiction} | stated


def _with_need(statement: Select[Any]) -> Select[Any]:
    return (
        statement.join(Need, Need.id == WhitelistEntry.need_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(NeedRevision, NeedRevision.id == BottleneckCase.need_revision_id)
    )


_LISTED = (
    BottleneckCase.id,
    WhitelistEntry.code,
    WhitelistEdition.code,
    Need.code,
    Enterprise.name,
    WhitelistEntry.region_code,
    BottleneckCase.cause,
    BottleneckCase.route,
    BottleneckCase.detail,
    BottleneckCase.created_at,
    NeedRevision.facts,
)


async def page_of_cases(
    session: AsyncSession, viewer: Viewer, wanted: CaseFilter, *, after: str | None, limit: int
) -> list[ListedCase]:
    """Answer current cases by entry code, after a code."""
    # First which cases, then what they say: else each case of the edition is joined with its need for one page.
    values = _values(viewer, wanted, after=after)
    ids = [row[0] for row in await _chosen(frozenset(values)).rows(session, **values, most=limit)]
    if not ids:
        return []
    found = await _listed(frozenset(values)).rows(session, **values, cases=ids)
    return [ListedCase(*row) for row in found]


@lru_cache
def _chosen(names: frozenset[str]) -> Direct:
    wanted = _wanted(names, BottleneckCase.id).order_by(WhitelistEntry.code)
    return Direct(wanted.limit(given("most", Integer)))


@lru_cache
def _listed(names: frozenset[str]) -> Direct:
    wanted = _with_need(_wanted(names, *_LISTED)).where(BottleneckCase.id.in_(given_each("cases")))
    return Direct(wanted.order_by(WhitelistEntry.code))


@lru_cache
def _counted(names: frozenset[str]) -> Direct:
    wanted = _wanted(names, BottleneckCase.route, func.count().label("cases"))
    return Direct(wanted.group_by(BottleneckCase.route).order_by(BottleneckCase.route))


_OF_NEED: Final = Direct(
    _with_need(
        select(*_LISTED)
        .select_from(BottleneckCase)
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
    )
    .where(_OWN, BottleneckCase.is_current, WhitelistEntry.withdrawn_at.is_(None), Need.code == given("need"))
    .order_by(WhitelistEdition.code.desc(), WhitelistEntry.code)
)


async def cases_of_need(session: AsyncSession, viewer: Viewer, need: str) -> list[ListedCase]:
    """Answer the current cases of a need's entries, the newest edition first."""
    rows = await _OF_NEED.rows(session, jurisdiction=viewer.jurisdiction, need=need)
    return [ListedCase(*row) for row in rows]


async def counts_by_route(session: AsyncSession, viewer: Viewer, wanted: CaseFilter) -> dict[str, int]:
    """Answer how many current cases there are on each route."""
    values = _values(viewer, wanted)
    rows = await _counted(frozenset(values)).rows(session, **values)
    return {row[0]: row[1] for row in rows}


_FINDINGS: Final = Direct(
    select(
        BottleneckFinding.case_id,
        BottleneckFinding.class_code,
        BottleneckFinding.verdict,
        BottleneckFinding.detail,
    )
    .where(BottleneckFinding.case_id.in_(given_each("cases")))
    .order_by(BottleneckFinding.class_code)
)


async def findings_of(
    session: AsyncSession, case_ids: Sequence[int]
) -> Mapping[int, list[tuple[str, str, dict[str, Any]]]]:
    """Answer (class, verdict, detail) of some cases, in few statements."""
    found: dict[int, list[tuple[str, str, dict[str, Any]]]] = {case_id: [] for case_id in case_ids}
    source = iter(case_ids)
    while batch := list(islice(source, IDS_PER_STATEMENT)):
        for row in await _FINDINGS.rows(session, cases=batch):
            found[row.case_id].append((row.class_code, row.verdict, row.detail))
    return found
