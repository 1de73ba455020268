"""What a narrowed session sees is what the oracle says, in whatever form a statement asks for it."""

import ast
from collections.abc import Callable
from typing import Any, cast

import pytest
from sqlalchemy import Table, delete, exists, func, insert, literal, select, text, union_all, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import InstrumentedAttribute

from app.accounts.rules import Grant, Role, Viewer
from app.allocation.tables import AssignmentSupport
from app.bottlenecks.tables import BottleneckFinding
from app.docking.tables import DockingEvent, EntryClock
from app.enterprises.tables import Disclosure, EnterpriseContact
from app.kernel.database import AsyncSession, Base, restrict, transaction, unrestricted
from app.kernel.settings import PROJECT_ROOT
from app.matching.tables import MatchCount, MatchResult
from app.notifications.tables import Notice
from app.plans.tables import PlanEffectOnEntry, PlanReallocatedEntry
from app.selection.tables import SelectionDraft
from app.visibility.forms import Form
from app.visibility.public import PUBLIC
from app.visibility.queries import conditions, criteria
from app.visibility.service import looking_at, narrow
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from tests.apps import create_app
from tests.visibility.oracle import Oracle
from tests.visibility.world import CASE_TABLES, World, viewers

KEYS = {
    MatchResult: "entry_id",
    MatchCount: "entry_id",
    AssignmentSupport: "assignment_id",
    BottleneckFinding: "case_id",
    EnterpriseContact: "enterprise_id",
    EntryClock: "entry_id",
    SelectionDraft: "participant",
    PlanEffectOnEntry: "entry_id",
    PlanReallocatedEntry: "entry_id",
}
MANY_SIDED = ("chain", "firm", "bank", "bank and city")
CITY = Grant(Role.COORDINATOR, "230100")
OF_THEIR_WHOLE = {
    "city": Viewer("city", "230100", (CITY,), 1),
    "cities": Viewer("cities", "230100", (CITY, Grant(Role.COORDINATOR, "230800")), 2),
    "city and firm": Viewer(
        "city and firm", "230100", (CITY, Grant(Role.ENTERPRISE, "91230111MA2T2Y8FNC")), 3
    ),
    "city and bank": Viewer("city and bank", "230100", (CITY, Grant(Role.BANK_ADMINISTRATOR, "JHYH")), 4),
    "city and chain": Viewer("city and chain", "230100", (CITY, Grant(Role.CHAIN_MANAGER, "HLJ-GDZB")), 5),
}
"""Who coordinates all of a jurisdiction, in a database that holds rows of places outside of it."""
Shape = Callable[[Any, str], Any]


def _key(entity: Any) -> str:
    return KEYS.get(entity, "id")


def _of(entity: Any, key: str) -> InstrumentedAttribute[Any]:
    return cast("InstrumentedAttribute[Any]", getattr(entity, key))


def _alias(entity: Any, key: str) -> Any:
    return select(_of(aliased(entity), key))


def _subquery(entity: Any, key: str) -> Any:
    return select(select(_of(entity, key).label("k")).subquery().c.k)


def _cte(entity: Any, key: str) -> Any:
    return select(select(_of(entity, key).label("k")).cte().c.k)


def _union(entity: Any, key: str) -> Any:
    other = aliased(entity)
    return union_all(select(_of(entity, key)), select(_of(other, key)))


def _inside(entity: Any, key: str) -> Any:
    return select(_of(entity, key)).where(_of(entity, key).in_(select(_of(aliased(entity), key))))


def _exists(entity: Any, key: str) -> Any:
    """Ask of everything that an unnarrowed union knows whether a row of it is there."""
    every = select(_of(entity, key).label("k")).subquery()
    other = aliased(entity)
    return select(every.c.k).where(exists().where(_of(other, key) == every.c.k))


def _join(entity: Any, key: str) -> Any:
    other = aliased(entity)
    return select(_of(other, key)).select_from(WhitelistEdition).join(other, literal(1) == 1)


def _outer(entity: Any, key: str) -> Any:
    other = aliased(entity)
    joined = select(_of(other, key)).select_from(WhitelistEdition).outerjoin(other, literal(1) == 1)
    return joined.where(_of(other, key).is_not(None))


def _statement(entity: Any, key: str) -> Any:
    return select(_of(entity, key)).from_statement(select(_of(entity, key)))


def _update(entity: Any, key: str) -> Any:
    return (
        update(entity)
        .values({key: _of(entity, key)})
        .returning(_of(entity, key))
        .execution_options(synchronize_session=False)
    )


SHAPES: dict[str, Shape] = {
    "alias": _alias, "subquery": _subquery, "cte": _cte, "union": _union, "in": _inside, "exists": _exists,
    "join": _join, "outer join": _outer, "statement": _statement, "update": _update,
}  # fmt: skip


def _narrowed(session: AsyncSession, viewer: Viewer, world: World) -> None:
    restrict(session, criteria(viewer, world.day))


