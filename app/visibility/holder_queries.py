"""Which institutions are responsible for needs, or support them, now."""

from collections.abc import Collection

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.consents import Holder
from app.institutions.tables import Institution
from app.kernel.database import unrestricted
from app.whitelist.tables import WhitelistEntry


async def holders_of(session: AsyncSession, need_ids: Collection[int]) -> list[Holder]:
    """Answer the institutions that hold needs (ids), each once a need, whoever asks."""
    if not need_ids:
        return []
    found: dict[tuple[int, int], Holder] = {}
    # Who holds a need decides what is shown of it to whom; it is no answer to anybody.
    with unrestricted(session):
        for is_responsible in (False, True):
            statement = select(
                WhitelistEntry.need_id, Institution.id, Institution.lineage, literal(is_responsible)
            ).join(Assignment, Assignment.entry_id == WhitelistEntry.id)
            if is_responsible:
                statement = statement.join(Institution, Institution.id == Assignment.institution_id)
            else:
                statement = statement.join(
                    AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id
                ).join(Institution, Institution.id == AssignmentSupport.institution_id)
            current = statement.where(
                Assignment.ended_at.is_(None), WhitelistEntry.need_id.in_(sorted(need_ids))
            )
            for need_id, institution_id, lineage, is_first in await session.execute(current):
                found[need_id, institution_id] = Holder(need_id, institution_id, lineage, is_first)
    return list(found.values())
