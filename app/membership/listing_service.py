"""What core firms' lists say of members: kept as evidence for runs, proposed for the listed firms at once."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from app.accounts.rules import Viewer
from app.chains.profiles import Role
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.shanghai import shanghai_date
from app.membership import run_queries, run_service
from app.membership.schemas import MembershipRunOut


async def keep_listing(
    session: AsyncSession,
    viewer: Viewer,
    chain: str,
    core_firm: str,
    members: Mapping[str, Role],
    *,
    now: datetime,
) -> MembershipRunOut:
    """Keep a core firm's list of a chain (credit code → upstream or downstream) in the place of its last, and propose.

    What people said is never changed; firms that are not stored are passed over. An empty list ends the last one.
    """
    day = shanghai_date(now)
    with unrestricted(session):
        numbers = await run_queries.firm_numbers(session, members)
        await run_queries.end_listings(session, chain, core_firm, day - timedelta(days=1))
        await run_queries.put_listings(
            session,
            [
                {
                    "enterprise_id": number, "chain_code": chain, "core_firm": core_firm,
                    "role": members[uscc].value, "since": day, "until": None, "noted_by": viewer.name,
                    "noted_at": now,
                }
                for uscc, number in sorted(numbers.items())
            ],
        )  # fmt: skip
    return await run_service.run(session, viewer, now=now, only=list(members))
