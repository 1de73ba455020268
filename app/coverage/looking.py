"""Who is shown which rows of the cut by institution (pure).

A row of a small branch tells what became of single firms. Who may have the facts anyway sees all rows; an
institution sees its own and those below it; everybody else, and everybody about others, has the ranking,
which withholds what would tell of one firm (docs/decisions/0011-what-is-published.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.coverage.rules import Cut

Row = Mapping[str, Any]


def sees_all_rows(viewer: Viewer, by: Cut | None) -> bool:
    """Tell whether a viewer is shown every row of a cut."""
    if by is not Cut.INSTITUTION:
        return True
    return may_do(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction))


def shown_rows(viewer: Viewer, by: Cut | None, rows: Sequence[Row]) -> list[Row]:
    """Answer the rows of a cut that a viewer is shown, in their order."""
    if sees_all_rows(viewer, by):
        return list(rows)
    parents = {row["key"]: row["parent"] for row in rows}
    own = viewer.scopes(*INSTITUTION_ROLES)
    return [row for row in rows if any(code in own for code in _line(row["key"], parents))]


def _line(key: str, parents: Mapping[str, str | None]) -> list[str]:
    line = [key]
    while (above := parents.get(line[-1])) is not None and above not in line:
        line.append(above)
    return line
