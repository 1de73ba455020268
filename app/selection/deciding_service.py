"""Use cases of the coordinator: lock a round, reopen it, compute, publish and close it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.notifications.rules import NewNotice
from app.reference import service as reference
from app.selection import queries, round_notices, rounds, service, views
from app.selection.archive import rules_from_json, unpacked
from app.selection.assembling import round_of, terms_of
from app.selection.computing import Computed, compute
from app.selection.market import Side
from app.selection.measuring_service import measure
from app.selection.outcome import Obtained
from app.selection.round_states import Act, Round, RoundTerms
from app.selection.schemas import ComputeIn, LockIn, ReopenIn, RoundOut
from app.selection.tables import SelectionMeasurement, SelectionResult, SelectionRound, SelectionStep
from app.selection.wording import about_differences, about_participant, about_sides

Expect = Callable[[int], None]


async def lock(
    session: AsyncSession, viewer: Viewer, code: str, body: LockIn, *, expect: Expect, now: datetime
) -> RoundOut:
    """Fix the lists, take the seed of a lottery, and measure what the computation will rest on.

    Raises:
        NotFound: no such round.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it is not open, or lists are still taken and somebody has handed in none.
        Refused: a lottery without a seed, or a seed without a lottery.
    """
    row, before = await _to_decide(session, viewer, code, expect)
    after = rounds.lock(before, body.seed, viewer.name, now)
    assert after.tie_break is not None
    row.lottery_seed = after.tie_break.seed or None
    await measure(session, viewer, row, (before.terms.chains, before.terms.banks), now=now)
    return await _stored(session, row, after, now)


async def check_lock(
    session: AsyncSession, viewer: Viewer, code: str, body: LockIn, *, expect: Expect, now: datetime
) -> None:
    """Say what stands against locking a round, before anybody is sent to measure; nothing is changed.

    Raises:
        NotFound, Forbidden, Conflict, Refused: as `lock` does.
    """
    _row, before = await _to_decide(session, viewer, code, expect)
    rounds.lock(before, body.seed, viewer.name, now)


async def check_computation(
    session: AsyncSession, viewer: Viewer, code: str, *, expect: Expect, now: datetime
) -> None:
    """Say whether a round is one to compute; nothing is changed.

    Raises:
        NotFound, Forbidden, Conflict: as `compute_round` does.
    """
    await _to_compute(session, viewer, code, expect, now)


async def reopen(
    session: AsyncSession, viewer: Viewer, code: str, body: ReopenIn, *, expect: Expect, now: datetime
) -> RoundOut:
    """Take lists again until a day; a seed that was drawn is void.

    Raises:
        NotFound, Forbidden: as above.
        Conflict: it is not locked.
        Refused: no reason, or a day that has passed.
    """
    row, before = await _to_decide(session, viewer, code, expect)
    after = rounds.reopen(before, body.submit_until, body.reason, viewer.name, now)
    row.submit_until, row.lottery_seed = after.submit_until, None
    times = row.version + 1
    await _tell(
        session,
        before.terms,
        lambda audience: round_notices.opened(row.code, row.name, row.submit_until, audience, times=times),
        now,
    )
    return await _stored(session, row, after, now)


async def compute_round(
    session: AsyncSession, viewer: Viewer, code: str, body: ComputeIn, *, expect: Expect, now: datetime
) -> RoundOut:
    """Compute a locked round and keep the result with its proof; only one that is proven is kept.

    Raises:
        NotFound, Forbidden: as above.
        Conflict: it is not locked.
        Refused: lists, quotas or contracts contradict each other by now, or the result is not stable.
    """
    row, before = await _to_compute(session, viewer, code, expect, now)
    taken = await queries.latest_measurement(session, row.id)
    if body.measure_anew or taken is None:
        taken = await measure(session, viewer, row, (before.terms.chains, before.terms.banks), now=now)
    contracts = [(str(one), str(other)) for one, other in taken.contracts]
    report("computing")
    done = await asyncio.to_thread(
        compute, before, contracts, unpacked(taken.arrays), rules_from_json(row.rules)
    )
    after = rounds.record(before, done.inputs_sha256, done.proof, viewer.name, now)
    await _keep(session, row, done, taken, viewer, now)
    return await _stored(session, row, after, now)


async def publish(
    session: AsyncSession, viewer: Viewer, code: str, *, expect: Expect, now: datetime
) -> RoundOut:
    """Publish the result with its proof; objections are taken for the working days of the terms.

    Raises:
        NotFound, Forbidden: as above.
        Conflict: it is not computed.
        Unavailable: the period leaves the years whose working days are known.
    """
    row, before = await _to_decide(session, viewer, code, expect)
    calendar = (await reference.current_book(session, get_settings().seed_dir)).calendar
    after = rounds.publish(before, calendar, viewer.name, now)
    result = await queries.latest_result(session, row.id)
    assert result is not None
    assert after.objection_until is not None
    result.published_at = now
    row.objection_until = until = after.objection_until
    await _tell(
        session,
        before.terms,
        lambda audience: round_notices.published(row.code, row.name, until, result.number, audience),
        now,
    )
    return await _stored(session, row, after, now)


async def close(
    session: AsyncSession, viewer: Viewer, code: str, *, expect: Expect, now: datetime
) -> RoundOut:
    """Close the round: the result stands.

    Raises:
        NotFound, Forbidden: as above.
        Conflict: it is not published, objections are still taken, or one waits for an answer.
    """
    row, before = await _to_decide(session, viewer, code, expect)
    after = rounds.close(before, viewer.name, now)
    await _tell(
        session, before.terms, lambda audience: round_notices.closed(row.code, row.name, audience), now
    )
    return await _stored(session, row, after, now)


async def _to_decide(
    session: AsyncSession, viewer: Viewer, code: str, expect: Expect
) -> tuple[SelectionRound, Round]:
    row = await service.stored(session, viewer, code, is_for_change=True)
    require(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction))
    expect(row.version)
    return row, await assembled(session, row)


async def _to_compute(
    session: AsyncSession, viewer: Viewer, code: str, expect: Expect, now: datetime
) -> tuple[SelectionRound, Round]:
    row, before = await _to_decide(session, viewer, code, expect)
    if refusal := rounds.refusal_of(Act.RECORD, before, shanghai_date(now)):
        raise Conflict(refusal)
    return row, before


async def assembled(session: AsyncSession, row: SelectionRound) -> Round:
    """Answer a round with all lists, sealed ones too: what it decides tells nothing of them."""
    sides = await queries.codes_by_side(session, row.id)
    with unrestricted(session):
        submissions = await queries.standing_submissions(session, row.id)
    return round_of(
        row,
        terms_of(row, *(sides.get(side.value, []) for side in Side)),
        submissions,
        await queries.latest_result(session, row.id),
        await queries.objections_of(session, row.id),
    )


async def _stored(session: AsyncSession, row: SelectionRound, after: Round, now: datetime) -> RoundOut:
    """Keep the state and the steps that were taken."""
    await keep_steps(session, row, after, now)
    return await service.out(session, row, shanghai_date(now))


async def keep_steps(session: AsyncSession, row: SelectionRound, after: Round, now: datetime) -> None:
    """Write the state of a round with the steps that were taken since it was read."""
    row.state, row.version = after.state.value, row.version + 1
    if after.result is None:
        row.objection_until = None
    steps = [
        SelectionStep(round_id=row.id, act=step.act.value, taken_by=step.by, taken_at=step.at, note=step.note)
        for step in after.steps
    ]
    await queries.add(session, *steps)
    for step in after.steps:
        audit_service.note(session, f"{step.act.value}_selection", "selection_round", row.code, now=now)


async def _tell(
    session: AsyncSession,
    terms: RoundTerms,
    notice: Callable[[round_notices.Audience], NewNotice],
    now: datetime,
) -> None:
    people = [(Side.CHAINS.value, code) for code in terms.chains]
    people += [(Side.BANKS.value, code) for code in terms.banks]
    await notifications.post(session, [notice(round_notices.audience_of(people))], now=now)


async def _keep(
    session: AsyncSession,
    row: SelectionRound,
    done: Computed,
    taken: SelectionMeasurement,
    viewer: Viewer,
    now: datetime,
) -> None:
    before = await queries.latest_result(session, row.id)
    names = await queries.names(session, row.id)
    outcome = done.outcome
    sides = {
        side.value: views.side_as_json(outcome.of(side).summary, outcome.other_of(side)) for side in Side
    }
    summary = {"said": about_sides(outcome), "sides": sides, "differences": len(outcome.differences)}
    result = SelectionResult(
        round_id=row.id,
        number=before.number + 1 if before else 1,
        measurement_id=taken.id,
        inputs=done.inputs,
        inputs_sha256=done.inputs_sha256,
        market_sha256=done.proof.market_sha256,
        pairs_sha256=done.proof.pairs_sha256,
        proof=views.proof_as_json(done.proof),
        summary=summary,
        computed_by=viewer.name,
        computed_at=now,
    )
    await queries.add_result(session, result, _pair_rows(done), list(_outcome_rows(done, names)))


def _pair_rows(done: Computed) -> Iterator[Mapping[str, Any]]:
    partners = {
        side: {
            (one.code, partner.code): partner
            for one in done.outcome.of(side).obtained
            for partner in one.partners
        }
        for side in Side
    }
    for (chain, bank), by_chain in partners[Side.CHAINS].items():
        by_bank = partners[Side.BANKS][bank, chain]
        yield {
            "chain_code": chain,
            "bank_code": bank,
            "chain_rank": by_chain.rank,
            "bank_rank": by_bank.rank,
            "is_chain_tied": by_chain.is_tied,
            "is_bank_tied": by_bank.is_tied,
        }


def _outcome_rows(done: Computed, names: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    changes = (one.code for one in done.outcome.differences)
    alternatives = dict(zip(changes, about_differences(done.outcome, names), strict=True))
    for side in Side:
        for place, one in enumerate(done.outcome.of(side).obtained):
            yield _outcome_row(one, side, place, names) | {"alternative": alternatives.get(one.code)}


def _outcome_row(one: Obtained, side: Side, place: int, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "participant": one.code,
        "side": side.value,
        "position": place,
        "contracts": one.contracts,
        "places": one.places,
        "acceptable": one.acceptable,
        "chosen": len(one.partners),
        "rank_sum": sum(one.ranks),
        "said": about_participant(one, side, names),
    }
