"""Where a notice leads: to the page that shows its person what it is about. Pure."""

from typing import Final

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.desks.search.ways import entry_path

_PAGES: Final = frozenset({"awards", "chain", "core-lists", "events", "memberships", "selection"})
"""Where the house's path is the page's, and whoever is told may open it."""


def page_of_notice(viewer: Viewer, entry: str | None, link: str | None) -> str:
    """Answer the page that a notice's link names for a viewer; "" where the viewer has none.

    `link` is a path of the house (`/entries/2023H2-…`, `/coverage/2023-11`), the same for everybody.
    """
    if not link:
        return ""
    if entry is not None:
        return entry_path(viewer, entry, entry.partition("-")[2])
    place, _slash, named = link.lstrip("/").partition("/")
    if place == "entries":
        return _list_of(viewer)
    if place in _PAGES or link.startswith(("/enterprise/", "/bank/")):
        return link
    if place in {"coverage", "bulletins"} and viewer.has(
        Role.COORDINATOR, Role.AUDITOR, Role.BANK_ADMINISTRATOR
    ):
        return f"/coverage/{named}/bulletin" if place == "bulletins" else f"/coverage/{named}"
    return "/bank" if place == "library" and viewer.has(Role.BANK_ADMINISTRATOR, Role.GUARANTOR) else ""


def _list_of(viewer: Viewer) -> str:
    if viewer.has(Role.COORDINATOR, Role.AUDITOR):
        return "/roster"
    if viewer.has(*INSTITUTION_ROLES):
        return "/manager"
    return "/chain" if viewer.has(Role.CHAIN_MANAGER) else "/enterprise"
