"""Firms' own registrations beside what is known of the firms: hints for the coordinator who decides."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.accounts import registration_service as registrations
from app.accounts.permissions import Action, Target, require
from app.accounts.registration_schemas import RegistrationDecision, RegistrationOut
from app.accounts.rules import Viewer
from app.enterprises import queries
from app.enterprises.registration_schemas import RegistrationBeside
from app.enterprises.statements import name_key
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.paging import Page, PageRequest

KnownFirm = tuple[str, str]
"""Normalised name and region code of a stored firm."""


async def list_registrations(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, state: str | None = None, now: datetime
) -> Page[RegistrationBeside]:
    """Answer the registrations of the viewer's regions, the newest first."""
    found = await registrations.list_registrations(session, viewer, page, state=state, now=now)
    known = await _known(session, (one.uscc for one in found.items))
    return Page(items=[_beside(one, known) for one in found.items], next=found.next)


async def get_registration(
    session: AsyncSession, viewer: Viewer, registration_id: int, *, now: datetime
) -> RegistrationBeside:
    """Answer a registration of the viewer's regions.

    Raises:
        NotFound: there is none.
    """
    found = await registrations.get_registration(session, viewer, registration_id, now=now)
    return _beside(found, await _known(session, [found.uscc]))


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    registration_id: int,
    body: RegistrationDecision,
    *,
    expect: registrations.Expect,
    now: datetime,
) -> RegistrationBeside:
    """Confirm or refuse a registration; a firm that is stored in another region is confirmed by who covers both.

    Raises:
        NotFound: there is none in the viewer's regions.
        Forbidden: the stored firm lies in a region that is not the viewer's.
        Conflict: it was decided, or the person holds a role from which an enterprise's is separated.
    """
    pending = await registrations.get_registration(session, viewer, registration_id, now=now)
    known = await _known(session, [pending.uscc])
    if body.decision == "confirmed" and pending.uscc in known:
        require(viewer, Action.CONFIRM_ENTERPRISES, Target(region=known[pending.uscc][1]))
    done = await registrations.decide(session, viewer, registration_id, body, expect=expect, now=now)
    return _beside(done, known)


async def _known(session: AsyncSession, credit_codes: Iterable[str]) -> Mapping[str, KnownFirm]:
    # Whether a firm is known in a region that the coordinator does not see decides on hints; no row is shown.
    with unrestricted(session):
        return await queries.names_and_regions(session, set(credit_codes))


def _beside(one: RegistrationOut, known: Mapping[str, KnownFirm]) -> RegistrationBeside:
    stored = known.get(one.uscc)
    return RegistrationBeside(
        **one.model_dump(),
        is_known=stored is not None,
        name_differs=stored is not None and stored[0] != name_key(one.enterprise),
        code_region=one.uscc[2:8],
        region_differs=stored is not None and stored[1] != one.region,
    )
