"""People of the demonstration: one for each role, where there is something to see; and what firms consented to.

Everybody may know their password: they are marked as invented, and sign in nowhere in production.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts import account_service, people_service
from app.accounts.logins import login_key
from app.accounts.passwords import hash_password
from app.accounts.rules import Grant, Role, Viewer
from app.allocation import handler_service
from app.allocation import service as allocation
from app.allocation.handler_schemas import HandlerIn
from app.cli.bodies import any_version
from app.docking import history_service
from app.docking.rules import Stage
from app.enterprises import consent_service
from app.institutions.kinds import InstitutionKind
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryFilter, EntrySummary

DEMO_PASSWORD: Final = "seven odd herons row north"  # noqa: S105 - printed, of nobody real
"""For demonstration only: it is written here and printed by `seed demo`."""
HARBIN: Final = "230100"
ENTERPRISE: Final = "demo-enterprise"
EVIDENCE: Final = "演示授权书（虚构）"
HANDLED: Final = 3
"""So many of the manager's entries are in hand; the rest can be taken or dispatched."""
WITHHELD_EVERY: Final = 4
"""Every fourth of each institution's needs has no consent yet: they are seen as anonymous cards."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody invented, and what there is to see as them."""

    login: str
    name: str
    role: Role
    scope: str
    sees: str


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the demonstration's people are chosen by: who answers for which entries."""

    tree: InstitutionTree
    entries: Sequence[EntrySummary]
    responsible: dict[str, int]
    is_financed: frozenset[str]
    """Entries on which something was paid out: no event invites their firms any more."""
    own: str | None
    """The firm whose person there is already."""

    def of(self, institutions: Iterable[int]) -> list[EntrySummary]:
        """Answer the entries for which some institutions are responsible, by code."""
        wanted = frozenset(institutions)
        return [entry for entry in self.entries if self.responsible.get(entry.code) in wanted]

    def busiest(self, *, guarantor: bool) -> InstitutionNode:
        """Answer the bank's or guarantor's institution with most entries, else the first by code."""
        counts = Counter(self.responsible.values())
        fitting = [node for node in self.tree.nodes.values() if _is_fitting(node, guarantor=guarantor)]
        return min(fitting, key=lambda node: (-counts[node.id], node.code))

    def below(self, node: InstitutionNode) -> list[int]:
        """Answer an institution and all below it."""
        return [node.id, *(one.id for one in self.tree.descendants(node.id))]


def refuse_in_production() -> None:
    """Refuse to invent anything where the service is in earnest.

    Raises:
        Refused: the environment is production.
    """
    if get_settings().environment == "production":
        fault = Fault(
            "RONGQIAO_ENVIRONMENT",
            "production",
            "Seed a database of its own, in an environment of development.",
        )
        raise Refused("The demonstration is not for production; nothing was changed.", [fault])


async def hashed_demo_password() -> str:
    """Answer the hash of the demonstration's password, made outside of any transaction."""
    return await hash_password(DEMO_PASSWORD)


async def seed_people(
    session: AsyncSession, viewer: Viewer, editions: Iterable[str], password_hash: str, *, now: datetime
) -> list[DemoPerson]:
    """Make the demonstration's people, consents and handled entries, unless they are there; answer the people."""
    around = await _surroundings(session, viewer, editions, now)
    people = list(_people(around))
    made = {person.login: await _make(session, viewer, person, password_hash, now) for person in people}
    if any(made.values()):
        await _consent(session, viewer, around, people, now)
        await _hand_out(session, viewer, around, people, now)
    return people


def _is_fitting(node: InstitutionNode, *, guarantor: bool) -> bool:
    return node.kind is InstitutionKind.GUARANTOR if guarantor else node.kind.is_bank


async def _surroundings(
    session: AsyncSession, viewer: Viewer, editions: Iterable[str], now: datetime
) -> _Surroundings:
    entries: list[EntrySummary] = []
    responsible: dict[str, int] = {}
    for code in editions:
        entries += await _entries(session, viewer, code)
        opened = await whitelist.edition(session, viewer, code)
        rows = await allocation.current_assignments(session, viewer, opened.id)
        responsible |= {row.entry_code: row.institution_id for row in rows if row.institution_id is not None}
    states = await history_service.docking_states_of(session, viewer, sorted(responsible), now=now)
    financed = frozenset(code for code, state in states.items() if state.stage is Stage.DISBURSED)
    try:
        person = await people_service.person_by_login(session, viewer, ENTERPRISE, now=now)
        own = person.grants[-1].scope
    except NotFound:
        own = None
    return _Surroundings(await institution_tree(session, viewer), entries, responsible, financed, own)


