"""All chapters of a booklet as HTML, for printing: drawn once, for thousands of entries take longer to draw than to send."""

import asyncio
from collections import OrderedDict
from typing import Final

from markupsafe import Markup

from app.booklet.booklet import Booklet
from app.desks.pages import ENVIRONMENTS

MOST_KEPT: Final = 2
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


def _draw(made: Booklet, language: str) -> Markup:
    template = ENVIRONMENTS[language].get_template("booklet/_chapters.html")
    return Markup(template.render(chapters=made.chapters, path_of="#".__add__))  # noqa: S704 - the template has escaped every text
