"""The walk through every route as one viewer after the other, on sessions that keep nothing."""

import base64
import io
import itertools
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.routing import BaseRoute

from app.accounts.door import OpenDoor
from app.accounts.permissions import ROLES, Action
from app.accounts.rules import Viewer
from app.coordination.rules import case_code
from app.events.states import event_code
from app.kernel.database import AsyncSession, Sessions
from app.kernel.settings import Settings
from app.kernel.sight import WatchedSession
from app.main import API_PREFIX
from app.visibility.service import narrow
from tests.apps import create_app
from tests.visibility.asking import Asker
from tests.visibility.calls import CALLS, Call
from tests.visibility.oracle import Ids, Oracle
from tests.visibility.world import CREDIT_CODE, FIRST_OWN_ID, MARKER, World

Chosen = dict[str, str]
CASE_POOLS: Final = {
    "guest": "event_guests",
    "entry": "whitelist_entries", "need": "needs", "uscc": "enterprises", "project": "projects",
    "review": "review_items", "import": "whitelist_imports", "consent": "consents",
    "registration": "enterprise_registrations", "notice": "notices",
    "core": "core_lists", "core_row": "core_list_rows", "listing": "core_list_members",
    "case": "coordination_cases", "nomination": "award_nominations", "appeal": "award_appeals", "membership": "chain_memberships", "objection": "membership_objections",
    "question": "membership_questions",
}  # fmt: skip
MISSING: Final = {
    "guest": "799999",
    "core": "91230199MA1BQXYE20", "core_row": "799999", "listing": "799999",
    "notice": "799999", "nomination": "799999", "appeal": "799999", "case": "XT-799999",
    "entry": "2023H2-91230199MA1BQXYE20", "need": "91230199MA1BQXYE20", "uscc": "91230199MA1BQXYE20",
    "project": "91230199MA1BQXYE20-P1", "review": "799999", "import": "799999", "consent": "799999",
    "registration": "799999", "membership": "799999", "objection": "799999", "question": "799999",
}  # fmt: skip
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_PAGES: Final = 2
MANY: Final = 1_000_000
PUBLIC_POOLS: Final = {
    "word": ("abcdef",), "number": ("1", "2"), "sequence": ("1", "2", "3", "5"), "parameter": ("whitelist.min_entries",),
    "pack": ("heilongjiang-2023-25",), "institution": ("JHYH-MDJ", "SJYH-HRB"), "chain": ("HLJ-SWYY", "HLJ-GDZB"),
    "chain_role": ("leader",), "day": ("2023-10-01",), "library": ("2024Q1",), "edition": ("2023H2", "2024H1"),
    "round": ("2024Q1", "2023Q4"), "participant": ("HLJ-SWYY", "JHYH"), "region": ("230100", "231002", "230000"), "status": ("admitted", "refused"), "class": ("srdi",),
    "year": ("2023", "2024"), "quarter": ("2023Q4",), "review_kind": ("duplicate_name",), "month": ("2023-11", "2024-02"), "route": ("ask", "policy_gap", "d"),
    "name": ("QX", "0"), "case_kind": ("land", "guarantee"), "case_state": ("open", "refused"), "body": ("YS-XTJZ-HLJ",),
}  # fmt: skip


class Forgetful(AsyncSession):
    """A session that takes back what it would have kept, and remembers that it was asked to keep it."""

    kept = 0

    async def commit(self) -> None:
        type(self).kept += 1
        await self.rollback()


def forgetful(sessions: Sessions) -> Sessions:
    """Answer sessions on the same database that keep nothing."""
    return async_sessionmaker(
        sessions.kw["bind"], class_=Forgetful, expire_on_commit=False, autoflush=False,
        sync_session_class=WatchedSession,
    )  # fmt: skip


@dataclass(frozen=True)
class Route:
    """A route of the application, by method and path, with the action that it takes."""

    method: str
    path: str
    action: Action
    is_page: bool = False

    @property
    def name(self) -> str:
        path = self.path.removeprefix(API_PREFIX) or "/"
        return f"{'page ' if self.is_page else ''}{self.method} {path}"


