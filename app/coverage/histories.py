"""The history of an entry, and what of it counts at an instant (pure).

A history is everything that coverage reads of one entry, whenever it happened; the facts of a month are
what lies before the month's end. Facts are bounded for each entry, histories are not: they are folded
one after the other and let go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.coverage.facts import EntryFacts
from app.coverage.levels import Happening, Spell, parties_of


@dataclass(frozen=True, slots=True)
class Absence:
    """A time off the roster, from the withdrawal until the entry was reopened; None: still off it."""

    since: datetime
    until: datetime | None


@dataclass(slots=True)
class EntryHistory:
    """An admitted entry with its times of responsibility and docking events, the earliest first.

    `simulated_since` is when the first simulated event happened; None: there is none.
    """

    edition_id: int
    code: str
    region: str
    chain: str | None
    source_class: str
    size_class: str | None
    amount_fen: int
    first_loan: bool | None
    admitted_at: datetime
    simulated_since: datetime | None
    spells: Sequence[Spell] = ()
    happenings: Sequence[Happening] = ()
    absences: Sequence[Absence] = ()

    def is_listed(self, until: datetime) -> bool:
        """Say whether the entry had been admitted before an instant, and was on the roster at it."""
        if self.admitted_at >= until:
            return False
        return not any(
            absence.since < until and (absence.until is None or absence.until >= until)
            for absence in self.absences
        )


def facts_at(history: EntryHistory, until: datetime) -> EntryFacts | None:
    """Answer what is known of an entry before an instant; None: it was not on the roster at it."""
    if not history.is_listed(until):
        return None
    spells = [_before(spell, until) for spell in history.spells if spell.since < until]
    happenings = [happening for happening in history.happenings if happening.at < until]
    parties, strays = parties_of(spells, happenings)
    simulated_since = history.simulated_since
    return EntryFacts(
        entry=history.code,
        region=history.region,
        chain=history.chain,
        source_class=history.source_class,
        size_class=history.size_class,
        amount_fen=history.amount_fen,
        first_loan=history.first_loan,
        admitted_at=history.admitted_at,
        parties=parties,
        strays=strays,
        is_simulated=simulated_since is not None and simulated_since < until,
    )


def _before(spell: Spell, until: datetime) -> Spell:
    is_open = spell.until is None or spell.until < until
    return spell if is_open else Spell(spell.institution, spell.since, None)
