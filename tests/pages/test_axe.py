"""Contrast is looked at where it can differ: whatever differs in one of many rows is found."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.pages.axe import faults, furnish

ROW = "<tr><td>{}</td></tr>"
STYLE = (
    "<style>body { background: #fff; color: #111 } .pale { color: #ccc } .dark { background: #333 }</style>"
)
ALIKE = ROW.format("宽字") * 10
FAULTY = {
    "its own colour": ROW.format('<b style="color: #ddd">看不清</b>'),
    "a class": ROW.format('<b class="pale">看不清</b>'),
    "what it stands on": '<tr class="dark"><td>看不清</td></tr>',
    "after what is too short to tell": "".join(
        ROW.format(f'<b class="pale">{said}</b>') for said in ("0", "—", "·", "看不清")
    ),
    "after what is switched off": ROW.format('<button class="pale" disabled>关闭</button>') * 3
    + ROW.format('<button class="pale">看不清</button>'),
    "after what is hidden": ROW.format('<b class="pale" hidden>看不见</b>') * 3
    + ROW.format('<b class="pale">看不清</b>'),
    "how opaque": '<tr style="opacity: 0.2"><td>看不清</td></tr>',
}


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A window without a house."""
    context = browser.new_context()
    furnish(context)
    yield context.new_page()
    context.close()


def shown(page: Page, rows: str) -> list[str]:
    page.set_content(
        f"<!doctype html><html lang=zh><head><title>表</title>{STYLE}</head><body><main><h1>表</h1><table>{rows}</table>"
    )
    return faults(page)


@pytest.mark.parametrize("fault", FAULTY)
def test_a_row_among_many_that_cannot_be_read_is_found(page: Page, fault: str) -> None:
    told = shown(page, ALIKE + FAULTY[fault] + ALIKE)
    assert [one.partition(" ")[0] for one in told] == ["color-contrast"]
    assert faults(page, only_contrast=True) == told


def test_rows_that_can_be_read_have_no_fault(page: Page) -> None:
    assert shown(page, ALIKE) == []


def test_what_is_serious_besides_contrast_is_found_in_the_same_run(page: Page) -> None:
    told = shown(page, ALIKE + ROW.format('<input name="unnamed"> <b class="pale">看不清</b>'))
    assert sorted(one.partition(" ")[0] for one in told) == ["color-contrast", "label"]
    assert page.locator("[data-shown]").count() == 0
