"""Whoever changes what somebody else changed meanwhile is told, on every route that changes a stored row."""

import pytest

from app.kernel.requests import READING_METHODS
from app.kernel.settings import Settings
from app.main import API_PREFIX
from tests.apps import create_app
from tests.concurrency.changes import CHANGES, WITHOUT
from tests.concurrency.meeting import at_the_first_write
from tests.concurrency.town import Town


def test_each_route_that_changes_something_asks_for_the_version_or_says_why_not() -> None:
    paths = create_app(Settings()).openapi()["paths"]
    asking, other = set[str](), set[str]()
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method.upper() in READING_METHODS or operation.get("x-reads-only"):
                continue
            heads = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}
            (asking if "If-Match" in heads else other).add(
                f"{method.upper()} {path.removeprefix(API_PREFIX)}"
            )
    assert asking == CHANGES.keys()
    assert other == WITHOUT.keys()


@pytest.mark.parametrize("route", CHANGES)
async def test_of_two_who_change_the_same_version_at_once_one_is_told(town: Town, route: str) -> None:
    method, _, _path = route.partition(" ")
    subject = await CHANGES[route](town)
    one, other = subject.bodies
    read = await town.ask(subject.who, "GET", subject.read)
    tag = read.headers["etag"]

    missing = await town.ask(subject.who, method, subject.write, **subject.content(one))
    stale = await town.ask(subject.who, method, subject.write, **subject.content(one), etag='"stale"')
    assert (missing.status_code, stale.status_code) == (428, 412), (missing.text, stale.text)

    with at_the_first_write(town):
        answers = await town.together(
            town.ask(subject.who, method, subject.write, **subject.content(one), etag=tag),
            town.ask(subject.who, method, subject.write, **subject.content(other), etag=tag),
        )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.is_success, won.text
    assert lost.status_code == 412, lost.text
    kept = await town.ask(subject.who, "GET", subject.read)
    assert kept.headers["etag"] != tag
    if "etag" in won.headers:
        assert kept.headers["etag"] == won.headers["etag"], "what is kept is what the winner was answered"
