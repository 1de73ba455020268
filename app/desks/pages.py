"""How desks render: templates that escape everything, in the language of the browser, with nothing from elsewhere."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.accounts.csrf import csrf_token
from app.accounts.key_ring import KeyRing
from app.accounts.rules import Role, Viewer
from app.accounts.standings import Standing
from app.desks import figures
from app.desks.actors import who
from app.desks.areas import areas_of, is_within
from app.desks.assets import asset_path
from app.desks.devices import device_name
from app.desks.texts import HTML_LANGUAGES, LANGUAGES, Text, language_of, say, translated

TEMPLATES: Final = Path(__file__).parent / "templates"
SAID_COOKIE: Final = "rongqiao-said"
SAID_SECONDS: Final = 60
MOST_TEXTS: Final = 16_384
_SAID: Final = "said"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    # Positions inside the charts that the server draws.
    "style-src-attr 'unsafe-inline'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may load: the style sheet and scripts of this service, and nothing from elsewhere."""

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


def make_environment(language: str) -> Environment:
    """Make the templates' environment of a language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "wan": partial(figures.wan, language=language),
        "yi": partial(figures.yi, language=language),
        "number": figures.number,
        "percent": figures.percent,
        "day": partial(figures.day, language=language),
        "day_in": partial(figures.day_in, language=language),
        "month": partial(figures.month, language=language),
        "moment": partial(figures.moment, language=language),
        "in_fours": figures.in_fours,
        "device": partial(device_name, said=partial(say, language)),
        "say": partial(say, language),
        "who": partial(who, said=partial(say, language)),
    }
    made.globals |= {
        # jinja2's own way takes three calls and a formatting for each text, and a page says a thousand.
        "_": partial(_spoken, language),
        "language": language,
        "html_language": HTML_LANGUAGES[language],
        "languages": LANGUAGES,
        "asset": asset_path,
        "once": lambda: uuid4().hex,
        "role_names": ROLE_NAMES,
    }
    return made


@lru_cache(MOST_TEXTS)
def _markup(language: str, chinese: str) -> Markup:
    return Markup(translated(language, chinese))  # noqa: S704  # texts are ours; values are escaped below


def _spoken(language: str, chinese: str, /, **values: Any) -> Markup:
    """Answer a template's text in a language, its blanks filled with what is escaped there."""
    made = _markup(language, chinese)
    return made % values if "%" in made else made


ENVIRONMENTS: Final = {language: make_environment(language) for language in LANGUAGES}


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
        return Guest(standing.viewer.name, csrf_token(_ring(request), standing.session_id))
    return Guest(viewer.name) if viewer is not None and viewer.is_signed_in else None


def page(
    request: Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HTMLResponse:
    """Render a template in the language of the browser, with the navigation of who looks."""
    language, viewer = language_of(request), _viewer_of(request)
    areas = areas_of(viewer) if viewer is not None and viewer.is_signed_in else ()
    # Beside a refusal what was said would be misread; it waits for the next page.
    is_fine = status < HTTPStatus.BAD_REQUEST
    said = _said_of(request) if is_fine else None
    shown = {
        "guest": guest_of(request),
        "areas": [(area, is_within(request.url.path, area)) for area in areas],
        "may_search": any(area.path != "/administration" for area in areas),
        "path": request.url.path,
        "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "with_query": partial(_with_query, request),
        "said": said,
        "unread": getattr(request.state, "unread", None),
    }
    html = ENVIRONMENTS[language].get_template(template).render({**shown, **(context or {})})
    answer = HTMLResponse(html, status, headers={"content-security-policy": POLICY})
    if is_fine and SAID_COOKIE in request.cookies:
        answer.delete_cookie(SAID_COOKIE, path="/")
    return answer


def _viewer_of(request: Request) -> Viewer | None:
    """Answer who looks at a page, let in or turned away: whose role a page is not for finds the way to those that are."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    standing: Standing | None = getattr(request.state, "standing", None)
    if viewer is not None or standing is None or standing.via != "page" or standing.lacks_second_factor:
        return viewer
    return standing.viewer


def _with_query(request: Request, **changes: Any) -> str:
    """Answer this page's address with other values in its query: filters stay, the page of a list does not."""
    stated = {key: value for key, value in request.query_params.items() if key != "cursor"}
    kept = {key: str(value) for key, value in (stated | changes).items() if value not in {None, ""}}
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def go_to(path: str, request: Request | None = None, said: Text | None = None) -> RedirectResponse:
    """Send a browser to a path of ours with a GET; `said` is shown there once."""
    answer = RedirectResponse(path, 303)
    if request is not None and said is not None:
        payload = json.dumps([said.chinese, dict(said.values)], ensure_ascii=False, default=str)
        packed = base64.urlsafe_b64encode(payload.encode()).decode()
        value = f"{packed}.{_ring(request).sign(_SAID, packed)}"
        is_https = request.app.state.settings.is_public_https
        answer.set_cookie(
            SAID_COOKIE, value, SAID_SECONDS, path="/", secure=is_https, httponly=True, samesite="lax"
        )
    return answer


def _said_of(request: Request) -> Text | None:
    packed, _dot, signature = request.cookies.get(SAID_COOKIE, "").partition(".")
    if not packed or not signature.isascii() or not _ring(request).is_signed(_SAID, packed, signature):
        return None
    chinese, values = json.loads(base64.urlsafe_b64decode(packed))
    return Text(chinese, **values)


def _ring(request: Request) -> KeyRing:
    ring: KeyRing = request.app.state.gate.ring
    return ring
