"""Use cases of single memberships: list, read, confirm, decline, hand over, end."""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains import profile_service as chain_profiles
from app.chains.confirming import Membership, State, hand_over, settle
from app.chains.profiles import ChainProfile
from app.chains.profiles import Role as ChainRole
from app.chains.rules import Period
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import PageRequest, page_of
from app.kernel.shanghai import day_text, shanghai_date
from app.membership import queries, run_queries
from app.membership.asking_service import ask_of_statements
from app.membership.queries import Listed
from app.membership.rules import ROLES, WITHDRAWN, Act, Doubt
from app.membership.schemas import (
    ChainStanding,
    ConfirmIn,
    DeclineIn,
    MembershipDetailOut,
    MembershipEndIn,
    MembershipFilter,
    MembershipHandOverIn,
    MembershipOut,
    MembershipPage,
    MembershipQuestionOut,
)
from app.membership.tables import ChainMembership, MembershipAct, MembershipQuestion
from app.membership.topics import MEMBERSHIPS_SAID
from app.membership.views import act_out, membership_out, question_out

Expect = Callable[[int], None]
ONE_DAY = timedelta(days=1)


async def profiles_by_code(session: AsyncSession, viewer: Viewer, now: datetime) -> dict[str, ChainProfile]:
    """Answer what memberships are proposed from, by code of the chain."""
    found = await chain_profiles.membership_profiles(session, viewer, shanghai_date(now))
    return {one.code: one for one in found}


async def list_memberships(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: MembershipFilter, *, now: datetime
) -> MembershipPage:
    """List memberships that the viewer sees, in the order in which they came, with counts by state."""
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    rows = await queries.page_of_memberships(
        session, wanted, today=today, after=page.after_number(), limit=page.limit + 1
    )
    counts = dict.fromkeys((*map(str, State), "over"), 0)
    for _chain, state, is_over, count in await queries.counts_by_state(session, wanted, today=today):
        counts["over" if is_over else state] += count
    found = page_of(
        rows, page, lambda one: (one.row.id,), lambda one: membership_out(viewer, one, profiles, today)
    )
    return MembershipPage(items=found.items, next=found.next, counts=counts)


