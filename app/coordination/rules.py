"""Coordination cases 协调事项: kinds, who has to answer and by when, what may be done now, what an answer establishes.

黑银发〔2023〕25号 (十五) has the development and reform side's coordination mechanism settle land,
environmental and construction permits and public guarantees, and the coordinators settle whatever difficulties
docking meets; (十六) and (十七) have the local financial regulator pass requests on to guarantors.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.institutions.kinds import InstitutionKind
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.kernel.shanghai import shanghai_date
from app.policy.facts import FactValue, Members
from app.reference.errors import CalendarUnknownError
from app.reference.working_days import WorkingCalendar

DEFAULT_DAYS: Final = 15
"""Working days for an answer where the operator's deadlines do not name `resolve`."""
CODE_PATTERN: Final = r"^XT-[0-9]{6,15}$"
MISSING: Final = "missing_elements"
GUARANTEE: Final = "guarantee_available"


class CaseKind(StrEnum):
    """What has to be settled; the first four are the elements of (十五), by the names that facts have for them."""

    LAND = "land"
    ENVIRONMENT = "environment"
    CONSTRUCTION = "construction"
    PUBLIC_GUARANTEE = "public_guarantee"
    GUARANTEE = "guarantee"
    FACTS = "facts"
    POLICY_GAP = "policy_gap"
    OTHER = "other"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    RESOLVED = "resolved"
    REFUSED = "refused"


class CaseAct(StrEnum):
    """What can be done with a case."""

    COMMENT = "comment"
    RESOLVE = "resolve"
    REFUSE = "refuse"


STATE_LABELS: Final[Mapping[CaseState, str]] = {
    CaseState.OPEN: "协调中",
    CaseState.RESOLVED: "已解决",
    CaseState.REFUSED: "不予解决",
}
_AFTER: Final[Mapping[tuple[CaseState, CaseAct], CaseState]] = {
    (CaseState.OPEN, CaseAct.COMMENT): CaseState.OPEN,
    (CaseState.OPEN, CaseAct.RESOLVE): CaseState.RESOLVED,
    (CaseState.OPEN, CaseAct.REFUSE): CaseState.REFUSED,
    (CaseState.RESOLVED, CaseAct.COMMENT): CaseState.RESOLVED,
    (CaseState.REFUSED, CaseAct.COMMENT): CaseState.REFUSED,
}


def possible(state: CaseState) -> tuple[CaseAct, ...]:
    """Answer what can be done with a case now. It is closed once; what comes up later is another case."""
    return tuple(act for act in CaseAct if (state, act) in _AFTER)


def after(state: CaseState, act: CaseAct) -> CaseState:
    """Answer where a case stands after something possible was done.

    Raises:
        KeyError: it is not possible (`possible` tells).
    """
    return _AFTER[state, act]


@dataclass(frozen=True, slots=True)
class KindMeaning:
    """A kind in words, its clause, and the kind of public body that answers (None: the region's coordinator).

    `otherwise` names the body where none is stored.
    """

    chinese: str
    clause: str
    answerer: InstitutionKind | None = None
    otherwise: str = ""


_MECHANISM: Final = (InstitutionKind.COORDINATOR_BODY, "推进有效投资重要项目协调机制（发改部门）")
_FIFTEEN: Final = "黑银发〔2023〕25号 (十五)"

