"""What another plan of a chain would make of an edition that is allocated anew: decided as runs decide, and taken back."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NoReturn

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.allocation.gathering import Gathered, gather, offers_of
from app.allocation.model import NOBODY
from app.allocation.plan_difference import (
    WITHOUT,
    EntryDifference,
    InfluenceOf,
    RunDifference,
    plan_difference,
    under_plan,
)
from app.allocation.planning import SolvedRun, solve_run
from app.allocation.since_matching import judged_anew
from app.bottlenecks.refits import judged_need
from app.chains.rules import ChainBook, PlanInForce
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Fault
from app.kernel.progress import report
from app.matching.gathering import shelf
from app.matching.inputs import NeedReader, Surroundings
from app.matching.plan_influence import PlanInfluence, plan_influence
from app.matching.posing import candidates, pose

IN_FORCE: Final = "按现行方案"


@dataclass(frozen=True, slots=True)
class BankEntries:
    """How many entries a head office (code) is responsible for with the plan in force and with the other."""

    institution: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """An edition allocated anew with two plans; `entry_ids` by code, fits in 1/10,000 point."""

    match_run: int
    entries: int
    difference: RunDifference
    fit_before: int
    fit_after: int
    banks: Sequence[BankEntries]
    entry_ids: Mapping[str, int]

    @property
    def result_hash(self) -> str:
        """Equal for equal differences."""
        lines = (f"{one.entry}|{one.sentence}" for one in self.difference.entries)
        return hashlib.sha256("\n".join([*lines, f"{self.fit_before}|{self.fit_after}"]).encode()).hexdigest()


class _Seen(Exception):
    """Carries what was found out of what is taken back."""

    def __init__(self, found: PlanPreview) -> None:
        super().__init__()
        self.found = found


async def preview_plan(
    session: AsyncSession,
    viewer: Viewer,
    edition: str,
    plan: PlanInForce,
    against: int | None,
    *,
    now: datetime,
) -> PlanPreview:
    """Answer what a plan would change if every entry were allocated anew; `against` is the version it is held beside.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition.
        Conflict: the edition was not matched yet, what its newest match rests on has changed, or it knows another plan.
    """
    require(viewer, Action.RUN_ALLOCATION, Target(region=viewer.jurisdiction))
    try:
        async with attempt(session):
            await _look(session, viewer, edition, plan, against, now)
    except _Seen as seen:
        return seen.found


async def _look(
    session: AsyncSession, viewer: Viewer, edition: str, plan: PlanInForce, against: int | None, now: datetime
) -> NoReturn:
    gathered = await gather(session, viewer, edition, now=now, keep_settled=False)
    held = gathered.around.chains.plan_of(plan.chain)
    known = None if held is None else held.version
    if known != against:
        message = f"rests on version {known} of the plan, not on {against}"
        remedy = f"Run `rongqiao match run --edition {edition}` first."
        raise Conflict("The edition was matched with another plan.", [Fault("match_run", message, remedy)])
    raise _Seen(await asyncio.to_thread(_difference, gathered, plan))


def _difference(gathered: Gathered, plan: PlanInForce) -> PlanPreview:
    around, inputs = gathered.around, gathered.inputs
    after = _with_plan(around, plan)
    posed = pose(after, shelf.matcher_of(after), gathered.listed)
    found = candidates(posed, posed.matcher.candidates(posed.lines))
    found = judged_anew(found, after, gathered.listed, gathered.established)
    products = sorted(after.products, key=lambda product: product.code)
    drafted = under_plan(inputs, plan.chain, plan, offers_of(found, products))
    report("allocating", 0, 2)
    without = solve_run(inputs)
    report("allocating", 1, 2)
    with_plan = solve_run(drafted)
    has_plan = around.chains.plan_of(plan.chain) is not None
    difference = plan_difference(
        with_plan, without, plan.chain, _influence(gathered, after), IN_FORCE if has_plan else WITHOUT
    )
    return PlanPreview(
        gathered.match_run.id,
        len(gathered.listed),
        difference,
        without.report.total_fit,
        with_plan.report.total_fit,
        _banks(without, with_plan),
        {entry.entry_code: entry.entry_id for entry in gathered.listed},
    )


def _with_plan(around: Surroundings, plan: PlanInForce) -> Surroundings:
    chains = (
        replace(one, plan=plan) if code == plan.chain else one for code, one in around.chains.chains.items()
    )
    return replace(around, chains=ChainBook.build(chains))


def _influence(gathered: Gathered, after: Surroundings) -> InfluenceOf:
    stated = {product.revision_id: product for product in after.stated}
    reader = NeedReader(after)

    def influence(index: int, revision: int) -> PlanInfluence:
        entry = gathered.listed[index]
        facts = NeedFacts.model_validate(entry.need_facts)
        need = judged_need(reader, after, facts, gathered.established.get(entry.entry_id, {}))
        return plan_influence(need, stated[revision], after.plans, after.settings)

    return influence


def _banks(before: SolvedRun, after: SolvedRun) -> list[BankEntries]:
    """Answer the head offices that would be responsible for another number of entries, the most changed first."""
    loads = [_loads(before), _loads(after)]
    found = [
        BankEntries(code, loads[0][code], loads[1][code])
        for code in loads[0].keys() | loads[1].keys()
        if loads[0][code] != loads[1][code]
    ]
    return sorted(found, key=lambda one: (-abs(one.after - one.before), one.institution))


def _loads(run: SolvedRun) -> Counter[str]:
    tree, ids = run.inputs.tree, run.posed.branch_ids
    return Counter(
        tree.root_of(int(ids[branch])).code for branch in run.solution.branch.tolist() if branch != NOBODY
    )


def shown(entry: EntryDifference) -> tuple[str, str]:
    """Answer who would be responsible without the plan and with it, as people read it; "" for nobody."""
    without, with_plan = entry.without_plan, entry.with_plan
    return "" if without is None else without.text, "" if with_plan is None else with_plan.text
