"""Who sees what of core firms' lists 核心企业名单: the conditions of their tables.

- the coordinator of the core firm's region, and the auditor: all of it;
- the core firm: its list, its versions and the rows that it wrote, never who answered what;
- a listed firm: where it is listed itself, and what it was matched with;
- a bank: the matches of products of its own and of institutions below it, and their firms, while the firm's consent
  holds and the list names it.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Date, String, Table, and_, exists, false, true

from app.core_lists.rules import Answer
from app.core_lists.tables import (
    CoreList,
    CoreListMatch,
    CoreListMember,
    CoreListRow,
    CoreListRun,
    CoreListVersion,
)
from app.kernel.direct import given, given_each
from app.visibility import forms
from app.visibility.branch_queries import either
from app.visibility.forms import Form

LISTS: Final = cast("Table", CoreList.__table__)
MEMBERS: Final = cast("Table", CoreListMember.__table__)
MATCHES: Final = cast("Table", CoreListMatch.__table__)
_DAY: Final = given(forms.DAY, Date)
_OF_FIRMS: Final = given_each(forms.FIRMS, String)
Condition = ColumnElement[bool]


def core_list_conditions(
    form: Form, is_own: Callable[[Any], Condition], within: Callable[[Any, Form], Condition]
) -> dict[type[Any], Condition]:
    """Answer for each of the tables which rows a viewer of a form may see.

    `is_own` tells which institutions are the viewer's own or below them, `within` which region codes the viewer
    coordinates.
    """

    def judged(region: Any) -> Condition:
        return true() if form.sees_all else within(region, form)

    def of_firm(uscc: Any) -> Condition:
        return cast("Condition", uscc.in_(_OF_FIRMS)) if form.has_firms else false()

    def of_list(row: Any) -> Condition:
        if not form.has_firms:
            return judged(row.region_code)
        one = LISTS.alias()
        own = exists().where(one.c.id == row.list_id, of_firm(one.c.core_uscc))
        return either(judged(row.region_code), own)

    def matched(member: Any) -> Condition:
        if not form.has_institutions:
            return false()
        match = MATCHES.alias()
        return and_(
            consents(member), exists().where(match.c.member_id == member.id, is_own(match.c.institution_id))
        )

    def of_match(row: Any) -> Condition:
        member = MEMBERS.alias()
        reached: list[Condition] = []
        if form.has_firms:
            reached.append(exists().where(member.c.id == row.member_id, of_firm(member.c.firm_uscc)))
        if form.has_institutions:
            live = exists().where(member.c.id == row.member_id, consents(member.c))
            reached.append(and_(is_own(row.institution_id), live))
        return either(judged(row.region_code), *reached)

    return {
        CoreList: either(judged(CoreList.region_code), of_firm(CoreList.core_uscc)),
        CoreListVersion: of_list(CoreListVersion),
        CoreListRow: of_list(CoreListRow),
        CoreListMember: either(
            judged(CoreListMember.region_code), of_firm(CoreListMember.firm_uscc), matched(CoreListMember)
        ),
        CoreListRun: judged(CoreListRun.region_code),
        CoreListMatch: of_match(CoreListMatch),
    }


def consents(member: Any) -> Condition:
    """Tell which listed firms' consents hold today."""
    return and_(
        member.answer == Answer.CONSENTED.value,
        member.left_at.is_(None),
        member.until >= _DAY,
    )
