"""What an import counts and reports. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from app.enterprises.statements import Plan
from app.policy.criteria import Verdict
from app.policy.derived import chinese_name
from app.whitelist.entry_planning import EntryDraft
from app.whitelist.roster_check import RosterCheck
from app.whitelist.roster_rows import RosterRow
from app.whitelist.rules import NO_RULE, Decision, EntryStatus
from app.whitelist.schemas import EarlyDecision, ImportCounts, LookedAt

MOST_REPORTED_FAULTS: Final = 1_000
MOST_REPORTED_NOTES: Final = 1_000
MOST_REPORTED_ENTRIES: Final = 1_000
DECIDED: Final[Mapping[Decision, str]] = {"same_firm": "是同一企业", "different_firm": "是两家企业"}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a workbook is to be taken.

    `dry_run`: preview, write nothing. `accept_valid`: take the faultless rows although others have
    faults. `amounts_confirmed`: somebody has checked the amounts that are out of the usual range.
    `sheet`: which sheet to read, by default 名单. `opens_edition`: open the edition if it is not yet.
    `is_demo`: mark the firms that it newly registers as invented for demonstration. `decisions`: what somebody
    who saw the preview decided on possible duplicates.
    """

    dry_run: bool = False
    accept_valid: bool = False
    amounts_confirmed: bool = False
    sheet: str | None = None
    opens_edition: bool = False
    is_demo: bool = False
    decisions: tuple[EarlyDecision, ...] = ()


@dataclass(slots=True)
class ImportTally:
    """Counts and notes that grow with each batch."""

    counts: ImportCounts
    notes: list[str] = field(default_factory=list)
    entries: list[LookedAt] = field(default_factory=list)
    is_changing: bool = False
    """Whether anything stated so far is not stored already."""

    @classmethod
    def of(cls, check: RosterCheck) -> "ImportTally":
        """Begin with what the first pass found."""
        counts = ImportCounts(rows=check.rows, faulty=_faulty_rows(check), faults=check.fault_count)
        return cls(counts, list(check.notes))

    def settle(self, decided: Mapping[str, tuple[Decision, EntryStatus]]) -> None:
        """Take in what was decided with the import, by entry, and where that left each."""
        for _decision, status in decided.values():
            self.counts.review -= 1
            setattr(self.counts, status, getattr(self.counts, status) + 1)
        self.counts.decided += len(decided)
        self.entries = [
            _settled(one, decided[one.entry]) if one.entry in decided else one for one in self.entries
        ]

    def add(self, rows: Sequence[RosterRow], drafts: Sequence[EntryDraft], plan: Plan) -> None:
        """Take a batch in: its rows, the draft of each, and what is planned for their firms and needs."""
        counts = self.counts
        self.is_changing |= plan.is_changing or any(draft.is_writing for draft in drafts)
        for draft in drafts:
            change = "changed" if draft.change == "annotated" else draft.change
            setattr(counts, change, getattr(counts, change) + 1)
            if draft.status is not None:
                setattr(counts, draft.status, getattr(counts, draft.status) + 1)
            counts.duplicates += bool(draft.namesakes)
        pairs = zip(rows, drafts, strict=True)
        asking = (_looked_at(row, draft) for row, draft in pairs if _needs_a_look(draft))
        self.entries += islice(asking, MOST_REPORTED_ENTRIES - len(self.entries))
        counts.enterprises += len(plan.new_enterprises)
        counts.renamed += len(plan.renamed)
        room = MOST_REPORTED_NOTES - len(self.notes)
        self.notes += [
            f"{uscc} 企业名称由“{old}”改为“{new}”"
            for uscc, (old, new) in list(plan.renamed.items())[: max(room, 0)]
        ]


def _settled(entry: LookedAt, decided: tuple[Decision, EntryStatus]) -> LookedAt:
    decision, status = decided
    said = f"核对时已决定：{DECIDED[decision]}"
    return entry.model_copy(update={"status": status, "why": [*entry.why, said]})


def _needs_a_look(draft: EntryDraft) -> bool:
    return draft.change in {"changed", "withdrawn"} or draft.status in {"review", "refused"}


def _looked_at(row: RosterRow, draft: EntryDraft) -> LookedAt:
    change = "new" if draft.change == "new" else "withdrawn" if draft.change == "withdrawn" else "changed"
    return LookedAt(
        row=row.number,
        entry=draft.code,
        name=row.name,
        change=change,
        status=draft.status,
        why=list(_why(draft)),
    )


def _why(draft: EntryDraft) -> Iterator[str]:
    if draft.change == "withdrawn":
        yield "已退出名单，不再列入"
    admission = draft.admission
    if admission is not None and admission.rule is None:
        yield NO_RULE
    if admission is not None and admission.ask and admission.status == "review":
        yield f"须询问：{'、'.join(chinese_name(name) for name in admission.ask)}"
    if admission is not None and admission.status == "refused":
        failed = (finding for finding in admission.findings if finding.verdict is Verdict.FAIL)
        yield from (f"{one.asked}，现为{one.found}（{one.source}）" for one in failed)
    for one in draft.namesakes:
        yield f"疑似同一企业：{one.name} {one.uscc}（{one.likeness:.2f}）"


def _faulty_rows(check: RosterCheck) -> int:
    return len(check.faulty_rows - {check.header_row})


def reported_faults(check: RosterCheck) -> list[dict[str, str]]:
    """Answer the faults that an answer lists, in the order of the sheet."""
    return [fault.as_fault(check.sheet).as_dict() for fault in check.faults[:MOST_REPORTED_FAULTS]]
