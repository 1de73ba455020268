"""Who is told what of core firms' lists. Pure.

A listed firm is told that it may answer, the coordinators of the core firm's region that something waits for them, the
core firm whether its list was taken up. Nobody is told of another's answer.
"""

from collections.abc import Iterable
from typing import Final

from app.accounts.rules import Role
from app.core_lists.rules import RELATION_NAMES, Relation
from app.notifications.rules import NewNotice, NoticeKind

LISTINGS_PATH: Final = "/enterprise/listings"
_CITY: Final = 4
_PROVINCE: Final = 2


def listed_notice(member_id: int, core: str, relation: Relation, uscc: str, *, turn: str) -> NewNotice:
    """Answer the notice to a firm that it is listed; `turn` tells one listing of it from the next."""
    body = f"{core}将贵公司列为{RELATION_NAMES[relation]}。是否同意据此匹配供应链产品、由银行联系，由贵公司决定。"
    return NewNotice(
        event_key=f"core-list:member:{member_id}:{turn}",
        kind=NoticeKind.CORE_LISTED,
        body=body,
        link=LISTINGS_PATH,
        audience=((Role.ENTERPRISE, uscc),),
    )


def waiting_notice(
    core_uscc: str, core: str, region: str, version: int, by: int | None, *, open_rows: int
) -> NewNotice:
    """Answer the notice to coordinators that a list waits: to be taken up, or for rows to be looked at."""
    questions = f"，其中{open_rows}户待核对" if open_rows else ""
    return NewNotice(
        event_key=f"core-list:{core_uscc}:waiting:{version}",
        kind=NoticeKind.CORE_LIST_WAITING,
        body=f"{core}提交了上下游名单（第{version}版）{questions}。",
        link=f"/core-lists/{core_uscc}",
        audience=tuple((Role.COORDINATOR, one) for one in above(region)),
        but=by,
    )


def decided_notice(core_uscc: str, version: int, *, is_accepted: bool, reason: str | None) -> NewNotice:
    """Answer the notice to the core firm that its list was taken up, or was not and why."""
    said = "贵公司提供的上下游名单已受理。" if is_accepted else f"贵公司提供的上下游名单未受理：{reason}"
    return NewNotice(
        event_key=f"core-list:{core_uscc}:decided:{version}",
        kind=NoticeKind.CORE_LIST_DECIDED,
        body=said,
        link=f"/core-lists/{core_uscc}",
        audience=((Role.ENTERPRISE, core_uscc),),
    )


def matched_notice(list_id: int, run: int, institutions: Iterable[str]) -> NewNotice:
    """Answer the notice to the banks whose products fit firms that consented."""
    roles = (Role.BANK_ADMINISTRATOR, Role.RELATIONSHIP_MANAGER)
    return NewNotice(
        event_key=f"core-list:{list_id}:run:{run}",
        kind=NoticeKind.CORE_LIST_MATCHED,
        body="有核心企业的上下游企业同意匹配，符合贵机构的供应链产品。",
        link="/core-lists/matches",
        audience=tuple((role, code) for code in sorted(set(institutions)) for role in roles),
    )


def above(region: str) -> tuple[str, ...]:
    """Answer a region, its city and its province, each once."""
    return tuple(dict.fromkeys((region, f"{region[:_CITY]:0<6}", f"{region[:_PROVINCE]:0<6}")))
