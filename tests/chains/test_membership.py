"""Membership proposed: cases against the shipped profiles, the batch against the plain function, and the rules."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chains.core_firms import SizedMember, as_core, largest_of_links
from app.chains.evidence import CoreNaming, CoreRelation, Traits
from app.chains.membership import Answer, Confidence, propose
from app.chains.membership_batch import propose_all
from app.chains.profile_files import load_profiles
from app.chains.profiles import ChainProfile, Link, Role, of_industries
from app.chains.rules import ChainBook, ChainInForce
from app.kernel.settings import PROJECT_ROOT
from app.reference.regions import region_contains

CASES = yaml.safe_load((Path(__file__).parent / "membership_cases.yaml").read_text(encoding="utf-8"))
SHIPPED = load_profiles(PROJECT_ROOT / "seed")
WORDS = ["大米", "轴承", "轴承座", "电机", "发电机", "风电机组", "造纸", "纸箱"]
SCOPES = st.lists(
    st.sampled_from([*WORDS, "生产", "销售", "服务", "研发", "制造", "组装", "、", "，", "：", "；", "及"]),
    max_size=10,
).map("".join)
INDUSTRIES = st.sampled_from([None, "C3", "C38", "C381", "C3811", "C13", "C1311", "K70"])
REGIONS = st.sampled_from([None, "230102", "410302", "500114"])


@st.composite
def chains(draw: st.DrawFn) -> ChainProfile:
    def link(number: int) -> Link:
        words = tuple(draw(st.lists(st.sampled_from(WORDS), max_size=3, unique=True)))
        return Link(
            f"l{number}", f"环节{number}", draw(st.sampled_from(Role)),
            tuple(draw(st.lists(st.sampled_from(["C38", "C381", "C3811", "C1311"]), max_size=2, unique=True))),
            words, tuple(draw(st.lists(st.sampled_from(WORDS), max_size=2, unique=True))),
        )  # fmt: skip

    code = draw(st.sampled_from("ABCDE"))
    area = draw(st.sampled_from(["000000", "230000", "230100", "410300"]))
    return ChainProfile(code, f"{code}链", (), tuple(link(n) for n in range(draw(st.integers(1, 3)))), area)


MADE_UP = st.lists(chains(), max_size=4, unique_by=lambda chain: chain.code)
FIRMS = st.builds(
    Traits,
    subject=st.just("firm"),
    name=st.sampled_from(["", "白桦轴承厂", "青石风电机组公司", "某某贸易"]),
    region=REGIONS,
    industry=INDUSTRIES,
    is_industry_inferred=st.booleans(),
    scope=SCOPES,
    relations=st.lists(
        st.builds(CoreRelation, st.sampled_from("ABC"), st.just("核心厂"), st.sampled_from([Role.UPSTREAM, Role.DOWNSTREAM])),
        max_size=2,
    ).map(tuple),
    namings=st.lists(st.builds(CoreNaming, st.sampled_from("ABC"), st.just("市工信局")), max_size=1).map(tuple),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_firms_of_the_cases_get_their_chain_with_its_ground(case: dict[str, Any]) -> None:
    traits = Traits(
        "f", case.get("name", ""), None, case.get("industry"), case.get("is_inferred", False), case.get("scope", "")
    )  # fmt: skip
    answer = propose(traits, SHIPPED)
    assert propose_all([traits], SHIPPED) == [answer]
    if "none" in case:
        assert (answer.proposals, case["none"] in answer.why_none) == ((), True), answer
        return
    main = answer.main
    assert main is not None, answer.why_none
    assert f"{main.chain}/{main.link} {main.role} {main.confidence}" == case["is"]
    assert {one.chain for one in answer.proposals[1:]} >= set(case.get("also", []))


@given(st.lists(FIRMS, max_size=4), MADE_UP)
@settings(max_examples=40)
def test_the_batch_answers_what_the_plain_function_answers_of_each_firm(
    firms: list[Traits], known: list[ChainProfile]
) -> None:
    assert propose_all(firms, known) == [propose(firm, known) for firm in firms]


@settings(max_examples=40)
@given(FIRMS, MADE_UP, st.randoms())
def test_the_order_of_the_chains_plays_no_part(firm: Traits, known: list[ChainProfile], chance: Any) -> None:
    shuffled = chance.sample(known, len(known))
    assert propose(firm, known) == propose(firm, shuffled)


@settings(max_examples=40)
@given(FIRMS, MADE_UP)
def test_nobody_is_a_core_firm_by_industry_or_words_and_no_chain_reaches_beyond_its_region(
    firm: Traits, known: list[ChainProfile]
) -> None:
    named = {naming.chain for naming in firm.namings}
    by_code = {chain.code: chain for chain in known}
    answer = propose(firm, known)
    assert bool(answer.proposals) != bool(answer.why_none)
    for one in answer.proposals:
        assert (one.role is Role.CORE) == (one.chain in named)
        assert firm.region is None or region_contains(by_code[one.chain].jurisdiction, firm.region)
        assert one.confidence is not Confidence.LIST or one.chain in {
            relation.chain for relation in firm.relations
        }


@settings(max_examples=40)
@given(FIRMS, MADE_UP)
def test_what_is_only_traded_adds_nothing(firm: Traits, known: list[ChainProfile]) -> None:
    bare = replace(firm, scope="", name="", is_industry_inferred=False)
    traded = replace(bare, scope="销售：大米、轴承、发电机；轴承批发")
    assert propose(traded, known).proposals == propose(bare, known).proposals


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("ABCD"), st.sampled_from(["000000", "230000", "230100"]),
                       st.lists(st.sampled_from(["C", "C3", "C35", "C357", "C3572"]), max_size=3)),
             max_size=4, unique_by=lambda one: one[0]),
    st.sampled_from(["C3572", "C35", "C1311"]), REGIONS,
)  # fmt: skip
def test_by_industry_alone_the_narrowest_code_then_the_narrowest_region_then_the_first_code_wins(
    drawn: list[tuple[str, str, list[str]]], industry: str, region: str | None
) -> None:
    book = ChainBook.build(ChainInForce(code, code, area, tuple(codes)) for code, area, codes in drawn)
    candidates = [
        (-len(found), -len(area.rstrip("0")), code)
        for code, area, codes in drawn
        if region is None or region_contains(area, region)
        for found in codes
        if industry.startswith(found)
    ]
    assert book.propose_chain(industry, region) == (min(candidates)[2] if candidates else None)


def one_link(code: str, *words: str, role: Role = Role.UPSTREAM) -> ChainProfile:
    return ChainProfile(code, f"{code}链", (), (Link("x", "某环节", role, (), words),))


def main_of(answer: Answer) -> str | None:
    return answer.main.chain if answer.main else None


def test_of_words_the_one_made_first_then_the_name_then_the_unsaid_decides() -> None:
    known = [one_link("A", "大米"), one_link("B", "轴承")]
    assert main_of(propose(Traits("f", scope="轴承生产；大米加工"), known)) == "B"
    assert main_of(propose(Traits("f", "大米公司", scope="服装；轴承生产"), known)) == "B"
    assert main_of(propose(Traits("f", "大米公司", scope="轴承；服装"), known)) == "A"
    assert propose(Traits("f", scope="轴承；服装"), known).proposals == ()


def coded(code: str, industry: str, *words: str) -> ChainProfile:
    return ChainProfile(code, f"{code}链", (), (Link("x", "某环节", Role.UPSTREAM, (industry,), words),))


@pytest.mark.parametrize(
    ("scope", "is_inferred", "chains_in_order"),
    [
        ("轴承、大米加工", True, ["B", "A"]),
        ("轴承、服装、大米加工", True, ["A", "B"]),
        ("轴承、服装、大米加工", False, ["B", "A"]),
        ("轴承加工", False, ["B", "A"]),
        ("轴承加工", True, ["A"]),
    ],
)
def test_a_declared_industry_goes_before_words_and_an_inferred_one_moves_its_link_one_item_forward(
    scope: str, chains_in_order: list[str], *, is_inferred: bool
) -> None:
    known = [one_link("A", "轴承"), coded("B", "C131", "大米")]
    firm = Traits("f", industry="C1311", is_industry_inferred=is_inferred, scope=scope)
    assert [one.chain for one in propose(firm, known).proposals] == chains_in_order


def test_at_most_three_chains_are_proposed_and_a_division_alone_adds_none_to_a_better_one() -> None:
    known = [*(one_link(code, word) for code, word in zip("ABCD", WORDS, strict=False)), coded("E", "C13")]
    many = propose(Traits("f", industry="C1311", scope="大米、轴承、轴承座、电机加工"), known)
    assert len(many.proposals) == 3
    few = propose(Traits("f", industry="C1311", scope="大米加工"), known)
    assert [one.chain for one in few.proposals] == ["A"]
    alone = propose(Traits("f", industry="C1311"), known)
    assert [(one.chain, one.confidence) for one in alone.proposals] == [("E", Confidence.BROAD)]


def test_a_core_firms_list_stands_before_all_other_evidence_and_gives_the_role() -> None:
    known = [one_link("A", "大米"), one_link("B", "轴承", role=Role.CORE)]
    listed = (CoreRelation("B", "青石重工", Role.DOWNSTREAM),)
    answer = propose(Traits("f", scope="大米加工", relations=listed), known)
    assert [(one.chain, one.link, one.role) for one in answer.proposals] == [
        ("B", None, Role.DOWNSTREAM), ("A", "x", Role.UPSTREAM),
    ]  # fmt: skip
    assert "青石重工名单所列经销商（洛阳（征求意见稿）（四）核心企业名单）" in answer.proposals[0].reason


def test_the_reason_names_what_carried_the_proposal() -> None:
    main = propose(Traits("f", industry="C2720", scope="片剂生产"), SHIPPED).main
    assert main is not None
    assert main.reason == (
        "生物医药产业链“药品制剂和生物制品”环节：行业C2720属该环节的中小类C272；经营范围写明生产加工“片剂”；"
        "链主须经提名或为环节内规模最大，仅凭行业和用词先按配套提出。"
    )


SIZES = st.lists(
    st.tuples(
        st.sampled_from(["large", "small", None]),
        st.none() | st.integers(1, 4),
        st.none() | st.integers(1, 4),
    ),
    max_size=5,
)


@settings(max_examples=40)
@given(SIZES)
def test_the_largest_of_a_core_link_is_proposed_only_where_three_can_be_compared(
    drawn: list[tuple[str | None, int | None, int | None]],
) -> None:
    known = [one_link("A", "轴承", role=Role.CORE), one_link("B", "大米")]
    members = [SizedMember(str(i), "A", "x", *sizes) for i, sizes in enumerate(drawn)]
    others = [replace(member, chain="B") for member in members]
    column = next((n for n in (1, 2) if sum(one[n] is not None for one in drawn) >= 3), None)
    expected = []
    if column is not None:
        most = max(one[column] or 0 for one in drawn)
        top = [i for i, one in enumerate(drawn) if one[column] == most]
        expected = [str(top[0])] if len(top) == 1 and drawn[top[0]][0] != "small" else []
    assert [one.subject for one in largest_of_links([*members, *others], known)] == expected


def test_a_largest_firm_is_a_core_firm_with_the_figure_in_its_reason() -> None:
    known = [one_link("A", "轴承", role=Role.CORE)]
    proposal = propose(Traits("2", scope="轴承生产"), known).main
    members = [SizedMember(str(i), "A", "x", "large", i * 100, None) for i in range(3)]
    assert proposal is not None
    named = as_core(proposal, largest_of_links(members, known)[0])
    assert (named.role, "营业收入2.00元，在本环节有该数据的3户中最大" in named.reason) == (Role.CORE, True)


def test_a_chain_known_by_its_industries_proposes_its_firms_as_supporting() -> None:
    main = propose(Traits("f", industry="C3572"), [of_industries("A", "甲", "000000", ["C357"])]).main
    assert main is not None
    assert (main.chain, main.role, main.confidence) == ("A", Role.SUPPORTING, Confidence.NARROW)
