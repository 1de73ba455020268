"""Use cases of institutions: the tree for others, one institution, and imports of many."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.accounts.permissions import Action, require
from app.accounts.rules import Viewer
from app.institutions import queries
from app.institutions.planning import (
    BASIS_POINTS_PER_PERCENT,
    Described,
    ImportPlan,
    InstitutionState,
    parents_first,
    plan_import,
)
from app.institutions.reach import institution_target, new_institution_target, within
from app.institutions.rules import (
    MOST_LINEAGE_CHARACTERS,
    InstitutionKind,
    InstitutionNode,
    InstitutionTree,
    digits_of,
    lineage_below,
)
from app.institutions.schemas import (
    ImportPreview,
    InstitutionIn,
    InstitutionOut,
    InstitutionPatch,
    InstitutionRecord,
)
from app.institutions.tables import Institution
from app.kernel.database import AsyncEngine, AsyncSession, hold
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.recording import leaves, looked_once
from app.kernel.settings import get_settings
from app.policy.yaml_records import Placed, read_records
from app.reference.book import load_reference_book

_CENT: Final = Decimal("0.01")
TREE: Final = "institutions"
"""Held by who changes the tree: each line of descent hangs on all above it."""
_KEPT: Final[WeakKeyDictionary[AsyncEngine, tuple[tuple[Any, ...], InstitutionTree]]] = WeakKeyDictionary()
NOT_IMPORTED: Final = "Nothing was imported: mend these and send the file again."


async def institution_tree(session: AsyncSession, _viewer: Viewer) -> InstitutionTree:
    """Answer all institutions as one pure tree; equal rows answer the tree built before.

    A request that only reads looks once, so that all that it shows speaks of one tree, and reads the rows
    only if something has changed. One that writes reads them each time.
    """
    return await looked_once(session, "institutions", partial(_tree, session))


async def _tree(session: AsyncSession) -> InstitutionTree:
    engine = session.bind
    if not leaves(session) or not isinstance(engine, AsyncEngine):
        return await _stored_tree(session)
    state = await queries.tree_state(session)
    kept = _KEPT.get(engine)
    if kept is None or kept[0] != state:
        kept = _KEPT[engine] = state, await _stored_tree(session)
    return kept[1]


async def _stored_tree(session: AsyncSession) -> InstitutionTree:
    rows = await queries.tree_rows(session)
    areas = await queries.areas_of(session)
    return _tree_of(rows, tuple(areas.items()))


@lru_cache(maxsize=2)
def _tree_of(
    rows: tuple[tuple[Any, ...], ...], areas: tuple[tuple[int, tuple[str, ...]], ...]
) -> InstitutionTree:
    served = dict(areas)
    return InstitutionTree.build(_node_of(row, served.get(row[0], ())) for row in rows)


async def list_institutions(
    session: AsyncSession,
    _viewer: Viewer,
    page: PageRequest,
    *,
    kind: InstitutionKind | None = None,
    region: str | None = None,
    parent: str | None = None,
) -> Page[InstitutionOut]:
    """Answer institutions by code: of a kind, sitting in a region (or below), directly below a parent."""
    after = page.after()
    rows = await queries.page_of_institutions(
        session,
        after=None if after is None else str(after[0]),
        limit=page.limit + 1,
        kind=kind,
        region_prefix=None if region is None else digits_of(region),
        parent=parent,
    )
    shown = rows[: page.limit]
    more = encode_cursor(shown[-1].code) if len(rows) > page.limit else None
    return Page(items=await _written(session, shown), next=more)


async def get_institution(session: AsyncSession, _viewer: Viewer, code: str) -> InstitutionOut:
    """Answer one institution.

    Raises:
        NotFound: there is none of this code.
    """
    return (await _written(session, [await _stored(session, code)]))[0]


async def create_institution(
    session: AsyncSession, viewer: Viewer, data: InstitutionIn, *, now: datetime
) -> InstitutionOut:
    """Store a new institution.

    Raises:
        Forbidden: it would stand neither in the viewer's region nor below the viewer's institution.
        Conflict: the code or credit code is taken.
        Refused: an unknown region or parent, or a kind that does not fit the parent's.
    """
    await hold(session, TREE)
    tree = await institution_tree(session, viewer)
    target = new_institution_target(tree, data.code, data.parent, data.region, viewer.jurisdiction)
    require(viewer, Action.MANAGE_INSTITUTIONS, target)
    if await queries.institution_by_code(session, data.code) is not None:
        raise Conflict(
            f"There is an institution {data.code} already.",
            [Fault("code", "taken", "Change that one, or choose another code.", data.code)],
        )
    await _save(session, [Placed(data, lambda key: key)], now=now, refusal="The institution was not stored.")
    return await get_institution(session, viewer, data.code)


async def change_institution(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    patch: InstitutionPatch,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> InstitutionOut:
    """Change what the patch names; `expect` is given the stored version and raises if it is not the one meant.

    Raises:
        NotFound: there is none of this code.
        Forbidden: it stands, or would stand, neither in the viewer's region nor below the viewer's institution.
        Refused: an unknown region, a parent of another kind, or one that stands below it.
    """
    await hold(session, TREE)
    row = await _stored(session, code, is_for_change=True)
    await _require_reach(session, viewer, row, patch)
    expect(row.version)
    changes = patch.model_dump(exclude_unset=True)
    known = (await get_institution(session, viewer, code)).model_dump()
    merged = {key: known[key] for key in InstitutionIn.model_fields} | changes
    record = InstitutionIn.model_construct(**merged)
    await _save(session, [Placed(record, lambda key: key)], now=now, refusal="Nothing was changed.")
    return await get_institution(session, viewer, code)


async def _require_reach(
    session: AsyncSession, viewer: Viewer, row: Institution, patch: InstitutionPatch
) -> None:
    """Refuse a change of what the viewer does not reach, before it or after it.

    Whoever moves an institution reaches where it goes: nobody moves the top of the own tree.
    """
    tree = await institution_tree(session, viewer)
    require(viewer, Action.MANAGE_INSTITUTIONS, institution_target(tree, row.id, viewer.jurisdiction))
    changes = patch.model_dump(exclude_unset=True)
    region = changes.get("region") or row.region_code
    if "parent" in changes and changes["parent"] != _parent_code(tree, row):
        target = new_institution_target(
            tree, code="", parent=changes["parent"], region=region, jurisdiction=viewer.jurisdiction
        )
        require(viewer, Action.MANAGE_INSTITUTIONS, target)
    elif "region" in changes:
        target = institution_target(tree, row.id, viewer.jurisdiction)
        require(
            viewer, Action.MANAGE_INSTITUTIONS, replace(target, region=within(viewer.jurisdiction, region))
        )


def _parent_code(tree: InstitutionTree, row: Institution) -> str | None:
    return tree.node(row.parent_id).code if row.parent_id is not None else None


async def import_institutions(
    session: AsyncSession,
    _viewer: Viewer,
    text: str,
    file_name: str,
    *,
    now: datetime,
    dry_run: bool = False,
) -> ImportPreview:
    """Take a YAML file with `institutions`; each record states one wholly, new or again.

    Raises:
        Refused: every fault by file, line and key; nothing is written.
    """
    faults: list[Fault] = []
    lists = {"institutions": InstitutionRecord}
    read = read_records(text, file_name, lists, faults, head=frozenset({"note"}))
    if faults:
        raise Refused(NOT_IMPORTED, faults)
    placed = read.records["institutions"]
    await hold(session, TREE)
    return await _save(session, placed, now=now, refusal=NOT_IMPORTED, dry_run=dry_run)


async def _save(
    session: AsyncSession, placed: list[Any], *, now: datetime, refusal: str, dry_run: bool = False
) -> ImportPreview:
    rows = {row.code: row for row in await queries.all_institutions(session)}
    described: list[Placed[Described]] = placed
    plan = plan_import(described, await _states(session, rows), load_reference_book(_seed_dir()).regions)
    if plan.faults:
        raise Refused(refusal, plan.faults)
    if not dry_run and (plan.new or plan.changed):
        await _save_states(session, rows, plan, now)
    return ImportPreview(
        new=[state.code for state in plan.new],
        changed=[state.code for state in plan.changed],
        same=plan.same,
        is_dry_run=dry_run,
    )


async def _save_states(
    session: AsyncSession, rows: dict[str, Institution], plan: ImportPlan, now: datetime
) -> None:
    new = {state.code: Institution(code=state.code, lineage="", created_at=now) for state in plan.new}
    rows |= new
    states = {state.code: state for state in (*plan.new, *plan.changed)}
    for code, state in states.items():
        _describe(rows[code], state, now)
    await queries.add_institutions(session, list(new.values()))
    for code, state in states.items():
        rows[code].parent_id = rows[state.parent].id if state.parent is not None else None
    _trace_lines(rows)
    await session.flush()
    await queries.put_areas(session, {rows[code].id: state.areas for code, state in states.items()})


def _describe(row: Institution, state: InstitutionState, now: datetime) -> None:
    row.uscc, row.name, row.short_name = state.uscc, state.name, state.short_name
    row.kind, row.region_code, row.is_demo = state.kind.value, state.region, state.is_demo
    row.capacity, row.group_capacity = state.capacity, state.group_capacity
    row.credit_loan_share = state.credit_loan_share
    row.borrower_limit_fen = state.borrower_limit_fen
    row.version = (row.version or 0) + 1
    row.updated_at = now


def _trace_lines(rows: Mapping[str, Institution]) -> None:
    """Write every line of descent anew; rows that stay as they are cause no statement."""
    codes = {row.id: code for code, row in rows.items()}
    parents = {code: codes.get(row.parent_id or 0) for code, row in rows.items()}
    for code in parents_first(rows, parents):
        row, above = rows[code], parents[code]
        row.lineage = lineage_below(rows[above].lineage if above is not None else None, row.id)
        row.root_id = rows[above].root_id if above is not None else row.id
        if len(row.lineage) > MOST_LINEAGE_CHARACTERS:
            raise Refused(f"{code} stands too deep in the tree.", [Fault("parent", "too many levels")])


async def _states(session: AsyncSession, rows: Mapping[str, Institution]) -> dict[str, InstitutionState]:
    areas = await queries.areas_of(session)
    codes = {row.id: code for code, row in rows.items()}
    return {
        code: InstitutionState(
            code,
            row.uscc,
            row.name,
            row.short_name,
            InstitutionKind(row.kind),
            codes[row.parent_id] if row.parent_id is not None else None,
            row.region_code,
            areas.get(row.id, ()),
            row.capacity,
            row.group_capacity,
            row.credit_loan_share,
            row.borrower_limit_fen,
            row.is_demo,
        )
        for code, row in rows.items()
    }


async def _stored(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Institution:
    row = await queries.institution_by_code(session, code, is_for_change=is_for_change)
    if row is None:
        raise NotFound(f"There is no institution {code}.")
    return row


def _node_of(row: tuple[Any, ...], areas: tuple[str, ...]) -> InstitutionNode:
    number, code, name, short_name, kind, parent, root, region, *rest = row
    capacity, group_capacity, credit_loan_share, borrower_limit_fen, is_demo = rest
    return InstitutionNode(
        id=number,
        code=code,
        name=name,
        short_name=short_name,
        kind=InstitutionKind(kind),
        parent=parent,
        root=root if root is not None else number,
        region=region,
        areas=areas,
        capacity=capacity,
        group_capacity=group_capacity,
        credit_loan_share=credit_loan_share,
        borrower_limit_fen=borrower_limit_fen,
        is_demo=is_demo,
    )


async def _written(session: AsyncSession, rows: Sequence[Institution]) -> list[InstitutionOut]:
    areas = await queries.areas_of(session, [row.id for row in rows])
    linked = [number for row in rows for number in (row.parent_id, row.root_id) if number is not None]
    codes = await queries.codes_of(session, linked)
    return [_out_of(row, areas.get(row.id, ()), codes) for row in rows]


def _out_of(row: Institution, areas: tuple[str, ...], codes: Mapping[int, str]) -> InstitutionOut:
    kind, share = InstitutionKind(row.kind), row.credit_loan_share
    return InstitutionOut.model_construct(
        code=row.code,
        uscc=row.uscc,
        name=row.name,
        short_name=row.short_name,
        kind=kind,
        kind_name=kind.chinese,
        is_local_legal_person=kind.is_local_legal_person,
        parent=codes[row.parent_id] if row.parent_id is not None else None,
        root=codes[row.root_id] if row.root_id is not None else row.code,
        region=row.region_code,
        areas=areas,
        capacity=row.capacity,
        group_capacity=row.group_capacity,
        credit_loan_share=None
        if share is None
        else (Decimal(share) / BASIS_POINTS_PER_PERCENT).quantize(_CENT),
        borrower_limit=row.borrower_limit_fen,
        is_demo=row.is_demo,
        version=row.version,
        updated_at=row.updated_at,
    )


def _seed_dir() -> Path:
    return get_settings().seed_dir
