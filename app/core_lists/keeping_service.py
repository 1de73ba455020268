"""What a sent workbook becomes: a draft, the current version, and the firms that it lists."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from app.core_lists import match_queries, queries, telling_service
from app.core_lists.columns import ListRow, ReadList
from app.core_lists.membership_service import propose_roles
from app.core_lists.naming_service import region_names, resolved
from app.core_lists.resolution import Resolution
from app.core_lists.rules import Answer, Outcome, Relation, VersionState
from app.core_lists.schemas import PreviewOut, RowOut
from app.core_lists.tables import CoreList, CoreListMember, CoreListVersion
from app.core_lists.views import outcome_counts_out, row_out
from app.core_lists.workbook import read_workbook
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.problems import FaultOut
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.whitelist.names import normalise_company_name

MOST_FAULTS: Final = 500
MOST_QUESTIONS: Final = 200
MOST_FILE_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """A workbook that was read: its name, its hash, and what it says."""

    file_name: str
    sha256: str
    found: ReadList


@dataclass(frozen=True, slots=True)
class Prepared:
    """A workbook without faults, and whom each of its rows means."""

    sent: Sent
    found: Sequence[Resolution]


async def read(file: IO[bytes], file_name: str, core_uscc: str, *, sheet: str | None, now: datetime) -> Sent:
    """Read a workbook, away from the event loop.

    Raises:
        Refused: it is no workbook, or cannot be read.
    """
    name, year = _plain(file_name), shanghai_date(now).year
    found = await asyncio.to_thread(
        read_workbook,
        file,
        name,
        core_uscc=core_uscc,
        this_year=year,
        most=get_settings().core_list_rows,
        sheet_name=sheet,
    )
    return Sent(name, await asyncio.to_thread(_sha256, file), found)


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file will do


def _plain(file_name: str) -> str:
    last = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[-MOST_FILE_NAME:] or "core-list.xlsx"


def preview_out(sent: Sent) -> PreviewOut:
    """Show what a workbook says, and nothing of any firm but what its sender wrote."""
    relations = Counter(row.relation for row in sent.found.rows)
    return PreviewOut(
        file_name=sent.file_name,
        rows=len(sent.found.rows),
        suppliers=relations[Relation.SUPPLIER],
        dealers=relations[Relation.DEALER],
        unknown_columns=list(sent.found.unknown_columns),
        faults=[FaultOut.model_validate(one.as_dict()) for one in sent.found.faults[:MOST_FAULTS]],
    )


async def resolved_preview(session: AsyncSession, sent: Sent, core_uscc: str) -> PreviewOut:
    """Show a workbook with whom its rows mean, for who judges lists."""
    found = await resolved(session, sent.found.rows, core_uscc)
    pairs = list(zip(sent.found.rows, found, strict=True))
    asked = [pair for pair in pairs if pair[1].outcome is Outcome.REVIEW][:MOST_QUESTIONS]
    seen = await queries.seen_firms(session, {one.uscc for _row, made in asked for one in made.suspects})
    regions = await region_names(session)
    shell = {"id": 0, "decided_by": None, "reason": None, "version": 0}
    questions: list[RowOut] = [
        row_out(_Unkept(**_columns(row, made, None) | shell), (None, None), seen, regions)  # type: ignore[arg-type]  # a row that is not stored
        for row, made in asked
    ]
    counts = Counter(made.outcome for made in found)
    return preview_out(sent).model_copy(
        update={"outcomes": outcome_counts_out(counts), "questions": questions}
    )


@dataclass(frozen=True)
class _Unkept:
    """A row as it would be stored."""

    id: int
    number: int
    uscc: str | None
    name: str
    relation: str
    yearly_fen: int | None
    since_year: int | None
    outcome: str
    enterprise_id: int | None
    likeness: int | None
    suspects: list[Any]
    decided_by: str | None
    reason: str | None
    version: int


async def keep(
    session: AsyncSession,
    row: CoreList,
    prepared: Prepared,
    given_by: str,
    evidence: str | None,
    now: datetime,
    *,
    is_on_behalf: bool,
) -> CoreListVersion:
    """Store a workbook as the draft of a list, in the place of an earlier draft."""
    sent, found = prepared.sent, prepared.found
    before = await queries.version_in_state(session, row.id, VersionState.DRAFT)
    if before is not None:
        await give_up(session, before, now)
    made = CoreListVersion(
        list_id=row.id,
        region_code=row.region_code,
        number=await queries.last_number(session, row.id) + 1,
        state=VersionState.DRAFT.value,
        file_name=sent.file_name,
        file_sha256=sent.sha256,
        listed=len(sent.found.rows),
        given_by=given_by,
        is_on_behalf=is_on_behalf,
        evidence=evidence,
        created_at=now,
    )
    await queries.add(session, made)
    firms = await queries.firms_by_code(session, {one.uscc for one in found if one.uscc})
    decided = await _decided_before(session, row)
    shell = {"list_id": row.id, "version_id": made.id, "region_code": row.region_code, "version": 1}
    await queries.put_rows(
        session,
        _stored(sent.found.rows, found, {code: one[0] for code, one in firms.items()}, decided, shell),
    )
    return made


def _stored(
    rows: Sequence[ListRow],
    found: Sequence[Resolution],
    firms: Mapping[str, int],
    decided: Mapping[tuple[str, str | None], Mapping[str, Any]],
    shell: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    nobody: dict[str, Any] = {"decided_by": None, "decided_at": None, "reason": None}
    for row, made in zip(rows, found, strict=True):
        firm = firms.get(made.uscc) if made.uscc else None
        columns = {**_columns(row, made, firm), **nobody, **shell}
        # What a person said of the same name and code holds on: nobody is asked twice.
        before = decided.get((normalise_company_name(row.name).exact_key, row.uscc), {})
        yield {**columns, **(before if made.outcome in {Outcome.REVIEW, Outcome.UNKNOWN} else {})}


def _columns(row: ListRow, made: Resolution, firm: int | None) -> dict[str, Any]:
    return {
        "number": row.number,
        "uscc": row.uscc,
        "name": row.name,
        "relation": row.relation.value,
        "yearly_fen": row.yearly_fen,
        "since_year": row.since_year,
        "outcome": made.outcome.value,
        "enterprise_id": firm,
        "likeness": made.likeness,
        "suspects": [{"uscc": one.uscc, "likeness": one.likeness} for one in made.suspects],
    }


async def _decided_before(
    session: AsyncSession, row: CoreList
) -> dict[tuple[str, str | None], dict[str, Any]]:
    current = await queries.version_in_state(session, row.id, VersionState.CURRENT)
    if current is None:
        return {}
    # The core firm's own session does not see whom its rows mean.
    with unrestricted(session):
        rows = await queries.decisions_before(session, row.id, current.id)
    names = ("outcome", "enterprise_id", "decided_by", "decided_at", "reason")
    return {
        (normalise_company_name(name).exact_key, uscc): dict(zip(names, rest, strict=True))
        for name, uscc, *rest in rows
    }


async def give_up(session: AsyncSession, draft: CoreListVersion, now: datetime) -> None:
    """Take a draft's rows away; that there was one stays on record."""
    await queries.drop_rows(session, draft.id)
    draft.state, draft.ended_at = VersionState.DISCARDED.value, now
    await session.flush()


