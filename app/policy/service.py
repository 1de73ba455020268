"""Use cases of policy: what applies where and when, packs to read, adoptions to record."""

from collections.abc import Container, Iterable, Sequence
from datetime import date, datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.recording import looked_once
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy import adopting, queries
from app.policy.loading import load_policy_library
from app.policy.matrix import CitedClause, MatrixRow, carriers_of, clause_numbered, matrix_rows, pack_rows
from app.policy.packs import Pack, PolicyLibrary
from app.policy.precedence import Adoption, lineage, make_rule_book
from app.policy.rulebook import AppliedParameter, RuleBook
from app.policy.schemas import AdoptionEndIn, AdoptionIn, AdoptionOut, PackOut
from app.policy.tables import PolicyAdoption
from app.reference.book import load_reference_book


def library() -> PolicyLibrary:
    """Answer all packs of this installation.

    Raises:
        Refused: a pack has faults; names each by file, line and key.
    """
    return load_policy_library(get_settings().seed_dir)


async def rule_book(session: AsyncSession, jurisdiction: str, on: date) -> RuleBook:
    """Answer everything that applies to a jurisdiction on a day, adoptions included."""

    async def make() -> RuleBook:
        return make_rule_book(library(), await _adoptions(session, lineage(jurisdiction)), jurisdiction, on)

    return await looked_once(session, ("rule book", jurisdiction, on), make)


async def rule_books(
    session: AsyncSession, wanted: Iterable[tuple[str, date]], *, keys: Container[str] | None = None
) -> dict[tuple[str, date], RuleBook]:
    """Answer the rule books of many jurisdictions on their days, in one statement; of some keys alone, if named."""
    places = sorted(set(wanted))
    above = sorted({code for jurisdiction, _day in places for code in lineage(jurisdiction)})
    adoptions = await _adoptions(session, above)
    packs = library()
    return {place: make_rule_book(packs, adoptions, *place, keys) for place in places}


async def _adoptions(session: AsyncSession, jurisdictions: Sequence[str]) -> tuple[Adoption, ...]:
    async def look() -> tuple[Adoption, ...]:
        return tuple(map(_value, await queries.adoptions_for(session, jurisdictions)))

    return await looked_once(session, ("adoptions", *jurisdictions), look)


async def rule_book_of_region(
    session: AsyncSession, viewer: Viewer, jurisdiction: str | None, on: date
) -> RuleBook:
    """Answer the rule book of a region, by default the viewer's.

    Raises:
        Refused: no region has this code today.
    """
    return await rule_book(session, _known_region(jurisdiction or viewer.jurisdiction), on)


async def parameter(
    session: AsyncSession, viewer: Viewer, key: str, jurisdiction: str | None, on: date
) -> AppliedParameter:
    """Answer the value that applies on a day, with clause and adoption.

    Raises:
        NotFound: nothing in force there sets it.
        Refused: no region has this code today.
    """
    book = await rule_book_of_region(session, viewer, jurisdiction, on)
    try:
        return book.parameter(key)
    except NotFound as error:
        fault = Fault("key", "not set here on that day", adopting.where_set(library(), key), key)
        raise NotFound(error.detail, [fault]) from error


def pack_of(code: str) -> Pack:
    """Answer the pack of a code.

    Raises:
        NotFound: there is none.
    """
    pack = library().pack(code)
    if pack is None:
        known = ", ".join(pack.code for pack in library().packs)
        raise NotFound(f"There is no pack {code}; there are {known}.")
    return pack


def packs_page(page: PageRequest, on: date) -> Page[PackOut]:
    """Answer packs by code."""
    after = page.after()
    last = "" if after is None else str(after[0])
    later = [pack for pack in library().packs if pack.code > last]
    shown = later[: page.limit]
    cursor = encode_cursor(shown[-1].code) if len(later) > len(shown) else None
    return Page(items=[PackOut.of(pack, on) for pack in shown], next=cursor)


def clauses_of(code: str) -> tuple[MatrixRow, ...]:
    """Answer every clause of a pack with what carries it.

    Raises:
        NotFound: there is no such pack.
    """
    return tuple(pack_rows(pack_of(code)))


def clause_of(code: str, number: str) -> MatrixRow:
    """Answer the clause that a person means by 十六, （十六） or 16.

    Raises:
        NotFound: there is no such pack, or no such clause in it.
    """
    pack = pack_of(code)
    clause = clause_numbered(pack, number)
    if clause is None:
        known = "、".join(clause.number for clause in pack.clauses)
        raise NotFound(f"{pack.name} has no clause {number}; it has {known}.")
    return MatrixRow(pack.code, pack.status, clause, carriers_of(pack, clause))


def clauses_cited(texts: Iterable[str]) -> dict[str, CitedClause]:
    """Answer the clauses that citations mean, such as 黑银发〔2023〕25号（十六）, by the text that cites them.

    What names no clause of a pack of this installation (`产品条款`, a law) is left out.
    """
    found = {}
    for text in dict.fromkeys(texts):
        for pack in library().packs:
            clause = clause_numbered(pack, text.removeprefix(pack.cite_as)) if _cites(text, pack) else None
            if clause is not None:
                found[text] = CitedClause(pack.code, pack.name, clause)
                break
    return found


