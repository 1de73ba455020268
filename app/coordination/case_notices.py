"""Who is told what when a coordination case is raised, commented or closed (pure).

Raised: whoever can have it answered, the coordinators of county and city and the body's own people. Commented:
those, and the institution for which it was raised. Closed: all of them, and the enterprise, whose matter it was.
The words name the entry: notices are shown to those alone who see it (notifications/service.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.accounts.rules import INSTITUTION_ROLES, Role
from app.coordination.rules import KINDS, STATE_LABELS, CaseKind, CaseState, case_code
from app.notifications.rules import NewNotice, NoticeKind

Audience = tuple[tuple[Role, str], ...]
_CITY: Final = 4


@dataclass(frozen=True, slots=True)
class ToldCase:
    """What a notice says of a case; `body_code` and `raised_for` are codes of institutions, where one is meant."""

    number: int
    kind: CaseKind
    body: str
    body_code: str | None
    raised_for: str | None
    entry_id: int
    entry: str
    region: str
    uscc: str


def raised_notice(case: ToldCase, due: str, by: int | None) -> NewNotice:
    """Answer the notice of a new case; `due` is its last day, `by` the person who raised it."""
    body = f"条目{case.entry}：“{KINDS[case.kind].chinese}”请{case.body}于{due}前办理。"
    audience = (*_coordinators(case), *_people([case.body_code]))
    return _notice(case, "raised", NoticeKind.CASE_RAISED, body, audience, by)


def commented_notice(case: ToldCase, comment: int, by: int | None) -> NewNotice:
    """Answer the notice of something added to a case, by its number."""
    body = f"条目{case.entry}：“{KINDS[case.kind].chinese}”有新的补充意见。"
    audience = (*_coordinators(case), *_people([case.body_code, case.raised_for]))
    return _notice(case, f"comment:{comment}", NoticeKind.CASE_COMMENTED, body, audience, by)


def closed_notice(case: ToldCase, state: CaseState, by: int | None) -> NewNotice:
    """Answer the notice of a case that was settled, or cannot be."""
    body = f"条目{case.entry}：“{KINDS[case.kind].chinese}”{STATE_LABELS[state]}。"
    audience = (
        *_coordinators(case),
        *_people([case.body_code, case.raised_for]),
        (Role.ENTERPRISE, case.uscc),
    )
    return _notice(case, "closed", NoticeKind.CASE_CLOSED, body, audience, by)


def _coordinators(case: ToldCase) -> Audience:
    return tuple(
        (Role.COORDINATOR, region) for region in dict.fromkeys((case.region, f"{case.region[:_CITY]:0<6}"))
    )


def _people(codes: Iterable[str | None]) -> Audience:
    return tuple(
        (role, code)
        for code in dict.fromkeys(codes)
        if code is not None
        for role in sorted(INSTITUTION_ROLES)
    )


def _notice(
    case: ToldCase, event: str, kind: NoticeKind, body: str, audience: Audience, by: int | None
) -> NewNotice:
    return NewNotice(
        event_key=f"case:{case.number}:{event}",
        kind=kind,
        body=body,
        entry_id=case.entry_id,
        link=f"/coordination/cases/{case_code(case.number)}",
        audience=tuple(dict.fromkeys(audience)),
        but=by,
    )
