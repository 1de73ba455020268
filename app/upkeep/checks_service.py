"""Checks what the data itself can show to be true: the trail's chain, and the closed months."""

from app.accounts import audit_trail_service
from app.accounts.rules import Viewer
from app.coverage import queries as coverage_queries
from app.coverage import service as coverage
from app.kernel.database import AsyncSession
from app.upkeep.schemas import CheckOut


async def check(session: AsyncSession, viewer: Viewer) -> list[CheckOut]:
    """Walk along the audit trail and recompute every closed month; answer what was found of each."""
    trail = await audit_trail_service.verify(session)
    broken = trail.broken
    told = (
        f"{trail.links} links hold, head {trail.head}"
        if broken is None
        else f"link {broken.sequence}: {broken.reason}"
    )
    found = [CheckOut(what="audit trail", holds=broken is None, told=told)]
    for month in await coverage_queries.closed_months(session, viewer):
        verdict = await coverage.verify(session, viewer, month)
        told = "；".join(verdict.faults) or f"SHA-256 {verdict.closed.facts_sha256}"
        found.append(CheckOut(what=f"closed month {month}", holds=verdict.is_intact, told=told))
    return found
