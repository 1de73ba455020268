"""Anonymised cards: whatever is put together, at least five look the same."""

import base64
import json
from collections import Counter
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.allocation import cards_keeping
from app.allocation.cards import (
    COLUMNS,
    STEPS,
    CardFacts,
    anonymise,
    card_code,
    card_facts,
    serves,
)
from app.allocation.tables import Assignment
from app.enterprises.need_facts import NeedFacts
from app.institutions.tables import InstitutionArea
from app.kernel.database import Sessions, transaction
from app.whitelist.tables import WhitelistEntry
from tests.docking.world import ADMITTED, entry_code
from tests.enterprises.consent_world import (
    BRANCH,
    COORDINATOR,
    HEAD,
    OUTSIDER,
    SUPPORTING,
    USCC,
    client_of,
    consent_world,
    get,
    give,
    person,
)

CITIES, INDUSTRIES = ("230100", "230200", "232700"), ("C34", "C35", "C13")


def _facts(city: str, industry: str | None, size: str | None, amount: str, chain: str | None) -> CardFacts:
    return CardFacts(
        city=(None, "230000", city),
        industry=(None, industry and industry[:1], industry),
        size_class=(None, size),
        amount=(None, "wide", amount),
        term=(None, "short"),
        purposes=(None, ("equipment",)),
        secured=(None, size == "small"),
        chain=(None, chain),
    )


CARDS = st.lists(
    st.builds(
        _facts,
        st.sampled_from(CITIES),
        st.sampled_from([None, *INDUSTRIES]),
        st.sampled_from([None, "small", "large"]),
        st.sampled_from("abc"),
        st.sampled_from([None, "航空"]),
    ),
    max_size=60,
)


@given(CARDS, st.integers(2, 6))
def test_no_columns_put_together_single_out_fewer_than_k_cards(cards: list[CardFacts], k: int) -> None:
    shown = anonymise(cards, k)
    assert len(shown) == len(cards)
    if len(cards) < k:
        assert set(shown) <= {(None,) * len(COLUMNS)}
        return
    assert all(count >= k for count in Counter(shown).values())
    for width in (1, 2):
        for chosen in combinations(range(len(COLUMNS)), width):
            linked = Counter(tuple(card[at] for at in chosen) for card in shown)
            assert all(count >= k for count in linked.values())
    for card, facts in zip(shown, cards, strict=True):
        assert all(value in getattr(facts, name) for name, value in zip(COLUMNS, card, strict=True))


@given(CARDS)
def test_who_knows_a_firm_finds_at_least_five_cards_that_could_be_its(cards: list[CardFacts]) -> None:
    shown = anonymise(cards)
    for facts in cards if len(cards) >= 5 else ():
        could_be = [
            card
            for card in shown
            if all(value in getattr(facts, name) for name, value in zip(COLUMNS, card, strict=True))
        ]
        assert len(could_be) >= 5


def test_cards_that_are_alike_show_everything_and_a_rare_one_less() -> None:
    alike = _facts("230100", "C34", "small", "a", None)
    rare = _facts("230100", "C13", "small", "a", None)
    assert set(anonymise([alike] * 5)) == {alike.finest()}
    shown = anonymise([*([alike] * 10), *([rare] * 4)])
    assert Counter(card[COLUMNS.index("industry")] for card in shown) == {"C34": 9, "C": 5}
    shown = anonymise([*([alike] * 5), *([rare] * 4)])
    assert {card[COLUMNS.index("industry")] for card in shown} == {"C"}
    assert len(set(anonymise([*([alike] * 10), *([rare] * 5)]))) == 2


def test_every_rung_of_every_ladder_is_reached() -> None:
    facts = card_facts(_need(), "230102", "small", "航空")
    rungs = Counter(name for name, _level in STEPS)
    assert {name: len(getattr(facts, name)) - 1 for name in COLUMNS} == dict(rungs)


def _need(**more: Any) -> NeedFacts:
    stated = {"amount": "5000000.00", "term_months": 24, "purposes": ["equipment"], "region": "230102"}
    return NeedFacts.model_validate(stated | more)


def test_a_card_could_show_no_county_no_exact_amount_and_two_digits_of_an_industry() -> None:
    facts = card_facts(_need(industry="C3412", collateral=[]), "230102", None, None)
    assert (facts.city, facts.industry) == ((None, "230000", "230100"), (None, "C", "C34"))
    assert facts.amount == (None, "不超过1,000万元", "超过100万元，不超过500万元")
    assert facts.secured == (None, None)
    above = card_facts(_need(amount="100000000.01", guarantee_available=True), "230102", None, None)
    assert (above.amount[-1], above.secured[-1]) == ("超过10,000万元", True)
    assert (
        card_facts(_need(collateral=[], guarantee_available=False), "230102", None, None).secured[-1] is False
    )


def test_a_region_is_served_from_its_county_city_or_province() -> None:
    for area, expected in (("230102", True), ("230100", True), ("230000", True), ("230103", False)):
        assert serves([area], "230102") is expected


