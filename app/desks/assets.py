"""What pages load beside themselves: the style sheet, small scripts, the chart library. All of it is ours.

Each is served under a name that holds the hash of its content, so a browser keeps it for good and never shows an old
one. Nothing comes from elsewhere: the service answers on closed networks.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import vl_convert
from fastapi import APIRouter, Request, Response

from app.accounts.permissions import Action, does
from app.kernel.errors import NotFound

FOLDER: Final = Path(__file__).parent / "assets"
PREFIX: Final = "/assets"
CHARTS: Final = "charts.js"
"""The chart library, which the wheel carries: loaded only by pages that have charts, and never needed to read them."""
KEPT: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_CHART_SNIPPET: Final = "window.vegaEmbed = vegaEmbed;"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    path: str
    media_type: str
    content: bytes
    packed: bytes


@lru_cache
def asset(name: str) -> Asset:
    """Answer an asset by its plain name, such as `desk.css`.

    Raises:
        KeyError: there is none.
    """
    if name == CHARTS:
        content = vl_convert.javascript_bundle(_CHART_SNIPPET).encode()
    elif name in _names():
        content = (FOLDER / name).read_bytes()
    else:
        raise KeyError(name)
    stem, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:16]
    packed = gzip.compress(content, mtime=0)
    return Asset(f"{PREFIX}/{stem}-{digest}.{suffix}", _TYPES[dot + suffix], content, packed)


def asset_path(name: str) -> str:
    """Answer the address of an asset, as templates name it."""
    return asset(name).path


@lru_cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in _TYPES)


@router.get(PREFIX + "/{name}", openapi_extra=does(Action.PROBE))
def send(request: Request, name: str) -> Response:
    """Send an asset by the name that holds its hash."""
    plain = name[: name.rfind("-")] + name[name.rfind(".") :]
    try:
        found = asset(plain)
    except KeyError:
        raise NotFound("There is no such file.") from None
    if found.path != f"{PREFIX}/{name}":
        raise NotFound("There is no such file.")
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"cache-control": KEPT, "vary": "accept-encoding"} | (
        {"content-encoding": "gzip"} if takes_gzip else {}
    )
    return Response(
        found.packed if takes_gzip else found.content, media_type=found.media_type, headers=headers
    )
