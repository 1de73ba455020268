"""Coverage in and out: every ratio with its numerator and denominator."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from app.coverage.rules import Cut
from app.coverage.targets import TargetState
from app.kernel.money import fen_from_yuan, yuan_text

MONTH_PATTERN = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[
    str,
    Path(
        max_length=7,
        pattern=MONTH_PATTERN,
        description="Month in Asia/Shanghai (月份).",
        examples=["2023-11"],
    ),
]
EditionCode = Annotated[
    str | None,
    Query(
        max_length=6,
        pattern=r"^20[0-9]{2}H[12]$",
        description="Edition of the roster (名单版次); left out: the one in force at the end of the month.",
        examples=["2023H2"],
    ),
]
CutQuery = Annotated[Cut | None, Query(description="What the rows are grouped by; left out: no rows.")]


SumYuan = Annotated[
    int,
    BeforeValidator(lambda value: fen_from_yuan(value) if isinstance(value, str) else value),
    PlainSerializer(yuan_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d{2}$", "examples": ["5000000.00"]}),
]
"""Integer fen that JSON sees as a decimal yuan string; a sum of many amounts has no bound."""


class Ratio(BaseModel):
    """A share of entries."""

    numerator: int = Field(description="Entries that have it.")
    denominator: int = Field(description="Entries out of which they are counted.")
    percent: str | None = Field(description="Rounded half up to two places; null when out of none.")


class AmountRatio(BaseModel):
    """A share of an amount."""

    numerator: SumYuan = Field(description="Part of the amount, yuan.")
    denominator: SumYuan = Field(description="The amount, yuan.")
    percent: str | None = Field(description="Rounded half up to two places; null when out of nothing.")


class WeightedRate(BaseModel):
    """Average annual rate, weighted by approved amounts (加权平均利率)."""

    numerator: str = Field(description="Σ amount × rate, yuan × percent, exact.")
    denominator: str = Field(description="Σ amount, yuan.")
    percent: str | None = Field(description="Annual percent, rounded half up to four places.")


class Days(BaseModel):
    """Calendar days in Asia/Shanghai from the assignment; percentiles by nearest rank."""

    count: int = Field(description="Entries that have reached it.")
    p50: int | None = Field(description="Half took at most so many days.")
    p90: int | None = Field(description="Nine in ten took at most so many days.")


class FiguresOut(BaseModel):
    """Figures of a group of entries at the end of the month (docs/decisions/0003)."""

    entries: int = Field(description="Entries on the roster (名单数).")
    coverage: Ratio = Field(description="Docking coverage (对接覆盖率): contacted out of entries.")
    assigned: Ratio = Field(description="Has a responsible institution (已落实责任银行).")
    contacted: Ratio = Field(description="The responsible institution made contact (已对接).")
    answered: Ratio = Field(
        description="Credit approved or declined with a reason, after the contact (已答复)."
    )
    credited: Ratio = Field(description="Credit above zero approved, after the contact (已授信).")
    disbursed: Ratio = Field(description="Money paid out, after the approval (已放款).")
    needed_amount: SumYuan = Field(description="Asked for (融资需求), yuan.")
    credited_amount: SumYuan = Field(description="Approved (授信金额), yuan.")
    disbursed_amount: SumYuan = Field(description="Paid out (放款金额), yuan.")
    rate: WeightedRate = Field(description="Weighted average annual rate of approved credit (加权平均利率).")
    first_loan: Ratio = Field(description="First-loan firms among the credited entries (首贷户占比).")
    first_loan_unknown: int = Field(description="Credited entries of which it is not known.")
    credit_loan: AmountRatio = Field(description="Approved on credit alone (信用贷款占比).")
    medium_long_term: AmountRatio = Field(description="Approved for over twelve months (中长期占比).")
    days_to_contact: Days = Field(description="From the assignment to the contact (对接用时).")
    days_to_answer: Days = Field(description="From the assignment to the answer (答复用时).")
    uncounted: int = Field(
        description="Entries with an answer or payment that lacks the step which it presupposes (未计入)."
    )
    simulated: int = Field(description="Entries with simulated events (模拟数据).")


class GroupOut(BaseModel):
    """One row of a cut."""

    key: str = Field(description="Code; empty for entries that belong to none.")
    name: str = Field(description="Name in Chinese.")
    level: str = Field(description="Level in its tree; empty where there is none.")
    parent: str | None = Field(description="Code of what it lies in.")
    figures: FiguresOut = Field(description="Figures of the row; of a closed month those that were closed.")
    restated: FiguresOut | None = Field(
        default=None, description="By today's facts, where they differ from the closed figures (重述)."
    )


class ClosedOut(BaseModel):
    """Under what a month was closed."""

    month: str = Field(description="The month.")
    edition: str = Field(description="Edition of the roster.")
    closed_at: datetime = Field(description="When it was closed.")
    closed_by: str = Field(description="Who closed it.")
    facts_sha256: str = Field(description="SHA-256 of the month's facts as canonical JSON.")


class TargetOut(BaseModel):
    """A target of a policy beside what there is (目标对照)."""

    key: str = Field(description="Parameter of the policy.", examples=["whitelist.min_entries"])
    name: str = Field(description="Name in Chinese.")
    value: str = Field(description="What the text asks for, with its unit.")
    actual: str = Field(description="What there is; of a closed month by its closed figures.")
    state: TargetState = Field(
        description="Met, not yet met, or missed: its last day has come and it is not met."
    )
    measured_on: date = Field(description="Day as of which it is measured: the last of the month, or today.")
    due_on: date | None = Field(description="Last day on which it can be met; null: the text names none.")
    citation: str = Field(description="Clause that sets it.", examples=["黑银发〔2023〕25号（十三）"])
    note: str = Field(description="What is said of the text's own wording; may be empty.")


class FunnelStepOut(BaseModel):
    """One level of the funnel (漏斗) from the roster to the payment."""

    level: str = Field(description="entries, assigned, contacted, answered, credited or disbursed.")
    count: int = Field(description="Entries that reached it.")
    of_first: Ratio = Field(description="Out of the entries on the roster.")
    of_previous: Ratio = Field(description="Out of those that reached the level before.")
    dropped: int = Field(description="Entries of the level before that did not reach it.")
    amount: SumYuan | None = Field(
        description="Asked for (entries), approved (credited) or paid out (disbursed), yuan; null elsewhere."
    )


class CoverageOut(BaseModel):
    """Coverage of a month."""

    jurisdiction: str = Field(description="Region code of the government.")
    month: str = Field(description="The month, in Asia/Shanghai.")
    edition: str = Field(description="Edition of the roster (名单版次).")
    until: datetime = Field(description="First instant after the month: facts before it count.")
    closed: ClosedOut | None = Field(description="Set once the month is closed; its figures never change.")
    total: FiguresOut = Field(description="All entries; of a closed month as it was closed.")
    restated: FiguresOut | None = Field(
        description="By today's facts, where they differ from the closed total (重述)."
    )
    targets: list[TargetOut] = Field(description="Targets of the policies in force beside the figures.")
    funnel: list[FunnelStepOut] = Field(description="The levels one after the other, by the same figures.")
    by: Cut | None = Field(description="What the rows are grouped by.")
    is_partial: bool = Field(
        description="Rows of institutions that are not the viewer's are left out; the ranking tells of all of them."
    )
    rows: list[GroupOut] = Field(description="Groups in the order of their tree.")


class VerificationOut(BaseModel):
    """A closed month recomputed from its own facts, and from today's."""

    closed: ClosedOut = Field(description="Under what it was closed.")
    is_intact: bool = Field(
        description="The facts have the hash, and give the figures, under which it was closed."
    )
    found_sha256: str | None = Field(description="Hash of the facts as stored; null if they cannot be read.")
    faults: list[str] = Field(description="What is wrong with the closed month; empty when intact.")
    is_restated: bool = Field(description="Today's facts of the month differ from the closed ones.")
    entries_added: list[str] = Field(description="Entries only in today's facts.")
    entries_removed: list[str] = Field(description="Entries only in the closed facts.")
    entries_changed: list[str] = Field(description="Entries whose facts differ.")
    today_sha256: str = Field(description="Hash of today's facts of the month.")
    total: FiguresOut = Field(description="The closed figures.")
    today: FiguresOut = Field(description="The figures by today's facts.")


class FiguresRowOut(BaseModel):
    """One row of a cut in a file of figures."""

    key: str = Field(description="Code; empty for entries that belong to none.")
    name: str = Field(description="Name in Chinese.")
    level: str = Field(description="Level in its tree; empty where there is none.")
    parent: str | None = Field(description="Code of what it lies in.")
    figures: FiguresOut = Field(description="Figures of the row.")


class FiguresFileOut(BaseModel):
    """All figures of a month by every cut: what the stand-alone verifier compares with the facts."""

    format: Literal["rongqiao-coverage-figures/1"] = Field(
        default="rongqiao-coverage-figures/1", description="Form of this file."
    )
    jurisdiction: str = Field(description="Region code of the government.")
    month: str = Field(description="The month, in Asia/Shanghai.")
    edition: str = Field(description="Edition of the roster (名单版次).")
    closed: ClosedOut | None = Field(description="Set once the month is closed; its figures never change.")
    facts_sha256: str = Field(description="SHA-256 of the facts that give these figures.")
    total: FiguresOut = Field(description="All entries.")
    cuts: dict[Cut, list[FiguresRowOut]] = Field(description="Rows by what they are grouped by.")
