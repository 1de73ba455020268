"""Rows of bottleneck cases. Entries are reached through their edition's jurisdiction, which is the viewer's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import BigInteger, ColumnElement, Select, Table, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.bottlenecks.cases import CaseContent
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.enterprises.tables import NeedRevision
from app.kernel.batches import in_batches
from app.kernel.database import insert_numbered, insert_rows
from app.kernel.direct import Direct, given, given_each
from app.matching.tables import MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

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
    for batch in in_batches(sorted(set(entry_ids))):
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
    for batch in in_batches(sorted(set(entry_ids))):
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
    for batch in in_batches(sorted(set(entry_ids))):
        rows = await _NEWEST.rows(session, jurisdiction=viewer.jurisdiction, entries=batch)
        found |= {row[0]: row[1]["established"] for row in rows if row[1]["established"]}
    return found


async def established_in_turn(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, list[tuple[datetime, dict[str, Any]]]]:
    """Answer what each case of entries' present wordings said is established, and when it was made, in turn."""
    found: dict[int, list[tuple[datetime, dict[str, Any]]]] = {}
    for batch in in_batches(sorted(set(entry_ids))):
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
    count = 0
    for batch in in_batches(sorted(case_ids)):
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
