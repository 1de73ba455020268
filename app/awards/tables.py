"""Observed figures of products, quarter by quarter; awards with criteria, nominations, jury, ballots, results, appeals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class ObservationRun(Base):
    """What came of all products in the four quarters that end with one; made again it takes the place of the one before.

    `least` are the counts below which nothing was shown then; the hashes are of what it was made from and of the figures.
    """

    __tablename__ = "observation_runs"
    __table_args__ = (UniqueConstraint("jurisdiction", "quarter"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    quarter: Mapped[str] = mapped_column(String(6))
    least: Mapped[dict[str, Any]]
    dealings: Mapped[int]
    approvals: Mapped[int]
    answers: Mapped[int]
    inputs_hash: Mapped[str] = mapped_column(String(64))
    result_hash: Mapped[str] = mapped_column(String(64))
    computed_at: Mapped[datetime]
    computed_by: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]


class ProductObservation(Base):
    """The figures of a product in a run (`observed.Figures`), all of them: what is too small to be shown is hidden by services."""

    __tablename__ = "product_observations"

    run_id: Mapped[int] = mapped_column(ForeignKey("observation_runs.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)
    figures: Mapped[dict[str, Any]]


class Award(Base):
    """The award of a year. `criteria` (`scoring.Criteria`) and days never change after they were announced.

    `quarter` ends the four quarters whose figures count. `inputs_hash` and `result_hash` are of the result that
    stands: of what it was made from, and of what became of each candidate.
    """

    __tablename__ = "awards"
    __table_args__ = (UniqueConstraint("jurisdiction", "year"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    year: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    statement: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    quarter: Mapped[str] = mapped_column(String(6))
    criteria: Mapped[dict[str, Any]]
    nominations_until: Mapped[date]
    votes_until: Mapped[date]
    appeal_days: Mapped[int]
    appeals_until: Mapped[date | None]
    announced_at: Mapped[datetime]
    announced_by: Mapped[str] = mapped_column(String(80))
    shortlisted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    inputs_hash: Mapped[str | None] = mapped_column(String(64))
    result_hash: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int]


class AwardNomination(Base):
    """A product put forward by a bank, a firm or a coordinator; `party` is its institution, credit code or region."""

    __tablename__ = "award_nominations"
    __table_args__ = (
        Index(
            "uq_award_nominations_standing",
            "award_id",
            "product_id",
            "party",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    side: Mapped[str] = mapped_column(String(12))
    party: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    nominated_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class AwardJuror(Base):
    """Somebody appointed to the jury; `banks` are the head offices (ids) whose products are not theirs to judge."""

    __tablename__ = "award_jurors"
    __table_args__ = (UniqueConstraint("award_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    affiliation: Mapped[str] = mapped_column(String(200))
    banks: Mapped[list[Any]]
    appointed_by: Mapped[str] = mapped_column(String(80))
    appointed_at: Mapped[datetime]


class AwardBallot(Base):
    """A juror's points by product code; nobody else reads them before the votes are over.

    `seal` is a hash of the points and a random salt: it stands in the audit trail, so that what is counted is what was cast.
    """

    __tablename__ = "award_ballots"
    __table_args__ = (UniqueConstraint("award_id", "person_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    points: Mapped[dict[str, Any]]
    comment: Mapped[str] = mapped_column(Text)
    salt: Mapped[str] = mapped_column(String(32))
    seal: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    cast_at: Mapped[datetime]


class AwardCandidate(Base):
    """A nominated product as the shortlist found it, figures frozen, and what became of it (`scoring.Outcome`).

    `rank` orders candidates: places first. `struck_reason`: an appeal against it was upheld.
    """

    __tablename__ = "award_candidates"
    __table_args__ = (
        UniqueConstraint("award_id", "product_id"),
        Index("ix_award_candidates_award_id_rank", "award_id", "rank"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    product_revision_id: Mapped[int] = mapped_column(ForeignKey("product_revisions.id"))
    bank: Mapped[str] = mapped_column(String(40))
    figures: Mapped[dict[str, Any]]
    first_at: Mapped[datetime]
    nominations: Mapped[int]
    outcome: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    struck_reason: Mapped[str | None] = mapped_column(Text)


class AwardAppeal(Base):
    """An objection to a published result, about one of its candidates or none; upheld, the candidate is struck."""

    __tablename__ = "award_appeals"
    __table_args__ = (Index("ix_award_appeals_award_id_state", "award_id", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    state: Mapped[str] = mapped_column(String(10))
    side: Mapped[str] = mapped_column(String(12))
    party: Mapped[str] = mapped_column(String(60))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    raised_by: Mapped[str] = mapped_column(String(80))
    grounds: Mapped[str] = mapped_column(Text)
    raised_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None]
    version: Mapped[int]
