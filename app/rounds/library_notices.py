"""What a bank is told when the quarter's library comes out (pure)."""

from collections.abc import Mapping
from typing import Final

from app.accounts.rules import Role
from app.catalogue.expiry import Expiry
from app.institutions.rules import InstitutionTree
from app.kernel.shanghai import day_text
from app.notifications.rules import NewNotice, NoticeKind

MOST_NAMED: Final = 20
"""Products named in one notice; of more their number is told."""


def library_notices(
    code: str, expiring: Mapping[int, Expiry], tree: InstitutionTree, jurisdiction: str
) -> list[NewNotice]:
    """Answer the notices to institutions (ids) whose products are not on an edition any more, or end within its quarter."""
    return [
        NewNotice(
            event_key=f"library:{jurisdiction}:{code}:{tree.node(institution).code}",
            kind=NoticeKind.LIBRARY,
            body=_body(code, expiry),
            link=f"/library/editions/{code}",
            audience=tuple((role, tree.node(institution).code) for role in _ROLES),
        )
        for institution, expiry in expiring.items()
    ]


_ROLES: Final = (Role.BANK_ADMINISTRATOR, Role.GUARANTOR)


def _body(code: str, expiry: Expiry) -> str:
    parts = [f"{code}季度产品库已发布。"]
    if expiry.dropped:
        parts.append(f"未再列入：{_named([one.name for one in expiry.dropped])}。")
    if expiry.ending:
        named = [f"{one.name}（{day_text(one.valid_until)}止）" for one in expiry.ending if one.valid_until]
        parts.append(f"本季度内到期：{_named(named)}。")
    return "".join([*parts, "请核对，需要延续的请修订有效期。"])


def _named(names: list[str]) -> str:
    rest = f"等{len(names)}个产品" if len(names) > MOST_NAMED else ""
    return "、".join(names[:MOST_NAMED]) + rest
