"""What can be logged on an entry, in which words, by which key, and with what a form begins. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.desks.forms import Form
from app.desks.texts import Text
from app.docking.kinds import KIND_LABELS, EventKind
from app.docking.rates import percent_text
from app.docking.schemas import DockingOut, EventOut, PartyOut
from app.docking.working_time import Step
from app.kernel.money import wan_text
from app.kernel.shanghai import shanghai_date

CORRECTABLE: Final = frozenset(EventKind) - {
    EventKind.CORRECTED,
    EventKind.REMINDED,
    EventKind.ESCALATED,
    EventKind.RESOLVED,
    EventKind.RATED,
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something to log: its words, the key that opens its form, and what it is for."""

    kind: EventKind
    name: Text
    key: str
    about: Text


ACTS: Final[Mapping[EventKind, Act]] = {
    act.kind: act
    for act in (
        Act(
            EventKind.ACCEPTED,
            Text("接单"),
            "a",
            Text("表示已收到并开始办理，不是授信承诺。"),
        ),
        Act(
            EventKind.CONTACTED,
            Text("登记对接"),
            "c",
            Text("与企业电话、线上或当面谈过融资需求后登记。"),
        ),
        Act(EventKind.VISITED, Text("登记走访"), "v", Text("到企业现场走访后登记。")),
        Act(EventKind.GUARANTEE_OFFERED, Text("登记担保报价"), "o", Text("报价不超过需求金额和费率上限。")),
        Act(EventKind.GUARANTEE_GRANTED, Text("登记承保"), "g", Text("承保金额和费率不超过最近一次报价。")),
        Act(EventKind.CREDIT_APPROVED, Text("登记授信"), "p", Text("审批通过后按批复登记。")),
        Act(EventKind.DISBURSED, Text("登记放款"), "d", Text("每放一笔登记一笔。")),
        Act(
            EventKind.PAUSED,
            Text("暂停办理期限"),
            "s",
            Text("等企业提供材料、评估或登记时暂停；期限最多顺延到经办方设定的天数。"),
        ),
        Act(EventKind.RESUMED, Text("恢复办理期限"), "r", Text("企业已提供所缺事项，继续计时。")),
        Act(
            EventKind.DECLINED,
            Text("婉拒"),
            "n",
            Text("原因取自固定清单，须写明依据。企业会立即收到答复，条目转给下一责任方。"),
        ),
    )
}
"""In the order in which forms stand on the page."""
_OWED: Final[Mapping[Step, Sequence[EventKind]]] = {
    Step.ACCEPT: (EventKind.ACCEPTED,),
    Step.CONTACT: (EventKind.CONTACTED,),
    Step.ANSWER: (EventKind.GUARANTEE_GRANTED, EventKind.GUARANTEE_OFFERED, EventKind.CREDIT_APPROVED),
    Step.DISBURSE: (EventKind.DISBURSED,),
}
ACTORS: Final[Mapping[str, Text]] = {"clock": Text("系统"), "simulation": Text("演示")}
"""Who logs without being a person."""


def acts_of(party: PartyOut | None) -> Sequence[Act]:
    """Answer what a party may log now."""
    return [act for kind, act in ACTS.items() if party is not None and kind in party.possible]


def main_act(acts: Sequence[Act], step: Step | None) -> Act | None:
    """Answer what the step that is due asks for, of what may be logged."""
    by_kind = {act.kind: act for act in acts}
    wanted = (EventKind.RESUMED, *_OWED.get(step, ())) if step is not None else ()
    return next((by_kind[kind] for kind in wanted if kind in by_kind), None)


def own_party(state: DockingOut) -> PartyOut | None:
    """Answer the party of an entry for which the viewer acts: in office, the responsible one first."""
    in_office = [party for party in state.parties if party.until is None]
    return min(in_office, key=lambda party: not party.is_responsible, default=None)


def beginnings(party: PartyOut | None, state: DockingOut, term_months: int, today: date) -> Form:
    """Answer all forms as they begin: today, what is still needed, approved, or offered."""
    values = {f"{kind.value}-on": today.isoformat() for kind in ACTS}
    left = state.needed - state.approved
    values |= {
        "credit_approved-amount": _wan(left),
        "credit_approved-term": str(term_months),
        "guarantee_offered-amount": _wan(state.needed),
    }
    if party is not None:
        values["disbursed-amount"] = _wan(party.approved - party.disbursed)
        values["guarantee_granted-amount"] = _wan(party.offered - party.guaranteed)
        if party.fee_rate is not None:
            values["guarantee_granted-fee"] = percent_text(party.fee_rate)
    return Form(values)


def _wan(fen: int) -> str:
    return wan_text(fen).replace(",", "") if fen > 0 else ""


def to_correct(events: Sequence[EventOut], institution: str | None) -> Sequence[tuple[str, Text]]:
    """Answer the events of a party that a correction may void, the newest first, as a select offers them."""
    return [
        (
            str(event.sequence),
            Text(
                "%(day)s %(kind)s",
                day=shanghai_date(event.occurred_at).isoformat(),
                kind=Text(KIND_LABELS[event.kind]),
            ),
        )
        for event in reversed(events)
        if event.kind in CORRECTABLE and event.corrected_by is None and event.institution == institution
    ]
