"""How far an entry has come, read literally from DESIGN section 6 (docs/decisions/0003).

For each institution that was responsible for an entry, in the order of time:

- `assigned`   it is (or was, and something happened then) the responsible institution;
- `contacted`  that institution logged a contact while it was responsible;
- `answered`   credit was approved or declined, at or after that contact;
- `credited`   credit above zero was approved, at or after that contact;
- `disbursed`  money above zero was paid out, at or after that approval.

So each level is a subset of the one before because its fact came after the other's fact. Nothing
is forced: an approval does not imply a contact that nobody logged, it stays uncounted and visible
as such. An answer or payment by a supporting institution counts for the one that was responsible
then; its contact does not, because the responsible institution has to make its own.
An entry has reached a level if it did under any of its institutions: levels are cumulative, so
passing it on after a decline takes nothing back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from app.coverage.facts import Credit, Party

CONTACTED: Final = "contacted"
APPROVED: Final = "credit_approved"
DECLINED: Final = "declined"
DISBURSED: Final = "disbursed"
_ANSWERS = frozenset({APPROVED, DECLINED})
_PRESUPPOSING = _ANSWERS | {DISBURSED}


@dataclass(frozen=True, slots=True)
class Spell:
    """A time of responsibility, `[since, until)`; `until` None is still at the end of the month."""

    institution: str
    since: datetime
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        """Say whether the institution was responsible at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Happening:
    """A docking event as coverage reads it; terms are set on approvals."""

    kind: str
    institution: str
    at: datetime
    amount_fen: int = 0
    rate_bp: int = 0
    term_months: int = 0
    is_credit_loan: bool = False


def parties_of(spells: Sequence[Spell], happenings: Sequence[Happening]) -> tuple[tuple[Party, ...], int]:
    """Answer the parties of an entry by institution, and how many facts belong to none.

    Both sequences hold what lies before the end of the month. Times of the same institution
    count together. One that is no longer responsible and under which nothing was logged leaves
    no trace: an allocation that is run again is not its default.
    """
    by_institution: dict[str, list[Spell]] = {}
    for spell in sorted(spells, key=lambda spell: (spell.since, spell.institution)):
        by_institution.setdefault(spell.institution, []).append(spell)
    happened: dict[str, list[Happening]] = {institution: [] for institution in by_institution}
    strays = 0
    for happening in happenings:
        owner = _owner(by_institution, happening)
        if owner is not None:
            happened[owner].append(happening)
        elif happening.kind in _PRESUPPOSING:
            strays += 1
    parties = (_party(own, happened[institution]) for institution, own in sorted(by_institution.items()))
    kept = (p for p in parties if p.is_current or happened[p.institution])
    return tuple(kept), strays


def _owner(by_institution: dict[str, list[Spell]], happening: Happening) -> str | None:
    own = by_institution.get(happening.institution)
    if own and own[0].since <= happening.at:
        return happening.institution
    covering = [s for s in chain(*by_institution.values()) if s.covers(happening.at)]
    return max(covering, key=lambda spell: spell.since).institution if covering else None


def _party(spells: Sequence[Spell], happenings: Sequence[Happening]) -> Party:
    institution = spells[0].institution
    contacts = (
        h.at
        for h in happenings
        if h.kind == CONTACTED and h.institution == institution and any(s.covers(h.at) for s in spells)
    )
    contacted = min(contacts, default=None)
    answers = [h for h in happenings if h.kind in _ANSWERS and _is_from(h, contacted)]
    approvals = [h for h in answers if h.kind == APPROVED and h.amount_fen > 0]
    credited = min((h.at for h in approvals), default=None)
    payments = [h for h in happenings if h.kind == DISBURSED and h.amount_fen > 0 and _is_from(h, credited)]
    presupposing = sum(h.kind in _PRESUPPOSING for h in happenings)
    return Party(
        institution=institution,
        assigned_at=spells[0].since,
        is_current=any(spell.until is None for spell in spells),
        contacted_at=contacted,
        answered_at=min((h.at for h in answers), default=None),
        credited_at=credited,
        disbursed_at=min((h.at for h in payments), default=None),
        credits=tuple(_credit(h) for h in approvals),
        disbursed_fen=sum(h.amount_fen for h in payments),
        uncounted=presupposing - len(answers) - len(payments),
    )


def _is_from(happening: Happening, since: datetime | None) -> bool:
    return since is not None and happening.at >= since


def _credit(happening: Happening) -> Credit:
    return Credit(happening.amount_fen, happening.rate_bp, happening.term_months, happening.is_credit_loan)
