"""Computed preferences: points at their corners, reasons that add up, and what is measured."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reference.regions import region_contains
from app.selection.market import Side
from app.selection.measures import (
    FARTHER,
    SAME_AREA,
    SAME_CITY,
    SAME_PROVINCE,
    UNKNOWN,
    Demand,
    MalformedMeasures,
    Measures,
    presence,
)
from app.selection.preferences import (
    DEFAULT_WEIGHTS,
    PARTS_OF,
    Part,
    PreferenceRules,
    acceptable,
    part_points,
    rule_faults,
    totals,
)
from app.selection.reasons import explain

RULES = PreferenceRules(contact_limit=4)
WAN = 1_000_000


def measured() -> Measures:
    """Two chains, three banks; bank 2 fits nothing, has no rate, two contacts and no capacity on record."""
    return Measures(
        ("轴承", "农机"),
        ("工行", "农行", "新行"),
        open_needs=np.array([8, 0]),
        open_amount=np.array([900 * WAN, 0]),
        fitting_needs=np.array([[6, 8, 0], [0, 0, 0]]),
        fitting_amount=np.array([[300 * WAN, 900 * WAN, 0], [0, 0, 0]]),
        held_needs=np.array([[1, 0, 0], [4, 0, 0]]),
        outlets=np.array([[3, 10, 0], [0, 0, 0]]),
        nearness=np.array([[SAME_AREA, SAME_AREA, FARTHER], [SAME_CITY, SAME_PROVINCE, FARTHER]]),
        contact_days=np.array([23, 100, 0]),
        contacts=np.array([10, 10, 2]),
        rate_bp=np.array([[385, 445, UNKNOWN], [400, 400, UNKNOWN]]),
        free_capacity=np.array([2, 20, UNKNOWN]),
    )


@pytest.mark.parametrize(
    ("part", "points"),
    [
        (Part.FIT, [[75, 100, 0], [0, 0, 0]]),
        (Part.PRESENCE, [[30, 100, 0], [50, 50, 50]]),
        (Part.RESPONSE, [[72, 0, 50], [72, 0, 50]]),
        (Part.RATE, [[100, 0, 50], [50, 50, 50]]),
        (Part.CAPACITY, [[25, 100, 50], [50, 50, 50]]),
        (Part.AMOUNT, [[100, 100, 0], [0, 0, 0]]),
        (Part.NEEDS, [[100, 100, 0], [0, 0, 0]]),
        (Part.NEARNESS, [[100, 100, 10], [70, 40, 10]]),
        (Part.HELD, [[25, 0, 0], [100, 0, 0]]),
    ],
)
def test_each_part_has_its_points_and_what_is_not_known_is_neutral(
    part: Part, points: list[list[int]]
) -> None:
    assert part_points(measured(), RULES, part).tolist() == points


def test_response_times_count_from_enough_contacts_on() -> None:
    given_two, rules = measured(), replace(RULES, least_contacts=2)
    assert part_points(given_two, rules, Part.RESPONSE)[0].tolist() == [72, 0, 100]
    assert part_points(given_two, replace(RULES, least_contacts=11), Part.RESPONSE)[0].tolist() == [
        50,
        50,
        50,
    ]


def test_reasons_say_what_was_measured() -> None:
    by_chain = explain(measured(), RULES, Side.CHAINS, 0, 0)
    assert [one.reason for one in by_chain.parts] == [
        "本链未落实的融资需求8笔，该行产品适配6笔（75%）",
        "该行在本链区域内有3个网点，最多的银行有10个",
        "首次联系平均用时2.3个工作日（10次，期限4个工作日）",
        "年利率3.85%，各行为3.85%至4.45%",
        "该行还可承接2户，本链未落实的融资需求8笔",
    ]
    assert [one.reason for one in explain(measured(), RULES, Side.CHAINS, 1, 2).parts] == [
        "本链没有未落实的融资需求",
        "各行在本链区域内均无网点，按中性计",
        "首次联系记录2次，不足5次，按中性计",
        "没有可比的利率，按中性计",
        "承接能力未填报，按中性计",
    ]
    assert [one.reason for one in explain(measured(), RULES, Side.BANKS, 0, 0).parts] == [
        "本行产品适配该链需求300万元，适配最多的产业链为300万元",
        "本行产品适配该链需求6笔，适配最多的产业链为6笔",
        "离该链最近的网点：本链区域内",
        "本行已承接该链1笔，承接最多的产业链为4笔",
    ]
    alike = explain(measured(), RULES, Side.CHAINS, 1, 0)
    assert alike.parts[3].reason == "年利率4.00%，各行相同或仅此一行，按中性计"
    assert (by_chain.is_acceptable, alike.is_acceptable) == (True, False)
    assert by_chain.citation == "洛阳（征求意见稿）（二）"


@st.composite
def _measures(draw: st.DrawFn) -> Measures:
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    wanted = rng.integers(0, 9, n)
    amount = wanted * rng.integers(1, 10**15, n)
    free = {"held_needs": 5, "outlets": 7, "nearness": 4, "rate_bp": 500}
    drawn = {name: rng.integers(-1 if name == "rate_bp" else 0, most, (n, m)) for name, most in free.items()}
    return Measures(
        tuple(f"C{c}" for c in range(n)), tuple(f"B{b}" for b in range(m)), wanted, amount,
        rng.integers(0, wanted[:, None] + 1, (n, m)), rng.integers(0, amount[:, None] + 1, (n, m)),
        contact_days=rng.integers(0, 90, m), contacts=rng.integers(0, 12, m),
        free_capacity=rng.integers(-1, 12, m), **drawn,
    )  # fmt: skip


@given(measures=_measures())
@settings(max_examples=60, deadline=None)
def test_the_explained_parts_of_every_pair_add_up_to_what_is_ranked(measures: Measures) -> None:
    for side in Side:
        total, accepts = totals(measures, RULES, side), acceptable(measures, RULES, side)
        for c in range(len(measures.chains)):
            for b in range(len(measures.banks)):
                own = (c, b) if side is Side.CHAINS else (b, c)
                found = explain(measures, RULES, side, c, b)
                assert (found.total, found.is_acceptable) == (total[own], accepts[own])
                assert all(0 <= one.points <= 100 for one in found.parts)


def test_wrong_settings_are_named_all_at_once() -> None:
    weights = dict.fromkeys(Part, 0) | {Part.FIT: -1, Part.HELD: 1_001}
    rules = PreferenceRules(contact_limit=0, least_contacts=0, least_fitting=-1, weights=weights)
    assert [one.where for one in rule_faults(rules)] == [
        "contact_limit", "least_contacts", "least_fitting", "weights.fit", "weights.held",
    ]  # fmt: skip
    assert [one.where for one in rule_faults(replace(RULES, weights=dict.fromkeys(Part, 0)))] == [
        "weights.chains", "weights.banks",
    ]  # fmt: skip
    assert rule_faults(RULES) == []
    assert [sum(DEFAULT_WEIGHTS[part] for part in PARTS_OF[side]) for side in Side] == [100, 100]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_need_counts_once_for_a_bank_however_many_of_its_products_fit(data: st.DataObject) -> None:
    chains, banks, needs = 3, 2, data.draw(st.integers(1, 6))
    of_chain = data.draw(st.lists(st.integers(0, chains - 1), min_size=needs, max_size=needs))
    amounts = data.draw(st.lists(st.integers(1, 10**15), min_size=needs, max_size=needs))
    pairs = data.draw(st.lists(st.tuples(st.integers(0, needs - 1), st.integers(0, banks - 1))))
    need, bank = (np.array([pair[at] for pair in pairs], np.int64) for at in range(2))
    found = Demand(np.array(of_chain), np.array(amounts), need, bank).tally(chains, banks)
    for c in range(chains):
        own = [i for i in range(needs) if of_chain[i] == c]
        assert (found[0][c], found[1][c]) == (len(own), sum(amounts[i] for i in own))
        for b in range(banks):
            fitting = {i for i in own if (i, b) in pairs}
            assert (found[2][c, b], found[3][c, b]) == (len(fitting), sum(amounts[i] for i in fitting))


REGIONS = ("000000", "410000", "410300", "410302", "410305", "410400", "419001", "419002", "230100", "110101")


@given(
    areas=st.lists(st.lists(st.sampled_from(REGIONS), max_size=3), min_size=1, max_size=3),
    outlets=st.lists(st.lists(st.sampled_from(REGIONS[3:]), max_size=4), min_size=1, max_size=3),
)
@settings(max_examples=120, deadline=None)
def test_presence_is_that_of_the_tree_of_regions(areas: list[list[str]], outlets: list[list[str]]) -> None:
    count, nearness = presence(areas, outlets)
    for c, own in enumerate(areas):
        for b, places in enumerate(outlets):
            inside = [place for place in places if any(region_contains(area, place) for area in own)]
            assert count[c, b] == len(inside)
            assert nearness[c, b] == min([FARTHER, *(_step(area, place) for area in own for place in places)])


def _step(area: str, place: str) -> int:
    """Counties such as 419001 are run by their province: they have no city in common."""
    if region_contains(area, place):
        return SAME_AREA
    if area[:2] != place[:2] or area == "000000":
        return FARTHER
    same_city = area[:4] == place[:4] and area[2:4] != "90"
    return SAME_CITY if same_city else SAME_PROVINCE


def test_malformed_measures_are_refused_with_every_fault() -> None:
    good = measured()
    with pytest.raises(MalformedMeasures) as refused:
        replace(good, open_needs=np.array([8]), contacts=np.array([1, 2]))
    assert len(refused.value.faults) == 2
    with pytest.raises(MalformedMeasures) as refused:
        replace(
            good,
            fitting_needs=good.fitting_needs + 1,
            nearness=good.nearness + 1,
            held_needs=-good.held_needs,
        )
    assert refused.value.faults == (
        "held_needs: a number is below 0 or above 90000000000000000",
        "fitting_needs: more than all of 轴承",
        "fitting_needs: more than all of 农机",
        "nearness: above 3",
    )


def test_every_measure_changes_the_published_hash() -> None:
    good = measured()
    others = [replace(good, chains=("轴承", "农具")).digest()]
    for each in fields(good)[2:]:
        changed = getattr(good, each.name).copy()
        changed.flat[-1] = changed.flat[-1] + (
            1 if each.name not in {"fitting_needs", "fitting_amount", "nearness"} else -1
        )
        if each.name.startswith("fitting"):
            changed = getattr(good, each.name) - (getattr(good, each.name) == getattr(good, each.name).max())
        others.append(replace(good, **{each.name: changed}).digest())
    assert len({good.digest(), *others}) == len(others) + 1