async def make_current(session: AsyncSession, row: CoreList, draft: CoreListVersion, now: datetime) -> None:
    """Have a draft take the place of the current version."""
    current = await queries.version_in_state(session, row.id, VersionState.CURRENT)
    if current is not None:
        current.state, current.ended_at = VersionState.REPLACED.value, now
        await session.flush()
    draft.state, draft.confirmed_at = VersionState.CURRENT.value, now
    await session.flush()


async def sync_members(session: AsyncSession, row: CoreList, version: CoreListVersion, now: datetime) -> None:
    """Have the listed firms be those that a version's rows mean: new ones are asked, missing ones leave.

    A firm that comes back after it had left is asked anew; one that stays keeps its answer.
    """
    wanted = _listed(await queries.resolved_rows(session, version.id))
    known = {one.enterprise_id: one for one in await queries.members_of_list(session, row.id)}
    gone = [one for firm, one in known.items() if firm not in wanted and one.left_at is None]
    await match_queries.drop_matches(session, [one.id for one in gone])
    fresh = [firm for firm in wanted if firm not in known]
    back = [firm for firm in wanted if firm in known and known[firm].left_at is not None]
    with unrestricted(session):
        for one in gone:
            one.left_at, one.version = now, one.version + 1
        for firm, columns in wanted.items():
            if firm in known:
                _restate(known[firm], columns | _shared(row), is_back=firm in back, now=now)
        await session.flush()
    await queries.put_members(
        session, [_shared(row) | wanted[firm] | _asked(row.id, firm, now) for firm in fresh]
    )
    await telling_service.tell_listed(session, row, [*fresh, *back], now=now)


