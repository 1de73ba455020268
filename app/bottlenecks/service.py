"""Use cases of bottlenecks: classify stated facts; list; say who receives. Entries are classified by `case_service`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from app.accounts.rules import Viewer
from app.bottlenecks import listing_queries, queries
from app.bottlenecks.case_service import (
    JudgedCases,
    classify_entries,
    classify_entry,
    classify_run,
    established_of,
    established_since,
    judge_entries,
    keep_cases,
    resolve_cases,
)
from app.bottlenecks.cases import (
    CaseSays,
    classify_need,
    finding_from_data,
)
from app.bottlenecks.queries import CurrentCase
from app.bottlenecks.routing import RoutedNeed, Routing, route, routing_key
from app.bottlenecks.rules import ROUTE_NAMES
from app.bottlenecks.schemas import (
    CaseFilter,
    CasePage,
    ClassCount,
    ClassificationOut,
    NeedCaseOut,
)
from app.bottlenecks.views import (
    case_fields,
    case_out,
    class_count,
    classification_out,
    routed_need,
    routing_out,
    stored_findings,
)
from app.chains.service import chain_book
from app.enterprises import service as enterprises
from app.enterprises.code_checks import need_faults, region_faults
from app.enterprises.need_facts import NeedFacts
from app.institutions.naming import InstitutionNames
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Forbidden, Refused
from app.kernel.paging import PageRequest, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_book
from app.reference.service import current_book

__all__ = [
    "CurrentCase",
    "JudgedCases",
    "cases_of_need",
    "checked_filter",
    "classify_entries",
    "classify_entry",
    "classify_run",
    "current_cases",
    "current_cases_of",
    "established_of",
    "established_since",
    "judge_entries",
    "keep_cases",
    "list_cases",
    "preview",
    "resolve_cases",
    "routings",
]


async def preview(
    session: AsyncSession, viewer: Viewer, facts: NeedFacts, *, now: datetime
) -> ClassificationOut:
    """Classify stated facts and name who would receive them; nothing is stored.

    Raises:
        Refused: a region, industry or chain code is unknown, or the region lies outside the jurisdiction.
    """
    on = shanghai_date(now)
    reference = await current_book(session, get_settings().seed_dir)
    chains = (await chain_book(session, viewer, on)).chains
    faults = need_faults(facts, "body", viewer.jurisdiction, reference, chains)
    if faults:
        named = [replace(fault, where=fault.where.removeprefix("body.")) for fault in faults]
        raise Refused("The facts cannot be classified as stated.", named)
    rules = await rule_book(session, facts.region, on)
    found = classify_need(facts, {}, rules, reference)
    routing = None
    if found.leading is not None:
        tree = await institution_tree(session, viewer)
        routing = route(routed_need(facts), found.leading, tree, InstitutionNames.of(tree))
    return classification_out(found, routing)


async def current_cases(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[CurrentCase]:
    """Answer the current case of each entry of an edition that has one, by entry id."""
    return await queries.current_cases(session, viewer, edition_id)


async def current_cases_of(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> list[CurrentCase]:
    """Answer the current case of each of some entries (ids) that has one."""
    return await queries.current_cases_of(session, viewer, entry_ids)


async def list_cases(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: CaseFilter
) -> CasePage:
    """List current cases by entry code, with counts by route."""
    key = page.after()
    after = None if key is None else str(key[0])
    listed = await listing_queries.listing(session, viewer, wanted, after=after, limit=page.limit + 1)
    found = page_of(
        listed.cases, page, lambda row: (row.entry,), lambda row: case_out(row, listed.findings[row.id])
    )
    return CasePage(items=found.items, next=found.next, counts=dict(listed.counts))


async def counts_of(session: AsyncSession, viewer: Viewer, wanted: CaseFilter) -> dict[str, int]:
    """Answer how many current cases there are on each route."""
    return await listing_queries.counts_by_route(session, viewer, wanted)


async def counts_by_name(
    session: AsyncSession, viewer: Viewer, counts: Mapping[str, int], *, now: datetime
) -> list[tuple[str, str, int]]:
    """Answer counts by route as (route, its name, count): what is asked and open first, then the classes in force.

    A class that is no longer in force keeps its code for a name.
    """
    rules = await rule_book(session, viewer.jurisdiction, shanghai_date(now))
    names = ROUTE_NAMES | {rule.data["class_code"]: rule.name for rule in rules.bottlenecks}
    listed = [route for route in names if route in counts] + sorted(counts.keys() - names.keys())
    return [(route, names.get(route, route), counts[route]) for route in listed]


async def classes_of(
    session: AsyncSession, viewer: Viewer, counts: Mapping[str, int], *, now: datetime
) -> list[ClassCount]:
    """Answer counts by route with whose turn such entries are: what is asked and open first, then the classes in force."""
    rules = await rule_book(session, viewer.jurisdiction, shanghai_date(now))
    known = {rule.data["class_code"]: rule for rule in rules.bottlenecks}
    named = await counts_by_name(session, viewer, counts, now=now)
    return [class_count(route, name, count, known.get(route)) for route, name, count in named]


async def checked_filter(
    session: AsyncSession, viewer: Viewer, wanted: CaseFilter, *, now: datetime
) -> CaseFilter:
    """Answer the filter, unless it can never find anything: an empty list would look like good news.

    Raises:
        Refused: the region is unknown or lies outside the jurisdiction, or no rule leads to the route.
    """
    faults: list[Fault] = []
    if wanted.region is not None:
        reference = await current_book(session, get_settings().seed_dir)
        faults += region_faults(wanted.region, "region", viewer.jurisdiction, reference)
    if wanted.route is not None:
        rules = await rule_book(session, viewer.jurisdiction, shanghai_date(now))
        known = {*ROUTE_NAMES, *(rule.data["class_code"] for rule in rules.bottlenecks)}
        if wanted.route not in known:  # a class that is no longer in force still leads where it led
            known |= (await listing_queries.counts_by_route(session, viewer, CaseFilter())).keys()
        if wanted.route not in known:
            routes = ", ".join(sorted(known))
            faults.append(Fault("route", "no such route", f"There are {routes}.", wanted.route))
    if faults:
        raise Refused("Nothing can be listed by this filter.", faults)
    return wanted


async def cases_of_need(session: AsyncSession, viewer: Viewer, need: str) -> list[NeedCaseOut]:
    """Answer the current cases of a need, the newest edition first, with who receives them as of now.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: no consent shows the viewer's institution financial and judicial facts. The route alone
            would tell them, and an empty answer would say that nothing blocks the need.
    """
    if (await enterprises.need_by_code(session, viewer, need)).withheld:
        raise Forbidden(
            "What blocks a need rests on financial and judicial facts, and no consent of the enterprise shows both "
            "to your institution; ask its coordinator for one."
        )
    listed = await listing_queries.cases_of_need(session, viewer, need)
    if not listed.cases:
        return []
    tree = await institution_tree(session, viewer)
    names = InstitutionNames.of(tree)
    shown = []
    for row in listed.cases:
        findings = listed.findings[row.id]
        classes = stored_findings(findings, row.detail["order"])
        leading = next((one for one in classes if one.class_code == row.route), None)
        facts = routed_need(NeedFacts.model_validate(row.facts))
        routing = route(facts, leading, tree, names) if leading is not None else None
        shown.append(NeedCaseOut(**case_fields(row, findings), routing=routing_out(routing)))
    return shown


def routings(
    cases: Iterable[CaseSays], needs: Mapping[int, RoutedNeed], tree: InstitutionTree
) -> dict[int, Routing]:
    """Answer who receives each case that a class leads, by entry id; alike needs are routed once.

    `needs` holds what routing asks of an entry's need by entry id; cases without one are left out.
    """
    names = InstitutionNames.of(tree)
    kept: dict[tuple[object, ...], Routing] = {}
    found: dict[int, Routing] = {}
    for case in cases:
        need = needs.get(case.entry_id)
        if need is None or case.leading is None:
            continue
        leading = finding_from_data(*case.leading)
        key = routing_key(need, leading)
        if key not in kept:
            kept[key] = route(need, leading, tree, names)
        found[case.entry_id] = kept[key]
    return found
