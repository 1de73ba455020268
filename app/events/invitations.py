"""Who is invited to an event and who meets whom: each firm the few banks that can serve it (pure).

A firm with an open need meets up to `most_a_firm` fitting banks, its responsible bank 责任银行 before all others
(逐户落实责任银行, 黑银发〔2023〕25号（十三）; "一对一", 洛阳（征求意见稿）（二）); a bank holds so many meetings. The assignment is
solved exactly (invitation_flow.py) and everyone gets the reason, invited or not. It proposes meetings, it decides no credit.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.events.invitation_flow import HIGHEST_FIT, Offer, assigned
from app.events.meetings import Meeting
from app.kernel.errors import Fault, Refused

MOST_A_FIRM: Final = 3
MOST_NAMED: Final = 5
POINT: Final = 10_000


@dataclass(frozen=True, slots=True)
class FirmStanding:
    """A firm of the event's chain or region: open needs, the responsible bank of its entry, if any."""

    code: str
    open_needs: int
    responsible: str | None = None


@dataclass(frozen=True, slots=True)
class InvitationProblem:
    """What invitations are made from.

    `fits` holds the pairs (firm, bank) that a product fits, with 0 … 1,000,000 (points * 10,000); `bank_meetings` the
    banks that may come, with how many meetings each can hold; `clause` is what asks for the event. A responsible bank meets its
    firm even without a fitting product.
    """

    firms: tuple[FirmStanding, ...]
    bank_meetings: Mapping[str, int]
    fits: Mapping[tuple[str, str], int]
    clause: str
    most_a_firm: int = MOST_A_FIRM


class NotInvited(StrEnum):
    """Why a firm is not invited."""

    NOTHING_OPEN = "nothing_open"
    NO_FITTING_BANK = "no_fitting_bank"
    OVER_CAPACITY = "over_capacity"


