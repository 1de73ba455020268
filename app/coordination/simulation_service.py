"""Use case of coordination: simulate what public bodies answer, for demonstrations, tests and dry runs (模拟数据)."""

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.coordination import queries
from app.coordination.rules import KINDS, CaseAct, CaseKind, CaseState, after, case_code
from app.coordination.topics import CASES_CHANGED
from app.kernel.database import AsyncSession

ACTOR: Final = "simulation"
LEAST_AGE: Final = timedelta(days=7)
RESOLVED_PERCENT: Final = 55
REFUSED_PERCENT: Final = 10
_OUTCOMES: Final = {CaseAct.RESOLVE: "模拟记录：{}已落实", CaseAct.REFUSE: "模拟记录：{}暂不具备条件"}


async def simulate_answers(
    session: AsyncSession, viewer: Viewer, edition: str, *, seed: int, now: datetime
) -> dict[str, int]:
    """Close some of an edition's open cases of at least a week, marked as simulated; answer how many by outcome.

    Each look at a case decides by the seed, the case and the day, so that what stays open is tried again later.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
    """
    require(viewer, Action.ANSWER_CASE, Target(region=viewer.jurisdiction))
    counts: Counter[str] = Counter()
    changed = set()
    for row in await queries.open_cases_of_edition(session, viewer, edition, raised_before=now - LEAST_AGE):
        act = _decided(seed, case_code(row.id), now)
        if act is None:
            continue
        row.state = after(CaseState(row.state), act).value
        row.closed_at, row.closed_by, row.answered_by = now, ACTOR, row.body
        row.outcome = _OUTCOMES[act].format(KINDS[CaseKind(row.kind)].chinese)
        row.version += 1
        counts[row.state] += 1
        changed.add(row.entry_id)
    await session.flush()
    await CASES_CHANGED.tell(session, sorted(changed), now)
    return dict(sorted(counts.items()))


def _decided(seed: int, code: str, now: datetime) -> CaseAct | None:
    drawn = hashlib.sha256(f"{seed}|{code}|{now.date().isoformat()}".encode()).digest()[0] * 100 // 256
    if drawn < RESOLVED_PERCENT:
        return CaseAct.RESOLVE
    return CaseAct.REFUSE if drawn < RESOLVED_PERCENT + REFUSED_PERCENT else None
