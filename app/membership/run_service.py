"""Use cases of runs: memberships proposed for all firms of the jurisdiction, looked at first or kept."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.chains import profile_service as chain_profiles
from app.chains.confirming import Membership
from app.chains.evidence import CoreRelation, Traits
from app.chains.membership_batch import propose_all
from app.chains.profiles import ChainProfile, Role
from app.kernel.database import AsyncSession, hold, unrestricted
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.membership import queries, run_queries
from app.membership.rules import (
    Firm,
    RunPlan,
    Stated,
    by_subject,
    input_hash,
    plan_run,
    with_largest,
)
from app.membership.schemas import MembershipRunOut
from app.membership.tables import MembershipRun
from app.membership.views import run_out
from app.reference.book import load_reference_book

FIRMS_PER_TOLD: Final = 2_000
FEN: Final = 100


@dataclass(frozen=True, slots=True)
class _Material:
    """All that a run rests on."""

    firms: list[Firm]
    chains: tuple[ChainProfile, ...]
    names: Mapping[str, str]
    held: list[tuple[int, Membership]]


@dataclass(frozen=True, slots=True)
class _Decided:
    plan: RunPlan
    scope: frozenset[int]
    hash: str


async def run(
    session: AsyncSession,
    viewer: Viewer,
    *,
    now: datetime,
    only: Collection[str] | None = None,
    is_dry: bool = False,
) -> MembershipRunOut:
    """Propose memberships for all firms of the jurisdiction; with `only`, keep what comes of some (credit codes).

    What people said is never changed. A dry run stores nothing.

    Raises:
        Refused: there is no chain to propose for.
    """
    if not is_dry:
        await hold(session, f"membership run {viewer.jurisdiction}")
    report("reading")
    # All firms are weighed whoever asks: the largest of a link is found among all of them.
    with unrestricted(session):
        material = await _gather(session, viewer, now)
        kept = None if only is None else set((await run_queries.firm_numbers(session, only)).values())
    if not material.chains:
        raise Refused(
            "No chain is stored.",
            [Fault("chains", "there is none", "Import chains first: rongqiao chains import.")],
        )
    decided = await asyncio.to_thread(_decide, material, kept, shanghai_date(now), now)
    plan = decided.plan
    row = MembershipRun(
        jurisdiction=viewer.jurisdiction,
        firms=len(material.firms) if kept is None else len(kept),
        with_proposal=plan.with_proposal,
        added=len(plan.additions),
        withdrawn=len(plan.withdrawals),
        kept=plan.kept,
        questions=len(plan.questions),
        counts={"chains": dict(plan.by_chain), "confidences": dict(plan.by_confidence)},
        input_hash=decided.hash,
        started_by=viewer.name,
        started_at=now,
    )
    if is_dry:
        return run_out(row)
    report("saving")
    with unrestricted(session):
        await _save(session, row, decided, now)
    detail = {"firms": row.firms, "added": row.added, "withdrawn": row.withdrawn}
    audit_service.note(session, "propose_memberships", "membership_run", str(row.id), now=now, detail=detail)
    return run_out(row)


async def _gather(session: AsyncSession, viewer: Viewer, now: datetime) -> _Material:
    day = shanghai_date(now)
    chains = await chain_profiles.membership_profiles(session, viewer, day)
    names = await chain_profiles.chain_names(session)
    relations = defaultdict[int, list[CoreRelation]](list)
    for firm, chain, core, role in await run_queries.listings(session, day):
        relations[firm].append(CoreRelation(chain, core, Role(role)))
    rows = [row async for some in run_queries.firms(session, viewer.jurisdiction) for row in some]
    stated = await run_queries.statements_of(session)
    held = await run_queries.standing(session, [one.code for one in chains])
    firms = await asyncio.to_thread(_firms, rows, stated, relations)
    return _Material(firms, chains, names, held)


def _firms(
    rows: Iterable[Any], stated: Iterable[Any], relations: Mapping[int, list[CoreRelation]]
) -> list[Firm]:
    needs = defaultdict[int, list[Stated]](list)
    for firm, need, chain, role, revenue, staff in stated:
        fen = None if revenue is None else int(Decimal(revenue) * FEN)
        needs[firm].append(Stated(need, chain, role, fen, None if staff is None else int(staff)))
    return [
        Firm(
            Traits(
                str(number), name, region, industry, scope=scope or "",
                relations=tuple(relations.get(number, ())),
            ),
            tuple(needs.get(number, ())),
        )
        for number, name, region, industry, scope in rows
    ]  # fmt: skip


def _decide(material: _Material, only: set[int] | None, day: date, at: datetime) -> _Decided:
    firms = material.firms
    answers = propose_all(_counted(firms), material.chains)
    answers = with_largest(
        firms, answers, material.chains, load_reference_book(get_settings().seed_dir).sizes
    )
    held = by_subject(material.held)
    digest = input_hash(firms, material.chains)
    if only is not None:
        wanted = {str(number) for number in only}
        pairs = [
            (firm, answer)
            for firm, answer in zip(firms, answers, strict=True)
            if firm.traits.subject in wanted
        ]
        firms, answers = [one for one, _ in pairs], [one for _, one in pairs]
        held = {subject: own for subject, own in held.items() if subject in wanted}
    plan = plan_run(firms, answers, held, names=material.names, day=day, at=at)
    return _Decided(plan, frozenset(one.number for own in held.values() for one in own), digest)


def _counted(firms: list[Firm]) -> Iterator[Traits]:
    for place, firm in enumerate(firms):
        if place % FIRMS_PER_TOLD == 0:
            report("proposing", place, len(firms))
        yield firm.traits


async def _save(session: AsyncSession, row: MembershipRun, decided: _Decided, now: datetime) -> None:
    await queries.add(session, row)
    day = shanghai_date(now)
    await run_queries.withdraw(session, decided.plan.withdrawals, day)
    await run_queries.add_proposals(
        session,
        (
            {
                "enterprise_id": int(one.subject), "chain_code": one.proposal.chain, "link": one.proposal.link,
                "role": one.proposal.role.value, "state": "proposed", "confidence": one.proposal.confidence.value,
                "since": day, "until": None, "reason": one.proposal.reason, "word": None, "said_by": "",
                "said_at": now, "run_id": row.id, "version": 1,
            }
            for one in decided.plan.additions
        ),
    )  # fmt: skip
    row.questions = await run_queries.ask(session, decided.plan.questions, decided.scope, now)


async def list_runs(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[MembershipRunOut]:
    """Answer the runs of the jurisdiction, the newest first."""
    rows = await queries.page_of_runs(
        session, viewer.jurisdiction, before=page.after_number(), limit=page.limit + 1
    )
    return page_of(rows, page, lambda row: (row.id,), run_out)


async def get_run(session: AsyncSession, viewer: Viewer, number: int) -> MembershipRunOut:
    """Answer one run.

    Raises:
        NotFound: there is none.
    """
    row = await queries.run(session, viewer.jurisdiction, number)
    if row is None:
        raise NotFound(f"There is no membership run {number}.")
    return run_out(row)
