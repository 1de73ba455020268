"""The list behind a figure has as many entries as the figure says, whatever the figure and the cut."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from app.coverage.facts import MonthFacts
from app.coverage.listing import LEVELS, STOPPED, Crossing, MonthIndex, Wanted, Which
from app.coverage.rules import Cut, Figures, compute
from tests.coverage.months import month_facts

COUNTED = [one for one in Which if one not in STOPPED]


def agree(index: MonthIndex, wanted: Wanted, figures: Figures) -> None:
    for which in COUNTED:
        found = index.listed(replace(wanted, which=which))
        assert len(found) == getattr(figures, which.value), (wanted, which)
        assert [one.entry for one in found] == sorted({one.entry for one in found})
    for which, level in STOPPED.items():
        before = LEVELS[LEVELS.index(level) - 1].value
        lost = getattr(figures, before) - getattr(figures, level.value)
        assert len(index.listed(replace(wanted, which=which))) == lost, (wanted, which)


@settings(max_examples=60)
@given(facts=month_facts())
def test_every_count_of_every_cut_is_the_length_of_its_list(facts: MonthFacts) -> None:
    index, report = MonthIndex(facts), compute(facts, Cut)
    agree(index, Wanted(), report.total)
    for cut, groups in report.cuts.items():
        for group in groups:
            chosen: dict[str, Any] = {cut.value: group.key}
            agree(index, Wanted(**chosen), group.figures)


@settings(max_examples=40)
@given(facts=month_facts())
def test_the_cells_of_regions_and_chains_are_the_lengths_of_their_lists(facts: MonthFacts) -> None:
    index = MonthIndex(facts)
    found: Crossing = index.crossed("230000")
    assert sum(map(sum, found.entries)) == len(facts.entries)
    for row, region in enumerate(found.regions):
        for column, chain in enumerate(found.chains):
            inside = [one for one in index.listed(Wanted(chain=chain)) if _division(one.region) == region]
            assert found.entries[row][column] == len(inside)
            assert found.reached[row][column] == sum(
                any(party.contacted_at for party in one.parties) for one in inside
            )
            own = Wanted(region=region, chain=chain, is_own=region == "230000")
            assert len(index.listed(own)) == len(inside)


def _division(region: str) -> str:
    """Answer the city of a place of `tests.coverage.months`; the province's own stand by themselves."""
    return region if region == "230000" else f"{region[:4]}00"
