"""The parts of the house that a viewer finds in the navigation, by role. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.accounts.rules import Role, Viewer
from app.desks.texts import Text


@dataclass(frozen=True, slots=True)
class Area:
    """One place of the navigation, and whose it is."""

    path: str
    name: Text
    roles: frozenset[Role]
    also: tuple[str, ...] = ()
    """Other addresses that belong to it, for who has no place of their own for them."""


_BANK: Final = frozenset({Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR, Role.GUARANTOR})
_WATCHING: Final = frozenset({Role.COORDINATOR, Role.AUDITOR})
AREAS: Final = (
    Area("/enterprise", Text("我的企业"), frozenset({Role.ENTERPRISE}), ("/core-lists", "/register/own")),
    Area("/manager", Text("我的清单"), _BANK, ("/core-lists",)),
    Area("/bank", Text("本机构"), frozenset({Role.BANK_ADMINISTRATOR, Role.GUARANTOR})),
    Area("/coverage", Text("对接覆盖"), _WATCHING | {Role.BANK_ADMINISTRATOR}),
    Area("/roster", Text("名单"), _WATCHING),
    Area("/rounds", Text("匹配与分派"), _WATCHING),
    Area("/bottlenecks", Text("堵点"), _WATCHING),
    Area("/chain", Text("产业链"), frozenset({Role.CHAIN_MANAGER, Role.COORDINATOR}), ("/core-lists",)),
    Area("/memberships", Text("归链"), frozenset({Role.COORDINATOR})),
    Area("/selection", Text("双向选择"), _WATCHING | {Role.CHAIN_MANAGER, Role.BANK_ADMINISTRATOR}),
    Area("/events", Text("对接活动"), _WATCHING | _BANK | {Role.CHAIN_MANAGER, Role.ENTERPRISE}),
    Area("/products", Text("产品库"), _WATCHING | _BANK | {Role.CHAIN_MANAGER}, ("/library", "/awards")),
    Area("/policies", Text("政策"), _WATCHING | _BANK | {Role.CHAIN_MANAGER}),
    Area("/booklet", Text("一本通"), frozenset({Role.ENTERPRISE}), ("/products",)),
    Area("/core-lists", Text("核心企业名单"), frozenset({Role.AUDITOR})),
    Area("/awards", Text("十佳评选"), frozenset({Role.ENTERPRISE})),
    Area("/audit", Text("审计"), frozenset({Role.AUDITOR})),
    Area("/administration", Text("账户管理"), frozenset({Role.ADMINISTRATOR})),
)


def areas_of(viewer: Viewer) -> Sequence[Area]:
    """Answer what a viewer finds in the navigation, the most used first."""
    held = {grant.role for grant in viewer.grants}
    return [area for area in AREAS if viewer.is_operator or held & area.roles]


def is_within(path: str, area: Area) -> bool:
    """Tell whether an address belongs to an area."""
    return any(path == one or path.startswith(f"{one}/") for one in (area.path, *area.also))
