"""Firms of a roster whose names look like another firm's: questions for a person, never a merger. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from app.whitelist.entry_planning import Namesake
from app.whitelist.name_index import DUPLICATE, NameIndex, find_duplicates
from app.whitelist.roster_check import Firm

MOST_NAMESAKES: Final = 3


def find_namesakes(
    firms: Mapping[str, Firm],
    known: Sequence[tuple[str, str, str]],
    settled: Collection[str],
    region_names: Sequence[str],
    sheet: str,
) -> dict[str, tuple[Namesake, ...]]:
    """Answer for each firm that nobody was asked about yet the firms it may be the same as, the likeliest first.

    `known` are (credit code, name, region code) of all registered firms. `settled` are the credit codes
    of those that were listed before under the name they have now: they were asked about then. Of two
    new ones the later row is asked.
    """
    found: dict[str, list[Namesake]] = defaultdict(list)
    _within_roster(firms, settled, region_names, sheet, found)
    others = [firm for firm in known if firm[0] not in firms]
    _among_registered(firms, settled, others, region_names, found)
    return {
        uscc: tuple(sorted(namesakes, key=lambda one: (-one.likeness, one.uscc))[:MOST_NAMESAKES])
        for uscc, namesakes in found.items()
    }


def _within_roster(
    firms: Mapping[str, Firm],
    settled: Collection[str],
    region_names: Sequence[str],
    sheet: str,
    found: dict[str, list[Namesake]],
) -> None:
    usccs = list(firms)
    names = [firms[uscc].name for uscc in usccs]
    regions = [firms[uscc].region_code for uscc in usccs]
    for pair in find_duplicates(names, regions, region_names):
        first, second = usccs[pair.first], usccs[pair.second]
        asked, other = (first, second) if second in settled else (second, first)
        if asked not in settled:
            firm = firms[other]
            found[asked].append(Namesake(other, firm.name, pair.likeness, f"{sheet}!{firm.row}"))


def _among_registered(
    firms: Mapping[str, Firm],
    settled: Collection[str],
    others: Sequence[tuple[str, str, str]],
    region_names: Sequence[str],
    found: dict[str, list[Namesake]],
) -> None:
    new = [uscc for uscc in firms if uscc not in settled]
    if not new or not others:
        return
    index = NameIndex.build(
        [name for _, name, _ in others], [region for _, _, region in others], region_names
    )
    answers = index.resolve([firms[uscc].name for uscc in new], [firms[uscc].region_code for uscc in new])
    for uscc, candidates in zip(new, answers, strict=True):
        for candidate in candidates:
            if candidate.likeness >= DUPLICATE:
                other, name, _ = others[candidate.position]
                found[uscc].append(Namesake(other, name, candidate.likeness, "registered"))
