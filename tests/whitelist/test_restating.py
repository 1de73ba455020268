"""What a coordinator corrects is judged as an import of that row would be."""

from datetime import datetime, timedelta

import pytest

from app.accounts.rules import Viewer
from app.enterprises import need_service
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, PreconditionFailed
from app.whitelist import restating_service, withdrawal_service
from app.whitelist.schemas import EntryOut, RestatementIn
from tests.whitelist.rosters import credit_code, good_row, rows_of, workbook
from tests.whitelist.test_early_decisions import LIKE, NAME, standing
from tests.whitelist.test_import import EDITION, entry, take

CODE = f"{EDITION}-{credit_code(2)}"


def any_version(_version: int) -> None:
    """Take whatever version there is."""


async def restate(session: AsyncSession, viewer: Viewer, facts: NeedFacts, now: datetime) -> EntryOut:
    need = await need_service.need_by_code(session, viewer, credit_code(2))
    body = RestatementIn.model_construct(facts=facts, need_revision=need.revision, reason="已核实")
    made = await restating_service.restate(session, viewer, CODE, body, expect=any_version, now=now)
    return made.out


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"资质": ""}, {}),
        ({}, {"资质": "高新技术企业"}),
        ({"资质": "高新技术企业"}, {"融资金额（万元）": "800"}),
        ({}, {"资质": "", "行政区划代码": "230102"}),
    ],
)
async def test_a_correction_comes_to_what_an_import_of_the_row_would(
    session: AsyncSession, viewer: Viewer, now: datetime, before: dict[str, str], after: dict[str, str]
) -> None:
    first = good_row(1, 企业名称=NAME)
    await take(session, viewer, now, workbook([first, good_row(2, 企业名称=LIKE, **before)]))
    row, later = good_row(2, 企业名称=LIKE, **after), now + timedelta(days=1)
    [said] = rows_of(workbook([row]))
    both = []
    for is_import in (True, False):
        async with session.begin_nested() as tried:
            looked = await restating_service.look(session, viewer, CODE, said.facts, now=later)
            if is_import:
                await take(session, viewer, later, workbook([row]))
            else:
                await restate(session, viewer, said.facts, later)
            found = await entry(session, viewer, 2)
            assert (looked.status, looked.admission) == (found.status, found.admission)
            both.append((await standing(session), found.facts, found.size_class, found.amount, found.region))
            await tried.rollback()
        session.expunge_all()
    assert both[0] == both[1]


async def test_equal_facts_change_nothing_and_what_is_stale_or_withdrawn_is_refused(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(2)]))
    stored = await entry(session, viewer, 2)
    assert (await restate(session, viewer, stored.facts, now)).version == stored.version
    stale = RestatementIn.model_construct(facts=stored.facts, need_revision=7, reason="已核实")
    with pytest.raises(PreconditionFailed):
        await restating_service.restate(session, viewer, CODE, stale, expect=any_version, now=now)
    await withdrawal_service.withdraw(session, viewer, CODE, "停产", expect=any_version, now=now)
    with pytest.raises(Conflict):
        await restate(session, viewer, stored.facts, now)
