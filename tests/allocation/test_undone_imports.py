"""An import is taken back until an allocation has used it; what it listed comes back when it is stated again."""

from datetime import datetime, timedelta

import pytest

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.allocation import undo_service
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Forbidden, NotFound
from app.matching import service as matching
from app.whitelist import import_service
from app.whitelist import service as whitelist
from tests.whitelist.rosters import credit_code, good_row, workbook

EDITION = "2023H2"
WHY = "地市报错了表"


async def _import(session: AsyncSession, viewer: Viewer, now: datetime, *numbers: int, **cells: str) -> int:
    file = workbook([good_row(number, **cells) for number in numbers])
    found = await import_service.import_roster(session, viewer, EDITION, file, "名单.xlsx", now=now)
    assert found.out.id is not None
    return found.out.id


async def _listed(session: AsyncSession, viewer: Viewer) -> dict[str, int]:
    return (await whitelist.get_edition(session, viewer, EDITION)).entries


async def test_an_undone_import_takes_its_new_entries_along_and_a_later_one_brings_them_back(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await whitelist.open_edition(session, viewer, EDITION, now=now)
    await _import(session, viewer, now, 1)
    hour = timedelta(hours=1)
    second = await _import(session, viewer, now + hour, 1, 2, 3, **{"融资金额（万元）": "700"})
    done = await undo_service.undo_import(session, viewer, second, WHY, now=now + 2 * hour)
    assert done.undone is not None
    assert (done.undone.entries, done.undone.undone_by, done.undone.reason) == (2, viewer.name, WHY)
    assert await _listed(session, viewer) == {"admitted": 1, "withdrawn": 2}
    entry = await whitelist.get_entry(session, viewer, f"{EDITION}-{credit_code(2)}")
    assert (entry.withdrawal_reason, entry.version) == (WHY, 2)
    with pytest.raises(Conflict):
        await undo_service.undo_import(session, viewer, second, WHY, now=now + 2 * hour)

    third = await _import(session, viewer, now + 3 * hour, 2, **{"融资金额（万元）": "700"})
    entry = await whitelist.get_entry(session, viewer, f"{EDITION}-{credit_code(2)}")
    assert (entry.status, entry.withdrawn_at, len(entry.withdrawals)) == ("admitted", None, 1)
    assert entry.withdrawals[0].reopened_at == now + 3 * hour
    assert await _listed(session, viewer) == {"admitted": 2, "withdrawn": 1}

    again = await undo_service.undo_import(session, viewer, third, WHY, now=now + 4 * hour)
    assert again.undone is not None
    assert again.undone.entries == 1, "what it brought back goes with it"
    assert await _listed(session, viewer) == {"admitted": 1, "withdrawn": 2}


async def test_an_import_that_an_allocation_used_stays_and_only_the_whole_rosters_keeper_undoes(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await whitelist.open_edition(session, viewer, EDITION, now=now)
    first = await _import(session, viewer, now, 1)
    with pytest.raises(NotFound):
        await undo_service.undo_import(session, viewer, first + 7, WHY, now=now)
    with pytest.raises(Forbidden):
        await undo_service.undo_import(session, Viewer("x", "230000"), first, WHY, now=now)
    await matching.run_match(session, viewer, EDITION, now=now + timedelta(hours=1))
    await allocation.run_allocation(session, viewer, EDITION, now=now + timedelta(hours=2))
    with pytest.raises(Conflict, match="allocation"):
        await undo_service.undo_import(session, viewer, first, WHY, now=now + timedelta(hours=3))
    later = await _import(session, viewer, now + timedelta(hours=4), 2)
    await undo_service.undo_import(session, viewer, later, WHY, now=now + timedelta(hours=5))
    assert await _listed(session, viewer) == {"admitted": 1, "withdrawn": 1}
