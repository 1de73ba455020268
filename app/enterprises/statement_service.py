"""Takes many statements at once: firms, contacts, projects, needs and revisions in a handful of SQL statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.enterprises import queries
from app.enterprises.name_spelling import spelled
from app.enterprises.statements import (
    Known,
    Plan,
    Profile,
    Standing,
    Statement,
    Taken,
    name_key,
    plan_statements,
)
from app.kernel.database import AsyncSession
from app.kernel.shanghai import shanghai_date


async def compare_statements(session: AsyncSession, statements: Sequence[Statement]) -> Plan:
    """Answer what taking the statements would write; one standing a statement, in their order."""
    return plan_statements(statements, await _known(session, statements))


async def take_statements(
    session: AsyncSession,
    statements: Sequence[Statement],
    *,
    now: datetime,
    plan: Plan | None = None,
    is_demo: bool = False,
) -> list[Taken]:
    """Keep statements; answer where each one stands, in their order. Equal ones write nothing.

    `plan` is what `compare_statements` answered for these very statements in this transaction.
    The number of SQL statements does not depend on how many are kept.
    """
    plan = plan or await compare_statements(session, statements)
    await queries.put_enterprises(
        session,
        [
            _enterprise_row(uscc, profile, now, is_demo=is_demo)
            for uscc, profile in plan.new_enterprises.items()
        ],
    )
    usccs = {statement.uscc for statement in statements}
    stored = await queries.stored_enterprises(session, usccs)
    await queries.change_enterprises(
        session,
        [
            _profile_row(profile) | {"row_id": stored[uscc].id, "updated_at": now}
            for uscc, profile in plan.changed_enterprises.items()
        ],
    )
    ids = {uscc: enterprise.id for uscc, enterprise in stored.items()}
    await _put_contacts(session, plan, ids, now)
    projects = await _put_projects(session, plan, statements, ids, now)
    return await _put_needs(session, statements, plan.standings, ids, projects, now)


async def _known(session: AsyncSession, statements: Sequence[Statement]) -> Known:
    usccs = {statement.uscc for statement in statements}
    projects = await queries.stored_projects(session, usccs)
    return Known(
        await queries.stored_enterprises(session, usccs),
        {key: number for key, (_id, number) in projects.items()},
        await queries.stored_needs_of(session, usccs),
        await queries.stored_contacts(session, usccs),
    )


def _profile_row(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "name_key": name_key(profile.name),
        "spelling": spelled(profile.name),
        "region_code": profile.region_code,
        "industry": profile.industry,
        "established_on": profile.established_on,
        "ownership": profile.ownership,
        "business_scope": profile.business_scope,
    }


def _enterprise_row(uscc: str, profile: Profile, now: datetime, *, is_demo: bool) -> dict[str, Any]:
    own = {"uscc": uscc, "is_demo": is_demo, "version": 1, "created_at": now, "updated_at": now}
    return own | _profile_row(profile)


async def _put_contacts(session: AsyncSession, plan: Plan, ids: Mapping[str, int], now: datetime) -> None:
    if not plan.contacts:
        return
    known = await queries.stored_contacts(session, plan.contacts)
    rows = [
        {"enterprise_id": ids[uscc], "name": name, "phone": phone, "updated_at": now}
        for uscc, (name, phone) in plan.contacts.items()
    ]
    await queries.put_contacts(session, rows, [ids[uscc] for uscc in known])


async def _put_projects(
    session: AsyncSession,
    plan: Plan,
    statements: Sequence[Statement],
    ids: Mapping[str, int],
    now: datetime,
) -> dict[tuple[str, str], int]:
    """Store new projects; answer (credit code, name) → id of all that the statements name."""
    rows = [
        {"enterprise_id": ids[uscc], "number": number, "name": name, "created_at": now}
        for (uscc, name), number in plan.new_projects.items()
    ]
    await queries.put_projects(session, rows)
    usccs = {statement.uscc for statement in statements if statement.project is not None}
    stored = await queries.stored_projects(session, usccs) if usccs else {}
    return {key: id_ for key, (id_, _number) in stored.items()}


async def _put_needs(
    session: AsyncSession,
    statements: Sequence[Statement],
    standings: Sequence[Standing],
    ids: Mapping[str, int],
    projects: Mapping[tuple[str, str], int],
    now: datetime,
) -> list[Taken]:
    pairs = list(zip(statements, standings, strict=True))
    await queries.put_needs(
        session,
        [
            {
                "code": standing.need_code,
                "enterprise_id": ids[statement.uscc],
                "project_id": None
                if statement.project is None
                else projects[statement.uscc, statement.project],
                "revision": 1,
                "created_at": now,
            }
            for statement, standing in pairs
            if standing.outcome == "new"
        ],
    )
    codes = {standing.need_code for standing in standings if standing.outcome == "new"}
    new_ids = await queries.need_ids(session, codes) if codes else {}
    await queries.put_revisions(
        session,
        [
            _revision_row(statement, standing, new_ids, now)
            for statement, standing in pairs
            if standing.outcome != "kept"
        ],
    )
    await queries.advance_needs(
        session,
        [
            (standing.stored.id, standing.stored.revision + 1)
            for standing in standings
            if standing.stored is not None and standing.outcome == "changed"
        ],
    )
    stored = await queries.stored_needs(session, {standing.need_code for standing in standings})
    return [
        Taken(
            ids[statement.uscc],
            stored[standing.need_code].id,
            stored[standing.need_code].revision_id,
            standing.need_code,
            standing.content_hash,
            standing.outcome,
        )
        for statement, standing in pairs
    ]


def _revision_row(
    statement: Statement, standing: Standing, new_ids: Mapping[str, int], now: datetime
) -> dict[str, Any]:
    stored = standing.stored
    return {
        "need_id": new_ids[standing.need_code] if stored is None else stored.id,
        "revision": 1 if stored is None else stored.revision + 1,
        "facts": statement.facts.as_json(),
        "amount_fen": statement.facts.amount,
        "term_months": statement.facts.term_months,
        "content_hash": standing.content_hash,
        "stated_on": shanghai_date(now),
        "created_at": now,
    }
