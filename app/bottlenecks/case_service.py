"""Use cases of classifying entries: a run's, declined ones, those of which something was resolved."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.bottlenecks import queries
from app.bottlenecks.cases import BlockedNeed, CaseContent, case_of, classify_need
from app.bottlenecks.queries import CurrentCase
from app.bottlenecks.refits import fitted
from app.bottlenecks.rules import established_from_data, with_established
from app.bottlenecks.schemas import ClassifyRunOut
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.matching import service as matching
from app.matching.gathering import gather, shelf
from app.policy.facts import Facts
from app.policy.rulebook import RuleBook
from app.policy.service import rule_books
from app.reference.book import ReferenceBook
from app.reference.service import current_book

Books = Mapping[str, RuleBook]


async def classify_run(
    session: AsyncSession, viewer: Viewer, match_run_id: int, *, now: datetime
) -> ClassifyRunOut:
    """Classify every entry of a match run that no product fits; end the cases of those that one fits again.

    A case that would say the same stays as it is, so that running again changes nothing. What declines and
    checks established stays established while the need is not revised, and counts in what fits.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such match run that this viewer may see.
    """
    require(viewer, Action.RUN_MATCHING, Target(region=viewer.jurisdiction))
    edition = await queries.hold_edition_of_run(session, viewer, match_run_id)
    if edition is None:
        raise NotFound(f"No match run {match_run_id}.")
    blocked = set(await matching.entries_without_product(session, viewer, match_run_id))
    blocked -= await _fitted(session, viewer, match_run_id, blocked)
    known = {case.entry_id: case for case in await queries.current_cases(session, viewer, edition[0])}
    contents = await _judged(session, viewer, blocked, known, {}, cause="no_product", now=now)
    changed = await _save(session, contents, known, match_run_id, now)
    ended = await queries.end_cases(
        session,
        (case.id for case in known.values() if case.cause == "no_product" and case.entry_id not in blocked),
    )
    return ClassifyRunOut(
        match_run=match_run_id,
        edition=edition[1],
        classified=len(contents),
        changed=changed,
        ended=ended,
        routes=dict(sorted(Counter(content.route for content in contents).items())),
    )


async def _fitted(
    session: AsyncSession, viewer: Viewer, match_run_id: int, blocked: Iterable[int]
) -> frozenset[int]:
    """Answer which entries that nothing fits as stated a product fits with what is established (a guarantee)."""
    beyond = await established_of(session, viewer, blocked)
    if not beyond:
        return frozenset()
    run = await matching.get_run(session, viewer, match_run_id)
    around = await gather(session, viewer, run.on, run.library)
    stated = await queries.stated_needs(session, viewer, beyond)
    needs = {one: (NeedFacts.model_validate(stated[one][1]), beyond[one]) for one in beyond}
    return await asyncio.to_thread(lambda: fitted(shelf.matcher_of(around), around, needs))


async def classify_entry(
    session: AsyncSession,
    viewer: Viewer,
    entry_id: int,
    extra_facts: Facts | None = None,
    *,
    cause: str = "declined",
    now: datetime,
) -> str:
    """Classify one entry anew with facts that were established beyond its statement; answer the route.

    Raises:
        NotFound: no such entry that this viewer may see.
    """
    routes = await classify_entries(session, viewer, {entry_id: extra_facts or {}}, cause=cause, now=now)
    if entry_id not in routes:
        raise NotFound("No such whitelist entry.")
    return routes[entry_id]


async def classify_entries(
    session: AsyncSession,
    viewer: Viewer,
    established: Mapping[int, Facts],
    *,
    cause: str = "declined",
    is_whole: bool = False,
    now: datetime,
) -> dict[int, str]:
    """Classify entries (ids) anew, each with what was established; answer their routes, in few statements.

    What was established before stays so, unless `is_whole`: then nothing else is (a decline was voided).
    """
    judged = await judge_entries(session, viewer, established, cause=cause, is_whole=is_whole, now=now)
    await keep_cases(session, judged, judged.contents, now=now)
    return {entry_id: content.route for entry_id, content in judged.contents.items()}


@dataclass(frozen=True, slots=True)
class JudgedCases:
    """Classifications that are not stored yet, and the current cases that they would replace, by entry id."""

    contents: Mapping[int, CaseContent]
    known: Mapping[int, CurrentCase]


async def judge_entries(
    session: AsyncSession,
    viewer: Viewer,
    established: Mapping[int, Facts],
    *,
    cause: str,
    is_whole: bool = False,
    now: datetime,
    current: Iterable[CurrentCase] | None = None,
) -> JudgedCases:
    """Classify entries (ids) as `classify_entries` does, and store nothing; `current` are their cases, where they were read."""
    if current is None:
        current = await queries.current_cases_of(session, viewer, established)
    known = {case.entry_id: case for case in current}
    contents = await _judged(
        session, viewer, established, known, established, cause=cause, is_whole=is_whole, now=now
    )
    return JudgedCases({content.entry_id: content for content in contents}, known)


async def keep_cases(
    session: AsyncSession, judged: JudgedCases, entry_ids: Iterable[int], *, now: datetime
) -> None:
    """Store the classifications of some entries (ids)."""
    await _save(session, [judged.contents[one] for one in sorted(entry_ids)], judged.known, None, now)


async def resolve_cases(
    session: AsyncSession, judged: JudgedCases, entry_ids: Iterable[int], *, now: datetime
) -> None:
    """End the cases of some entries (ids) that a product fits now; what is established for them is not forgotten."""
    resolved = [judged.contents[one] for one in sorted(entry_ids) if one in judged.contents]
    known = [judged.known[one.entry_id] for one in resolved if one.entry_id in judged.known]
    await queries.end_cases(session, (case.id for case in known))
    said = {case.entry_id: case.detail["established"] for case in known}
    new = [
        replace(one, cause="resolved")
        for one in resolved
        if one.detail["established"] != said.get(one.entry_id, {})
    ]
    await queries.add_cases(session, new, None, now, is_current=False)


async def established_of(session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]) -> dict[int, Facts]:
    """Answer what declines and checks established of entries (ids) beyond their statements, where they did."""
    stored = await queries.newest_established(session, viewer, entry_ids)
    return {entry_id: established_from_data(data) for entry_id, data in stored.items()}


async def established_since(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, dict[str, datetime]]:
    """Answer by entry (id) since when each fact has been established with the value that it has now."""
    found = {}
    for entry_id, turns in (await queries.established_in_turn(session, viewer, entry_ids)).items():
        since: dict[str, datetime] = {}
        before: dict[str, object] = {}
        for made_at, established in turns:
            since = {
                name: since[name] if name in since and before[name] == value else made_at
                for name, value in established.items()
            }
            before = established
        found[entry_id] = since
    return found


async def _judged(
    session: AsyncSession,
    viewer: Viewer,
    entry_ids: Iterable[int],
    known: Mapping[int, CurrentCase],
    established: Mapping[int, Facts],
    *,
    cause: str,
    is_whole: bool = False,
    now: datetime,
) -> list[CaseContent]:
    stated = await queries.stated_needs(session, viewer, entry_ids)
    kept = {} if is_whole else await established_of(session, viewer, stated)
    needs = []
    for entry_id, (revision_id, facts) in stated.items():
        beyond = with_established(kept.get(entry_id, {}), established.get(entry_id, {}))
        needs.append(BlockedNeed(entry_id, revision_id, NeedFacts.model_validate(facts), beyond))
    on = shanghai_date(now)
    # A county's or city's own rules come before the province's.
    places = ((need.facts.region, on) for need in needs)
    books = {region: book for (region, _day), book in (await rule_books(session, places)).items()}
    reference = await current_book(session, get_settings().seed_dir)
    sticky = {} if is_whole else known
    return await asyncio.to_thread(_judge, needs, books, reference, sticky, cause)


def _judge(
    needs: Sequence[BlockedNeed],
    books: Books,
    reference: ReferenceBook,
    known: Mapping[int, CurrentCase],
    cause: str,
) -> list[CaseContent]:
    contents = []
    for need in needs:
        found = classify_need(need.facts, need.established, books[need.facts.region], reference)
        before = known.get(need.entry_id)
        # A declined entry stays one while its need is the same, whatever a later run finds.
        is_same_need = before is not None and before.need_revision_id == need.need_revision_id
        own_cause = (
            before.cause if before is not None and is_same_need and before.cause == "declined" else cause
        )
        contents.append(case_of(need, found, own_cause))
    return contents


async def _save(
    session: AsyncSession,
    contents: Sequence[CaseContent],
    known: Mapping[int, CurrentCase],
    match_run_id: int | None,
    now: datetime,
) -> int:
    """Store the cases that say something new and end those that they replace; answer how many."""
    new = [
        content
        for content in contents
        if content.entry_id not in known or known[content.entry_id].content_hash != content.sha256
    ]
    replaced = (known[content.entry_id].id for content in new if content.entry_id in known)
    await queries.end_cases(session, replaced)
    await queries.add_cases(session, new, match_run_id, now)
    return len(new)
