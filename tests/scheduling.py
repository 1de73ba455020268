"""Which tests run together in one worker: those that share what is dear to make, and the longest first.

xdist has groups of its own (`xdist_group`), which it reads off the end of a test's name; pytest 9.2 no longer lets it
write them there, so that every test went by itself, and each worker made everything again.
"""

import re
from typing import Final

from xdist.scheduler import LoadScopeScheduling

GROUPS: Final = {
    "tests/house/test_fuzz.py": "fuzz",
    "tests/house/test_texts.py": "code",
    "tests/house/test_source.py": "code",
    "tests/desks/test_refusals.py": "code",
    "tests/desks/audit/test_words.py": "code",
    "tests/visibility/": "visibility",
    "tests/pages/test_every_page.py": "links",
    "tests/pages/": "stories",
}
"""Where tests lie that share a served demonstration, a tagged world, a Chromium, the parsed code; the first that fits counts."""
BACKEND: Final = re.compile(r"[\[-](sqlite|postgresql)[\]-]")


def group_of(name: str) -> str:
    """Answer the group of a test by its name, one of each backend; the name itself if it runs by itself."""
    group = next((group for path, group in GROUPS.items() if name.startswith(path)), None)
    backend = BACKEND.search(name)
    return name if group is None else f"{group} {backend[1]}" if backend else group


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives each group to one worker; groups of many tests come first, single tests fill up what is left."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
