"""Use case: whether a chain keeps the support targets of its plan at the end of a month."""

from datetime import datetime

from app.accounts.rules import Viewer
from app.chains import service as chains
from app.chains.schemas import PlanContent
from app.chains.targets import AMOUNTS, IN_BASIS_POINTS, MEASURES, SupportTarget
from app.coverage import service
from app.coverage.chain_targets import MeasuredTarget, base_month, measured
from app.coverage.chain_targets_schemas import ChainTargetOut, ChainTargetsOut
from app.coverage.months import last_day_of
from app.coverage.rules import Cut
from app.coverage.schemas import FiguresOut
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.money import yuan_text

HUNDRED = 100


async def chain_targets(
    session: AsyncSession,
    viewer: Viewer,
    chain: str,
    month: str,
    *,
    version: int | None = None,
    now: datetime,
) -> ChainTargetsOut:
    """Answer the targets of the plan in force at the end of a month, or of a version, each met, not met or not to be told.

    Raises:
        NotFound: there is no such chain or version, no plan was in force then, or the month has nothing to show.
    """
    plan = await chains.get_plan(
        session, viewer, chain, on=None if version else last_day_of(month), version=version
    )
    targets = _targets(plan)
    months = {month, *(base for one in targets if (base := base_month(one.base, month)))}
    figures = (
        {one: await _figures(session, viewer, one, chain, now) for one in sorted(months)} if targets else {}
    )
    return ChainTargetsOut(
        chain=chain,
        version=plan.version,
        month=month,
        targets=[_out(measured(one, month, figures)) for one in targets],
    )


def _targets(plan: PlanContent) -> list[SupportTarget]:
    return [
        SupportTarget(one.measure, one.bound, one.base, one.clause, one.change_bp or 0, one.value)
        for one in plan.targets
    ]


async def _figures(
    session: AsyncSession, viewer: Viewer, month: str, chain: str, now: datetime
) -> FiguresOut | None:
    try:
        shown = await service.show(session, viewer, month, by=Cut.CHAIN, now=now)
    except NotFound:
        return None
    return next((row.figures for row in shown.rows if row.key == chain), None)


def _out(found: MeasuredTarget) -> ChainTargetOut:
    target = found.target
    return ChainTargetOut(
        text=target.text,
        measure=target.measure,
        measure_name=MEASURES[target.measure],
        clause=target.clause,
        figure=_shown(target.measure, found.figure),
        base_month=found.base_month,
        base=_shown(target.measure, found.base),
        is_met=found.is_met,
    )


def _shown(measure: str, figure: int | None) -> str | None:
    """Write a figure in its unit: yuan, percent, or a number."""
    if figure is None:
        return None
    if measure in AMOUNTS:
        return yuan_text(figure)
    return f"{figure // HUNDRED}.{figure % HUNDRED:02d}" if measure in IN_BASIS_POINTS else str(figure)