@dataclass(frozen=True, slots=True)
class Meet:
    """One meeting of an invitation, with why."""

    bank: str
    fit: int
    is_responsible: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a firm is told: whom it meets (its responsible bank first, then by falling fit), or why nobody."""

    firm: str
    meets: tuple[Meet, ...]
    reason: str
    why_not: NotInvited | None = None

    @property
    def is_invited(self) -> bool:
        return self.why_not is None


@dataclass(frozen=True, slots=True)
class InvitationList:
    """Everyone's answer by code, and each bank's meetings against what it can hold."""

    firms: Mapping[str, Invitation]
    banks: Mapping[str, str]
    meetings: tuple[Meeting, ...]
    total_fit: int


def invite(problem: InvitationProblem) -> InvitationList:
    """Answer the invitations of the best assignment.

    Raises:
        Refused: numbers out of range, firms named twice, unknown firms or banks in `fits`; names every fault.
    """
    if faults := list(_faults(problem)):
        raise Refused("The invite list cannot be computed: what it is made from is wrong.", faults)
    offers = sorted(_offers(problem), key=lambda offer: (offer.firm, offer.bank))
    taken = assigned(offers, problem.bank_meetings, problem.most_a_firm)
    by_firm, load = defaultdict(list), dict.fromkeys(problem.bank_meetings, 0)
    for offer in taken:
        by_firm[offer.firm].append(offer)
        load[offer.bank] += 1
    offered = defaultdict(list)
    for offer in offers:
        offered[offer.firm].append(offer)
    firms = {
        firm.code: _invitation(problem, firm, by_firm[firm.code], offered[firm.code])
        for firm in sorted(problem.firms, key=lambda firm: firm.code)
    }
    banks = {bank: _bank_reason(held, problem.bank_meetings[bank]) for bank, held in sorted(load.items())}
    meetings = tuple(Meeting(offer.firm, offer.bank) for offer in taken)
    return InvitationList(firms, banks, meetings, sum(offer.fit for offer in taken))


def _offers(problem: InvitationProblem) -> Iterator[Offer]:
    open_firms = {firm.code: firm for firm in problem.firms if firm.open_needs}
    for (code, bank), fit in problem.fits.items():
        if code in open_firms and bank in problem.bank_meetings:
            yield Offer(code, bank, fit, is_responsible=open_firms[code].responsible == bank)
    for code, firm in open_firms.items():
        if firm.responsible in problem.bank_meetings and (code, firm.responsible) not in problem.fits:
            yield Offer(code, str(firm.responsible), 0, is_responsible=True)


def _invitation(
    problem: InvitationProblem, firm: FirmStanding, taken: Sequence[Offer], offered: Sequence[Offer]
) -> Invitation:
    if not firm.open_needs:
        return Invitation(firm.code, (), "没有未解决的融资需求，不邀请", NotInvited.NOTHING_OPEN)
    if not offered:
        reason = f"有{firm.open_needs}笔未解决的需求，但到会银行没有适配的产品；转融资堵点分类处理"
        return Invitation(firm.code, (), reason, NotInvited.NO_FITTING_BANK)
    if not taken:
        named = "、".join(offer.bank for offer in offered[:MOST_NAMED])
        reason = f"有{len(offered)}家适配银行（{named}{'等' if len(offered) > MOST_NAMED else ''}），洽谈场次都已排满；加桌或延时后可补邀"
        return Invitation(firm.code, (), reason, NotInvited.OVER_CAPACITY)
    ordered = sorted(taken, key=lambda offer: (not offer.is_responsible, -offer.fit, offer.bank))
    reason = f"{problem.clause}：有{firm.open_needs}笔未解决的需求，{len(offered)}家到会银行可服务，安排{len(taken)}家"
    if len(taken) < min(problem.most_a_firm, len(offered)):
        reason += "，其余银行场次已满"
    if (missing := _responsible_missing(problem, firm, taken)) is not None:
        reason += f"；{missing}"
    return Invitation(firm.code, tuple(_meet(offer) for offer in ordered), reason)


def _responsible_missing(
    problem: InvitationProblem, firm: FirmStanding, taken: Sequence[Offer]
) -> str | None:
    if firm.responsible is None or any(offer.is_responsible for offer in taken):
        return None
    came = firm.responsible in problem.bank_meetings
    return f"责任银行{firm.responsible}{'的场次已被其他责任企业排满' if came else '不到会'}"


def _meet(offer: Offer) -> Meet:
    points = f"匹配{offer.fit / POINT:g}分" if offer.fit or not offer.is_responsible else "暂无适配产品"
    reason = f"责任银行，{points}" if offer.is_responsible else f"有适配产品，{points}"
    return Meet(offer.bank, offer.fit, offer.is_responsible, reason)


def _bank_reason(held: int, most: int) -> str:
    if not most:
        return "没有可用的洽谈场次，不邀请"
    return f"安排{held}场，可容{most}场" if held else "没有需要洽谈的适配企业，不邀请"


def _faults(problem: InvitationProblem) -> Iterator[Fault]:
    codes = Counter(firm.code for firm in problem.firms)
    for code in sorted(code for code, count in codes.items() if count > 1):
        yield Fault(f"firms.{code}", "the firm is listed twice", "List it once.")
    if problem.most_a_firm < 1:
        yield Fault(
            "most_a_firm",
            "each firm meets one bank at least",
            "Correct the number.",
            str(problem.most_a_firm),
        )
    for firm in problem.firms:
        if firm.open_needs < 0:
            yield Fault(
                f"firms.{firm.code}",
                "the open needs are below zero",
                "Correct the number.",
                str(firm.open_needs),
            )
    for bank, most in sorted(problem.bank_meetings.items()):
        if most < 0:
            yield Fault(
                f"bank_meetings.{bank}", "the meetings are below zero", "Correct the number.", str(most)
            )
    for (code, bank), fit in sorted(problem.fits.items()):
        if code not in codes:
            yield Fault(
                f"fits.{code}.{bank}", "the firm is not on the list", "Add the firm, or drop the pair."
            )
        if not 0 <= fit <= HIGHEST_FIT:
            yield Fault(
                f"fits.{code}.{bank}",
                f"the fit is not between 0 and {HIGHEST_FIT}",
                "Correct the fit.",
                str(fit),
            )
