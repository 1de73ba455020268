"""The small world of the harness: what stands before the first step, the people in it, and the roster that comes in."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, select

from app.accounts import account_service, api_keys, audit_service, people_service
from app.accounts.audit import Origin
from app.accounts.auth_schemas import ApiKeyIn
from app.accounts.key_ring import key_ring
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.sealing import seal
from app.allocation.tables import Assignment
from app.cli.demo import demo_plan
from app.cli.line import LinePlan, stages_of, walk
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.settings import Settings
from app.notifications.tables import NoticeSettings, WebhookEndpoint
from app.notifications.webhook_service import SECRET
from app.whitelist.tables import WhitelistEntry
from tests.chaos.stores import WORLD, Store

JURISDICTION: Final = "230000"
EDITION, LIBRARY, MONTH = "2023H2", "2023Q4", "2023-10"
SEED: Final = 11
SECRET_KEYS: Final = "nobody would guess thirty-two characters of chaos"  # noqa: S105 - of nobody real
WEBHOOK_SECRET: Final = "whsec_Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2hhb3M="  # noqa: S105 - of nobody real
MADE_AT: Final = datetime(2023, 10, 16, 1, 30, tzinfo=UTC)
PEOPLE: Final = {
    "chaos-coordinator": Grant(Role.COORDINATOR, JURISDICTION, since=date(2023, 10, 16)),
    "chaos-bank": Grant(Role.BANK_ADMINISTRATOR, "SJYH", since=date(2023, 10, 16)),
    "chaos-branch": Grant(Role.BANK_ADMINISTRATOR, "SJYH-HRB", since=date(2023, 10, 16)),
    "chaos-guarantor": Grant(Role.GUARANTOR, "DXDB", since=date(2023, 10, 16)),
}


@dataclass(frozen=True, slots=True)
class World:
    """What a walk needs to know of its world."""

    store: Store
    roster: Path
    key: str
    environment: dict[str, str]


def make_world(store: Store, folder: Path, *, entries: int, hook: str, mail_port: int) -> World:
    """Make the world's database: institutions, chains, products, a library, people with receivers and mailboxes."""
    plan = demo_plan(SEED, entries)
    roster = folder / f"roster-{store.name}.xlsx"
    roster.write_bytes(plan.half_years[0].roster)
    environment = {
        "RONGQIAO_JURISDICTION": JURISDICTION,
        "RONGQIAO_SECRET_KEYS": SECRET_KEYS,
        "RONGQIAO_SMTP_HOST": "127.0.0.1",
        "RONGQIAO_SMTP_PORT": str(mail_port),
        "RONGQIAO_SMTP_SECURITY": "none",
        "RONGQIAO_MAIL_FROM": "chaos@example.gov.cn",
        "RONGQIAO_DIGEST_HOUR": "0",
        "RONGQIAO_ROUND_SECONDS": "0",
        "RONGQIAO_WARM_SECONDS": "0",
        "RONGQIAO_EMBEDDED_WORKER": "false",
        "RONGQIAO_REQUESTS_PER_MINUTE": "1000000",
        "RONGQIAO_LOG_LEVEL": "WARNING",
    }
    store.create(WORLD)
    settings = Settings(secret_keys=SECRET_KEYS)
    key = asyncio.run(_fill(store.url(WORLD), plan, settings, hook))
    return World(store, roster, key, environment)


async def _fill(url: str, plan: LinePlan, settings: Settings, hook: str) -> str:
    engine = make_engine(url)
    try:
        sessions = make_sessions(engine)
        stages = stages_of(plan)
        until = [stage.name for stage in stages].index("roster")
        async for _done in walk(sessions, local_operator(JURISDICTION), stages[:until]):
            pass
        return await _people(sessions, settings, hook)
    finally:
        await engine.dispose()


async def _people(sessions: Sessions, settings: Settings, hook: str) -> str:
    operator = local_operator(JURISDICTION)
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(operator, via="chaos"))
        keys = [await _person(session, settings, login, grant, hook) for login, grant in PEOPLE.items()]
    return keys[0]


async def _person(session: AsyncSession, settings: Settings, login: str, grant: Grant, hook: str) -> str:
    """Make somebody with a role, a receiver and a mailbox; answer a key of theirs."""
    person = await account_service.make_person(session, login, login, None, now=MADE_AT)
    await people_service.store_grant(session, person, grant, "chaos", now=MADE_AT)
    sealed = seal(key_ring(settings), SECRET, WEBHOOK_SECRET, now=MADE_AT)
    session.add(
        WebhookEndpoint(
            person_id=person.id,
            url=f"{hook}/{login}",
            sealed_secret=sealed,
            kinds=[],
            version=1,
            created_at=MADE_AT,
        )
    )
    session.add(
        NoticeSettings(
            person_id=person.id,
            email=f"{login}@example.gov.cn",
            confirmed_at=MADE_AT,
            wants_digest=True,
            wants_urgent=True,
            version=1,
            updated_at=MADE_AT,
        )
    )
    viewer = Viewer(login, JURISDICTION, (grant,), person.id)
    body = ApiKeyIn(name="chaos", role=grant.role, scope=grant.scope, days=300)
    return (await api_keys.make(session, viewer, body, now=MADE_AT)).key


def entries_in_hand(sync_url: str, most: int) -> list[str]:
    """Answer some entries for which a bank's institution is responsible, by code."""
    engine = create_engine(sync_url)
    wanted = (
        select(WhitelistEntry.code)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .where(Assignment.ended_at.is_(None), Assignment.kind == "matched")
        .order_by(WhitelistEntry.code)
        .limit(most)
    )
    try:
        with engine.connect() as connection:
            return list(connection.execute(wanted).scalars())
    finally:
        engine.dispose()
