"""A need that institutions hold, and clients of whoever looks at it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from fastapi import FastAPI, Request
from sqlalchemy import select, update

from app.accounts.door import OpenDoor
from app.accounts.rules import Grant, Role, Viewer
from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.tables import EnterpriseContact, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app
from tests.docking.world import ADMITTED, World, build_world, entry_code

USCC = f"9123010{0:011d}"
NEED = f"/needs/{USCC}"
CONSENTS = f"{NEED}/consents"
CONTACT = f"/enterprises/{USCC}/contact"
ENTRY = f"/whitelist/entries/{entry_code(0)}"
FINANCIAL = {
    "revenue": "86000000.00", "existing_loans": "12000000.00", "existing_banks": ["某某银行"], "tax_grade": "A",
    "collateral": ["equipment"], "single_bank_limit_reached": True,
}  # fmt: skip
JUDICIAL = {"litigation": True, "adverse_credit": False}


async def consent_world(sessions: Sessions, responsible: Sequence[str | None] = ("icbc-dl",)) -> World:
    """Store entries held by icbc-dl (lj supports); the first states loans and lawsuits, and has a contact."""
    async with transaction(sessions) as session:
        world = await build_world(session, responsible)
        for need in await session.scalars(select(Need)):
            need.code = need.code.removeprefix("N-")
        await session.flush()
        first = await session.scalar(select(Need).where(Need.code == USCC))
        assert first is not None
        revision = await session.scalar(select(NeedRevision).where(NeedRevision.need_id == first.id))
        assert revision is not None
        revision.facts = revision.facts | FINANCIAL | JUDICIAL
        contact = {"name": "张三", "phone": "0451-12345678", "updated_at": ADMITTED}
        session.add(EnterpriseContact(enterprise_id=first.enterprise_id, **contact))
    return world


def person(role: Role, scope: str = "", number: int = 1) -> Viewer:
    """Answer somebody with one role."""
    return Viewer(f"{role}-{scope or number}", "230000", (Grant(role, scope),), person=number)


FIRM = person(Role.ENTERPRISE, USCC)
COORDINATOR = person(Role.COORDINATOR, "230100")
BRANCH = person(Role.RELATIONSHIP_MANAGER, "icbc-dl")
HEAD = person(Role.BANK_ADMINISTRATOR, "icbc")
SUPPORTING = person(Role.RELATIONSHIP_MANAGER, "lj")
OUTSIDER = person(Role.RELATIONSHIP_MANAGER, "ccb")


class SwitchedDoor(OpenDoor):
    """Lets in whoever looks in the present task, on the day given: one application serves a whole test."""

    def __init__(self) -> None:
        super().__init__(FIRM, self._narrow)

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        return await OpenDoor(LOOKING.get()[0], self._narrow).admit(request, session, marks)

    def _narrow(self, session: AsyncSession, viewer: Viewer, today: date, entry: str | None = None) -> None:
        narrow(session, viewer, LOOKING.get()[1] or today, entry)


LOOKING: ContextVar[tuple[Viewer, date | None]] = ContextVar("looking")
APPS: WeakKeyDictionary[Sessions, FastAPI] = WeakKeyDictionary()


@asynccontextmanager
async def client_of(
    sessions: Sessions, viewer: Viewer, day: date | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Answer a client in whose requests a viewer looks, on a day (today)."""
    app = APPS.get(sessions) or create_app(Settings(), sessions, SwitchedDoor())
    APPS[sessions] = app

    async def look(_request: httpx.Request) -> None:
        LOOKING.set((viewer, day))

    transport, hooks = httpx.ASGITransport(app, raise_app_exceptions=False), {"request": [look]}
    url = "http://127.0.0.1/api/v1"
    async with httpx.AsyncClient(transport=transport, base_url=url, event_hooks=hooks) as opened:
        yield opened


async def get(sessions: Sessions, viewer: Viewer, path: str, day: date | None = None) -> httpx.Response:
    """Read a path as a viewer, on a day (today)."""
    async with client_of(sessions, viewer, day) as client:
        return await client.get(path)


def consent(groups: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """Answer a consent to send; it lasts ten days."""
    until = shanghai_today() + timedelta(days=10)
    return {"purpose": "financing_docking", "groups": list(groups), "until": until.isoformat()} | more


async def give(sessions: Sessions, groups: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """Let the firm give a consent."""
    async with client_of(sessions, FIRM) as client:
        answer = await client.post(CONSENTS, json=consent(groups, **more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def revoke(sessions: Sessions, number: int) -> httpx.Response:
    """Let the firm revoke a consent."""
    async with client_of(sessions, FIRM) as client:
        return await client.put(f"{CONSENTS}/{number}/revocation", headers={"If-Match": '"1"'})


async def more_supporters(sessions: Sessions, world: World, codes: Sequence[str]) -> None:
    """Let more institutions support the first entry than the rules would."""
    async with transaction(sessions) as session:
        assignment = await session.scalar(
            select(Assignment.id).where(
                Assignment.entry_id == world.entries[entry_code(0)], Assignment.ended_at.is_(None)
            )
        )
        for rank, code in enumerate(codes, start=2):
            node = Institution(
                code=code, name=f"{code}银行", short_name=code, kind="large", parent_id=None, lineage="/",
                region_code="230100", capacity=100, is_demo=True, version=1, created_at=ADMITTED,
                updated_at=ADMITTED,
            )  # fmt: skip
            session.add(node)
            await session.flush()
            node.lineage, node.root_id = f"/{node.id}/", node.id
            support = AssignmentSupport(
                assignment_id=assignment, rank=rank, institution_id=node.id,
                product_revision_id=world.product_revision_id, score=1,
            )  # fmt: skip
            session.add(support)
            await session.flush()


async def end_assignments(sessions: Sessions) -> None:
    """Leave all entries without a responsible institution."""
    async with transaction(sessions) as session:
        await session.execute(update(Assignment).values(ended_at=ADMITTED, end_reason="replaced"))


async def hand_to(sessions: Sessions, world: World, code: str) -> None:
    """Make another institution responsible for the first entry; nobody supports it any more."""
    await end_assignments(sessions)
    async with transaction(sessions) as session:
        rows = await session.execute(select(Institution.code, Institution.id))
        ids = {row[0]: row[1] for row in rows}
        session.add(
            Assignment(
                run_id=None, entry_id=world.entries[entry_code(0)], kind="matched", institution_id=ids[code],
                responsible_body="", explanation={}, assigned_at=ADMITTED,
            )
        )  # fmt: skip
