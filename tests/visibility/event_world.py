"""A docking event in the world of leaks: a conference with every firm as a guest, and two banks to meet."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from app.events.tables import EventGuest, EventMeeting, HostedEvent, KeptResult
from app.kernel.database import AsyncSession

THEN: Final = datetime(2024, 3, 1, 2, tzinfo=UTC)
RESULT: Final[dict[str, Any]] = {
    "is_complete": True, "rule": "?", "credited_amount": "0.00", "disbursed_amount": "0.00",
    "disbursed_on_earlier_credit": "0.00", "attributed": [],
    **dict.fromkeys(("invited", "attended", "met", "contacted", "credited", "disbursed"), 0),
}  # fmt: skip
OF_A_BRANCH: Final = "91231002MAY7425479"
"""A firm that a branch far from the event answers for, and sees: it has accepted to meet that bank."""
STATES: Final = ("proposed", "invited", "accepted", "declined")


async def add_event(
    session: AsyncSession,
    rows: Mapping[str, list[dict[str, Any]]],
    ids: Iterator[int],
    accepting: frozenset[str],
) -> None:
    """Hold it: firms are guests in each state in turn (some firms accept), and each meets a bank; one bank was not told."""
    codes = {row["code"]: row["id"] for row in rows["institutions"]}
    event = next(ids)
    session.add(
        HostedEvent(
            id=event, jurisdiction="230000", year_id=None, rhythm="yearly", subject_code="230000", subject_name="大会",
            chain_code=None, theme="", place_code="230100", place_name="哈尔滨市", venue="", people=[], period=date(2024, 1, 1),
            day=date(2024, 2, 20), reasons=[], clause="", state="invited", opens=540, closes=720, slot_minutes=20,
            change_minutes=0, breaks=[], most_a_firm=3, timetable=None, made_by="?", version=1, created_at=THEN,
        )
    )  # fmt: skip
    await session.flush()
    common = {"event_id": event, "name": "?", "reason": "?", "note": "?", "absent": [], "version": 1}
    banks = {code: next(ids) for code in ("JHYH", "SJYH", "AYYH")}
    for code, number in banks.items():
        session.add(
            EventGuest(
                id=number, enterprise_id=None, institution_id=codes[code], region_code="230100", chain_code=None, entry_ids=[],
                tables=2, state="proposed" if code == "AYYH" else "accepted", **common,
            )
        )  # fmt: skip
    firms = {row["enterprise_id"]: row for row in rows["whitelist_entries"]}
    uscc = {row["id"]: row["uscc"] for row in rows["enterprises"]}
    for place, (firm, entry) in enumerate(firms.items()):
        guest, bank = next(ids), ("JHYH", "SJYH", "JHYH", "AYYH")[place // 4 % 4]
        state = "accepted" if uscc[firm] in accepting else STATES[place % 4]
        if uscc[firm] == OF_A_BRANCH:
            bank, state = "JHYH", "accepted"
        session.add(
            EventGuest(
                id=guest, enterprise_id=firm, institution_id=None, region_code=entry["region_code"],
                chain_code=entry["chain_code"], entry_ids=[entry["id"]], tables=0, state=state, **common,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            EventMeeting(
                id=next(ids), event_id=event, firm_guest_id=guest, bank_guest_id=banks[bank], institution_id=codes[bank],
                fit=500_000, is_responsible=False, reason="?", slot=place % 9, place=1, met_at=None, note="?", outcome=[],
            )
        )  # fmt: skip
    for days in (30, 90):
        content = RESULT | {"days": days}
        kept = KeptResult(
            id=next(ids), event_id=event, days=days, content=content, sha256="0" * 64, kept_at=THEN
        )
        session.add(kept)
    await session.flush()
