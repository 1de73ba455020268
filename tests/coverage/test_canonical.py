from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.coverage import canonical
from app.coverage.facts import MonthFacts
from tests.coverage.months import month_facts


@settings(max_examples=50)
@given(month_facts(most=4))
def test_facts_come_back_from_their_bytes_and_give_the_same_bytes(facts: MonthFacts) -> None:
    data = canonical.to_bytes(facts)
    assert canonical.from_bytes(data) == facts
    assert canonical.to_bytes(canonical.from_bytes(data)) == data


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
