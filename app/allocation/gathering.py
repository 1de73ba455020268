"""What an allocation run decides on, gathered from the rooms below in a fixed number of statements."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from app.accounts.rules import Viewer
from app.allocation import entry_queries, queries
from app.allocation.candidates import Offers, with_default_capacity
from app.allocation.entry_queries import AssignmentRow
from app.allocation.explanations import FitGrounds, ProductLabel
from app.allocation.model import LoadTiers
from app.allocation.planning import BlockedEntry, RunEntry, RunInputs, RunSettings
from app.allocation.posing import Posed
from app.allocation.since_matching import declined_of, judged_anew
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.cases import CaseSays, finding_from_data
from app.bottlenecks.refits import judged_need
from app.bottlenecks.views import routed_need
from app.catalogue.rules import ProductInForce
from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import InstitutionTree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault
from app.kernel.settings import get_settings
from app.matching import service as matching
from app.matching.explain import score_parts
from app.matching.gathering import gather as surroundings
from app.matching.gathering import state_of_surroundings
from app.matching.inputs import NeedReader, Surroundings
from app.matching.plan_influence import plan_influence
from app.matching.posing import EligibleCandidates
from app.matching.products import MatchNeed
from app.matching.tables import MatchRun
from app.policy.facts import Facts
from app.policy.packs import LoadTier
from app.policy.rulebook import AppliedParameter, RuleBook
from app.reference.book import load_reference_book
from app.reference.regions import Level, Regions
from app.whitelist import service as whitelist
from app.whitelist.service import AdmittedEntry

PARAMETERS = (
    "allocation.concentration_limit",
    "allocation.supporting_most",
    "allocation.default_capacity",
    "allocation.load_tiers",
)


@dataclass(frozen=True, eq=False)
class Gathered:
    """The inputs of a run with what saving it needs; `unnamed` explains current parties that are no institution.

    `established` holds what declines and checks established of entries (ids) beyond their statements.
    """

    edition_id: int
    edition_code: str
    match_run: MatchRun
    around: Surroundings
    established: Mapping[int, Facts]
    listed: Sequence[AdmittedEntry]
    inputs: RunInputs
    settings: dict[str, Any]
    current: Sequence[AssignmentRow]
    unnamed: Mapping[int, dict[str, Any]]
    keep_settled: bool

    def codes(self, posed: Posed) -> dict[str, list[str]]:
        """Answer the codes behind a problem's ids, which differ between databases where codes do not."""
        tree, products = self.inputs.tree, self.inputs.products
        return {
            "entries": [entry.code for entry in self.inputs.entries],
            "branches": [tree.node(int(one)).code for one in posed.branch_ids],
            "groups": [tree.node(int(one)).code for one in posed.group_ids],
            "products": [products[one].code for one in self.inputs.product_ids],
        }


@dataclass(frozen=True, eq=False)
class ReadMatches:
    """What fits the entries of an edition, computed again from its newest match run; `state` tells whether that still holds.

    Who serves, what is offered and what is listed is read once: it must not change between two looks of one run.
    """

    run: MatchRun
    around: Surroundings
    listed: Sequence[AdmittedEntry]
    found: EligibleCandidates
    state: Hashable


async def matches_of(session: AsyncSession, viewer: Viewer, edition_code: str) -> ReadMatches:
    """Answer what fits the entries of an edition.

    Raises:
        NotFound: no such edition.
        Conflict: the edition has no match run yet, or what its newest one rests on has changed.
    """
    edition = await whitelist.edition(session, viewer, edition_code)
    run = await matching.latest_run(session, viewer, edition.id)
    if run is None:
        remedy = f"Run `rongqiao match run --edition {edition_code}` first."
        fault = Fault("edition", "not matched", remedy, edition_code)
        raise Conflict(f"Edition {edition_code} has no match run yet.", [fault])
    state = await _state(session, viewer, edition.id)  # first: what changes while it is read shows
    around = await surroundings(session, viewer, date.fromisoformat(run.inputs["on"]), run.library_code)
    listed = await whitelist.admitted_entries(session, viewer, edition.id)
    found = await matching.eligible_candidates(session, viewer, run.id, around=around, entries=listed)
    return ReadMatches(run, around, listed, found, state)


