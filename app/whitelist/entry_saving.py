"""Drafts of entries → rows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.enterprises.need_facts import NeedFacts
from app.enterprises.statements import Taken
from app.whitelist.entry_planning import EntryDraft
from app.whitelist.rules import NO_RULE, SUPERSEDED


def new_entry_row(
    draft: EntryDraft,
    facts: NeedFacts,
    taken: Taken,
    *,
    edition_id: int,
    import_id: int | None,
    extra: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Answer the row of a new entry."""
    own = {"code": draft.code, "edition_id": edition_id, "import_id": import_id, "version": 1}
    place = {"need_id": taken.need_id, "enterprise_id": taken.enterprise_id, "created_at": now}
    return own | place | _judged(draft, facts, taken, extra, now)


def changed_entry_row(
    draft: EntryDraft,
    facts: NeedFacts,
    taken: Taken,
    *,
    import_id: int | None,
    extra: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Answer the changed columns of a stored entry, with its `row_id`; it is on the roster from then on."""
    assert draft.stored is not None
    own = {"row_id": draft.stored.id, "import_id": import_id, "version": draft.stored.version + 1}
    own |= {"withdrawn_at": None, "withdrawn_by": None, "withdrawal_reason": None}
    return own | _judged(draft, facts, taken, extra or draft.stored.extra, now)


def annotated_entry_row(draft: EntryDraft, extra: Mapping[str, str]) -> dict[str, Any]:
    """Answer the columns that new cells of unknown columns change."""
    assert draft.stored is not None
    return {"row_id": draft.stored.id, "version": draft.stored.version + 1, "extra": dict(extra)}


def _judged(
    draft: EntryDraft, facts: NeedFacts, taken: Taken, extra: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    assert draft.admission is not None
    since = draft.stored.admitted_at if draft.stored is not None else None
    return {
        "need_revision_id": taken.need_revision_id,
        "source_class": facts.source_class,
        "region_code": facts.region,
        "chain_code": facts.chain,
        "size_class": draft.size_class,
        "amount_fen": facts.amount,
        "status": draft.status,
        "admission": draft.admission.as_json(),
        "extra": dict(extra),
        "admitted_at": (since or now) if draft.status == "admitted" else None,
    }


def item_rows(draft: EntryDraft, entry_id: int, now: datetime) -> Iterable[dict[str, Any]]:
    """Yield the review items that a draft opens."""
    own = {"entry_id": entry_id, "version": 1, "created_at": now}
    open_ = {"decision": None, "reason": None, "decided_by": None, "decided_at": None}
    if draft.asks_admission and draft.admission is not None:
        found = draft.admission.as_json()
        detail = {"ask": found["ask"], "rule": found["name"], "citation": found["citation"]}
        if draft.admission.rule is None:
            detail["problem"] = NO_RULE
        yield own | open_ | {"kind": "admission_unknown", "detail": detail}
    if draft.namesakes:
        detail = {"candidates": [one.as_json() for one in draft.namesakes]}
        yield own | open_ | {"kind": "duplicate_name", "detail": detail}


def superseded_rows(drafts: Sequence[EntryDraft], name: str, now: datetime) -> list[dict[str, Any]]:
    """Answer the closing of open items whose statement was replaced."""
    return [
        {
            "row_id": item.id,
            "decision": SUPERSEDED,
            "reason": "名单已更新，按新内容重新判定",
            "decided_by": name,
            "decided_at": now,
            "version": item.version + 1,
        }
        for draft in drafts
        for item in draft.superseded
    ]
