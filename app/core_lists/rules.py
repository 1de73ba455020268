"""Lists of a core firm 核心企业名单: their words, states, and what may be done to them. Pure.

黑银发〔2023〕25号（八）, 洛阳（征求意见稿）（四）: a core firm may, of its own will, name its suppliers and dealers, so that
banks finance them in batches. It is never told how a single one of them decided.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from app.kernel.errors import Fault

MOST_ROWS: Final = 5_000
"""So many firms one list may name; a longer one is sent by province or by year."""
CITATION: Final = "黑银发〔2023〕25号（八）"
LIST_CITATION: Final = "洛阳（征求意见稿）（四）"
MOST_REASON: Final = 500


class Relation(StrEnum):
    """What a listed firm is to the core firm."""

    SUPPLIER = "supplier"
    DEALER = "dealer"
    BOTH = "both"


RELATION_NAMES: Final = {
    Relation.SUPPLIER: "供应商",
    Relation.DEALER: "经销商",
    Relation.BOTH: "供应商兼经销商",
}
STATED_RELATIONS: Final = {Relation.SUPPLIER: "供应商", Relation.DEALER: "经销商"}
"""What a row of a workbook may say; both are two rows."""
ROLE_ON_CHAIN: Final = {
    Relation.SUPPLIER: "upstream",
    Relation.DEALER: "downstream",
    Relation.BOTH: "upstream",
}
"""The role on the core firm's chain: a supplier stands upstream 上游, a dealer downstream 下游."""


class ListState(StrEnum):
    """Where a core firm's list stands."""

    DRAFT = "draft"
    WAITING = "waiting"
    ACTIVE = "active"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


LIST_STATE_NAMES: Final = {
    ListState.DRAFT: "待确认提交",
    ListState.WAITING: "待统筹部门受理",
    ListState.ACTIVE: "已受理",
    ListState.REFUSED: "未受理",
    ListState.WITHDRAWN: "已撤回",
}


class VersionState(StrEnum):
    """Where one version of a list stands."""

    DRAFT = "draft"
    CURRENT = "current"
    REPLACED = "replaced"
    DISCARDED = "discarded"


VERSION_STATE_NAMES: Final = {
    VersionState.DRAFT: "待确认",
    VersionState.CURRENT: "现行",
    VersionState.REPLACED: "已替换",
    VersionState.DISCARDED: "已放弃",
}


class Outcome(StrEnum):
    """Which known enterprise a row means, and how that was found."""

    CODE = "code"
    NAME = "name"
    CHOSEN = "chosen"
    REVIEW = "review"
    UNKNOWN = "unknown"
    NOBODY = "nobody"


OUTCOME_NAMES: Final = {
    Outcome.CODE: "按信用代码确认",
    Outcome.NAME: "按名称确认",
    Outcome.CHOSEN: "人工选定",
    Outcome.REVIEW: "待核对",
    Outcome.UNKNOWN: "未登记",
    Outcome.NOBODY: "人工判为未登记",
}
RESOLVED: Final = frozenset({Outcome.CODE, Outcome.NAME, Outcome.CHOSEN})
OPEN: Final = frozenset({Outcome.REVIEW, Outcome.UNKNOWN})
"""Still a question: to whom it may be, or whether the firm will register."""


class Choice(StrEnum):
    """What a coordinator decides of a row."""

    FIRM = "firm"
    NOBODY = "nobody"


class Answer(StrEnum):
    """What a listed firm has answered."""

    ASKED = "asked"
    CONSENTED = "consented"
    REFUSED = "refused"


ANSWER_NAMES: Final = {Answer.ASKED: "待答复", Answer.CONSENTED: "已同意", Answer.REFUSED: "不同意"}


class ListAct(StrEnum):
    """What can be done to a list."""

    REPLACE = "replace"
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    MATCH = "match"


_ACTS: Final[Mapping[ListState, tuple[ListAct, ...]]] = {
    ListState.DRAFT: (ListAct.REPLACE,),
    ListState.WAITING: (ListAct.REPLACE, ListAct.ACCEPT, ListAct.REFUSE, ListAct.WITHDRAW),
    ListState.ACTIVE: (ListAct.REPLACE, ListAct.WITHDRAW, ListAct.MATCH),
    ListState.REFUSED: (ListAct.REPLACE,),
    ListState.WITHDRAWN: (ListAct.REPLACE,),
}


def possible(state: ListState) -> tuple[ListAct, ...]:
    """Answer what can be done to a list in a state."""
    return _ACTS[state]


def after_confirming(state: ListState, *, is_coordinator: bool) -> ListState:
    """Answer where a list stands once a version of it is confirmed.

    What an accepted list's firm sends anew needs no second acceptance; what a coordinator enters has it already.
    """
    if is_coordinator or state is ListState.ACTIVE:
        return ListState.ACTIVE
    return ListState.WAITING


def is_counted(answer: Answer, until: date | None, today: date, *, has_left: bool) -> bool:
    """Tell whether a listed firm's consent holds on a day; `until` is the last one."""
    return answer is Answer.CONSENTED and not has_left and until is not None and today <= until


def latest_until(today: date) -> date:
    """Answer the last day until which a listed firm's consent may hold: one year."""
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return date(today.year + 1, 2, 28)


def answer_faults(answer: Answer, until: date | None, today: date) -> list[Fault]:
    """Answer every fault of a listed firm's answer."""
    if answer is Answer.ASKED:
        return [Fault("answer", "is no answer", "consented or refused.", answer.value)]
    if answer is Answer.REFUSED:
        return []
    if until is None:
        return [Fault("until", "missing", "Say until which day the consent holds, a year ahead at most.")]
    if not today <= until <= latest_until(today):
        remedy = f"A day from {today.isoformat()} to {latest_until(today).isoformat()}."
        return [Fault("until", "is past, or more than a year ahead", remedy, until.isoformat())]
    return []


def behalf_faults(evidence: str | None, *, is_own: bool) -> list[Fault]:
    """Answer the fault of a list that a coordinator enters without the core firm's consent in writing."""
    if is_own or evidence:
        return []
    remedy = "Name the core firm's consent in writing: its number, date, and where it is kept."
    return [Fault("evidence", "missing, and you are not the core firm", remedy)]
