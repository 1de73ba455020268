"""The two languages of the pages. Chinese is the source and stands in templates and code; English is in catalogues.

Each desk has a catalogue of its own (`texts/en/<desk>.po`), read as it is: nothing is compiled. `make texts`
brings the catalogues up to what the templates and the code say (tests/house/text_catalogues.py); a test fails while a
text is missing or its blanks differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from fastapi import Request

CATALOGUES: Final = Path(__file__).parent / "texts"
CHINESE, ENGLISH = "zh", "en"
LANGUAGES: Final[Mapping[str, str]] = {CHINESE: "中文", ENGLISH: "English"}
HTML_LANGUAGES: Final[Mapping[str, str]] = {CHINESE: "zh-CN", ENGLISH: "en"}
COOKIE: Final = "rongqiao-language"


@dataclass(frozen=True, slots=True, init=False)
class Text:
    """A text that code says to people: its Chinese, with blanks as `%(name)s`, and what goes into them."""

    chinese: str
    values: Mapping[str, Any]

    def __init__(self, chinese: str, /, **values: Any) -> None:
        object.__setattr__(self, "chinese", chinese)
        object.__setattr__(self, "values", values)

    def __hash__(self) -> int:
        return hash(self.chinese)


class Speaking(Protocol):
    """What says itself in a language (refusals.py)."""

    def said_in(self, language: str) -> str:
        """Answer it in a language."""


def language_of(request: Request) -> str:
    """Answer the language that a browser has chosen; Chinese until it has."""
    chosen = request.cookies.get(COOKIE, CHINESE)
    return chosen if chosen in LANGUAGES else CHINESE


def say(language: str, text: "Text | Speaking | str") -> str:
    """Answer a text in a language, its blanks filled; what has no translation stays Chinese."""
    if isinstance(text, str):
        return translated(language, text)
    if not isinstance(text, Text):
        return text.said_in(language)
    made = translated(language, text.chinese)
    values = {key: say(language, one) if isinstance(one, Text) else one for key, one in text.values.items()}
    return made % values if values else made


def translated(language: str, chinese: str) -> str:
    """Answer a text in a language, with its blanks."""
    return chinese if language == CHINESE else _all_texts(language).get(chinese, chinese)


@lru_cache
def _all_texts(language: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in sorted((CATALOGUES / language).glob("*.po")):
        found |= {
            str(one.id): str(one.string)
            for one in read_catalogue(path)
            if one.id and one.string and not one.fuzzy
        }
    return found


def read_catalogue(path: Path) -> Catalog:
    """Read a catalogue as it stands."""
    with path.open("rb") as file:
        return read_po(file)
