"""Docking in and out, shared by JSON and the command line."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.docking.clock import Turn
from app.docking.guarantee_schemas import FeeCapOut
from app.docking.kinds import EventKind, Level, PauseReason
from app.docking.rates import FeeRate, Rate
from app.docking.reasons import DeclineReason
from app.docking.rules import Stage
from app.docking.working_time import Step
from app.kernel.money import MOST_FEN, Yuan

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# PostgreSQL cannot store NUL; the other control characters have no business in a sentence.
SENTENCES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

EntryCode = Annotated[
    str,
    Path(
        max_length=60,
        pattern=r"^[0-9A-Za-z-]{1,60}$",
        description="名单条目 code, as the whitelist shows it.",
        examples=["2023H2-91230199127041784E"],
    ),
]
InstitutionCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,40}$")]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=SENTENCES, strip_whitespace=True)]


def _not_ancient(value: datetime) -> datetime:
    if value < EARLIEST:
        msg = "earlier than the year 2000"
        raise ValueError(msg)
    return value.astimezone(UTC)


class EventIn(BaseModel):
    """An event to log; which fields belong to it depends on its kind.

    `credit_approved` needs amount, rate, term_months and is_credit_loan; `disbursed` an amount; the guarantor's
    `guarantee_offered` and `guarantee_granted` an amount and a fee_rate; `declined` a reason from the closed list
    and evidence; `paused` a pause_reason and evidence; `rated` (the enterprise) a score; `resolved` (the
    coordinator) a note; `corrected` the sequence of the event that it voids, and evidence; `accepted`,
    `contacted`, `visited` and `resumed` nothing. `reminded` and `escalated` come from the clock alone.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "contacted", "occurred_at": "2023-11-14T09:30:00+08:00", "note": "上门走访"},
                {
                    "kind": "declined",
                    "reason": "no_collateral",
                    "evidence": "厂房为租赁，设备已抵押，无其他可抵押资产（尽调报告第3页）",
                },
            ]
        },
    )

    kind: EventKind = Field(
        description="What happened: 接单、对接、走访、担保报价、承保、授信、放款、婉拒、暂停、恢复、评价、处理、更正."
    )
    institution: InstitutionCode | None = Field(
        default=None, description="Institution that logs it (机构); left out: the responsible one 责任银行."
    )
    occurred_at: Annotated[AwareDatetime, AfterValidator(_not_ancient)] | None = Field(
        default=None, description="When it happened, with its offset; left out: now."
    )
    amount: Annotated[Yuan, Field(gt=0, le=MOST_FEN)] | None = Field(
        default=None, description="Approved or paid out (授信或放款金额), yuan."
    )
    rate: Rate | None = Field(default=None, description="Annual rate approved (年利率), percent.")
    term_months: int | None = Field(
        default=None, ge=1, le=600, strict=True, description="Term (期限), months."
    )
    is_credit_loan: bool | None = Field(
        default=None, strict=True, description="Whether on credit alone (信用贷款)."
    )
    exceeds_need: bool = Field(
        default=False, strict=True, description="States that the approvals are meant to exceed the need."
    )
    reason: DeclineReason | None = Field(default=None, description="Why it is declined (婉拒原因).")
    evidence: Text | None = Field(default=None, description="What proves the reason (佐证).")
    note: Text | None = Field(default=None, description="Anything else worth keeping (备注).")
    fee_rate: FeeRate | None = Field(
        default=None, description="Guarantee fee (担保费率), percent of the guaranteed amount a year."
    )
    pause_reason: PauseReason | None = Field(
        default=None, description="What the enterprise owes while time stands still (暂停原因)."
    )
    score: int | None = Field(
        default=None, ge=1, le=5, strict=True, description="The enterprise's rating (评价), 1 to 5."
    )
    corrects: int | None = Field(
        default=None,
        ge=1,
        le=2**31 - 1,
        strict=True,
        description="Sequence of the event that it voids (更正).",
    )