CASE_LABELS: Final[Mapping[CaseKind, str]] = {
    CaseKind.LAND: "土地要素保障",
    CaseKind.ENVIRONMENT: "环评办理",
    CaseKind.CONSTRUCTION: "施工许可办理",
    CaseKind.PUBLIC_GUARANTEE: "政府性担保支持",
    CaseKind.GUARANTEE: "融资担保对接",
    CaseKind.FACTS: "情况核实",
    CaseKind.POLICY_GAP: "政策空缺研究",
    CaseKind.OTHER: "其他协调事项",
}
KINDS: Final[Mapping[CaseKind, KindMeaning]] = {
    CaseKind.LAND: KindMeaning(CASE_LABELS[CaseKind.LAND], _FIFTEEN, *_MECHANISM),
    CaseKind.ENVIRONMENT: KindMeaning(CASE_LABELS[CaseKind.ENVIRONMENT], _FIFTEEN, *_MECHANISM),
    CaseKind.CONSTRUCTION: KindMeaning(CASE_LABELS[CaseKind.CONSTRUCTION], _FIFTEEN, *_MECHANISM),
    CaseKind.PUBLIC_GUARANTEE: KindMeaning(CASE_LABELS[CaseKind.PUBLIC_GUARANTEE], _FIFTEEN, *_MECHANISM),
    CaseKind.GUARANTEE: KindMeaning(
        CASE_LABELS[CaseKind.GUARANTEE],
        "黑银发〔2023〕25号 (十六)、(十七)",
        InstitutionKind.REGULATOR,
        "地方金融监管局",
    ),
    CaseKind.FACTS: KindMeaning(CASE_LABELS[CaseKind.FACTS], _FIFTEEN),
    CaseKind.POLICY_GAP: KindMeaning(CASE_LABELS[CaseKind.POLICY_GAP], _FIFTEEN),
    CaseKind.OTHER: KindMeaning(CASE_LABELS[CaseKind.OTHER], _FIFTEEN),
}
ELEMENTS: Final = frozenset(
    {CaseKind.LAND, CaseKind.ENVIRONMENT, CaseKind.CONSTRUCTION, CaseKind.PUBLIC_GUARANTEE}
)
GUARANTEES: Final = frozenset({CaseKind.PUBLIC_GUARANTEE, CaseKind.GUARANTEE})
COORDINATORS_OWN: Final = frozenset({CaseKind.FACTS, CaseKind.POLICY_GAP})
"""Kinds that institutions do not raise: that one is open tells where a bottleneck's classification led."""


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who has to answer: a stored public body, or by name alone."""

    institution_id: int | None
    name: str


def responsible(kind: CaseKind, region: str, tree: InstitutionTree, coordinator: str) -> Responsible:
    """Answer who has to answer for a region: the nearest public body (county, city, province), else by name.

    `coordinator` names the region's coordinator 统筹部门.
    """
    meaning = KINDS[kind]
    if meaning.answerer is None:
        return Responsible(None, coordinator)
    nearest = next(iter(tree.bodies_serving(meaning.answerer, region)), None)
    return Responsible(None, meaning.otherwise) if nearest is None else named(nearest)


def named(body: InstitutionNode) -> Responsible:
    """Answer a stored institution as the one that has to answer."""
    return Responsible(body.id, body.name)


def may_answer(kind: CaseKind, body: InstitutionNode) -> bool:
    """Say whether an institution can be the one that answers: a public body, of guarantees a guarantor too."""
    return body.kind.is_body or (kind in GUARANTEES and body.kind is InstitutionKind.GUARANTOR)


def days_to_resolve(deadlines: object) -> int:
    """Answer the working days for an answer from the value of `docking.deadlines`."""
    found = deadlines.get("resolve") if isinstance(deadlines, Mapping) else None
    return found if isinstance(found, int) else DEFAULT_DAYS


def due_on(calendar: WorkingCalendar, raised_at: datetime, days: int) -> date | None:
    """Answer the last day for an answer; None where nobody has published or loaded the working days until then."""
    try:
        return calendar.add_working_days(shanghai_date(raised_at), days)
    except CalendarUnknownError:
        return None


def is_overdue(state: CaseState, due: date | None, today: date) -> bool:
    """Say whether an open case's day has passed."""
    return state is CaseState.OPEN and due is not None and due < today


def case_code(number: int) -> str:
    """Answer the code by which people know a case."""
    return f"XT-{number:06d}"


def case_number(code: str) -> int | None:
    """Answer the number behind a code; None if it is not written as `case_code` writes it."""
    number = int(code[3:]) if re.fullmatch(CODE_PATTERN, code, re.ASCII) else 0
    return number if case_code(number) == code and number else None


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to raise by itself, as a room above finds that it is needed; without a body the rules name it."""

    entry_id: int
    kind: CaseKind
    question: str
    raised_by: str
    raised_for: int | None = None


@dataclass(frozen=True, slots=True)
class CaseSpan:
    """From when to when a case of an entry was open, and who had to answer; `closed_at` is None while it is."""

    kind: CaseKind
    body: str
    raised_at: datetime
    closed_at: datetime | None
    due_on: date | None
    state: CaseState
    code: str
    working_days: int


@dataclass(frozen=True, slots=True)
class Wording:
    """Which elements a need states to be missing from an instant on; one that states nothing of them names none."""

    since: datetime
    missing: frozenset[str]


def settled_kinds(cases: Iterable[CaseSpan], wordings: Sequence[Wording]) -> frozenset[CaseKind]:
    """Answer the kinds whose latest case was resolved; cases and wordings come in the order of time.

    A later case of the same kind, open or refused, says that what was settled is missing again; so does the
    present wording of the need if it names an element that the wording of that time did not.
    """
    latest = {case.kind: case for case in cases}
    return frozenset(
        kind
        for kind, case in latest.items()
        if case.state is CaseState.RESOLVED and not _is_named_since(case, wordings)
    )


def _is_named_since(case: CaseSpan, wordings: Sequence[Wording]) -> bool:
    assert case.closed_at is not None
    if not wordings or case.kind.value not in wordings[-1].missing:
        return False
    then = [wording for wording in wordings if wording.since <= case.closed_at]
    return bool(then) and case.kind.value not in then[-1].missing


def facts_established(settled: Iterable[CaseKind], known_missing: Iterable[str]) -> dict[str, FactValue]:
    """Answer what resolutions establish about a need of which elements are known to be missing.

    The remaining elements are a complete set: it replaces what was stated or established before
    (bottlenecks/rules.with_established), and the body that settled one of them knows of the others.
    """
    kinds = frozenset(settled)
    facts: dict[str, FactValue] = {}
    if elements := kinds & ELEMENTS:
        facts[MISSING] = Members(frozenset(known_missing) - {kind.value for kind in elements})
    if kinds & GUARANTEES:
        facts[GUARANTEE] = True
    return facts
