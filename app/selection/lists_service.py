"""Use cases of lists: read one's own, hand one in, take it back, and whom one may rank with the computed preference of each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import Role, Viewer
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.selection import queries, rounds, service, views
from app.selection.archive import rules_from_json, statement_of, unpacked
from app.selection.assembling import round_of, submission_of, terms_of
from app.selection.market import Side
from app.selection.measures import Measures
from app.selection.measuring_service import contracts_in_force
from app.selection.preferences import PreferenceRules, totals
from app.selection.rankings import competition_ranks
from app.selection.reasons import explain
from app.selection.round_states import RoundState, Step, Submission
from app.selection.schemas import ListIn, ListOut, SelectionCandidateOut
from app.selection.tables import SelectionParticipant, SelectionRound, SelectionStep, SelectionSubmission

Expect = Callable[[int], None]


async def get_list(
    session: AsyncSession, viewer: Viewer, code: str, participant: str, *, now: datetime
) -> ListOut:
    """Answer the list that a participant handed in last.

    Until the round is locked only its own people are shown it; then coordinators of the whole and auditors too.

    Raises:
        NotFound: no such round or participant, or its list is not the viewer's to see now.
    """
    row = await service.stored(session, viewer, code)
    one = await service.stored_participant(session, row, participant)
    if not await _may_see(session, viewer, row, one):
        raise NotFound(
            "No list of this participant is shown to you.",
            [Fault("participant", "sealed until the round is locked", value=participant)],
        )
    return await _out(session, viewer, row, one, now)


async def _may_see(
    session: AsyncSession, viewer: Viewer, row: SelectionRound, one: SelectionParticipant
) -> bool:
    target = service.target_of(await institution_tree(session, viewer), one)
    is_sealed = row.state == RoundState.OPEN.value
    if viewer.is_operator:
        return not is_sealed
    is_watching = viewer.has(Role.AUDITOR) or may_do(
        viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction)
    )
    return may_do(viewer, Action.TAKE_PART, target) or (is_watching and not is_sealed)


async def _out(
    session: AsyncSession, viewer: Viewer, row: SelectionRound, one: SelectionParticipant, now: datetime
) -> ListOut:
    found = await queries.latest_submission(session, row.id, one.code)
    contracts = await _contracts(session, viewer, row, now)
    own = [pair[1 - _place(one)] for pair in contracts if pair[_place(one)] == one.code]
    return views.list_out(row.code, one, found, own)


def _place(one: SelectionParticipant) -> int:
    return 0 if one.side == Side.CHAINS.value else 1


async def _contracts(
    session: AsyncSession, viewer: Viewer, row: SelectionRound, now: datetime
) -> Sequence[tuple[str, str]]:
    sides = await queries.codes_by_side(session, row.id)
    chains, banks = (sides.get(side.value, []) for side in Side)
    return await contracts_in_force(session, viewer, chains, banks, shanghai_date(now))


async def hand_in(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    participant: str,
    body: ListIn,
    *,
    expect: Expect,
    now: datetime,
) -> ListOut:
    """Hand a list in; one that was there is kept and counts no more. The same list again hands nothing in.

    Raises:
        NotFound: no such round or participant.
        Forbidden: the participant is not one of the viewer's.
        Conflict: lists are not taken now.
        Refused: the list or the quota is wrong; every fault is named at its place.
    """
    row, one = await _held(session, viewer, code, participant)
    expect(one.version)
    sides = await queries.codes_by_side(session, row.id)
    terms = terms_of(row, *(sides.get(side.value, []) for side in Side))
    contracts = await contracts_in_force(session, viewer, terms.chains, terms.banks, shanghai_date(now))
    statement = statement_of(participant, body.tiers, body.refuses, body.rest.value)
    submission = Submission(statement, body.quota, viewer.name, now)
    try:
        after = rounds.submit(round_of(row, terms), submission, contracts)
    except Refused as error:
        raise Refused(error.detail, [_placed(fault, participant) for fault in error.faults]) from error
    before = await queries.latest_submission(session, row.id, participant)
    if before is None or not _says_the_same(before, submission):
        await _store(session, row, one, submission, after.steps[-1], now)
    return await _out(session, viewer, row, one, now)


async def _held(
    session: AsyncSession, viewer: Viewer, code: str, participant: str
) -> tuple[SelectionRound, SelectionParticipant]:
    """Hold a round together with others who hand in, and a participant alone."""
    row = await service.stored(session, viewer, code, is_held=True)
    one = await service.stored_participant(session, row, participant, is_for_change=True)
    require(viewer, Action.TAKE_PART, service.target_of(await institution_tree(session, viewer), one))
    return row, one


def _placed(fault: Fault, participant: str) -> Fault:
    """Answer a fault at the place that the sender knows: of one list there is no need to say which."""
    where = fault.where.removeprefix("statements[0].").replace("[", ".").replace("]", "")
    if where == "statements.0":
        where = "tiers"
    return Fault(
        "quota" if where == f"quotas.{participant}" else where, fault.message, fault.remedy, fault.value
    )


def _says_the_same(row: SelectionSubmission, submission: Submission) -> bool:
    if row.is_withdrawal:
        return False
    stored = submission_of(row)
    return (stored.statement, stored.quota) == (submission.statement, submission.quota)


async def _store(
    session: AsyncSession,
    row: SelectionRound,
    one: SelectionParticipant,
    submission: Submission | None,
    step: Step,
    now: datetime,
) -> None:
    one.version += 1
    one.submitted_at = now if submission else None
    stated = submission.statement if submission else None
    await queries.add(
        session,
        SelectionSubmission(
            round_id=row.id,
            participant=one.code,
            number=one.version,
            is_withdrawal=submission is None,
            quota=submission.quota if submission else 0,
            tiers=[list(group) for group in stated.tiers] if stated else [],
            refuses=list(stated.refuses) if stated else [],
            rest=stated.rest.value if stated else "nobody",
            submitted_by=step.by,
            submitted_at=now,
        ),
        SelectionStep(round_id=row.id, act=step.act.value, taken_by=step.by, taken_at=step.at, note=one.code),
    )
    audit_service.note(
        session, f"{step.act.value}_selection_list", "selection_round", row.code, now=now, detail={"participant": one.code}
    )  # fmt: skip


async def take_back(
    session: AsyncSession, viewer: Viewer, code: str, participant: str, *, expect: Expect, now: datetime
) -> ListOut:
    """Take a list back: the participant has none then.

    Raises:
        NotFound: no such round or participant.
        Forbidden: the participant is not one of the viewer's.
        Conflict: lists are not taken now, or there is none.
    """
    row, one = await _held(session, viewer, code, participant)
    expect(one.version)
    sides = await queries.codes_by_side(session, row.id)
    terms = terms_of(row, *(sides.get(side.value, []) for side in Side))
    before = await queries.latest_submission(session, row.id, participant)
    standing = [] if before is None or before.is_withdrawal else [before]
    after = rounds.withdraw(round_of(row, terms, standing), participant, viewer.name, now)
    await _store(session, row, one, None, after.steps[-1], now)
    return await _out(session, viewer, row, one, now)


async def candidates(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    participant: str,
    page: PageRequest,
    *,
    text: str = "",
) -> Page[SelectionCandidateOut]:
    """List whom a participant may rank, by computed preference as measured last, each with its reasons.

    Raises:
        NotFound: no such round or participant.
    """
    row = await service.stored(session, viewer, code)
    one = await service.stored_participant(session, row, participant)
    taken = await queries.latest_measurement(session, row.id)
    assert taken is not None, "a round is measured when it is opened"
    names = await queries.names(session, row.id)
    after = page.after_number() or 0
    found = await asyncio.to_thread(
        _ranked, unpacked(taken.arrays), rules_from_json(row.rules), one, names, text.strip().casefold(), after, page.limit + 1
    )  # fmt: skip
    contracts = {tuple(pair) for pair in taken.contracts}
    shown = [(number, views.candidate_out(
        other, names[other], place, explained,
        is_contracted=((one.code, other) if _place(one) == 0 else (other, one.code)) in contracts,
    )) for number, other, place, explained in found]  # fmt: skip
    return page_of(shown, page, lambda each: (each[0],), lambda each: each[1])


def _ranked(
    measures: Measures,
    rules: PreferenceRules,
    one: SelectionParticipant,
    names: dict[str, str],
    text: str,
    after: int,
    limit: int,
) -> list[tuple[int, str, int, Any]]:
    """Answer (number in the list, code, place, explanation) of candidates, best first, after a number."""
    side = Side(one.side)
    own = measures.of_chain(one.position) if side is Side.CHAINS else measures.of_bank(one.position)
    others = measures.banks if side is Side.CHAINS else measures.chains
    points = totals(own, rules, side)[0]
    places = competition_ranks(int(points.max(initial=0)) - points[None, :])[0]
    order = np.argsort(-points, kind="stable").tolist()
    matching = (
        (number, place)
        for number, place in enumerate(order, start=1)
        if not text or text in names[others[place]].casefold() or text in others[place].casefold()
    )
    chosen = [(number, place) for number, place in matching if number > after][:limit]
    pair = (
        (lambda other: (one.position, other))
        if side is Side.CHAINS
        else (lambda other: (other, one.position))
    )
    return [
        (number, others[place], int(places[place]), explain(measures, rules, side, *pair(place)))
        for number, place in chosen
    ]
