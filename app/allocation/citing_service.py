"""Which decisions a clause has carried: how many of each kind, and the first of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from app.accounts.rules import Viewer
from app.allocation import citing_queries
from app.kernel.database import AsyncSession

MOST_LISTED: Final = 20
MOST_COUNTED: Final = 1_000
"""Whoever reads a clause wants to see that it is used; to count each of 100,000 admissions takes too long for a page."""


@dataclass(frozen=True, slots=True)
class Citing:
    """Decisions of one kind (`admission`, `bottleneck`, `assignment`): how many, and the first (entry, firm).

    `count` ends at MOST_COUNTED: there may be more.
    """

    kind: str
    count: int
    first: Sequence[tuple[str, str]]


async def decisions_citing(session: AsyncSession, viewer: Viewer, citations: Collection[str]) -> list[Citing]:
    """Answer the decisions that cite one of some texts, such as 黑银发〔2023〕25号（十六）, as far as the viewer sees them.

    Admissions of all editions; bottlenecks and assignments as they stand now. Three statements, however many there are.
    """
    selections = {
        "admission": citing_queries.admissions(viewer, citations),
        "bottleneck": citing_queries.blocked(viewer, citations),
        "assignment": citing_queries.given(viewer, citations),
    }
    found = []
    for kind, selection in selections.items():
        rows = await citing_queries.listed(session, selection, MOST_COUNTED)
        found.append(Citing(kind, len(rows), [(row[0], row[1]) for row in rows[:MOST_LISTED]]))
    return found
