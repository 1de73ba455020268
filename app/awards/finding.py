"""The award of a year, where it stands, and on whose side a viewer takes part in it."""

from collections.abc import Callable
from datetime import datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.awards import queries
from app.awards.rules import AwardAct, AwardSide, AwardState, Days, Standing
from app.awards.scoring import Criteria, Part
from app.awards.tables import Award
from app.institutions.rules import InstitutionTree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.shanghai import shanghai_date

Expect = Callable[[int], None]
LENDERS = (Role.BANK_ADMINISTRATOR, Role.GUARANTOR)


async def stored_award(
    session: AsyncSession, viewer: Viewer, year: int, *, is_for_change: bool = False
) -> Award:
    """Answer the award of a year.

    Raises:
        NotFound: the viewer's jurisdiction has announced none.
    """
    award = await queries.award_of(session, viewer.jurisdiction, year, is_for_change=is_for_change)
    if award is None:
        raise NotFound(f"There is no award of {year}.", [Fault("year", "not announced", value=str(year))])
    return award


def any_version(_version: int) -> None:
    """Accept whatever version is stored."""


async def award_to_manage(
    session: AsyncSession, viewer: Viewer, year: int, expect: Expect = any_version
) -> Award:
    """Answer an award, held, to whoever may manage it.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is none.
        PreconditionFailed: it was changed since it was read.
    """
    require(viewer, Action.MANAGE_AWARDS, Target(region=viewer.jurisdiction))
    award = await stored_award(session, viewer, year, is_for_change=True)
    expect(award.version)
    return award


async def counts_of(session: AsyncSession, award: Award) -> dict[str, int]:
    """Answer how much there is of an award, whoever asks: that somebody voted is told, not how."""
    with unrestricted(session):
        return (await queries.counts(session, [award.id]))[award.id]


def standing_of(award: Award, counts: dict[str, int]) -> Standing:
    """Answer where an award stands."""
    days = Days(award.nominations_until, award.votes_until, award.appeals_until)
    return Standing(AwardState(award.state), days, counts["jurors"], counts["ballots"])


async def require_possible(session: AsyncSession, award: Award, act: AwardAct, now: datetime) -> None:
    """Refuse what cannot be done with an award today.

    Raises:
        Conflict: it cannot; says why, and what can be.
    """
    today = shanghai_date(now)
    standing = standing_of(award, await counts_of(session, award))
    why = standing.why_not(act, today)
    if why is not None:
        remedy = "GET /api/v1/awards/{year} tells what can be done today."
        raise Conflict("The award does not stand where this is done.", [Fault("award", why, remedy)])


def criteria_of(award: Award) -> Criteria:
    """Read the published criteria."""
    stored = dict(award.criteria)
    weights = {Part(part): weight for part, weight in stored.pop("weights").items()}
    return Criteria(weights=weights, **stored)


def side_of(
    viewer: Viewer, tree: InstitutionTree, institution_id: int | None
) -> tuple[AwardSide, str] | None:
    """Answer on whose side a viewer speaks of a product of an institution: its own bank's, a firm's, a coordinator's.

    None: the viewer is of a bank that does not offer it, and nothing else.
    """
    lending = viewer.scopes(*LENDERS)
    if institution_id is not None and lending:
        own = [node.code for node in tree.path(institution_id) if node.code in lending]
        if own:
            return AwardSide.BANK, own[-1]
    if firms := sorted(viewer.scopes(Role.ENTERPRISE)):
        return AwardSide.FIRM, firms[0]
    if regions := sorted(viewer.scopes(Role.COORDINATOR)):
        return AwardSide.COORDINATOR, regions[0]
    if viewer.is_operator:
        return AwardSide.COORDINATOR, viewer.jurisdiction
    if institution_id is None and lending:
        return AwardSide.BANK, min(lending)
    return None
