"""Where the pages' tests get a Chromium: the system's, else Debian's package, else Playwright's own (`python -m tests.pages.chromium`)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES: Final = ("chromium", "fonts-noto-cjk")
SETTING: Final = "RONGQIAO_TEST_CHROMIUM"
SECONDS: Final = 900
WHAT_TO_DO: Final = (
    f"No Chromium for the tests of the pages. Install the packages {' and '.join(PACKAGES)} (Debian, Ubuntu), or run "
    f"`python -m playwright install chromium`, or name a Chromium by {SETTING}."
)


class NoChromium(RuntimeError):
    """None is there and none can be had; says what to install."""

    def __init__(self) -> None:
        super().__init__(WHAT_TO_DO)


def chromium() -> str:
    """Answer the path of a Chromium that is there.

    Raises:
        NoChromium: there is none.
    """
    named = os.environ.get(SETTING)
    found = named or next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()
    if found is None or not Path(found).exists():
        raise NoChromium
    return found


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def has_chinese_font() -> bool:
    """Tell whether the machine can draw Chinese; without fontconfig nobody knows."""
    if shutil.which("fc-list") is None:
        return True
    said = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)  # noqa: S607 - of the PATH
    return bool(said.stdout.strip())


def obtain() -> str:
    """Answer the path of a Chromium, installed if need be and allowed.

    Raises:
        NoChromium: none can be had.
    """
    try:
        found = chromium()
        if has_chinese_font():
            return found
    except NoChromium:
        pass
    is_debian = shutil.which("apt-get") is not None and os.geteuid() == 0
    if is_debian and _does(["apt-get", "update", "-q"]):
        _does(["apt-get", "install", "-q", "-y", "--no-install-recommends", *PACKAGES])
    try:
        return chromium()
    except NoChromium:
        _does([sys.executable, "-m", "playwright", "install", "chromium"])
        return chromium()


def _does(command: Sequence[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, check=False, timeout=SECONDS).returncode == 0


if __name__ == "__main__":
    try:
        print(obtain())  # noqa: T201 - a command
    except NoChromium as error:
        sys.exit(str(error))
