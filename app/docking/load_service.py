"""Use case of how much the viewer's institutions and their people have in hand."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from app.accounts import people_service
from app.accounts.rules import INSTITUTION_ROLES, Grant, Role, Viewer
from app.accounts.tables import Person
from app.docking import clock_service, load_queries
from app.institutions.rules import InstitutionNode
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.shanghai import SHANGHAI, shanghai_date


@dataclass(frozen=True, slots=True)
class Load:
    """Entries in hand, those to be done by the institution, those of them late, and those answered this month."""

    entries: int = 0
    todo: int = 0
    late: int = 0
    answered: int = 0

    def __add__(self, other: "Load") -> "Load":
        return Load(
            self.entries + other.entries,
            self.todo + other.todo,
            self.late + other.late,
            self.answered + other.answered,
        )


@dataclass(frozen=True, slots=True)
class BranchLoad:
    """An institution's load; `left` is how many entries it may still take on in the edition (None: takes none)."""

    node: InstitutionNode
    load: Load
    unclaimed: int

    @property
    def left(self) -> int | None:
        """Answer what its capacity leaves; below zero where it was exceeded."""
        return None if self.node.capacity is None else self.node.capacity - self.load.entries


@dataclass(frozen=True, slots=True)
class PersonLoad:
    """A colleague, the roles by which the person works here, and the load."""

    person: int
    name: str
    login: str
    grants: tuple[tuple[Role, str], ...]
    load: Load


@dataclass(frozen=True, slots=True)
class Loads:
    """An edition's load of institutions, by code, and of their people, the fullest hands first."""

    edition: str
    on: date
    total: Load
    branches: Sequence[BranchLoad]
    people: Sequence[PersonLoad]


async def loads_of(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    nodes: Collection[InstitutionNode],
    *,
    now: datetime,
) -> Loads:
    """Answer the load of institutions that the caller may look into; statements do not grow with them.

    Counts rest on all that they answer for, while consents are away too: nothing of an entry is told.

    Raises:
        NotFound: no such edition.
    """
    edition, today = await clock_service.edition_and_counting_day(session, viewer, edition_code, now)
    ids = [node.id for node in nodes]
    with unrestricted(session):
        rows = await load_queries.loads(session, edition, ids, today)
        answered = await load_queries.answered(session, edition, ids, month_began(now))
    holders = await people_service.holders_at(
        session, INSTITUTION_ROLES, [node.code for node in nodes], now=now
    )
    by_branch, by_person = defaultdict[int, Load](Load), defaultdict[int, Load](Load)
    unclaimed = defaultdict[int, int](int)
    for row in rows:
        load = Load(row.entries, row.todo, row.late)
        by_branch[row.institution_id] += load
        if row.person_id is None:
            unclaimed[row.institution_id] += row.entries
        else:
            by_person[row.person_id] += load
    by_login = defaultdict[str, Load](Load)
    for institution, login, count in answered:
        by_branch[institution] += Load(answered=count)
        by_login[login] += Load(answered=count)
    branches = [BranchLoad(node, by_branch[node.id], unclaimed[node.id]) for node in nodes]
    return Loads(
        edition_code,
        shanghai_date(now),
        sum((one.load for one in branches), Load()),
        branches,
        _people(holders, by_person, by_login),
    )


def month_began(now: datetime) -> datetime:
    """Answer when the month of an instant began in Shanghai."""
    first = shanghai_date(now).replace(day=1)
    return datetime.combine(first, time(), SHANGHAI).astimezone(UTC)


def _people(
    holders: Sequence[tuple[Person, Grant]],
    by_person: Mapping[int, Load],
    by_login: Mapping[str, Load],
) -> list[PersonLoad]:
    people = {person.id: person for person, _grant in holders}
    grants = defaultdict[int, list[tuple[Role, str]]](list)
    for person, grant in holders:
        grants[person.id].append((grant.role, grant.scope))
    found = [
        PersonLoad(
            person.id,
            person.name,
            person.login,
            tuple(grants[person.id]),
            by_person.get(person.id, Load()) + by_login.get(person.login, Load()),
        )
        for person in people.values()
    ]
    return sorted(found, key=lambda one: (-one.load.todo, one.name, one.person))
