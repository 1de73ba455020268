"""Products beside a need as its firm reads them: terms, reasons in words, and what the rest fails by."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.matching.offer_service import offers_of_need
from app.matching.schemas import MatchesOut
from app.policy.criteria import Verdict
from tests.matching.town import FIRMS, build_town

PLAIN, _CHAINED, SILENT, LARGE = (uscc for uscc, _ in FIRMS)


async def test_each_named_product_is_told_with_its_terms_and_every_condition(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_town(session, viewer)
    found = await offers_of_need(session, viewer, PLAIN, now=now, limit=10)
    assert isinstance(found.matches, MatchesOut)
    assert found.judged.keys() == {one.product for one in found.matches.matches}
    assert found.misfits == ()
    for one in found.judged.values():
        assert {each.verdict for each in one.findings} == {Verdict.PASS}
        assert one.changes == ()
        assert one.offer.amount_least <= one.offer.amount_most
        assert 0 < one.offer.rate_least <= one.offer.rate_most < 36
    texts = [each.asked for one in found.judged.values() for each in one.findings]
    assert any("黑龙江省" in text for text in texts)
    assert not any("230" in text for text in texts)  # regions are named, not numbered


async def test_what_fails_is_grouped_by_the_first_reason_and_all_products_are_accounted_for(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_town(session, viewer)
    for uscc in (SILENT, LARGE):
        found = await offers_of_need(session, viewer, uscc, now=now, limit=10)
        told = len(found.matches.near_misses) + sum(group.products for group in found.misfits)
        assert told == found.failing
        assert found.failing + found.matches.eligible + found.matches.unknown == found.matches.products
        assert found.unjudged == 0
        for miss in found.matches.near_misses:
            judged = found.judged[miss.product]
            assert len(judged.changes) == len(judged.fails) >= 1
        for group in found.misfits:
            assert all(group.fact in one.fails[0].facts for one in group.shown)
