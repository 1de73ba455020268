"""Use cases that raise coordination cases: by a person, or many at once as a room above finds that they are needed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, forbidden, may_do
from app.accounts.rules import Viewer, local_operator
from app.allocation.gathering import coordinator_of
from app.coordination import queries, telling_service
from app.coordination.queries import CaseEntry
from app.coordination.rules import (
    COORDINATORS_OWN,
    KINDS,
    CaseKind,
    CaseState,
    NewCase,
    Responsible,
    case_code,
    days_to_resolve,
    due_on,
    may_answer,
    named,
    responsible,
)
from app.coordination.schemas import MOST_TEXT, CaseIn, CoordinationCaseOut
from app.coordination.topics import CASES_CHANGED
from app.coordination.views import case_out
from app.institutions.reach import institution_target
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_books
from app.reference.book import ReferenceBook
from app.reference.service import current_book

DEADLINES: Final = "docking.deadlines"


async def raise_case(
    session: AsyncSession, viewer: Viewer, body: CaseIn, *, now: datetime
) -> CoordinationCaseOut:
    """Raise a case of an entry; the clause says who has to answer, unless a coordinator names another body.

    Raises:
        NotFound: no such entry that this viewer may see.
        Forbidden: neither the entry's region nor an institution that holds it is within the viewer's roles.
        Refused: the body or institution is none that could be named here, or the kind is the coordinator's own.
        Conflict: the entry is not on the roster, or a case of this kind is open.
    """
    entry = await queries.hold_entry(session, viewer, body.entry)
    if entry is None:
        raise NotFound("No such entry.", [Fault("entry", "not listed", value=body.entry)])
    surroundings = await _surroundings(session, [entry], now)
    raiser = await _raiser(session, viewer, surroundings.tree, entry, body)
    _check(raiser, surroundings.tree, body)
    if not entry.takes_cases:
        raise Conflict("The entry is not on the roster.", [_off_roster(entry)])
    # One of a kind is open at a time, whoever sees it.
    with unrestricted(session):
        known = await queries.open_cases(session, [entry.id])
    if (entry.id, body.kind) in known:
        remedy = "Add a comment to it; another can be raised when it is closed."
        fault = Fault("kind", "a case of this kind is open", remedy, body.kind)
        raise Conflict(f"“{KINDS[body.kind].chinese}” is being settled for this entry.", [fault])
    wanted = NewCase(entry.id, body.kind, body.question, viewer.name, raiser.institution_id)
    answerer = surroundings.tree.find(body.body) if body.body is not None else None
    row = surroundings.row(wanted, entry, now, None if answerer is None else named(answerer))
    numbers = await queries.add_cases(session, [row])
    number = numbers[entry.id, body.kind]
    _note(session, number, {"entry": entry.code, "kind": body.kind.value}, now)
    await telling_service.tell_raised(session, [number], viewer.person, now=now)
    await CASES_CHANGED.tell(session, [entry.id], now)
    found = await queries.case_by_id(session, viewer, number)
    assert found is not None, "whoever may raise a case sees it"
    return case_out(found, shanghai_date(now))


async def raise_cases(
    session: AsyncSession, wanted: Sequence[NewCase], *, now: datetime
) -> dict[tuple[int, CaseKind], str]:
    """Raise many cases in few statements; answer the codes of those raised, by (entry, kind).

    Left alone is what has an open case of that kind, and entries that are not on the roster. Nothing is shown to
    anybody: what was declined decides, whoever logged it.
    """
    with unrestricted(session):
        entries = await queries.hold_entries(session, (one.entry_id for one in wanted))
        taking = {id_: entry for id_, entry in entries.items() if entry.takes_cases}
        known = await queries.open_cases(session, taking)
    missing = {
        (one.entry_id, one.kind): one
        for one in wanted
        if one.entry_id in taking and (one.entry_id, one.kind) not in known
    }
    if not missing:
        return {}
    surroundings = await _surroundings(session, taking.values(), now)
    rows = [surroundings.row(one, taking[one.entry_id], now) for one in missing.values()]
    numbers = await queries.add_cases(session, rows)
    kinds = Counter(kind.value for _entry, kind in numbers)
    first = min(numbers.values())
    _note(session, first, {"cases": len(numbers), "kinds": dict(sorted(kinds.items()))}, now)
    await telling_service.tell_raised(session, list(numbers.values()), None, now=now)
    await CASES_CHANGED.tell(session, sorted({entry_id for entry_id, _kind in numbers}), now)
    return {key: case_code(number) for key, number in numbers.items()}


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What decides who has to answer and by when: institutions, codes and calendar, working days by region."""

    tree: InstitutionTree
    book: ReferenceBook
    days: dict[str, int]
    known: dict[tuple[CaseKind, str], Responsible] = field(default_factory=dict)
    dues: dict[int, date | None] = field(default_factory=dict)

    def answerer(self, kind: CaseKind, region: str) -> Responsible:
        """Answer who has to answer by the clause; looked up once for all entries of a region."""
        found = self.known.get((kind, region))
        if found is None:
            found = responsible(kind, region, self.tree, coordinator_of(region, self.book.regions))
            self.known[kind, region] = found
        return found

    def due(self, days: int, now: datetime) -> date | None:
        """Answer the last day for an answer; looked up once for all cases that are raised together."""
        if days not in self.dues:
            self.dues[days] = due_on(self.book.calendar, now, days)
        return self.dues[days]

    def row(
        self, wanted: NewCase, entry: CaseEntry, now: datetime, body: Responsible | None = None
    ) -> dict[str, Any]:
        """Answer the row of a new case."""
        answers = body or self.answerer(wanted.kind, entry.region)
        days = self.days[entry.region]
        return {
            "entry_id": entry.id,
            "kind": wanted.kind.value,
            "state": CaseState.OPEN.value,
            "body_institution_id": answers.institution_id,
            "body": answers.name,
            "raised_by": wanted.raised_by,
            "raised_at": now,
            "raised_for_institution_id": wanted.raised_for,
            "question": wanted.question[:MOST_TEXT],
            "working_days": days,
            "due_on": self.due(days, now),
            "version": 1,
        }


