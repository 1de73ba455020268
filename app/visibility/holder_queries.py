"""Which institutions are responsible for needs, or support them, now."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import BigInteger, Select, bindparam, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.consents import Holder
from app.institutions.tables import Institution
from app.kernel.database import unrestricted
from app.kernel.direct import Direct
from app.whitelist.tables import WhitelistEntry


def _current(*, is_responsible: bool) -> Select[Any]:
    statement = select(
        WhitelistEntry.need_id,
        Institution.id.label("institution_id"),
        Institution.lineage,
        literal(is_responsible).label("is_responsible"),
    ).join(Assignment, Assignment.entry_id == WhitelistEntry.id)
    if is_responsible:
        statement = statement.join(Institution, Institution.id == Assignment.institution_id)
    else:
        statement = statement.join(AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id).join(
            Institution, Institution.id == AssignmentSupport.institution_id
        )
    needs = bindparam("needs", required=False, type_=BigInteger(), expanding=True)
    return statement.where(Assignment.ended_at.is_(None), WhitelistEntry.need_id.in_(needs))


_HOLDERS: Final = Direct(union_all(_current(is_responsible=False), _current(is_responsible=True)))


async def holders_of(session: AsyncSession, need_ids: Collection[int]) -> list[Holder]:
    """Answer the institutions that hold needs (ids), each once a need, whoever asks."""
    if not need_ids:
        return []
    found: dict[tuple[int, int], Holder] = {}
    # Who holds a need decides what is shown of it to whom; it is no answer to anybody.
    with unrestricted(session):
        rows = await _HOLDERS.rows(session, needs=sorted(need_ids))
    for need_id, institution_id, lineage, is_first in sorted(rows, key=lambda row: bool(row[3])):
        found[need_id, institution_id] = Holder(need_id, institution_id, lineage, bool(is_first))
    return list(found.values())
