"""What a change of a product would do is exactly the difference of two full matches, whoever looks ahead."""

from datetime import date, datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import RevisionIn
from app.catalogue.service import get_product, revise_product
from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import facts_for_matching
from app.kernel.settings import get_settings
from app.matching import effect_service
from app.matching.effects import effect_of
from app.matching.gathering import gather, shelf
from app.matching.populations import Judge, joined, population
from app.matching.posing import pose
from app.policy.criteria import AnyOf, Criterion, Verdict, evaluate
from app.policy.facts import COLLATERAL, PURPOSES, QUALIFICATIONS
from app.policy.rulebook import AppliedRule
from app.reference.book import load_reference_book
from app.visibility.service import narrow
from app.whitelist.service import admitted_entries
from app.whitelist.tables import WhitelistEntry
from tests.matching.town import SOUND, add_entry, build_town
from tests.matching.worlds import CONDITIONS

ON = date(2023, 11, 15)
LIGHT = Criterion("collateral", "is_empty")
SMALL = Criterion("size_class", "in", ("micro", "small"))


def _rule(fact: str, condition: Any) -> Any:
    """A derived fact's rule, of which the judge asks two things."""

    class Rule:
        data = {"fact": fact}  # noqa: RUF012 - as a rule has it

    Rule.condition = condition  # type: ignore[attr-defined]  # as above
    return Rule


RULES: list[AppliedRule] = [_rule("light_assets", AnyOf((LIGHT, SMALL)))]


def _some(words: dict[str, str]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(list(words)[:4]), min_size=1, max_size=3, unique=True)


STATEMENTS = st.fixed_dictionaries(
    {
        "amount": st.integers(1, 12).map(lambda step: f"{step * 100_000}.00"),
        "term_months": st.integers(1, 6),
        "purposes": _some(PURPOSES),
        "region": st.sampled_from(["230000", "230100", "230102", "230202", "410305"]),
    },
    optional={
        "subject": st.sampled_from(["enterprise", "project"]),
        "industry": st.sampled_from(["C", "C34", "C3412", "C35", "A01"]),
        "chain": st.sampled_from(["chain-1", "chain-2", "230100"]),
        "staff": st.integers(0, 400),
        "revenue": st.integers(0, 40).map(lambda step: f"{step * 10_000_000}.00"),
        "established_on": st.sampled_from(["2015-03-01", "2021-11-15", "2021-11-16", "2024-01-01"]),
        "qualifications": _some(QUALIFICATIONS) | st.just([]),
        "collateral": _some(COLLATERAL) | st.just([]),
        "guarantee_available": st.booleans(),
        "tax_grade": st.sampled_from("ABM"),
        "first_loan": st.booleans(),
        "litigation": st.booleans(),
        "light_assets": st.booleans(),
    },
)


@given(
    st.lists(STATEMENTS, max_size=12), st.lists(STATEMENTS, max_size=4), st.lists(CONDITIONS, max_size=4),
    st.lists(CONDITIONS, max_size=4) | st.none(), st.data(),
)  # fmt: skip
@settings(max_examples=60)
def test_columns_decide_as_the_plain_evaluator_does_need_by_need(
    first: list[Any], more: list[Any], before: Any, after: Any, data: st.DataObject
) -> None:
    book = load_reference_book(get_settings().seed_dir)
    facts = [NeedFacts.model_validate(stated) for stated in [*first, *more]]
    texts = {100 + place: one.model_dump_json(exclude_none=True) for place, one in enumerate(facts)}
    ids = np.arange(len(facts), dtype=np.int64)
    old = population(ids[: len(first)], ids[: len(first)] + 100, texts)
    new = population(ids[len(first) :], ids[len(first) :] + 100, texts)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(first), max_size=len(first))), np.bool_)
    judge = Judge(joined(old, new, keep), ON, book, RULES)
    found = effect_of(judge, "2023H2", before, after)

    def meets(place: int, conditions: Any) -> bool:
        derived = facts_for_matching(facts[place], on=ON, book=book, rules=RULES)
        return conditions is not None and all(evaluate(one, derived) is Verdict.PASS for one in conditions)

    places = [place for place in range(len(facts)) if place >= len(first) or keep[place]]
    was = {place for place in places if meets(place, before)}
    becomes = {place for place in places if meets(place, after)}
    assert (found.before, found.after, found.entries) == (len(was), len(becomes), len(places))
    assert (set(found.gained.tolist()), set(found.lost.tolist())) == (becomes - was, was - becomes)


async def _eligible(session: AsyncSession, viewer: Viewer, edition_id: int, code: str) -> set[int]:
    """Answer the entries for which a full match finds a product eligible."""
    around = await gather(session, viewer, ON)
    entries = await admitted_entries(session, viewer, edition_id)
    posed = pose(around, shelf.matcher_of(around), entries)
    pairs = posed.matcher.candidates(posed.lines)
    number = next((place for place, each in enumerate(around.products) if each.code == code), -1)
    return {
        entry.entry_id
        for place, entry in enumerate(entries)
        if number in pairs.products[pairs.starts[place] : pairs.starts[place + 1]]
    }


CHANGES: list[dict[str, Any]] = [
    {"amount": {"least": "100000.00", "most": "100000000.00"}},
    {"exclusions": ("litigation",), "tax_grades": ()},
    {"chains": ("HLJ-HK",), "years_least": 3, "sizes": ("small", "micro")},
    {"areas": ("410000",), "chains": ()},
]


async def test_the_effect_is_what_a_full_match_afterwards_finds(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    town = await build_town(session, viewer)
    for change in CHANGES:
        product = await get_product(session, viewer, "SJ-KCED")
        terms = ProductTerms.model_validate(product.terms.model_dump(mode="json") | change)
        before = await _eligible(session, viewer, town.edition_id, "SJ-KCED")
        effect = await effect_service.effect(session, viewer, product.terms, terms, now=now)
        assert effect is not None
        body = RevisionIn(name=product.name, terms=terms, valid_from=product.valid_from)
        await revise_product(session, viewer, "SJ-KCED", body, expect=lambda _number: None, now=now)
        after = await _eligible(session, viewer, town.edition_id, "SJ-KCED")
        assert (set(effect.gained.tolist()), set(effect.lost.tolist())) == (after - before, before - after)
        assert (effect.before, effect.after, effect.entries) == (len(before), len(after), len(town.entries))


async def test_what_is_kept_follows_the_roster_and_names_only_what_a_viewer_may_see(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    town = await build_town(session, viewer)
    terms = (await get_product(session, viewer, "SJ-KCED")).terms
    first = await effect_service.effect(session, viewer, None, terms, now=now)
    added = await add_entry(session, town.edition_id, "91230100MA00000009", SOUND)
    gone = town.entries["91230100MA00000001"]
    await session.execute(update(WhitelistEntry).where(WhitelistEntry.id == gone).values(withdrawn_at=now))
    second = await effect_service.effect(session, viewer, None, terms, now=now)
    assert first is not None
    assert second is not None
    assert set(second.gained.tolist()) == set(first.gained.tolist()) - {gone} | {added}
    named = await effect_service.first_of(session, viewer, "2023H2", second.gained.tolist(), 2)
    assert len(named) == 2
    stranger = Viewer("x", "230000", (Grant(Role.BANK_ADMINISTRATOR, "SJ"),), 7)
    narrow(session, stranger, ON)
    third = await effect_service.effect(session, stranger, None, terms, now=now)
    assert third is not None
    assert third.gained.tolist() == second.gained.tolist(), "how many there are hangs on nobody's sight"
    assert await effect_service.first_of(session, stranger, "2023H2", third.gained.tolist()) == []