@pytest.mark.parametrize("name", viewers())
async def test_a_viewer_sees_the_rows_that_the_oracle_says(world: World, oracle: Oracle, name: str) -> None:
    viewer = viewers()[name]
    assert await _found(world, viewer) == _expected(world, oracle, viewer)


@pytest.mark.parametrize("name", OF_THEIR_WHOLE)
async def test_who_coordinates_a_whole_jurisdiction_sees_nothing_outside(
    world: World, oracle: Oracle, name: str
) -> None:
    viewer = OF_THEIR_WHOLE[name]
    found, expected = await _found(world, viewer), _expected(world, oracle, viewer)
    for table in found.keys() - {"selection_submissions"}:  # of which round, and whose, its statements ask
        assert found[table] == expected[table], table
    for table in ("whitelist_entries", "enterprises", "chain_memberships"):
        assert set() < expected[table] < _stored(world, table), table


async def _found(world: World, viewer: Viewer) -> dict[str, set[Any]]:
    async with world.sessions() as session:
        _narrowed(session, viewer, world)
        return {
            entity.__tablename__: set(await session.scalars(select(_of(entity, _key(entity)))))
            for entity in CASE_TABLES
        }


def _expected(world: World, oracle: Oracle, viewer: Viewer) -> dict[str, set[Any]]:
    return {table: ids & _stored(world, table) for table, ids in oracle.seen(viewer).items()}


def _stored(world: World, table: str) -> set[Any]:
    key = {entity.__tablename__: _key(entity) for entity in CASE_TABLES}[table]
    return {row[key] for row in world.rows[table]}


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_form_of_a_statement_sees_or_changes_more(world: World, oracle: Oracle, shape: str) -> None:
    wrong = []
    for name in MANY_SIDED:
        viewer = viewers()[name]
        seen = oracle.seen(viewer)
        async with world.sessions() as session:
            await session.connection(execution_options={"rongqiao_writes": True})
            _narrowed(session, viewer, world)
            for entity in CASE_TABLES:
                answered = set(await session.scalars(SHAPES[shape](entity, _key(entity))))
                expected = seen[entity.__tablename__] & _stored(world, entity.__tablename__)
                wrong += [] if answered == expected else [(name, entity.__tablename__)]
            await session.rollback()
    assert wrong == []


async def test_deleting_and_counting_reach_no_row_that_is_not_seen(world: World, oracle: Oracle) -> None:
    viewer = viewers()["city"]
    seen = oracle.seen(viewer)
    async with world.sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": True})
        _narrowed(session, viewer, world)
        counted: Any = await session.scalar(select(func.count()).select_from(WhitelistEntry))
        scalar = await session.scalar(select(select(func.count(WhitelistEntry.id)).scalar_subquery()))
        for entity in (DockingEvent, Disclosure):
            await session.execute(delete(entity).execution_options(synchronize_session=False))
        with unrestricted(session):
            left = {
                entity.__tablename__: set(await session.scalars(select(entity.id)))
                for entity in (DockingEvent, Disclosure)
            }
        await session.rollback()
    assert counted == scalar == len(seen["whitelist_entries"])
    assert left == {table: _stored(world, table) - seen[table] for table in left}
    assert all(left.values())


def _core(entity: Any) -> Table:
    return cast("Table", entity.__table__)


BARE: dict[str, Callable[[], Any]] = {
    "select": lambda: select(_core(WhitelistEntry).c.id),
    "inside": lambda: select(_core(WhitelistEdition).c.id).where(
        _core(WhitelistEdition).c.id.in_(select(_core(WhitelistEntry).c.edition_id))
    ),
    "exists": lambda: select(exists().where(_core(WhitelistEntry).c.code == "x")),
    "exists of a class": lambda: select(exists().where(WhitelistEntry.code == "x")),
    "cte": lambda: select(select(_core(WhitelistEntry)).cte().c.id),
    "union": lambda: union_all(select(_core(WhitelistEntry).c.id), select(_core(WhitelistEntry).c.id)),
    "alias": lambda: select(_core(WhitelistEntry).alias().c.id),
    "update": lambda: update(_core(WhitelistEntry)).values(status="refused"),
    "delete": lambda: delete(_core(DockingEvent)),
    "insert from": lambda: insert(WhitelistEdition).from_select(["code"], select(WhitelistEntry.code)),
    "text": lambda: text("SELECT code FROM whitelist_entries"),
}


@pytest.mark.parametrize("form", BARE)
async def test_a_narrowed_session_refuses_bare_tables_with_case_data(world: World, form: str) -> None:
    async with world.sessions() as session:
        _narrowed(session, viewers()["auditor"], world)
        with pytest.raises(RuntimeError, match="bare tables"):
            await session.execute(BARE[form]())
        assert await session.scalar(select(func.abs(-1))) == 1
        with unrestricted(session):
            assert await session.scalar(select(func.count()).select_from(_core(WhitelistEntry)))
        with pytest.raises(RuntimeError, match="bare tables"):
            await session.execute(BARE[form]())


