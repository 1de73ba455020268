from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.coverage.facts import Credit, EntryFacts, MonthFacts, Party, path_of
from app.coverage.rules import Cut, Group, compute
from tests.coverage.months import (
    CHAINS,
    INSTITUTIONS,
    LEAVES,
    REGIONS,
    START,
    UNTIL,
    month_facts,
    plain_figures,
)


def groups_of(facts: MonthFacts, cut: Cut) -> dict[str, Group]:
    return {group.key: group for group in compute(facts, [cut]).cuts[cut]}


@given(month_facts())
def test_the_figures_of_all_entries_are_those_counted_one_by_one(facts: MonthFacts) -> None:
    assert compute(facts).total == plain_figures(facts.entries)


@given(month_facts())
def test_a_region_counts_every_entry_that_lies_in_it(facts: MonthFacts) -> None:
    groups = groups_of(facts, Cut.REGION)
    for code in REGIONS:
        inside = [entry for entry in facts.entries if code in path_of(entry.region, REGIONS)]
        assert (groups[code].figures == plain_figures(inside)) if inside else code not in groups
    assert set(groups) <= set(REGIONS)


@given(month_facts())
def test_an_institution_counts_what_was_done_at_or_below_it_and_each_entry_once(facts: MonthFacts) -> None:
    groups = groups_of(facts, Cut.INSTITUTION)
    for code in INSTITUTIONS:

        def is_below(party: Party, code: str = code) -> bool:
            return code in path_of(party.institution, INSTITUTIONS)

        inside = [entry for entry in facts.entries if any(map(is_below, entry.parties))]
        assert (groups[code].figures == plain_figures(inside, is_below)) if inside else code not in groups
    homeless = [entry for entry in facts.entries if not entry.parties]
    assert (groups[""].figures == plain_figures(homeless)) if homeless else "" not in groups


@pytest.mark.parametrize(
    ("cut", "attribute"),
    [(Cut.CHAIN, "chain"), (Cut.SOURCE_CLASS, "source_class"), (Cut.SIZE_CLASS, "size_class")],
)
@settings(max_examples=40)
@given(facts=month_facts())
def test_other_cuts_part_the_entries(cut: Cut, attribute: str, facts: MonthFacts) -> None:
    groups = groups_of(facts, cut)
    keys = {getattr(entry, attribute) or "" for entry in facts.entries}
    assert set(groups) == keys
    for key in keys:
        inside = [entry for entry in facts.entries if (getattr(entry, attribute) or "") == key]
        assert groups[key].figures == plain_figures(inside)
    assert sum(group.figures.entries for group in groups.values()) == len(facts.entries)


@settings(max_examples=30)
@given(month_facts())
def test_each_level_lies_within_the_one_before_in_every_group(facts: MonthFacts) -> None:
    report = compute(facts, Cut)
    for group in (report.total, *(g.figures for cut in report.cuts.values() for g in cut)):
        levels = [
            group.entries,
            group.assigned,
            group.contacted,
            group.answered,
            group.credited,
            group.disbursed,
        ]
        assert levels == sorted(levels, reverse=True)


@settings(max_examples=30)
@given(month_facts())
def test_the_order_of_the_entries_does_not_matter(facts: MonthFacts) -> None:
    turned = replace(facts, entries=facts.entries[::-1])
    assert compute(turned, Cut) == compute(facts, Cut)


def test_groups_come_in_the_order_of_their_tree_and_the_unknown_last() -> None:
    party = Party("icbc-dl", START, is_current=True)
    entries = [
        EntryFacts(f"e{n}", region, chain, "srdi", None, 1, None, START, (party,) if n else ())
        for n, (region, chain) in enumerate([("230103", None), ("230200", "food"), ("230102", "aero")])
    ]
    facts = MonthFacts("230000", "2023H2", "2023-11", UNTIL, tuple(entries), REGIONS, INSTITUTIONS, CHAINS)
    assert list(groups_of(facts, Cut.REGION)) == ["230000", "230100", "230102", "230103", "230200"]
    assert list(groups_of(facts, Cut.INSTITUTION)) == ["icbc", "icbc-hrb", "icbc-dl", ""]
    names = [group.name for group in compute(facts, [Cut.CHAIN]).cuts[Cut.CHAIN]]
    assert names == ["航空产业链", "食品产业链", "未归入产业链"]
    assert groups_of(facts, Cut.INSTITUTION)["icbc-dl"].level == "sub_branch"


def test_sums_beyond_int64_stay_exact() -> None:
    most = Credit(10**15, 3_600, 13, is_credit_loan=True)
    party = Party(LEAVES[0], START, True, START, START, START, START, (most,) * 4, 4 * 10**15)
    entries = tuple(
        EntryFacts(f"e{n}", "230102", None, "srdi", None, 10**15, True, START, (party,))
        for n in range(10_000)
    )
    facts = MonthFacts("230000", "2023H2", "2023-11", UNTIL, entries, REGIONS, INSTITUTIONS, {})
    total = compute(facts).total
    assert total.credited_fen == total.mlt_fen == total.credit_loan_fen == 4 * 10**19
    assert total.rate_weight == 4 * 10**19 * 3_600
    assert total.needed_fen == 10**19


def test_an_empty_month_has_figures_of_nothing() -> None:
    facts = MonthFacts("230000", "2023H2", "2023-11", UNTIL, (), REGIONS, INSTITUTIONS, {})
    report = compute(facts, Cut)
    assert report.total == plain_figures([])
    assert all(groups == () for groups in report.cuts.values())


def test_medium_and_long_term_means_over_twelve_months() -> None:
    def mlt_fen(months: int) -> int:
        credit = Credit(100, 345, months, is_credit_loan=False)
        party = Party("lj", START, True, START, START, START, None, (credit,))
        entry = EntryFacts("e", "230102", None, "srdi", None, 100, None, START, (party,))
        facts = MonthFacts("230000", "2023H2", "2023-11", UNTIL, (entry,), REGIONS, INSTITUTIONS, {})
        return compute(facts).total.mlt_fen

    assert [mlt_fen(months) for months in (11, 12, 13)] == [0, 0, 100]
