"""How far an entry has come, in the order of time (docs/decisions/0003).

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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final, NamedTuple

from app.coverage.facts import Credit, Party

CONTACTED: Final = "contacted"
APPROVED: Final = "credit_approved"
DECLINED: Final = "declined"
DISBURSED: Final = "disbursed"
_ANSWERS = frozenset({APPROVED, DECLINED})
_PRESUPPOSING = _ANSWERS | {DISBURSED}
KINDS: Final = ("accepted", CONTACTED, APPROVED, DECLINED, DISBURSED)
"""The kinds of docking events that count: those that levels rest on, and the acceptance, which is a trace of
the institution that gave it. All others are ignored."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A time of responsibility, `[since, until)`; `until` None is still at the end of the month."""

    institution: str
    since: datetime
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        """Say whether the institution was responsible at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


class Happening(NamedTuple):
    """A docking event as coverage reads it; terms are set on approvals. A tuple, because there are millions."""

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
    if len(spells) == 1 and not happenings:  # as most begin
        [only] = spells
        return ((Party(only.institution, only.since, is_current=True),) if only.until is None else ()), 0
    by_institution: dict[str, list[Spell]] = {}
    for spell in sorted(spells, key=_since) if len(spells) > 1 else spells:
        by_institution.setdefault(spell.institution, []).append(spell)
    happened: dict[str, list[Happening]] = {institution: [] for institution in by_institution}
    strays = 0
    for happening in happenings:
        own = by_institution.get(happening.institution)
        is_own = own is not None and own[0].since <= happening.at
        owner = happening.institution if is_own else _in_charge(by_institution, happening.at)
        if owner is not None:
            happened[owner].append(happening)
        elif happening.kind in _PRESUPPOSING:
            strays += 1
    parties = [_party(own, happened[institution]) for institution, own in sorted(by_institution.items())]
    return tuple(p for p in parties if p.is_current or happened[p.institution]), strays


def _since(spell: Spell) -> tuple[datetime, str]:
    return spell.since, spell.institution


def _in_charge(by_institution: Mapping[str, Sequence[Spell]], at: datetime) -> str | None:
    covering = [spell for spell in chain(*by_institution.values()) if spell.covers(at)]
    return max(covering, key=lambda spell: spell.since).institution if covering else None


def _party(spells: Sequence[Spell], happenings: Sequence[Happening]) -> Party:
    institution = spells[0].institution
    if not happenings:  # as most begin
        return Party(institution, spells[0].since, any(spell.until is None for spell in spells))
    contacted: datetime | None = None
    presupposing = []
    for happening in happenings:
        if happening.kind in _PRESUPPOSING:
            presupposing.append(happening)
        elif (
            happening.kind == CONTACTED
            and (contacted is None or happening.at < contacted)
            and happening.institution == institution
            and any(spell.covers(happening.at) for spell in spells)
        ):
            contacted = happening.at
    answers = [h for h in presupposing if h.kind in _ANSWERS and _is_from(h, contacted)]
    approvals = [h for h in answers if h.kind == APPROVED and h.amount_fen > 0]
    credited = _first(approvals)
    payments = [h for h in presupposing if h.kind == DISBURSED and h.amount_fen > 0 and _is_from(h, credited)]
    return Party(
        institution=institution,
        assigned_at=spells[0].since,
        is_current=any(spell.until is None for spell in spells),
        contacted_at=contacted,
        answered_at=_first(answers),
        credited_at=credited,
        disbursed_at=_first(payments),
        credits=tuple(_credit(h) for h in approvals),
        disbursed_fen=sum(h.amount_fen for h in payments),
        uncounted=len(presupposing) - len(answers) - len(payments),
    )


def _first(happenings: Iterable[Happening]) -> datetime | None:
    return min((happening.at for happening in happenings), default=None)


def _is_from(happening: Happening, since: datetime | None) -> bool:
    return since is not None and happening.at >= since


def _credit(happening: Happening) -> Credit:
    return Credit(happening.amount_fen, happening.rate_bp, happening.term_months, happening.is_credit_loan)
