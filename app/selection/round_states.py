"""What a round of two-sided selection is made of: its states, terms, lists, result, objections and trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.selection.deferred_acceptance import TieBreak, TieRule
from app.selection.market import Side
from app.selection.statements import Statement


class RoundState(StrEnum):
    """Where a round stands; while published, objections are taken until `objection_until`."""

    OPEN = "open"
    LOCKED = "locked"
    COMPUTED = "computed"
    PUBLISHED = "published"
    CLOSED = "closed"


STATE_LABELS: Final[Mapping[RoundState, str]] = {
    RoundState.OPEN: "征集中",
    RoundState.LOCKED: "已锁定",
    RoundState.COMPUTED: "已计算",
    RoundState.PUBLISHED: "公示中",
    RoundState.CLOSED: "已办结",
}


class Act(StrEnum):
    """What can be done with a round."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    LOCK = "lock"
    REOPEN = "reopen"
    RECORD = "record"
    PUBLISH = "publish"
    OBJECT = "object"
    ANSWER = "answer"
    CLOSE = "close"


ALLOWED_IN: Final[Mapping[Act, frozenset[RoundState]]] = {
    Act.SUBMIT: frozenset({RoundState.OPEN}),
    Act.WITHDRAW: frozenset({RoundState.OPEN}),
    Act.LOCK: frozenset({RoundState.OPEN}),
    Act.REOPEN: frozenset({RoundState.LOCKED}),
    Act.RECORD: frozenset({RoundState.LOCKED}),
    Act.PUBLISH: frozenset({RoundState.COMPUTED}),
    Act.OBJECT: frozenset({RoundState.PUBLISHED}),
    Act.ANSWER: frozenset({RoundState.LOCKED, RoundState.COMPUTED, RoundState.PUBLISHED}),
    Act.CLOSE: frozenset({RoundState.PUBLISHED}),
}


@dataclass(frozen=True, slots=True)
class RoundTerms:
    """What is fixed at opening and published with the call.

    `lottery_source`: from what the seed of a lottery will be drawn after locking, "" without one. `absent_places`: how many
    new partners somebody takes, by computed preferences, who hands in no list; 0: takes no part.
    """

    code: str
    chains: tuple[str, ...]
    banks: tuple[str, ...]
    proposing: Side
    tie_rule: TieRule
    lottery_source: str
    submit_until: date
    objection_days: int
    absent_places: int = 0


@dataclass(frozen=True, slots=True)
class Submission:
    """A list with the participant's quota (contracts in force included); a later one of the same participant replaces it."""

    statement: Statement
    quota: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """What was computed: hashes of the inputs (round_inputs.py), of the market and of the chosen pairs."""

    inputs_sha256: str
    market_sha256: str
    pairs_sha256: str


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection to the published result; `is_upheld` None: not answered yet. `pairs_sha256`: to which result."""

    number: int
    who: str
    text: str
    at: datetime
    pairs_sha256: str
    is_upheld: bool | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Who did what when, with a note in words or the hash of what was recorded."""

    act: Act
    by: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it stands; submissions by code of the participant. `submit_until` moves when it is reopened."""

    terms: RoundTerms
    opened_at: datetime
    submit_until: date
    state: RoundState = RoundState.OPEN
    submissions: tuple[Submission, ...] = ()
    tie_break: TieBreak | None = None
    result: Result | None = None
    objection_until: date | None = None
    objections: tuple[Objection, ...] = ()
    steps: tuple[Step, ...] = ()

    def submission_of(self, participant: str) -> Submission | None:
        """Answer the list that a participant handed in; None when it has not."""
        return next((one for one in self.submissions if one.statement.participant == participant), None)

    def missing(self) -> tuple[str, ...]:
        """Answer who has handed in nothing, chains first."""
        present = {one.statement.participant for one in self.submissions}
        return tuple(code for code in (*self.terms.chains, *self.terms.banks) if code not in present)

    def unanswered(self) -> tuple[Objection, ...]:
        """Answer the objections that wait for an answer."""
        return tuple(one for one in self.objections if one.is_upheld is None)
