"""The province of the load test: entries with handlers, consents and products, and people who are signed in.

Everything is made from numbers, the same on every run but for secrets and instants of the day. The clock of
the server is the real one, so consents, sessions and the edition hold today.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Table, text
from stdnum.cn.uscc import calc_check_digit

from app.accounts.key_ring import KeyRing
from app.accounts.rules import Role, local_operator
from app.accounts.tables import Person, RoleGrant, SignInSession
from app.accounts.tokens import PURPOSE, access_token
from app.allocation.tables import Assignment, EntryHandler
from app.catalogue.tables import Product, ProductRevision
from app.coverage import service as coverage
from app.coverage.months import month_of, shifted
from app.enterprises.need_facts import NeedFacts
from app.enterprises.tables import Consent, Enterprise, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, Sessions, insert_rows, transaction
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from benchmarks.matching_database import (
    institution_row,
    institution_rows,
    product_rows,
    revision_rows,
    stated_needs,
)
from benchmarks.matching_world import BANKS, ROOTS, World, make_world


def credit_code(number: int) -> str:
    """Answer the credit code of the firm of a number."""
    body = f"91230199MA{number:07d}"
    return body + str(calc_check_digit(body))


JURISDICTION: Final = "230000"
SINCE: Final = shifted(month_of(shanghai_today()), -4)
"""The month in which the edition came into force: some of its months are closed by now, at least one is open."""
FIRST_DAY: Final = date.fromisoformat(f"{SINCE}-01")
EDITION: Final = f"{FIRST_DAY.year}H{1 if FIRST_DAY.month <= 6 else 2}"
MONTH: Final = shifted(SINCE, 1)
LISTED: Final = datetime(FIRST_DAY.year, FIRST_DAY.month, 5, 1, tzinfo=UTC)
HASH = "0" * 64
WORDINGS: Final = 2_000
"""So many different statements of needs; entries take them in turn."""
ENTRIES_EACH: Final = 50
"""Entries that one relationship manager handles, and one branch is responsible for."""
OTHERS: Final = (
    (Role.BANK_ADMINISTRATOR, "root-1"),
    (Role.AUDITOR, ""),
    (Role.ADMINISTRATOR, ""),
    (Role.ENTERPRISE, credit_code(1)),
)
"""One of each other role; the enterprise is one that is on the roster."""
COUNTY_LIFE = timedelta(minutes=60)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How large a province is."""

    entries: int
    products: int
    applicants: int

    @property
    def managers(self) -> int:
        """Branches, each with one relationship manager."""
        return self.entries // ENTRIES_EACH


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in: their bearer token, and what they ask about."""

    token: str
    subject: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who asks: managers with the entries that they handle, firms with the need that they will state, coordinators, one of each other role."""

    managers: list[tuple[str, list[str]]]
    applicants: list[tuple[str, str, bytes]]
    coordinators: list[str]
    others: dict[str, str]


