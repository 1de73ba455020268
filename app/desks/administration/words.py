"""What the pages of administrators call things, and where the links that they hand over lead."""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request

from app.accounts.rules import Role
from app.desks.pages import ROLE_NAMES
from app.desks.texts import Text
from app.kernel.settings import Settings
from app.notifications.rules import DeliveryState

INVITATION_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "open": (Text("等待接受"), "wait"),
    "accepted": (Text("已接受"), "good"),
    "revoked": (Text("已撤回"), ""),
    "expired": (Text("已过期"), ""),
}
DELIVERY_STATES: Final[Mapping[str, tuple[Text, str]]] = {
    DeliveryState.PENDING: (Text("待发送"), "wait"),
    DeliveryState.SENT: (Text("已送达"), "good"),
    DeliveryState.DEAD: (Text("已放弃"), "bad"),
}
SCOPE_HINT: Final = Text(
    "企业填统一社会信用代码；银行和担保机构的人员填机构编码；统筹部门填行政区划代码；链长填产业链编码；审计和账户管理员留空"
)


def role_options() -> Sequence[tuple[str, str]]:
    """Answer all roles with their names, to choose from."""
    return [(role.value, ROLE_NAMES[role]) for role in Role]


def full_address(request: Request, path: str) -> str:
    """Answer the address of a path of ours, for somebody who gets it on paper; the envelope has checked the host."""
    settings: Settings = request.app.state.settings
    return (settings.public_origin or f"{request.url.scheme}://{request.headers['host']}") + path
