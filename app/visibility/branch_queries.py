"""Conditions put together so that what can never hold is not there.

`false OR EXISTS (…)` is what a viewer without regions would bring into every statement, and PostgreSQL joins nothing
below an OR: it asks the EXISTS once a row. A condition that is not constant therefore has no constant in it.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, False_, Table, True_, and_, exists, false, or_, true

Condition = ColumnElement[bool]


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


def row_of(table: Table, value: Any, test: Callable[[Any], Condition], *, column: str = "id") -> Condition:
    """Tell whether a row of a table that a value names passes a test."""
    row = table.alias()
    passed = test(row.c)
    if isinstance(passed, True_ | False_):
        return passed
    return exists().where(row.c[column] == value, passed)