def _listed(
    rows: Iterable[tuple[int, str, int | None, int | None, str, str, str]],
) -> dict[int, dict[str, Any]]:
    """Answer each firm once with what its rows say together: supplier and dealer is both, trade adds up."""
    found: dict[int, dict[str, Any]] = {}
    for firm, relation, yearly, since, uscc, name, region in rows:
        before = found.get(firm)
        if before is None:
            found[firm] = {
                "relation": relation, "yearly_fen": yearly, "since_year": since,
                "firm_uscc": uscc, "firm_name": name, "firm_region": region,
            }  # fmt: skip
            continue
        if before["relation"] != relation:
            before["relation"] = Relation.BOTH.value
        amounts = [one for one in (before["yearly_fen"], yearly) if one is not None]
        years = [one for one in (before["since_year"], since) if one is not None]
        before["yearly_fen"], before["since_year"] = (
            sum(amounts) if amounts else None,
            min(years, default=None),
        )
    return found


def _shared(row: CoreList) -> dict[str, Any]:
    return {"core_name": row.core_name, "chain_code": row.chain_code, "region_code": row.region_code}


def _asked(list_id: int, firm: int, now: datetime) -> dict[str, Any]:
    return {
        "list_id": list_id, "enterprise_id": firm, "answer": Answer.ASKED.value, "shows_trade": False, "until": None,
        "answered_by": None, "answered_at": None, "listed_at": now, "left_at": None, "version": 1,
    }  # fmt: skip


def _restate(member: CoreListMember, columns: Mapping[str, Any], *, is_back: bool, now: datetime) -> None:
    changed = {name: value for name, value in columns.items() if getattr(member, name) != value}
    if is_back:
        changed |= {
            "answer": Answer.ASKED.value, "shows_trade": False, "until": None, "answered_by": None,
            "answered_at": None, "listed_at": now, "left_at": None,
        }  # fmt: skip
    for name, value in changed.items():
        setattr(member, name, value)
    if changed:
        member.version += 1


async def end(session: AsyncSession, row: CoreList, now: datetime) -> None:
    """End all of a list: its current version, its firms' being listed, its matches."""
    current = await queries.version_in_state(session, row.id, VersionState.CURRENT)
    if current is not None:
        current.state, current.ended_at = VersionState.REPLACED.value, now
    draft = await queries.version_in_state(session, row.id, VersionState.DRAFT)
    if draft is not None:
        await give_up(session, draft, now)
    await session.flush()
    members = [one.id for one in await queries.members_of_list(session, row.id) if one.left_at is None]
    await match_queries.drop_matches(session, members)
    await queries.leave(session, members, now)
    await propose_roles(session, row, now=now)
