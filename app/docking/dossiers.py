"""An entry with all that decides what may be logged on it, as a value."""

from dataclasses import dataclass, field
from datetime import datetime

from app.docking.legality import Standing
from app.docking.rules import Event


@dataclass(slots=True)
class EntryDossier:
    """An entry with all that decides what may be logged on it."""

    id: int
    code: str
    status: str
    amount_fen: int
    withdrawn_at: datetime | None
    standings: list[Standing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InstitutionKey:
    """An institution's id, code, name and place in its tree."""

    id: int
    code: str
    name: str
    lineage: str