async def _surroundings(session: AsyncSession, entries: Iterable[CaseEntry], now: datetime) -> _Surroundings:
    settings = get_settings()
    on = shanghai_date(now)
    books = await rule_books(session, {(entry.region, on) for entry in entries}, keys={DEADLINES})
    days = {
        region: days_to_resolve(book.parameter(DEADLINES).value if book.sets(DEADLINES) else None)
        for (region, _day), book in books.items()
    }
    tree = await institution_tree(session, local_operator(settings.jurisdiction))
    return _Surroundings(tree, await current_book(session, settings.seed_dir), days)


@dataclass(frozen=True, slots=True)
class _Raiser:
    """On whose behalf a case is raised (None: the coordinator's own), and whether that is for a coordinator to say."""

    institution_id: int | None
    is_coordinator: bool
    fault: Fault | None = None


async def _raiser(
    session: AsyncSession, viewer: Viewer, tree: InstitutionTree, entry: CaseEntry, body: CaseIn
) -> _Raiser:
    is_coordinator = may_do(viewer, Action.RAISE_CASE, Target(region=entry.region))
    parties = await queries.parties_of(session, entry.id)
    reached = [one for one in parties if is_coordinator or _reaches(viewer, tree, one)]
    if not is_coordinator and not reached:
        raise forbidden(Action.RAISE_CASE)
    if body.institution is None:
        return _Raiser(None if is_coordinator else reached[0], is_coordinator)
    chosen = next((one for one in reached if tree.node(one).code == body.institution), None)
    message = "answers for the entry neither as responsible nor as supporting, or is not yours"
    fault = Fault("institution", message, "Leave it out.", body.institution) if chosen is None else None
    return _Raiser(chosen, is_coordinator, fault)


def _reaches(viewer: Viewer, tree: InstitutionTree, institution_id: int) -> bool:
    codes = institution_target(tree, institution_id, viewer.jurisdiction).institutions
    return may_do(viewer, Action.RAISE_CASE, Target(institutions=codes))


def _check(raiser: _Raiser, tree: InstitutionTree, body: CaseIn) -> None:
    """Refuse what cannot be named, all of it at once.

    Raises:
        Refused: every fault.
    """
    faults = [] if raiser.fault is None else [raiser.fault]
    if not raiser.is_coordinator and body.kind in COORDINATORS_OWN:
        faults.append(Fault("kind", "is raised by the coordinator only", "Choose another kind.", body.kind))
    if body.body is not None:
        if not raiser.is_coordinator:
            faults.append(Fault("body", "is named by the coordinator only", "Leave it out.", body.body))
        faults += body_faults(tree, body.kind, body.body)
    if faults:
        raise Refused("The case cannot be raised as stated.", faults)


def body_faults(tree: InstitutionTree, kind: CaseKind, code: str) -> list[Fault]:
    """Answer why an institution cannot be the one that answers a kind of case; empty if it can."""
    node = tree.find(code)
    if node is None:
        return [Fault("body", "no such institution", "GET /api/v1/institutions lists them.", code)]
    if not may_answer(kind, node):
        remedy = "Name a public body, or a guarantor for guarantees; leave it out for the one of the clause."
        return [Fault("body", f"is {node.kind.chinese} and does not answer such cases", remedy, code)]
    return []


def _off_roster(entry: CaseEntry) -> Fault:
    if entry.withdrawn_at is not None:
        return Fault("entry", "is withdrawn", "Reopen it first.", entry.code)
    return Fault("entry", f"is not admitted: {entry.status}", "Decide its review first.", entry.code)


def _note(session: AsyncSession, number: int, detail: dict[str, Any], now: datetime) -> None:
    audit_service.note(session, "raise_case", "coordination_case", case_code(number), now=now, detail=detail)
