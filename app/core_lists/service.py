"""Use cases of core firms' lists: provide, confirm, replace, decide, withdraw; what is read of them, see reading_service.

A workbook is read whole first; its faults are told all at once and then nothing is kept. What has none is kept as a
draft until it is confirmed: by then whoever sends it has seen what it changes. Reading and finding whom rows mean
(`prepare`) writes nothing, so that nobody else who writes waits for it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import IO, Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.chains import service as chains
from app.core_lists import keeping_service, queries, telling_service
from app.core_lists.keeping_service import Prepared, Sent
from app.core_lists.membership_service import propose_roles
from app.core_lists.naming_service import resolved
from app.core_lists.notices import decided_notice
from app.core_lists.reading_service import found, is_judge, shown
from app.core_lists.rules import (
    LIST_STATE_NAMES,
    OPEN,
    ListAct,
    ListState,
    VersionState,
    after_confirming,
    behalf_faults,
    possible,
)
from app.core_lists.schemas import CoreListOut, DecisionIn, PreviewOut, WithdrawalIn
from app.core_lists.tables import CoreList, CoreListVersion
from app.enterprises import service as enterprises
from app.enterprises.schemas import EnterpriseOut
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Refused

Expect = Callable[[int], None]
WRITES: Final = Action.PROVIDE_CORE_LIST


async def preview(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    file: IO[bytes],
    file_name: str,
    *,
    now: datetime,
    sheet: str | None = None,
) -> PreviewOut:
    """Answer what would come of a workbook: every fault, and for coordinators whom its rows mean.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
        Refused: it is no workbook, or cannot be read.
    """
    firm = await _firm(session, viewer, core_uscc)
    sent = await keeping_service.read(file, file_name, core_uscc, sheet=sheet, now=now)
    if not is_judge(viewer, firm.region):
        return keeping_service.preview_out(sent)
    return await keeping_service.resolved_preview(session, sent, core_uscc)


async def check(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    file: IO[bytes],
    file_name: str,
    *,
    now: datetime,
    evidence: str | None = None,
    chain: str | None = None,
    sheet: str | None = None,
) -> Sent:
    """Read a workbook whose sender may send it, with all that can be said without comparing names.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
        Refused: every fault of the workbook; or a coordinator does not name the firm's consent, or no such chain.
    """
    firm = await _firm(session, viewer, core_uscc)
    sent = await keeping_service.read(file, file_name, firm.uscc, sheet=sheet, now=now)
    faults = behalf_faults(evidence, is_own=is_own(viewer, firm.uscc))
    faults += await _chain_faults(session, viewer, chain)
    faults += sent.found.faults
    if faults:
        detail = f"The list has faults ({len(faults)} in all); nothing was kept."
        raise Refused(detail, faults[: keeping_service.MOST_FAULTS])
    return sent


async def prepare(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    file: IO[bytes],
    file_name: str,
    *,
    now: datetime,
    evidence: str | None = None,
    chain: str | None = None,
    sheet: str | None = None,
) -> Prepared:
    """Read a workbook and find whom its rows mean: seconds for thousands of names, in a transaction that only reads.

    Whoever is registered before it is kept stays a question of its row, as whoever is registered afterwards.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
        Refused: every fault of the workbook; or a coordinator does not name the firm's consent, or no such chain.
    """
    sent = await check(
        session, viewer, core_uscc, file, file_name, now=now, evidence=evidence, chain=chain, sheet=sheet
    )
    return Prepared(sent, await resolved(session, sent.found.rows, core_uscc))


async def provide(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    made: Prepared,
    *,
    now: datetime,
    evidence: str | None = None,
    chain: str | None = None,
    is_confirmed: bool = True,
    is_demo: bool = False,
) -> CoreListOut:
    """Take a core firm's first list; `is_confirmed` is false while its sender still looks at the draft.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
        Conflict: the firm has a list; it is replaced by a version.
    """
    firm = await _firm(session, viewer, core_uscc)
    known = await queries.list_of(session, core_uscc)
    if known is not None and known.state != ListState.DRAFT:
        remedy = f"POST /api/v1/core-lists/{core_uscc}/versions replaces it."
        raise Conflict("The firm has a list.", [Fault("uscc", "has a list", remedy, core_uscc)])
    row = known or CoreList(
        enterprise_id=await _firm_id(session, core_uscc),
        core_uscc=core_uscc,
        core_name=firm.name,
        region_code=firm.region,
        state=ListState.DRAFT.value,
        figures={},
        is_demo=is_demo,
        version=0,
        created_at=now,
        updated_at=now,
    )
    row.chain_code, row.evidence = chain, evidence
    row.version, row.updated_at = row.version + 1, now
    await queries.add(session, row)
    return await _kept(session, viewer, row, made, evidence, now, is_confirmed=is_confirmed)


async def replace(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    made: Prepared,
    *,
    expect: Expect,
    now: datetime,
    evidence: str | None = None,
    is_confirmed: bool = True,
) -> CoreListOut:
    """Take the next version of a list; the one before is kept, and its firms that are left out are listed no more.

    Raises:
        NotFound: no such list that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
    """
    row = await _found(session, viewer, core_uscc, WRITES, is_locked=True)
    expect(row.version)
    firm = await _firm(session, viewer, core_uscc)
    row.core_name, row.version, row.updated_at = firm.name, row.version + 1, now
    await session.flush()
    return await _kept(session, viewer, row, made, evidence, now, is_confirmed=is_confirmed)


async def confirm(
    session: AsyncSession, viewer: Viewer, core_uscc: str, *, expect: Expect, now: datetime
) -> CoreListOut:
    """Have the draft of a list take the place of its current version.

    Raises:
        NotFound: no such list that this viewer may see.
        Conflict: it has no draft.
    """
    row, draft = await _with_draft(session, viewer, core_uscc, expect)
    await _confirmed(session, viewer, row, draft, now)
    return await shown(session, row)


async def discard(
    session: AsyncSession, viewer: Viewer, core_uscc: str, *, expect: Expect, now: datetime
) -> CoreListOut:
    """Give up the draft of a list; nothing else of it changes.

    Raises:
        NotFound: no such list that this viewer may see.
        Conflict: it has no draft.
    """
    row, draft = await _with_draft(session, viewer, core_uscc, expect)
    await keeping_service.give_up(session, draft, now)
    row.version, row.updated_at = row.version + 1, now
    await session.flush()
    return await shown(session, row)


async def decide(
    session: AsyncSession, viewer: Viewer, core_uscc: str, body: DecisionIn, *, expect: Expect, now: datetime
) -> CoreListOut:
    """Take up a list that a core firm provided, or not; only then are its firms asked.

    Raises:
        NotFound: no such list that this viewer may see.
        Forbidden: it lies in another region.
        Conflict: it does not wait for this.
        Refused: no reason is given, or there is no such chain.
    """
    row = await _found(session, viewer, core_uscc, Action.REVIEW_CORE_LISTS, is_locked=True)
    expect(row.version)
    _check_act(row, ListAct.ACCEPT if body.accept else ListAct.REFUSE)
    faults = await _chain_faults(session, viewer, body.chain)
    if not body.accept and body.reason is None:
        faults.append(Fault("reason", "missing", "Say why it is not taken up; the core firm reads it."))
    if faults:
        raise Refused("The list cannot be decided on like this.", faults)
    current = await queries.version_in_state(session, row.id, VersionState.CURRENT)
    assert current is not None, "what waits was confirmed"
    row.state = (ListState.ACTIVE if body.accept else ListState.REFUSED).value
    row.chain_code = body.chain or row.chain_code
    row.decided_by, row.decided_at, row.reason = viewer.name, now, body.reason
    row.version, row.updated_at = row.version + 1, now
    await session.flush()
    if body.accept:
        await keeping_service.sync_members(session, row, current, now)
        await propose_roles(session, row, now=now)
    told = decided_notice(core_uscc, current.number, is_accepted=body.accept, reason=body.reason)
    await telling_service.tell(session, [told], now=now)
    _note(session, row, "accept" if body.accept else "refuse", now)
    return await shown(session, row)


async def withdraw(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    body: WithdrawalIn,
    *,
    expect: Expect,
    now: datetime,
) -> CoreListOut:
    """End a list: its firms are listed no more and matched no more; it stays on record.

    Raises:
        NotFound: no such list that this viewer may see.
        Forbidden: the firm is neither the viewer's own nor within the viewer's region.
        Conflict: it has ended, or never began.
    """
    row = await _found(session, viewer, core_uscc, WRITES, is_locked=True)
    expect(row.version)
    _check_act(row, ListAct.WITHDRAW)
    row.state, row.reason, row.figures = ListState.WITHDRAWN.value, body.reason, {}
    row.version, row.updated_at = row.version + 1, now
    await session.flush()
    await keeping_service.end(session, row, now)
    _note(session, row, "withdraw", now)
    return await shown(session, row)


async def _found(
    session: AsyncSession, viewer: Viewer, core_uscc: str, action: Action, *, is_locked: bool
) -> CoreList:
    row = await found(session, core_uscc, is_locked=is_locked)
    require(viewer, action, Target(region=row.region_code, uscc=core_uscc))
    return row


async def _with_draft(
    session: AsyncSession, viewer: Viewer, core_uscc: str, expect: Expect
) -> tuple[CoreList, CoreListVersion]:
    row = await _found(session, viewer, core_uscc, WRITES, is_locked=True)
    expect(row.version)
    draft = await queries.version_in_state(session, row.id, VersionState.DRAFT)
    if draft is None:
        fault = Fault("uscc", "has no draft", "Send a workbook first.", core_uscc)
        raise Conflict("Nothing waits to be confirmed.", [fault])
    return row, draft


async def _firm(session: AsyncSession, viewer: Viewer, core_uscc: str) -> EnterpriseOut:
    firm = await enterprises.enterprise_by_uscc(session, viewer, core_uscc)
    require(viewer, WRITES, Target(region=firm.region, uscc=core_uscc))
    return firm


async def _firm_id(session: AsyncSession, core_uscc: str) -> int:
    return (await queries.firms_by_code(session, [core_uscc]))[core_uscc][0]


def is_own(viewer: Viewer, core_uscc: str) -> bool:
    """Tell whether a viewer is the core firm itself, not somebody who enters its list for it."""
    return core_uscc in viewer.scopes(Role.ENTERPRISE)


async def _chain_faults(session: AsyncSession, viewer: Viewer, chain: str | None) -> list[Fault]:
    if not chain or chain in await chains.chain_codes(session, viewer):
        return []
    return [Fault("chain", "no such chain", "GET /api/v1/chains lists them.", chain)]


async def _kept(
    session: AsyncSession,
    viewer: Viewer,
    row: CoreList,
    made: Prepared,
    evidence: str | None,
    now: datetime,
    *,
    is_confirmed: bool,
) -> CoreListOut:
    by_other = not is_own(viewer, row.core_uscc)
    draft = await keeping_service.keep(
        session, row, made, viewer.name, evidence if by_other else None, now, is_on_behalf=by_other
    )
    _note(session, row, "provide", now)
    if is_confirmed:
        await _confirmed(session, viewer, row, draft, now)
    return await shown(session, row)


async def _confirmed(
    session: AsyncSession, viewer: Viewer, row: CoreList, draft: CoreListVersion, now: datetime
) -> None:
    before = ListState(row.state)
    state = after_confirming(before, is_coordinator=draft.is_on_behalf)
    row.state, row.version, row.updated_at = state.value, row.version + 1, now
    row.evidence = draft.evidence
    if before is not ListState.ACTIVE:
        row.reason = None
        is_taken = state is ListState.ACTIVE
        row.decided_by, row.decided_at = (viewer.name, now) if is_taken else (None, None)
    await keeping_service.make_current(session, row, draft, now)
    if state is ListState.ACTIVE:
        await keeping_service.sync_members(session, row, draft, now)
        await propose_roles(session, row, now=now)
    counts = await queries.outcome_counts(session, draft.id)
    await telling_service.tell_waiting(
        session, row, draft.number, viewer.person, sum(counts.get(one, 0) for one in OPEN), now=now
    )
    _note(session, row, "confirm", now)


def _check_act(row: CoreList, act: ListAct) -> None:
    state = ListState(row.state)
    if act not in possible(state):
        acts = ", ".join(possible(state))
        fault = Fault(
            "uscc", f"is {state.value} ({LIST_STATE_NAMES[state]})", f"Possible now: {acts}.", row.core_uscc
        )
        raise Conflict("That cannot be done to the list now.", [fault])


def _note(session: AsyncSession, row: CoreList, act: str, now: datetime) -> None:
    audit_service.note(
        session, f"core_list_{act}", "core_list", row.core_uscc, now=now, detail={"id": row.id}
    )
