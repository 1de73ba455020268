"""How desks render: templates that escape everything, amounts and shares as people write them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.accounts.csrf import csrf_token
from app.accounts.rules import Role, Viewer
from app.accounts.standings import Standing
from app.desks.devices import device_name
from app.kernel.money import FEN_PER_WAN, FEN_PER_YUAN
from app.kernel.shanghai import SHANGHAI

TEMPLATES = Path(__file__).parent / "templates"
YI_FEN = 10_000 * FEN_PER_WAN


def yi(fen: int) -> str:
    """Answer an amount in 亿元 with two places and grouped thousands."""
    return f"{fen / YI_FEN:,.2f} 亿元" if fen >= YI_FEN else f"{fen / (10_000 * FEN_PER_YUAN):,.0f} 万元"


def moment(instant: datetime) -> str:
    """Answer an instant as a Shanghai clock shows it, to the minute."""
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def in_fours(text: str) -> str:
    """Answer a text in groups of four, as people copy it."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
environment.filters["yi"] = yi
environment.filters["moment"] = moment
environment.filters["device"] = device_name
environment.filters["in_fours"] = in_fours


STYLE = environment.get_template("style.css").render()
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{STYLE_HASH}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load: its own style sheet and the empty icon; no script, nothing from elsewhere."""


ROLE_NAMES: Final = {
    Role.ENTERPRISE: "企业",
    Role.RELATIONSHIP_MANAGER: "客户经理",
    Role.BANK_ADMINISTRATOR: "银行管理员",
    Role.COORDINATOR: "统筹部门",
    Role.CHAIN_MANAGER: "链长（链办）",
    Role.GUARANTOR: "担保机构",
    Role.AUDITOR: "审计",
    Role.ADMINISTRATOR: "账户管理员",
}


@dataclass(frozen=True, slots=True)
class Guest:
    """Who looks at a page, as its header names them; `csrf` is what its forms prove themselves with.

    Without a page session (`csrf` is empty) there is nothing to sign out of.
    """

    name: str
    csrf: str = ""


def guest_of(request: Request) -> Guest | None:
    """Answer who looks at a page; None while nobody is signed in."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    standing: Standing | None = getattr(request.state, "standing", None)
    if standing is not None and standing.via == "page":
        ring = request.app.state.gate.ring
        return Guest(standing.viewer.name, csrf_token(ring, standing.session_id))
    return Guest(viewer.name) if viewer is not None and viewer.is_signed_in else None


def page(
    template: str, context: Mapping[str, Any], status: int = 200, *, guest: Guest | None = None
) -> HTMLResponse:
    """Render a template; the style sheet goes with the page, so nothing is fetched from elsewhere."""
    html = environment.get_template(template).render({**NOTHING, "guest": guest, **context})
    return HTMLResponse(html, status, headers={"content-security-policy": POLICY})


def go_to(path: str) -> RedirectResponse:
    """Send a browser to a path of ours with a GET."""
    return RedirectResponse(path, 303)


NOTHING: Final[Mapping[str, Any]] = {"months": (), "month": None}
WHAT_HAPPENED: Final[Mapping[int | str, str]] = {
    "foreign_site": "不能从别的网站打开",
    400: "请求无法读取",
    401: "请先登录",
    403: "您的角色不能这样做",
    404: "没有这个页面",
    405: "不能这样打开",
    408: "内容没有收到",
    409: "与已有的内容矛盾",
    413: "内容太大",
    422: "有不认识的内容",
    429: "请求过于频繁",
    503: "暂时不能提供",
}


def problem_page(request: Request, problem: Mapping[str, Any]) -> Response:
    """Show a problem document (kernel/problems.py) to somebody with a browser.

    Who has to sign in first, or to show a second factor, is taken there and comes back.
    """
    status, is_looking = problem["status"], request.method in {"GET", "HEAD"}
    if status == HTTPStatus.UNAUTHORIZED:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return go_to(f"/sign-in?next={quote(asked, safe='')}" if is_looking and asked != "/" else "/sign-in")
    standing: Standing | None = getattr(request.state, "standing", None)
    if status == HTTPStatus.FORBIDDEN and is_looking and standing and standing.lacks_second_factor:
        return go_to("/account/second-factor")
    what = WHAT_HAPPENED.get(problem["code"], WHAT_HAPPENED.get(status, "出错了"))
    return page("problem.html", {"problem": problem, "what": what}, status, guest=guest_of(request))
