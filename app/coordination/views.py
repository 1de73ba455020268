"""Coordination cases as the models that JSON and the command line show."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

from app.coordination.queries import ListedCase
from app.coordination.rules import KINDS, STATE_LABELS, CaseKind, CaseState, case_code, is_overdue, possible
from app.coordination.schemas import CaseCounts, CaseFilter, CommentOut, CoordinationCaseOut
from app.coordination.tables import CoordinationComment


def case_out(found: ListedCase, today: date) -> CoordinationCaseOut:
    """Show a case as it stands on a day."""
    row = found.case
    kind, state = CaseKind(row.kind), CaseState(row.state)
    return CoordinationCaseOut(
        code=case_code(row.id),
        entry=found.entry,
        edition=found.edition,
        enterprise=found.enterprise,
        region=found.region,
        kind=kind,
        kind_label=KINDS[kind].chinese,
        clause=KINDS[kind].clause,
        state=state,
        state_label=STATE_LABELS[state],
        body=row.body,
        body_institution=found.body_code,
        question=row.question,
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        raised_for=found.raised_for,
        working_days=row.working_days,
        due_on=row.due_on,
        is_overdue=is_overdue(state, row.due_on, today),
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        answered_by=row.answered_by,
        outcome=row.outcome,
        possible=list(possible(state)),
        version=row.version,
    )


def counts_out(groups: Iterable[tuple[CaseKind, CaseState, bool, int]], wanted: CaseFilter) -> CaseCounts:
    """Sum up counted groups (kind, state, whether overdue, how many) under the filters that are left."""
    states, kinds, overdue = Counter[str](), Counter[str](), 0
    for kind, state, is_late, count in groups:
        if wanted.kind in {None, kind}:
            states[state.value] += count
            overdue += count if is_late else 0
        if wanted.state in {None, state} and (is_late or not wanted.is_overdue):
            kinds[kind.value] += count
    return CaseCounts(states=dict(sorted(states.items())), kinds=dict(sorted(kinds.items())), overdue=overdue)


def comment_out(row: CoordinationComment) -> CommentOut:
    """Show a comment."""
    return CommentOut(id=row.id, written_by=row.written_by, text=row.body, created_at=row.created_at)
