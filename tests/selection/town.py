"""A small town to select in: two chains with open needs, five banks, of which B1 is under contract with the first chain."""

from datetime import date, datetime
from typing import Any

from app.accounts.rules import Role, Viewer
from app.allocation.tables import Assignment
from app.docking.tables import DockingEvent
from app.kernel.database import AsyncSession, Sessions, transaction
from app.selection import service
from app.selection.schemas import ListIn, RoundIn, RoundOut
from tests.accounts.offices import person
from tests.bottlenecks.world import BEFORE, World, add_plan, build_world, match

CLAUSE = "黑银发〔2023〕25号（十四）"
BEARINGS, TRACTORS = "HLJ-ZC", "HLJ-NJ"
BANKS = ["B1", "B2", "B3", "B4", "B5"]
NEEDS: dict[str, dict[str, Any]] = {
    "first": {"chain": BEARINGS},
    "second": {"chain": BEARINGS, "amount": "7000000.00"},
    "financed": {"chain": BEARINGS},
    "third": {"chain": TRACTORS},
    "elsewhere": {},
}
PEOPLE = {
    "coordinator": (Role.COORDINATOR, "230000"),
    "part": (Role.COORDINATOR, "230100"),
    "bearings": (Role.CHAIN_MANAGER, BEARINGS),
    "tractors": (Role.CHAIN_MANAGER, TRACTORS),
    "b1": (Role.BANK_ADMINISTRATOR, "B1"),
    "b2": (Role.BANK_ADMINISTRATOR, "B2"),
    "clerk": (Role.RELATIONSHIP_MANAGER, "B1"),
    "auditor": (Role.AUDITOR, ""),
    "firm": (Role.ENTERPRISE, "91230102MA1B00001X"),
}
TERMS: dict[str, Any] = {
    "code": "2023Q4", "name": "四季度双选", "edition": "2023H2", "submit_until": "2023-11-20", "banks": BANKS,
    "chains": [BEARINGS, TRACTORS], "objection_days": 5,
}  # fmt: skip


async def build(session: AsyncSession, viewer: Viewer, now: datetime, *, is_matched: bool = True) -> World:
    """Store the town; the needs are matched, one is financed, and B1 holds another."""
    world = await build_world(session, NEEDS)
    await add_plan(session, BEARINGS, [{"institution": "B1", "quota": 3}], CLAUSE)
    await add_plan(session, TRACTORS, [], CLAUSE)
    if is_matched:
        await match(session, viewer, now)
    session.add(
        Assignment(
            run_id=None, entry_id=world.entries["first"], kind="matched", institution_id=world.institutions["B1-DL"],
            responsible_body="B1-DL", product_revision_id=world.products["B1-P"], score=80, explanation={},
            assigned_at=BEFORE,
        )
    )  # fmt: skip
    for name, kind, terms in (
        ("first", "contacted", {}),
        ("financed", "credit_approved", {"amount_fen": 500_000_000, "rate_bp": 400, "term_months": 12, "is_credit_loan": False}),
    ):  # fmt: skip
        session.add(
            DockingEvent(
                entry_id=world.entries[name], sequence=1, kind=kind, institution_id=world.institutions["B1-DL"],
                occurred_at=datetime.combine(date(2023, 10, 24), BEFORE.timetz()), recorded_at=now, actor="test",
                detail={}, is_simulated=False, **terms,
            )
        )  # fmt: skip
    await session.flush()
    return world


async def build_kept(sessions: Sessions, viewer: Viewer, now: datetime) -> World:
    """Store the town for good."""
    async with transaction(sessions) as session:
        return await build(session, viewer, now)


async def opened(session: AsyncSession, viewer: Viewer, now: datetime, **more: Any) -> RoundOut:
    """Open the round of the town."""
    return await service.open_round(session, viewer, RoundIn.model_validate(TERMS | more), now=now)


def listed(quota: int, *tiers: list[str], **more: Any) -> ListIn:
    """Answer a list to hand in."""
    return ListIn.model_validate({"quota": quota, "tiers": list(tiers)} | more)


async def staff(sessions: Sessions) -> dict[str, Viewer]:
    """Store the people."""
    return {name: await person(sessions, f"sel-{name}", grant) for name, grant in PEOPLE.items()}
