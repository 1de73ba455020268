"""A policy document as values: its clauses, dated parameters and rules, each citing its clause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from app.policy.criteria import Condition


class PackStatus(StrEnum):
    """Whether the issuers put the document in force; a draft applies only where it is adopted."""

    IN_FORCE = "in_force"
    DRAFT = "draft"
    EXPIRED = "expired"


class RuleKind(StrEnum):
    """What a rule decides when its condition passes."""

    ADMISSION = "admission"  # 名单准入: the need belongs on the whitelist, as this source class
    BOTTLENECK = "bottleneck"  # 堵点: this class of obstacle is established
    DERIVED = "derived"  # 推定: a fact that was not stated is true (fails: false)
    CHAIN = "chain"  # 产业链: an item of a chain's plan is for this need
    SUBSIDY = "subsidy"  # 补贴: a fee cap or a payment is for this need
    SUPPORT = "support"  # 支持: a product or facility that the text names is for this need


Source = Literal["document", "operator"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One clause of one pack, and how people write it: 黑银发〔2023〕25号（十六）."""

    pack: str
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class FeeTier:
    """At most `percent` a year up to an amount (fen, inclusive); None: any amount above."""

    up_to_fen: int | None
    percent: Decimal


@dataclass(frozen=True, slots=True)
class LoadTier:
    """The next `share_percent` of a capacity cost `price` a place."""

    share_percent: int
    price: int


ParameterValue = (
    int | Decimal | str | bool | date | tuple[str, ...] | tuple[FeeTier, ...] | tuple[LoadTier, ...]
    | Mapping[str, int]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value from `since` on, until the next one of the same parameter."""

    since: date
    value: ParameterValue


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed value that changes by date; `type` is a key of `parameter_types.TYPES`."""

    key: str
    name: str
    type: str
    unit: str
    values: tuple[DatedValue, ...]
    citation: Citation
    note: str = ""

    def on(self, day: date) -> DatedValue | None:
        """Answer the value of a day, or None before the first."""
        return next((dated for dated in reversed(self.values) if dated.since <= day), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over a need's facts and what follows when it passes (`data`).

    `is_regional` adds that the need lies in the area for which the rule applies.
    """

    key: str
    kind: RuleKind
    name: str
    condition: Condition
    data: Mapping[str, str]
    citation: Citation
    is_regional: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One numbered provision: who carries it, and what of the software does (or why nothing).

    `lead` are the 牵头单位 where the text tells them from the 责任单位 (`responsible`). `carried_by` holds
    `parameter:KEY`, `rule:KEY` and `feature:KEY`; `reason` says what software leaves to people.
    """

    number: str
    heading: str
    summary: str
    lead: tuple[str, ...] = ()
    responsible: tuple[str, ...] = ()
    carried_by: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """One policy document as data.

    `code` is its file's name; `effective_until` is exclusive; only a draft may lack `effective_on`.
    `title` is as printed, `name` what people call it, `notes` say what is kept as printed and what is open.
    """

    code: str
    name: str
    title: str
    number: str
    cite_as: str
    issuers: tuple[str, ...]
    jurisdiction: str
    status: PackStatus
    source: Source
    issued_on: date | None
    effective_on: date | None
    effective_until: date | None
    source_file: str
    source_sha256: str
    notes: tuple[str, ...]
    clauses: tuple[Clause, ...]
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]

    def is_in_force(self, on: date) -> bool:
        """Say whether the issuers have it in force on a day; a draft never is."""
        if self.status is PackStatus.DRAFT or self.effective_on is None:
            return False
        return self.effective_on <= on and (self.effective_until is None or on < self.effective_until)

    @property
    def items(self) -> tuple[Parameter | Rule, ...]:
        """Answer its rules and parameters."""
        return (*self.rules, *self.parameters)

    def item(self, key: str) -> Parameter | Rule | None:
        """Answer the parameter or rule of a key, or None."""
        return next((item for item in self.items if item.key == key), None)


@dataclass(frozen=True, slots=True)
class PolicyLibrary:
    """All packs, by code; `sha256` is that of the files read."""

    packs: tuple[Pack, ...]
    sha256: str

    def pack(self, code: str) -> Pack | None:
        """Answer the pack of a code, or None."""
        return next((pack for pack in self.packs if pack.code == code), None)