def routes_of(app: FastAPI) -> list[Route]:
    """Answer every route of the application."""
    return sorted(_routes(app.routes), key=lambda route: route.name)


def _routes(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    for route in routes:
        if isinstance(route, APIRoute):
            action = Action((route.openapi_extra or {})["x-action"])
            is_below = route.include_in_schema and action is not Action.PROBE
            path = (API_PREFIX if is_below else "") + route.path
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Route(method, path, action, is_page=not route.include_in_schema)
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from _routes(router.routes)


@dataclass
class Findings:
    """What the walk found: leaks, differences that tell something, server errors; and what it did see."""

    leaks: list[str] = field(default_factory=list)
    tells: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    shown: dict[str, set[bytes]] = field(default_factory=dict)
    requests: int = 0


class Walk:
    """Calls routes of one application as any viewer, and judges what comes back.

    `most_seen`, `most_unseen`: rows of each kind that are tried; `most`: combinations of them. `share`: of how
    viewers may ask a route, this walk takes every other way, and another walk (on another database) the rest; None: all
    of them. Both take the first way to routes that must show something to somebody (`must_show`).
    """

    most_seen, most_unseen, most = 1, 2, 4
    share: int | None = None
    must_show: Collection[str] = ()

    def __init__(self, world: World, oracle: Oracle, sessions: Sessions) -> None:
        self.world, self.oracle, self.found = world, oracle, Findings()
        self.app = create_app(
            Settings(requests_per_minute=MANY, sign_ins_per_minute=MANY),
            sessions,
            OpenDoor(Viewer("", ""), narrow),
        )
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.asker = Asker(self.app, self.client.cookies)
        self.pools = _pools(world)
        self.cursors: dict[str, list[str]] = {}
        self.entered = 0
        self._missing: dict[str, tuple[int, str]] = {}
        self.ids = _ids(world)

    def enter(self, viewer: Viewer) -> None:
        """Let this viewer through the door from now on."""
        self.app.state.door = OpenDoor(viewer, narrow)
        self.viewer = viewer
        self.entered += 1
        self._missing.clear()

    def acting(self, action: Action) -> Viewer:
        """Answer the viewer with the roles that have an action: no other lends it sight."""
        return self.viewer.only(*ROLES[action]) if action in ROLES else self.viewer

    def seen(self, action: Action) -> dict[str, Ids]:
        """Answer what the viewer may see where an action is taken."""
        return self.oracle.seen(self.acting(action))

    def allowed(self, action: Action) -> set[bytes]:
        """Answer the markers that may stand in answers of an action."""
        return self.oracle.markers(self.acting(action))

    async def ask(
        self,
        route: Route,
        call: Call,
        chosen: Chosen,
        query: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and judge its answer."""
        path = route.path.format(**chosen)
        content: dict[str, Any] = {}
        if route.method in CHANGING and call.body is not None:
            content = {"data" if call.is_form else "json": call.body(chosen)}
        answer = await self.asker.request(route.method, path, query, headers, **content)
        self._judge(route, answer, f"{path}{query or ''}{content or ''}")
        return answer

    def _judge(self, route: Route, answer: httpx.Response, sent: str) -> None:
        self.found.requests += 1
        label = f"{self.viewer.name}: {route.method} {sent} → {answer.status_code}"
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            self.found.broken.append(label)
        found = markers_in(answer) & self.world.owners.keys()
        found = {marker for marker in found if marker.decode() not in sent}
        strange = sorted(found - self.allowed(route.action))
        if strange:
            owners = sorted({self.world.owners[marker][0] for marker in strange})
            self.found.leaks.append(f"{label} shows {len(strange)} of {', '.join(owners)}")
        self.found.shown.setdefault(route.name, set()).update(found)

    def combinations(self, route: Route, call: Call) -> list[Chosen]:
        """Answer values for the names of a call: seen and unseen ones of each pool, not every combination."""
        names = list(call.named)
        pools = [self.values(route, call.named[name]) for name in names]
        products = list(itertools.product(*pools))
        step = max(1, round(len(products) / self.most))
        step += step > 1 and any(len(pool) % step == 0 for pool in pools[1:])
        return [dict(zip(names, values, strict=True)) for values in products[::step]]

    def values(self, route: Route, pool: str) -> list[str]:
        """Answer some values of a pool; of case rows some that the viewer sees, others for each viewer, and some not."""
        if pool not in CASE_POOLS:
            return self.pools[pool]
        turn = self.viewer.person or 0
        listed = list(self.ids[pool])
        listed = listed[turn % len(listed) :] + listed[: turn % len(listed)]
        seen = [value for value in listed if self.is_seen(route, pool, value)]
        unseen = [value for value in listed if not self.is_seen(route, pool, value)]
        return seen[: self.most_seen] + unseen[: self.most_unseen]

    def is_seen(self, route: Route, pool: str, value: str) -> bool:
        """Tell whether the viewer may see the row that a value of a pool names."""
        if pool not in CASE_POOLS:
            return True
        table = CASE_POOLS[pool]
        return self.ids[pool].get(value) in self.seen(route.action)[table]

    async def visit(self, route: Route, call: Call) -> None:
        """Call a route with all values, filters, cursors; foreign rows must answer as missing ones do."""
        ways = itertools.count()
        for chosen in self.combinations(route, call):
            for query in call.asks:
                if self.takes(route, next(ways)):
                    answer = await self.ask(route, call, chosen, query)
                    await self._compare(route, call, chosen, query, answer)
            is_unseen = not all(self.is_seen(route, pool, chosen[name]) for name, pool in call.named.items())
            if (
                route.method in CHANGING
                and call.body is not None
                and is_unseen
                and self.takes(route, next(ways))
            ):
                answer = await self.ask(route, call, chosen, {}, {"If-Match": "*"})
                await self._compare(route, call, chosen, {}, answer, {"If-Match": "*"})
            if call.pages and not (call.named and is_unseen):
                await self._turn_pages(route, call, chosen, ways)
        for name, pool in call.filters.items():
            for value in [*self.values(route, pool), *([MISSING[pool]] if pool in MISSING else [])]:
                for chosen in self.combinations(route, call)[:1]:
                    if self.takes(route, next(ways)):
                        await self.ask(route, call, chosen, {**call.asks[0], name: value})

    def takes(self, route: Route, way: int) -> bool:
        """Tell whether it is this walk that asks a route in a way; of two viewers each asks it on the other database."""
        if self.share is None or (way == 0 and route.name in self.must_show):
            return True
        return (way + self.entered) % 2 == self.share

    async def _turn_pages(self, route: Route, call: Call, chosen: Chosen, ways: Iterator[int]) -> None:
        base = {**call.asks[0], "limit": "2"}
        cursor: str | None = None
        for _page in range(MOST_PAGES if self.takes(route, next(ways)) else 0):
            query = base if cursor is None else base | {"cursor": cursor}
            answer = await self.ask(route, call, chosen, query)
            cursor = _next(answer)
            if cursor is None:
                break
        for other in (*self.cursors.get(route.name, ()), *(HAND_MADE[:1] if call.named else HAND_MADE)):
            if self.takes(route, next(ways)):
                await self.ask(route, call, chosen, {**call.asks[0], "cursor": other})

    async def _compare(
        self,
        route: Route,
        call: Call,
        chosen: Chosen,
        query: Mapping[str, str],
        answer: httpx.Response,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        for name, pool in call.named.items():
            if pool not in CASE_POOLS or self.is_seen(route, pool, chosen[name]):
                continue
            other = chosen | {name: MISSING[pool]}
            key = f"{route.name} {other} {query} {headers}"
            if key not in self._missing:
                self._missing[key] = plain(await self.ask(route, call, other, query, headers), MISSING[pool])
            missing, told = self._missing[key], plain(answer, chosen[name])
            if told != missing and route.name not in KNOWN_BY_NATURE:
                self.found.tells.append(f"{self.viewer.name}: {route.name} {chosen}: {told} ≠ {missing}")
            if route.method in CHANGING and answer.is_success and route.name not in KNOWN_BY_NATURE:
                self.found.kept.append(f"{self.viewer.name}: {route.name} {chosen}: {answer.status_code}")
            return

    async def note_cards(self) -> None:
        """Take the codes of cards that the viewer at the door is shown, for all to try."""
        answer = await self.client.get(f"{API_PREFIX}/cards", params={"edition": "2024H1", "limit": "3"})
        self.pools["card"] += [card["card"] for card in answer.json()["items"]]

    async def note_cursors(self, routes: Sequence[Route]) -> None:
        """Take the cursors that the viewer at the door is given, for others to try."""
        for route in routes:
            call = CALLS.get(route.name)
            if call is None or not call.pages or call.named:
                continue
            answer = await self.ask(route, call, {}, {**call.asks[0], "limit": "2"})
            cursor = _next(answer)
            self.cursors[route.name] = [cursor] if cursor else []


def _next(answer: httpx.Response) -> str | None:
    is_json = "json" in answer.headers.get("content-type", "")
    page = answer.json() if answer.status_code == httpx.codes.OK and is_json else None
    return page.get("next") if isinstance(page, dict) else None


def _cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


HAND_MADE: Final = (_cursor(0), _cursor(""), _cursor("0", 0))
KNOWN_BY_NATURE: Final = frozenset({"POST /enterprises"})
"""That a credit code is taken shows when it is registered again: it is unique in the whole country."""


def markers_in(answer: httpx.Response) -> set[bytes]:
    """Answer the markers and credit codes that stand in an answer, in its head, and inside a workbook."""
    content = answer.content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    content += repr(sorted(answer.headers.items())).encode()
    return {*MARKER.findall(content), *CREDIT_CODE.findall(content)}


def plain(answer: httpx.Response, sent: str) -> tuple[int, str]:
    """Answer status and body without what differs between two requests: the value sent, the request's id."""
    body = re.sub(rf"(?<![0-9A-Za-z]){re.escape(sent)}(?![0-9A-Za-z])", "§", answer.text)
    # The request's id, and what makes a page's form one of its own.
    return answer.status_code, re.sub(r"\b[0-9a-f]{32}\b", "", body)


def _pools(world: World) -> dict[str, list[str]]:
    pools = {name: list(values) for name, values in PUBLIC_POOLS.items()}
    pools["product"] = [row["code"] for row in world.rows["products"][:2]]
    pools["card"] = ["0" * 16]
    pools["event"] = [
        event_code(row["id"]) for row in world.rows["hosted_events"] if row["id"] >= FIRST_OWN_ID
    ]
    return pools


def _ids(world: World) -> dict[str, dict[str, Any]]:
    rows, firms = world.rows, {row["id"]: row["uscc"] for row in world.rows["enterprises"]}
    return {
        "entry": {row["code"]: row["id"] for row in rows["whitelist_entries"]},
        "need": {row["code"]: row["id"] for row in rows["needs"]},
        "uscc": {row["uscc"]: row["id"] for row in rows["enterprises"]},
        "project": {f"{firms[row['enterprise_id']]}-P{row['number']}": row["id"] for row in rows["projects"]},
        "review": {str(row["id"]): row["id"] for row in rows["review_items"]},
        "import": {str(row["id"]): row["id"] for row in rows["whitelist_imports"]},
        "case": {case_code(row["id"]): row["id"] for row in rows["coordination_cases"]},
        "notice": {str(row["id"]): row["id"] for row in rows["notices"]},
        "core": {row["core_uscc"]: row["id"] for row in rows["core_lists"]},
        "core_row": {str(row["id"]): row["id"] for row in rows["core_list_rows"]},
        "listing": {str(row["id"]): row["id"] for row in rows["core_list_members"]},
        "consent": {str(row["id"]): row["id"] for row in rows["consents"]},
        "nomination": {str(row["id"]): row["id"] for row in rows["award_nominations"]},
        "appeal": {str(row["id"]): row["id"] for row in rows["award_appeals"]},
        "guest": {str(row["id"]): row["id"] for row in rows["event_guests"] if row["id"] >= FIRST_OWN_ID},
        "registration": {str(row["id"]): row["id"] for row in rows["enterprise_registrations"]},
        "membership": {str(row["id"]): row["id"] for row in rows["chain_memberships"]},
        "objection": {str(row["id"]): row["id"] for row in rows["membership_objections"]},
        "question": {str(row["id"]): row["id"] for row in rows["membership_questions"]},
    }
