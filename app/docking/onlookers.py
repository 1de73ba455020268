"""What of an entry's docking a viewer is shown: all of it, or what the viewer's own institutions did (pure).

Whether an event may be logged, how far an entry has come and what is due rests on all its events; an
institution that holds the entry is told the sum of it, but not what other institutions did and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.docking.appending import row_of
from app.docking.dossiers import EntryDossier, InstitutionKey
from app.docking.kinds import BY_COORDINATOR, BY_ENTERPRISE, EventKind
from app.docking.recording import Draft
from app.kernel.errors import Conflict, Fault, RongqiaoError

Line = tuple[str, ...]
"""Codes of institutions from the root of their tree down to one of them."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """A viewer, and the lines of the institutions (by id) that are parties of the entries looked at."""

    viewer: Viewer
    lines: Mapping[int, Line]

    def sees(self, dossier: EntryDossier, institution_id: int | None) -> bool:
        """Tell whether the viewer is shown what an institution (None: none) did on an entry that the viewer sees."""
        if institution_id is None:
            return may_do(self.viewer, Action.READ_CASES, _target(dossier, ()))
        return may_do(self.viewer, Action.READ_CASES, _target(dossier, self.lines.get(institution_id, ())))

    def view(self, dossier: EntryDossier) -> EntryDossier:
        """Answer an entry with no more than the viewer is shown."""
        return replace(
            dossier,
            standings=[one for one in dossier.standings if self.sees(dossier, one.institution_id)],
            events=[one for one in dossier.events if self.sees(dossier, one.institution_id)],
        )


def check_logger(viewer: Viewer, dossier: EntryDossier, draft: Draft, line: Line) -> None:
    """Refuse to log on an entry what is not the viewer's to log.

    The enterprise itself rates who answered it, and does nothing else; a coordinator settles what was
    raised; everything else is the institutions' to log, or their region's coordinator's.

    Raises:
        Forbidden: neither the institution nor the entry's region or firm is within one of the viewer's roles.
    """
    target = Target(region=dossier.region, institutions=line, uscc=dossier.uscc)
    kind = kind_meant(dossier, draft)
    if kind in BY_ENTERPRISE:
        require(viewer.only(Role.ENTERPRISE), Action.LOG_DOCKING, target)
    elif kind in BY_COORDINATOR:
        require(viewer.only(Role.COORDINATOR), Action.LOG_DOCKING, target)
    else:
        require(viewer.only(*INSTITUTION_ROLES, Role.COORDINATOR), Action.LOG_DOCKING, target)


def kind_meant(dossier: EntryDossier, draft: Draft) -> EventKind:
    """Answer the kind of event by which it is decided who may log: whoever may log one may correct one."""
    if draft.kind is not EventKind.CORRECTED:
        return draft.kind
    return next((one.kind for one in dossier.events if one.sequence == draft.corrects), draft.kind)


def row_told(
    onlooker: Onlooker,
    dossier: EntryDossier,
    draft: Draft,
    known: Mapping[str, InstitutionKey],
    *,
    actor: str,
) -> dict[str, object]:
    """Decide one event as `row_of` does; a refusal tells nothing of what the viewer is not shown.

    Raises:
        Refused: fields or time are wrong.
        Conflict: it contradicts the parties or the history.
    """
    seen = onlooker.view(dossier)
    try:
        return row_of(dossier, draft, known, actor=actor)
    except Conflict as error:
        if seen == dossier or _faults(seen, draft, known) == error.faults:
            raise
        fault = Fault(
            "entry",
            "what other institutions did on the entry leaves no room for it",
            "Ask the coordinator of the entry's region.",
            dossier.code,
        )
        raise Conflict("The event contradicts what is logged on the entry.", [fault]) from None


def _faults(
    dossier: EntryDossier, draft: Draft, known: Mapping[str, InstitutionKey]
) -> tuple[Fault, ...] | None:
    try:
        row_of(dossier, draft, known, actor="")
    except RongqiaoError as error:
        return error.faults
    return None


def _target(dossier: EntryDossier, line: Line) -> Target:
    return Target(region=dossier.region, institutions=line, uscc=dossier.uscc, chain=dossier.chain)
