"""Use cases of posts and places of chains: appoint, hand over, end; what a chain covers; days without 链长."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains import queries
from app.chains.importing import reference_book
from app.chains.people import POSTS, Holding, Place, PlaceKind, Post, Vacancy, appoint, hand_over, vacancies
from app.chains.places import PLACE_LABELS, Covered, PlaceWord, faults_of_place
from app.chains.post_schemas import PlaceIn, PlaceOut, PostEnd, PostHandOver, PostIn, PostOut, VacancyOut
from app.chains.rows import chain_in_force, covered
from app.chains.rules import Period
from app.chains.tables import Chain, ChainManager, ChainPlace
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.shanghai import day_text, shanghai_date
from app.reference.regions import region_contains

SOON: Final = 30
"""Days ahead for which a coming vacancy is told."""
Expect = Callable[[str], None]


async def list_posts(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> list[PostOut]:
    """Answer who held and holds posts of a chain, banks that its plan contracts among them, by post and first day.

    Raises:
        NotFound: there is no such chain.
    """
    chain, today = await _stored(session, code), shanghai_date(now)
    order = list(Post)
    found = [_post_out(chain.code, row, today) for row in await queries.managers_of(session, chain.id)]
    found += await _contracted(session, viewer, chain, today)
    return sorted(
        found, key=lambda one: (order.index(Post(one.post)), one.place or "", one.since, one.holder)
    )


async def _contracted(session: AsyncSession, viewer: Viewer, chain: Chain, today: date) -> list[PostOut]:
    plan = chain_in_force(chain, await queries.plans_of(session, chain.id), today).plan
    if plan is None:
        return []
    tree, rule = await institution_tree(session, viewer), POSTS[Post.BANK]
    return [
        PostOut(
            id=None, chain=chain.code, post=Post.BANK.value, post_name=rule.name, title=rule.name,
            holder=node.name if (node := tree.find(bank.institution)) else bank.institution,
            body=bank.institution, since=plan.since, until=plan.until, place_kind=None, place=None,
            place_name=None, gap_reason=None, clause=plan.citation("contracted"), is_in_office=True,
        )
        for bank in plan.contracted
    ]  # fmt: skip


async def get_post(
    session: AsyncSession, _viewer: Viewer, code: str, number: int, *, now: datetime
) -> PostOut:
    """Answer one post's period.

    Raises:
        NotFound: the chain has no such post.
    """
    chain = await _stored(session, code)
    row = _row(await queries.managers_of(session, chain.id), code, number)
    return _post_out(code, row, shanghai_date(now))


async def appoint_to_post(
    session: AsyncSession, viewer: Viewer, code: str, body: PostIn, *, now: datetime
) -> PostOut:
    """Have somebody hold a post from a day on.

    Raises:
        NotFound: there is no such chain.
        Forbidden: it is not one of the viewer's region.
        Refused: the days overlap another's, or a team's place is none that the chain covers.
    """
    chain, rows = await _for_change(session, viewer, code)
    place = await _place_of(session, chain, body, shanghai_date(now))
    new = Holding(code, Post(body.post), body.holder, body.body, Period(body.since, body.until), place)
    _named(lambda: appoint([_holding(code, row) for row in rows], new))
    row = _new_row(chain, new, now)
    await queries.add(session, row)
    _note(session, "appoint_post", code, row, now)
    return _post_out(code, row, shanghai_date(now))


async def hand_over_post(
    session: AsyncSession, viewer: Viewer, code: str, number: int, body: PostHandOver, *, expect: Expect,
    now: datetime,
) -> PostOut:  # fmt: skip
    """End a period the day before, and have somebody else hold the post next; answer the next period.

    A gap needs its reason: without one a hand-over that leaves days without holder is refused.

    Raises:
        NotFound: the chain has no such post.
        Forbidden: it is not one of the viewer's region.
        PreconditionFailed: somebody changed the period meanwhile.
        Refused: the days leave a gap for which no reason is told, or overlap another's.
    """
    chain, rows = await _for_change(session, viewer, code)
    row = _row(rows, code, number)
    expect(version_of(row.until))
    if body.gap_until is not None and body.gap_reason is None:
        fault = Fault("gap_reason", "missing: there is a gap", "Say why, or leave no gap.")
        raise Refused("Nothing was changed.", [fault])
    holdings = {one.id: _holding(code, one) for one in rows}
    current = holdings[number]
    *_others, following = _named(
        lambda: hand_over(
            list(holdings.values()), current, body.holder, body.body, body.on, gap_until=body.gap_until,
            until=body.until,
        ),
        "on",
    )  # fmt: skip
    row.until = body.on - timedelta(days=1)
    new = _new_row(chain, following, now)
    new.gap_reason = body.gap_reason if body.gap_until is not None else None
    await queries.add(session, new)
    _note(session, "hand_over_post", code, new, now)
    return _post_out(code, new, shanghai_date(now))


async def end_post(
    session: AsyncSession, viewer: Viewer, code: str, number: int, body: PostEnd, *, expect: Expect,
    now: datetime,
) -> PostOut:  # fmt: skip
    """Set or clear the last day of a period.

    Raises:
        NotFound: the chain has no such post.
        Forbidden: it is not one of the viewer's region.
        PreconditionFailed: somebody changed the period meanwhile.
        Refused: the last day lies before the first, or the longer period overlaps another's.
    """
    _chain, rows = await _for_change(session, viewer, code)
    row = _row(rows, code, number)
    expect(version_of(row.until))
    own = _holding(code, row)
    changed = Holding(code, own.post, own.holder, own.body, Period(row.since, body.until), own.place)
    _named(lambda: appoint([_holding(code, one) for one in rows if one is not row], changed), "until")
    row.until = body.until
    await queries.add(session)
    _note(session, "end_post", code, row, now)
    return _post_out(code, row, shanghai_date(now))


def version_of(until: date | None) -> str:
    """Answer the version of a period, for its ETag: its last day, or `open`."""
    return until.isoformat() if until is not None else "open"


async def list_places(session: AsyncSession, _viewer: Viewer, code: str, *, now: datetime) -> list[PlaceOut]:
    """Answer what a chain covered and covers, by kind, code and first day.

    Raises:
        NotFound: there is no such chain.
    """
    chain = await _stored(session, code)
    return [_place_out(code, row, shanghai_date(now)) for row in await queries.places_of(session, chain.id)]


async def get_place(
    session: AsyncSession, _viewer: Viewer, code: str, number: int, *, now: datetime
) -> PlaceOut:
    """Answer one place.

    Raises:
        NotFound: the chain has no such place.
    """
    chain = await _stored(session, code)
    row = _place_row(await queries.places_of(session, chain.id), code, number)
    return _place_out(code, row, shanghai_date(now))


async def add_place(
    session: AsyncSession, viewer: Viewer, code: str, body: PlaceIn, *, now: datetime
) -> PlaceOut:
    """Have a chain cover a region, cluster, zone or park from a day on.

    Raises:
        NotFound: there is no such chain.
        Forbidden: it is not one of the viewer's region.
        Refused: the region is unknown or lies elsewhere, the place is without name, or the days are doubled.
    """
    chain, _rows = await _for_change(session, viewer, code)
    regions, kind = reference_book().regions, PlaceWord(body.kind)
    region = regions.get(body.code) if kind is PlaceWord.REGION else None
    name = body.name or (region.name if region is not None else None)
    lies_in = None if kind is PlaceWord.REGION else body.region
    new = Covered(kind, body.code, name or body.code, Period(body.since, body.until), lies_in)
    faults = list(_order_faults(new.period))
    if name is None and kind is not PlaceWord.REGION:
        faults.append(Fault("name", "missing: a cluster, zone or park needs its name", "Name it."))
    held = [covered(row) for row in await queries.places_of(session, chain.id)]
    faults += faults_of_place(new, held, chain.jurisdiction, regions)
    if faults:
        raise Refused("Nothing was changed.", faults)
    row = ChainPlace(
        chain_id=chain.id, kind=kind.value, code=body.code, name=new.name, region=lies_in, since=body.since,
        until=body.until, created_at=now,
    )  # fmt: skip
    await queries.add(session, row)
    audit_service.note(session, "cover_place", "chain", code, now=now, detail={"place": body.code})
    return _place_out(code, row, shanghai_date(now))


async def end_place(
    session: AsyncSession, viewer: Viewer, code: str, number: int, body: PostEnd, *, expect: Expect,
    now: datetime,
) -> PlaceOut:  # fmt: skip
    """Set or clear the last day on which a chain covers a place.

    Raises:
        NotFound: the chain has no such place.
        Forbidden: it is not one of the viewer's region.
        PreconditionFailed: somebody changed it meanwhile.
        Refused: the last day lies before the first, or the longer period doubles another.
    """
    chain, _rows = await _for_change(session, viewer, code)
    places = await queries.places_of(session, chain.id)
    row = _place_row(places, code, number)
    expect(version_of(row.until))
    changed = replace(covered(row), period=Period(row.since, body.until))
    faults = list(_order_faults(changed.period))
    others = [covered(one) for one in places if one is not row]
    faults += faults_of_place(changed, others, chain.jurisdiction, reference_book().regions)
    if faults:
        raise Refused(
            "Nothing was changed.", [Fault("until", one.message, one.remedy, one.value) for one in faults]
        )
    row.until = body.until
    await queries.add(session)
    audit_service.note(session, "end_place", "chain", code, now=now, detail={"place": row.code})
    return _place_out(code, row, shanghai_date(now))


async def list_vacancies(
    session: AsyncSession, viewer: Viewer, *, code: str | None = None, now: datetime, ahead: int = SOON
) -> list[VacancyOut]:
    """Answer the days from today on, `ahead` days far, on which chains of the jurisdiction (or one of them) have no 链长."""
    today = shanghai_date(now)
    every, rows = await _all_or_one(session, code)
    chains = {one.id: one for one in every if region_contains(viewer.jurisdiction, one.jurisdiction)}
    held = [
        _holding(chains[row.chain_id].code, row)
        for row in rows
        if row.chain_id in chains and row.role == Post.LEADER
    ]
    names = {chain.code: chain.name for chain in chains.values()}
    window = Period(today, today + timedelta(days=ahead))
    return [_vacancy_out(one, names, window) for one in vacancies(names, held, window)]


async def _all_or_one(session: AsyncSession, code: str | None) -> tuple[Sequence[Any], Sequence[Any]]:
    if code is None:
        return await queries.all_chains(session), await queries.managers_of(session)
    one = await queries.shown_chain(session, code)
    return [] if one is None else [one], await queries.shown_managers(session, code)


def _vacancy_out(one: Vacancy, names: dict[str, str], window: Period) -> VacancyOut:
    until = None if one.days.until == window.until else one.days.until
    held = one.last.period.until if one.last else None
    is_now = one.days.holds(window.since)
    since = held + timedelta(days=1) if is_now and held else one.days.since
    last = (
        f"{one.last.holder}（{one.last.body}）"
        if one.last and one.last.body
        else one.last and one.last.holder
    )
    before = f"上一任{last}任至{day_text(held)}" if held else "此前从未有人"
    span = f"自{day_text(since)}起" if until is None else f"自{day_text(since)}至{day_text(until)}"
    return VacancyOut(
        chain=one.chain, chain_name=names[one.chain], since=since, until=until, last=last, is_now=is_now,
        sentence=f"{names[one.chain]}{span}没有链长：{before}。",
    )  # fmt: skip


def _named(work: Callable[[], tuple[Holding, ...]], field: str = "since") -> tuple[Holding, ...]:
    """Answer what work decides; faults of the last holding name the fields that were sent."""
    try:
        return work()
    except Refused as error:
        raise Refused(error.detail, [_sent(one, field) for one in error.faults]) from error


def _sent(fault: Fault, field: str) -> Fault:
    if fault.where.startswith("holdings["):
        where = "place" if fault.where.endswith(".place") else field
        return Fault(where, fault.message, fault.remedy, fault.value)
    return fault


def _order_faults(period: Period) -> Iterable[Fault]:
    if period.until is not None and period.until < period.since:
        yield Fault(
            "until", f"lies before the first day, {period.since}", "Correct the days.", str(period.until)
        )


async def _place_of(session: AsyncSession, chain: Chain, body: PostIn, today: date) -> Place | None:
    if body.place is None:
        return None
    found = [
        row
        for row in await queries.places_of(session, chain.id)
        if (row.kind, row.code) == (body.place.kind, body.place.code)
        and Period(row.since, row.until).holds(max(today, body.since))
    ]
    if not found:
        remedy = "Have the chain cover the cluster, zone or park first."
        raise Refused(
            "Nothing was changed.", [Fault("place", "is not covered by the chain", remedy, body.place.code)]
        )
    return Place(PlaceKind(body.place.kind), found[0].code, found[0].name)


def _holding(code: str, row: ChainManager) -> Holding:
    place = (
        Place(PlaceKind(row.place_kind), row.place_code or "", row.place_name or "")
        if row.place_kind
        else None
    )
    return Holding(code, Post(row.role), row.name, row.body, Period(row.since, row.until), place)


def _new_row(chain: Chain, holding: Holding, now: datetime) -> ChainManager:
    place = holding.place
    return ChainManager(
        chain_id=chain.id, role=holding.post.value, name=holding.holder, body=holding.body,
        since=holding.period.since, until=holding.period.until,
        place_kind=place.kind.value if place else None, place_code=place.code if place else None,
        place_name=place.name if place else None, gap_reason=None, created_at=now,
    )  # fmt: skip


def _post_out(code: str, row: ChainManager, today: date) -> PostOut:
    own = _holding(code, row)
    rule = POSTS[own.post]
    return PostOut(
        id=row.id, chain=code, post=own.post.value, post_name=rule.name, title=own.title, holder=own.holder,
        body=own.body, since=row.since, until=row.until, place_kind=row.place_kind, place=row.place_code,
        place_name=row.place_name, gap_reason=row.gap_reason, clause=rule.clause,
        is_in_office=own.period.holds(today),
    )  # fmt: skip


def _place_out(code: str, row: ChainPlace, today: date) -> PlaceOut:
    region = reference_book().regions.get(row.region) if row.region else None
    return PlaceOut(
        id=row.id, chain=code, kind=row.kind, kind_name=PLACE_LABELS[PlaceWord(row.kind)], code=row.code,
        name=row.name, region=row.region,
        region_name=region.name if region else None, since=row.since, until=row.until, is_covered=Period(row.since, row.until).holds(today),
    )  # fmt: skip


def _note(session: AsyncSession, what: str, code: str, row: ChainManager, now: datetime) -> None:
    audit_service.note(session, what, "chain", code, now=now, detail={"post": row.role, "id": row.id})


def _row(rows: Sequence[ChainManager], code: str, number: int) -> ChainManager:
    found = next((row for row in rows if row.id == number), None)
    if found is None:
        raise NotFound(f"The chain {code} has no post {number}.")
    return found


def _place_row(rows: Sequence[ChainPlace], code: str, number: int) -> ChainPlace:
    found = next((row for row in rows if row.id == number), None)
    if found is None:
        raise NotFound(f"The chain {code} has no place {number}.")
    return found


async def _stored(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Chain:
    row = await queries.chain_by_code(session, code, is_for_change=is_for_change)
    if row is None:
        raise NotFound(f"There is no chain {code}.")
    return row


async def _for_change(
    session: AsyncSession, viewer: Viewer, code: str
) -> tuple[Chain, Sequence[ChainManager]]:
    """Answer a chain, held until the transaction ends, with all posts' periods; a chain's manager does not appoint."""
    chain = await _stored(session, code, is_for_change=True)
    require(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction))
    return chain, await queries.managers_of(session, chain.id)
