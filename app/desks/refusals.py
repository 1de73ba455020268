"""What services say in English when they refuse, as pages say it in Chinese.

Services speak English, for whoever calls the API. The Chinese stands in a catalogue (`texts/zh/refusals.po`), each
sentence with its blanks numbered; `make texts` brings it up to what the code says, and a test fails while one has no
Chinese. Faults of workbooks are Chinese from the start and stay as they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from app.desks.audit.words import ACTIONS
from app.desks.figures import day
from app.desks.texts import CATALOGUES, CHINESE, ENGLISH, Speaking, Text, read_catalogue, say
from app.kernel.errors import Fault

REFUSALS: Final = CATALOGUES / CHINESE / "refusals.po"
MOST_CHARACTERS: Final = 2_000
"""What is longer is no sentence of ours and is shown as it is."""
NOT_TAKEN: Final = Text("这一项不能接受")
_BLANK: Final = re.compile(r"\{(\d)\}")
_DAY: Final = re.compile(r"(?<![0-9A-Za-z_/:-])\d{4}-\d{2}-\d{2}(?![0-9A-Za-z_/:-])")
_CJK: Final = re.compile(r"[\u3400-\u9fff]")
_ENDS: Final = ("。", "？", "！", "；", "：", ".", "?", "!")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sentence of a service, and how to mend it; said in the language of who reads it.

    `otherwise` stands for what nobody foresaw: better than a language that the reader may not know.
    """

    message: str
    remedy: str = ""
    otherwise: Text | str = NOT_TAKEN

    def said_in(self, language: str) -> str:
        """Answer it in a language: in Chinese as the catalogue has it."""
        if language == CHINESE:
            told, mended = in_chinese(self.message), in_chinese(self.remedy) or ""
            return _joined("" if told is None else told, mended, "。") or say(language, self.otherwise)
        message, remedy = _dated(self.message), _dated(self.remedy)
        return _joined(message[:1].upper() + message[1:], remedy, ". ")


@dataclass(frozen=True, slots=True)
class Several:
    """What is wrong in several ways at once."""

    parts: tuple[Speaking, ...]

    def said_in(self, language: str) -> str:
        """Answer all of it, one after the other."""
        said = list(dict.fromkeys(part.said_in(language) for part in self.parts))
        if len(said) == 1:
            return said[0]
        between = "" if language == CHINESE else " "
        return between.join(
            one if one.endswith(_ENDS) else one + ("。" if language == CHINESE else ".") for one in said
        )


def refusal_of(fault: Fault) -> Refusal:
    """Answer a fault as a page says it."""
    return Refusal(fault.message, fault.remedy)


@lru_cache(maxsize=4_096)
def in_chinese(english: str) -> str | None:
    """Answer the Chinese of a sentence; what is Chinese already as it is, None of what nobody has translated."""
    if not english or len(english) > MOST_CHARACTERS:
        return english[:MOST_CHARACTERS]
    exact, patterns = _catalogue()
    if english in exact:
        return exact[english]
    for pattern, chinese in patterns:
        if found := pattern.fullmatch(english):
            return _filled(chinese, [_value_in_chinese(value) for value in found.groups()])
    return english if _CJK.search(english) or not re.search("[A-Za-z]{3}", english) else None


def _value_in_chinese(value: str) -> str:
    if "_" in value and value in ACTIONS:
        return ACTIONS[value].chinese
    return _with_days(in_chinese(value) or value, CHINESE)


def _dated(english: str) -> str:
    """Answer an English sentence with its days as pages write them; a day that it always has shows how one is typed."""
    return english if english in _catalogue()[0] else _with_days(english, ENGLISH)


def _with_days(text: str, language: str) -> str:
    return _DAY.sub(lambda found: _day(found[0], language), text)


def _day(text: str, language: str) -> str:
    try:
        return day(date.fromisoformat(text), language)
    except ValueError:  # as somebody typed it
        return text


def _filled(chinese: str, values: Sequence[str]) -> str:
    return _BLANK.sub(lambda blank: values[int(blank[1])], chinese)


def _joined(first: str, second: str, mark: str) -> str:
    if not first or not second:
        return first or second
    return first + (mark[1:] if first.endswith(_ENDS) else mark) + second


@lru_cache
def _catalogue() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Answer plain sentences, and those with blanks as patterns, the most telling first."""
    told = {str(one.id): str(one.string) for one in read_catalogue(REFUSALS) if one.id and one.string}
    exact = {text: chinese for text, chinese in told.items() if not _BLANK.search(text)}
    filled = sorted(told.keys() - exact.keys(), key=lambda text: (-len(_BLANK.sub("", text)), text))
    return exact, [(_pattern(text), told[text]) for text in filled]


def _pattern(text: str) -> re.Pattern[str]:
    pieces = _BLANK.split(text)[::2]
    return re.compile("(.*?)".join(re.escape(piece) for piece in pieces), re.DOTALL)
