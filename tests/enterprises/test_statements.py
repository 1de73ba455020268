"""Statements: taken in bulk, equal ones write nothing, what is known is not lost, projects keep their numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, func, select
from sqlalchemy.engine import Connection

from app.enterprises import queries
from app.enterprises.need_facts import NeedFacts
from app.enterprises.statement_service import compare_statements, take_statements
from app.enterprises.statements import Known, Statement, name_key, plan_statements
from app.enterprises.tables import NeedRevision
from app.kernel.database import AsyncSession
from tests.whitelist.rosters import credit_code

NOTHING = Known({}, {}, {}, {})


def facts(**changes: Any) -> NeedFacts:
    return NeedFacts.model_validate(
        {"amount": "5000000.00", "term_months": 36, "purposes": ["equipment"], "region": "230110"} | changes
    )


def statement(number: int, **changes: Any) -> Statement:
    return Statement(credit_code(number), f"哈尔滨第{number}机械厂", facts(**changes), "张三", "0451-1")


@contextmanager
def counted(session: AsyncSession) -> Iterator[list[str]]:
    """Collect the SQL statements that a block sends."""
    sent: list[str] = []

    def note(_connection: Connection, _cursor: Any, text: str, *_rest: Any) -> None:
        sent.append(text)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_equal_statements_make_no_new_revision_and_others_do(
    session: AsyncSession, now: datetime
) -> None:
    first = await take_statements(session, [statement(1), statement(2)], now=now)
    assert [taken.outcome for taken in first] == ["new", "new"]
    again = await take_statements(session, [statement(1), statement(2, amount="6000000.00")], now=now)
    assert [taken.outcome for taken in again] == ["kept", "changed"]
    assert again[0].need_revision_id == first[0].need_revision_id
    assert again[1].need_revision_id != first[1].need_revision_id
    stored = await queries.stored_needs(session, [taken.need_code for taken in again])
    assert [stored[taken.need_code].revision for taken in again] == [1, 2]
    wordings = select(func.count()).where(NeedRevision.need_id == first[1].need_id)
    assert await session.scalar(wordings) == 2


async def test_the_number_of_sql_statements_does_not_grow_with_the_rows(
    session: AsyncSession, now: datetime
) -> None:
    counts = []
    for size, start in ((150, 100), (600, 1_000)):
        with counted(session) as sent:
            await take_statements(session, [statement(start + i) for i in range(size)], now=now)
        counts.append(len(sent))
    assert counts[0] == counts[1] < 25


async def test_contacts_are_kept_apart_and_a_later_blank_does_not_erase_them(
    session: AsyncSession, now: datetime
) -> None:
    await take_statements(session, [statement(1)], now=now)
    bare = Statement(credit_code(1), "哈尔滨第1机械厂", facts())
    plan = await compare_statements(session, [bare])
    assert not plan.is_changing
    assert await queries.stored_contacts(session, [credit_code(1)]) == {credit_code(1): ("张三", "0451-1")}
    moved = Statement(credit_code(1), "哈尔滨第1机械厂", facts(), None, "0451-2")
    await take_statements(session, [moved], now=now + timedelta(days=1))
    assert await queries.stored_contacts(session, [credit_code(1)]) == {credit_code(1): ("张三", "0451-2")}


async def test_a_firm_is_renamed_and_its_unknown_facts_stay_known(
    session: AsyncSession, now: datetime
) -> None:
    await take_statements(session, [statement(1, industry="C3412", ownership="private")], now=now)
    renamed = Statement(credit_code(1), "哈尔滨新名机械厂", facts())
    plan = await compare_statements(session, [renamed])
    assert plan.renamed == {credit_code(1): ("哈尔滨第1机械厂", "哈尔滨新名机械厂")}
    await take_statements(session, [renamed], now=now, plan=plan)
    stored = (await queries.stored_enterprises(session, [credit_code(1)]))[credit_code(1)]
    assert (stored.profile.name, stored.profile.industry, stored.version) == ("哈尔滨新名机械厂", "C3412", 2)


async def test_projects_get_the_next_number_and_keep_it(session: AsyncSession, now: datetime) -> None:
    def project(name: str) -> Statement:
        return statement(1, project_name=name, subject="project", region="230202")

    first = await take_statements(session, [project("一期"), statement(1), project("二期")], now=now)
    code = credit_code(1)
    assert [taken.need_code for taken in first] == [f"{code}-P1", code, f"{code}-P2"]
    later = await take_statements(session, [project("三期"), project("二期")], now=now)
    assert [(taken.need_code, taken.outcome) for taken in later] == [
        (f"{code}-P3", "new"),
        (f"{code}-P2", "kept"),
    ]
    stored = (await queries.stored_enterprises(session, [code]))[code]
    assert stored.profile.region_code == "230110"  # the firm's own row, not its project's


def test_planning_nothing_new_changes_nothing() -> None:
    assert not plan_statements([], NOTHING).is_changing
    assert plan_statements([statement(1)], NOTHING).is_changing


def test_a_name_key_ignores_width_case_spaces_and_brackets() -> None:
    assert name_key("ＡＢ（哈尔滨） 机械 有限公司") == name_key("ab(哈尔滨)机械有限公司")
