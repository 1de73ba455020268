import hashlib
import json
import zlib
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.coverage import canonical
from app.coverage.facts import MonthFacts
from tests.coverage.months import month_facts


@settings(max_examples=50)
@given(month_facts(most=4))
def test_facts_come_back_from_their_bytes_and_give_the_same_bytes(facts: MonthFacts) -> None:
    data = canonical.to_bytes(facts)
    assert canonical.from_bytes(data) == facts
    assert canonical.to_bytes(canonical.from_bytes(data)) == data


odd_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


def plainly(value: object) -> Any:
    """Write facts as the format says, with nothing but json: dataclasses by their names, money as yuan."""
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case dict():
            return {key: plainly(item) for key, item in value.items()}
        case tuple():
            return [plainly(item) for item in value]
        case None | bool() | int() | str():
            return value
    found = {field.name: plainly(getattr(value, field.name)) for field in fields(cast("Any", value))}
    for name in [name for name in found if name.endswith("_fen")]:
        fen = found.pop(name)
        found[name.removesuffix("_fen")] = f"{fen // 100}.{fen % 100:02d}"
    if "rate_bp" in found:
        found["rate"] = f"{Decimal(found.pop('rate_bp')) / 100:.2f}"
    return found


@settings(max_examples=60)
@given(month_facts(most=4), odd_texts)
def test_the_bytes_are_those_of_the_whole_written_as_json_at_once(facts: MonthFacts, odd: str) -> None:
    entries = tuple(replace(entry, entry=f"{entry.entry}{odd}") for entry in facts.entries)
    named = replace(facts, entries=entries, chains={**facts.chains, odd: odd})
    body = plainly(named) | {"format": canonical.FORMAT}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert canonical.to_bytes(named) == text.encode()
    packed, sha256 = canonical.pack(named)
    assert zlib.decompress(packed) == text.encode()
    assert sha256 == hashlib.sha256(text.encode()).hexdigest()


@settings(max_examples=20)
@given(month_facts(most=2))
def test_the_order_in_which_places_are_listed_does_not_change_the_bytes(facts: MonthFacts) -> None:
    turned = replace(
        facts,
        regions=dict(reversed(list(facts.regions.items()))),
        institutions=dict(reversed(list(facts.institutions.items()))),
    )
    assert canonical.to_bytes(turned) == canonical.to_bytes(facts)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"format":"other"}', b"\xff\xfe"])
def test_what_is_not_of_this_format_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical.from_bytes(data)


@settings(max_examples=20)
@given(month_facts(most=1))
def test_garbled_facts_are_refused(facts: MonthFacts) -> None:
    data = canonical.to_bytes(facts)
    for garbled in (data.replace(b'"regions"', b'"reg1ons"'), data.replace(b'"until"', b'"unti1"')):
        with pytest.raises(ValueError, match="lack or garble"):
            canonical.from_bytes(garbled)
