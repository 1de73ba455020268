"""Use cases of notices: posted by the rooms above in their own transaction, read by the person they are for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from app.accounts import people_service
from app.accounts.rules import Role, Viewer
from app.enterprises import disclosure_service
from app.enterprises.consents import FieldGroup, Subject
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.notifications import queries, receiver_queries
from app.notifications.messages import title_of
from app.notifications.rules import DeliveryState, NewNotice, NoticeKind
from app.notifications.schemas import NoticeOut, ReadIn, ReadOut, UnreadOut
from app.notifications.tables import Delivery, Notice

WEBHOOK: Final = "webhook"
SCOPES_PER_STATEMENT: Final = 5_000
Holders = Mapping[tuple[Role, str], Sequence[int]]


async def post(session: AsyncSession, notices: Sequence[NewNotice], *, now: datetime) -> int:
    """Tell events to their audiences, each person once, and put into the outbox what webhooks want of them.

    All of it stands or falls with the caller's transaction; a batch of any size takes a few statements. Who
    was told an event before (`event_key`) is not told again; nobody in an audience is no error. Answers how
    many notices were new.
    """
    holders = await _holders(session, notices, now)
    named = await queries.able_persons(session, (person for one in notices for person in one.persons))
    rows = _rows(notices, holders, named, now)
    made = await queries.put_new(
        session, Notice, rows, unique=("event_key", "person_id"), answers=("id", "person_id", "kind")
    )
    await _put_out(session, [(row.id, row.person_id, row.kind) for row in made], now)
    return len(made)


async def _holders(session: AsyncSession, notices: Iterable[NewNotice], now: datetime) -> Holders:
    """Answer who has each role in each scope that an audience names, today."""
    wanted = {pair for one in notices for pair in one.audience}
    roles = {role for role, _scope in wanted}
    found: dict[tuple[Role, str], list[int]] = defaultdict(list)
    for batch in in_batches(sorted({scope for _role, scope in wanted}), SCOPES_PER_STATEMENT):
        for person, grant in await people_service.holders_at(session, roles, batch, now=now):
            found[grant.role, grant.scope].append(person.id)
    return found


def _rows(
    notices: Iterable[NewNotice], holders: Holders, named: set[int], now: datetime
) -> list[dict[str, Any]]:
    """Answer a row for each event and person, in an order that lets two transactions wait, not lock each other out."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for one in notices:
        persons = {person for pair in one.audience for person in holders.get(pair, ())}
        for person in (persons | (named & set(one.persons))) - {one.but}:
            rows.setdefault((one.event_key, person), _row(one, person, now))
    return [rows[key] for key in sorted(rows)]


def _row(one: NewNotice, person: int, now: datetime) -> dict[str, Any]:
    return {
        "event_key": one.event_key,
        "person_id": person,
        "kind": one.kind.value,
        "title": one.title or title_of(one.kind),
        "body": one.body,
        "entry_id": one.entry_id,
        "link": one.link,
        "is_urgent": one.is_urgent,
        "created_at": now,
    }


async def _put_out(session: AsyncSession, notices: Sequence[tuple[int, int, str]], now: datetime) -> None:
    """Put into the outbox a message for each notice and receiver of its person that wants the kind."""
    receivers = defaultdict(list)
    for receiver in await receiver_queries.receivers_of(session, {person for _id, person, _kind in notices}):
        receivers[receiver.person_id].append(receiver)
    rows = (
        {
            "message_id": new_message_id(),
            "person_id": person,
            "channel": WEBHOOK,
            "kind": kind,
            "notice_id": notice_id,
            "endpoint_id": receiver.id,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for notice_id, person, kind in notices
        for receiver in receivers.get(person, ())
        if not receiver.kinds or kind in receiver.kinds
    )
    await queries.put_new(session, Delivery, rows, unique=("notice_id", "endpoint_id"), answers=("id",))


def new_message_id() -> str:
    """Answer a name for a message that no other has."""
    return f"msg_{uuid4().hex}"


async def list_notices(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, is_unread: bool = False
) -> Page[NoticeOut]:
    """Answer the viewer's notices, the newest first; what institutions see of entries is put on record."""
    after, limit = page.after_number(), page.limit + 1
    rows = await queries.page_of_notices(
        session, viewer.person or 0, is_unread=is_unread, after=after, limit=limit
    )
    await _note_shown(session, viewer, rows[: page.limit])
    return page_of(rows, page, lambda row: (row[0].id,), notice_out)


async def get_notice(session: AsyncSession, viewer: Viewer, notice_id: int) -> NoticeOut:
    """Answer a notice of the viewer's.

    Raises:
        NotFound: there is none.
    """
    row = await queries.notice_row(session, viewer.person or 0, notice_id)
    if row is None:
        raise NotFound(f"You have no notice {notice_id}.")
    await _note_shown(session, viewer, [row])
    return notice_out(row)


async def unread(session: AsyncSession, viewer: Viewer) -> UnreadOut:
    """Answer how many notices of the viewer's are unread."""
    return UnreadOut(unread=await queries.count_unread(session, viewer.person or 0))


async def mark_read(session: AsyncSession, viewer: Viewer, body: ReadIn, *, now: datetime) -> ReadOut:
    """Mark notices of the viewer's read; those of others and those read before are passed over."""
    person = viewer.person or 0
    marked = await queries.mark_read(session, person, now, ids=body.ids, up_to=body.up_to)
    return ReadOut(marked=marked, unread=await queries.count_unread(session, person))


async def notices_of(
    session: AsyncSession, person_id: int, page: PageRequest, *, is_unread: bool = False
) -> Page[NoticeOut]:
    """Answer a person's notices for the operator, who sees everything."""
    after, limit = page.after_number(), page.limit + 1
    rows = await queries.page_of_notices(session, person_id, is_unread=is_unread, after=after, limit=limit)
    return page_of(rows, page, lambda row: (row[0].id,), notice_out)


async def _note_shown(session: AsyncSession, viewer: Viewer, rows: Iterable[queries.NoticeRow]) -> None:
    subjects = {
        entry.need_id: Subject(firm.uscc, frozenset({firm.region_code, entry.region_code}), entry.chain_code)
        for _notice, entry, firm in rows
        if entry is not None and firm is not None
    }
    await disclosure_service.show(session, viewer, subjects, most=(FieldGroup.CARD, FieldGroup.IDENTITY))


def notice_out(row: queries.NoticeRow) -> NoticeOut:
    """Show a notice; what it tells of an entry only where the entry is seen."""
    notice, entry, _firm = row
    is_withheld = notice.entry_id is not None and entry is None
    return NoticeOut(
        id=notice.id,
        kind=NoticeKind(notice.kind),
        title=title_of(notice.kind) if is_withheld else notice.title,
        body=None if is_withheld else notice.body,
        entry=entry.code if entry is not None else None,
        link=None if is_withheld else notice.link or None,
        is_withheld=is_withheld,
        is_urgent=notice.is_urgent,
        created_at=notice.created_at,
        read_at=notice.read_at,
    )
