"""Rounds of two-sided selection for the world: one whose lists are sealed, one that is locked; and who may read a list."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np

from app.accounts.rules import Role, Viewer
from app.kernel.database import AsyncSession
from app.selection.archive import packed, rules_as_json
from app.selection.measures import Measures
from app.selection.preferences import PreferenceRules
from app.selection.tables import (
    SelectionDraft,
    SelectionMeasurement,
    SelectionParticipant,
    SelectionRound,
    SelectionSubmission,
)

SEALED, LOCKED = "2024Q1", "2023Q4"
CHAINS: Final = ("HLJ-GDZB", "HLJ-SWYY")
BANKS: Final = ("JHYH", "SJYH-HRB")
THEN: Final = datetime(2024, 3, 1, 2, tzinfo=UTC)


async def add_rounds(session: AsyncSession, ids: Iterator[int], day: date) -> None:
    """Store the rounds; everybody has handed a list in, and writes another one in the round that is open."""
    for code, state in ((SEALED, "open"), (LOCKED, "locked")):
        row = SelectionRound(
            id=next(ids), code=code, jurisdiction="230000", name="双选", edition_code="2023H2", proposing="chains", tie_rule="code",
            lottery_source="", first_until=day + timedelta(days=9), submit_until=day + timedelta(days=9), objection_days=5,
            absent_places=0, rules=rules_as_json(PreferenceRules(5)), state=state, opened_by="?", opened_at=THEN, version=1,
        )  # fmt: skip
        session.add(row)
        await session.flush()
        for side, codes in (("chains", CHAINS), ("banks", BANKS)):
            for place, one in enumerate(codes):
                session.add(
                    SelectionParticipant(
                        round_id=row.id, code=one, side=side, position=place, name=one, submitted_at=THEN, version=1
                    )
                )  # fmt: skip
                session.add(
                    SelectionSubmission(
                        id=next(ids), round_id=row.id, participant=one, number=1, is_withdrawal=False, quota=1, tiers=[],
                        refuses=[], rest="computed", submitted_by="?", submitted_at=THEN,
                    )
                )  # fmt: skip
                if state == "open":
                    session.add(
                        SelectionDraft(
                            round_id=row.id, participant=one, content={"quota": "1", "rest": "computed", "ranks": {}, "refuses": []},
                            version=1, updated_at=THEN,
                        )
                    )  # fmt: skip
        measures = _measures()
        session.add(
            SelectionMeasurement(
                id=next(ids), round_id=row.id, number=1, match_run_id=None, arrays=packed(measures), sha256=measures.digest(),
                contracts=[], taken_by="?", taken_at=THEN,
            )
        )  # fmt: skip
    await session.flush()


def _measures() -> Measures:
    pair, one = np.ones((len(CHAINS), len(BANKS)), np.int64), np.ones(2, np.int64)
    return Measures(
        CHAINS, BANKS, open_needs=one, open_amount=one, fitting_needs=pair, fitting_amount=pair, held_needs=pair,
        outlets=pair, nearness=pair, contact_days=one, contacts=one, rate_bp=pair, free_capacity=one,
    )  # fmt: skip


class Readers:
    """Who may read which list, in plain Python."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows
        self._parents = {row["id"]: row["parent_id"] for row in rows["institutions"]}
        self._codes = {row["code"]: row["id"] for row in rows["institutions"]}
        self._states = {row["id"]: row["state"] for row in rows["selection_rounds"]}

    def speaks_for(self, viewer: Viewer, participant: str) -> bool:
        """Tell whether a viewer is of a participant's own people."""
        if participant in viewer.scopes(Role.CHAIN_MANAGER):
            return True
        node = self._codes.get(participant)
        tops = {self._codes.get(scope) for scope in viewer.scopes(Role.BANK_ADMINISTRATOR)} - {None}
        while node is not None and node not in tops:
            node = self._parents[node]
        return node is not None

    def submissions(self, viewer: Viewer) -> set[Any]:
        """Answer the lists that a viewer may read: its own, and those of locked rounds where it watches the whole."""
        watches = viewer.has(Role.AUDITOR) or bool({"230000", "000000"} & viewer.scopes(Role.COORDINATOR))
        return {
            row["id"]
            for row in self.rows["selection_submissions"]
            if self.speaks_for(viewer, row["participant"])
            or (watches and self._states[row["round_id"]] != "open")
        }

    def drafts(self, viewer: Viewer) -> set[Any]:
        """Answer whose unfinished lists a viewer may read, by participant: its own."""
        listed = {row["participant"] for row in self.rows["selection_drafts"]}
        return {one for one in listed if self.speaks_for(viewer, one)}
