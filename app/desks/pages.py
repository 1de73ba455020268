"""How desks render: templates that escape everything, amounts and shares as people write them."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.kernel.money import FEN_PER_WAN, FEN_PER_YUAN

TEMPLATES = Path(__file__).parent / "templates"
YI_FEN = 10_000 * FEN_PER_WAN


def yi(fen: int) -> str:
    """Answer an amount in 亿元 with two places and grouped thousands."""
    return f"{fen / YI_FEN:,.2f} 亿元" if fen >= YI_FEN else f"{fen / (10_000 * FEN_PER_YUAN):,.0f} 万元"


environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
environment.filters["yi"] = yi


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


def page(template: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Render a template; the style sheet goes with the page, so nothing is fetched from elsewhere."""
    html = environment.get_template(template).render(context)
    return HTMLResponse(html, status, headers={"content-security-policy": POLICY})


WHAT_HAPPENED: Final[Mapping[int, str]] = {
    400: "请求无法读取",
    403: "不能从别的网站打开",
    404: "没有这个页面",
    405: "不能这样打开",
    422: "地址中有不认识的内容",
    503: "暂时不能提供",
}


def problem_page(problem: Mapping[str, Any]) -> HTMLResponse:
    """Show a problem document (kernel/problems.py) to somebody with a browser."""
    status = problem["status"]
    context = {"problem": problem, "what": WHAT_HAPPENED.get(status, "出错了"), "months": (), "month": None}
    return page("problem.html", context, status)
