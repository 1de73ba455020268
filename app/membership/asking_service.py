"""What needs state against memberships that people have just confirmed is asked at once, not at the next run."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from app.chains import profile_service as chain_profiles
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.shanghai import shanghai_date
from app.membership import queries, run_queries
from app.membership.rules import Doubt, Held, Stated, statement_questions


async def ask_of_statements(session: AsyncSession, firms: Collection[int], now: datetime) -> None:
    """Ask what needs of firms (numbers) state against their confirmed memberships."""
    held = defaultdict[int, list[Held]](list)
    stated = defaultdict[int, list[Stated]](list)
    # Other chains' memberships of a firm decide what is asked, whether or not the viewer sees them.
    with unrestricted(session):
        for some in in_batches(firms):
            for row in await queries.standing_of_firms(session, some):
                held[row.enterprise_id].append(Held(row.id, run_queries.value_of(row)))
            for firm, need, chain, role, _revenue, _staff in await run_queries.statements_of(session, some):
                stated[firm].append(Stated(need, chain, role))
        names, today = await chain_profiles.chain_names(session), shanghai_date(now)
        asked = [
            one for firm, own in held.items() for one in statement_questions(own, stated[firm], names, today)
        ]
        scope = {one.number for own in held.values() for one in own}
        await run_queries.ask(session, asked, scope, now, forgets={Doubt.STATEMENT})
