"""Use cases of batch matches of core firms' lists: run one, its counts, its matches as far as each viewer may see them."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.core_lists import match_queries, queries, telling_service
from app.core_lists.counts import Release, next_release
from app.core_lists.kinds import DECOUPLED, ON_CORE, ProductKind, fits_relation, kinds_of
from app.core_lists.match_queries import MatchSeen, MemberFacts
from app.core_lists.notices import matched_notice
from app.core_lists.posing import ListedFirm, Posed, pose
from app.core_lists.reading_service import found
from app.core_lists.rules import LIST_STATE_NAMES, ListAct, ListState, Relation, VersionState, possible
from app.core_lists.schemas import MatchOut, MemberOut, RunIn, RunOut
from app.core_lists.tables import CoreList, CoreListRun
from app.core_lists.views import match_out, member_out, release_of, run_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date
from app.matching.engine import Candidates, Matcher, Mode
from app.matching.gathering import gather, shelf
from app.matching.inputs import NeedReader, Surroundings

MOST_FITS, MOST_ASKS = 3, 2
"""So many products of a kind are kept for a firm: that fit, and that would if something were known."""
FITS, ASKS = "fits", "asks"


@dataclass(slots=True)
class Found:
    """What a run came to: rows of matches, and how many firms each kind fits."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    fits: Counter[str] = field(default_factory=Counter)
    asks: Counter[str] = field(default_factory=Counter)
    matched: int = 0
    on_core: int = 0
    decoupled: int = 0
    without_amount: int = 0
    inputs_hash: str = ""


async def run_match(
    session: AsyncSession, viewer: Viewer, core_uscc: str, body: RunIn, *, now: datetime
) -> RunOut:
    """Match the firms of a list whose consent holds, to products that rest on the core firm and to those that do not.

    The matches of the run before are replaced; its counts stay on record.

    Raises:
        NotFound: no such list that this viewer may see.
        Forbidden: it lies in another region.
        Conflict: the list is not taken up, or has ended.
        Unavailable: no loan prime rate is known for the day.
    """
    row = await found(session, core_uscc, is_locked=True)
    require(viewer, Action.REVIEW_CORE_LISTS, Target(region=row.region_code, uscc=core_uscc))
    _check(row)
    today = shanghai_date(now)
    firms = await match_queries.consented(session, row.id, today)
    around = await gather(session, viewer, today)
    report("matching", 0, len(firms))
    come = await asyncio.to_thread(_match, around, firms, body)
    before = await match_queries.last_run(session, row.id)
    run = CoreListRun(
        list_id=row.id,
        region_code=row.region_code,
        number=before.number + 1 if before else 1,
        on_day=today,
        share_percent=body.share_percent,
        term_months=body.term_months,
        counts=_counts(come, len(firms)),
        inputs_hash=come.inputs_hash,
        run_by=viewer.name,
        created_at=now,
    )
    await queries.add(session, run)
    await match_queries.drop_matches_of_list(session, row.id)
    shell = {"run_id": run.id, "list_id": row.id, "region_code": row.region_code}
    await match_queries.put_matches(session, (one | shell for one in come.rows))
    await _release(session, row, run, now)
    audit_service.note(
        session, "core_list_match", "core_list", core_uscc, now=now, detail={"run": run.number}
    )
    banks = {around.tree.node(one["institution_id"]).code for one in come.rows if one["fit"] == FITS}
    if banks:
        await telling_service.tell(session, [matched_notice(row.id, run.number, banks)], now=now)
    return run_out(run)


def _check(row: CoreList) -> None:
    state = ListState(row.state)
    if ListAct.MATCH not in possible(state):
        fault = Fault(
            "uscc", f"is {state.value} ({LIST_STATE_NAMES[state]})", "Take the list up first.", row.core_uscc
        )
        raise Conflict("The list cannot be matched now.", [fault])


def _counts(come: Found, consented: int) -> dict[str, Any]:
    return {
        "consented": consented,
        "without_amount": come.without_amount,
        "matched": come.matched,
        "on_core": come.on_core,
        "decoupled": come.decoupled,
        "fits": dict(sorted(come.fits.items())),
        "asks": dict(sorted(come.asks.items())),
    }


