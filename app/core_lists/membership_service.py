"""What a core firm's list says of its chain: a listed firm's place there, proposed to the room that keeps members."""

from datetime import datetime

from app.accounts.rules import local_operator
from app.chains.profiles import Role
from app.core_lists import queries
from app.core_lists.rules import ROLE_ON_CHAIN, Relation
from app.core_lists.tables import CoreList
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.membership.listing_service import keep_listing


async def propose_roles(session: AsyncSession, row: CoreList, *, now: datetime) -> None:
    """Propose the firms that are on a list upstream or downstream on the core firm's chain, with the list as evidence.

    People confirm or decline; nobody on it ends what the list said; a list without a chain says nothing of any.
    All firms of the jurisdiction are weighed: this is done by list, not by firm.
    """
    if row.chain_code is None:
        return
    listed = [one for one in await queries.members_of_list(session, row.id) if one.left_at is None]
    # The list was taken up by who may; that it is evidence asks for no other right.
    viewer = local_operator(get_settings().jurisdiction)
    members = {one.firm_uscc: Role(ROLE_ON_CHAIN[Relation(one.relation)]) for one in listed}
    await keep_listing(session, viewer, row.chain_code, row.core_name, members, now=now)
