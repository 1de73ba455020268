"""Regions and industries as people look for them: by code, by characters, by pinyin in full or by its initials.

Names are spelled once for the life of the process (about 0.3 s for all 5,000); what pypinyin's phrases read wrongly
in names of places is corrected here (通用规范: the readings of 中国地名录).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from pypinyin import Style, lazy_pinyin

from app.reference.book import load_reference_book
from app.reference.industries import Industries
from app.reference.region_names import find_by_name
from app.reference.regions import NATION, Regions

MOST_ASKED: Final = 60
MOST_FOUND: Final = 12
LEAST_WITHIN: Final = 3
"""So many letters are looked for inside of names too: two are everywhere."""
_READINGS: Final = {
    "浚": "xun", "涡阳": "guo yang", "单县": "shan xian", "泌阳": "bi yang", "长治": "chang zhi", "繁峙": "fan shi",
    "曾都": "zeng du", "成都": "cheng du", "江都": "jiang du", "宜都": "yi du", "于都": "yu du", "都匀": "du yun",
    "昌都": "chang du", "新都": "xin du", "花都": "hua du", "都昌": "du chang", "都兰": "du lan", "都安": "du an",
}  # fmt: skip
"""Names whose polyphones phrases do not know, by their first characters."""


@dataclass(frozen=True, slots=True)
class Named:
    """A region or industry to choose: `path` is its name with what lies above it; `rank` orders what fits alike."""

    code: str
    name: str
    path: str
    rank: int
    sound: str
    initials: str


@dataclass(frozen=True)
class NameSearch:
    """All names of one kind."""

    entries: tuple[Named, ...]

    @cached_property
    def by_code(self) -> Mapping[str, Named]:
        """Answer all entries by their codes."""
        return {one.code: one for one in self.entries}

    def find(self, text: str, *, within: str = "", limit: int = MOST_FOUND) -> tuple[Named, ...]:
        """Answer what a text may mean, the likeliest first; `within` is the beginning of the codes to look among."""
        asked = asked_of(text)
        if not asked:
            return ()
        scored = (
            (score, one.rank, one.code, one)
            for one in self.entries
            if one.code.startswith(within) and (score := _score(one, asked))
        )
        return tuple(one for _score_, _rank, _code, one in sorted(scored, key=lambda hit: hit[:3])[:limit])


@dataclass(frozen=True, slots=True)
class NameSearches:
    """What can be looked for by name."""

    regions: NameSearch
    industries: NameSearch


def asked_of(text: str) -> str:
    """Answer what somebody looks for, as it is compared: half-width, lower case, without spaces and marks."""
    plain = unicodedata.normalize("NFKC", text[: 4 * MOST_ASKED]).lower()
    return re.sub(r"[\W_]+", "", plain)[:MOST_ASKED]


@lru_cache(maxsize=4)
def load_name_searches(seed_dir: Path) -> NameSearches:
    """Spell all names of the reference book; to be called beside the event loop the first time."""
    book = load_reference_book(seed_dir)
    return NameSearches(
        NameSearch(tuple(_regions(book.regions))), NameSearch(tuple(_industries(book.industries)))
    )


def find_regions(regions: Regions, search: NameSearch, text: str, area: str) -> tuple[Named, ...]:
    """Answer the regions of an area that a text may mean; of a name with a wrong character, the most alike."""
    found = search.find(text, within=area.removesuffix("00").removesuffix("00").removesuffix("00"))
    if found or asked_of(text).isascii():
        return found
    alike = {one.code for one in find_by_name(regions, asked_of(text), within=area)}
    return tuple(one for one in search.entries if one.code in alike)[:MOST_FOUND]


def spelled(name: str) -> list[str]:
    """Answer the syllables of a name, without tones: 哈尔滨市 is ha er bin shi."""
    read = next((start for start in _READINGS if name.startswith(start)), "")
    rest = name[len(read) :]
    found: list[str] = lazy_pinyin(rest, style=Style.NORMAL, errors="ignore", v_to_u=False) if rest else []
    return [*(_READINGS[read].split() if read else ()), *found]


def _regions(regions: Regions) -> Iterable[Named]:
    for region in regions.by_code.values():
        if region.code != NATION:
            rank = 0 if region.code.endswith("0000") else 1 if region.code.endswith("00") else 2
            yield _named(region.code, region.name, regions.full_name(region.code), rank)


def _industries(industries: Industries) -> Iterable[Named]:
    for one in industries.by_code.values():
        code = one.code if one.parent is None else f"{one.section}{one.code}"
        above = (industries.by_code[each].name for each in reversed(industries.path(one.code)))
        yield _named(code, one.name, " › ".join(above), len(one.code))


def _named(code: str, name: str, path: str, rank: int) -> Named:
    syllables = spelled(name)
    return Named(code, name, path, rank, "".join(syllables), "".join(each[0] for each in syllables))


def _score(one: Named, asked: str) -> int:
    """Answer how well an entry fits, 1 best; 0 not at all."""
    return _by_letters(one, asked) if asked.isascii() else _by_characters(one, asked)


def _by_letters(one: Named, asked: str) -> int:
    if asked[-1].isdigit():
        code = one.code.lower()
        bare = code[1:] if code[0].isalpha() else code
        if asked in {code, bare}:
            return 1
        return 2 if code.startswith(asked) or bare.startswith(asked) else 0
    if asked in {one.initials, one.sound}:
        return 1
    if one.initials.startswith(asked) or one.sound.startswith(asked) or asked == one.code.lower():
        return 2
    is_within = len(asked) >= LEAST_WITHIN and (asked in one.initials or asked in one.sound)
    return 3 if is_within else 0


def _by_characters(one: Named, asked: str) -> int:
    if asked in one.name:
        return 1 if one.name == asked else 2 if one.name.startswith(asked) else 3
    return 4 if asked[-1] in one.path and _in_order(asked, one.path) else 0


def _in_order(asked: str, path: str) -> bool:
    """Tell whether all characters of a text stand in a path in their order: 哈尔滨道里 in 黑龙江省哈尔滨市道里区."""
    rest = iter(path)
    return all(character in rest for character in asked)
