"""Reads and writes of rounds of two-sided selection; the viewer's jurisdiction comes first, lists are sealed by visibility."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, delete, func, or_, select

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, IntegrityError, insert_rows
from app.kernel.errors import Conflict, Fault
from app.selection.tables import (
    SelectionDraft,
    SelectionMeasurement,
    SelectionObjection,
    SelectionOutcome,
    SelectionPair,
    SelectionParticipant,
    SelectionResult,
    SelectionRound,
    SelectionStep,
    SelectionSubmission,
)

PARTICIPANTS = cast("Table", SelectionParticipant.__table__)
PAIRS = cast("Table", SelectionPair.__table__)
OUTCOMES = cast("Table", SelectionOutcome.__table__)


def _rounds(viewer: Viewer) -> Select[SelectionRound]:
    return select(SelectionRound).where(SelectionRound.jurisdiction == viewer.jurisdiction)


async def page_of_rounds(
    session: AsyncSession, viewer: Viewer, *, state: str | None, before: int | None, limit: int
) -> Sequence[SelectionRound]:
    """Answer rounds, the newest first."""
    statement = _rounds(viewer).order_by(SelectionRound.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(SelectionRound.state == state)
    if before is not None:
        statement = statement.where(SelectionRound.id < before)
    return (await session.scalars(statement)).all()


async def round_by_code(
    session: AsyncSession, viewer: Viewer, code: str, *, is_for_change: bool = False, is_held: bool = False
) -> SelectionRound | None:
    """Answer a round; for a change its row is held alone, `is_held` holds it together with others who hand in lists."""
    statement = _rounds(viewer).where(SelectionRound.code == code)
    if is_for_change or is_held:
        statement = statement.with_for_update(read=is_held)
    return (await session.scalars(statement)).one_or_none()


async def add_round(
    session: AsyncSession, row: SelectionRound, participants: Iterable[Mapping[str, Any]]
) -> None:
    """Store a round with who takes part; the participants lack only `round_id`.

    Raises:
        Conflict: the code is taken.
    """
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise code_taken(row.code) from error
    await insert_rows(session, PARTICIPANTS, ({"round_id": row.id, **one} for one in participants))


def code_taken(code: str) -> Conflict:
    """Answer the refusal of a code that another round has."""
    return Conflict(
        f"There is a round {code} already.", [Fault("code", "taken", "Choose another code.", code)]
    )


async def add(session: AsyncSession, *rows: Any) -> None:
    """Store new rows, so that they have their ids."""
    session.add_all(rows)
    await session.flush()


async def codes_by_side(session: AsyncSession, round_id: int) -> dict[str, list[str]]:
    """Answer the participants' codes of each side, in their order."""
    statement = (
        select(SelectionParticipant.side, SelectionParticipant.code)
        .where(SelectionParticipant.round_id == round_id)
        .order_by(SelectionParticipant.side, SelectionParticipant.position)
    )
    found: dict[str, list[str]] = {}
    for side, code in await session.execute(statement):
        found.setdefault(side, []).append(code)
    return found


async def counts_of(
    session: AsyncSession, round_ids: Sequence[int]
) -> dict[tuple[int, str], tuple[int, int]]:
    """Answer by round and side how many take part, and of how many a list stands."""
    statement = (
        select(
            SelectionParticipant.round_id,
            SelectionParticipant.side,
            func.count(),
            func.count(SelectionParticipant.submitted_at),
        )
        .where(SelectionParticipant.round_id.in_(round_ids))
        .group_by(SelectionParticipant.round_id, SelectionParticipant.side)
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in await session.execute(statement)}


