"""Forms of steps as a browser without scripts sends them."""

import re
from typing import Any, Final

import httpx

from tests.desks.visits import Visit

USCC: Final = "91230199MA1BQXYE20"
NEW: Final = f"/enterprise/needs/new/{USCC}"
USE: Final[dict[str, Any]] = {"subject": "enterprise", "purposes": ["equipment"], "amount": "1,200.5"}
TERMS: Final[dict[str, Any]] = {"term_months": "36", "collateral": ["equipment", "land"]}
FIRM: Final[dict[str, Any]] = {
    "name": "哈尔滨示例机械有限公司",
    "region": "daoli",
    "industry": "C3421",
    "staff": "180",
}
CONSENT: Final[dict[str, Any]] = {
    "contact_name": "张三", "contact_phone": "0451-12345678", "consent": "yes", "groups": ["contact"],
}  # fmt: skip
ALL: Final[dict[str, dict[str, Any]]] = {
    "use": USE,
    "terms": TERMS,
    "firm": FIRM,
    "credit": {},
    "chain": {},
    "consent": CONSENT,
}
Fields = dict[str, Any]


async def send(visit: Visit, path: str, **fields: Any) -> httpx.Response:
    """Send a form with the hidden fields of the page shown last."""
    hidden = {name: visit.field(name) for name in ("csrf", "once", "seen")}
    answer = await visit.http.post(path, data=hidden | fields)
    visit.shown = answer.text or visit.shown
    return answer


async def step(visit: Visit, path: str, **fields: Any) -> httpx.Response:
    """Open a step and send it."""
    opened = await visit.get(path)
    assert opened.status_code == 200, opened.text
    return await send(visit, path, **fields)


async def fill(visit: Visit, base: str = NEW, **changes: Fields) -> None:
    """Fill in all steps of a new need."""
    for slug, fields in ALL.items():
        answer = await step(visit, f"{base}/{slug}", **{**fields, **changes.get(slug, {})})
        assert answer.status_code == 303, said(answer)


def said(answer: httpx.Response) -> list[str]:
    """Answer the faults that a page tells."""
    return [
        re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<p class="fault"[^>]*>(.*?)</p>', answer.text)
    ]
