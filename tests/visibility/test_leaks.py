"""Nothing outside a viewer's scope is returned or changed, by any route, for any role: the whole walk."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.permissions import Action
from app.accounts.rules import Viewer
from app.docking import queries as docking_queries
from app.kernel.database import AsyncSession, Base, Sessions, transaction, unrestricted
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.main import API_PREFIX
from app.visibility import queries as visibility
from app.visibility.forms import Form
from app.visibility.public import PUBLIC
from tests.apps import create_app
from tests.visibility.calls import CALLS
from tests.visibility.oracle import Oracle
from tests.visibility.page_calls import page_call
from tests.visibility.walking import CASE_POOLS, CHANGING, Route, Walk, forgetful, routes_of
from tests.visibility.world import World, dump, viewers

ALL_ROUTES = routes_of(create_app(Settings()))
ROUTES = [route for route in ALL_ROUTES if route.name in CALLS]
PAGES = [route for route in ALL_ROUTES if route.is_page]
MOST = {"limit": "200"}
MUST_SHOW = (
    "GET /enterprises", "GET /enterprises/{uscc}", "GET /enterprises/{uscc}/contact", "GET /projects", "GET /needs",
    "GET /needs/{code}", "GET /needs/{code}/consents", "GET /needs/{code}/disclosures", "GET /whitelist/entries",
    "GET /whitelist/entries/{code}", "GET /whitelist/imports", "GET /whitelist/reviews", "GET /bottlenecks",
    "GET /matches/runs/{run}/entries", "GET /whitelist/entries/{entry}/assignment", "GET /coverage/{month}/facts",
    "GET /coverage/{month}/entries",
    "GET /whitelist/entries/{entry}/docking-events", "GET /whitelist/entries/{entry}/docking", "GET /docking/deadlines",
    "GET /registrations", "GET /notices", "GET /notices/{notice}",
    "GET /core-lists", "GET /core-lists/matches", "GET /core-lists/{uscc}", "GET /core-lists/{uscc}/versions",
    "GET /core-lists/{uscc}/rows", "GET /core-lists/{uscc}/rows/{row}", "GET /core-lists/{uscc}/members",
    "GET /core-lists/{uscc}/runs", "GET /core-lists/{uscc}/matches", "GET /listings", "GET /listings/{listing}",
    "GET /coordination/cases", "GET /coordination/cases/{case}", "GET /coordination/cases/{case}/comments",
    "GET /awards/{year}/nominations", "GET /awards/{year}/nominations/{nomination}", "GET /awards/{year}/ballot",
    "GET /awards/{year}/appeals", "GET /awards/{year}/appeals/{appeal}",
    "GET /events/invitations", "GET /events/{event}/guests", "GET /events/{event}/guests/{guest}",
    "GET /events/{event}/guests/{guest}/calendar.ics", "GET /events/{event}/timetable", "GET /events/{event}/results",
    "POST /events/{event}/guests/preview",
    "GET /memberships", "GET /memberships/{number}", "GET /membership-objections", "GET /membership-objections/{number}",
    "GET /membership-questions", "GET /membership-questions/{number}",
)  # fmt: skip
"""Routes that show case rows to somebody: where the walk finds no marker it proves nothing."""

PAGES_MUST_SHOW = (
    "/awards/{year}/appeals", "/awards/{year}/ballot", "/awards/{year}/nominations",
    "/bottlenecks/cases", "/bottlenecks/cases/{case}", "/chain/entries/{code}", "/chain/{code}/events",
    "/chain/{code}/members", "/core-lists", "/core-lists/matches", "/core-lists/{uscc}", "/core-lists/{uscc}/matches",
    "/core-lists/{uscc}/members", "/core-lists/{uscc}/rows", "/core-lists/{uscc}/rows/{row}", "/enterprise/listings",
    "/enterprise/listings/{listing}", "/coverage/{month}/entries", "/coverage/{month}/late", "/enterprise",
    "/enterprise/consents", "/enterprise/disclosures", "/enterprise/needs/{code}", "/manager",
    "/events", "/events/{event}/guests", "/events/{event}/guests/{guest}", "/events/{event}/timetable", "/events/{event}/results",
    "/manager/entries/{code}", "/manager/entries/{code}/contact", "/notices", "/roster", "/roster/entries/{code}",
    "/chain/{code}/memberships", "/enterprise/chains", "/memberships/objections", "/memberships/questions", "/memberships/{number}",
    "/roster/moves", "/roster/registrations", "/roster/reviews", "/roster/reviews/{item}",
)  # fmt: skip


def test_the_walk_knows_how_to_call_every_route() -> None:
    strange = [route.name for route in ALL_ROUTES if route.name not in CALLS and not route.is_page]
    assert strange == [], f"add to CALLS in tests/visibility/calls.py how the walk shall call {strange}"


def test_the_walk_calls_no_route_that_is_gone() -> None:
    assert set(CALLS) - {route.name for route in ALL_ROUTES} == set()


async def test_no_route_shows_tells_or_changes_anything_outside_any_viewers_scope(
    world: World, oracle: Oracle
) -> None:
    """Walk as every viewer through every route; nothing is kept of it. (One test: the walk is long.)

    Each viewer asks each route in each way (other values, filters, cursors) on one of the databases, the next viewer on
    the other: what may be seen is said once for both. Both show what somebody must be shown.
    """
    walk = Walk(world, oracle, forgetful(world.sessions))
    walk.share, walk.must_show = (
        ("sqlite", "postgresql").index(world.sessions.kw["bind"].dialect.name),
        MUST_SHOW,
    )
    walk.enter(viewers()["whole"])
    await walk.note_cursors(ROUTES)
    walk.enter(viewers()["bank"])
    await walk.note_cards()
    assert len(walk.pools["card"]) > 1
    for viewer in viewers().values():
        walk.enter(viewer)
        for route in ROUTES:
            await walk.visit(route, CALLS[route.name])
    assert walk.found.leaks == [], "answers that show a marker of a row that the viewer may not see"
    assert walk.found.tells == [], "a row that is not seen answers otherwise than one that is not there"
    assert walk.found.kept == [], "a row that is not seen was changed"
    assert walk.found.broken == [], "requests that fail in the server"
    unproven = [name for name in MUST_SHOW if not walk.found.shown.get(name)]
    assert unproven == [], "routes that show no marker to anybody: there the walk proves nothing"


async def test_of_two_walks_that_share_one_asks_in_each_way_and_both_in_the_first_where_something_must_show(
    world: World, oracle: Oracle
) -> None:
    walks = [Walk(world, oracle, world.sessions) for _share in range(2)]
    for share, walk in enumerate(walks):
        walk.share, walk.must_show = share, MUST_SHOW
    showing, other = _route(MUST_SHOW[0]), next(route for route in ROUTES if route.name not in MUST_SHOW)
    for viewer in viewers().values():
        for walk in walks:
            walk.enter(viewer)
        for route, first in ((showing, 2), (other, 1)):
            taken = [sum(walk.takes(route, way) for walk in walks) for way in range(4)]
            assert taken == [first, 1, 1, 1]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_no_page_shows_tells_or_changes_anything_outside_any_viewers_scope(
    world: World, oracle: Oracle
) -> None:
    """As above, of all pages, on the database on which their own tests (tests/desks) do not run."""
    walk = Walk(world, oracle, forgetful(world.sessions))
    walk.most_unseen, walk.most = 1, 2
    for viewer in viewers().values():
        walk.enter(viewer)
        for route in PAGES:
            await walk.visit(route, page_call(route.method, route.path))
    assert walk.found.leaks == [], "pages that show a marker of a row that the viewer may not see"
    assert walk.found.tells == [], "a row that is not seen answers otherwise than one that is not there"
    assert walk.found.kept == [], "a row that is not seen was changed"
    assert walk.found.broken == [], "pages that fail in the server"
    unproven = [name for name in PAGES_MUST_SHOW if not walk.found.shown.get(f"page GET {name}")]
    assert unproven == [], "pages that show no marker to anybody: there the walk proves nothing"


@pytest.fixture
async def walk(world: World, oracle: Oracle) -> AsyncIterator[Walk]:
    """A walk that has not begun."""
    opened = Walk(world, oracle, forgetful(world.sessions))
    yield opened
    await opened.client.aclose()


def _route(name: str) -> Route:
    return next(route for route in ROUTES if route.name == name)


async def _read(walk: Walk, name: str, query: dict[str, str]) -> Any:
    answer = await walk.ask(_route(name), CALLS[name], {}, query)
    return answer.json() if answer.is_success else {"items": []}


@pytest.mark.parametrize("name", viewers())
async def test_lists_and_counts_hold_all_that_a_viewer_may_see_and_no_more(
    walk: Walk, oracle: Oracle, name: str
) -> None:
    walk.enter(viewers()[name])
    for path, key, pool in (
        ("GET /whitelist/entries", "code", "entry"),
        ("GET /needs", "code", "need"),
        ("GET /enterprises", "uscc", "uscc"),
        ("GET /projects", "code", "project"),
    ):
        listed = [row[key] for row in (await _read(walk, path, MOST))["items"]]
        seen = walk.seen(Action.READ_CASES)[CASE_POOLS[pool]]
        assert sorted(listed) == sorted(value for value, id_ in walk.ids[pool].items() if id_ in seen), path
    entries = walk.seen(Action.READ_REFERENCE)["whitelist_entries"]
    editions = (await _read(walk, "GET /whitelist/editions", MOST))["items"]
    assert sum(sum(edition["entries"].values()) for edition in editions) == len(entries)
    cases = await _read(walk, "GET /bottlenecks", MOST)
    assert sum(cases.get("counts", {}).values()) == len(cases["items"])
    assert walk.found.leaks == []


async def test_whoever_closes_no_months_still_reads_everybodys_published_figures(walk: Walk) -> None:
    totals = []
    for name in ("whole", "county", "clerk", "guarantor", "auditor"):
        walk.enter(viewers()[name])
        answer = await walk.client.get(f"{API_PREFIX}/coverage/2024-02", params={"by": "region"})
        totals.append((answer.json()["total"], answer.json()["rows"]))
    assert all(total == totals[0] for total in totals)
    assert len(totals[0][1]) > 5


async def test_of_the_cut_by_institution_a_bank_sees_its_own_rows_and_who_has_the_facts_all(
    walk: Walk,
) -> None:
    rows = {}
    for name in ("whole", "auditor", "county", "bank", "clerk", "guarantor"):
        walk.enter(viewers()[name])
        answer = await walk.client.get(f"{API_PREFIX}/coverage/2024-02", params={"by": "institution"})
        rows[name] = {row["key"]: row for row in answer.json()["rows"]}
        assert answer.json()["is_partial"] is (name not in {"whole", "auditor"})
    assert rows["whole"] == rows["auditor"]
    assert len(rows["whole"]) > 5
    assert rows["county"] == {}
    assert set(rows["bank"]) == {key for key in rows["whole"] if key.startswith("JHYH")}
    assert set(rows["clerk"]) == {key for key in rows["whole"] if key.startswith("JHYH-MDJ")}
    assert all(rows[name][key] == rows["whole"][key] for name in rows for key in rows[name])


async def _find_leaks(walk: Walk, *names: str) -> list[str]:
    walk.most_seen, walk.most_unseen, walk.most = 10, 1, 20
    for name in names:
        walk.enter(viewers()[name])
        for route in ROUTES:
            if route.method == "GET" and set(CALLS[route.name].named.values()) & {
                "entry",
                "need",
                "uscc",
                "review",
            }:
                await walk.visit(route, CALLS[route.name])
        for route in ROUTES:
            if route.method == "GET" and CALLS[route.name].pages and not CALLS[route.name].named:
                await walk.ask(route, CALLS[route.name], {}, {**CALLS[route.name].asks[0], "limit": "200"})
    return walk.found.leaks


def _forget() -> None:
    visibility.criteria.cache_clear()
    visibility.criteria_of_entry.cache_clear()
    visibility.written.cache_clear()


# What the walk finds is tried on one database: it is the same walk on both.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("table", "looker", "shown"),
    [
        ("DockingEvent", "bank", "docking_events"),
        ("Assignment", "guarantor", "assignments"),
        ("EnterpriseContact", "clerk", ""),
        ("ReviewItem", "chain", "review_items"),
        ("CoordinationCase", "rival", "coordination_cases"),
        ("WhitelistImport", "county", ""),
        ("Disclosure", "firm", ""),
        ("Project", "county", ""),
    ],
)
async def test_a_condition_that_is_taken_away_is_missed(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, table: str, looker: str, shown: str
) -> None:
    """Some tables are guarded twice, by their own condition and by the row they hang on: those show no leak."""
    whole = visibility.conditions

    def without(form: Form) -> dict[type[Any], Any]:
        return {entity: one for entity, one in whole(form).items() if entity.__name__ != table}

    monkeypatch.setattr(visibility, "conditions", without)
    _forget()
    leaks = await _find_leaks(walk, looker)
    _forget()
    assert bool(shown) == any(shown in leak for leak in leaks if shown), leaks


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_query_that_runs_unrestricted_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: Callable[..., Awaitable[Any]] = docking_queries.event_rows

    async def careless(session: AsyncSession, *rest: Any, **more: Any) -> Any:
        with unrestricted(session):
            return await listed(session, *rest, **more)

    monkeypatch.setattr(docking_queries, "event_rows", careless)
    leaks = await _find_leaks(walk, "rival")
    assert any("/docking-events" in leak and "docking_events" in leak for leak in leaks)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_door_that_forgets_to_narrow_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility, "conditions", lambda _form: {})
    _forget()
    leaks = await _find_leaks(walk, "county", "firm")
    _forget()
    assert len(leaks) > 20


WRITTEN_BY_ALL = {"audit_events", "idempotency_records"}


async def test_changes_of_rows_that_are_not_seen_leave_every_table_as_it_was(
    world: World, oracle: Oracle
) -> None:
    """For good this time: what is committed is compared, row by row, with what was there."""
    walk = Walk(world, oracle, world.sessions)
    changing = [route for route in ROUTES if route.method in CHANGING and _touches_cases(route)]
    assert len(changing) > 10
    before = await _stored(world.sessions)
    for viewer in viewers().values():
        walk.enter(viewer)
        for route in changing:
            call = CALLS[route.name]
            for chosen in walk.combinations(route, call):
                if all(walk.is_seen(route, pool, chosen[name]) for name, pool in call.named.items()):
                    continue
                if route.name == "POST /enterprises":
                    continue
                headers = {
                    "If-Match": "*",
                    "Idempotency-Key": f"{viewer.name} {chosen}".encode("ascii", "replace").decode()[:120],
                }
                answer = await walk.ask(route, call, chosen, {}, headers)
                assert answer.is_client_error, (viewer.name, route.name, chosen)
    await walk.client.aclose()
    assert await _stored(world.sessions) == before


def _touches_cases(route: Route) -> bool:
    return bool(set(CALLS[route.name].named.values()) & CASE_POOLS.keys())


async def _stored(sessions: Sessions) -> dict[str, list[dict[str, Any]]]:
    async with transaction(sessions, writes=False) as session:
        rows = await dump(session)
    return {table: kept for table, kept in rows.items() if table not in WRITTEN_BY_ALL}


async def test_an_answer_is_repeated_to_its_own_viewer_with_the_same_roles_alone(
    world: World, oracle: Oracle
) -> None:
    walk = Walk(world, oracle, world.sessions)
    whole = viewers()["whole"]

    async def post(viewer: Viewer) -> tuple[int, bool]:
        walk.enter(viewer)
        headers = {"Idempotency-Key": "one and the same"}
        answer = await walk.client.post(
            f"{API_PREFIX}/whitelist/editions", json={"code": "2025H1"}, headers=headers
        )
        return answer.status_code, "idempotency-replayed" in answer.headers

    assert await post(whole) == (201, False)
    assert await post(whole) == (201, True)
    assert await post(replace(whole, person=2)) == (409, False)
    assert await post(replace(whole, grants=viewers()["city"].grants)) == (403, False)
    assert await post(replace(whole, grants=())) == (403, False)
    await walk.client.aclose()
    async with transaction(world.sessions, writes=False) as session:
        keys = set(await session.scalars(select(IdempotencyRecord.viewer_key)))
    assert keys >= {whole.key}


async def test_every_case_table_stands_in_the_world(world: World) -> None:
    assert [name for name in visibility_tables() if not world.rows[name]] == []


def visibility_tables() -> list[str]:
    """Answer the names of the tables that are narrowed."""
    return sorted(set(Base.metadata.tables) - PUBLIC.keys())
