"""What a run over all firms reads and writes, many rows at a time."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import Table, and_, delete, select, update

from app.chains.confirming import Membership, State
from app.chains.profiles import Role
from app.chains.rules import Period
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.rules import digits_of
from app.kernel.batches import IDS_PER_STATEMENT, in_batches
from app.kernel.database import AsyncSession, insert_rows
from app.membership.queries import MEMBERSHIPS
from app.membership.rules import WITHDRAWN, Asked, Doubt
from app.membership.tables import ChainMembership, MembershipAct, MembershipListing, MembershipQuestion

QUESTIONS: Final = cast("Table", MembershipQuestion.__table__)
ACTS: Final = cast("Table", MembershipAct.__table__)
LISTINGS: Final = cast("Table", MembershipListing.__table__)
FIRMS_AT_ONCE: Final = 20_000


async def firms(session: AsyncSession, jurisdiction: str) -> AsyncIterator[Sequence[Any]]:
    """Yield (number, name, region, industry, scope) of the firms of a jurisdiction by number, many at once."""
    digits, after = digits_of(jurisdiction), 0
    while True:
        statement = (
            select(
                Enterprise.id,
                Enterprise.name,
                Enterprise.region_code,
                Enterprise.industry,
                Enterprise.business_scope,
            )
            .where(Enterprise.id > after, Enterprise.region_code.startswith(digits, autoescape=True))
            .order_by(Enterprise.id)
            .limit(FIRMS_AT_ONCE)
        )
        rows = (await session.execute(statement)).all()
        if not rows:
            return
        yield rows
        after = rows[-1][0]


_STATED: Final = (
    Need.enterprise_id,
    Need.code,
    NeedRevision.facts["chain"].as_string(),
    NeedRevision.facts["chain_role"].as_string(),
    NeedRevision.facts["revenue"].as_string(),
    NeedRevision.facts["staff"].as_string(),
)


async def statements_of(session: AsyncSession, only: Collection[int] | None = None) -> Sequence[Any]:
    """Answer (firm, need, chain, role, revenue, staff) as needs are worded now, by need; of all firms, or some."""
    statement = (
        select(*_STATED)
        .join(NeedRevision, and_(NeedRevision.need_id == Need.id, NeedRevision.revision == Need.revision))
        .order_by(Need.code)
    )
    if only is not None:
        statement = statement.where(Need.enterprise_id.in_(sorted(only)))
    return (await session.execute(statement)).all()


async def listings(session: AsyncSession, day: date) -> Sequence[Any]:
    """Answer (firm, chain, core firm, role) as core firms list them on a day."""
    table = LISTINGS
    statement = select(table.c.enterprise_id, table.c.chain_code, table.c.core_firm, table.c.role).where(
        table.c.since <= day, (table.c.until.is_(None)) | (table.c.until >= day)
    )
    return (await session.execute(statement.order_by(table.c.id))).all()


async def standing(
    session: AsyncSession, chains: Collection[str], only: Collection[int] | None = None
) -> list[tuple[int, Membership]]:
    """Answer all memberships in some chains but withdrawn ones, with their numbers; of all firms, or some."""
    table = MEMBERSHIPS
    statement = select(
        table.c.id, table.c.enterprise_id, table.c.chain_code, table.c.link, table.c.role, table.c.state,
        table.c.since, table.c.until, table.c.reason, table.c.said_by, table.c.said_at,
    ).where(table.c.state != WITHDRAWN, table.c.chain_code.in_(sorted(chains)))  # fmt: skip
    if only is not None:
        statement = statement.where(table.c.enterprise_id.in_(sorted(only)))
    rows = await session.execute(statement.order_by(table.c.id))
    return [(row[0], membership_of(*row[1:])) for row in rows]


def membership_of(
    firm: int, chain: str, link: str | None, role: str, state: str, since: date, until: date | None,
    reason: str, by: str, at: datetime,
) -> Membership:  # fmt: skip
    """Answer a stored membership as the rules read it."""
    return Membership(str(firm), chain, link, Role(role), State(state), Period(since, until), reason, by, at)


def value_of(row: ChainMembership) -> Membership:
    """Answer a membership's row as the rules read it."""
    return membership_of(
        row.enterprise_id, row.chain_code, row.link, row.role, row.state, row.since, row.until, row.reason,
        row.said_by, row.said_at,
    )  # fmt: skip


async def add_proposals(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    """Store new proposals."""
    await insert_rows(session, MEMBERSHIPS, rows)


async def add_acts(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    """Store what was done with memberships."""
    await insert_rows(session, ACTS, rows)


async def withdraw(session: AsyncSession, numbers: Collection[int], day: date) -> None:
    """Take proposals back."""
    table = MEMBERSHIPS
    for some in in_batches(numbers):
        values = {"state": WITHDRAWN, "until": day, "version": table.c.version + 1}
        await session.execute(update(table).where(table.c.id.in_(some)).values(values))


async def ask(
    session: AsyncSession,
    asked: Sequence[Asked],
    scope: Collection[int],
    now: datetime,
    *,
    forgets: Collection[Doubt] = frozenset(Doubt),
) -> int:
    """Have these questions be open about memberships of a scope (numbers); answer how many of them are.

    What people decided is not asked again; what is asked no more, of the kinds that are asked anew, is forgotten.
    """
    table = QUESTIONS
    columns = (table.c.id, table.c.membership_id, table.c.kind, table.c.asked, table.c.state)
    statement = select(*columns)
    if len(scope) <= IDS_PER_STATEMENT:
        statement = statement.where(table.c.membership_id.in_(sorted(scope)))
    known = {tuple(row[1:4]): (row[0], row[4]) for row in await session.execute(statement) if row[1] in scope}
    wanted = {(one.number, one.kind.value, one.asked): one for one in asked}
    gone = [
        id_
        for key, (id_, state) in known.items()
        if state == "open" and key[1] in forgets and key not in wanted
    ]
    for some in in_batches(gone):
        await session.execute(delete(table).where(table.c.id.in_(some)))
    new = [one for key, one in wanted.items() if key not in known]
    await insert_rows(
        session,
        table,
        [
            {
                "membership_id": one.number, "kind": one.kind.value, "asked": one.asked, "text": one.text,
                "state": "open", "asked_at": now, "version": 1,
            }
            for one in new
        ],
    )  # fmt: skip
    return len(new) + len([key for key in wanted if key in known and known[key][1] == "open"])


async def put_listings(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Store what core firms list."""
    await insert_rows(session, LISTINGS, rows)


async def end_listings(session: AsyncSession, chain: str, core_firm: str, day: date) -> None:
    """Have a core firm's list of a chain end with a day."""
    table = LISTINGS
    own = and_(table.c.chain_code == chain, table.c.core_firm == core_firm, table.c.until.is_(None))
    await session.execute(update(table).where(own).values(until=day))


async def firm_numbers(session: AsyncSession, usccs: Collection[str]) -> dict[str, int]:
    """Answer the numbers of firms by credit code."""
    statement = select(Enterprise.uscc, Enterprise.id).where(Enterprise.uscc.in_(sorted(usccs)))
    return {uscc: number for uscc, number in await session.execute(statement)}  # noqa: C416 - rows are no tuples to mypy
