"""Decisions on possible duplicates that come with a roster come to what deciding after the import would."""

import json
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.errors import Refused
from app.whitelist.name_likeness import likeness_reasons
from app.whitelist.names import RegionPrefixes
from app.whitelist.schemas import EarlyDecision, QuestionOut
from app.whitelist.tables import ReviewItem, WhitelistEntry
from tests.whitelist.rosters import credit_code, good_row, workbook
from tests.whitelist.test_api import send
from tests.whitelist.test_import import decide, entry, open_items, rows_stored, take

NAME = "哈尔滨砺剑精密机床制造有限公司"
LIKE = "哈尔滨市砺剑精密机床制造有限责任公司"
ROWS = [
    good_row(1, 企业名称=NAME),
    good_row(2, 企业名称=LIKE),
    good_row(2, 企业名称=LIKE, 项目名称="扩建"),
    good_row(3, 企业名称="砺剑精密机床制造有限公司", 资质=""),
]
CHOICES = (None, "same_firm", "different_firm")


def decision(question: QuestionOut, choice: Any, **other: Any) -> EarlyDecision:
    given = {"entry": question.entry, "decision": choice, "reason": "核实", "seen": question.seen} | other
    return EarlyDecision.model_validate(given)


async def standing(session: AsyncSession) -> list[tuple[Any, ...]]:
    """Answer all that decisions touch, entry by entry."""
    columns = (WhitelistEntry.code, WhitelistEntry.status, WhitelistEntry.admitted_at, WhitelistEntry.version)
    items = (
        ReviewItem.kind, ReviewItem.detail, ReviewItem.decision, ReviewItem.reason, ReviewItem.decided_by,
        ReviewItem.decided_at, ReviewItem.version,
    )  # fmt: skip
    wanted = (
        select(*columns, *items).join(ReviewItem, isouter=True).order_by(WhitelistEntry.code, ReviewItem.id)
    )
    return [tuple(row) for row in await session.execute(wanted)]


async def looked_at(
    session: AsyncSession, viewer: Viewer, now: datetime, rows: Any = ROWS
) -> list[QuestionOut]:
    return (await take(session, viewer, now, workbook(rows), dry_run=True)).out.questions


