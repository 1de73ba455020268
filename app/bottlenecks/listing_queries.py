"""Rows of lists of bottleneck cases: those of a page with their findings and counts, by one statement; those of a need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from app.accounts.rules import Viewer
from app.bottlenecks.schemas import CaseFilter
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import AsyncSession, Json, UtcDateTime
from app.kernel.direct import Direct, given, given_each
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

_OWN: Final = WhitelistEdition.jurisdiction == given("jurisdiction")
Finding = tuple[str, str, dict[str, Any]]


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


@dataclass(frozen=True, slots=True)
class Listing:
    """Cases of a page, the findings (class, verdict, detail) of each by its id, and how many there are on each route."""

    cases: Sequence[ListedCase]
    findings: Mapping[int, Sequence[Finding]]
    counts: Mapping[str, int]


_LISTED: Final[dict[str, Any]] = {
    "id": BottleneckCase.id,
    "entry": WhitelistEntry.code,
    "edition": WhitelistEdition.code,
    "need": Need.code,
    "enterprise": Enterprise.name,
    "region": WhitelistEntry.region_code,
    "cause": BottleneckCase.cause,
    "route": BottleneckCase.route,
    "detail": BottleneckCase.detail,
    "created_at": BottleneckCase.created_at,
    "facts": NeedRevision.facts,
}
_COLUMNS: Final[dict[str, Any]] = {
    "kind": String(),
    **{name: column.type for name, column in _LISTED.items()},
    "id": BigInteger(),
    "detail": Json,
    "created_at": UtcDateTime(),
    "facts": Json,
    "class_code": String(),
    "verdict": String(),
    "count": BigInteger(),
}
"""One row for each case, finding and count; what a kind has not is null."""


def _rows(kind: str, **stated: ColumnElement[Any] | Any) -> Select[Any]:
    told: dict[str, Any] = {"kind": literal(kind), **stated}
    return select(
        *(
            told[name].label(name) if name in told else cast(null(), type_).label(name)
            for name, type_ in _COLUMNS.items()
        )
    )


def region_prefix(area: str) -> str:
    """Answer the leading digits that the codes of an area and of all below it share (GB/T 2260)."""
    while area.endswith("00"):
        area = area[:-2]
    return area


def _wanted(statement: Select[*tuple[Any, ...]], names: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """Select of current cases those that a filter with these names of values asks for."""
    tests = {
        "edition": WhitelistEdition.code == given("edition"),
        "region": WhitelistEntry.region_code.startswith(given("region")),
        "chain": WhitelistEntry.chain_code == given("chain"),
        "route": BottleneckCase.route == given("route"),
        "after": WhitelistEntry.code > given("after"),
    }
    return (
        statement.select_from(BottleneckCase)
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_OWN, BottleneckCase.is_current, WhitelistEntry.withdrawn_at.is_(None))
        .where(*(tests[name] for name in tests if name in names))
    )


def _with_need(statement: Select[Any]) -> Select[Any]:
    return (
        statement.select_from(BottleneckCase)
        .join(WhitelistEntry, WhitelistEntry.id == BottleneckCase.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(NeedRevision, NeedRevision.id == BottleneckCase.need_revision_id)
    )


@lru_cache
def _page(names: frozenset[str]) -> Direct:
    # What an institution holds is made once for a statement, and is most of what each of these would cost alone.
    # First which cases, then what they say: else each case of the edition is joined with its need for one page.
    chosen = _wanted(select(BottleneckCase.id), names).order_by(WhitelistEntry.code)
    page = chosen.limit(given("most", Integer)).cte("chosen")
    ids = select(page.c.id)
    cases = _with_need(_rows("case", **_LISTED)).where(BottleneckCase.id.in_(ids))
    findings = _rows(
        "finding",
        id=BottleneckFinding.case_id,
        class_code=BottleneckFinding.class_code,
        verdict=BottleneckFinding.verdict,
        detail=BottleneckFinding.detail,
    ).where(BottleneckFinding.case_id.in_(ids))
    counts = _rows("count", route=BottleneckCase.route, count=func.count())
    counted = _wanted(counts, names - {"route", "after"}).group_by(BottleneckCase.route)
    every = union_all(cases, findings, counted).subquery()
    return Direct(select(every).order_by(every.c.kind, every.c.entry, every.c.class_code, every.c.route))


@lru_cache
def _counted(names: frozenset[str]) -> Direct:
    counts = _wanted(select(BottleneckCase.route, func.count()), names)
    return Direct(counts.group_by(BottleneckCase.route).order_by(BottleneckCase.route))


_OF_NEED: Final = Direct(
    _with_need(select(*_LISTED.values()))
    .where(_OWN, BottleneckCase.is_current, WhitelistEntry.withdrawn_at.is_(None), Need.code == given("need"))
    .order_by(WhitelistEdition.code.desc(), WhitelistEntry.code)
)
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


async def listing(
    session: AsyncSession, viewer: Viewer, wanted: CaseFilter, *, after: str | None, limit: int
) -> Listing:
    """Answer current cases by entry code, after a code, and counts by route, whichever route is asked for."""
    values = _values(viewer, wanted, after=after)
    rows = await _page(frozenset(values)).rows(session, **values, most=limit)
    cases = [ListedCase(*row[1 : 1 + len(_LISTED)]) for row in rows if row.kind == "case"]
    findings: dict[int, list[Finding]] = {case.id: [] for case in cases}
    for row in rows:
        if row.kind == "finding":
            findings[row.id].append((row.class_code, row.verdict, row.detail))
    return Listing(cases, findings, {row.route: row.count for row in rows if row.kind == "count"})


async def cases_of_need(session: AsyncSession, viewer: Viewer, need: str) -> Listing:
    """Answer the current cases of a need's entries, the newest edition first; they are not counted."""
    rows = await _OF_NEED.rows(session, jurisdiction=viewer.jurisdiction, need=need)
    cases = [ListedCase(*row) for row in rows]
    findings: dict[int, list[Finding]] = {case.id: [] for case in cases}
    for row in await _FINDINGS.rows(session, cases=list(findings)) if cases else ():
        findings[row.case_id].append((row.class_code, row.verdict, row.detail))
    return Listing(cases, findings, {})


async def counts_by_route(session: AsyncSession, viewer: Viewer, wanted: CaseFilter) -> dict[str, int]:
    """Answer how many current cases there are on each route."""
    values = _values(viewer, wanted)
    rows = await _counted(frozenset(values)).rows(session, **values)
    return {row[0]: row[1] for row in rows}


def _values(viewer: Viewer, wanted: CaseFilter, **more: Any) -> dict[str, Any]:
    """Answer the values of a filter by name, those that it has."""
    region = None if wanted.region is None else region_prefix(wanted.region)
    named = {"edition": wanted.edition, "region": region, "chain": wanted.chain, "route": wanted.route}
    stated = {name: value for name, value in (named | more).items() if value is not None}
    return {"jurisdiction": viewer.jurisdiction} | stated
