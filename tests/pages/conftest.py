"""Fixtures of the pages' tests: one Chromium a worker, one seeded demonstration for all, one served house a module."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.chromium import chromium
from tests.pages.house import seed, served
from tests.pages.story import DESKTOP, PHONE, Story

WIDTHS = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium, without a window; its loop runs in this thread, where other tests need none to run."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's database, to be copied: of all workers the first that needs it makes it."""
    own = tmp_path_factory.getbasetemp()
    made = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demonstration.db"
    if not made.exists():
        seed(draft := own / "draft.db")
        draft.replace(made)
    return made


@pytest.fixture(scope="module")
def house(demonstration: Path) -> Iterator[str]:
    """The address of a house that serves its own copy of the demonstration while this module's tests run."""
    with tempfile.TemporaryDirectory() as folder, served(demonstration, Path(folder)) as base:
        yield base


@pytest.fixture(scope="package")
def kept_sessions() -> dict[str, Any]:
    """Sessions of who has signed in, by house and login."""
    return {}


@pytest.fixture(params=sorted(WIDTHS))
def story(
    request: pytest.FixtureRequest, browser: Browser, house: str, kept_sessions: dict[str, Any]
) -> Iterator[Story]:
    """A person at a browser, once at a desk and once at a phone; whatever a page does wrong fails the test."""
    opened = Story(browser, house, kept_sessions, WIDTHS[request.param])
    yield opened
    opened.close()


@pytest.fixture
def plain_story(browser: Browser, house: str, kept_sessions: dict[str, Any]) -> Iterator[Story]:
    """A person at a desk whose browser runs no scripts."""
    opened = Story(browser, house, kept_sessions, has_scripts=False)
    yield opened
    opened.close()
