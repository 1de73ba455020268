"""Who may give an entry to whom within an institution. Pure."""

from enum import StrEnum

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Role, Viewer


class Reach(StrEnum):
    """What a viewer may decide about who handles the entries of an institution."""

    ALL = "all"
    OWN = "own"
    NOTHING = "nothing"


def reach_of(viewer: Viewer, target: Target) -> Reach:
    """Answer whether a viewer gives the institution's entries to anybody, or only takes and hands on the own.

    The bank's administrator decides on those of the own subtree, a relationship manager on those in hand and free.
    """
    if may_do(viewer.only(Role.BANK_ADMINISTRATOR), Action.DISPATCH_ENTRIES, target):
        return Reach.ALL
    return Reach.OWN if may_do(viewer, Action.DISPATCH_ENTRIES, target) else Reach.NOTHING


def may_hand(viewer: Viewer, reach: Reach, *, before: int | None, after: int | None) -> bool:
    """Tell whether a viewer may change who handles an entry: from a person (None: free) to a person (None: free)."""
    if reach is Reach.ALL:
        return True
    takes = before is None and after == viewer.person
    return reach is Reach.OWN and viewer.person is not None and (takes or before == viewer.person)