async def test_import_with_decisions_is_import_and_then_the_same_decisions(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    questions = await looked_at(session, viewer, now)
    assert [(one.row, one.candidates[0].uscc) for one in questions] == [
        (3, credit_code(1)),
        (4, credit_code(1)),
        (5, credit_code(1)),
    ]
    for choices in Random(7).sample(list(product(CHOICES, repeat=3)), 8):
        chosen = {one.entry: choice for one, choice in zip(questions, choices, strict=True) if choice}
        early = tuple(decision(one, chosen[one.entry]) for one in questions if one.entry in chosen)
        both = []
        for is_early in (True, False):
            async with session.begin_nested() as tried:
                made = await take(session, viewer, now, workbook(ROWS), decisions=early if is_early else ())
                counts = made.out.counts
                for item in [] if is_early else await open_items(session, viewer):
                    if item.kind == "duplicate_name" and item.entry in chosen:
                        await decide(session, viewer, now, item, chosen[item.entry])
                both.append(await standing(session))
                await tried.rollback()
            session.expunge_all()
            assert counts.decided == (len(early) if is_early else 0)
            assert counts.admitted + counts.review + counts.refused == 4
        assert both[0] == both[1], choices


async def test_a_question_of_an_earlier_roster_is_asked_in_every_batch_whatever_the_first_decides(
    session: AsyncSession, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await take(session, viewer, now, workbook(ROWS[:2]), "2023H1")
    monkeypatch.setattr("app.whitelist.roster_check.ROWS_PER_BATCH", 1)
    first, second = await looked_at(session, viewer, now, ROWS[:3])
    await take(session, viewer, now, workbook(ROWS[:3]), decisions=(decision(first, "different_firm"),))
    waiting = [one.entry for one in await open_items(session, viewer) if one.kind == "duplicate_name"]
    assert waiting == [f"2023H1-{credit_code(2)}", second.entry]


async def test_the_same_roster_and_decisions_again_change_nothing(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    questions = await looked_at(session, viewer, now)
    early = tuple(decision(one, "same_firm") for one in questions)
    await take(session, viewer, now, workbook(ROWS), decisions=early)
    before = await standing(session)
    again = await take(session, viewer, now + timedelta(days=1), workbook(ROWS), decisions=early)
    assert (again.out.is_unchanged, await standing(session)) == (True, before)
    assert (await entry(session, viewer, 2)).status == "refused"


async def test_decisions_that_do_not_fit_are_refused_together_and_nothing_is_written(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    first, second, third = await looked_at(session, viewer, now)
    before = await rows_stored(session)
    wrong = (
        decision(first, "same_firm"),
        decision(first, "different_firm"),
        decision(second, "same_firm", seen="0" * 16),
        decision(third, "same_firm", entry=f"2023H2-{credit_code(1)}"),
        decision(third, "same_firm", entry=f"2023H2-{credit_code(9)}"),
    )
    for is_dry in (True, False):
        with pytest.raises(Refused) as refusal:
            await take(session, viewer, now, workbook(ROWS), decisions=wrong, dry_run=is_dry)
        said = [(fault.where, fault.message.partition(" ")[2]) for fault in refusal.value.faults]
        assert said == [
            ("decisions.1.entry", "is decided twice"),
            ("decisions.2.entry", "has changed since it was looked at"),
            ("decisions.3.entry", "is no possible duplicate"),
            ("decisions.4.entry", "is no row that would be taken"),
        ]
        assert await rows_stored(session) == before


async def test_what_another_window_imported_meanwhile_is_decided_in_its_review(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    questions = await looked_at(session, viewer, now)
    await take(session, viewer, now, workbook(ROWS))
    [item, *_] = [one for one in await open_items(session, viewer) if one.kind == "duplicate_name"]
    early = (decision(questions[0], "same_firm"),)
    with pytest.raises(Refused) as waiting:
        await take(session, viewer, now, workbook(ROWS), decisions=early)
    assert f"/reviews/{item.id}" in waiting.value.faults[0].remedy
    await decide(session, viewer, now, item, "different_firm")
    with pytest.raises(Refused) as decided:
        await take(session, viewer, now, workbook(ROWS), decisions=early)
    assert decided.value.faults[0].message.endswith("is decided otherwise")


async def test_decisions_come_over_http_as_a_json_list(client: httpx.AsyncClient, sessions: Sessions) -> None:
    await client.post("/whitelist/editions", json={"code": "2023H2"})
    preview = (await send(client, workbook(ROWS), dry_run="true")).json()
    question = preview["questions"][0]
    assert question["facts"]["amount"] == question["candidates"][0]["facts"]["amount"] == "5000000.00"
    assert question["candidates"][0]["why"][0] == "字号和行业用词相同：“砺剑精密机床制造”"
    wrong = await send(client, workbook(ROWS), decisions='[{"entry": "x"}]')
    assert (wrong.status_code, len(wrong.json()["errors"])) == (422, 4)
    made = [decision(QuestionOut.model_validate(question), "different_firm").model_dump()]
    taken = await send(client, workbook(ROWS), decisions=json.dumps(made))
    assert (taken.status_code, taken.json()["counts"]["decided"], taken.json()["questions"]) == (201, 1, [])
    async with transaction(sessions) as session:
        decided = select(func.count()).select_from(ReviewItem).where(ReviewItem.decision.is_not(None))
        assert await session.scalar(decided) == 1


def test_reasons_say_what_is_alike_and_what_is_apart() -> None:
    regions = RegionPrefixes.of(["云岭省", "白桦市"])
    said = {
        ("白桦市远航木业有限公司", "白桦市（远航）木业有限公司"): ["名称相同"],
        ("白桦市远航木业有限公司", "远航木业股份有限公司"): ["用词相同", "行政区划", "组织形式"],
        ("白桦市盛兴木业有限公司", "白桦市晟兴木业有限公司"): ["读音相同"],
        ("白桦市远航木业有限公司", "白桦市远航有限公司"): ["简称"],
        ("白桦市远航木业有限公司", "白桦市远帆木业有限公司"): ["用词相近"],
    }
    for (one, other), wanted in said.items():
        found = likeness_reasons(one, other, regions)
        assert len(found) == len(wanted), found
        assert all(part in text for part, text in zip(wanted, found, strict=True)), found
