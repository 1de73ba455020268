"""The same request sent twice at once under one key has one effect, and both are answered the same."""

from typing import Any

import pytest
from sqlalchemy import func, select

from app.coordination.tables import CoordinationCase
from app.docking.tables import DockingEvent
from app.enterprises.tables import Consent
from app.kernel.tables import IdempotencyRecord
from tests.concurrency.meeting import at_the_first_write
from tests.concurrency.town import Held, Town


def requests(entry: Held) -> dict[str, tuple[str, Any, Any]]:
    consent = {
        "purpose": "financing_docking",
        "groups": ["contact"],
        "until": "2024-01-31",
        "evidence": "纸质授权书",
    }
    return {
        "event": (f"{entry.path}/docking-events", {"kind": "accepted"}, DockingEvent),
        "case": (
            "/coordination/cases",
            {"entry": entry.code, "kind": "land", "question": "请协调"},
            CoordinationCase,
        ),
        "consent": (f"/needs/{entry.need}/consents", consent, Consent),
    }


@pytest.mark.parametrize("what", ["event", "case", "consent"])
async def test_a_key_sent_twice_at_once_has_one_effect_and_one_answer(town: Town, what: str) -> None:
    path, body, stored = requests(await town.entry())[what]
    count = select(func.count()).select_from(stored)
    [(before,)] = await town.rows(count)
    key = {"Idempotency-Key": f"twice-{what}"}
    with at_the_first_write(town, 3):
        answers = await town.together(
            *(town.ask("whole", "POST", path, json=body, headers=key) for _ in range(3))
        )
    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1
    assert sorted(one.headers.get("idempotency-replayed", "") for one in answers) == ["", "true", "true"]
    assert await town.rows(count) == [(before + 1,)]
    kept = select(func.count()).where(IdempotencyRecord.key == f"twice-{what}")
    assert await town.rows(kept) == [(1,)]
