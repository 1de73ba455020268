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
    known = dict.fromkeys(viewer.scopes(*INSTITUTION_ROLES), True)
    return [row for row in rows if _is_own(row["key"], parents, known)]


def _is_own(key: str, parents: Mapping[str, str | None], known: dict[str, bool]) -> bool:
    """Tell whether a key is one of the viewer's own, or lies below one; `known` holds what was told before."""
    line, above = list[str](), key
    while above not in known:
        known[above] = False  # where they lie in a circle
        line.append(above)
        parent = parents.get(above)
        if parent is None:
            return False
        above = parent
    known.update(dict.fromkeys(line, known[above]))
    return known[above]
