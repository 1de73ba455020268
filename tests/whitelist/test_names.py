"""Names taken apart, by a table of invented cases."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.whitelist.name_sounds import sound_of
from app.whitelist.names import RegionPrefixes, bare_region, exact_key, normalise_company_name

TABLE = yaml.safe_load(Path(__file__).with_name("names.yaml").read_text(encoding="utf-8"))
REGIONS = RegionPrefixes.of(TABLE["regions"])


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: repr(case["name"]))
def test_a_name_is_taken_apart_into_regions_core_and_form(case: dict[str, Any]) -> None:
    parts = normalise_company_name(case["name"], REGIONS)
    assert (parts.core, list(parts.regions), parts.legal_form) == (
        case["core"],
        case["regions"],
        case["form"],
    )


@pytest.mark.parametrize(
    "written",
    [
        "白桦市鑫禾A机械(集团)有限公司",
        "白桦市鑫禾Ａ机械（集团）有限公司",
        " 白桦市　鑫禾a机械【集团】有限\u200b公司",
        "白桦市鑫禾ａ机械集团有限公司",
    ],
)
def test_width_case_spaces_and_brackets_do_not_change_the_exact_key(written: str) -> None:
    assert exact_key(written) == "白桦市鑫禾a机械集团有限公司"


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("云岭省", "云岭"),
        ("银月朝鲜族自治州", "银月"),
        ("云上自治区", "云上"),
        ("北岗地区", "北岗"),
        ("沙县", "沙县"),
        ("长庚", "长庚"),
    ],
)
def test_a_region_loses_its_level_but_keeps_two_characters(name: str, bare: str) -> None:
    assert bare_region(name) == bare


@given(st.text(max_size=80))
def test_any_text_is_accepted(text: str) -> None:
    parts = normalise_company_name(text, REGIONS)
    assert bool(parts.core) == bool(parts.exact_key)


PLACES = ["白桦市", "青石", "云岭省", "市", "区"]
PIECES = [
    *PLACES,
    "鑫禾",
    "Ａb",
    "（",
    ")",
    "\u3000",
    "😀",
    "集团",
    "有限",
    "责任",
    "公司",
    "股份",
    "厂",
    "分",
]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_taking_a_key_apart_gives_the_parts_of_its_name(text: str) -> None:
    parts = normalise_company_name(text, REGIONS)
    assert normalise_company_name(parts.exact_key, REGIONS) == parts
    assert all(region in parts.exact_key for region in parts.regions)


@pytest.mark.parametrize(
    ("one", "other"), [("盛兴", "晟星"), ("鑫源", "新元"), ("宏达", "鸿大"), ("旅", "律")]
)
def test_homophones_have_one_sound(one: str, other: str) -> None:
    assert sound_of(one) == sound_of(other)


@pytest.mark.parametrize(("one", "other"), [("盛", "胜利"), ("金", "京"), ("旅", "路"), ("a", "b")])
def test_other_syllables_and_unknown_characters_stay_apart(one: str, other: str) -> None:
    assert sound_of(one) != sound_of(other)


@given(st.text(max_size=40))
def test_spelling_by_sound_keeps_every_position(text: str) -> None:
    assert len(sound_of(text)) == len(text)
