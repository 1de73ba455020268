"""An entry with all that decides what may be logged on it, as a value."""

from dataclasses import dataclass, field
from datetime import datetime

from app.docking.legality import Standing
from app.docking.rules import Event, fold


@dataclass(slots=True)
class EntryDossier:
    """An entry with all that decides what may be logged on it, and by when.

    `owner` names who is responsible now, an institution or a public body (逐户落实); None before allocation.
    """

    id: int
    code: str
    status: str
    amount_fen: int
    withdrawn_at: datetime | None
    region: str = ""
    is_project: bool = False
    owner: str | None = None
    chain: str | None = None
    uscc: str = ""
    standings: list[Standing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def responsible(self, at: datetime) -> Standing | None:
        """Answer the institution that is responsible at an instant; None when it is a body without docking."""
        in_office = [one for one in self.standings if one.is_responsible and one.is_in_office(at)]
        return max(in_office, key=lambda standing: standing.since, default=None)


def is_left(dossier: EntryDossier, now: datetime) -> bool:
    """Say whether the entry's responsible institution has declined it, so that it needs the next one."""
    holder = dossier.responsible(now)
    if holder is None or dossier.withdrawn_at is not None:
        return False
    return fold(dossier.events).party(holder.institution_id).declined_since(holder.since)


@dataclass(frozen=True, slots=True)
class InstitutionKey:
    """An institution's id, code, name and place in its tree."""

    id: int
    code: str
    name: str
    lineage: str