async def _state(session: AsyncSession, viewer: Viewer, edition_id: int) -> Hashable:
    entries = await whitelist.edition_state(session, viewer, edition_id)
    return entries, await state_of_surroundings(session)


async def _holds(session: AsyncSession, viewer: Viewer, edition_id: int, read: ReadMatches) -> bool:
    run = await matching.latest_run(session, viewer, edition_id)
    is_newest = run is not None and run.id == read.run.id
    return is_newest and await _state(session, viewer, edition_id) == read.state


async def gather(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    *,
    now: datetime,
    keep_settled: bool,
    read: ReadMatches | None = None,
) -> Gathered:
    """Gather everything for a run, with what was `read` before if it still holds; entries without a product are classified on the way.

    Raises:
        NotFound: no such edition.
        Conflict: the edition has no match run yet, or what its newest one rests on has changed.
    """
    edition = await whitelist.edition(session, viewer, edition_code)
    await queries.hold_edition(session, edition.id)
    if read is None or not await _holds(session, viewer, edition.id, read):
        read = await matches_of(session, viewer, edition_code)
    run, around, listed = read.run, read.around, read.listed
    await bottlenecks.classify_run(session, viewer, run.id, now=now)
    established = await bottlenecks.established_of(session, viewer, [entry.entry_id for entry in listed])
    found = await asyncio.to_thread(judged_anew, read.found, around, listed, established)
    rules = around.rules
    tree, silent = with_default_capacity(around.tree, number(rules.parameter("allocation.default_capacity")))
    products = sorted(around.products, key=lambda product: product.code)
    current = await queries.current_assignments(session, viewer, edition.id)
    cases = await bottlenecks.current_cases(session, viewer, edition.id)
    regions = load_reference_book(get_settings().seed_dir).regions
    inputs = RunInputs(
        entries=[_entry_of(entry, regions) for entry in listed],
        offers=offers_of(found, products),
        product_ids=[product.product_revision_id for product in products],
        products={one.product_revision_id: ProductLabel(one.code, one.name) for one in products},
        blocked=blocked_entries(cases, _needs(listed, cases), tree),
        settled={row.entry_id: row.institution_id for row in current if keep_settled and row.institution_id},
        declined=await declined_of(session, viewer, listed, established, tree),
        taken=await entry_queries.taken_from(session, viewer, [entry.entry_id for entry in listed]),
        tree=tree,
        chains=around.chains,
        settings=_settings(rules),
    )
    settings = _recorded(rules) | {
        "chains": around.chains.sha256,
        "banks_without_declared_capacity": list(silent),
    }
    unnamed = await queries.explanations_without_institution(session, viewer, edition.id)
    return Gathered(
        edition.id,
        edition_code,
        run,
        around,
        established,
        listed,
        inputs,
        settings,
        current,
        unnamed,
        keep_settled,
    )


def _needs(listed: Sequence[AdmittedEntry], cases: Sequence[CaseSays]) -> dict[int, NeedFacts]:
    """Answer the stated facts of the entries that cases are about."""
    concerned = {case.entry_id for case in cases}
    return {
        entry.entry_id: NeedFacts.model_validate(entry.need_facts)
        for entry in listed
        if entry.entry_id in concerned
    }


def grounds_of(gathered: Gathered, chosen: Sequence[tuple[int, int]]) -> dict[int, FitGrounds]:
    """Answer what each chosen fit (entry index, product revision) consists of, by entry index."""
    fits, reader = FitReader(gathered.around), NeedReader(gathered.around)
    found = {}
    for index, revision in chosen:
        entry = gathered.listed[index]
        facts = NeedFacts.model_validate(entry.need_facts)
        need = judged_need(reader, gathered.around, facts, gathered.established.get(entry.entry_id, {}))
        grounds = fits.grounds(need, revision)
        assert grounds is not None
        found[index] = grounds
    return found


