"""Who is told what of awards and of the quarter's confirmations (pure)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from app.accounts.rules import Role
from app.institutions.rules import InstitutionTree
from app.notifications.rules import NewNotice, NoticeKind

OFFERERS: Final = (Role.BANK_ADMINISTRATOR, Role.GUARANTOR)


def to_offerers(tree: InstitutionTree) -> tuple[tuple[Role, str], ...]:
    """Answer all who administer what institutions offer."""
    nodes = sorted(node.code for node in tree.nodes.values() if not node.kind.is_body)
    return tuple((role, code) for code in nodes for role in OFFERERS)


def announced_notice(
    jurisdiction: str, year: int, name: str, until: date, tree: InstitutionTree, by: int | None
) -> NewNotice:
    """Answer the notice that nominations are open."""
    return NewNotice(
        event_key=f"award:{jurisdiction}:{year}:announced",
        kind=NoticeKind.AWARD,
        body=f"{name}已公告，提名截至{until}。评选标准见公告，公告后不再更改。",
        link=f"/awards/{year}",
        audience=to_offerers(tree),
        but=by,
    )


def jury_notice(
    jurisdiction: str, year: int, name: str, until: date, persons: Iterable[int], stage: str
) -> NewNotice:
    """Answer the notice to jurors that there is a shortlist to vote on; `stage` names the occasion."""
    return NewNotice(
        event_key=f"award:{jurisdiction}:{year}:{stage}",
        kind=NoticeKind.AWARD,
        body=f"{name}的入围产品请于{until}前评审打分；评审票在评审结束前只有您本人可见。",
        link=f"/awards/{year}/ballot",
        persons=tuple(sorted(persons)),
    )


def published_notice(
    jurisdiction: str, year: int, name: str, until: date, tree: InstitutionTree, by: int | None
) -> NewNotice:
    """Answer the notice that a result is published."""
    return NewNotice(
        event_key=f"award:{jurisdiction}:{year}:published",
        kind=NoticeKind.AWARD,
        body=f"{name}评选结果已公布，有异议的请于{until}前提出。",
        link=f"/awards/{year}",
        audience=to_offerers(tree),
        but=by,
    )


def appealed_notice(jurisdiction: str, year: int, number: int) -> NewNotice:
    """Answer the notice to the coordinators of the whole that there is an appeal."""
    return NewNotice(
        event_key=f"award:{jurisdiction}:{year}:appeal:{number}",
        kind=NoticeKind.AWARD,
        body=f"{year}年度“十佳”评选收到第{number}号异议，请核实答复。",
        link=f"/awards/{year}/appeals",
        audience=((Role.COORDINATOR, jurisdiction),),
    )


def answered_notice(jurisdiction: str, year: int, number: int, outcome: str, person: int | None) -> NewNotice:
    """Answer the notice to whoever raised an appeal that it is answered."""
    return NewNotice(
        event_key=f"award:{jurisdiction}:{year}:appeal:{number}:answered",
        kind=NoticeKind.AWARD,
        body=f"您对{year}年度“十佳”评选提出的异议已答复：{outcome}。",
        link=f"/awards/{year}/appeals",
        persons=() if person is None else (person,),
    )


def call_notices(
    jurisdiction: str,
    quarter: str,
    due: date,
    waiting: Mapping[int, int],
    tree: InstitutionTree,
    occasion: str,
) -> list[NewNotice]:
    """Answer the notices to institutions (ids, with how many products wait) that have to confirm for a quarter."""
    return [
        NewNotice(
            event_key=f"library:{jurisdiction}:{quarter}:confirm:{occasion}:{tree.node(one).code}",
            kind=NoticeKind.LIBRARY_CALL,
            body=(
                f"{quarter}季度产品库将更新：{tree.node(one).name}有{count}个产品待确认，请于{due}前逐个确认或暂停；"
                "届时未确认的，该季度不列入产品库。"
            ),
            link="/bank/products?state=to_confirm",
            audience=tuple((role, tree.node(one).code) for role in OFFERERS),
        )
        for one, count in sorted(waiting.items())
        if count
    ]
