"""What people make of proposals: confirmed and declined memberships with their days, and what a new proposal may touch.

A person's word stands: proposals never change, end or repeat what somebody confirmed or declined. A decline
speaks of the chain as a whole and holds for its days.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations

from app.chains.membership import Answer, Proposal
from app.chains.periods import ONE_DAY, faults_of_hand_over, faults_of_order, shown
from app.chains.profiles import ROLE_NAMES, Role
from app.chains.rules import Period
from app.kernel.errors import Fault, Refused

ENGINE = ""
"""Who proposes: nobody."""


class State(StrEnum):
    """What holds of a membership."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Membership:
    """A firm's place in a chain for a period: proposed by the engine (`by` empty), else said by a person at an instant."""

    subject: str
    chain: str
    link: str | None
    role: Role
    state: State
    period: Period
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """A confirmed membership to which the evidence now points differently: shown, never carried out."""

    confirmed: Membership
    proposal: Proposal

    @property
    def sentence(self) -> str:
        """Answer what a person is asked to look at."""
        held, now = self.confirmed, self.proposal
        return (
            f"{held.by}确认为“{held.link or '未定环节'}”环节{ROLE_NAMES[held.role]}，"
            f"现有依据指向“{now.link or '未定环节'}”环节{ROLE_NAMES[now.role]}：{now.reason}"
        )


@dataclass(frozen=True, slots=True)
class Reproposal:
    """What a new answer changes: proposals to add and to withdraw; all else stays. Differences are for people."""

    add: tuple[Membership, ...]
    withdraw: tuple[Membership, ...]
    differences: tuple[Difference, ...]


def faults_of_memberships(held: Sequence[Membership]) -> Iterator[Fault]:
    """Name every period out of order and every two of a firm in one chain that people said for the same day."""
    for i, one in enumerate(held):
        yield from faults_of_order(one.period, f"memberships[{i}].period")
    said = [(i, one) for i, one in enumerate(held) if one.state is not State.PROPOSED]
    for (_, one), (j, other) in combinations(said, 2):
        if (one.subject, one.chain) == (other.subject, other.chain) and one.period.overlaps(other.period):
            message = f"overlaps what {one.by} said of it: {_said(one)} ({shown(one.period)})"
            yield Fault(
                f"memberships[{j}].period",
                message,
                "End the earlier one first, or hand over.",
                shown(other.period),
            )


def settle(
    held: Sequence[Membership],
    proposed: Membership,
    state: State,
    *,
    by: str,
    at: datetime,
    period: Period,
    link: str | None = None,
    role: Role | None = None,
) -> tuple[Membership, ...]:
    """Answer all memberships with an open proposal confirmed or declined by a person, who may correct link and role.

    Raises:
        Refused: it is no open proposal, nobody is named, or people said something else for one of these days.
    """
    faults: list[Fault] = []
    if proposed not in held or proposed.state is not State.PROPOSED or state is State.PROPOSED:
        faults.append(
            Fault("proposed", "is no open proposal", "Read it again.", f"{proposed.subject} {proposed.chain}")
        )
    if by == ENGINE:
        faults.append(Fault("by", "names nobody who confirms", "Name who confirms."))
    settled = replace(
        proposed, state=state, by=by, at=at, period=period,
        link=link if link is not None else proposed.link, role=role or proposed.role,
    )  # fmt: skip
    after = (*(one for one in held if one != proposed), settled)
    is_turned = period.until is not None and period.until < period.since
    faults += _faults_of_last(after, "until" if is_turned else "since")
    if faults:
        raise Refused("Nothing was changed.", faults)
    return after


def hand_over(
    held: Sequence[Membership],
    current: Membership,
    *,
    on: date,
    by: str,
    at: datetime,
    link: str | None,
    role: Role,
    reason: str,
    gap_until: date | None = None,
    chain: str | None = None,
) -> tuple[Membership, ...]:
    """End a confirmed membership the day before `on` and begin the next without a gap unless told.

    The next is of another link or role, or of another `chain`; it stands last.

    Raises:
        Refused: it is not confirmed, the days do not meet, or a third membership overlaps the next.
    """
    faults = list(faults_of_hand_over(current.period, on, gap_until, "on"))
    if current not in held or current.state is not State.CONFIRMED:
        faults.append(
            Fault("current", "is no confirmed membership", "Hand over one that is confirmed.", current.chain)
        )
    if faults:
        raise Refused("Nothing was changed.", faults)
    ended = replace(current, period=Period(current.period.since, on - ONE_DAY))
    following = replace(
        current, chain=chain or current.chain, link=link, role=role, reason=reason, by=by, at=at,
        period=Period(gap_until or on),
    )  # fmt: skip
    after = (*(ended if one == current else one for one in held), following)
    faults += _faults_of_last(after, "on")
    if faults:
        raise Refused("Nothing was changed.", faults)
    return after


def _faults_of_last(memberships: Sequence[Membership], field: str) -> Iterator[Fault]:
    """Name what is wrong with the last membership, by the field that was sent for its days."""
    last = f"memberships[{len(memberships) - 1}]"
    for fault in faults_of_memberships(memberships):
        if fault.where.startswith(last):
            yield replace(fault, where=field)


def repropose(held: Iterable[Membership], answer: Answer, *, day: date, at: datetime) -> Reproposal:
    """Answer what a new answer for a firm changes among its memberships from a day on.

    A chain for which people said anything that holds on the day or begins later is left alone; an open proposal
    is kept when it says the same, replaced when it says something else, and withdrawn when nothing supports it.
    """
    own = [one for one in held if one.subject == answer.subject]
    said = {
        one.chain: one
        for one in sorted(own, key=lambda one: one.period.since, reverse=True)
        if one.state is not State.PROPOSED and (one.period.until is None or one.period.until >= day)
    }
    open_ones = {one.chain: one for one in own if one.state is State.PROPOSED}
    wanted = {proposal.chain: proposal for proposal in answer.proposals}
    new = {
        chain: Membership(
            answer.subject, chain, one.link, one.role, State.PROPOSED, Period(day), one.reason, ENGINE, at
        )
        for chain, one in wanted.items()
        if chain not in said and not _says_the_same(open_ones.get(chain), one)
    }
    stale = [one for chain, one in open_ones.items() if chain in new or chain in said or chain not in wanted]
    differences = [
        Difference(said[chain], proposal)
        for chain, proposal in wanted.items()
        if chain in said
        and said[chain].state is State.CONFIRMED
        and (said[chain].link, said[chain].role) != (proposal.link, proposal.role)
    ]
    return Reproposal(tuple(new.values()), tuple(stale), tuple(differences))


def _says_the_same(open_one: Membership | None, proposal: Proposal) -> bool:
    return open_one is not None and (open_one.link, open_one.role, open_one.reason) == (
        proposal.link, proposal.role, proposal.reason,
    )  # fmt: skip


def _said(one: Membership) -> str:
    return "确认" if one.state is State.CONFIRMED else "否定"
