"""What an import counts and reports. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.enterprises.statements import Plan
from app.whitelist.entry_planning import EntryDraft
from app.whitelist.roster_check import RosterCheck
from app.whitelist.schemas import ImportCounts

MOST_REPORTED_FAULTS: Final = 1_000
MOST_REPORTED_NOTES: Final = 1_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a workbook is to be taken.

    `dry_run`: preview, write nothing. `accept_valid`: take the faultless rows although others have
    faults. `amounts_confirmed`: somebody has checked the amounts that are out of the usual range.
    `sheet`: which sheet to read, by default 名单. `opens_edition`: open the edition if it is not yet.
    `is_demo`: mark the firms that it newly registers as invented for demonstration.
    """

    dry_run: bool = False
    accept_valid: bool = False
    amounts_confirmed: bool = False
    sheet: str | None = None
    opens_edition: bool = False
    is_demo: bool = False


@dataclass(slots=True)
class ImportTally:
    """Counts and notes that grow with each batch."""

    counts: ImportCounts
    notes: list[str] = field(default_factory=list)
    is_changing: bool = False
    """Whether anything stated so far is not stored already."""

    @classmethod
    def of(cls, check: RosterCheck) -> "ImportTally":
        """Begin with what the first pass found."""
        counts = ImportCounts(rows=check.rows, faulty=_faulty_rows(check), faults=check.fault_count)
        return cls(counts, list(check.notes))

    def add(self, drafts: Sequence[EntryDraft], plan: Plan) -> None:
        """Take a batch in."""
        counts = self.counts
        self.is_changing |= plan.is_changing or any(draft.is_writing for draft in drafts)
        for draft in drafts:
            change = "changed" if draft.change == "annotated" else draft.change
            setattr(counts, change, getattr(counts, change) + 1)
            if draft.status is not None:
                setattr(counts, draft.status, getattr(counts, draft.status) + 1)
            counts.duplicates += bool(draft.namesakes)
        counts.enterprises += len(plan.new_enterprises)
        counts.renamed += len(plan.renamed)
        room = MOST_REPORTED_NOTES - len(self.notes)
        self.notes += [
            f"{uscc} 企业名称由“{old}”改为“{new}”"
            for uscc, (old, new) in list(plan.renamed.items())[: max(room, 0)]
        ]


def _faulty_rows(check: RosterCheck) -> int:
    return len(check.faulty_rows - {0}) if check.rows else 0


def reported_faults(check: RosterCheck) -> list[dict[str, str]]:
    """Answer the faults that an answer lists, in the order of the sheet."""
    return [fault.as_fault(check.sheet).as_dict() for fault in check.faults[:MOST_REPORTED_FAULTS]]
