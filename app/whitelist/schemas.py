"""Models in and out of editions, entries, imports, reviews and differences."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.enterprises.need_facts import PRINTABLE, NeedFacts
from app.enterprises.schemas import NEED_CODE_PATTERN, WITHHELD
from app.kernel.money import Yuan
from app.kernel.problems import FaultOut
from app.whitelist.rules import (
    EDITION_PATTERN,
    Change,
    Decision,
    DuplicateDecision,
    EntryStatus,
    ReviewKind,
)

ENTRY_CODE_PATTERN = r"^20[0-9]{2}H[12]-[0-9A-HJ-NPQRTUWXY]{18}(-P[1-9][0-9]{0,8})?$"
EditionCode = Annotated[
    str,
    StringConstraints(pattern=EDITION_PATTERN),
    Field(description="名单版次, a half-year.", examples=["2023H2"]),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=PRINTABLE),
    Field(description="Why; kept with the decision.", examples=["企业已补充统计部门认定文件"]),
]
ReviewState = Literal["open", "decided"]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to list; None is any. A region stands for itself and all below it.

    `status` may also be `withdrawn`; `text` is part of a firm's name, or what its credit code begins with.
    """

    edition: str | None = None
    region: str | None = None
    chain: str | None = None
    status: str | None = None
    source_class: str | None = None
    text: str | None = None


class EditionIn(BaseModel):
    """An edition to open."""

    model_config = ConfigDict(extra="forbid")

    code: EditionCode


class EditionOut(BaseModel):
    """A half-year's roster 名单版次 of the jurisdiction."""

    code: str = Field(description="Half-year.", examples=["2023H2"])
    jurisdiction: str = Field(description="Region code of the government.", examples=["230000"])
    in_force_from: date = Field(description="First day in force.")
    in_force_until: date = Field(description="Last day in force.")
    version: int = Field(description="Number of its version.")
    entries: dict[str, int] = Field(
        description="Entries by status; withdrawn ones apart.", examples=[{"admitted": 3000, "review": 40}]
    )
    created_at: datetime = Field(description="When it was opened.")


class EntryIn(BaseModel):
    """A stored need to list on an edition."""

    model_config = ConfigDict(extra="forbid")

    edition: EditionCode
    need: Annotated[str, StringConstraints(pattern=NEED_CODE_PATTERN)] = Field(
        description="融资需求编码.", examples=["91230199MA1BQXYE20"]
    )


class EntrySummary(BaseModel):
    """One entry 名单条目 of a list."""

    code: str = Field(description="名单条目编码.", examples=["2023H2-91230199MA1BQXYE20"])
    edition: str = Field(description="名单版次.", examples=["2023H2"])
    need: str = Field(description="融资需求编码.")
    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    source_class: str = Field(description="名单类别.", examples=["srdi"])
    region: str = Field(description="行政区划代码.", examples=["230110"])
    chain: str | None = Field(description="产业链.")
    size_class: str | None = Field(description="企业规模; null is unknown.", examples=["small"])
    amount: Yuan = Field(description="融资金额, in yuan.")
    status: EntryStatus = Field(description="admitted 准入, review 待复核, refused 不予准入.")
    admitted_at: datetime | None = Field(description="When it was admitted.")
    withdrawn_at: datetime | None = Field(description="When it was withdrawn 退出; null while it is listed.")
    version: int = Field(description="Number of its version; also its ETag.")


class ReviewOut(BaseModel):
    """Something on the roster that a person must decide 待复核事项."""

    id: int = Field(description="Number of the item.")
    kind: ReviewKind = Field(description="admission_unknown 准入条件未知, duplicate_name 疑似同一企业.")
    edition: str = Field(description="名单版次.")
    entry: str = Field(description="名单条目编码.")
    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    detail: dict[str, Any] = Field(description="What to ask, or the candidates with their scores in 0..1.")
    decisions: list[str] = Field(description="What may be decided.", examples=[["admit", "refuse"]])
    decision: str | None = Field(description="What was decided; null while it is open.")
    reason: str | None = Field(description="Why it was decided so.")
    decided_by: str | None = Field(description="Who decided.")
    decided_at: datetime | None = Field(description="When it was decided.")
    version: int = Field(description="Number of its version; also its ETag.")


