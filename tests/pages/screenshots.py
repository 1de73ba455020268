"""Takes the pictures of the main pages for docs/ and the README: `make screenshots`."""

import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from app.kernel.settings import PROJECT_ROOT
from tests.pages.chromium import chromium
from tests.pages.house import seed, served
from tests.pages.story import DESKTOP, PHONE, Story

FOLDER: Final = PROJECT_ROOT / "docs" / "pages"
ENTRIES: Final = 300
SHOTS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("sign-in", "", ("/sign-in",)),
    ("coverage", "demo-coordinator", ("/coverage/2023-11",)),
    ("roster", "demo-coordinator", ("/roster",)),
    ("rounds", "demo-coordinator", ("/rounds",)),
    ("policies", "demo-coordinator", ("/policies",)),
    ("chain", "demo-chain", ("/chain", "main a[href^='/chain/']")),
    ("plan", "demo-coordinator", ("/chain/HLJ-GDZB/plans", "main a[href*='/drafts/']")),
    ("selection", "demo-coordinator", ("/selection/2023Q4/result",)),
    ("booklet", "demo-enterprise", ("/booklet",)),
    ("booklet-part", "demo-enterprise", ("/booklet", "main a[href*='part=']:not([href*='part=all'])")),
    ("audit", "demo-auditor", ("/audit",)),
    ("manager", "demo-manager", ("/manager",)),
    ("manager-entry", "demo-manager", ("/manager", "main a[href^='/manager/entries/']")),
    ("bank", "demo-bank", ("/bank",)),
    ("enterprise", "demo-enterprise", ("/enterprise",)),
    (
        "need",
        "demo-enterprise",
        (
            "/enterprise",
            "main a[href^='/enterprise/needs/']:not([href*='/edit']):not([href*='/new']):not([href*='#'])",
        ),
    ),
)
"""Name of the picture, who looks, and the way: an address, then links to follow."""


def main() -> int:
    """Take each at a desk, and what firms and managers use at a phone too."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        seed(folder / "demo.db", ENTRIES)
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with served(folder / "demo.db", folder) as base:
            for width, viewport in (("", DESKTOP), ("-phone", PHONE)):
                story = Story(browser, base, {}, viewport)
                for shot, login, (address, *links) in SHOTS:
                    page = story.sign_in(login) if login else story.page
                    story.open(address)
                    for link in links:
                        page.locator(link).first.click()
                        page.wait_for_load_state()
                    page.evaluate(
                        "scrollTo({ top: 0, behavior: 'instant' })"
                    )  # a link may lead to a part of its page
                    page.screenshot(path=FOLDER / f"{shot}{width}.png")
                story.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
