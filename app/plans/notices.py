"""Who is told what when a chain's plan is published (pure): banks that it contracts or no longer does, and the chain's manager."""

from collections.abc import Iterable

from app.accounts.rules import INSTITUTION_ROLES, Role
from app.chains.rules import PlanInForce
from app.kernel.shanghai import day_text
from app.notifications.rules import NewNotice, NoticeKind


def published_notices(
    before: PlanInForce | None, after: PlanInForce, jurisdiction: str, by: int | None
) -> list[NewNotice]:
    """Answer the notices of a version that was published; `by` is who published it."""
    old = {bank.institution: bank.quota for bank in before.contracted} if before is not None else {}
    new = {bank.institution: bank.quota for bank in after.contracted}
    period = f"自{day_text(after.since)}起"
    name = f"{after.chain_name}一链一策第{after.version}版"
    told = [_overseers(name, period, after, jurisdiction, by)]
    for code in sorted(old.keys() | new.keys()):
        words = _of_bank(was=code in old, becomes=code in new, quota=new.get(code), before=old.get(code))
        told.append(
            NewNotice(
                event_key=f"plan:{after.chain}:{after.version}:{code}",
                kind=NoticeKind.PLAN,
                body=f"{name}已发布，{period}：{words}。",
                audience=_people(code),
                but=by,
            )
        )
    return told


def _overseers(name: str, period: str, after: PlanInForce, jurisdiction: str, by: int | None) -> NewNotice:
    audience = ((Role.CHAIN_MANAGER, after.chain), (Role.COORDINATOR, jurisdiction))
    return NewNotice(
        event_key=f"plan:{after.chain}:{after.version}",
        kind=NoticeKind.PLAN,
        body=f"{name}已发布，{period}。",
        link=f"/chain/{after.chain}/plans/{after.version}",
        audience=audience,
        but=by,
    )


def _of_bank(*, was: bool, becomes: bool, quota: int | None, before: int | None) -> str:
    bound = "承接不限户数" if quota is None else f"承接至多{quota}户"
    if not becomes:
        return "贵机构不再是签约银行"
    if not was:
        return f"贵机构为签约银行，{bound}"
    return f"贵机构仍为签约银行，{bound}" + ("" if quota == before else "（有调整）")


def _people(code: str) -> tuple[tuple[Role, str], ...]:
    roles: Iterable[Role] = sorted(INSTITUTION_ROLES)
    return tuple((role, code) for role in roles)
