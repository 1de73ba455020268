"""Conditions are looked up by index: no plan reads a whole table of case data to find one row of it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import (
    BindParameter,
    BooleanClauseList,
    ClauseElement,
    ColumnElement,
    Exists,
    False_,
    True_,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import visitors

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Base, transaction
from app.visibility.forms import Form, values
from app.visibility.queries import conditions, criteria, written
from tests.visibility.world import CASE_TABLES, World, viewers

NAMES = {entity.__tablename__ for entity in CASE_TABLES} | {"institutions"}
LOOKERS = ("city", "chain", "firm", "clerk", "bank and city", "auditor")


def _written(
    entity: type[Base], condition: ColumnElement[bool], viewer: Viewer, day: date, dialect: Any
) -> str:
    """Answer the statement that looks for one row, by its whole key, of those that a viewer may see."""
    key = inspect(entity).primary_key
    one = (column == (1 if column.type.python_type is int else "1") for column in key)
    wanted = select(*key).where(*one, condition)
    stated = wanted.params(values(viewer, day))
    return str(stated.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


async def _sqlite_scans(session: AsyncSession, statement: str) -> list[str]:
    rows = await session.execute(text("EXPLAIN QUERY PLAN " + statement.replace(":", "\\:")))
    return [row[3] for row in rows if row[3].startswith("SCAN ") and _is_case(row[3].split()[1])]


async def _postgresql_scans(session: AsyncSession, statement: str) -> list[str]:
    """Answer what is read whole though it need not be, as if tables were large: small ones are read whole anyway.

    Whether the rows of an EXISTS below an OR are looked up or hashed all at once is chosen by cost alone.
    """
    await session.execute(text("SET LOCAL enable_seqscan = off"))
    await session.execute(text("SET LOCAL seq_page_cost = 1000"))
    rows = await session.execute(text("EXPLAIN " + statement.replace(":", "\\:")))
    return [
        row[0]
        for row in rows
        if "Seq Scan on " in row[0] and _is_case(row[0].split("Seq Scan on ")[1].split()[0])
    ]


def _is_case(name: str) -> bool:
    return name in NAMES or name.rpartition("_")[0] in NAMES


@pytest.mark.parametrize("name", LOOKERS)
async def test_no_condition_reads_a_whole_table(world: World, name: str) -> None:
    bind = world.sessions.kw["bind"]
    is_sqlite = bind.dialect.name == "sqlite"
    dialect: Any = sqlite.dialect if is_sqlite else postgresql.dialect
    scans_of = _sqlite_scans if is_sqlite else _postgresql_scans
    found: dict[str, list[str]] = {}
    viewer = viewers()[name]
    conditions_of = conditions(Form.of(viewer))
    async with transaction(world.sessions, writes=False) as session:
        for entity in CASE_TABLES:
            if not isinstance(conditions_of[entity], False_):  # nothing is read then, whatever a plan says
                scans = await scans_of(
                    session, _written(entity, conditions_of[entity], viewer, world.day, dialect())
                )
                found |= {entity.__tablename__: scans} if scans else {}
    assert found == {}


@pytest.mark.parametrize("name", viewers())
def test_what_can_never_hold_stands_in_no_condition(name: str) -> None:
    """`false OR EXISTS (…)` keeps PostgreSQL from joining: it asks the EXISTS once a row."""
    mixed = {
        entity.__tablename__
        for entity, condition in conditions(Form.of(viewers()[name])).items()
        for part in visitors.iterate(condition)
        if (isinstance(part, Exists) and _has_constant(part))
        or (isinstance(part, BooleanClauseList) and _has_constant(part) and _has_exists(part))
    }
    assert mixed == set()


def _has_constant(condition: ClauseElement) -> bool:
    return any(isinstance(each, True_ | False_) for each in condition.get_children())


def _has_exists(condition: ClauseElement) -> bool:
    return any(isinstance(each, Exists) for each in condition.get_children())


def test_viewers_of_equal_form_share_their_compiled_statement_and_of_another_do_not(world: World) -> None:
    forms = [criteria(viewers()[name], world.day).written.form for name in ("city", "county", "chain")]
    assert forms[0] == forms[1]
    assert forms[0] != forms[2]


def test_every_value_of_a_viewer_has_a_name_in_the_conditions_and_every_name_a_value(world: World) -> None:
    """A value that stood in them as it is would be all viewers' who share them."""
    for viewer in viewers().values():
        shared, given = written(Form.of(viewer)), values(viewer, world.day)
        assert shared.parameters.keys() <= given.keys()
        stated = {
            each for value in given.values() for each in (value if isinstance(value, list) else [value])
        }
        conditions_of = conditions(Form.of(viewer)).values()
        constants = {
            part.value
            for condition in conditions_of
            for part in visitors.iterate(condition)
            if isinstance(part, BindParameter) and part.unique and not isinstance(part.value, list)
        }
        assert constants.isdisjoint(stated - {None})
