"""What coordinators are told of months: closed, and restated since (pure). They tell of no case."""

from datetime import date

from app.accounts.rules import Role
from app.notifications.rules import NewNotice, NoticeKind
from app.reference.regions import Regions

Audience = tuple[tuple[Role, str], ...]


def coordinators(regions: Regions, jurisdiction: str) -> Audience:
    """Answer the coordinators of a jurisdiction and of all divisions within it."""
    return tuple(
        (Role.COORDINATOR, code) for code in regions.by_code if regions.is_within(code, jurisdiction)
    ) or ((Role.COORDINATOR, jurisdiction),)


def closed_notice(jurisdiction: str, month: str, edition: str, audience: Audience) -> NewNotice:
    """Answer the notice that a month is closed."""
    return NewNotice(
        event_key=f"coverage:{jurisdiction}:{month}:closed",
        kind=NoticeKind.MONTH_CLOSED,
        body=f"{month}（{edition}）的对接覆盖率已封账，数字不再变动。",
        link=f"/coverage/{month}",
        audience=audience,
    )


def restated_notice(jurisdiction: str, month: str, day: date, audience: Audience) -> NewNotice:
    """Answer the notice that something was logged of a closed month: one a day and month, whatever their number."""
    return NewNotice(
        event_key=f"coverage:{jurisdiction}:{month}:restated:{day}",
        kind=NoticeKind.MONTH_RESTATED,
        body=f"{month}封账后有对接记录补录或更正：封账数字不变，追补数字列于其旁。",
        link=f"/coverage/{month}",
        audience=audience,
    )
