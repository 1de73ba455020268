"""Use cases of deciding on many proposals at once: a preview first, and then exactly what it showed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains.confirming import State, settle
from app.chains.rules import Period
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.shanghai import shanghai_date
from app.membership import queries, run_queries
from app.membership.asking_service import ask_of_statements
from app.membership.queries import Listed
from app.membership.rules import Act, seen_hash
from app.membership.schemas import (
    MOST_AT_ONCE,
    ChosenIn,
    DecisionsIn,
    DecisionsOut,
    DecisionsPreview,
    MembershipFilter,
)
from app.membership.service import profiles_by_code
from app.membership.topics import MEMBERSHIPS_SAID
from app.membership.views import membership_out

FIRST_SHOWN = 20
MOST_FAULTS = 100


async def preview_decisions(
    session: AsyncSession, viewer: Viewer, body: ChosenIn, *, now: datetime
) -> DecisionsPreview:
    """Answer what deciding on the chosen proposals would do; nothing is changed.

    Raises:
        Forbidden: one of the firms is neither of the viewer's chain nor of the viewer's region.
        Refused: nothing is chosen, too many are, or one of them cannot be decided.
    """
    chosen = await _chosen(session, viewer, body, now)
    profiles, today = await profiles_by_code(session, viewer, now), shanghai_date(now)
    shown = [membership_out(viewer, one, profiles, today) for one in chosen]
    return DecisionsPreview(
        chain=body.chain,
        decision=body.decision,
        count=len(shown),
        roles=dict(Counter(one.role_name for one in shown).most_common()),
        links=dict(Counter(one.link_name or "未定环节" for one in shown).most_common()),
        confidences=dict(Counter(one.confidence_name or "—" for one in shown).most_common()),
        first=shown[:FIRST_SHOWN],
        seen=_seen(chosen, body),
    )


async def decide(session: AsyncSession, viewer: Viewer, body: DecisionsIn, *, now: datetime) -> DecisionsOut:
    """Confirm or decline the chosen proposals, all of them or none.

    Raises:
        as `preview_decisions`, and
        Conflict: they are not those that the preview showed any more.
    """
    chosen = await _chosen(session, viewer, body, now, is_locked=True)
    if _seen(chosen, body) != body.seen:
        fault = Fault("seen", "stands for something else now", "Look at the preview again.")
        raise Conflict("The proposals have changed since they were shown.", [fault])
    numbers = [one.row.id for one in chosen]
    period = Period(body.since or shanghai_date(now))
    values = {
        "state": body.decision, "said_by": viewer.name, "said_at": now, "word": body.reason,
        "since": period.since, "until": None,
    }  # fmt: skip
    for one in chosen:
        session.expunge(one.row)
    await queries.settle_many(session, numbers, values)
    kind = Act.CONFIRMED if body.decision == "confirmed" else Act.DECLINED
    await run_queries.add_acts(
        session,
        (
            {
                "membership_id": number, "kind": kind.value, "done_by": viewer.name, "done_at": now,
                "reason": body.reason or "",
            }
            for number in numbers
        ),
    )  # fmt: skip
    if body.decision == "confirmed":
        await ask_of_statements(session, {one.row.enterprise_id for one in chosen}, now)
    detail = {"chain": body.chain, "decision": body.decision, "count": len(numbers)}
    audit_service.note(session, "settle_memberships", "chain", body.chain, now=now, detail=detail)
    await MEMBERSHIPS_SAID.tell(session, numbers, now)
    return DecisionsOut(chain=body.chain, decision=body.decision, count=len(numbers))


def _seen(chosen: Sequence[Listed], body: ChosenIn) -> str:
    return seen_hash(((one.row.id, one.row.version) for one in chosen), body.decision)


async def _chosen(
    session: AsyncSession, viewer: Viewer, body: ChosenIn, now: datetime, *, is_locked: bool = False
) -> list[Listed]:
    """Answer the chosen proposals, checked; held until the transaction ends if they are to be changed."""
    today = shanghai_date(now)
    if body.memberships:
        if is_locked:
            await queries.hold_firms(session, body.memberships)
        found = await queries.memberships(session, body.memberships)
    else:
        wanted = MembershipFilter(
            chain=body.chain, state=State.PROPOSED.value, role=body.role, link=body.link,
            confidence=body.confidence, region=body.region,
        )  # fmt: skip
        found = await queries.page_of_memberships(
            session, wanted, today=today, after=None, limit=MOST_AT_ONCE + 1
        )
        if is_locked:
            await queries.hold_firms(session, [one.row.id for one in found[:MOST_AT_ONCE]])
    faults = _choice_faults(body, found)
    if faults:
        raise Refused("Nothing was changed.", faults)
    for region in {one.region for one in found}:
        require(viewer, Action.CONFIRM_MEMBERSHIPS, Target(region=region, chain=body.chain))
    faults = await _word_faults(session, viewer, body, found, now)
    if faults:
        raise Refused("Nothing was changed.", faults[:MOST_FAULTS])
    return found


def _choice_faults(body: ChosenIn, found: Sequence[Listed]) -> list[Fault]:
    if not found:
        return [Fault("memberships", "no open proposal is chosen", "Choose some, or ask for more.")]
    if len(found) > MOST_AT_ONCE:
        return [
            Fault(
                "memberships",
                f"are more than {MOST_AT_ONCE}, the most at once",
                "Decide link by link, region by region or by what carries them.",
            )
        ]
    missing = set(body.memberships) - {one.row.id for one in found}
    faults = [
        Fault("memberships", "no such membership", "Read them again and choose anew.", str(number))
        for number in sorted(missing)
    ]
    faults += [
        Fault(
            "memberships",
            f"{one.name} is no open proposal of {body.chain}",
            "Read them again and choose anew.",
            str(one.row.id),
        )
        for one in found
        if one.row.chain_code != body.chain or one.row.state != State.PROPOSED
    ]
    return faults[:MOST_FAULTS]


async def _word_faults(
    session: AsyncSession, viewer: Viewer, body: ChosenIn, found: Sequence[Listed], now: datetime
) -> list[Fault]:
    """Answer what people said of the same firms and chain for the same days."""
    period = Period(body.since or shanghai_date(now))
    names = {one.row.enterprise_id: one.name for one in found}
    own = defaultdict[int, list[int]](list)
    rows = {}
    for some in in_batches(names):
        for row in await queries.standing_of_firms(session, some):
            rows[row.id] = row
            own[row.enterprise_id].append(row.id)
    faults: list[Fault] = []
    for one in found:
        others = [number for number in own[one.row.enterprise_id] if rows[number].chain_code == body.chain]
        if len(others) == 1:
            continue
        values = {number: run_queries.value_of(rows[number]) for number in others}
        try:
            settle(
                list(values.values()), values[one.row.id], State(body.decision), by=viewer.name, at=now,
                period=period,
            )  # fmt: skip
        except Refused as error:
            faults += [
                Fault("memberships", f"of {one.name}: {fault.message}", fault.remedy, str(one.row.id))
                for fault in error.faults
            ]
    return faults