class FitReader:
    """Says what the fit of a need and a product consists of, among what needs were matched against."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def grounds(self, need: MatchNeed, revision: int) -> FitGrounds | None:
        """Answer the grounds of a fit; None when the product revision (id) is no longer in force."""
        around = self._around
        product = around.indexed_by_revision.get(revision)
        if product is None:
            return None
        stated, grants = around.stated_by_revision[revision], tuple[str, ...]()
        if stated is not product:  # some plan grants more of it
            grants = plan_influence(need, stated, around.plans, around.settings).grants
        return FitGrounds.of(score_parts(need, product, around.plans, around.settings), grants)


def offers_of(found: EligibleCandidates, products: Sequence[ProductInForce]) -> Offers:
    """Answer the fitting products as indexes into the products by code."""
    revisions = np.array([product.product_revision_id for product in products], np.int64)
    order = np.argsort(revisions)
    place = order[np.searchsorted(revisions, found.product_revision_ids, sorter=order)]
    return Offers(found.indptr, place, found.scores, [product.institution_id for product in products])


def blocked_entries(
    cases: Sequence[CaseSays], needs: Mapping[int, NeedFacts], tree: InstitutionTree
) -> dict[int, BlockedEntry]:
    """Answer what bottleneck cases say and who receives them, by entry id; cases without a need are left out."""
    routings = bottlenecks.routings(
        cases, {entry: routed_need(facts) for entry, facts in needs.items()}, tree
    )
    return {
        case.entry_id: BlockedEntry(
            route=case.route,
            is_declined=case.cause == "declined",
            asks=tuple(case.detail["asks"]),
            gap=case.detail["gap"],
            leading=None if case.leading is None else finding_from_data(*case.leading),
            routing=routings.get(case.entry_id),
        )
        for case in cases
        if case.entry_id in needs
    }


def _entry_of(entry: AdmittedEntry, regions: Regions) -> RunEntry:
    return RunEntry(
        entry.entry_id,
        entry.entry_code,
        entry.region_code,
        entry.chain_code,
        coordinator_of(entry.region_code, regions),
    )


def coordinator_of(region: str, regions: Regions) -> str:
    """Name the coordinator 统筹部门 of a region: that of its city, else of its province."""
    found = regions.get(region)
    if found is None:
        return "统筹部门"
    above = (found, *regions.ancestors(region))
    area = next((one for one in above if one.level in {Level.CITY, Level.PROVINCE}), found)
    return f"{area.name}统筹部门"


def number(parameter: AppliedParameter) -> int:
    assert isinstance(parameter.value, int)
    return parameter.value


def _settings(rules: RuleBook) -> RunSettings:
    tiers = rules.parameter("allocation.load_tiers").value
    assert isinstance(tiers, tuple)
    steps = [tier for tier in tiers if isinstance(tier, LoadTier)]
    return RunSettings(
        number(rules.parameter("allocation.concentration_limit")),
        number(rules.parameter("allocation.supporting_most")),
        LoadTiers(tuple(one.share_percent for one in steps), tuple(one.price for one in steps)),
    )


def _recorded(rules: RuleBook) -> dict[str, Any]:
    """Answer the settings as a run keeps them: value, citation and adoption of each parameter."""
    recorded = {}
    for key in PARAMETERS:
        found = rules.parameter(key)
        value: Any = found.value
        if isinstance(value, tuple):
            value = [[one.share_percent, one.price] for one in value if isinstance(one, LoadTier)]
        recorded[key] = {"value": value, "citation": found.citation, "adopted": found.adopted}
    return {"rules": rules.sha256, "parameters": recorded}