async def _release(session: AsyncSession, row: CoreList, run: CoreListRun, now: datetime) -> None:
    """Publish to the core firm what may be published (core_lists/counts.py)."""
    current = await queries.version_in_state(session, row.id, VersionState.CURRENT)
    assert current is not None, "what is taken up has a version"
    counts = run.counts
    basis = {name: counts[name] for name in ("consented", "matched", "on_core", "decoupled")}
    basis |= {"known": await match_queries.listed_now(session, row.id)}
    basis |= {f"kind:{kind.value}": counts["fits"].get(kind.value, 0) for kind in ProductKind}
    before, fresh = release_of(row.figures), Release(current.listed, basis)
    if next_release(before, fresh) is fresh:
        row.figures = {
            "listed": fresh.listed,
            "basis": basis,
            "version": current.number,
            "as_of": now.isoformat(),
        }
        row.version, row.updated_at = row.version + 1, now
        await session.flush()


def _match(around: Surroundings, firms: Sequence[MemberFacts], body: RunIn) -> Found:
    """Match firm by firm: those of a list are some thousands at most."""
    come = Found()
    reader, matcher = NeedReader(around), shelf.matcher_of(around)
    posed: list[tuple[int, Relation, Posed]] = []
    for member, industry, established_on, facts in firms:
        relation = Relation(member.relation)
        firm = ListedFirm(
            member.firm_region,
            industry,
            established_on,
            relation,
            member.chain_code,
            member.yearly_fen,
            facts,
        )
        made = pose(firm, share_percent=body.share_percent, term_months=body.term_months)
        if made is None:
            come.without_amount += 1
        else:
            posed.append((member.id, relation, made))
    lines = [
        f"{one}|{made.on_core.content_hash()}|{made.own.content_hash()}" for one, _relation, made in posed
    ]
    come.inputs_hash = sha256(
        "\n".join([around.matcher_key, around.on.isoformat(), *lines]).encode()
    ).hexdigest()
    if not posed or not matcher.products:
        return come
    lines_of = {
        ON_CORE: matcher.encode(reader.need_of(made.on_core) for _id, _relation, made in posed),
        DECOUPLED: matcher.encode(reader.need_of(made.own) for _id, _relation, made in posed),
    }
    for family, needs in lines_of.items():
        for mode, fit, most in ((Mode.ELIGIBLE, FITS, MOST_FITS), (Mode.UNKNOWN, ASKS, MOST_ASKS)):
            pairs = matcher.candidates(needs, mode)
            come.rows += (row | {"fit": fit} for row in _rows(around, matcher, posed, family, pairs, most))
    _count(come)
    return come