def test_codes_are_stable_and_differ_by_key_and_institution() -> None:
    code = card_code(b"a", ["icbc"], "2023H2-x")
    assert code == card_code(b"a", ["icbc"], "2023H2-x")
    others = {card_code(b"b", ["icbc"], "2023H2-x"), card_code(b"a", ["lj"], "2023H2-x")}
    assert code not in others
    assert len(others) == 2


async def _world(sessions: Sessions) -> None:
    """Eight entries: icbc-dl holds six (lj supports), nobody two; ccb serves the second county, icbc the province."""
    world = await consent_world(sessions, (*["icbc-dl"] * 6, None, None))
    async with transaction(sessions) as session:
        for code, region in (("ccb", "230103"), ("icbc", "230000")):
            session.add(InstitutionArea(institution_id=world.institutions[code], region_code=region))


async def _cards(sessions: Sessions, viewer: Viewer) -> list[dict[str, Any]]:
    answer = await get(sessions, viewer, "/cards")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_an_institution_lists_what_it_holds_and_what_its_area_serves(sessions: Sessions) -> None:
    await _world(sessions)
    standings = {
        who.name: dict(Counter(card["standing"] for card in await _cards(sessions, who)))
        for who in (HEAD, BRANCH, SUPPORTING, OUTSIDER)
    }
    assert standings == {
        HEAD.name: {"responsible": 6, "none": 2},
        BRANCH.name: {"responsible": 6},
        SUPPORTING.name: {"supporting": 6},
        OUTSIDER.name: {"none": 4},
    }
    cards = await _cards(sessions, BRANCH)
    assert all(card["consent"] == "none" and "授权" in card["missing"] for card in cards)
    assert {(card["industry"], card["amount"]) for card in cards} == {("C34", "超过100万元，不超过500万元")}
    few = await _cards(sessions, OUTSIDER)
    assert {tuple(card[name] for name in COLUMNS) for card in few} == {(None,) * len(COLUMNS)}


async def test_cards_name_nobody_and_their_pages_hold_together(sessions: Sessions) -> None:
    await _world(sessions)
    whole = (await get(sessions, HEAD, "/cards")).text
    async with client_of(sessions, HEAD) as client:
        first = (await client.get("/cards", params={"limit": 5})).json()
        rest = (await client.get("/cards", params={"limit": 5, "cursor": first["next"]})).json()
        one = (await client.get(f"/cards/{first['items'][0]['card']}")).json()
    assert first["items"] + rest["items"] == json.loads(whole)["items"]
    assert (rest["next"], one) == (None, first["items"][0])
    for said in (whole, base64.urlsafe_b64decode(first["next"]).decode()):
        assert all(secret not in said for secret in ("9123010", "公司", "230102", "5000000", entry_code(0)))
    again = (await get(sessions, HEAD, "/cards")).text
    assert again == whole
    others = {card["card"] for card in await _cards(sessions, BRANCH)}
    assert others.isdisjoint(card["card"] for card in first["items"] + rest["items"])
    assert (await get(sessions, BRANCH, f"/cards/{one['card']}")).status_code == 404


async def test_a_consent_shows_on_the_card_of_whom_it_reaches(sessions: Sessions) -> None:
    await _world(sessions)
    await give(sessions, institution="icbc")
    live = [card for card in await _cards(sessions, BRANCH) if card["consent"] == "live"]
    assert [(card["city"], card["industry"], card["missing"]) for card in live] == [("230100", "C34", "")]
    assert {card["consent"] for card in await _cards(sessions, SUPPORTING)} == {"none"}
    # The other five still hide one another.
    assert (
        len({tuple(map(str, (card[name] for name in COLUMNS))) for card in await _cards(sessions, BRANCH)})
        <= 2
    )


async def test_cards_that_are_kept_are_those_that_would_be_made_anew(sessions: Sessions) -> None:
    await _world(sessions)
    before = await _cards(sessions, HEAD)
    await give(sessions, institution="icbc")
    for change in (
        None,
        update(WhitelistEntry).where(WhitelistEntry.code == entry_code(1)).values(withdrawn_at=ADMITTED),
        update(Assignment).where(Assignment.entry_id == 3).values(ended_at=ADMITTED),
        update(WhitelistEntry).where(WhitelistEntry.code == entry_code(7)).values(region_code="230200"),
    ):
        async with transaction(sessions) as session:
            if change is not None:
                await session.execute(change)
        kept = await _cards(sessions, HEAD)
        assert kept != before, "each change shows on some card"
        cards_keeping._REMEMBERED.clear()
        assert await _cards(sessions, HEAD) == kept
        before = kept


async def test_cards_are_for_institutions(sessions: Sessions) -> None:
    await _world(sessions)
    for who in (COORDINATOR, person(Role.ENTERPRISE, USCC), person(Role.AUDITOR)):
        assert (await get(sessions, who, "/cards")).status_code == 403
    assert await _cards(sessions, local_operator("230000")) == []
    assert await _cards(sessions, Viewer("x", "230000", (Grant(Role.GUARANTOR, "gone"),), person=9)) == []
    assert (await get(sessions, BRANCH, "/cards?edition=2024H1")).status_code == 404