async def page_of_participants(
    session: AsyncSession,
    round_id: int,
    *,
    side: str | None,
    has_submitted: bool | None,
    text: str,
    after: tuple[str, int] | None,
    limit: int,
) -> Sequence[SelectionParticipant]:
    """Answer who takes part by side and place; `text` is a part of the name or code."""
    one = SelectionParticipant
    statement = select(one).where(one.round_id == round_id).order_by(one.side, one.position).limit(limit)
    if side is not None:
        statement = statement.where(one.side == side)
    if has_submitted is not None:
        statement = statement.where(one.submitted_at.is_not(None) == has_submitted)
    if text:
        found = (column.contains(text, autoescape=True) for column in (one.name, one.code))
        statement = statement.where(or_(*found))
    if after is not None:
        of_side, position = after
        statement = statement.where(
            or_(one.side > of_side, (one.side == of_side) & (one.position > position))
        )
    return (await session.scalars(statement)).all()


async def participant(
    session: AsyncSession, round_id: int, code: str, *, is_for_change: bool = False
) -> SelectionParticipant | None:
    """Answer one participant."""
    one = SelectionParticipant
    statement = select(one).where(one.round_id == round_id, one.code == code)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.scalars(statement)).one_or_none()


async def participants(
    session: AsyncSession, round_id: int, codes: Sequence[str]
) -> Sequence[SelectionParticipant]:
    """Answer the participants of some codes, by side and place."""
    one = SelectionParticipant
    statement = select(one).where(one.round_id == round_id, one.code.in_(codes))
    return (await session.scalars(statement.order_by(one.side, one.position))).all()


async def names(session: AsyncSession, round_id: int) -> dict[str, str]:
    """Answer the participants' names by code."""
    one = SelectionParticipant
    rows = await session.execute(select(one.code, one.name).where(one.round_id == round_id))
    return {row[0]: row[1] for row in rows}


async def latest_submission(session: AsyncSession, round_id: int, code: str) -> SelectionSubmission | None:
    """Answer what a participant handed in or took back last, as far as the viewer may see it."""
    one = SelectionSubmission
    statement = select(one).where(one.round_id == round_id, one.participant == code)
    return (await session.scalars(statement.order_by(one.number.desc()).limit(1))).first()


async def standing_submissions(session: AsyncSession, round_id: int) -> list[SelectionSubmission]:
    """Answer the list that stands of each participant, by code."""
    one = SelectionSubmission
    last = (
        select(one.participant, func.max(one.number).label("number"))
        .where(one.round_id == round_id)
        .group_by(one.participant)
        .subquery()
    )
    statement = (
        select(one)
        .join(last, (last.c.participant == one.participant) & (last.c.number == one.number))
        .where(one.round_id == round_id, one.is_withdrawal.is_(False))
        .order_by(one.participant)
    )
    return list((await session.scalars(statement)).all())


async def draft(session: AsyncSession, round_id: int, code: str) -> SelectionDraft | None:
    """Answer the list that somebody is writing for a participant, as far as the viewer may see it."""
    one = SelectionDraft
    statement = select(one).where(one.round_id == round_id, one.participant == code)
    return (await session.scalars(statement)).one_or_none()


async def add_draft(session: AsyncSession, row: SelectionDraft) -> None:
    """Store a draft.

    Raises:
        Conflict: somebody else of the participant began one at the same time.
    """
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise Conflict("Somebody began the same list at the same time; read it again.") from error


async def drop_draft(session: AsyncSession, round_id: int, code: str) -> None:
    """Remove a draft that was handed in."""
    one = SelectionDraft
    await session.execute(delete(one).where(one.round_id == round_id, one.participant == code))


async def latest_measurement(session: AsyncSession, round_id: int) -> SelectionMeasurement | None:
    """Answer what was measured last."""
    one = SelectionMeasurement
    statement = select(one).where(one.round_id == round_id).order_by(one.number.desc()).limit(1)
    return (await session.scalars(statement)).first()


async def measurement(session: AsyncSession, measurement_id: int) -> SelectionMeasurement:
    """Answer a measurement by id."""
    statement = select(SelectionMeasurement).where(SelectionMeasurement.id == measurement_id)
    return (await session.scalars(statement)).one()