class EarlyDecision(BaseModel):
    """A decision on a possible duplicate that comes with the roster which asks about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry: Annotated[str, StringConstraints(pattern=ENTRY_CODE_PATTERN)] = Field(
        description="名单条目编码 of the row asked about.", examples=["2023H2-91230199MA1BQXYE20"]
    )
    decision: DuplicateDecision = Field(
        description="same_firm 是同一企业 (refuses the entry as a duplicate), different_firm 是两家企业.",
        examples=["different_firm"],
    )
    reason: Reason
    seen: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] = Field(
        description="`seen` of the question in the preview: a decision on anything else is refused.",
        examples=["0123456789abcdef"],
    )


class WithdrawalOut(BaseModel):
    """One time for which an entry was off the roster 退出与恢复."""

    withdrawn_at: datetime = Field(description="When it was withdrawn.")
    withdrawn_by: str = Field(description="Who withdrew it.")
    reason: str = Field(description="Why.")
    reopened_at: datetime | None = Field(description="When it came back; null while it is withdrawn.")
    reopened_by: str | None = Field(description="Who brought it back.")
    reopen_reason: str | None = Field(description="Why it came back.")


class EntryOut(EntrySummary):
    """One entry with the findings that decided on it."""

    need_revision: int = Field(description="Id of the wording that it was listed with.")
    facts: NeedFacts = Field(description="The facts of that wording; a withheld fact is null.")
    withheld: list[str] = WITHHELD
    admission: dict[str, Any] = Field(
        description="Rule, citation, findings, and what to ask; nothing that rests on withheld facts."
    )
    extra: dict[str, str] = Field(
        description="Cells of roster columns that the template does not know; institutions are not shown them."
    )
    withdrawn_by: str | None = Field(description="Who withdrew it.")
    withdrawal_reason: str | None = Field(description="Why it was withdrawn.")
    reviews: list[ReviewOut] = Field(description="What was or is to be decided about it.")
    withdrawals: list[WithdrawalOut] = Field(
        description="Each time that it was withdrawn, with when and why it came back 退出与恢复记录."
    )


class EntryWithdrawalIn(BaseModel):
    """Why an entry leaves the roster."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ReopeningIn(BaseModel):
    """Why a withdrawn entry comes back to the roster."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class RestatementIn(BaseModel):
    """What a coordinator found an entry's need to say, all of it, and why it is corrected."""

    model_config = ConfigDict(extra="forbid")

    facts: NeedFacts = Field(description="All facts as they are now; null is unknown.")
    need_revision: int = Field(
        ge=1,
        strict=True,
        description="Revision of the need (`GET needs/{code}`) that they were corrected from; another one is refused.",
        examples=[1],
    )
    reason: Reason


class RestatementLook(BaseModel):
    """Where the rules would leave an entry by other facts; nothing is stored."""

    status: EntryStatus = Field(description="admitted 准入, review 待复核, refused 不予准入.")
    admission: dict[str, Any] = Field(description="Rule, citation, findings, and what to ask.")