def _rows(
    around: Surroundings,
    matcher: Matcher,
    posed: Sequence[tuple[int, Relation, Posed]],
    family: Sequence[ProductKind],
    pairs: Candidates,
    most: int,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each of the best products of each kind of a family, firm by firm."""
    kinds = {product.code: kinds_of(product.terms) for product in around.products}
    institutions = {product.code: product.institution_id for product in around.products}
    for place, (member_id, relation, made) in enumerate(posed):
        span = slice(pairs.starts[place], pairs.starts[place + 1])
        ranked = sorted(
            zip(pairs.products[span].tolist(), pairs.scores[span].tolist(), strict=True),
            key=lambda pair: (-pair[1], pair[0]),
        )
        wanted = [kind for kind in family if fits_relation(kind, relation)]
        for kind, product, score, rank in _best(ranked, matcher, kinds, wanted, most):
            yield {
                "member_id": member_id,
                "product_revision_id": matcher.products[product].revision_id,
                "institution_id": institutions[matcher.products[product].code],
                "kind": kind.value,
                "place": rank,
                "score": score,
                "amount_fen": made.own.amount,
            }


def _best(
    ranked: Sequence[tuple[int, int]],
    matcher: Matcher,
    kinds: Mapping[str, Sequence[ProductKind]],
    wanted: Sequence[ProductKind],
    most: int,
) -> Iterator[tuple[ProductKind, int, int, int]]:
    """Yield (kind, product, score, place) of the best products of each kind."""
    for kind in wanted:
        of_kind = [pair for pair in ranked if kind in kinds[matcher.products[pair[0]].code]]
        for place, (product, score) in enumerate(of_kind[:most], start=1):
            yield kind, product, score, place


def _count(come: Found) -> None:
    """Count firms, not products: by kind, by family, and at all."""
    come.rows.sort(key=lambda row: (row["member_id"], _ORDER[row["kind"]], row["fit"] != FITS, row["place"]))
    fitting: dict[int, set[str]] = defaultdict(set)
    asking: dict[int, set[str]] = defaultdict(set)
    for row in come.rows:
        (fitting if row["fit"] == FITS else asking)[row["member_id"]].add(row["kind"])
    on_core, decoupled = {one.value for one in ON_CORE}, {one.value for one in DECOUPLED}
    for kinds in fitting.values():
        come.fits.update(kinds)
    for member, kinds in asking.items():
        come.asks.update(kinds - fitting.get(member, set()))
    come.matched = len(fitting)
    come.on_core = sum(bool(kinds & on_core) for kinds in fitting.values())
    come.decoupled = sum(bool(kinds & decoupled) for kinds in fitting.values())


_ORDER: Final = {kind.value: place for place, kind in enumerate((*ON_CORE, *DECOUPLED))}


async def list_runs(
    session: AsyncSession, _viewer: Viewer, core_uscc: str, page: PageRequest
) -> Page[RunOut]:
    """Answer the runs of a list, the newest first.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    row = await found(session, core_uscc)
    rows = await match_queries.page_of_runs(session, row.id, page.after_number(), page.limit + 1)
    items = [run_out(one) for one in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].number) if len(rows) > page.limit else None)


async def get_run(session: AsyncSession, _viewer: Viewer, core_uscc: str, number: int) -> RunOut:
    """Answer one run of a list.

    Raises:
        NotFound: no such list or run that this viewer may see.
    """
    row = await found(session, core_uscc)
    run = await match_queries.run_of(session, row.id, number)
    if run is None:
        raise NotFound("No such match of this list.", [Fault("number", "not stored", value=str(number))])
    return run_out(run)


async def list_matches(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    core_uscc: str | None = None,
    kind: ProductKind | None = None,
    fit: str | None = None,
) -> Page[MatchOut]:
    """Answer matches: all of a region's lists to its coordinators, to a bank those with its own products.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    list_id = None if core_uscc is None else (await found(session, core_uscc)).id
    rows = await match_queries.page_of_matches(
        session,
        list_id=list_id,
        kind=None if kind is None else kind.value,
        fit=fit,
        after=page.after_number(),
        limit=page.limit + 1,
    )
    more = len(rows) > page.limit
    items = [shown_to(viewer, one) for one in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(rows[page.limit - 1][0].id) if more else None)


async def list_members(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    page: PageRequest,
    *,
    answer: str | None,
    today: date,
) -> Page[MemberOut]:
    """Answer the known firms on a list with their answers and matches, to who judges the list.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    row = await found(session, core_uscc)
    rows = await queries.page_of_members(session, row.id, answer, page.after_number(), page.limit + 1)
    taken = rows[: page.limit]
    matches = await match_queries.matches_of_members(session, [one.id for one in taken])
    by_member: dict[int, list[MatchOut]] = defaultdict(list)
    for one in matches:
        by_member[one[1].id].append(shown_to(viewer, one))
    items = [member_out(one, today, by_member[one.id]) for one in taken]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > page.limit else None)


def shown_to(viewer: Viewer, seen: MatchSeen) -> MatchOut:
    """Show a match; a bank reads what the core firm says of their trade only as the firm allows."""
    sees_all = viewer.is_operator or viewer.has(Role.COORDINATOR, Role.AUDITOR, Role.ENTERPRISE)
    return match_out(seen, with_trade=sees_all or seen[1].shows_trade)
