"""Which known name is meant: exact keys, near names, places, duplicates, and a brute-force oracle. All names are invented."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from app.whitelist.name_grams import GramBlock, GramIndex, Vocabulary, bags_of
from app.whitelist.name_index import ACCEPT, REVIEW, Candidate, NameIndex, table_of
from app.whitelist.names import RegionPrefixes, normalise_company_name
from tests.whitelist.duplicates import find_duplicates

REGION_NAMES = ["云岭省", "白桦市", "青石县", "赤水湾市"]
BRANDS = ["鑫禾", "盛兴", "远帆", "天璐", "宏岳", "佳穗", "博睿达", "明川", "泰和源", "北辰"]
TRADES = ["机械制造", "粮油贸易", "木业", "饲料", "电子科技", "建材", "食品加工"]
KNOWN = [
    f"{place}{brand}{trade}有限公司" for place in ("白桦市", "青石县") for brand in BRANDS for trade in TRADES
]
CODES = ["990100" if name.startswith("白桦") else "990221" for name in KNOWN]


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex.build(KNOWN, CODES, REGION_NAMES)


def best(index: NameIndex, name: str, code: str | None = None) -> Candidate:
    (found,) = index.resolve([name], [code])
    return found[0]


def test_a_name_equal_but_for_width_and_brackets_is_exact_stands_first_and_is_accepted(
    index: NameIndex,
) -> None:
    found = best(index, "（白桦市） 盛兴木业　有限公司")
    assert (KNOWN[found.position], found.exact, found.verdict) == ("白桦市盛兴木业有限公司", True, "accept")


@pytest.mark.parametrize(
    "written",
    [
        "云岭省白桦市盛兴电子科技有限公司",  # a wider region in front
        "白桦盛兴电子科技有限责任公司",  # the region without its level, another spelling of the form
        "白桦市盛兴电子科技",  # no form
        "白桦市晟兴电子科技有限公司",  # a homophone
        "白桦市盛兴电了科技有限公司",  # a look-alike
        "白桦市盛电子科技有限公司",  # a character dropped
        "白桦市盛盛兴电子科技有限公司",  # doubled
        "白桦市兴盛电子科技有限公司",  # swapped
        "白桦市盛兴电子科技有限公同",  # a slip in the form
    ],
)
def test_the_firm_is_found_first_and_kept_for_review_at_least(index: NameIndex, written: str) -> None:
    found = best(index, written, "990100")
    assert KNOWN[found.position] == "白桦市盛兴电子科技有限公司"
    assert found.verdict in {"accept", "review"}


def test_equally_good_rivals_share_the_score_and_go_to_review(index: NameIndex) -> None:
    (found,) = index.resolve(["盛兴电子科技有限公司"], [None])
    assert {KNOWN[c.position] for c in found[:2]} == {
        "白桦市盛兴电子科技有限公司",
        "青石县盛兴电子科技有限公司",
    }
    assert [c.verdict for c in found[:2]] == ["review", "review"]
    assert found[0].score < ACCEPT
    assert found[0].likeness >= REVIEW


def test_the_region_code_tells_equally_named_rivals_apart(index: NameIndex) -> None:
    assert KNOWN[best(index, "盛兴电子科技有限公司", "990221").position] == "青石县盛兴电子科技有限公司"
    assert KNOWN[best(index, "盛兴电子科技有限公司", "990100").position] == "白桦市盛兴电子科技有限公司"


def test_a_firm_that_is_not_known_is_not_accepted(index: NameIndex) -> None:
    strangers = ["白桦市紫藤木业有限公司", "青石县大漠粮油贸易集团", "Zephyr Ltd"]
    answers = index.resolve(strangers, [None] * 3)
    assert answers[0]
    assert all(c.verdict != "accept" for found in answers for c in found)


def test_an_only_candidate_is_not_accepted_for_lack_of_rivals() -> None:
    index = NameIndex.build(["白桦市盛兴木业有限公司", "青石县远帆饲料厂"], [None, None], REGION_NAMES)
    (found,) = index.resolve(["白桦市紫藤木业有限公司"], [None])
    assert [(c.position, c.verdict) for c in found] == [(0, "none")]


def test_one_name_known_twice_is_offered_twice_and_never_accepted() -> None:
    index = NameIndex.build(["盛兴木业有限公司", "远帆饲料厂", "盛兴木业（有限公司）"], [None] * 3, [])
    (found,) = index.resolve(["盛兴木业有限公司"], [None])
    assert [(c.position, c.exact, c.verdict) for c in found[:2]] == [(0, True, "review"), (2, True, "review")]


def test_odd_names_are_answered_and_not_refused(index: NameIndex) -> None:
    odd = ["", "   ", "（）", "😀😀", "有限公司", "a", "鑫" * 5_000, "\ud800", "\x00", "白桦市" * 300]
    answers = index.resolve(odd, ["", "x", "９９０１００", None, "0", "12345678", None, None, None, None])
    assert len(answers) == len(odd)
    assert answers[0] == answers[1] == answers[2] == []
    grown = NameIndex.build([*odd, *KNOWN], [None] * (len(odd) + len(KNOWN)), REGION_NAMES)
    assert grown.resolve(["😀😀"], [None])[0][0].position == odd.index("😀😀")
    assert find_duplicates(odd) == []


def test_an_empty_index_and_no_names_answer_nothing() -> None:
    empty = NameIndex.build([], [], REGION_NAMES)
    assert empty.resolve(["白桦市盛兴木业有限公司"], [None]) == [[]]
    assert empty.resolve([], []) == []
    assert find_duplicates([]) == []


def test_names_and_codes_of_different_length_are_refused(index: NameIndex) -> None:
    with pytest.raises(ValueError, match="2 names but 1 region codes"):
        index.resolve(["a", "b"], [None])


def test_answers_depend_on_neither_company_order_nor_threads(index: NameIndex) -> None:
    asked = [name.replace("有限公司", "")[1:] for name in KNOWN]
    codes = [None, "990100", "990221", "990000"] * (len(asked) // 4)
    together = index.resolve(asked, codes)
    assert index.resolve(asked[::-1], codes[::-1], workers=3) == together[::-1]
    assert [
        index.resolve([a], [c], workers=1)[0] for a, c in zip(asked[:20], codes, strict=False)
    ] == together[:20]


def test_shuffling_the_known_names_changes_positions_only(index: NameIndex) -> None:
    order = random.Random(5).sample(range(len(KNOWN)), len(KNOWN))
    shuffled = NameIndex.build([KNOWN[i] for i in order], [CODES[i] for i in order], REGION_NAMES)
    for written in ["白桦盛兴电子科技", "青石县远航木业有限公司", "白桦市北辰建才有限公司"]:
        one, other = best(index, written), best(shuffled, written)
        assert KNOWN[one.position] == KNOWN[order[other.position]]
        assert one.score == pytest.approx(other.score, abs=1e-6)


def test_duplicates_within_a_roster_are_found_and_distinct_firms_are_not() -> None:
    roster = [
        "白桦市盛兴电子科技有限公司",
        "青石县远帆粮油贸易有限公司",
        "云岭省白桦市盛兴电子科技有限责任公司",
        "青石县远帆粮油贸易（有限公司）",
        "白桦市明川木业有限公司",
        "青石县远帆粮油贸易有限公司",
    ]
    pairs = find_duplicates(roster, None, REGION_NAMES)
    assert [(p.first, p.second) for p in pairs] == [(0, 2), (1, 3), (1, 5)]
    assert [p.likeness for p in pairs[1:]] == [1.0, 1.0]


SLIPS = st.tuples(st.sampled_from(KNOWN), st.integers(0, 8), st.sampled_from("鑫兴川禾木口"))


def slip(written: tuple[str, int, str]) -> str:
    name, at, character = written
    return name[:at] + character + name[at + 1 :]


@settings(max_examples=40)
@given(st.lists(SLIPS.map(slip), max_size=30))
def test_duplicates_are_symmetric(roster: list[str]) -> None:
    last = len(roster) - 1
    forth = {
        (p.first, p.second): p.likeness for p in find_duplicates(roster, None, REGION_NAMES, at_least=0.3)
    }
    back = find_duplicates(roster[::-1], None, REGION_NAMES, at_least=0.3)
    near = {(last - p.second, last - p.first): p.likeness for p in back}
    for pair in forth | near:
        if (
            forth.get(pair, 0) != 1 and near.get(pair, 0) != 1
        ):  # equal keys are paired with the first of them only
            assert forth.get(pair, 0.3) == pytest.approx(near.get(pair, 0.3), abs=1e-4)


@settings(max_examples=40)
@given(st.lists(SLIPS.map(slip), max_size=40), st.integers(1, 20))
def test_duplicates_do_not_depend_on_how_many_names_are_indexed_at_once(roster: list[str], size: int) -> None:
    whole = find_duplicates(roster, None, REGION_NAMES, at_least=0.3)
    assert find_duplicates(roster, None, REGION_NAMES, at_least=0.3, at_once=size) == whole


def test_a_long_roster_indexed_in_blocks_gives_the_pairs_of_one_index() -> None:
    rng = random.Random(11)
    roster = [slip((rng.choice(KNOWN), rng.randrange(12), rng.choice("鑫兴川禾木口"))) for _ in range(1_500)]
    whole = find_duplicates(roster, None, REGION_NAMES)
    assert len(whole) > 1_000
    assert find_duplicates(roster, None, REGION_NAMES, at_once=200) == whole


@settings(max_examples=40)
@given(st.lists(SLIPS.map(slip), min_size=1, max_size=40), st.integers(1, 20), st.integers(1, 20))
def test_answers_do_not_depend_on_how_the_known_names_are_cut(known: list[str], cut: int, size: int) -> None:
    regions = RegionPrefixes.of(REGION_NAMES)
    table = table_of(known, [None] * len(known), regions)
    cuts = NameIndex.of(list(table.pieces(cut)), [], regions=regions, at_once=size)
    whole = NameIndex.build(known, [None] * len(known), REGION_NAMES)
    asked = [*KNOWN[:30], "", "紫藤"]
    assert cuts.resolve(asked, [None] * len(asked)) == whole.resolve(asked, [None] * len(asked))


def oracle(written: str, known: list[str], regions: RegionPrefixes) -> tuple[int, float, float]:
    """Plain scan: Indel similarity of region and core, best first."""
    body = normalise_company_name(written, regions).body
    scores = [Indel.normalized_similarity(body, normalise_company_name(name, regions).body) for name in known]
    order = sorted(range(len(known)), key=lambda i: (-scores[i], i))
    return order[0], scores[order[0]], scores[order[1]]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(KNOWN), min_size=2, max_size=25, unique=True), SLIPS.map(slip))
def test_where_a_plain_scan_is_sure_the_index_agrees(known: list[str], written: str) -> None:
    position, score, second = oracle(written, known, RegionPrefixes.of(REGION_NAMES))
    found = NameIndex.build(known, [None] * len(known), REGION_NAMES).resolve([written], [None])[0]
    if score >= 0.75 and score - second >= 0.2:
        assert found[0].position == position


def plain_terms(text: str) -> tuple[set[str], set[str]]:
    """Pairs one and two apart and triples of the marked text; Latin letters sound as they are written."""
    marked = f"\x01{text}\x02"
    near = {marked[i : i + 2] for i in range(len(marked) - 1)}
    apart = {marked[i] + marked[i + 2] for i in range(len(marked) - 2)}
    return near | apart, {marked[i : i + 3] for i in range(len(marked) - 2)}


@settings(max_examples=60)
@given(
    st.lists(st.text("abcd", min_size=1, max_size=6), min_size=1, max_size=12),
    st.text("abcde", min_size=1, max_size=6),
)
def test_neighbours_have_the_cosine_that_counting_terms_by_hand_gives(known: list[str], asked: str) -> None:
    vocabulary = Vocabulary.of([bags_of(known, known)])
    block = GramBlock.of(bags_of(known, known), np.full((len(known), 1), -1), vocabulary)
    none = np.full((1, 1), -1)
    index = GramIndex(vocabulary, [block])
    found = index.nearest(bags_of([asked], [asked]), none, k=len(known), bonus=0.1, workers=1)

    weighted = [
        dict.fromkeys(pairs, 1.0) | dict.fromkeys(triples, 0.5) for pairs, triples in map(plain_terms, known)
    ]
    counts = Counter(term for terms in weighted for term in terms)
    query = dict.fromkeys(plain_terms(asked)[0], 1.0) | dict.fromkeys(plain_terms(asked)[1], 0.5)
    total = len(known) + 1

    def square(terms: dict[str, float], kept: dict[str, float]) -> float:
        return sum((w * math.log(total / counts.get(t, 1))) ** 2 for t, w in terms.items() if t in kept)

    expected = {}
    for row, terms in enumerate(weighted):
        shared = square(terms, query)
        if shared:
            expected[row] = shared / math.sqrt(square(terms, terms) * square(query, query))
    got = {int(row): float(c) for row, c in zip(found.rows[0], found.cosines[0], strict=True) if row >= 0}
    assert got == pytest.approx(expected, abs=1e-5)
    ranked = list(zip(-found.cosines[0], found.rows[0], strict=True))[: len(got)]
    assert ranked == sorted(ranked)
