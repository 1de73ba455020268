"""What consents show, as pure rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.enterprises.consents import (
    ALL_GROUPS,
    GROUP_OF,
    FieldGroup,
    Holder,
    StoredConsent,
    Subject,
    consent_faults,
    contact_claims,
    groups_of,
    latest_until,
    mask,
    mask_findings,
    needing_consent,
    showings,
    withheld_facts,
)
from app.enterprises.need_facts import NeedFacts
from app.policy.facts import FACTS

DAY = date(2026, 3, 2)
LINEAGES = ("/1/", "/1/2/", "/1/2/3/", "/4/", "/14/")
SHOWN = (FieldGroup.CARD, FieldGroup.IDENTITY)


def test_every_fact_is_in_exactly_one_group() -> None:
    assert GROUP_OF.keys() == NeedFacts.model_fields.keys() | FACTS.keys()


def test_a_masked_statement_holds_no_withheld_fact_and_all_others() -> None:
    full = NeedFacts.model_validate(
        {
            "amount": "5000000.00", "term_months": 36, "purposes": ["equipment"], "region": "230110",
            "source_class": "srdi", "industry": "C3421", "staff": 12, "revenue": "1.00", "collateral": ["land"],
            "litigation": False, "adverse_credit": True, "existing_banks": ["x"], "tax_grade": "A",
        }
    )  # fmt: skip
    assert mask(full, ALL_GROUPS) == full
    shown = mask(full, SHOWN).as_json()
    assert shown.keys() == full.as_json().keys() - set(withheld_facts(SHOWN))
    assert "litigation" in mask(full, {*SHOWN, FieldGroup.JUDICIAL}).as_json()
    NeedFacts.model_validate(shown)


def test_findings_and_questions_about_withheld_facts_are_left_out() -> None:
    admission = {
        "rule": "r",
        "findings": [
            {"facts": ["litigation", "amount"], "found": "涉诉：是"},
            {"facts": ["industry"], "found": "x"},
        ],
        "ask": [{"fact": "tax_grade"}, {"fact": "chain"}],
    }
    found = mask_findings(admission, SHOWN)
    assert [one["facts"] for one in found["findings"]] == [["industry"]]
    assert found["ask"] == [{"fact": "chain"}]
    assert mask_findings(admission, ALL_GROUPS) == admission


def _viewer(*grants: tuple[Role, str]) -> Viewer:
    return Viewer("x", "230000", tuple(Grant(*grant) for grant in grants), person=1)


SUBJECT = Subject("91230100MA1", frozenset({"230102"}), "aero")
BANK = (Role.RELATIONSHIP_MANAGER, "icbc")
WHO = (
    (local_operator("230000"), False),
    (_viewer((Role.ENTERPRISE, "91230100MA1")), False),
    (_viewer((Role.COORDINATOR, "230100")), False),
    (_viewer((Role.AUDITOR, ""), BANK), False),
    (_viewer(BANK), True),
    (_viewer((Role.GUARANTOR, "dbgs")), True),
    (_viewer(BANK, (Role.ENTERPRISE, "another")), True),
    (_viewer(BANK, (Role.COORDINATOR, "230200")), True),
    (_viewer(BANK, (Role.COORDINATOR, "230000")), False),
    (_viewer(BANK, (Role.CHAIN_MANAGER, "aero")), False),
    (_viewer(BANK, (Role.CHAIN_MANAGER, "food")), True),
)


@pytest.mark.parametrize(("viewer", "expected"), WHO)
def test_only_who_sees_a_need_as_an_institution_needs_a_consent(viewer: Viewer, expected: bool) -> None:  # noqa: FBT001 - a case
    assert (needing_consent(viewer, {7: SUBJECT}) == {7}) is expected


CONSENTS = st.builds(
    StoredConsent,
    st.integers(1, 6),
    st.integers(1, 2),
    st.frozensets(st.sampled_from(sorted(set(FieldGroup) - set(SHOWN)))),
    st.sampled_from([None, *LINEAGES]),
    st.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]),
    st.booleans(),
)
HOLDERS = st.lists(
    st.builds(Holder, st.integers(1, 2), st.integers(1, 5), st.sampled_from(LINEAGES), st.booleans()),
    max_size=4,
    unique_by=lambda one: (one.need_id, one.institution_id),
)


@given(
    HOLDERS, st.lists(CONSENTS, max_size=5, unique_by=lambda one: one.id), st.sets(st.sampled_from(LINEAGES))
)
def test_a_viewer_is_shown_what_some_live_consent_shows_to_some_institution_below(
    holders: list[Holder], consents: list[StoredConsent], tops: set[str]
) -> None:
    found = showings(holders, consents, tops, DAY)
    for need in (1, 2):
        expected = {
            group
            for holder in holders
            for one in consents
            for group in (*one.groups, *SHOWN)
            if holder.need_id == one.need_id == need
            and any(holder.lineage.startswith(top) for top in tops)
            and (one.recipient is None or holder.lineage.startswith(one.recipient))
            and not one.is_revoked
            and one.until >= DAY
        }
        assert groups_of(one for one in found if one.need_id == need) == expected
    claims = contact_claims(holders, consents, tops, DAY)
    with_contact = {one.need_id for one in found if FieldGroup.CONTACT in one.groups}
    assert {one.need_id for one in claims} == with_contact
    assert len({(one.need_id, one.institution_id) for one in claims}) == len(claims)


def test_a_consent_lasts_at_most_a_year_and_a_recorded_one_names_its_paper() -> None:
    assert (latest_until(DAY), latest_until(date(2028, 2, 29))) == (date(2027, 3, 2), date(2029, 2, 28))
    for until, is_right in (
        (DAY - timedelta(days=1), False),
        (DAY, True),
        (date(2027, 3, 2), True),
        (date(2027, 3, 3), False),
    ):
        assert (consent_faults(until, None, is_own=True, today=DAY) == []) is is_right
    assert [one.where for one in consent_faults(DAY, None, is_own=False, today=DAY)] == ["evidence"]
