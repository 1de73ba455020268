"""How desks render: templates that escape everything, amounts and shares as people write them."""

from pathlib import Path
from typing import Any

from fastapi import Request
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


def page(request: Request, template: str, context: dict[str, Any]) -> HTMLResponse:
    """Render a template; the style sheet goes with the page, so nothing is fetched from elsewhere."""
    html = environment.get_template(template).render(context | {"request_id": request.state.request_id})
    return HTMLResponse(html)
