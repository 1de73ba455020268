"""Chain profiles: what ships is in order and named where it says, and contradictions are all told at once."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.chains.profile_checks import PlacedProfile, faults_of_profiles
from app.chains.profile_files import load_profiles, read_profiles
from app.chains.profiles import STANDARD, ChainProfile, Link, Role, Source
from app.kernel.errors import Fault, Refused
from app.kernel.settings import PROJECT_ROOT
from app.reference.book import load_reference_book

CASES = yaml.safe_load((Path(__file__).parent / "profile_faults.yaml").read_text(encoding="utf-8"))
BOOK = load_reference_book(PROJECT_ROOT / "seed")
SHIPPED = load_profiles(PROJECT_ROOT / "seed")


def faults_of(text: str) -> tuple[Fault, ...]:
    try:
        read_profiles({"a.yaml": text}, BOOK.industries, BOOK.regions)
    except Refused as refused:
        return refused.faults
    return ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_fault_of_a_file_is_told_in_one_pass(case: dict[str, Any]) -> None:
    found = faults_of(case["text"])
    told = [(fault.where.split(" ", 1)[1], fault.message) for fault in found]
    unmet = list(told)
    for where, message in case["faults"]:
        match = next((one for one in unmet if one[0] == where and one[1].startswith(message)), None)
        assert match is not None, (where, message, told)
        unmet.remove(match)
    assert unmet == []


def test_at_least_ten_chains_are_named_by_a_text_and_the_others_say_that_the_classification_carries_them() -> (
    None
):
    named = {chain.name for chain in SHIPPED if chain.is_named_by_a_text}
    assert len(named) >= 10
    assert {"生物医药产业链", "新能源产业链", "新材料产业链", "蚕桑产业链", "食品及农产品加工产业链"} <= named
    assert all(len(chain.sources) == 1 for chain in SHIPPED if not chain.is_named_by_a_text)


def test_every_source_is_a_clause_of_a_shipped_pack_or_the_classification() -> None:
    packs = [
        yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in (PROJECT_ROOT / "seed/policies").rglob("*.yaml")
    ]
    clauses = {(pack["cite_as"], str(clause["number"])) for pack in packs for clause in pack["clauses"]}
    cited = {
        (source.document, source.clause.removeprefix("（").removesuffix("）"))
        for chain in SHIPPED
        for source in chain.sources
        if source.document != STANDARD
    }
    assert len(cited) > 5
    assert cited <= clauses


def test_an_adopted_profile_is_the_jurisdictions_own_chain() -> None:
    one = SHIPPED[0].adopted("LY-01", "洛阳一号链", "410300")
    assert (one.code, one.name, one.jurisdiction, one.links) == (
        "LY-01",
        "洛阳一号链",
        "410300",
        SHIPPED[0].links,
    )
    assert one.link(one.links[0].code) == one.links[0]
    assert one.link("none") is None


CODES = "abcd"


@given(st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES)), max_size=8))
def test_a_link_upstream_of_itself_is_found_exactly_when_a_walk_comes_back(
    steps: list[tuple[str, str]],
) -> None:
    links = tuple(
        Link(code, code, Role.CORE, (), (f"{code}品",), feeds=tuple(b for a, b in steps if a == code))
        for code in CODES
    )
    chain = ChainProfile("A", "甲", (Source("丙", "1", "甲"),), links)
    faults = faults_of_profiles([PlacedProfile(chain, str)], BOOK.industries, BOOK.regions)
    comes_back = any(
        all((a, b) in steps for a, b in zip(way, (*way[1:], way[0]), strict=True))
        for size in range(1, len(CODES) + 1)
        for way in permutations(CODES, size)
    )
    assert any("upstream of itself" in fault.message for fault in faults) == comes_back
