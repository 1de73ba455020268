"""The chapters of a booklet as HTML: drawn once, for hundreds of entries take longer to draw than to send."""

import asyncio
from collections import OrderedDict
from typing import Final

from markupsafe import Markup

from app.accounts.rules import Viewer
from app.booklet import service
from app.booklet.booklet import Booklet
from app.catalogue import libraries
from app.desks.pages import ENVIRONMENTS
from app.desks.texts import LANGUAGES
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest

MOST_KEPT: Final = 8
_DRAWN: Final = OrderedDict[tuple[str, str], Markup]()
"""By the hash of the booklet's inputs and the language."""


async def chapters(made: Booklet, language: str) -> Markup:
    """Answer the chapters of a booklet in a language's page."""
    key = made.inputs_sha256, language
    drawn = _DRAWN.get(key)
    if drawn is None:
        drawn = _DRAWN[key] = await asyncio.to_thread(_draw, made, language)
        while len(_DRAWN) > MOST_KEPT:
            _DRAWN.popitem(last=False)
    return drawn


async def draw_ahead(session: AsyncSession, viewer: Viewer) -> None:
    """Draw the newest edition's booklet, if there is an edition."""
    newest = await libraries.list_libraries(session, viewer, PageRequest(limit=1))
    for edition in newest.items:
        made = await service.booklet(session, viewer, edition.code)
        for language in LANGUAGES:
            await chapters(made, language)


def _draw(made: Booklet, language: str) -> Markup:
    template = ENVIRONMENTS[language].get_template("booklet/_chapters.html")
    return Markup(template.render(chapters=made.chapters))  # noqa: S704 - the template has escaped every text
