"""A small town whose banks were at work in the fourth quarter of 2023: answers, credits, ratings, and people to judge."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import Person, RoleGrant
from app.allocation.tables import Assignment
from app.awards.observed_service import observe
from app.awards.schemas import AwardIn
from app.docking.tables import DockingEvent
from app.kernel.database import AsyncSession
from tests.bottlenecks.world import World, add_product, build_world

FIRST_DAY = date(2023, 1, 1)
ASSIGNED = datetime(2023, 10, 23, 1, 0, tzinfo=UTC)
QUARTER, YEAR = "2023Q4", 2023
JANUARY: Final = datetime(2024, 1, 3, 2, 0, tzinfo=UTC)
ENTRIES = 9
PEOPLE: Final = {
    "whole": (Role.COORDINATOR, "230000"),
    "city": (Role.COORDINATOR, "230100"),
    "bank": (Role.BANK_ADMINISTRATOR, "B1"),
    "rival": (Role.BANK_ADMINISTRATOR, "B2"),
    "clerk": (Role.RELATIONSHIP_MANAGER, "B2-DL"),
    "expert": (Role.CHAIN_MANAGER, "HLJ-GDZB"),
    "auditor": (Role.AUDITOR, ""),
}


@dataclass(frozen=True)
class Town:
    """What was built, and who is there."""

    world: World
    people: dict[str, Viewer]


async def build_town(session: AsyncSession) -> Town:
    """Store nine entries: B1 credits five of five within its promise, B2 two of four late and dear, B3 has none."""
    world = await build_world(session, {f"firm{number}": {} for number in range(ENTRIES)})
    await add_product(session, world, "B1-Q", "B1", rate=500, declared_days=5)
    for number in range(ENTRIES):
        bank, product = ("B1-DL", "B1-Q") if number < 5 else ("B2-DL", "B2-P")
        entry = world.entries[f"firm{number}"]
        session.add(
            Assignment(
                run_id=None, entry_id=entry, kind="matched", institution_id=world.institutions[bank],
                responsible_body=bank, product_revision_id=world.products[product], score=80, explanation={},
                assigned_at=ASSIGNED,
            )
        )  # fmt: skip
        await _work(session, world, entry, bank, number)
    people = {name: await _person(session, name, *grant) for name, grant in PEOPLE.items()}
    firm = next(iter(world.needs.values()))
    people["firm"] = await _person(session, "firm", Role.ENTERPRISE, firm)
    return Town(world, people)


async def _work(session: AsyncSession, world: World, entry: int, bank: str, number: int) -> None:
    contacted = ASSIGNED + timedelta(days=1)
    await log(session, world, entry, 1, bank, "contacted", contacted)
    answered = contacted + timedelta(days=2 + number)
    if number < 5:
        rate = 480 if number else 500
        await log(
            session, world, entry, 2, bank, "credit_approved", answered, amount_fen=100_000_000, rate_bp=rate
        )
        await log(session, world, entry, 3, bank, "rated", answered + timedelta(days=1), score=5)
    elif number < 7:
        await log(
            session, world, entry, 2, bank, "credit_approved", answered, amount_fen=300_000_000, rate_bp=450
        )
        await log(session, world, entry, 3, bank, "rated", answered + timedelta(days=1), score=2)
    else:
        await log(session, world, entry, 2, bank, "declined", answered)


async def log(
    session: AsyncSession,
    world: World,
    entry: int,
    sequence: int,
    bank: str,
    kind: str,
    at: datetime,
    **more: Any,
) -> None:
    """Store an event as docking would."""
    is_credit = kind == "credit_approved"
    row = DockingEvent(
        entry_id=entry, sequence=sequence, kind=kind, institution_id=world.institutions[bank], occurred_at=at,
        recorded_at=at, actor="test", amount_fen=more.get("amount_fen"), rate_bp=more.get("rate_bp"),
        term_months=12 if is_credit else None, is_credit_loan=is_credit or None, corrects=more.get("corrects"),
        reason="no_collateral" if kind == "declined" else None, evidence="尽调报告" if kind == "declined" else None,
        detail={"score": more["score"]} if "score" in more else {}, is_simulated=True,
    )  # fmt: skip
    session.add(row)
    await session.flush()


async def _person(session: AsyncSession, login: str, role: Role, scope: str) -> Viewer:
    row = Person(
        login=f"town-{login}",
        name=login.title(),
        is_demo=True,
        version=1,
        created_at=ASSIGNED,
        updated_at=ASSIGNED,
    )
    session.add(row)
    await session.flush()
    session.add(
        RoleGrant(
            person_id=row.id, role=role, scope=scope, since=FIRST_DAY, granted_by="test", granted_at=ASSIGNED
        )
    )
    await session.flush()
    return Viewer(row.name, "230000", (Grant(role, scope, FIRST_DAY),), row.id)


def announcement(**changes: Any) -> AwardIn:
    """Answer an award whose least counts the town reaches."""
    least = {"least_credits": 2, "least_answers": 4, "least_ratings": 2, "least_ballots": 2, "places": 1}
    stated = {
        "year": YEAR,
        "name": "2023年度“十佳”",
        "nominations_until": "2024-01-10",
        "votes_until": "2024-01-20",
        "criteria": least,
    }
    return AwardIn.model_validate(stated | changes)


async def observe_town(session: AsyncSession) -> None:
    """Compute the figures of the town's quarter."""
    await observe(session, local_operator("230000"), QUARTER, now=JANUARY)
