"""Use case of matching: what a need qualifies for, with each product's terms and reasons, for who reads it on one page."""

import asyncio
from datetime import datetime

from app.accounts.rules import Viewer
from app.enterprises import service as enterprises
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.shanghai import shanghai_date
from app.matching.gathering import shelf, surroundings
from app.matching.inputs import NeedReader, Surroundings
from app.matching.offers import NeedOffers, offers_of
from app.matching.views import judge


async def offers_of_need(
    session: AsyncSession, viewer: Viewer, need_code: str, *, now: datetime, limit: int
) -> NeedOffers:
    """Answer the products beside a need as it is worded now, as far as the viewer may be shown it.

    The best `limit` that fit, the nearest that do not, those that are undecided, and all others by what they fail.

    Raises:
        NotFound: no such need.
        Unavailable: no loan prime rate is known for the day.
    """
    need = await enterprises.need_by_code(session, viewer, need_code)
    around = await surroundings(session, viewer, shanghai_date(now))
    if "matcher_key" not in vars(around) or shelf.at_hand(around) is None:
        await asyncio.to_thread(shelf.matcher_of, around)
    found = _judged(around, need.facts, limit)
    found.matches.withheld = need.withheld
    return found


def _judged(around: Surroundings, facts: NeedFacts, limit: int) -> NeedOffers:
    matcher, need = shelf.matcher_of(around), NeedReader(around).need_of(facts)
    return offers_of(around, need, judge(around, matcher, need, limit))
