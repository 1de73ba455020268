"""Who is told what of a round: its participants' people, and of objections the coordinators. Pure."""

from collections.abc import Iterable
from datetime import date

from app.accounts.rules import Role
from app.notifications.rules import NewNotice, NoticeKind
from app.selection.market import Side

Audience = tuple[tuple[Role, str], ...]
ROLE_OF = {Side.CHAINS.value: Role.CHAIN_MANAGER, Side.BANKS.value: Role.BANK_ADMINISTRATOR}
"""Who acts for a participant of a side."""


def audience_of(participants: Iterable[tuple[str, str]]) -> Audience:
    """Answer the people of participants, given by side and code."""
    return tuple((ROLE_OF[side], code) for side, code in participants)


def opened(code: str, name: str, until: date, audience: Audience, *, times: int) -> NewNotice:
    """Tell participants that lists are taken until a day; `times` counts how often the round was opened."""
    body = f"“{name}”征集双向选择名单，截止{until.isoformat()}。未提交的按本轮规则处理。"
    return _notice(code, f"opened:{times}", body, audience, title="双向选择名单开始征集")


def published(code: str, name: str, until: date, number: int, audience: Audience) -> NewNotice:
    """Tell participants of a published result."""
    body = f"“{name}”的结果已公布，附证明和各方所得位次；异议截止{until.isoformat()}。"
    return _notice(code, f"published:{number}", body, audience, title="双向选择结果已公布")


def voided(code: str, name: str, number: int, audience: Audience) -> NewNotice:
    """Tell participants that a published result no longer stands."""
    body = f"“{name}”的结果因异议成立而作废，将重新计算。"
    return _notice(code, f"voided:{number}", body, audience, title="双向选择结果作废")


def closed(code: str, name: str, audience: Audience) -> NewNotice:
    """Tell participants that the result stands."""
    return _notice(code, "closed", f"“{name}”已办结，结果生效。", audience, title="双向选择已办结")


def objected(code: str, name: str, number: int, jurisdiction: str, by: int | None) -> NewNotice:
    """Tell coordinators of an objection."""
    body = f"“{name}”收到异议（第{number}号），须在办结前答复。"
    audience = ((Role.COORDINATOR, jurisdiction),)
    return _notice(code, f"objected:{number}", body, audience, title="双向选择收到异议", but=by)


def answered(code: str, name: str, number: int, audience: Audience) -> NewNotice:
    """Tell who objected of the answer."""
    body = f"“{name}”的异议（第{number}号）已答复。"
    return _notice(code, f"answered:{number}", body, audience, title="双向选择异议已答复")


def _notice(
    code: str, event: str, body: str, audience: Audience, *, title: str, but: int | None = None
) -> NewNotice:
    return NewNotice(
        event_key=f"selection:{code}:{event}",
        kind=NoticeKind.SELECTION,
        body=body,
        title=title,
        link=f"/selection/{code}",
        audience=audience,
        but=but,
    )