async def _entries(session: AsyncSession, viewer: Viewer, edition: str) -> list[EntrySummary]:
    """Answer the admitted entries of an edition that were not withdrawn, by code."""
    entries: list[EntrySummary] = []
    which = EntryFilter(edition=edition, status="admitted")
    page: PageRequest | None = PageRequest(limit=MOST_ROWS)
    while page is not None:
        found = await whitelist.list_entries(session, viewer, page, which)
        entries += [entry for entry in found.items if entry.withdrawn_at is None]
        page = PageRequest(limit=MOST_ROWS, cursor=found.next) if found.next else None
    return entries


def _people(around: _Surroundings) -> Iterable[DemoPerson]:
    settings = get_settings()
    branch, guarantor = around.busiest(guarantor=False), around.busiest(guarantor=True)
    above = around.tree.path(branch.id)[max(0, len(around.tree.path(branch.id)) - 2)]
    mine = around.of([branch.id])
    chain = Counter(entry.chain for entry in around.entries if entry.chain).most_common(1)
    firm = _firm(around, mine or around.entries, chain[0][0] if chain else None)
    yield DemoPerson(
        "demo-coordinator", "演示·省统筹", Role.COORDINATOR, settings.jurisdiction, "the whole province"
    )
    yield DemoPerson("demo-harbin", "演示·市统筹", Role.COORDINATOR, HARBIN, "Harbin and its counties")
    yield DemoPerson(
        "demo-bank", "演示·银行管理员", Role.BANK_ADMINISTRATOR, above.code, f"{above.name} and all below it"
    )
    yield DemoPerson(
        "demo-manager",
        "演示·客户经理",
        Role.RELATIONSHIP_MANAGER,
        branch.code,
        f"{len(mine)} entries of {branch.name}",
    )
    yield DemoPerson(
        "demo-guarantor",
        "演示·担保机构",
        Role.GUARANTOR,
        guarantor.code,
        f"{len(around.of([guarantor.id]))} entries routed to {guarantor.name}",
    )
    if chain:
        code, count = chain[0]
        yield DemoPerson("demo-chain", "演示·链办", Role.CHAIN_MANAGER, code, f"{count} entries of the chain")
    yield DemoPerson(
        ENTERPRISE, "演示·企业", Role.ENTERPRISE, firm.uscc, f"{firm.name}, its need and matches"
    )
    yield DemoPerson("demo-auditor", "演示·审计员", Role.AUDITOR, "", "the audit trail, and all decisions")
    yield DemoPerson(
        "demo-administrator", "演示·系统管理员", Role.ADMINISTRATOR, "", "accounts, and no case at all"
    )


def _firm(around: _Surroundings, entries: Sequence[EntrySummary], chain: str | None) -> EntrySummary:
    """Answer the entry whose firm has most to see: of the chain whose people there are, and with something still open."""

    def is_chosen(one: EntrySummary) -> bool:
        if around.own is not None:
            return one.uscc == around.own
        codes = [each.code for each in around.entries if each.uscc == one.uscc]
        return one.chain == chain and not around.is_financed.intersection(codes)

    return next(filter(is_chosen, entries), entries[0])


async def _make(
    session: AsyncSession, viewer: Viewer, person: DemoPerson, password_hash: str, now: datetime
) -> bool:
    try:
        await people_service.person_by_login(session, viewer, person.login, now=now)
    except NotFound:
        made = await account_service.make_person(
            session, login_key(person.login), person.name, password_hash, now=now, is_demo=True
        )
        grant = Grant(person.role, person.scope, shanghai_date(now))
        await people_service.store_grant(session, made, grant, viewer.name, now=now)
        return True
    return False


async def _consent(
    session: AsyncSession, viewer: Viewer, around: _Surroundings, people: Iterable[DemoPerson], now: datetime
) -> None:
    scopes = {person.scope for person in people if person.role in {Role.BANK_ADMINISTRATOR, Role.GUARANTOR}}
    tops = [node for node in map(around.tree.find, sorted(scopes)) if node is not None]
    consenting = [
        entry.need
        for top in tops
        for at, entry in enumerate(around.of(around.below(top)), 1)
        if at % WITHHELD_EVERY
    ]
    await consent_service.give_many_consents(session, viewer, consenting, evidence=EVIDENCE, now=now)


async def _hand_out(
    session: AsyncSession, viewer: Viewer, around: _Surroundings, people: Iterable[DemoPerson], now: datetime
) -> None:
    [manager] = [person for person in people if person.role is Role.RELATIONSHIP_MANAGER]
    branch = around.tree.find(manager.scope)
    assert branch is not None, "the manager was given this institution"
    found = await people_service.person_by_login(session, viewer, manager.login, now=now)
    for entry in around.of([branch.id])[:HANDLED]:
        handler = HandlerIn(person=found.id, institution=branch.code)
        await handler_service.hand_to(session, viewer, entry.code, handler, expect=any_version, now=now)
