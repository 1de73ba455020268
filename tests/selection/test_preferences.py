"""Computed preferences: points at their corners, reasons that add up, and what is measured."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from math import floor
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reference.regions import region_contains
from app.selection import demand
from app.selection.archive import measures_as_json, measures_from_json, packed, unpacked
from app.selection.demand import Demand
from app.selection.market import Side
from app.selection.measures import (
    FARTHER,
    SAME_AREA,
    SAME_CITY,
    SAME_PROVINCE,
    UNKNOWN,
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
PUBLISHED_BEFORE = "e6f58ccb707aecbeb7a4691b48d1dd1991f1ead087d9412f499c11e6b1e9c1a8"
"""The hash of `measured` from the time when outlets counted in whole jurisdictions only."""
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
        "该行在本链所属地区（未写明覆盖地区）有3个网点，最多的银行有10个",
        "首次联系平均用时2.3个工作日（10次，期限4个工作日）",
        "年利率3.85%，各行为3.85%至4.45%",
        "该行还可承接2户，本链未落实的融资需求8笔",
    ]
    assert [one.reason for one in explain(measured(), RULES, Side.CHAINS, 1, 2).parts] == [
        "本链没有未落实的融资需求",
        "各行在本链所属地区（未写明覆盖地区）均无网点，按中性计",
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
    drawn: dict[str, Any] = {
        name: rng.integers(-1 if name == "rate_bp" else 0, most, (n, m)) for name, most in free.items()
    }
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
@settings(max_examples=120, deadline=None)
def test_a_need_counts_once_for_a_bank_however_many_of_its_products_fit_at_the_lowest_price(
    data: st.DataObject,
) -> None:
    chains, banks, needs, products = 3, 2, data.draw(st.integers(0, 6)), data.draw(st.integers(0, 4))
    of_chain = data.draw(st.lists(st.integers(0, chains - 1), min_size=needs, max_size=needs))
    amounts = data.draw(st.lists(st.integers(1, 10**15), min_size=needs, max_size=needs))
    some = st.lists(st.integers(0, products - 1), unique=True).map(sorted) if products else st.just([])
    fits = data.draw(st.lists(some, min_size=needs, max_size=needs))
    price = data.draw(st.lists(st.integers(UNKNOWN, 9), min_size=products, max_size=products))
    each_side = st.lists(st.integers(0, banks - 1), unique=True)
    sellers = data.draw(st.lists(each_side, min_size=products, max_size=products))
    asked = Demand(
        np.array(of_chain, np.int64), np.array(amounts, np.int64),
        np.cumsum([0, *map(len, fits)]), np.array([p for each in fits for p in each], np.int64),
        np.array(price, np.int64),
        np.cumsum([0, *map(len, sellers)]), np.array([b for each in sellers for b in each], np.int64),
    )  # fmt: skip
    with patch.object(demand, "CELLS_AT_ONCE", data.draw(st.sampled_from((1, 4, 10**6)))):
        found = asked.tally(chains, banks)
    for c in range(chains):
        own = [i for i in range(needs) if of_chain[i] == c]
        assert (found.open_needs[c], found.open_amount[c]) == (len(own), sum(amounts[i] for i in own))
        for b in range(banks):
            offered = {i: [price[p] for p in fits[i] if b in sellers[p]] for i in own}
            fitting = [i for i in own if offered[i]]
            assert (found.fitting_needs[c, b], found.fitting_amount[c, b]) == (
                len(fitting),
                sum(amounts[i] for i in fitting),
            )
            lowest = [min(known) for i in fitting if (known := [p for p in offered[i] if p != UNKNOWN])]
            mean = floor(Fraction(sum(lowest), len(lowest)) + Fraction(1, 2)) if lowest else UNKNOWN
            assert found.rate_bp[c, b] == mean


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


SONGBEI, HARBIN, SUIHUA = "230109", "230100", "231200"


@pytest.mark.parametrize(
    ("areas", "outlet", "count", "near"),
    [
        ([SONGBEI], HARBIN, 0, SAME_CITY),  # just above: the city's branch sits in no county of it
        ([SONGBEI], SONGBEI, 1, SAME_AREA),
        ([SONGBEI], "230110", 0, SAME_CITY),  # the county beside it
        ([HARBIN], SONGBEI, 1, SAME_AREA),  # just below
        ([HARBIN], HARBIN, 1, SAME_AREA),
        ([HARBIN], "230000", 0, SAME_PROVINCE),
        ([HARBIN], SUIHUA, 0, SAME_PROVINCE),
        ([SONGBEI, SUIHUA], "231202", 1, SAME_AREA),  # several places: the nearest counts
        ([HARBIN, SONGBEI], SONGBEI, 1, SAME_AREA),  # one within another: once
    ],
)
def test_outlets_count_in_the_places_of_a_chain_and_what_lies_below_them(
    areas: list[str], outlet: str, count: int, near: int
) -> None:
    found = presence([areas], [[outlet]])
    assert (found[0].tolist(), found[1].tolist()) == ([[count]], [[near]])


def test_the_reason_says_where_outlets_were_counted() -> None:
    places = (("230109 松北区", "230111 呼兰区"), ("1 甲", "2 乙", "3 丙", "4 丁"))
    told = replace(measured(), covered=places)
    assert [explain(told, RULES, Side.CHAINS, c, 0).parts[1].reason for c in range(2)] == [
        "该行在本链覆盖的松北区、呼兰区有3个网点，最多的银行有10个",
        "各行在本链覆盖的甲、乙、丙等4个地区均无网点，按中性计",
    ]


def test_places_are_kept_with_the_measures_and_those_of_before_keep_their_hash() -> None:
    plain, told = measured(), replace(measured(), covered=((), ("230109 松北区", "230111 呼兰区")))
    assert plain.digest() == PUBLISHED_BEFORE
    assert told.digest() != plain.digest()
    for one in (plain, told):
        assert unpacked(packed(one)).digest() == one.digest()
        assert measures_from_json(measures_as_json(one)).digest() == one.digest()
    assert unpacked(packed(told)).covered == told.covered
    assert told.of_chain(1).covered == told.covered[1:]
    assert told.of_bank(2).covered == told.covered
    with pytest.raises(MalformedMeasures, match="covered: 1 chains, expected 2"):
        replace(plain, covered=(("230109 松北区",),))


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
    for each in fields(good)[2:-1]:
        changed = getattr(good, each.name).copy()
        changed.flat[-1] = changed.flat[-1] + (
            1 if each.name not in {"fitting_needs", "fitting_amount", "nearness"} else -1
        )
        if each.name.startswith("fitting"):
            changed = getattr(good, each.name) - (getattr(good, each.name) == getattr(good, each.name).max())
        others.append(replace(good, **{each.name: changed}).digest())
    assert len({good.digest(), *others}) == len(others) + 1
