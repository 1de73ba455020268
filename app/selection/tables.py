"""Rounds of two-sided selection 双向选择: terms, who takes part, lists, measurements, results with their proof, objections, trail."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class SelectionRound(Base):
    """A round; its terms are fixed when it is opened, but for `submit_until`, which moves when it is reopened.

    `rules` is how computed preferences count (`preferences.PreferenceRules`); `lottery_seed` is what the announced
    source drew, stored when the lists are locked. Preferences are measured over `edition_code`.
    """

    __tablename__ = "selection_rounds"
    __table_args__ = (Index("ix_selection_rounds_jurisdiction_id", "jurisdiction", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    name: Mapped[str] = mapped_column(String(80))
    edition_code: Mapped[str] = mapped_column(String(6))
    proposing: Mapped[str] = mapped_column(String(10))
    tie_rule: Mapped[str] = mapped_column(String(10))
    lottery_source: Mapped[str] = mapped_column(String(200))
    lottery_seed: Mapped[str | None] = mapped_column(String(200))
    first_until: Mapped[date]
    submit_until: Mapped[date]
    objection_days: Mapped[int]
    objection_until: Mapped[date | None]
    absent_places: Mapped[int]
    rules: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10))
    opened_by: Mapped[str] = mapped_column(String(80))
    opened_at: Mapped[datetime]
    version: Mapped[int]


class SelectionParticipant(Base):
    """A chain or bank of a round, with its name as it was; `position` is its place in the arrays of its side.

    `submitted_at` is when the list that stands came in, null while there is none; `version` counts the lists handed in
    and taken back.
    """

    __tablename__ = "selection_participants"
    __table_args__ = (
        Index("ix_selection_participants_round_id_side_position", "round_id", "side", "position"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(60), primary_key=True)
    side: Mapped[str] = mapped_column(String(10))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    submitted_at: Mapped[datetime | None]
    version: Mapped[int]


class SelectionSubmission(Base):
    """A list as it was handed in, or taken back; only ever added. The latest of a participant counts.

    Sealed until the round is locked: nobody but its participant's own people is shown it (app/visibility).
    """

    __tablename__ = "selection_submissions"
    __table_args__ = (UniqueConstraint("round_id", "participant", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"))
    participant: Mapped[str] = mapped_column(String(60))
    number: Mapped[int]
    is_withdrawal: Mapped[bool]
    quota: Mapped[int]
    tiers: Mapped[list[Any]]
    refuses: Mapped[list[Any]]
    rest: Mapped[str] = mapped_column(String(10))
    submitted_by: Mapped[str] = mapped_column(String(80))
    submitted_at: Mapped[datetime]


class SelectionDraft(Base):
    """A list that somebody is still writing on the page, shown to its participant's own people alone."""

    __tablename__ = "selection_drafts"

    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"), primary_key=True)
    participant: Mapped[str] = mapped_column(String(60), primary_key=True)
    content: Mapped[dict[str, Any]]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class SelectionMeasurement(Base):
    """What was measured between chains and banks (`measures.Measures`, as .npz), and the contracts in force then.

    The first is taken when the round is opened and shown to who writes a list; the last one before the computation counts.
    """

    __tablename__ = "selection_measurements"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"))
    number: Mapped[int]
    match_run_id: Mapped[int | None] = mapped_column(ForeignKey("match_runs.id"), index=True)
    arrays: Mapped[bytes]
    sha256: Mapped[str] = mapped_column(String(64))
    contracts: Mapped[list[Any]]
    taken_by: Mapped[str] = mapped_column(String(80))
    taken_at: Mapped[datetime]


class SelectionResult(Base):
    """What was computed of a locked round: its inputs as canonical JSON, the proof, and the sides as a whole.

    `voided_at` is set by an objection that was upheld; at most the latest result of a round is not voided.
    """

    __tablename__ = "selection_results"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"))
    number: Mapped[int]
    measurement_id: Mapped[int] = mapped_column(ForeignKey("selection_measurements.id"), index=True)
    inputs: Mapped[str] = mapped_column(Text)
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    market_sha256: Mapped[str] = mapped_column(String(64))
    pairs_sha256: Mapped[str] = mapped_column(String(64))
    proof: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    computed_by: Mapped[str] = mapped_column(String(80))
    computed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class SelectionPair(Base):
    """A chosen pair, with how each ranks the other and whether it ranks somebody else alike."""

    __tablename__ = "selection_pairs"
    __table_args__ = (Index("ix_selection_pairs_result_id_bank_code", "result_id", "bank_code"),)

    result_id: Mapped[int] = mapped_column(ForeignKey("selection_results.id"), primary_key=True)
    chain_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    bank_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    chain_rank: Mapped[int]
    bank_rank: Mapped[int]
    is_chain_tied: Mapped[bool]
    is_bank_tied: Mapped[bool]


class SelectionOutcome(Base):
    """What a participant got, in figures and sentences, and what the alternative would have changed for it."""

    __tablename__ = "selection_outcomes"
    __table_args__ = (
        Index("ix_selection_outcomes_result_id_side_position", "result_id", "side", "position"),
    )

    result_id: Mapped[int] = mapped_column(ForeignKey("selection_results.id"), primary_key=True)
    participant: Mapped[str] = mapped_column(String(60), primary_key=True)
    side: Mapped[str] = mapped_column(String(10))
    position: Mapped[int]
    contracts: Mapped[int]
    places: Mapped[int]
    acceptable: Mapped[int]
    chosen: Mapped[int]
    rank_sum: Mapped[int]
    said: Mapped[list[Any]]
    alternative: Mapped[str | None] = mapped_column(Text)


class SelectionObjection(Base):
    """An objection to a published result; answered once. `is_upheld` null: not answered yet."""

    __tablename__ = "selection_objections"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"))
    number: Mapped[int]
    participant: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    pairs_sha256: Mapped[str] = mapped_column(String(64))
    objected_by: Mapped[str] = mapped_column(String(80))
    objected_at: Mapped[datetime]
    is_upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None]
    version: Mapped[int]


class SelectionStep(Base):
    """One thing done with a round, in the order of `id`; only ever added."""

    __tablename__ = "selection_steps"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("selection_rounds.id"), index=True)
    act: Mapped[str] = mapped_column(String(10))
    taken_by: Mapped[str] = mapped_column(String(80))
    taken_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)
