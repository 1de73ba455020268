"""A round of two-sided selection as values: each step answers the next round, or refuses and says why.

    open --(lists come in)--> locked --> computed --> published (objection period) --> closed
      ^------- reopened --------'  ^------ objection upheld ------'

Lists are taken up to and with `submit_until`. Locking fixes them; only then is the seed of a lottery drawn, from the source
that the terms announced, so that nobody can write a list for a known draw. A result is taken only with a proof that holds.
From publication objections are taken for so many Chinese working days, the last one included; one that is upheld voids the
result and takes the round back to locked. Days are those of Asia/Shanghai, instants are aware. 洛阳（征求意见稿）（二） names the
way (双向选择，竞争上岗) and no periods: they are the operator's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.shanghai import shanghai_date
from app.reference.working_days import WorkingCalendar
from app.selection.deferred_acceptance import TieBreak, TieRule
from app.selection.market import Side
from app.selection.round_states import (
    ALLOWED_IN,
    Act,
    Objection,
    Result,
    Round,
    RoundState,
    RoundTerms,
    Step,
    Submission,
)
from app.selection.stability import StabilityProof
from app.selection.statements import Entrants, faults_of

SHORTEST_TEXT: Final = 4
NAMED: Final = 5
SAY_STATES: Final[Mapping[RoundState, str]] = {
    RoundState.OPEN: "open for lists",
    RoundState.LOCKED: "locked",
    RoundState.COMPUTED: "computed",
    RoundState.PUBLISHED: "published",
    RoundState.CLOSED: "closed",
}
SAY_WHEN: Final[Mapping[Act, str]] = {
    Act.SUBMIT: "lists are taken while it is open",
    Act.WITHDRAW: "lists are taken back while it is open",
    Act.LOCK: "it is locked while it is open",
    Act.REOPEN: "it is reopened while it is locked",
    Act.RECORD: "a result is recorded while it is locked",
    Act.PUBLISH: "it is published once it is computed",
    Act.OBJECT: "objections are taken while it is published",
    Act.ANSWER: "objections are answered from publication until it is closed",
    Act.CLOSE: "it is closed once it was published",
}


def terms_faults(terms: RoundTerms, today: date) -> list[Fault]:
    """Name everything that is wrong with the terms of a round that opens today."""
    quotas = dict.fromkeys((*terms.chains, *terms.banks), 0)
    faults = faults_of(Entrants(terms.chains, terms.banks, quotas))
    faults += [
        Fault(side.value, "nobody of this side takes part", "Name at least one.")
        for side, codes in ((Side.CHAINS, terms.chains), (Side.BANKS, terms.banks))
        if not codes
    ]
    if terms.tie_rule is TieRule.LOTTERY and not terms.lottery_source.strip():
        message = "a lottery needs a source that is announced beforehand"
        faults.append(Fault("lottery_source", message, "Say from what its seed will be drawn."))
    if terms.submit_until < today:
        message = f"lies before today, {today}"
        faults.append(Fault("submit_until", message, "Give a later day.", str(terms.submit_until)))
    for name, least in (("objection_days", 1), ("absent_places", 0)):
        if (given := getattr(terms, name)) < least:
            faults.append(Fault(name, f"below {least}", f"Give {least} or more.", str(given)))
    return faults


def refusal_of(act: Act, now: Round, today: date) -> str | None:
    """Answer why something cannot be done with the round today; None when it can be tried."""
    refusal = None
    is_after_lists, is_after_objections = today > now.submit_until, _past(now.objection_until, today)
    if now.state not in ALLOWED_IN[act]:
        refusal = f"The round is {SAY_STATES[now.state]}; {SAY_WHEN[act]}"
    elif act in {Act.SUBMIT, Act.WITHDRAW} and is_after_lists:
        refusal = f"Lists were taken until {now.submit_until}"
    elif act is Act.LOCK and not is_after_lists and (missing := now.missing()):
        refusal = f"Lists are taken until {now.submit_until}, and these handed in none yet: {_few(missing)}"
    elif act is Act.OBJECT and is_after_objections:
        refusal = f"Objections were taken until {now.objection_until}"
    elif act is Act.CLOSE and not is_after_objections:
        refusal = f"Objections are taken until {now.objection_until}"
    elif act is Act.CLOSE and (waiting := now.unanswered()):
        refusal = f"Objections wait for an answer: {', '.join(str(one.number) for one in waiting)}"
    return refusal


def _past(until: date | None, today: date) -> bool:
    return until is not None and today > until


def _few(codes: Sequence[str]) -> str:
    return ", ".join(codes[:NAMED]) + (f" … ({len(codes)})" if len(codes) > NAMED else "")


def _require(act: Act, now: Round, at: datetime) -> None:
    if refusal := refusal_of(act, now, shanghai_date(at)):
        raise Conflict(refusal)


def _stepped(now: Round, step: Step, **changes: object) -> Round:
    return replace(now, steps=(*now.steps, step), **changes)  # type: ignore[arg-type]  # fields of Round, named below


def submit(now: Round, submission: Submission, contracts: Sequence[tuple[str, str]]) -> Round:
    """Take a list in; `contracts` are those in force. One that was there is replaced.

    Raises:
        Conflict: lists are not taken now.
        Refused: the list or the quota is wrong; it names every fault.
    """
    _require(Act.SUBMIT, now, submission.at)
    who = submission.statement.participant
    commitments = Entrants(now.terms.chains, now.terms.banks, {}, tuple(contracts)).commitments()
    quotas = {code: commitments[code] for code in (*now.terms.chains, *now.terms.banks)} | {
        who: submission.quota
    }
    entrants = Entrants(now.terms.chains, now.terms.banks, quotas, tuple(contracts), (submission.statement,))
    if faults := faults_of(entrants):
        raise Refused("The list cannot be taken", faults)
    kept = [one for one in now.submissions if one.statement.participant != who]
    submissions = tuple(sorted([*kept, submission], key=lambda one: one.statement.participant))
    return _stepped(now, Step(Act.SUBMIT, submission.by, submission.at, who), submissions=submissions)


def withdraw(now: Round, participant: str, by: str, at: datetime) -> Round:
    """Take a list back.

    Raises:
        Conflict: lists are not taken now, or there is none.
    """
    _require(Act.WITHDRAW, now, at)
    if now.submission_of(participant) is None:
        raise Conflict(f"{participant} has handed in no list")
    kept = tuple(one for one in now.submissions if one.statement.participant != participant)
    return _stepped(now, Step(Act.WITHDRAW, by, at, participant), submissions=kept)


def lock(now: Round, seed: str, by: str, at: datetime) -> Round:
    """Fix the lists; `seed` is what the announced source drew, "" where ties go by code.

    Raises:
        Conflict: not open, or lists are still taken and somebody has handed in none.
        Refused: a lottery without a seed, or a seed without a lottery.
    """
    _require(Act.LOCK, now, at)
    if (now.terms.tie_rule is TieRule.LOTTERY) != bool(seed):
        message = (
            "a lottery needs a seed that its source drew" if not seed else "ties go by code and need no seed"
        )
        raise Refused(
            "The round cannot be locked",
            [Fault("seed", message, f"Announced source: {now.terms.lottery_source or '-'}")],
        )
    step = Step(Act.LOCK, by, at, seed)
    return _stepped(now, step, state=RoundState.LOCKED, tie_break=TieBreak(now.terms.tie_rule, seed))


def reopen(now: Round, until: date, reason: str, by: str, at: datetime) -> Round:
    """Take lists again, until a day; a seed that was drawn is void, since it is known.

    Raises:
        Conflict: not locked.
        Refused: no reason, or a day that has passed.
    """
    _require(Act.REOPEN, now, at)
    faults = _text_faults("reason", reason)
    if until < shanghai_date(at):
        faults.append(Fault("submit_until", "has passed", "Give a later day.", str(until)))
    if faults:
        raise Refused("The round cannot be reopened", faults)
    return _stepped(
        now, Step(Act.REOPEN, by, at, reason), state=RoundState.OPEN, submit_until=until, tie_break=None
    )


def record(now: Round, inputs_sha256: str, proof: StabilityProof, by: str, at: datetime) -> Round:
    """Take the computed result: its inputs' hash and the proof of its pairs.

    Raises:
        Conflict: not locked.
        Refused: the proof does not hold.
    """
    _require(Act.RECORD, now, at)
    if not proof.holds:
        message = f"{proof.blocking_count} pairs block and {proof.breach_count} conditions are broken"
        raise Refused(
            "The result is not stable", [Fault("proof", message, "Compute it anew from the locked inputs.")]
        )
    result = Result(inputs_sha256, proof.market_sha256, proof.pairs_sha256)
    return _stepped(
        now, Step(Act.RECORD, by, at, proof.pairs_sha256), state=RoundState.COMPUTED, result=result
    )


def publish(now: Round, calendar: WorkingCalendar, by: str, at: datetime) -> Round:
    """Publish the result; objections are taken up to and with the last of `objection_days` working days after today.

    Raises:
        Conflict: not computed.
        CalendarUnknownError: the period leaves the years whose working days are known.
    """
    _require(Act.PUBLISH, now, at)
    until = calendar.add_working_days(shanghai_date(at), now.terms.objection_days)
    step = Step(Act.PUBLISH, by, at, until.isoformat())
    return _stepped(now, step, state=RoundState.PUBLISHED, objection_until=until)


def object_to(now: Round, who: str, text: str, at: datetime) -> Round:
    """Take an objection in; anybody may object, whether it takes part or not.

    Raises:
        Conflict: the result is not published, or the period is over.
        Refused: no text.
    """
    _require(Act.OBJECT, now, at)
    if faults := _text_faults("text", text):
        raise Refused("The objection cannot be taken", faults)
    assert now.result is not None
    one = Objection(len(now.objections) + 1, who, text, at, now.result.pairs_sha256)
    return _stepped(now, Step(Act.OBJECT, who, at, str(one.number)), objections=(*now.objections, one))


def answer(now: Round, number: int, reason: str, by: str, at: datetime, *, is_upheld: bool) -> Round:
    """Answer an objection; one that is upheld voids the result, and the round is locked again.

    Raises:
        Conflict: nothing to answer in this state, no such objection, or answered already.
        Refused: no reason.
    """
    _require(Act.ANSWER, now, at)
    if not any(one.number == number for one in now.unanswered()):
        raise Conflict(f"No objection {number} waits for an answer")
    if faults := _text_faults("reason", reason):
        raise Refused("The objection cannot be answered so", faults)
    answered = tuple(
        replace(one, is_upheld=is_upheld, answer=reason) if one.number == number else one
        for one in now.objections
    )
    then = _stepped(now, Step(Act.ANSWER, by, at, reason), objections=answered)
    return replace(then, state=RoundState.LOCKED, result=None, objection_until=None) if is_upheld else then


def close(now: Round, by: str, at: datetime) -> Round:
    """Close the round: the result stands.

    Raises:
        Conflict: not published, objections are still taken, or one waits for an answer.
    """
    _require(Act.CLOSE, now, at)
    assert now.result is not None
    return _stepped(now, Step(Act.CLOSE, by, at, now.result.pairs_sha256), state=RoundState.CLOSED)


def _text_faults(where: str, text: str) -> list[Fault]:
    if len(text.strip()) >= SHORTEST_TEXT:
        return []
    return [Fault(where, f"shorter than {SHORTEST_TEXT} characters", "Say why.", text)]
