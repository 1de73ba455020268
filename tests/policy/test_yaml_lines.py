"""YAML with lines: plain data, exact numbers, nothing that expands or executes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Fault
from app.policy.yaml_lines import MOST_CHARACTERS, MOST_EVENTS, path_of, path_text, read_yaml

KEYS = st.text("abcdefg", min_size=1, max_size=4)
LEAVES = st.integers(-(10**17), 10**17) | st.booleans() | st.none() | st.text("甲乙a b", max_size=5)
TREES = st.recursive(
    LEAVES, lambda parts: st.lists(parts, max_size=3) | st.dictionaries(KEYS, parts, max_size=3), max_leaves=9
)


@given(st.dictionaries(KEYS, TREES, max_size=3))
def test_what_a_yaml_writer_wrote_is_read_back(data: dict[str, Any]) -> None:
    faults: list[Fault] = []
    text = yaml.safe_dump(data, allow_unicode=True)
    if "&id" not in text:  # the writer shares equal empty lists by alias
        assert read_yaml(text, "f.yaml", faults)[0] == data
        assert faults == []


def test_scalars_are_exact_and_words_stay_words() -> None:
    text = "a: 2.50\nb: 2023-10-12\nc: on\nd: no\ne: 000000\nf: '12'\ng: ~\nh: 12\non: true\n"
    data, _ = read_yaml(text, "f.yaml", [])
    assert data == {
        "a": Decimal("2.50"), "b": date(2023, 10, 12), "c": "on", "d": "no", "e": "000000",
        "f": "12", "g": None, "h": 12, "on": True,
    }  # fmt: skip


def test_each_key_and_item_knows_its_line() -> None:
    _, line_of = read_yaml("a:\n  - b: 1\n    c: 2\n  -\n    b: 3\n", "f.yaml", [])
    assert [line_of(path_of(where)) for where in ("a", "a[0].b", "a[0].c", "a[1].b", "a[1].zzz[3]")] == [
        1, 2, 3, 5, 5,
    ]  # fmt: skip


@given(st.lists(st.text("abc_", min_size=1, max_size=4) | st.integers(0, 99), max_size=5))
def test_a_written_key_path_is_read_back(path: list[str | int]) -> None:
    assert path_of(path_text(path)) == tuple(path)


BOMBS = {
    "an alias": ("a: &x [1]\nb: *x", "f.yaml:1 a", "aliases"),
    "nesting": ("[" * 1000, None, "deeper"),
    "an object": ("!!python/object/apply:os.system [ls]", "f.yaml:1", "tags"),
    "a control character": ("a: 1\nb: \x07", "f.yaml:2", "printed"),
    "a key that is a list": ("? [a]\n: 1", "f.yaml:1", "key that is a list"),
    "too much": ("a" * (MOST_CHARACTERS + 1), "f.yaml:1", "characters"),
    "too many": ("[" + "1," * MOST_EVENTS + "1]", None, "values"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_what_would_expand_execute_or_exhaust_is_refused(bomb: tuple[str, str | None, str]) -> None:
    text, where, message = bomb
    faults: list[Fault] = []
    data, _ = read_yaml(text, "f.yaml", faults)
    assert data is None
    assert message in faults[0].message
    assert where in {None, faults[0].where}
