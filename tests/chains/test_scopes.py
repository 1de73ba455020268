"""Reading business scopes: stances by hand-written cases, and reading that does not depend on what stands elsewhere."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.chains.evidence import words_in
from app.chains.scopes import items_of, items_of_phrase, phrases, verbs_at

CASES = yaml.safe_load((Path(__file__).parent / "scope_items.yaml").read_text(encoding="utf-8"))
PIECES = st.lists(
    st.sampled_from(
        [
            "生产",
            "销售",
            "加工",
            "大米",
            "轴承",
            "、",
            "，",
            "：",
            "；",
            "。",
            "（",
            "）",
            "及",
            "服务",
            "印刷",
        ]
    ),
    max_size=14,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["scope"] or "empty")
def test_a_scope_tells_what_is_made_and_what_is_only_traded(case: dict[str, Any]) -> None:
    assert {item.text: item.stance.name.lower() for item in items_of(case["scope"])} == case["items"]


@given(PIECES, PIECES)
def test_phrases_are_read_each_by_itself(one: list[str], other: list[str]) -> None:
    scope = "；".join("".join(part).replace("（", "").replace("）", "") for part in (one, other))
    assert items_of(scope) == [item for phrase in phrases(scope) for item in items_of_phrase(phrase)]


@given(PIECES.map("".join))
def test_any_text_is_read_to_an_end_and_nothing_is_added_to_it(scope: str) -> None:
    left = scope
    for item in items_of(scope):
        assert item.text
        for character in item.text:
            left = left.replace(character, "", 1)
    assert len(scope) - len(left) == sum(len(item.text) for item in items_of(scope))


@pytest.mark.parametrize(
    ("item", "words", "excluded", "found"),
    [
        ("制造纸箱", ("造纸", "纸箱"), (), ["纸箱"]),
        ("研发电机", ("发电机", "电机"), (), ["电机"]),
        ("批发电机", ("电机",), ("发电机",), ["电机"]),
        ("发电机组装", ("发电机", "发电机组"), (), ["发电机"]),
        ("发电机组组装", ("发电机组",), (), ["发电机组"]),
        ("零件加工", ("零件加工", "加工"), (), ["零件加工", "加工"]),
        ("数码印刷", ("数码印", "印刷"), (), ["数码印", "印刷"]),
    ],
)
def test_a_word_that_begins_or_ends_within_a_verb_does_not_stand_there(
    item: str, words: tuple[str, ...], excluded: tuple[str, ...], found: list[str]
) -> None:
    assert words_in(item, words, excluded, verbs_at(item)) == found