class EventOut(BaseModel):
    """A logged event."""

    sequence: int = Field(description="Number of the event on its entry, from 1, in order of logging.")
    kind: EventKind = Field(description="What happened.")
    kind_label: str = Field(description="The kind in Chinese.", examples=["已对接"])
    institution: str | None = Field(
        description="Party on whose behalf it was logged (机构); null: it concerns the entry as a whole."
    )
    logged_by: str | None = Field(description="Institution in the party's line that logged it, if another.")
    occurred_at: datetime = Field(description="When it happened (发生时间).")
    recorded_at: datetime = Field(description="When it was logged (登记时间).")
    actor: str = Field(description="Who logged it; `simulation` for simulated events.")
    amount: Yuan | None = Field(description="Approved or paid out (授信或放款金额), yuan.")
    rate: Rate | None = Field(description="Annual rate (年利率), percent.")
    term_months: int | None = Field(description="Term (期限), months.")
    is_credit_loan: bool | None = Field(description="Whether on credit alone (信用贷款).")
    exceeds_need: bool = Field(description="Whether the approvals are meant to exceed the need.")
    reason: DeclineReason | None = Field(description="Why it was declined (婉拒原因).")
    reason_label: str | None = Field(description="The reason in Chinese.")
    evidence: str | None = Field(description="What proves the reason (佐证).")
    note: str | None = Field(description="Anything else worth keeping (备注).")
    fee_rate: FeeRate | None = Field(description="Guarantee fee (担保费率), percent a year.")
    pause_reason: PauseReason | None = Field(description="What the enterprise owes (暂停原因).")
    score: int | None = Field(description="The enterprise's rating (评价), 1 to 5.")
    level: Level | None = Field(description="Up to whom a late step was raised (升级层级).")
    step: Step | None = Field(description="The step of which the clock reminded, or that was raised.")
    corrects: int | None = Field(description="Sequence of the event that it voids (更正).")
    corrected_by: int | None = Field(
        description="Sequence of the correction that voids this event: it counts nowhere."
    )
    is_simulated: bool = Field(description="True for events of the simulator (模拟数据).")


class LifeEventOut(BaseModel):
    """One thing that befell an entry, from its admission on."""

    at: datetime = Field(description="When it happened.")
    kind: str = Field(description="What happened: a docking event's kind, or admitted, assigned, rerouted….")
    label: str = Field(description="The kind in Chinese.", examples=["已改派"])
    who: str | None = Field(description="Who did it or got the entry: an institution, body or person.")
    text: str | None = Field(description="A few words: a reason, a class, what is to be settled.")
    sequence: int | None = Field(description="Number of the docking event; null: a fact of another kind.")
    is_voided: bool = Field(description="A correction voids it.")


class PauseReasonOut(BaseModel):
    """One reason for which an institution's time may stand still."""

    reason: PauseReason = Field(description="Word to send.")
    label: str = Field(description="In Chinese.")


class PartyOut(BaseModel):
    """A party of an entry: the responsible or a supporting institution, and what it has done."""

    institution: str = Field(description="Code (机构).")
    is_responsible: bool = Field(description="Responsible (责任银行), else supporting.")
    since: datetime = Field(description="Since when it is a party of the entry.")
    until: datetime | None = Field(description="Until when; null: still.")
    stage: Stage = Field(description="How far it has come.")
    stage_label: str = Field(description="The stage in Chinese.")
    approved: Yuan = Field(description="Approved so far (累计授信), yuan.")
    disbursed: Yuan = Field(description="Paid out so far (累计放款), yuan.")
    offered: Yuan = Field(description="Guarantee offered last (担保报价), yuan.")
    fee_rate: FeeRate | None = Field(description="Fee of that offer (担保费率), percent a year; null: none.")
    guaranteed: Yuan = Field(description="Guaranteed so far (累计承保), yuan.")
    fee_cap: FeeCapOut | None = Field(
        description="What a guarantor's guarantee of the amount asked for may cost here and now; null: no text in "
        "force caps it, or the party is no guarantor in office."
    )
    reason: DeclineReason | None = Field(description="Why it declined, while the decline stands.")
    is_paused: bool = Field(description="Its time stands still (暂停).")
    score: int | None = Field(description="The enterprise's rating of it (评价), 1 to 5.")
    possible: list[EventKind] = Field(description="Kinds that it may log now; empty when out of office.")