def _cites(text: str, pack: Pack) -> bool:
    return bool(pack.cite_as) and text.startswith(pack.cite_as)


def matrix() -> tuple[MatrixRow, ...]:
    """Answer clause × carrier of all packs.

    Raises:
        Refused: a pack has faults, such as a clause that names neither a carrier nor a reason.
    """
    return matrix_rows(library())


async def adopt(session: AsyncSession, viewer: Viewer, wanted: AdoptionIn, *, now: datetime) -> AdoptionOut:
    """Record that an item of a pack applies to a jurisdiction from a day on.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Refused: no such pack, item or region, or a region outside the viewer's.
        Conflict: it applies there already, or the jurisdiction has its own.
    """
    require(viewer, Action.ADOPT_POLICY, Target(region=viewer.jurisdiction))
    jurisdiction = wanted.jurisdiction or viewer.jurisdiction
    since = wanted.since or shanghai_date(now)
    await hold(session, f"adoptions:{jurisdiction}")  # an item is adopted once at a time
    rows = await queries.adoptions_for(session, [jurisdiction])
    adopting.check(
        library(),
        adopting.Wish(viewer.jurisdiction, jurisdiction, wanted.pack, wanted.item, since),
        [_value(row) for row in rows],
        region_fault=_region_fault(jurisdiction),
    )
    row = PolicyAdoption(
        jurisdiction=jurisdiction,
        pack=wanted.pack,
        item=wanted.item,
        since=since,
        until=None,
        reason=wanted.reason,
        adopted_by=viewer.name,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return _out(row)


async def end_adoption(
    session: AsyncSession, viewer: Viewer, adoption_id: int, wanted: AdoptionEndIn, *, now: datetime
) -> AdoptionOut:
    """Record the first day on which an adoption no longer applies.

    Raises:
        NotFound: no such adoption that the viewer may see.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Refused: it is not the viewer's region, or the day lies before its first.
        Conflict: it was ended before.
    """
    require(viewer, Action.ADOPT_POLICY, Target(region=viewer.jurisdiction))
    row = await _adoption_row(session, viewer, adoption_id, is_for_change=True)
    until = wanted.until or shanghai_date(now)
    adopting.check_area(viewer.jurisdiction, row.jurisdiction)
    if row.until is not None:
        raise Conflict(f"Adoption {adoption_id} was ended on {row.until.isoformat()} already.")
    if until < row.since:
        raise Refused(
            "An adoption cannot end before it began.",
            [
                Fault(
                    "until",
                    f"lies before {row.since.isoformat()}",
                    "Give that day or a later one.",
                    str(until),
                )
            ],
        )
    row.until = until
    await session.flush()
    return _out(row)


async def adoption(session: AsyncSession, viewer: Viewer, adoption_id: int) -> AdoptionOut:
    """Answer one adoption.

    Raises:
        NotFound: no such adoption that the viewer may see.
    """
    return _out(await _adoption_row(session, viewer, adoption_id))


async def adoptions_page(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[AdoptionOut]:
    """Answer adoptions for the viewer's region and those above it, by id."""
    after = page.after()
    last = int(after[0]) if after is not None and isinstance(after[0], int) else 0
    rows = await queries.adoptions_after(session, viewer, last, page.limit + 1)
    shown = rows[: page.limit]
    cursor = encode_cursor(shown[-1].id) if len(rows) > len(shown) else None
    return Page(items=[_out(row) for row in shown], next=cursor)


async def _adoption_row(
    session: AsyncSession, viewer: Viewer, adoption_id: int, *, is_for_change: bool = False
) -> PolicyAdoption:
    row = await queries.adoption_by_id(session, viewer, adoption_id, is_for_change=is_for_change)
    if row is None:
        raise NotFound(f"There is no adoption {adoption_id}.")
    return row


def _known_region(code: str) -> str:
    fault = _region_fault(code)
    if fault is not None:
        raise Refused("The region is not known.", [fault])
    return code


def _region_fault(code: str) -> Fault | None:
    regions = load_reference_book(get_settings().seed_dir).regions
    if regions.get(code) is not None:
        return None
    return Fault("jurisdiction", "no region has this code today", regions.hint(code), code)


def _value(row: PolicyAdoption) -> Adoption:
    return Adoption(
        row.id, row.jurisdiction, row.pack, row.item, row.since, row.until, row.reason, row.adopted_by
    )


def _out(row: PolicyAdoption) -> AdoptionOut:
    pack = library().pack(row.pack)
    return AdoptionOut(
        id=row.id,
        jurisdiction=row.jurisdiction,
        pack=row.pack,
        item=row.item,
        status=pack.status if pack else None,
        since=row.since,
        until=row.until,
        reason=row.reason,
        adopted_by=row.adopted_by,
        created_at=row.created_at,
    )
