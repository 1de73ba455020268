"""Use cases of facts that docking's events establish: tell allocation who refused, and judge anew what was corrected."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.accounts.rules import Viewer, local_operator
from app.allocation import service as allocation
from app.allocation.refusals import Refusal
from app.coordination import service as coordination
from app.coordination.schemas import OutcomeIn
from app.docking import answer_queries
from app.docking.dossiers import EntryDossier
from app.docking.reasons import DeclineReason, facts_established
from app.docking.refusing import GUARANTEED, elements_taken_back, established_by, refusal_of
from app.docking.rules import effective, fold
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.settings import get_settings
from app.policy.facts import Facts


async def refusals(
    session: AsyncSession, _viewer: Viewer, entry_ids: Collection[int]
) -> dict[int, list[Refusal]]:
    """Answer who declined entries (ids) for what, voided declines too; allocation asks (`REFUSALS.told_by`)."""
    found: dict[int, list[Refusal]] = {}
    for row, is_voided in await answer_queries.declines_of(session, entry_ids):
        one = refusal_of(row.institution_id, row.occurred_at, DeclineReason(row.reason), is_voided=is_voided)
        found.setdefault(row.entry_id, []).append(one)
    return found


async def rematch_guaranteed(
    session: AsyncSession, viewer: Viewer, dossiers: Sequence[EntryDossier], now: datetime
) -> None:
    """Match entries anew for which a guarantee was granted: with that fact a bank may lend (黑银发〔2023〕25号 十七).

    Entries for which somebody has approved credit are left alone.
    """
    established: dict[int, Facts] = {one.id: GUARANTEED for one in _open(dossiers)}
    if established:
        with unrestricted(session):  # where an entry goes rests on all that is known of it
            await allocation.rematch_entries(session, viewer, established, cause="担保机构已承保", now=now)


async def rejudge(
    session: AsyncSession, viewer: Viewer, dossiers: Sequence[EntryDossier], now: datetime
) -> None:
    """Judge entries anew of which a decline or a guarantee was voided: what it alone established holds no more.

    What other declines, guarantees and coordination cases established still does. Whoever is responsible and fits
    keeps the entry. Entries for which somebody has approved credit are left alone.
    """
    open_ones = _open(dossiers)
    if not open_ones:
        return
    with unrestricted(session):
        settled = await coordination.facts_resolved(session, [one.id for one in open_ones])
        for judged_as in ("declined", "no_product"):
            established: dict[int, Facts] = {
                one.id: established_by(one.events) | settled.get(one.id, {})
                for one in open_ones
                if _judged_as(one) == judged_as
            }
            if established:
                await allocation.rematch_entries(
                    session,
                    viewer,
                    established,
                    cause="对接记录已更正",
                    is_whole=True,
                    judged_as=judged_as,
                    now=now,
                )
        await _close_cases(session, open_ones, now)


def _judged_as(dossier: EntryDossier) -> str:
    """Say whether a decline stands whose obstacle has to go before any product is tried."""
    standing = (event.reason for event in effective(dossier.events) if event.reason is not None)
    return "declined" if facts_established(standing) else "no_product"


async def _close_cases(session: AsyncSession, dossiers: Sequence[EntryDossier], now: datetime) -> None:
    """Close the coordination cases of elements that an entry lacks no more, because the decline that said so is voided."""
    taken_back = {one.id: found for one in dossiers if (found := elements_taken_back(one.events))}
    missing = await coordination.missing_elements(session, taken_back)
    spans = await coordination.open_spans_of(session, taken_back)
    viewer = local_operator(get_settings().jurisdiction)
    for entry_id, cases in spans.items():
        needless = taken_back[entry_id] - missing.get(entry_id, frozenset())
        for one in cases:
            if one.closed_at is None and one.kind.value in needless:
                outcome = OutcomeIn(outcome="据以提出的婉拒记录已更正，不再需要协调")
                await coordination.refuse(session, viewer, one.code, outcome, expect=_whichever, now=now)


def _whichever(_version: int) -> None:
    """Close a case whatever its version: the entry is held, so nobody else closes it meanwhile."""


def _open(dossiers: Sequence[EntryDossier]) -> list[EntryDossier]:
    return [found for found in dossiers if not fold(found.events).approved_fen]