class ClockOut(BaseModel):
    """Whose turn an entry is, for what, and by when (对接时限)."""

    entry: str = Field(description="Code of the entry (名单条目).", examples=["2023H2-91230199127041784E"])
    turn: Turn = Field(description="Who has to act: 机构、统筹部门、责任部门.")
    turn_label: str = Field(description="Who has to act, in Chinese.", examples=["机构"])
    owner: str = Field(description="Name of who has to act (责任主体).", examples=["工商银行哈尔滨香坊支行"])
    institution: str | None = Field(
        description="Code of the party in whose hands the entry is (责任机构), also while others have the turn."
    )
    step: Step = Field(description="Step that is due: 落实、接单、首次联系、答复、放款、协调、更新.")
    step_label: str = Field(description="The step in Chinese.", examples=["首次联系"])
    runs_since: datetime = Field(description="Instant from which the days run: the step before.")
    working_days: int = Field(description="Chinese working days that it may take (工作日), pauses aside.")
    due_on: date | None = Field(
        description="Last day in Asia/Shanghai; null where the working days until then are not published."
    )
    days_left: int | None = Field(
        description="Working days left; 0: today, negative: overdue; null as above."
    )
    is_overdue: bool = Field(description="The day has passed (逾期).")
    paused_since: datetime | None = Field(
        description="Since when the time stands still (暂停); null: it runs. `due_on` then allows for the longest pause."
    )
    pause_reason: PauseReason | None = Field(description="What the enterprise owes meanwhile.")
    level: Level | None = Field(description="Up to whom the step was raised (升级层级); null: to nobody.")
    level_label: str | None = Field(description="The level in Chinese.", examples=["县级统筹部门"])
    citation: str = Field(description="Clause that sets the days.", examples=["经办方设定5"])


@dataclass(frozen=True, slots=True)
class ClockFilter:
    """Which clocks to list; None is any. A lineage stands for an institution and all below it, a region likewise."""

    lineage: str | None = None
    is_overdue: bool = False
    turn: Turn | None = None
    step: Step | None = None
    level: Level | None = None
    chain: str | None = None
    region: str | None = None


class LateOut(BaseModel):
    """What is late of one kind: with whom, in which region, for which step (逾期)."""

    institution: str | None = Field(
        description="Code of the party in whose hands the entries are; null: nobody."
    )
    institution_name: str | None = Field(description="Its name.")
    turn: Turn = Field(description="Who has to act.")
    region: str = Field(description="Region code of the entries.")
    step: Step = Field(description="Step that is late.")
    entries: int = Field(description="How many entries.")
    earliest_due_on: date = Field(description="The day on which the longest late one was due.")
    days_late: int | None = Field(description="Working days since then; null where they are not published.")


class PaceOut(BaseModel):
    """How fast an institution takes its steps: working days from the step before, and what it has not taken."""

    institution: str = Field(description="Code (机构).")
    name: str = Field(description="Name.")
    step: Step = Field(description="Step: 接单、首次联系、答复.")
    taken: int = Field(description="Entries on which the step was taken.")
    p50: int | None = Field(description="Half took at most so many working days; null: none was taken.")
    p90: int | None = Field(description="Nine in ten took at most so many working days.")
    open: int = Field(description="Entries on which it is due now.")
    late: int = Field(description="Entries on which it is overdue now.")


class DockingOut(BaseModel):
    """Where an entry stands, folded from its events."""

    entry: str = Field(description="Code of the entry (名单条目).")
    stage: Stage = Field(
        description="How far it has come with those who have it now, or had approved credit (对接状态): to the next "
        "institution it is `waiting`. Where no institution has it any more, the furthest of all that had it."
    )
    stage_label: str = Field(description="The stage in Chinese.")
    responsible: str | None = Field(
        description="Code of the responsible institution; null: `owner` is a public body, or nobody yet."
    )
    owner: str | None = Field(
        description="Name of who is responsible (责任主体); null: not allocated yet.",
        examples=["哈尔滨市统筹部门"],
    )
    clock: ClockOut | None = Field(
        description="Whose turn it is, for what and by when (对接时限); null: withdrawn, not admitted, or not shown."
    )
    needed: Yuan = Field(description="Amount asked for (融资金额), yuan.")
    approved: Yuan = Field(description="Approved by all parties together (累计授信), yuan.")
    disbursed: Yuan = Field(description="Paid out by all parties together (累计放款), yuan.")
    last_sequence: int = Field(description="Number of the newest event; 0: none.")
    parties: list[PartyOut] = Field(description="Parties of the entry, first to last.")


class ReasonOut(BaseModel):
    """One reason of the closed list."""

    reason: DeclineReason = Field(description="Word to send.")
    label: str = Field(description="In Chinese.")
    establishes: dict[str, Any] = Field(description="Facts of the need that it establishes.")
    clause: str = Field(description="Clause that speaks of it; may be empty.")


class SimulationOut(BaseModel):
    """What a simulated run logged."""

    edition: str = Field(description="Code of the edition.")
    seed: int = Field(description="Seed of the simulation.")
    until: datetime = Field(description="Instant up to which was simulated.")
    events: dict[str, int] = Field(description="Simulated events logged, by kind.")
    entries: int = Field(description="Entries that they concern.")
