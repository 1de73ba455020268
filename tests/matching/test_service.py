"""Runs, previews and explanations on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.catalogue.service import import_products
from app.enterprises.need_facts import NeedFacts
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import PageRequest
from app.matching import service
from tests.matching.town import FIRMS, PRODUCTS, SOUND, Town, add_entry, build_town

PLAIN, CHAINED, SILENT, LARGE = (uscc for uscc, _ in FIRMS)


@pytest.fixture
async def town(session: AsyncSession, viewer: Viewer) -> Town:
    return await build_town(session, viewer)


async def test_a_run_stores_counts_and_the_best_products_of_each_entry(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    made = await service.run_match(session, viewer, "2023H2", now=now)
    assert (made.counts.entries, made.counts.products, made.counts.pairs) == (4, 3, 12)
    assert (made.counts.eligible_pairs, made.counts.unknown_pairs, made.counts.without_product) == (7, 2, 1)
    page = await service.run_results(session, viewer, made.id, PageRequest())
    found = {item.entry: item for item in page.items}
    plain = found[f"2023H2-{PLAIN}"]
    assert [match.product for match in plain.best] == ["SJ-KCED", "BF-LD", "SJ-DY"]
    assert [match.score for match in plain.best] == sorted((each.score for each in plain.best), reverse=True)
    assert (found[f"2023H2-{SILENT}"].eligible, found[f"2023H2-{SILENT}"].unknown) == (1, 2)
    assert await service.entries_without_product(session, viewer, made.id) == [town.entries[LARGE]]
    latest = await service.latest_run(session, viewer, town.edition_id)
    assert latest is not None
    assert latest.id == made.id


async def test_equal_inputs_give_the_stored_run_and_forced_ones_the_same_bytes(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    first = await service.run_match(session, viewer, "2023H2", now=now)
    again = await service.run_match(session, viewer, "2023H2", now=now + timedelta(hours=1))
    assert (again.id, again.reused) == (first.id, True)
    forced = await service.run_match(session, viewer, "2023H2", now=now, force=True)
    assert forced.id != first.id
    assert (forced.inputs_hash, forced.result_hash) == (first.inputs_hash, first.result_hash)
    revised = PRODUCTS.replace("most: 3000万元", "most: 10000万元").replace("2023-01-01", "2023-02-01")
    await import_products(session, viewer, revised, "products.yaml", now=now)
    changed = await service.run_match(session, viewer, "2023H2", now=now)
    assert changed.inputs_hash != first.inputs_hash
    assert changed.counts.without_product == 0
    assert town.edition_id > 0


async def test_a_run_that_was_read_before_another_was_kept_is_read_anew_and_never_the_newest_of_old_things(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    early = await service.read_run(session, viewer, "2023H2", now=now)
    ranking = await service.rank(early)
    await add_entry(session, town.edition_id, "91230100MA00000009", SOUND)
    newest = await service.run_match(session, viewer, "2023H2", now=now)
    kept = await service.keep_run(session, viewer, early, ranking, now=now, force=False)
    assert (kept.id, kept.reused) == (newest.id, True)
    forced = await service.keep_run(session, viewer, early, ranking, now=now, force=True)
    assert forced.inputs_hash == newest.inputs_hash


async def test_a_run_that_was_read_before_something_changed_says_what_it_rests_on(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    early = await service.read_run(session, viewer, "2023H2", now=now)
    await add_entry(session, town.edition_id, "91230100MA00000009", SOUND)
    kept = await service.keep_run(session, viewer, early, await service.rank(early), now=now, force=False)
    assert kept.counts.entries == 4
    assert await service.inputs_changed(session, viewer, kept.id) == ["needs"]


async def test_all_eligible_candidates_of_a_run_are_computed_again_or_refused_when_inputs_changed(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    made = await service.run_match(session, viewer, "2023H2", now=now)
    found = await service.eligible_candidates(session, viewer, made.id)
    assert found.entry_ids.tolist() == list(town.entries.values())
    assert found.indptr.tolist() == [0, 3, 6, 7, 7]
    page = await service.run_results(session, viewer, made.id, PageRequest())
    for i, item in enumerate(page.items):
        scores = found.scores[found.indptr[i] : found.indptr[i + 1]].tolist()
        assert sorted(scores, reverse=True) == [round(match.score * 10_000) for match in item.best]
    await add_entry(session, town.edition_id, "91230100MA00000009", SOUND)
    with pytest.raises(Conflict) as refusal:
        await service.eligible_candidates(session, viewer, made.id)
    assert [fault.where for fault in refusal.value.faults] == ["inputs.needs"]


async def test_a_chain_plan_changes_the_score_and_is_cited_where_it_does(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    assert town.entries
    plain = await service.explain(session, viewer, PLAIN, "BF-LD", now=now)
    chained = await service.explain(session, viewer, CHAINED, "BF-LD", now=now)
    parts = {part.part: part for part in chained.parts}
    assert chained.score - plain.score == pytest.approx(parts["chain_plan"].points)
    assert parts["chain_plan"].value == 700
    assert parts["chain_plan"].citations == [
        "航空产业链一链一策第1版，洛阳（征求意见稿）（二）",
        "航空产业链一链一策第1版，金发〔2024〕5号 九",
    ]
    assert "签约银行" in parts["chain_plan"].reason
    own = await service.explain(session, viewer, CHAINED, "SJ-KCED", now=now)
    values = {part.part: part.value for part in own.parts}
    assert (values["chain_plan"], values["existing_relation"], values["proximity"]) == (500, 1000, 1000)


async def test_an_explanation_says_what_is_asked_what_is_found_and_what_would_change_it(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    assert town.entries
    found = await service.explain(session, viewer, LARGE, "SJ-KCED", now=now)
    assert found.verdict == "fail"
    amount = next(each for each in found.findings if each.facts == ["amount"])
    assert (amount.verdict, amount.found, amount.source) == ("fail", "融资金额：9,000万元", "产品条款")
    assert found.changes == ["将融资金额由9,000万元调整为10万元至1,000万元"]
    silent = await service.explain(session, viewer, SILENT, "SJ-KCED", now=now)
    assert (silent.verdict, [ask.fact for ask in silent.asks]) == ("unknown", ["tax_grade"])
    guarantee = await service.explain(session, viewer, PLAIN, "DB-PL", now=now)
    assert guarantee.verdict == "pass"


async def test_a_preview_lists_what_fits_what_nearly_fits_and_what_to_ask(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    assert town.entries
    facts = NeedFacts.model_validate(SOUND | {"collateral": [], "tax_grade": None})
    found = await service.preview(session, viewer, facts, now=now, limit=10)
    assert (found.products, found.eligible, found.unknown, found.near_missed) == (3, 1, 1, 1)
    assert [(match.rank, match.product) for match in found.matches] == [(1, "BF-LD")]
    assert found.matches[0].score == pytest.approx(sum(part.points for part in found.matches[0].parts))
    assert [(miss.product, miss.changes) for miss in found.near_misses] == [
        ("SJ-DY", ["须增信方式至少有其一：设备、房产（现为信用）"])
    ]
    assert [(each.product, each.asks[0].fact) for each in found.undecided] == [("SJ-KCED", "tax_grade")]
    assert [(ask.fact, ask.products) for ask in found.asks] == [("tax_grade", 1)]
    stored = await service.matches_of_need(session, viewer, PLAIN, now=now, limit=1)
    assert (stored.eligible, [match.product for match in stored.matches]) == (3, ["SJ-KCED"])


async def test_what_cannot_be_matched_is_refused_by_name(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    assert town.entries
    wrong = NeedFacts.model_validate(SOUND | {"region": "110101", "industry": "C9999", "chain": "X"})
    with pytest.raises(Refused) as refusal:
        await service.preview(session, viewer, wrong, now=now, limit=10)
    assert {fault.where for fault in refusal.value.faults} == {"region", "industry", "chain"}
    for missing in (
        service.run_match(session, viewer, "2099H1", now=now),
        service.run_match(session, viewer, "2023H2", now=now, library="2023Q4"),
        service.explain(session, viewer, PLAIN, "NONE", now=now),
        service.explain(session, viewer, "91230100MA00000008", "SJ-DY", now=now),
        service.get_run(session, viewer, 10**9),
        service.entries_without_product(session, viewer, 10**9),
        service.get_run(session, Viewer("other", "410000"), 1),
    ):
        with pytest.raises(NotFound):
            await missing


async def test_a_run_takes_the_same_few_statements_however_many_entries_there_are(
    session: AsyncSession, viewer: Viewer, now: datetime, town: Town
) -> None:
    seen: list[str] = []
    connection = (await session.connection()).sync_connection
    assert connection is not None
    event.listen(connection, "before_cursor_execute", lambda *words: seen.append(words[2]))
    await service.run_match(session, viewer, "2023H2", now=now)
    few = len(seen)
    for number in range(10, 30):
        await add_entry(session, town.edition_id, f"91230100MA000000{number}", SOUND)
    seen.clear()
    await service.run_match(session, viewer, "2023H2", now=now)
    assert len(seen) == few
