"""Rows in their canonical form: what a line holds is what was put into it."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.upkeep.rows import BadValue, TableShape, canonical_json, decoded, encoded, plain

SHAPE = TableShape(
    "things",
    (
        ("id", "integer"),
        ("is_so", "boolean"),
        ("told", "text"),
        ("at", "instant"),
        ("on", "date"),
        ("packed", "bytes"),
        ("facts", "json"),
    ),
    ("id",),
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSONS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11, minutes=-30))])
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001 - zones follow
ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.booleans(),
    st.none() | st.text(st.characters(exclude_categories=[])),
    st.none() | INSTANTS,
    st.none() | st.dates(),
    st.none() | st.binary(),
    st.none() | JSONS.map(json.dumps),
)


@given(ROWS)
def test_a_line_gives_back_the_row_that_it_was_made_of(row: tuple[Any, ...]) -> None:
    line = encoded(SHAPE, plain(SHAPE, [row]))
    *others, facts = decoded(SHAPE, line)
    assert others == list(row[:-1])
    assert line.count(b"\n") == 1
    assert encoded(SHAPE, plain(SHAPE, [[*others, facts]])) == line, (
        "a line made of what a line gave is the same line"
    )
    if row[-1] is not None:
        assert json.loads(facts) == json.loads(
            row[-1], parse_float=lambda text: json.loads(canonical_json(text))
        )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_after_postgresql_wrote_it_without_its_exponent(number: float) -> None:
    as_sqlite_keeps_it = json.dumps(number)
    as_jsonb_keeps_it = f"{Decimal(as_sqlite_keeps_it):f}" if number else "0.0"
    assert canonical_json(as_sqlite_keeps_it) == canonical_json(as_jsonb_keeps_it)
    assert float(canonical_json(as_sqlite_keeps_it)) == number


@pytest.mark.parametrize(
    "spoiled",
    [
        b"[1]",
        b"{}",
        b"no json",
        b"[" * 100_000,
        b"[1.0,null,null,null,null,null,null]",
        b"[true,null,null,null,null,null,null]",
        b"[9223372036854775808,null,null,null,null,null,null]",
        b"[1,1,null,null,null,null,null]",
        b"[1,null,2,null,null,null,null]",
        b'[1,null,null,"2023-11-15T02:00:00Z",null,null,null]',
        b'[1,null,null,null,"20231115",null,null]',
        b'[1,null,null,null,null,"!",null]',
        b'[1,null,null,null,null,null,"{\\"b\\":1,\\"a\\":2}"]',
        b"[1,null,null,null,null,null,{}]",
        b'[1,null,null,null,null,null,"NaN"]',
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_refused_without_telling_what_it_holds(spoiled: bytes) -> None:
    with pytest.raises(BadValue, match=r"^things") as refused:
        decoded(SHAPE, spoiled)
    assert "2023" not in str(refused.value)


def test_a_stored_value_of_another_kind_is_named_by_table_column_and_key() -> None:
    with pytest.raises(BadValue, match=r"things\.told of {'id': 7}: not of kind text"):
        plain(SHAPE, [(7, True, 5, datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1), b"", "{}")])