async def latest_result(session: AsyncSession, round_id: int) -> SelectionResult | None:
    """Answer the latest result, voided or not."""
    one = SelectionResult
    statement = select(one).where(one.round_id == round_id).order_by(one.number.desc()).limit(1)
    return (await session.scalars(statement)).first()


async def add_result(
    session: AsyncSession,
    row: SelectionResult,
    pairs: Iterable[Mapping[str, Any]],
    outcomes: Iterable[Mapping[str, Any]],
) -> None:
    """Store a result; its pairs and outcomes lack only `result_id`."""
    await add(session, row)
    await insert_rows(session, PAIRS, ({"result_id": row.id, **one} for one in pairs))
    await insert_rows(session, OUTCOMES, ({"result_id": row.id, **one} for one in outcomes))


async def pairs_of(session: AsyncSession, result_id: int) -> list[tuple[str, str]]:
    """Answer all pairs of a result, by chain and bank."""
    one = SelectionPair
    statement = select(one.chain_code, one.bank_code).where(one.result_id == result_id)
    rows = await session.execute(statement.order_by(one.chain_code, one.bank_code))
    return [(row[0], row[1]) for row in rows]


async def page_of_pairs(
    session: AsyncSession,
    result_id: int,
    *,
    of: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[SelectionPair]:
    """Answer pairs by chain and bank; `of` one participant alone."""
    one = SelectionPair
    statement = select(one).where(one.result_id == result_id).order_by(one.chain_code, one.bank_code)
    if of is not None:
        statement = statement.where(or_(one.chain_code == of, one.bank_code == of))
    if after is not None:
        chain, bank = after
        statement = statement.where(
            or_(one.chain_code > chain, (one.chain_code == chain) & (one.bank_code > bank))
        )
    return (await session.scalars(statement.limit(limit))).all()


async def page_of_outcomes(
    session: AsyncSession, result_id: int, *, side: str | None, after: tuple[str, int] | None, limit: int
) -> Sequence[SelectionOutcome]:
    """Answer what each participant got, by side and place."""
    one = SelectionOutcome
    statement = select(one).where(one.result_id == result_id).order_by(one.side, one.position).limit(limit)
    if side is not None:
        statement = statement.where(one.side == side)
    if after is not None:
        of_side, position = after
        statement = statement.where(
            or_(one.side > of_side, (one.side == of_side) & (one.position > position))
        )
    return (await session.scalars(statement)).all()


async def objections_of(
    session: AsyncSession, round_id: int, *, after: int = 0, limit: int | None = None
) -> Sequence[SelectionObjection]:
    """Answer the objections of a round, by number."""
    one = SelectionObjection
    statement = select(one).where(one.round_id == round_id, one.number > after).order_by(one.number)
    return (await session.scalars(statement if limit is None else statement.limit(limit))).all()


async def objection(session: AsyncSession, round_id: int, number: int) -> SelectionObjection | None:
    """Answer one objection."""
    one = SelectionObjection
    statement = select(one).where(one.round_id == round_id, one.number == number)
    return (await session.scalars(statement)).one_or_none()


async def waiting_of(session: AsyncSession, round_ids: Sequence[int]) -> dict[int, int]:
    """Answer by round how many objections wait for an answer."""
    one = SelectionObjection
    statement = (
        select(one.round_id, func.count())
        .where(one.round_id.in_(round_ids), one.is_upheld.is_(None))
        .group_by(one.round_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def steps_of(
    session: AsyncSession, round_id: int, *, after: int = 0, limit: int | None = None, but: Sequence[str] = ()
) -> Sequence[SelectionStep]:
    """Answer what was done with a round, in order, but for some acts."""
    one = SelectionStep
    statement = select(one).where(one.round_id == round_id, one.id > after).order_by(one.id)
    if but:
        statement = statement.where(one.act.not_in(but))
    return (await session.scalars(statement if limit is None else statement.limit(limit))).all()
