"""What pages load has the hash of its content in its name, is kept for good, and there is nothing else to load."""

import gzip
import re

import pytest

from app.desks.assets import FOLDER, PREFIX, asset, asset_path
from app.kernel.database import Sessions
from tests.accounts.signing import installed
from tests.desks.visits import Visit


async def test_an_asset_is_sent_packed_and_for_good_by_its_own_name_alone(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Visit(installed(sessions, monkeypatch)) as visit:
        page = (await visit.get("/sign-in")).text
        loaded = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page))
        assert loaded == {asset_path("desk.css"), asset_path("desk.js")}
        for path in loaded:
            sent = await visit.http.get(path)
            assert (sent.status_code, sent.headers["content-encoding"]) == (200, "gzip")
            assert sent.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert sent.headers["vary"] == "accept-encoding"
            plain = await visit.http.get(path, headers={"accept-encoding": "identity"})
            assert ("content-encoding" in plain.headers, plain.content) == (False, sent.content)
            assert gzip.decompress(
                asset(path[len(PREFIX) + 1 :].rsplit("-", 1)[0] + path[path.rindex(".") :]).packed
            )
        stale = re.sub(r"-[0-9a-f]{16}", "-" + "0" * 16, asset_path("desk.css"))
        for path in (
            stale,
            f"{PREFIX}/desk.css",
            f"{PREFIX}/..%2f__init__-0.py",
            f"{PREFIX}/-.",
            f"{PREFIX}/x",
        ):
            assert (await visit.http.get(path)).status_code == 404


def test_no_page_and_no_style_loads_anything_from_elsewhere() -> None:
    for path in [*FOLDER.iterdir(), *(FOLDER.parent / "templates").rglob("*.html")]:
        text = re.sub(r"http://www\.w3\.org/\S+", "", path.read_text())
        assert not re.search(r"""(src|href|url\(|action)\s*=?\s*["'(]?(https?:)?//""", text), path
        assert not re.search(r"""\son\w+\s*=\s*["']|<style|\sstyle=""", text), path