class LoadWorld:
    """Makes the rows of a province of some size.

    `others` are one of each other role; `numbered` the tables whose rows come with numbers and get more later.
    """

    others: tuple[tuple[Role, str], ...] = OTHERS
    numbered: tuple[str, ...] = ("needs", "need_revisions", "disclosures")

    def __init__(self, size: Size, ring: KeyRing) -> None:
        self.size, self.ring = size, ring
        self.now, self.today = utc_now(), shanghai_today()
        self.world: World = make_world(WORDINGS, size.products)
        regions = load_reference_book(get_settings().seed_dir).regions
        self.counties = sorted(
            code for code, region in regions.by_code.items() if code[:2] == "23" and region.level == "county"
        )
        self.wordings = [self._real(number, facts) for number, facts in enumerate(stated_needs(self.world))]

    def _real(self, number: int, facts: NeedFacts) -> NeedFacts:
        """Answer a statement that lies where there is a county, in an industry that there is, in no chain."""
        county = self.counties[number % len(self.counties)]
        return facts.model_copy(
            update={"region": county, "industry": facts.industry and facts.industry[:3], "chain": None,
                    "source_class": "srdi"}
        )  # fmt: skip

    async def store(self, sessions: Sessions) -> None:
        """Store everything, and close the months that are due."""
        async with transaction(sessions) as session:
            edition = WhitelistEdition(
                jurisdiction=JURISDICTION, code=EDITION, in_force_from=FIRST_DAY,
                in_force_until=FIRST_DAY + timedelta(days=364), version=1, created_at=LISTED,
            )  # fmt: skip
            session.add(edition)
            await session.flush()
            for table, rows in self._rows(edition.id):
                await _insert(session, table, rows)
            await _number_on(session, self.numbered)
        async with transaction(sessions) as session:
            await coverage.close_due(session, local_operator(JURISDICTION), now=utc_now())

    def _rows(self, edition_id: int) -> Iterator[tuple[type[Any], Iterable[Row]]]:
        yield Institution, (*institution_rows(self.world), *self._branches())
        yield Product, product_rows(self.world)
        yield ProductRevision, revision_rows(self.world)
        yield Enterprise, self._firms()
        yield Need, self._needs()
        yield NeedRevision, self._revisions()
        yield WhitelistEntry, self._entries(edition_id)
        yield Consent, self._consents()
        yield Person, self._people()
        yield RoleGrant, self._grants()
        yield SignInSession, self._sign_ins()
        yield Assignment, self._assignments()
        yield EntryHandler, self._handlers()

    def _branches(self) -> Iterator[Row]:
        for number in range(1, self.size.managers + 1):
            parent = ROOTS + 1 + number % BANKS
            row = institution_row(
                _branch(number), branch_code(number), parent, 1, self.counties[number % 100]
            )
            head = 1 + int(self.world.banks[number % BANKS].root.removeprefix("root-"))
            yield row | {"root_id": head, "lineage": f"/{head}/{parent}/{_branch(number)}/"}

    def _firms(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + self.size.applicants + 1):
            facts = self.wording(number)
            yield {
                "id": number, "uscc": credit_code(number), "name": f"企业{number}", "name_key": f"企业{number}",
                "region_code": facts.region, "industry": facts.industry, "established_on": facts.established_on,
                "ownership": None, "is_demo": True, "version": 1, "created_at": LISTED, "updated_at": LISTED,
            }  # fmt: skip

    def wording(self, number: int) -> NeedFacts:
        """Answer what the firm of a number states."""
        return self.wordings[number % len(self.wordings)]

    def _needs(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + 1):
            yield {
                "id": number, "code": credit_code(number), "enterprise_id": number, "project_id": None, "revision": 1,
                "created_at": LISTED,
            }  # fmt: skip

    def _revisions(self) -> Iterator[Row]:
        written = [(facts.as_json(), facts.amount, facts.term_months) for facts in self.wordings]
        for number in range(1, self.size.entries + 1):
            facts, amount, term = written[number % len(written)]
            yield {
                "id": number, "need_id": number, "revision": 1, "facts": facts, "amount_fen": amount,
                "term_months": term, "content_hash": HASH, "stated_on": FIRST_DAY, "created_at": LISTED,
            }  # fmt: skip

    def _entries(self, edition_id: int) -> Iterator[Row]:
        findings = {
            "rule": "admission", "citation": "金发〔2024〕5号 五", "ask": [], "verdict": "pass",
            "findings": [
                {"facts": ["region"], "asked": "在黑龙江省", "found": "在", "verdict": "pass", "source": "五"},
                {"facts": ["litigation"], "asked": "无涉诉", "found": "无", "verdict": "pass", "source": "五"},
            ],
        }  # fmt: skip
        for number in range(1, self.size.entries + 1):
            facts = self.wording(number)
            yield {
                "id": number, "code": entry_code(number), "edition_id": edition_id, "need_id": number,
                "need_revision_id": number, "enterprise_id": number, "import_id": None, "source_class": "srdi",
                "region_code": facts.region, "chain_code": facts.chain, "size_class": "small", "amount_fen": facts.amount,
                "status": "admitted", "admission": findings, "extra": {}, "admitted_at": LISTED, "withdrawn_at": None,
                "version": 1, "created_at": LISTED,
            }  # fmt: skip

    def _consents(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + 1):
            yield {
                "id": number, "need_id": number, "purpose": "financing_docking", "shows_contact": False,
                "shows_financial": True, "shows_judicial": number % 2 == 0, "institution_id": None,
                "until": self.today + timedelta(days=300), "given_by": "bench", "given_at": LISTED, "evidence": "paper",
                "revoked_at": None, "revoked_by": None, "version": 1,
            }  # fmt: skip

    def _logins(self) -> Iterator[tuple[int, str, Role, str]]:
        """Answer everybody: number, login, role and scope; managers first, then applicants, then coordinators."""
        managers, applicants = self.size.managers, self.size.applicants
        for number in range(1, managers + 1):
            yield number, f"manager.{number}", Role.RELATIONSHIP_MANAGER, branch_code(number)
        for number in range(1, applicants + 1):
            code = credit_code(self.size.entries + number)
            yield managers + number, f"firm.{number}", Role.ENTERPRISE, code
        for number in range(1, 9):
            yield managers + applicants + number, f"coordinator.{number}", Role.COORDINATOR, JURISDICTION
        for number, (role, scope) in enumerate(self.others, managers + applicants + 9):
            yield number, f"{role.value}.1", role, scope

    def _people(self) -> Iterator[Row]:
        for number, login, _role, _scope in self._logins():
            yield {
                "id": number, "login": login, "name": login, "password_hash": None, "totp_secret": None,
                "totp_since": None, "totp_step": None, "is_demo": True, "disabled_at": None, "version": 1,
                "created_at": LISTED, "updated_at": LISTED,
            }  # fmt: skip

    def _grants(self) -> Iterator[Row]:
        for number, _login, role, scope in self._logins():
            yield {
                "id": number, "person_id": number, "role": role.value, "scope": scope, "since": FIRST_DAY,
                "until": None, "granted_by": "bench", "granted_at": LISTED, "ended_at": None, "ended_by": None,
            }  # fmt: skip

    def _sign_ins(self) -> Iterator[Row]:
        for number, _login, _role, _scope in self._logins():
            yield {
                "id": session_id(number), "person_id": number, "kind": "token", "cookie_hash": None,
                "has_second_factor": False, "address": "127.0.0.1", "device": "bench", "created_at": self.now,
                "last_used_at": self.now, "expires_at": self.now + timedelta(hours=12), "ended_at": None,
                "end_reason": None,
            }  # fmt: skip

    def _assignments(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + 1):
            yield {
                "id": number, "run_id": None, "entry_id": number, "kind": "matched",
                "institution_id": _branch(manager_of(number)), "responsible_body": "", "product_revision_id": None,
                "score": None, "explanation": {}, "assigned_at": LISTED, "ended_at": None, "end_reason": None,
            }  # fmt: skip

    def _handlers(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + 1):
            yield {
                "id": number, "assignment_id": number, "institution_id": _branch(manager_of(number)),
                "person_id": manager_of(number), "given_by": "bench", "reason": None, "since": LISTED, "ended_at": None,
            }  # fmt: skip

    def cast(self) -> Cast:
        """Answer who asks, each with a token that holds for an hour."""
        managers: list[tuple[str, list[str]]] = []
        applicants: list[tuple[str, str, bytes]] = []
        coordinators: list[str] = []
        others: dict[str, str] = {}
        for number, login, role, scope in self._logins():
            token = self._token(number)
            if role is Role.RELATIONSHIP_MANAGER:
                first = (number - 1) * ENTRIES_EACH + 1
                managers.append((token, [entry_code(each) for each in range(first, first + ENTRIES_EACH)]))
            elif login == f"{role.value}.1" and (role, scope) in self.others:
                others[role.value] = token
            elif role is Role.ENTERPRISE:
                facts = self.wording(self.size.entries + number - self.size.managers)
                applicants.append((token, scope, facts.model_dump_json(exclude_none=True).encode()))
            else:
                coordinators.append(token)
        return Cast(managers, applicants, coordinators, others)

    def _token(self, number: int) -> str:
        return access_token(
            self.ring.keys(PURPOSE), person=number, session_id=session_id(number), now=self.now,
            expires_at=self.now + COUNTY_LIFE,
        )  # fmt: skip


def entry_code(number: int) -> str:
    """Answer the code of the entry of a number."""
    return f"{EDITION}-{credit_code(number)}"


def manager_of(entry: int) -> int:
    """Answer who handles an entry, and which branch is responsible for it."""
    return (entry - 1) // ENTRIES_EACH + 1


def branch_code(number: int) -> str:
    """Answer the code of a branch."""
    return f"ZH-{number:05d}"


def _branch(number: int) -> int:
    return ROOTS + BANKS + number


def session_id(person: int) -> str:
    """Answer the name of a person's session."""
    return f"{person:032x}"


async def _insert(session: AsyncSession, entity: type[Any], rows: Iterable[Mapping[str, Any]]) -> None:
    await insert_rows(session, cast("Table", entity.__table__), rows)


async def _number_on(session: AsyncSession, tables: Iterable[str]) -> None:
    """Let PostgreSQL number on after the rows that came with numbers."""
    if session.get_bind().dialect.name == "postgresql":
        for table in tables:
            await session.execute(
                text(f"SELECT setval('{table}_id_seq', 1 + coalesce((SELECT max(id) FROM {table}), 0))")
            )
