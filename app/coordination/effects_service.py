"""What cases mean to rooms above: when they were open, what they settled, what is still missing.

All of it decides (whose turn it is, where an entry goes, which cases are raised) and is shown to nobody, so every
case counts, whoever's session it is.
"""

from collections.abc import Collection
from typing import Any

from app.bottlenecks.rules import established_from_data
from app.coordination import effects_queries as queries
from app.coordination.rules import (
    MISSING,
    CaseSpan,
    CaseState,
    Wording,
    facts_established,
    settled_kinds,
)
from app.kernel.database import AsyncSession, unrestricted
from app.policy.facts import FactValue, Members


async def open_spans_of(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, list[CaseSpan]]:
    """Answer when cases of entries (ids) were and are open, in the order in which they were raised.

    Entries without any are left out. They decide whose turn it is and are shown to nobody, so all of them count.
    """
    with unrestricted(session):
        return await queries.spans_of_entries(session, entry_ids)


async def facts_resolved(
    session: AsyncSession, entry_ids: Collection[int]
) -> dict[int, dict[str, FactValue]]:
    """Answer what resolutions established of entries (ids), for matching and classifying them anew.

    Each value replaces what was stated or established before. Entries of which nothing was, are left out.
    They decide where an entry goes and are shown to nobody, so all of them count.
    """
    spans = await open_spans_of(session, entry_ids)
    told = [id_ for id_, cases in spans.items() if any(case.state is CaseState.RESOLVED for case in cases)]
    known = await _known(session, told)
    facts = {
        entry_id: facts_established(settled_kinds(spans[entry_id], wordings), missing)
        for entry_id, (wordings, missing) in sorted(known.items())
    }
    return {entry_id: found for entry_id, found in facts.items() if found}


async def missing_elements(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Answer the elements that entries (ids) are known to lack, by what was stated and established of them.

    They decide which cases are raised and are shown to nobody.
    """
    known = await _known(session, entry_ids)
    return {entry_id: missing for entry_id, (_wordings, missing) in known.items() if missing}


async def _known(
    session: AsyncSession, entry_ids: Collection[int]
) -> dict[int, tuple[list[Wording], frozenset[str]]]:
    """Answer entry → (its need's wordings, the elements known to be missing); it decides and is not shown."""
    with unrestricted(session):
        stated = await queries.wordings_of(session, entry_ids)
        beyond = await queries.established_of(session, entry_ids)
    known = {}
    for entry_id, stored in stated.items():
        wordings = [Wording(since, frozenset(facts.get(MISSING) or ())) for since, facts in stored]
        known[entry_id] = (wordings, _known_missing(wordings[-1].missing, beyond.get(entry_id, {})))
    return known


def _known_missing(stated: frozenset[str], established: dict[str, Any]) -> frozenset[str]:
    """Answer the elements known to be missing: what was established replaces or adds to what is stated."""
    beyond = established_from_data(established).get(MISSING)
    if not isinstance(beyond, Members):
        return stated
    return beyond.known if beyond.is_complete else stated | beyond.known