class ReviewDecisionIn(BaseModel):
    """What a person decides on a review item."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(
        description="admit or refuse an admission; same_firm (refuses the entry as a duplicate) or different_firm.",
        examples=["admit"],
    )
    reason: Reason


class ImportCounts(BaseModel):
    """What came, or would come, of a workbook."""

    rows: int = Field(default=0, description="Rows with content.")
    faulty: int = Field(default=0, description="Rows with at least one fault.")
    faults: int = Field(default=0, description="Faults in all.")
    new: int = Field(default=0, description="Entries that the edition did not have.")
    kept: int = Field(default=0, description="Entries stated as they were.")
    changed: int = Field(default=0, description="Entries with a new wording or new cells of unknown columns.")
    withdrawn: int = Field(default=0, description="Rows whose entry was withdrawn; they stay so.")
    admitted: int = Field(default=0, description="Of the new and changed: admitted by the rules.")
    review: int = Field(default=0, description="Of the new and changed: waiting for a person.")
    refused: int = Field(default=0, description="Of the new and changed: refused by the rules.")
    duplicates: int = Field(default=0, description="Entries whose firm may be another one by its name.")
    decided: int = Field(default=0, description="Possible duplicates that were decided with the import.")
    enterprises: int = Field(default=0, description="Firms that were not registered.")
    renamed: int = Field(default=0, description="Registered firms that are stated with another name.")


class LookedAt(BaseModel):
    """An entry that a roster does not simply list as admitted, or as it was."""

    row: int = Field(description="Row of the sheet, from 1.", examples=[17])
    entry: str = Field(description="名单条目编码.", examples=["2023H2-91230199MA1BQXYE20"])
    name: str = Field(description="企业名称.")
    change: Literal["new", "changed", "withdrawn"] = Field(description="What it is to the edition.")
    status: EntryStatus | None = Field(
        description="Where the rules leave it; null if it stays withdrawn.", examples=["review"]
    )
    why: list[str] = Field(
        description="What is unknown, what the rules refuse, whom it may be, in Chinese.",
        examples=[["须询问：资质"]],
    )


class CandidateOut(BaseModel):
    """A firm that a row of a roster may be the same as."""

    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    score: float = Field(ge=0, le=1, description="Likeness of the names, 0..1.", examples=[0.93])
    place: str = Field(
        description="`registered`, or the sheet and row where a roster names it.", examples=["名单!17"]
    )
    why: list[str] = Field(
        description="What makes the names alike, and what tells them apart, in Chinese.",
        examples=[["字号和行业用词相同：“砺剑精密机床制造”"]],
    )
    facts: NeedFacts | None = Field(
        description="What this roster says of it; null if it does not name it: read enterprises/{uscc} then."
    )


class QuestionOut(BaseModel):
    """A possible duplicate that a roster would ask about; it may be decided with the import (`decisions`)."""

    row: int = Field(description="Row of the sheet, from 1.", examples=[17])
    entry: str = Field(description="名单条目编码.", examples=["2023H2-91230199MA1BQXYE20"])
    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    facts: NeedFacts = Field(description="What the row says.")
    candidates: list[CandidateOut] = Field(description="Whom it may be, the likeliest first.")
    seen: str = Field(
        description="What a decision on it names: it changes with the row and with the candidates.",
        examples=["0123456789abcdef"],
    )


class UndoneOut(BaseModel):
    """That an import was undone, and by whom."""

    entries: int = Field(description="Entries that left the roster with it.")
    undone_by: str = Field(description="Who undid it.")
    undone_at: datetime = Field(description="When it was undone.")
    reason: str = Field(description="Why.")


class UndoIn(BaseModel):
    """Why an import is undone."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ImportOut(BaseModel):
    """A workbook that was taken, or a preview of one."""

    id: int | None = Field(description="Number of the import; null if nothing was written.")
    edition: str = Field(description="名单版次.")
    file_name: str = Field(description="Name of the file as sent.")
    file_sha256: str = Field(description="SHA-256 of the file.")
    sheet: str = Field(description="Sheet that was read.")
    is_dry_run: bool = Field(description="Whether this is only a preview.")
    is_unchanged: bool = Field(description="Whether the edition already says all of it.")
    counts: ImportCounts = Field(description="Rows and entries by outcome.")
    unknown_columns: list[str] = Field(
        description="Headings that the template does not know; kept in `extra`."
    )
    notes: list[str] = Field(description="What was changed in reading (old region codes) and renamed firms.")
    faults: list[FaultOut] = Field(description="Faults of the rows that were not taken, 1,000 at most.")
    entries: list[LookedAt] = Field(
        description="Entries that are changed, waiting, refused or withdrawn, by row; 1,000 at most."
    )
    questions: list[QuestionOut] = Field(
        default=[], description="Of a preview: possible duplicates to decide on, by row; 500 at most."
    )
    imported_by: str = Field(description="Who sent it.")
    created_at: datetime = Field(description="When it was taken.")
    undone: UndoneOut | None = Field(
        default=None, description="Whether it was undone 撤销导入; null: it stands."
    )


class FactChange(BaseModel):
    """One fact that differs; null is unknown."""

    fact: str = Field(description="Name of the fact.", examples=["amount"])
    chinese: str = Field(description="Its Chinese name.", examples=["融资金额"])
    before: Any = Field(description="In the older edition.")
    after: Any = Field(description="In the newer edition.")


class EditionDifferenceOut(BaseModel):
    """How one need stands in two editions."""

    need: str = Field(description="融资需求编码.")
    name: str = Field(description="企业名称.")
    change: Change = Field(description="kept, new, removed or changed.")
    before: str | None = Field(description="Entry in the older edition.")
    after: str | None = Field(description="Entry in the newer edition.")
    facts: list[FactChange] = Field(description="Facts that changed; empty unless the change is `changed`.")


class EditionDiff(BaseModel):
    """How two editions differ: counts of all, and a page of the needs."""

    before: str = Field(description="The older edition.")
    after: str = Field(description="The newer edition.")
    counts: dict[str, int] = Field(
        description="Needs by change.", examples=[{"kept": 2900, "new": 60, "removed": 30, "changed": 40}]
    )
    items: list[EditionDifferenceOut] = Field(description="Needs by code.")
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")
