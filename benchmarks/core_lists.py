"""A core firm's list of 2,000 names against 100,000 registered firms: read from the workbook, resolved through the database; the share found rightly."""

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

from alembic import command
from stdnum.cn.uscc import calc_check_digit

from app.cli.migrations import alembic_config
from app.core_lists.columns import COLUMNS, SHEET, ListRow
from app.core_lists.naming_service import resolved
from app.core_lists.resolution import Resolution
from app.core_lists.rules import RESOLVED, Outcome
from app.core_lists.workbook import read_workbook
from app.enterprises.queries import put_enterprises
from app.enterprises.statements import name_key
from app.kernel.database import make_engine, make_sessions, transaction
from app.kernel.workbook_making import new_workbook
from app.reference.credit_codes import ALPHABET
from benchmarks.databases import sqlite

SEED: Final = 20240601
CORE: Final = "91230199MA1BQXYE20"
THEN: Final = datetime(2024, 1, 2, tzinfo=UTC)
_PLACES: Final = (
    "哈尔滨",
    "齐齐哈尔",
    "牡丹江",
    "佳木斯",
    "大庆",
    "鸡西",
    "双鸭山",
    "伊春",
    "七台河",
    "鹤岗",
)
_SIGNS: Final = "兴盛隆鑫宏达恒瑞华维嘉远润泽明禾晟通信诚博雅康健泰安昌顺丰茂祥和永久长青松柏云海天山川江河"
_TRADES: Final = (
    "机械",
    "轴承",
    "铸造",
    "液压",
    "电机",
    "线缆",
    "橡塑",
    "包装",
    "物流",
    "木业",
    "食品",
    "仪表",
)
_FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司")
Row = dict[str, Any]


def firms_of(count: int) -> list[tuple[str, str]]:
    """Invented firms: credit code and name, no two names alike in brand, trade and place at once."""
    rng, found, used = random.Random(SEED), list[tuple[str, str]](), set[str]()
    while len(found) < count:
        brand = "".join(rng.choice(_SIGNS) for _ in range(rng.randint(2, 4)))
        name = f"{rng.choice(_PLACES)}{brand}{rng.choice(_TRADES)}{rng.choice(_FORMS)}"
        if name not in used:
            used.add(name)
            found.append((_code(len(found)), name))
    return found


def _code(number: int) -> str:
    tail = ""
    for _ in range(8):
        number, digit = divmod(number, len(ALPHABET))
        tail = ALPHABET[digit] + tail
    body = f"91230102M{tail[:7]}{tail[7]}"
    return body + calc_check_digit(body)


def written(firms: Sequence[tuple[str, str]], count: int) -> list[tuple[str | None, str, str | None]]:
    """A list as a core firm writes it: (code, name, whom it means): by code, by name, shortened, without place, unknown."""
    rng = random.Random(SEED + 1)
    found: list[tuple[str | None, str, str | None]] = []
    for place, (code, name) in enumerate(rng.sample(list(firms), count)):
        match place % 10:
            case 0 | 1 | 2:
                found.append((code, name, code))
            case 3 | 4 | 5 | 6:
                found.append((None, name, code))
            case 7:
                found.append((None, name.removesuffix("有限公司").removesuffix("有限责任公司"), code))
            case 8:
                found.append((None, f"{name[:2]}市{name[2:]}" if name[2:3] != "哈" else name, code))
            case _:
                found.append((None, f"未登记{place}号虚构经营部", None))
    return found


def run(*, quick: bool = False) -> list[Row]:
    """Measure the reading, and the resolving of the names with all that it reads from the database."""
    known, count = (5_000, 200) if quick else (100_000, 2_000)
    firms = firms_of(known)
    rows = written(firms, count)
    content = _workbook(rows)
    began = time.perf_counter()
    found = read_workbook(BytesIO(content), "list.xlsx", core_uscc=CORE, this_year=2024, most=count)
    reading = time.perf_counter() - began
    if found.faults or len(found.rows) != count:
        msg = f"the list was not read whole: {found.faults[:3]}"
        raise AssertionError(msg)
    with sqlite() as url:
        command.upgrade(alembic_config(url), "head")
        used = time.process_time()
        answers, resolving = asyncio.run(_through_database(url, firms, found.rows))
    cpu = time.process_time() - used
    meant = [meant for _code, _name, meant in rows]
    linked = [one for one in answers if one.outcome in RESOLVED]
    right = sum(one.uscc == firm for one, firm in zip(answers, meant, strict=True) if one.outcome in RESOLVED)
    outcomes = {one: sum(answer.outcome is one for answer in answers) for one in Outcome}
    return [
        {
            "registered": known,
            "rows": count,
            "reading (s)": reading,
            "resolving (s)": resolving,
            "all of it, firms stored too (CPU s)": cpu,
            "by code": outcomes[Outcome.CODE],
            "by name": outcomes[Outcome.NAME],
            "to review": outcomes[Outcome.REVIEW],
            "unknown": outcomes[Outcome.UNKNOWN],
            "linked rightly": right,
            "linked wrongly": len(linked) - right,
        }
    ]


def _workbook(rows: Sequence[tuple[str | None, str, str | None]]) -> bytes:
    target = BytesIO()
    with new_workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet(SHEET)
        for place, column in enumerate(COLUMNS):
            sheet.write_string(0, place, column.heading)
        for number, (code, name, _meant) in enumerate(rows, start=1):
            if code is not None:
                sheet.write_string(number, 0, code)
            sheet.write_string(number, 1, name)
            sheet.write_string(number, 2, "供应商")
    return target.getvalue()


async def _through_database(
    url: str, firms: Sequence[tuple[str, str]], rows: Sequence[ListRow]
) -> tuple[list[Resolution], float]:
    engine = make_engine(url)
    try:
        sessions = make_sessions(engine)
        async with transaction(sessions) as session:
            await put_enterprises(session, [_row(code, name) for code, name in firms])
        async with transaction(sessions, writes=False) as session:
            began = time.perf_counter()
            answers = await resolved(session, rows, CORE)
            return answers, time.perf_counter() - began
    finally:
        await engine.dispose()


def _row(code: str, name: str) -> Row:
    return {
        "uscc": code, "name": name, "name_key": name_key(name), "spelling": "", "region_code": "230102",
        "industry": "C3411", "is_demo": True, "version": 1, "created_at": THEN, "updated_at": THEN,
    }  # fmt: skip
