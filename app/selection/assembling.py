"""Stored rows put together into the values that `rounds` decides on. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from app.selection.archive import statement_of
from app.selection.deferred_acceptance import TieBreak, TieRule
from app.selection.market import Side
from app.selection.round_states import Act, Objection, Result, Round, RoundState, RoundTerms, Submission
from app.selection.rounds import refusal_of
from app.selection.tables import SelectionObjection, SelectionResult, SelectionRound, SelectionSubmission

SOMEBODY = "…"
"""Stands for whoever has handed in nothing, where only that matters."""


def terms_of(row: SelectionRound, chains: Sequence[str], banks: Sequence[str]) -> RoundTerms:
    """Answer the terms of a stored round."""
    return RoundTerms(
        row.code,
        tuple(chains),
        tuple(banks),
        Side(row.proposing),
        TieRule(row.tie_rule),
        row.lottery_source,
        row.first_until,
        row.objection_days,
        row.absent_places,
    )


def round_of(
    row: SelectionRound,
    terms: RoundTerms,
    submissions: Iterable[SelectionSubmission] = (),
    result: SelectionResult | None = None,
    objections: Iterable[SelectionObjection] = (),
) -> Round:
    """Answer a stored round as a value; its steps are those that are taken from now on."""
    state = RoundState(row.state)
    is_locked = state is not RoundState.OPEN
    return Round(
        terms,
        row.opened_at,
        row.submit_until,
        state,
        tuple(map(submission_of, submissions)),
        TieBreak(terms.tie_rule, row.lottery_seed or "") if is_locked else None,
        None if result is None or result.voided_at is not None else result_of(result),
        row.objection_until,
        tuple(map(objection_of, objections)),
    )


def submission_of(row: SelectionSubmission) -> Submission:
    """Answer a stored list."""
    statement = statement_of(row.participant, row.tiers, row.refuses, row.rest)
    return Submission(statement, row.quota, row.submitted_by, row.submitted_at)


def result_of(row: SelectionResult) -> Result:
    """Answer what a stored result is known by."""
    return Result(row.inputs_sha256, row.market_sha256, row.pairs_sha256)


def objection_of(row: SelectionObjection) -> Objection:
    """Answer a stored objection."""
    return Objection(
        row.number, row.participant, row.text, row.objected_at, row.pairs_sha256, row.is_upheld, row.answer
    )


def possible_acts(row: SelectionRound, *, missing: int, waiting: int, today: date) -> list[Act]:
    """Answer what the state and the day allow; `missing` lists and `waiting` objections are counted."""
    terms = terms_of(row, [SOMEBODY] if missing else [], [])
    asked = Objection(1, "", "", row.opened_at, "")
    now = round_of(row, terms)
    if waiting:
        now = Round(
            terms, now.opened_at, now.submit_until, now.state, (), now.tie_break, now.result,
            now.objection_until, (asked,),
        )  # fmt: skip
    acts = [act for act in Act if refusal_of(act, now, today) is None]
    return [act for act in acts if act is not Act.ANSWER or waiting]
