"""What an enterprise is told when something is logged on its entry, besides declines, which are answered (pure)."""

from collections.abc import Callable, Mapping
from typing import Final

from app.accounts.rules import Role
from app.docking.dossiers import EntryDossier
from app.docking.guarantees import fee_amount_fen
from app.docking.kinds import KIND_LABELS, PAUSE_LABELS, EventKind
from app.docking.rates import percent_text
from app.docking.rules import Event
from app.kernel.money import wan_text, yuan_text
from app.kernel.shanghai import day_text, shanghai_date
from app.notifications.rules import NewNotice, NoticeKind

Sentence = Callable[[Event, EntryDossier], str]


def _guarantee(event: Event, _dossier: EntryDossier) -> str:
    fee = event.fee_bp or 0
    cost = f"年担保费率{percent_text(fee)}%，每年担保费{yuan_text(fee_amount_fen(event.amount_fen, fee))}元"
    did = "作出担保报价" if event.kind is EventKind.GUARANTEE_OFFERED else "同意担保"
    return f"{did}：担保金额{wan_text(event.amount_fen)}万元，{cost}"


def _approved(event: Event, _dossier: EntryDossier) -> str:
    terms = f"期限{event.term_months}个月，年利率{percent_text(event.rate_bp or 0)}%"
    return f"批准授信{wan_text(event.amount_fen)}万元，{terms}"


def _disbursed(event: Event, _dossier: EntryDossier) -> str:
    return f"放款{wan_text(event.amount_fen)}万元"


def _paused(event: Event, _dossier: EntryDossier) -> str:
    assert event.pause_reason is not None, "a pause has a reason"
    return f"暂停计时：{PAUSE_LABELS[event.pause_reason]}；办妥后请告知该机构恢复计时"


def _resumed(_event: Event, _dossier: EntryDossier) -> str:
    return "恢复计时"


def _corrected(event: Event, dossier: EntryDossier) -> str:
    wrong = next(one for one in dossier.events if one.sequence == event.corrects)
    day = day_text(shanghai_date(wrong.occurred_at))
    return f"更正对接记录：{day}登记的“{KIND_LABELS[wrong.kind]}”不作数"


TOLD: Final[Mapping[EventKind, tuple[NoticeKind, Sentence]]] = {
    EventKind.GUARANTEE_OFFERED: (NoticeKind.GUARANTEE, _guarantee),
    EventKind.GUARANTEE_GRANTED: (NoticeKind.GUARANTEE, _guarantee),
    EventKind.CREDIT_APPROVED: (NoticeKind.PROGRESSED, _approved),
    EventKind.DISBURSED: (NoticeKind.PROGRESSED, _disbursed),
    EventKind.PAUSED: (NoticeKind.PAUSED, _paused),
    EventKind.RESUMED: (NoticeKind.RESUMED, _resumed),
    EventKind.CORRECTED: (NoticeKind.CORRECTED, _corrected),
}
"""Kinds of event of which an enterprise hears: what it gets, what it owes, and what was wrong."""


def notice_to_enterprise(dossier: EntryDossier, event: Event, institution: str) -> NewNotice | None:
    """Answer the notice of a logged event to the entry's enterprise; None where it is not told of such.

    `institution` is the name of the party that it is about.
    """
    if event.kind not in TOLD:
        return None
    kind, sentence = TOLD[event.kind]
    when = day_text(shanghai_date(event.occurred_at))
    return NewNotice(
        event_key=f"docking:{dossier.id}:{event.sequence}",
        kind=kind,
        body=f"您的融资需求（{dossier.code}）：{institution}于{when}{sentence(event, dossier)}。",
        entry_id=dossier.id,
        link=f"/entries/{dossier.code}",
        audience=((Role.ENTERPRISE, dossier.uscc),),
        is_urgent=kind is NoticeKind.PAUSED,
    )
