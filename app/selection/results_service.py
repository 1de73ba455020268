"""Use cases of results: read one with its proof, pair by pair and participant by participant, take its inputs, compute it again."""

import asyncio
import json
from datetime import datetime
from typing import Any

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Role, Viewer
from app.chains import service as chains
from app.chains.plan_parts import ContractedBankIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.shanghai import shanghai_date
from app.selection import queries, service, views
from app.selection.archive import FORMAT, canonical, measures_as_json, measures_from_json, unpacked
from app.selection.computing import CLAIM_LABELS, Check, Stated, verify
from app.selection.market import Side
from app.selection.result_schemas import (
    ContractsOut,
    InputsOut,
    OutcomeOut,
    PairOut,
    ResultOut,
    RoundVerificationOut,
    VerificationCheckOut,
)
from app.selection.round_states import RoundState
from app.selection.tables import SelectionResult, SelectionRound


async def result(session: AsyncSession, viewer: Viewer, code: str) -> ResultOut:
    """Answer the result that stands; before it is published, coordinators of the whole and auditors alone see it.

    Raises:
        NotFound: no such round, or no result that this viewer may see.
    """
    row, found = await _shown(session, viewer, code)
    return views.result_out(row.code, found, await queries.measurement(session, found.measurement_id))


async def _shown(session: AsyncSession, viewer: Viewer, code: str) -> tuple[SelectionRound, SelectionResult]:
    row = await service.stored(session, viewer, code)
    found = await queries.latest_result(session, row.id)
    stands = found is not None and found.voided_at is None
    if found is None or not stands or not (found.published_at is not None or _watches(viewer)):
        raise NotFound(
            "The round has no result that is shown to you.",
            [Fault("round", "no result is published", value=code)],
        )
    return row, found


def _watches(viewer: Viewer) -> bool:
    whole = Target(region=viewer.jurisdiction)
    return viewer.has(Role.AUDITOR) or may_do(viewer, Action.MANAGE_SELECTION, whole)


async def pairs(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest, *, of: str | None = None
) -> Page[PairOut]:
    """List the chosen pairs by chain and bank, all or those of one participant.

    Raises:
        NotFound: as above.
    """
    row, found = await _shown(session, viewer, code)
    key = page.after(2)
    if key is not None and not all(isinstance(part, str) for part in key):
        raise foreign_cursor()
    after = None if key is None else (str(key[0]), str(key[1]))
    rows = await queries.page_of_pairs(session, found.id, of=of, after=after, limit=page.limit + 1)
    codes = sorted({code for one in rows for code in (one.chain_code, one.bank_code)})
    names = {one.code: one.name for one in await queries.participants(session, row.id, codes)}
    return page_of(
        rows, page, lambda one: (one.chain_code, one.bank_code), lambda one: views.pair_out(one, names)
    )


async def outcomes(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest, *, side: Side | None = None
) -> Page[OutcomeOut]:
    """List what each participant obtained, why places stayed empty, and what the alternative would have changed.

    Raises:
        NotFound: as above.
    """
    row, found = await _shown(session, viewer, code)
    rows = await queries.page_of_outcomes(
        session,
        found.id,
        side=side.value if side else None,
        after=service.place_after(page),
        limit=page.limit + 1,
    )
    listed = await queries.participants(session, row.id, [one.participant for one in rows])
    names = {one.code: one.name for one in listed}
    return page_of(
        rows, page, lambda one: (one.side, one.position), lambda one: views.outcome_out(one, names)
    )


async def inputs(session: AsyncSession, viewer: Viewer, code: str) -> InputsOut:
    """Answer all that the result was computed from, and the result.

    Raises:
        NotFound: as above.
    """
    _row, found = await _shown(session, viewer, code)
    taken = await queries.measurement(session, found.measurement_id)
    stored = await queries.pairs_of(session, found.id)
    measures = await asyncio.to_thread(lambda: measures_as_json(unpacked(taken.arrays)))
    return InputsOut(
        format=FORMAT,
        round=code,
        inputs=json.loads(found.inputs),
        measures=measures,
        pairs=[list(pair) for pair in stored],
        inputs_sha256=found.inputs_sha256,
        market_sha256=found.market_sha256,
        pairs_sha256=found.pairs_sha256,
    )


async def verification(session: AsyncSession, viewer: Viewer, code: str) -> RoundVerificationOut:
    """Compute the result again from its stored inputs and measures alone, and compare all hashes.

    Raises:
        NotFound: as above.
    """
    _row, found = await _shown(session, viewer, code)
    taken = await queries.measurement(session, found.measurement_id)
    stated = Stated(
        found.inputs_sha256,
        found.market_sha256,
        found.pairs_sha256,
        tuple(await queries.pairs_of(session, found.id)),
    )
    return await asyncio.to_thread(
        lambda: verified(code, verify(found.inputs, unpacked(taken.arrays), stated))
    )


def verify_file(text: str) -> RoundVerificationOut:
    """Compute an exported result again (`inputs`), wherever it comes from; no database is needed.

    Raises:
        Refused: it is no export of a result.
    """
    try:
        written: dict[str, Any] = InputsOut.model_validate_json(text).model_dump()
        stated = Stated(
            written["inputs_sha256"],
            written["market_sha256"],
            written["pairs_sha256"],
            tuple((one, other) for one, other in written["pairs"]),
        )
        checks = verify(canonical(written["inputs"]), measures_from_json(written["measures"]), stated)
    except (KeyError, ValueError, TypeError) as error:
        fault = Fault(
            "file", str(error).splitlines()[0][:200], "Export the result again, and leave the file as it is."
        )
        raise Refused("The file is no exported result that can be computed.", [fault]) from error
    return verified(written["round"], checks)


def verified(code: str, checks: tuple[Check, ...]) -> RoundVerificationOut:
    """Show what was compared; a result is verified when nothing differs."""
    shown = [
        VerificationCheckOut(
            claim=one.claim,
            name=CLAIM_LABELS[one.claim],
            stored=one.stored,
            found=one.found,
            is_equal=one.is_equal,
        )
        for one in checks
    ]
    return RoundVerificationOut(round=code, is_verified=all(one.is_equal for one in checks), checks=shown)


async def contracts(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> list[ContractsOut]:
    """Answer whom each chain's plan would contract after a closed round: those in force, and those chosen.

    Raises:
        NotFound: as above.
        Conflict: the round is not closed, so that its result may still change.
    """
    row, found = await _shown(session, viewer, code)
    if row.state != RoundState.CLOSED.value:
        raise Conflict("The round is not closed; its result may still change.")
    chosen: dict[str, list[str]] = {}
    for chain, bank in await queries.pairs_of(session, found.id):
        chosen.setdefault(chain, []).append(bank)
    book = await chains.chain_book(session, viewer, shanghai_date(now))
    return [
        _contracts_of(chain, added, book.chains[chain].name, book.plan_of(chain))
        for chain, added in chosen.items()
        if chain in book.chains
    ]


def _contracts_of(chain: str, chosen: list[str], name: str, plan: Any) -> ContractsOut:
    now = {} if plan is None else {one.institution: one.quota for one in plan.contracted}
    added = [bank for bank in chosen if bank not in now]
    contracted = now | dict.fromkeys(added)
    return ContractsOut(
        chain=chain,
        name=name,
        plan_version=plan.version if plan is not None else 0,
        added=added,
        contracted=[
            ContractedBankIn(institution=bank, quota=quota) for bank, quota in sorted(contracted.items())
        ],
    )
