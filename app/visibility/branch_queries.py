"""Conditions put together so that what can never hold is not there.

`false OR EXISTS (…)` is what a viewer without regions would bring into every statement, and PostgreSQL joins nothing
below an OR: it asks the EXISTS once a row. What is looked up in a CTE is better not joined (`looked_up`).
"""

from collections.abc import Callable
from typing import Any, Final, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    False_,
    Select,
    Table,
    True_,
    and_,
    exists,
    false,
    literal_column,
    or_,
    true,
)

Condition = ColumnElement[bool]
_NEVER: Final = literal_column("false", Boolean())
"""Written out: SQLAlchemy leaves its own constant out of an OR."""


def either(*conditions: Condition) -> Condition:
    """Tell what passes one of some conditions."""
    if any(isinstance(each, True_) for each in conditions):
        return true()
    possible = [each for each in conditions if not isinstance(each, False_)]
    if len(possible) < 2:  # noqa: PLR2004 - an OR of one would hide from the next what it is
        return possible[0] if possible else false()
    return or_(*possible)


def both(first: Condition, second: Condition) -> Condition:
    """Tell what passes two conditions."""
    return false() if isinstance(first, False_) or isinstance(second, False_) else and_(first, second)


def looked_up(value: Any, which: Select[Any]) -> Condition:
    """Tell which rows a value names that stands in a CTE: made once, hashed, and looked up row by row.

    The OR keeps PostgreSQL from joining, on purpose. The same CTE narrows each table of a statement; taken for joins that
    know nothing of one another they let it expect no row at all, and read the whole CTE anew for each of thousands.
    """
    return or_(_NEVER, joined(value, which))


def joined(value: Any, which: Select[Any]) -> Condition:
    """Tell the same of one table of a statement, which may be read along the CTE's rows."""
    # Its CTE stays one and the same when the condition is adapted to an alias.
    as_it_is = which.correlate(None)._annotate({"no_replacement_traverse": True})  # noqa: SLF001 - SQLAlchemy's own word for it
    return cast("Condition", value.in_(as_it_is))


def row_of(table: Table, value: Any, test: Callable[[Any], Condition], *, column: str = "id") -> Condition:
    """Tell whether a row of a table that a value names passes a test."""
    row = table.alias()
    passed = test(row.c)
    if isinstance(passed, True_ | False_):
        return passed
    return exists().where(row.c[column] == value, passed)
