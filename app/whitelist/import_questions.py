"""What a roster asks about firms: shown by a preview side by side, and met with the decisions that came with it. Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from app.enterprises.need_facts import NeedFacts
from app.enterprises.statements import Plan
from app.kernel.errors import Fault
from app.whitelist.early_decisions import EarlyDecisions, mark_of
from app.whitelist.entry_planning import EntryDraft, Namesake
from app.whitelist.name_likeness import likeness_reasons
from app.whitelist.names import RegionPrefixes
from app.whitelist.roster_rows import RosterRow
from app.whitelist.schemas import CandidateOut, EarlyDecision, QuestionOut

MOST_QUESTIONS: Final = 500
_Asked = tuple[RosterRow, EntryDraft, str]


class ImportQuestions:
    """Grows with each batch; `candidates` are the credit codes whose rows are kept to be shown beside others."""

    def __init__(self, given: Sequence[EarlyDecision], candidates: Collection[str]) -> None:
        self._decisions = EarlyDecisions(given)
        self._is_decided = bool(given)
        self._candidates = candidates
        self._asked: list[_Asked] = []
        self._said: dict[str, NeedFacts] = {}

    @property
    def open(self) -> dict[str, EarlyDecision]:
        """Answer the decisions to carry out, by entry."""
        return self._decisions.open

    def add(self, rows: Sequence[RosterRow], drafts: Sequence[EntryDraft], plan: Plan) -> None:
        """Take a batch in: its rows, the draft of each, and how each stands."""
        for row, draft, standing in zip(rows, drafts, plan.standings, strict=True):
            if row.uscc in self._candidates:
                self._said.setdefault(row.uscc, row.facts)
            if not (draft.namesakes or self._is_decided):
                continue
            mark = mark_of(draft.code, row.name, standing.content_hash, draft.namesakes)
            self._decisions.meet(draft, mark)
            if draft.namesakes and len(self._asked) < MOST_QUESTIONS:
                self._asked.append((row, draft, mark))

    def faults(self) -> list[Fault]:
        """Answer what is wrong with the decisions, once every batch is in."""
        return self._decisions.end()

    def shown(self, regions: RegionPrefixes) -> list[QuestionOut]:
        """Answer what a preview shows."""
        # Amounts are fen already: building from Python would ask for yuan strings.
        return [
            QuestionOut.model_construct(
                row=row.number,
                entry=draft.code,
                uscc=row.uscc,
                name=row.name,
                facts=row.facts,
                candidates=[self._candidate(row, one, regions) for one in draft.namesakes],
                seen=mark,
            )
            for row, draft, mark in self._asked
        ]

    def _candidate(self, row: RosterRow, one: Namesake, regions: RegionPrefixes) -> CandidateOut:
        return CandidateOut.model_construct(
            uscc=one.uscc,
            name=one.name,
            score=round(one.likeness, 4),
            place=one.place,
            why=likeness_reasons(row.name, one.name, regions),
            facts=self._said.get(one.uscc),
        )
