"""Answers to declines as they are shown."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from app.docking.advice import AdviceLine
from app.docking.answers import DeclineAnswer, Handling
from app.docking.clock import Turn
from app.docking.kinds import Level, PauseReason
from app.docking.reasons import REASONS, DeclineReason
from app.docking.working_time import STEP_LABELS, Step
from app.policy.derived import chinese_name


class AdviceOut(BaseModel):
    """One thing that the enterprise itself can do."""

    text: str = Field(description="What to do (您可以).")
    citation: str = Field(description="Clause that says so, here and now; empty where none does.")

    @classmethod
    def of(cls, line: AdviceLine) -> "AdviceOut":
        """Describe advice."""
        return cls.model_construct(text=line.text, citation=line.citation)


class HandlingOut(BaseModel):
    """By which clause what blocked the need is handled."""

    route: str = Field(description="Leading class, or `ask`, or `policy_gap` (堵点类别).", examples=["d"])
    name: str = Field(description="Its name.", examples=["小微、缺少抵押物且不符合信用贷款条件"])
    receiver: str = Field(description="To whom the clause sends it (推送对象); empty where no class leads.")
    citation: str = Field(description="Clause (依据条款); empty where no class leads.")
    adopted: str = Field(description="How another place's rule came to apply; empty for the own one.")
    asks: list[str] = Field(description="Fields of the need (Chinese names) that would decide open classes.")

    @classmethod
    def of(cls, handling: Handling) -> "HandlingOut":
        """Describe a handling."""
        return cls.model_construct(
            route=handling.route,
            name=handling.name,
            receiver=handling.receiver,
            citation=handling.citation,
            adopted=handling.adopted,
            asks=[chinese_name(name) for name in handling.asks],
        )


class PresentOut(BaseModel):
    """Who has the entry now, for what and until when."""

    owner: str = Field(description="Name of who has it (责任主体).")
    turn: Turn | None = Field(description="Which side has to act; null where that is not shown.")
    institution: str | None = Field(description="Code of the party in whose hands it is.")
    step: Step | None = Field(description="Step that is due (环节).")
    step_label: str | None = Field(description="The step in Chinese.")
    due_on: date | None = Field(
        description="Until when, that day included; null: not published, or not shown."
    )
    is_overdue: bool = Field(description="That day has passed (逾期).")
    pause_reason: PauseReason | None = Field(description="What the enterprise owes while time stands still.")
    level: Level | None = Field(description="Up to whom the late step was raised (升级层级).")


class AnswerOut(BaseModel):
    """A decline, answered: what blocked it, by which clause it is handled, who has it now, what to do (婉拒答复)."""

    sequence: int = Field(description="Number of the decline among the entry's events.")
    institution: str = Field(description="Code of the institution that declined (机构).")
    institution_name: str = Field(description="Its name.")
    occurred_at: datetime = Field(description="When it declined.")
    reason: DeclineReason = Field(description="Why (婉拒原因).")
    reason_label: str = Field(description="The reason in Chinese.")
    is_voided: bool = Field(description="A later correction took it back: it counts nowhere.")
    handling: HandlingOut | None = Field(
        description="By which clause it is handled; null: nothing was classified, or it is not shown."
    )
    present: PresentOut | None = Field(description="Who has the entry now; null: it is off the roster.")
    advice: list[AdviceOut] = Field(description="What the enterprise itself can do, the first things first.")
    text: str = Field(description="All of it in plain Chinese.")

    @classmethod
    def of(cls, answer: DeclineAnswer, today: date) -> "AnswerOut":
        """Describe an answer as of a day."""
        decline = answer.decline
        return cls.model_construct(
            sequence=decline.sequence,
            institution=decline.institution,
            institution_name=decline.institution_name,
            occurred_at=decline.occurred_at,
            reason=decline.reason,
            reason_label=REASONS[decline.reason].chinese,
            is_voided=decline.is_voided,
            handling=HandlingOut.of(answer.handling) if answer.handling else None,
            present=_present(answer, today),
            advice=[AdviceOut.of(line) for line in answer.advice],
            text=answer.text,
        )


def _present(answer: DeclineAnswer, today: date) -> PresentOut | None:
    clock = answer.clock
    if clock is None:
        return _nothing_but(answer.owner) if answer.owner else None
    return PresentOut.model_construct(
        owner=clock.owner,
        turn=clock.turn,
        institution=clock.institution,
        step=clock.step,
        step_label=STEP_LABELS[clock.step],
        due_on=clock.due_on,
        is_overdue=clock.due_on is not None and clock.due_on < today and clock.step is not Step.REFRESH,
        pause_reason=clock.pause_reason,
        level=clock.level,
    )


def _nothing_but(owner: str) -> PresentOut:
    return PresentOut.model_construct(
        owner=owner,
        turn=None,
        institution=None,
        step=None,
        step_label=None,
        due_on=None,
        is_overdue=False,
        pause_reason=None,
        level=None,
    )
