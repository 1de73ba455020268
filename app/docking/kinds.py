"""What can happen to an entry in docking: the kinds of event, which fields belong to each, who logs them (pure)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EventKind(StrEnum):
    """What can happen to an entry."""

    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    VISITED = "visited"
    GUARANTEE_OFFERED = "guarantee_offered"
    GUARANTEE_GRANTED = "guarantee_granted"
    CREDIT_APPROVED = "credit_approved"
    DISBURSED = "disbursed"
    DECLINED = "declined"
    PAUSED = "paused"
    RESUMED = "resumed"
    RATED = "rated"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    CORRECTED = "corrected"


KIND_LABELS: Final[Mapping[EventKind, str]] = {
    EventKind.ACCEPTED: "已接单",
    EventKind.CONTACTED: "已对接",
    EventKind.VISITED: "已走访",
    EventKind.GUARANTEE_OFFERED: "担保报价",
    EventKind.GUARANTEE_GRANTED: "已承保",
    EventKind.CREDIT_APPROVED: "已授信",
    EventKind.DISBURSED: "已放款",
    EventKind.DECLINED: "已婉拒",
    EventKind.PAUSED: "暂停计时",
    EventKind.RESUMED: "恢复计时",
    EventKind.RATED: "企业评价",
    EventKind.REMINDED: "到期提醒",
    EventKind.ESCALATED: "逾期升级",
    EventKind.RESOLVED: "升级已处理",
    EventKind.CORRECTED: "更正",
}

BY_THE_CLOCK: Final = frozenset({EventKind.REMINDED, EventKind.ESCALATED})
"""Logged by the service itself when time makes them due; nobody sends them."""
BY_COORDINATOR: Final = frozenset({EventKind.RESOLVED})
BY_ENTERPRISE: Final = frozenset({EventKind.RATED})
OF_THE_ENTRY: Final = BY_THE_CLOCK | BY_COORDINATOR
"""They concern whose turn the entry is, an institution or not; they need no party."""
MAY_FOLLOW_LATER: Final = frozenset(
    {EventKind.CREDIT_APPROVED, EventKind.DISBURSED, EventKind.RATED, EventKind.CORRECTED}
)
"""Logged for a party that may be out of office by then."""
NOT_TO_CORRECT: Final = BY_THE_CLOCK | {EventKind.CORRECTED}
"""A correction stands, and that the clock rang is a fact of the clock."""


class Level(StrEnum):
    """Up to whom a late step was raised, the nearest first."""

    MANAGER = "manager"
    BANK_ADMINISTRATOR = "bank_administrator"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"


LEVEL_LABELS: Final[Mapping[Level, str]] = {
    Level.MANAGER: "客户经理",
    Level.BANK_ADMINISTRATOR: "机构管理员",
    Level.COUNTY: "县级统筹部门",
    Level.CITY: "市级统筹部门",
    Level.PROVINCE: "省级统筹部门",
}
LEVELS: Final = tuple(Level)


class Trade(StrEnum):
    """What an institution does for enterprises."""

    LENDS = "lends"
    GUARANTEES = "guarantees"
    COORDINATES = "coordinates"


LOANS: Final = frozenset({EventKind.CREDIT_APPROVED, EventKind.DISBURSED})
GUARANTEES: Final = frozenset({EventKind.GUARANTEE_OFFERED, EventKind.GUARANTEE_GRANTED})
FOREIGN: Final[Mapping[Trade, frozenset[EventKind]]] = {
    Trade.LENDS: GUARANTEES,
    Trade.GUARANTEES: LOANS,
    Trade.COORDINATES: LOANS | GUARANTEES,
}
"""What is not an institution's to log, by its trade."""


class PauseReason(StrEnum):
    """What the enterprise owes while an institution's time stands still."""

    MATERIALS = "materials"
    VALUATION = "valuation"
    REGISTRATION = "registration"
    DECISION = "decision"
    TAX_OR_AUDIT = "tax_or_audit"


PAUSE_LABELS: Final[Mapping[PauseReason, str]] = {
    PauseReason.MATERIALS: "待企业补充材料",
    PauseReason.VALUATION: "待抵质押物评估",
    PauseReason.REGISTRATION: "待抵质押登记",
    PauseReason.DECISION: "待企业内部决议或签约",
    PauseReason.TAX_OR_AUDIT: "待企业提供纳税或审计资料",
}

_MONEY = frozenset({"amount"})
_TERMS = frozenset({"rate", "term_months", "is_credit_loan"})
_DECLINE = frozenset({"reason", "evidence"})
_FEE = frozenset({"amount", "fee_rate"})
_NOTHING = frozenset[str]()
REQUIRED: Final[Mapping[EventKind, frozenset[str]]] = {
    EventKind.ACCEPTED: _NOTHING,
    EventKind.CONTACTED: _NOTHING,
    EventKind.VISITED: _NOTHING,
    EventKind.GUARANTEE_OFFERED: _FEE,
    EventKind.GUARANTEE_GRANTED: _FEE,
    EventKind.CREDIT_APPROVED: _MONEY | _TERMS,
    EventKind.DISBURSED: _MONEY,
    EventKind.DECLINED: _DECLINE,
    EventKind.PAUSED: frozenset({"pause_reason", "evidence"}),
    EventKind.RESUMED: _NOTHING,
    EventKind.RATED: frozenset({"score"}),
    EventKind.REMINDED: _NOTHING,
    EventKind.ESCALATED: _NOTHING,
    EventKind.RESOLVED: frozenset({"note"}),
    EventKind.CORRECTED: frozenset({"corrects", "evidence"}),
}
ALLOWED: Final[Mapping[EventKind, frozenset[str]]] = {
    **{kind: needed | {"note"} for kind, needed in REQUIRED.items()},
    EventKind.CREDIT_APPROVED: _MONEY | _TERMS | {"exceeds_need", "note"},
    EventKind.DISBURSED: _MONEY | _TERMS | {"note"},
}
