"""Core firms' lists of the demonstration: one taken up and matched, one of the demonstration's own firm, one that waits."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from app.accounts.rules import Grant, Role, Viewer
from app.cli.bodies import any_version
from app.core_lists import listing_service, match_service, service
from app.core_lists.columns import COLUMNS, SHEET
from app.core_lists.rules import Answer, latest_until
from app.core_lists.schemas import AnswerIn, DecisionIn, RunIn
from app.enterprises import service as enterprises
from app.enterprises.schemas import EnterpriseOut
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.shanghai import shanghai_date
from app.kernel.workbook_making import new_workbook

EVIDENCE: Final = "演示书面同意（虚构）"
CHAIN: Final = "HLJ-GDZB"
HARBIN: Final = "2301"
LISTED: Final = 24
CONSENTING: Final = 14
UNKNOWN: Final = ("哈尔滨虚构精工配件有限公司", "齐齐哈尔虚构铸锻有限公司")


async def seed_core_lists(session: AsyncSession, viewer: Viewer, own: str, *, now: datetime) -> None:
    """Have three core firms list others; `own` is the firm (credit code) that somebody of the demonstration speaks for."""
    found = await enterprises.list_enterprises(session, viewer, PageRequest(limit=MOST_ROWS))
    firms = [one for one in found.items if one.uscc != own]
    near = [one for one in firms if one.region.startswith(HARBIN)]
    mine = [one for one in found.items if one.uscc == own]
    if len(firms) <= LISTED or len(near) < len(("matched", "waiting")):
        return
    first, waiting = near[0], near[-1]
    others = [one for one in firms if one.uscc not in {first.uscc, waiting.uscc}]
    await _provide(session, viewer, first.uscc, [*mine, *others[:LISTED]], now, chain=CHAIN)
    await _answer_and_match(session, viewer, first.uscc, own, now)
    if mine:
        speaker = Viewer(
            "demo-enterprise", viewer.jurisdiction, (Grant(Role.ENTERPRISE, own),), is_operator=True
        )
        await _provide(session, speaker, own, others[LISTED // 2 : LISTED + LISTED // 2], now)
        await service.decide(session, viewer, own, DecisionIn(accept=True), expect=any_version, now=now)
        await _answer_and_match(session, viewer, own, own, now)
    speaker = Viewer("演示", viewer.jurisdiction, (Grant(Role.ENTERPRISE, waiting.uscc),), is_operator=True)
    await _provide(session, speaker, waiting.uscc, others[-LISTED // 2 :], now)


async def _provide(
    session: AsyncSession,
    viewer: Viewer,
    core: str,
    firms: Sequence[EnterpriseOut],
    now: datetime,
    *,
    chain: str | None = None,
) -> None:
    content = BytesIO(_workbook(firms))
    made = await service.prepare(
        session, viewer, core, content, "演示上下游名单.xlsx", now=now, evidence=EVIDENCE, chain=chain
    )
    await service.provide(session, viewer, core, made, now=now, evidence=EVIDENCE, chain=chain, is_demo=True)


def _workbook(firms: Sequence[EnterpriseOut]) -> bytes:
    """Make a list as core firms do: some by code, some by name alone, one by a code under another's name, some unknown."""
    target = BytesIO()
    rows: list[Sequence[Any]] = [tuple(column.heading for column in COLUMNS)]
    for place, firm in enumerate(firms):
        name = firm.name.removesuffix("有限公司") if place % 7 == 0 else firm.name
        code = firm.uscc if place % 2 else None
        if place == len(firms) - 1:
            code, name = firm.uscc, "虚构曾用名商贸行"
        relation = "经销商" if place % 5 == 0 else "供应商"
        rows.append((code, name, relation, 300 + 45 * place, 2012 + place % 10))
    rows += [(None, name, "供应商", 120, 2019) for name in UNKNOWN]
    with new_workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet(SHEET)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                elif cell is not None:
                    sheet.write_number(number, place, cell)
    return target.getvalue()


async def _answer_and_match(
    session: AsyncSession, viewer: Viewer, core: str, own: str, now: datetime
) -> None:
    """Have most listed firms consent and one refuse; the demonstration's own firm has not answered."""
    today = shanghai_date(now)
    page = PageRequest(limit=MOST_ROWS)
    members = (await match_service.list_members(session, viewer, core, page, answer=None, today=today)).items
    for place, one in enumerate(each for each in members if each.uscc != own):
        if place > CONSENTING:
            break
        is_consent = place < CONSENTING
        body = AnswerIn(
            answer=Answer.CONSENTED if is_consent else Answer.REFUSED,
            until=latest_until(today) if is_consent else None,
            shows_trade=place % 2 == 0,
        )
        await listing_service.answer_listing(session, viewer, one.id, body, expect=any_version, now=now)
    await match_service.run_match(session, viewer, core, RunIn(), now=now)
