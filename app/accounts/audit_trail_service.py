"""Reads the audit trail: lists, exports and verifies it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from app.accounts import audit_queries
from app.accounts.audit import GENESIS, START, Break, EventFilter, Link, Verdict, Walk, link_of_line
from app.accounts.audit_schemas import AuditEventOut
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.files import whole_file
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import SHANGHAI

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
"""No event lies outside, and no database refuses a day within."""
LINKS_A_LOOK: Final = 2_000


def asked_events(
    *,
    actor: str | None = None,
    person: int | None = None,
    action: str | None = None,
    subject_kind: str | None = None,
    subject: str | None = None,
    request_id: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> EventFilter:
    """Make a filter; `first` and `last` are days in Shanghai, both included."""
    return EventFilter(
        actor=actor,
        person=person,
        action=action,
        subject_kind=subject_kind,
        subject=subject,
        request_id=request_id,
        since=_midnight(first) if first else None,
        before=_midnight(last) + timedelta(days=1) if last else None,
    )


def _midnight(day: date) -> datetime:
    known = min(max(day, FIRST_DAY), LAST_DAY)
    return datetime.combine(known, time.min, SHANGHAI).astimezone(UTC)


async def list_events(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: EventFilter
) -> Page[AuditEventOut]:
    """List the events that are asked for, the newest first.

    Raises:
        Forbidden: the viewer does not read the audit trail.
        Refused: the cursor is none of ours.
    """
    require(viewer, Action.READ_AUDIT, Target())
    before = page.after_number()
    found = await audit_queries.newest_links(session, wanted, before=before, limit=page.limit + 1)
    return page_of(found, page, lambda link: (link.sequence,), AuditEventOut.of)


async def exported(session: AsyncSession, viewer: Viewer, after: int, limit: int) -> tuple[str, int | None]:
    """Answer the links that follow a number as lines, and after which number to go on (None at the end).

    Raises:
        Forbidden: the viewer does not read the audit trail.
    """
    require(viewer, Action.READ_AUDIT, Target())
    found = await audit_queries.links_after(session, after, limit + 1)
    shown = found[:limit]
    return _lines(shown), shown[-1].sequence if len(found) > limit else None


async def export_to(session: AsyncSession, viewer: Viewer, file: Path) -> tuple[int, str]:
    """Write the whole trail into a file, all of it or nothing; answer how many links, and the head.

    Raises:
        Forbidden: the viewer does not read the audit trail.
        Refused, Unavailable: the file cannot be written.
    """
    require(viewer, Action.READ_AUDIT, Target())
    count, head = 0, GENESIS
    with whole_file(file) as draft, draft.open("w", encoding="utf-8") as out:
        async for batch in audit_queries.batches(session):
            out.write(_lines(batch))
            count, head = count + len(batch), batch[-1].hash
    return count, head


def _lines(links: Iterable[Link]) -> str:
    return "".join(f"{link.as_line()}\n" for link in links)


async def verify(session: AsyncSession, wanted: str | None = None) -> Verdict:
    """Walk along the whole stored trail at constant memory; `wanted` is a head that was kept elsewhere."""
    walk = Walk(wanted=wanted)
    async for batch in audit_queries.batches(session):
        broken = walk.take(batch)
        if broken is not None:
            return walk.verdict(broken)
    return walk.verdict()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the stored trail as it was walked along, up to the link `last`; the trail has `total` links."""

    verdict: Verdict
    last: int
    total: int


async def verified_section(session: AsyncSession, viewer: Viewer, until: int | None) -> Section:
    """Walk along the `LINKS_A_LOOK` links up to a number (the newest), each of which must continue the one before it.

    What a whole trail takes grows with it; a part takes the same forever, and all parts together are the whole.

    Raises:
        Forbidden: the viewer does not read the audit trail.
    """
    require(viewer, Action.READ_AUDIT, Target())
    newest = await audit_queries.newest_links(session, EventFilter(), before=None, limit=1)
    total = newest[0].sequence if newest else 0
    last = total if until is None else min(until, total)
    before = max(last - LINKS_A_LOOK, 0)
    found = await audit_queries.links_after(session, before - 1, last - before + 1) if last else []
    if before and (not found or found[0].sequence != before):
        return Section(Walk((before - 1, GENESIS)).verdict(Break(before, "missing")), last, total)
    walk = Walk((before, found[0].hash) if before else START)
    broken = walk.take(found[1:] if before else found)
    if broken is None and walk.expected <= last:
        broken = Break(walk.expected, "missing")
    return Section(walk.verdict(broken), last, total)


def verify_file(file: Path, wanted: str | None = None) -> Verdict:
    """Walk along an export, line by line; one that begins later than the trail is verified from there on.

    A line that is no link is a break where a link should stand.
    """
    walk: Walk | None = None
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                link = link_of_line(line)
            except ValueError as error:
                expected = 1 if walk is None else walk.expected
                return (walk or Walk()).verdict(Break(expected, f"line {number} is no link: {error}"))
            walk = walk or Walk((link.sequence - 1, link.previous_hash), wanted)
            broken = walk.take([link])
            if broken is not None:
                return walk.verdict(broken)
    return (walk or Walk()).verdict()


async def last_events(
    session: AsyncSession, viewer: Viewer, wanted: EventFilter, limit: int
) -> list[AuditEventOut]:
    """Answer the newest events that are asked for.

    Raises:
        Forbidden: the viewer does not read the audit trail.
    """
    require(viewer, Action.READ_AUDIT, Target())
    found = await audit_queries.newest_links(session, wanted, before=None, limit=limit)
    return [AuditEventOut.of(link) for link in found]