async def standings(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[ChainStanding]:
    """Answer how membership stands on each chain of the jurisdiction, as far as the viewer sees it, by code."""
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    counts = dict[tuple[str, str], int]()
    for chain, state, is_over, count in await queries.counts_by_state(
        session, MembershipFilter(), today=today
    ):
        if not is_over:
            counts[chain, state] = counts.get((chain, state), 0) + count
    questions, objections = await queries.open_counts(session)
    return [
        ChainStanding(
            chain=code,
            chain_name=profile.name,
            proposed=counts.get((code, State.PROPOSED), 0),
            confirmed=counts.get((code, State.CONFIRMED), 0),
            declined=counts.get((code, State.DECLINED), 0),
            questions=questions.get(code, 0),
            objections=objections.get(code, 0),
        )
        for code, profile in sorted(profiles.items())
    ]


async def get_membership(
    session: AsyncSession, viewer: Viewer, number: int, *, now: datetime
) -> MembershipDetailOut:
    """Answer one membership with what was done, asked and objected.

    Raises:
        NotFound: no such membership that this viewer may see.
    """
    return await _detail(session, viewer, await found(session, number), now)


async def questions_about(
    session: AsyncSession, viewer: Viewer, number: int, *, now: datetime
) -> list[MembershipQuestionOut]:
    """Answer the questions about a membership, as far as the viewer sees them."""
    about = await found(session, number)
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    return [
        question_out(viewer, queries.ListedQuestion(one, about), profiles, today)
        for one in await queries.questions_of(session, number)
    ]


async def of_firm(session: AsyncSession, viewer: Viewer, uscc: str, *, now: datetime) -> list[MembershipOut]:
    """Answer the memberships of a firm that the viewer sees, withdrawn proposals left out, by chain."""
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    return [membership_out(viewer, one, profiles, today) for one in await queries.of_firm(session, uscc)]


async def confirm(
    session: AsyncSession, viewer: Viewer, number: int, body: ConfirmIn, *, expect: Expect, now: datetime
) -> MembershipDetailOut:
    """Confirm a proposal, as it is or with another link or role.

    Raises:
        NotFound: no such membership that this viewer may see.
        Forbidden: it is neither of the viewer's chain nor of the viewer's region.
        PreconditionFailed: somebody changed it meanwhile.
        Refused: it is no open proposal, the link is none of the chain's, or people said something for these days.
    """
    period = Period(body.since or shanghai_date(now), body.until)
    return await _settle(
        session,
        viewer,
        number,
        State.CONFIRMED,
        period,
        body.reason,
        expect,
        now,
        link=body.link,
        role=body.role,
    )


async def decline(
    session: AsyncSession, viewer: Viewer, number: int, body: DeclineIn, *, expect: Expect, now: datetime
) -> MembershipDetailOut:
    """Decline a proposal: the firm does not belong to the chain for these days.

    Raises:
        as `confirm`.
    """
    period = Period(body.since or shanghai_date(now), body.until)
    return await _settle(session, viewer, number, State.DECLINED, period, body.reason, expect, now)


async def _settle(
    session: AsyncSession,
    viewer: Viewer,
    number: int,
    state: State,
    period: Period,
    reason: str | None,
    expect: Expect,
    now: datetime,
    *,
    link: str | None = None,
    role: str | None = None,
) -> MembershipDetailOut:
    about = await _for_change(session, viewer, number, expect)
    row = about.row
    is_corrected = (link or row.link, role or row.role) != (row.link, row.role)
    faults = await _link_faults(session, viewer, row.chain_code, link, now)
    if is_corrected and reason is None:
        faults.append(Fault("reason", "missing: link or role is corrected", "Say why."))
    if faults:
        raise Refused("Nothing was changed.", faults)
    held = await _held_of(session, row.enterprise_id)
    if number not in held:
        raise Refused(
            "Nothing was changed.", [Fault("membership", "is withdrawn", "Read the proposals again.")]
        )
    settle(
        list(held.values()), held[number], state, by=viewer.name, at=now, period=period,
        link=link, role=ChainRole(role) if role else None,
    )  # fmt: skip
    if is_corrected:
        await _remember_correction(session, viewer, row, reason or "", now)
    row.state, row.link, row.role = state.value, link or row.link, role or row.role
    row.since, row.until, row.word = period.since, period.until, reason
    row.said_by, row.said_at, row.version = viewer.name, now, row.version + 1
    kind = Act.CONFIRMED if state is State.CONFIRMED else Act.DECLINED
    await queries.add(session, _act(number, kind, viewer, reason or "", now))
    await ask_of_statements(session, [row.enterprise_id], now)
    return await _said(session, viewer, about, now)


async def _remember_correction(
    session: AsyncSession, viewer: Viewer, row: ChainMembership, reason: str, now: datetime
) -> None:
    """Keep that a person saw what the evidence points to and said otherwise: it is not asked again."""
    asked = f"{row.chain_code}/{row.link or ''}/{row.role}"
    await queries.add(
        session,
        MembershipQuestion(
            membership_id=row.id, kind=Doubt.EVIDENCE.value, asked=asked, text=row.reason, state="dismissed",
            asked_at=now, decided_by=viewer.name, decided_at=now, decision=reason, version=1,
        ),
    )  # fmt: skip


async def hand_over_membership(
    session: AsyncSession,
    viewer: Viewer,
    number: int,
    body: MembershipHandOverIn,
    *,
    expect: Expect,
    now: datetime,
) -> MembershipDetailOut:
    """End a confirmed membership the day before, and begin the next, of another link, role or chain; answer the next.

    Raises:
        NotFound: no such membership that this viewer may see, or no such chain.
        Forbidden: one of the two chains is not the viewer's.
        PreconditionFailed: somebody changed it meanwhile.
        Refused: it is not confirmed, the days do not meet, or people said something else of the next chain.
    """
    about = await _for_change(session, viewer, number, expect)
    row, chain = about.row, body.chain or about.row.chain_code
    profiles = await profiles_by_code(session, viewer, now)
    if chain not in profiles:
        raise Refused(
            "Nothing was changed.", [Fault("chain", "no such chain", "GET /api/v1/chains lists them.", chain)]
        )
    require(viewer, Action.CONFIRM_MEMBERSHIPS, Target(region=about.region, chain=chain))
    faults = await _link_faults(session, viewer, chain, body.link, now)
    held = await _held_of(session, row.enterprise_id)
    if number not in held:
        faults.append(
            Fault("current", "is no confirmed membership", "Hand over one that is confirmed.", row.chain_code)
        )
    if faults:
        raise Refused("Nothing was changed.", faults)
    *_others, following = hand_over(
        list(held.values()), held[number], on=body.on, by=viewer.name, at=now, link=body.link,
        role=ChainRole(body.role), reason=body.reason, gap_until=body.gap_until, chain=chain,
    )  # fmt: skip
    row.until, row.version = body.on - ONE_DAY, row.version + 1
    await _withdraw_proposal(session, row.enterprise_id, chain, now)
    await queries.close_questions(session, number, viewer.name, body.reason, now)
    new = ChainMembership(
        enterprise_id=row.enterprise_id, chain_code=chain, link=body.link, role=body.role,
        state=State.CONFIRMED.value, confidence=None, since=following.period.since, until=following.period.until,
        reason=body.reason, word=body.reason, said_by=viewer.name, said_at=now, run_id=None, version=1,
    )  # fmt: skip
    await queries.flush(session)
    await queries.add(session, new)
    told = f"移交至“{profiles[chain].name}”{ROLES[body.role]}，自{day_text(following.period.since)}起：{body.reason}"
    came = f"由“{profiles[row.chain_code].name if row.chain_code in profiles else row.chain_code}”移交：{body.reason}"
    await queries.add(
        session,
        _act(number, Act.HANDED_OVER, viewer, told, now),
        _act(new.id, Act.CONFIRMED, viewer, came, now),
    )
    await ask_of_statements(session, [row.enterprise_id], now)
    await MEMBERSHIPS_SAID.tell(session, [number], now)
    return await _said(session, viewer, await found(session, new.id), now)


async def end(
    session: AsyncSession,
    viewer: Viewer,
    number: int,
    body: MembershipEndIn,
    *,
    expect: Expect,
    now: datetime,
) -> MembershipDetailOut:
    """Set or clear the last day of what a person said.

    Raises:
        NotFound: no such membership that this viewer may see.
        Forbidden: it is neither of the viewer's chain nor of the viewer's region.
        PreconditionFailed: somebody changed it meanwhile.
        Refused: nobody has settled it, the last day lies before the first, or the longer period overlaps another.
    """
    about = await _for_change(session, viewer, number, expect)
    row = about.row
    faults: list[Fault] = []
    if row.state not in {State.CONFIRMED, State.DECLINED}:
        faults.append(
            Fault(
                "membership", "nobody has confirmed or declined it", "Confirm or decline it first.", row.state
            )
        )
    if body.until is not None and body.until < row.since:
        faults.append(
            Fault("until", f"lies before the first day, {row.since}", "Correct the days.", str(body.until))
        )
    period = Period(row.since, body.until)
    for other in (await _held_of(session, row.enterprise_id)).items():
        place, one = other
        is_rival = place != number and one.chain == row.chain_code and one.state is not State.PROPOSED
        if is_rival and one.period.overlaps(period):
            faults.append(
                Fault(
                    "until",
                    "overlaps another membership of the same chain",
                    "Correct the other one first.",
                    str(one.period.since),
                )
            )
    if faults:
        raise Refused("Nothing was changed.", faults)
    row.until, row.version = body.until, row.version + 1
    if body.until is not None:
        await queries.close_questions(session, number, viewer.name, body.reason, now)
    await queries.add(session, _act(number, Act.ENDED, viewer, body.reason, now))
    return await _said(session, viewer, about, now)


async def _withdraw_proposal(session: AsyncSession, firm: int, chain: str, now: datetime) -> None:
    for one in await queries.standing_of_firms(session, [firm]):
        if one.chain_code == chain and one.state == State.PROPOSED:
            one.state, one.until, one.version = WITHDRAWN, shanghai_date(now), one.version + 1


async def _held_of(session: AsyncSession, firm: int) -> dict[int, Membership]:
    rows = await queries.standing_of_firms(session, [firm])
    return {row.id: run_queries.value_of(row) for row in rows}


async def _link_faults(
    session: AsyncSession, viewer: Viewer, chain: str, link: str | None, now: datetime
) -> list[Fault]:
    if link is None:
        return []
    profile = (await profiles_by_code(session, viewer, now)).get(chain)
    if profile is not None and profile.link(link) is not None:
        return []
    known = "、".join(one.code for one in profile.links) if profile is not None else ""
    return [
        Fault(
            "link",
            "the chain has no such link",
            f"Choose one of {known}." if known else "Leave it out.",
            link,
        )
    ]


def _act(number: int, kind: Act, viewer: Viewer, reason: str, now: datetime) -> MembershipAct:
    return MembershipAct(
        membership_id=number, kind=kind.value, done_by=viewer.name, done_at=now, reason=reason
    )


async def found(session: AsyncSession, number: int, *, is_locked: bool = False) -> Listed:
    """Answer a membership that the session sees.

    Raises:
        NotFound: there is none.
    """
    row = await queries.membership(session, number, is_locked=is_locked)
    if row is None:
        raise NotFound(f"There is no membership {number}.")
    return row


async def _for_change(session: AsyncSession, viewer: Viewer, number: int, expect: Expect) -> Listed:
    about = await found(session, number, is_locked=True)
    require(viewer, Action.CONFIRM_MEMBERSHIPS, Target(region=about.region, chain=about.row.chain_code))
    expect(about.row.version)
    return about


async def _said(session: AsyncSession, viewer: Viewer, about: Listed, now: datetime) -> MembershipDetailOut:
    await queries.flush(session)
    row = about.row
    detail = {"chain": row.chain_code, "state": row.state, "role": row.role}
    audit_service.note(session, "settle_membership", "membership", str(row.id), now=now, detail=detail)
    await MEMBERSHIPS_SAID.tell(session, [row.id], now)
    return await _detail(session, viewer, about, now)


async def _detail(session: AsyncSession, viewer: Viewer, about: Listed, now: datetime) -> MembershipDetailOut:
    profiles, today, number = await profiles_by_code(session, viewer, now), shanghai_date(now), about.row.id
    shown = membership_out(viewer, about, profiles, today)
    questions = await queries.questions_of(session, number)
    objections = await queries.objections_of(session, [number])
    return MembershipDetailOut(
        **shown.model_dump(),
        acts=[act_out(viewer, one) for one in await queries.acts_of(session, number)],
        open_questions=sum(one.state == "open" for one in questions),
        open_objection=next((one.id for one in objections if one.state == "open"), None),
    )
