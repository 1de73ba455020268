"""Who is told what of memberships 归链, of objections to them, and of chains without 链长 (pure).

These notices stand beside no entry: they are shown always, so none names a firm. An enterprise reads which chain its own
place is in; coordinators and chain managers read how many wait for them, and where.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.accounts.rules import Role
from app.membership.rules import ROLES
from app.notifications.rules import NewNotice, NoticeKind

_CITY: Final = 4
_SAID: Final = {"confirmed": "已确认为", "declined": "已认定不属于"}


@dataclass(frozen=True, slots=True)
class ToldMembership:
    """What a notice says of a membership."""

    number: int
    version: int
    uscc: str
    region: str
    chain: str
    chain_name: str
    role: str
    state: str
    is_over: bool


def said_notices(told: Iterable[ToldMembership]) -> list[NewNotice]:
    """Answer the notices to firms whose memberships people have settled, handed over or ended."""
    return [
        NewNotice(
            event_key=f"membership:{one.number}:{one.version}",
            kind=NoticeKind.MEMBERSHIP,
            body=_words(one),
            link="/enterprise/chains",
            audience=((Role.ENTERPRISE, one.uscc),),
        )
        for one in told
        if one.state in _SAID
    ]


def _words(one: ToldMembership) -> str:
    if one.is_over:
        return f"本企业在“{one.chain_name}”的归链已终止或移交。有异议可在“所属产业链”页提出。"
    role = ROLES[one.role] if one.state == "confirmed" else ""
    between = f"“{one.chain_name}”{role}"
    return f"本企业{_SAID[one.state]}{between}。有异议可在“所属产业链”页提出。"


def raised_notices(told: Iterable[tuple[int, ToldMembership]]) -> list[NewNotice]:
    """Answer the notices of objections (numbers) to the coordinators who answer them."""
    return [
        NewNotice(
            event_key=f"membership-objection:{number}:raised",
            kind=NoticeKind.OBJECTION,
            body=f"有企业对其在“{one.chain_name}”的归链提出异议，请核对后答复。",
            link="/memberships/objections",
            audience=tuple(
                (Role.COORDINATOR, region)
                for region in dict.fromkeys(
                    (one.region, f"{one.region[:_CITY]:0<6}", f"{one.region[:2]:0<6}")
                )
            ),
        )
        for number, one in told
    ]


def answered_notices(told: Iterable[tuple[int, ToldMembership]]) -> list[NewNotice]:
    """Answer the notices of answers to the firms that objected."""
    return [
        NewNotice(
            event_key=f"membership-objection:{number}:answered",
            kind=NoticeKind.OBJECTION,
            title="归链异议已有答复",
            body=f"本企业对“{one.chain_name}”归链的异议已有答复。",
            link="/enterprise/chains",
            audience=((Role.ENTERPRISE, one.uscc),),
        )
        for number, one in told
    ]


def vacancy_notices(vacant: Iterable[tuple[str, str, date]], jurisdiction: str) -> list[NewNotice]:
    """Answer the alarms of chains (code, sentence, first day) that have no 链长, to the jurisdiction's coordinators."""
    return [
        NewNotice(
            event_key=f"chain-vacant:{chain}:{since:%Y-%m}",
            kind=NoticeKind.VACANCY,
            body=sentence,
            link=f"/chain/{chain}/people",
            audience=((Role.COORDINATOR, jurisdiction), (Role.CHAIN_MANAGER, chain)),
            is_urgent=True,
        )
        for chain, sentence, since in vacant
    ]
