"""What needs are matched against is gathered again exactly when something of it has changed."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.accounts.rules import local_operator
from app.chains.tables import Chain, ChainPlan
from app.institutions.tables import Institution
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.recording import Recorder, reading
from app.matching.gathering import surroundings
from app.matching.inputs import Surroundings
from app.policy.tables import PolicyAdoption
from app.reference.tables import LprQuoteRow, WorkingDayOverride

OPERATOR, DAY = local_operator("230000"), date(2023, 11, 15)
Change = Callable[[AsyncSession], Awaitable[None]]


async def _look(sessions: Sessions) -> Surroundings:
    async with reading(sessions, Recorder()) as session:
        return await surroundings(session, OPERATOR, DAY)


def _bank(number: int) -> Institution:
    return Institution(
        id=number, code=f"B{number}", name=f"银行{number}", short_name=f"行{number}", kind="large", root_id=number,
        lineage=f"/{number}/", region_code="230100", capacity=1, is_demo=True, version=1, created_at=utc_now(),
        updated_at=utc_now(),
    )  # fmt: skip


async def _add_bank(session: AsyncSession) -> None:
    session.add(_bank(1))


async def _change_bank(session: AsyncSession) -> None:
    await session.execute(update(Institution).values(name="改名银行", version=Institution.version + 1))


async def _add_chain(session: AsyncSession) -> None:
    session.add(
        Chain(
            id=1, code="c", jurisdiction="230000", name="链", industries=[], source="", is_demo=True, version=1,
            created_at=utc_now(),
        )
    )  # fmt: skip


async def _add_plan(session: AsyncSession) -> None:
    content: dict[str, Any] = {
        "contracted": [], "priority_purposes": [], "products": [], "terms": [], "citations": {}, "clauses": {},
    }  # fmt: skip
    plan = ChainPlan(
        chain_id=1, version=1, since=date(2099, 1, 1), until=None, content=content, content_hash="0" * 64,
        created_at=utc_now(),
    )  # fmt: skip
    session.add(plan)


async def _quote(session: AsyncSession) -> None:
    session.add(LprQuoteRow(day=date(2023, 11, 14), rate_1y="3.45", rate_5y="4.20"))


async def _requote(session: AsyncSession) -> None:
    await session.execute(delete(LprQuoteRow))
    session.add(LprQuoteRow(day=date(2023, 11, 14), rate_1y="3.40", rate_5y="4.20"))


async def _declare_day(session: AsyncSession) -> None:
    session.add(WorkingDayOverride(day=date(2023, 11, 18), is_working=True, source="test"))


async def _adopt(session: AsyncSession) -> None:
    session.add(
        PolicyAdoption(
            jurisdiction="230000", pack="none", item="*", since=DAY, until=None, reason="", adopted_by="",
            created_at=utc_now(),
        )
    )  # fmt: skip


async def _end_adoption(session: AsyncSession) -> None:
    await session.execute(update(PolicyAdoption).values(until=DAY))


CHANGES: tuple[Change, ...] = (
    _add_bank, _change_bank, _add_chain, _add_plan, _quote, _requote, _declare_day, _adopt, _end_adoption,
)  # fmt: skip


async def test_it_is_remembered_while_nothing_changes_and_gathered_anew_after_each_change(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = await _look(sessions)
    for change in CHANGES:
        assert await _look(sessions) is known
        async with transaction(sessions) as session:
            await change(session)
        found = await _look(sessions)
        assert found is not known, change.__name__
        known = found
    assert known.tree.find("B1") is not None
    assert known.book.lpr.on(DAY).rate_1y == Decimal("3.40"), "of the changed quote"


async def test_a_transaction_that_writes_gathers_for_itself(sessions: Sessions) -> None:
    known = await _look(sessions)
    async with transaction(sessions) as session:
        session.add(_bank(7))
        await session.flush()
        mine = await surroundings(session, OPERATOR, DAY)
    assert (known.tree.find("B7"), mine.tree.find("B7") is not None) == (None, True)