async def test_every_table_is_narrowed_or_named_with_the_reason_why_not(world: World) -> None:
    narrowed = {entity.__tablename__ for entity in conditions(Form.of(viewers()["bank"]))}
    assert narrowed == {entity.__tablename__ for entity in CASE_TABLES}
    assert narrowed.isdisjoint(PUBLIC)
    unnamed = set(Base.metadata.tables) - narrowed - PUBLIC.keys()
    assert unnamed == set(), (
        "name them in app/visibility: in `queries.conditions`, or in `public.PUBLIC` with a reason"
    )
    assert PUBLIC.keys() <= Base.metadata.tables.keys()


async def test_a_viewer_without_roles_sees_nothing_and_a_scope_that_is_none_lends_no_sight(
    world: World,
) -> None:
    for name in ("nobody", "administrator", "scopeless"):
        async with world.sessions() as session:
            _narrowed(session, viewers()[name], world)
            for entity in set(CASE_TABLES) - {Notice}:
                assert (await session.scalars(select(_of(entity, _key(entity))))).first() is None
            told = set(await session.scalars(select(Notice.person_id)))
            assert told == {viewers()[name].person}, "what they were told stays theirs"


CASE_NAMES = {entity.__name__ for entity in CASE_TABLES}
MAY_NAME_TABLES = ("app/visibility/",)


def _reads_bare(tree: ast.Module) -> list[int]:
    """Answer the lines that call `select` with, or `.join`, `.where`, `.in_` on, a bare case table."""
    bare = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
        and any(f"{name}.__table__" in ast.unparse(node.value) for name in CASE_NAMES)
    }
    words = {f"{name}.__table__" for name in CASE_NAMES} | bare
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"select", "sa.select", "exists", "union", "union_all"}
        and words
        & {ast.unparse(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}
    ]


def test_no_room_selects_bare_tables_with_case_data_or_gets_rows_past_the_conditions() -> None:
    found = []
    for path in sorted((PROJECT_ROOT / "app").rglob("*.py")):
        name, text = path.relative_to(PROJECT_ROOT).as_posix(), path.read_text()
        if name.startswith(MAY_NAME_TABLES) or not ("__table__" in text or "session.get" in text):
            continue
        tree = ast.parse(text)
        found += [f"{name}:{line} selects a bare table" for line in _reads_bare(tree)]
        found += [
            f"{name}:{node.lineno} gets a row by its key"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get", "get_one"}
            and ast.unparse(node.func).endswith(("session.get", "session.get_one"))
            and node.args
            and ast.unparse(node.args[0]) in CASE_NAMES
        ]
    assert found == [], (
        "criteria do not reach these: select mapped classes, or do it `unrestricted` with the reason"
    )


async def test_the_system_itself_sees_all_inside_and_no_more_than_before_outside(
    world: World, oracle: Oracle
) -> None:
    viewer = viewers()["county"]
    async with transaction(world.sessions, writes=False) as session:
        _narrowed(session, viewer, world)
        with unrestricted(session):
            every = set(await session.scalars(select(WhitelistEntry.id)))
        assert len(every) == len(world.table(WhitelistEntry))
        with pytest.raises(RuntimeError), unrestricted(session):
            raise RuntimeError
        assert (
            set(await session.scalars(select(WhitelistEntry.id))) == oracle.seen(viewer)["whitelist_entries"]
        )


@pytest.mark.parametrize("name", ["bank", "clerk", "guarantor", *MANY_SIDED])
async def test_who_looks_at_one_entry_sees_all_of_it_that_they_saw_and_nothing_that_they_did_not(
    world: World, name: str
) -> None:
    viewer = viewers()[name]
    hanging = (BottleneckFinding, DockingEvent, EntryClock, MatchResult, WhitelistEntry)
    async with transaction(world.sessions, writes=False) as session:
        narrow(session, viewer, world.day)
        seen = {one: set(await session.scalars(select(_of(one, _key(one))))) for one in hanging}
        for entry in world.table(WhitelistEntry)[:12]:
            of_it = {
                DockingEvent: DockingEvent.entry_id == entry["id"],
                WhitelistEntry: WhitelistEntry.id == entry["id"],
            }
            before = {
                one: set(await session.scalars(select(_of(one, "id")).where(which)))
                for one, which in of_it.items()
            }
            with looking_at(session, entry["code"]):
                now = {one: set(await session.scalars(select(_of(one, _key(one))))) for one in hanging}
                again = {
                    one: set(await session.scalars(select(_of(one, "id")).where(which)))
                    for one, which in of_it.items()
                }
            assert again == before
            assert all(now[one] <= seen[one] for one in hanging)
        assert seen == {one: set(await session.scalars(select(_of(one, _key(one))))) for one in hanging}


def test_whatever_is_read_of_one_entry_looks_at_that_entry_alone() -> None:
    """Who holds thousands would else have all of them looked through for one."""
    read = {
        path: operations["get"].get("x-of-entry")
        for path, operations in create_app().openapi()["paths"].items()
        if "/whitelist/entries/{" in path and "get" in operations
    }
    assert read
    for path, parameter in read.items():
        assert f"/whitelist/entries/{{{parameter}}}" in path
