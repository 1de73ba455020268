"""A small town of a core firm: firms that it lists, banks with supply-chain products, people of each."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any, Final

from stdnum.cn.uscc import calc_check_digit

from app.accounts.rules import Role, Viewer
from app.chains.tables import Chain
from app.core_lists.columns import COLUMNS, SHEET
from app.enterprises.statements import name_key
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.workbook_making import new_workbook
from app.reference.credit_codes import ALPHABET
from tests.accounts.offices import person
from tests.bottlenecks.world import BEFORE, DAOLI, PROVINCE, World, add_product, build_world

HEADINGS: Final = tuple(column.heading for column in COLUMNS)
CHAIN: Final = "HLJ-TEST"
ELSEWHERE: Final = "230203"
BRANDS: Final = (
    "白桦精密铸造", "红松液压", "兴凯轴承", "镜泊电机", "嫩水密封件", "完达紧固件", "扎龙传动", "五营木业", "林甸橡塑",
    "呼玛线缆", "漠河标准件", "绥滨齿轮",
)  # fmt: skip


def code(number: int, region: str = "230102") -> str:
    """Answer a credit code with its check digit."""
    body = f"91{region}MA1C{number:05d}"
    assert all(one in ALPHABET for one in body)
    return body + calc_check_digit(body)


CORE: Final = code(1)
OTHER_CORE: Final = code(2, "230203")


def supplier(number: int) -> str:
    """Answer the credit code of the firm of the brand of that number."""
    return code(100 + number)


def name(number: int) -> str:
    """Answer the registered name of that firm."""
    return f"哈尔滨{BRANDS[number]}有限公司"


async def build(session: AsyncSession) -> World:
    """Store the core firm, another one elsewhere, firms, a chain, and banks with products of each kind."""
    world = await build_world(session, {})
    rows = [
        (CORE, "哈尔滨松江重型装备集团有限公司", DAOLI),
        (OTHER_CORE, "齐齐哈尔北满机床有限公司", ELSEWHERE),
    ]
    rows += [(supplier(number), name(number), DAOLI) for number in range(len(BRANDS))]
    for uscc, full, region in rows:
        session.add(
            Enterprise(
                uscc=uscc, name=full, name_key=name_key(full), region_code=region, industry="C3411",
                established_on=date(2010, 5, 1), is_demo=True, version=1, created_at=BEFORE, updated_at=BEFORE,
            )
        )  # fmt: skip
    session.add(
        Chain(
            code=CHAIN, jurisdiction=PROVINCE, name="测试装备", industries=["C34"], source="测试", is_demo=True, version=1,
            created_at=BEFORE,
        )
    )  # fmt: skip
    await session.flush()
    for bank, product, terms in (
        ("B1", "B1-YS", {"guarantee_modes": ["receivables"], "purposes": ["supply_chain"]}),
        ("B2", "B2-XY", {"guarantee_modes": ["credit"], "purposes": ["supply_chain", "working_capital"]}),
        (
            "B3",
            "B3-PJ",
            {"form": "supply_chain_bill", "guarantee_modes": ["bills"], "purposes": ["supply_chain"]},
        ),
    ):
        await add_product(session, world, product, bank, rate=380, **terms)
    return world


async def build_kept(sessions: Sessions) -> World:
    """Store the town for good."""
    async with transaction(sessions) as session:
        return await build(session)


async def staff(sessions: Sessions) -> dict[str, Viewer]:
    """Store people of the core firm, of two suppliers, coordinators, banks and an auditor."""
    grants = {
        "core": (Role.ENTERPRISE, CORE),
        "firm": (Role.ENTERPRISE, supplier(0)),
        "other_firm": (Role.ENTERPRISE, supplier(1)),
        "coordinator": (Role.COORDINATOR, "230100"),
        "elsewhere": (Role.COORDINATOR, "230200"),
        "bank": (Role.BANK_ADMINISTRATOR, "B1"),
        "clerk": (Role.RELATIONSHIP_MANAGER, "B2-DL"),
        "auditor": (Role.AUDITOR, ""),
    }
    return {login: await person(sessions, login, grant) for login, grant in grants.items()}


def workbook(rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS, sheet: str = SHEET) -> bytes:
    """Answer a workbook with a heading and rows as they are given."""
    target = BytesIO()
    with new_workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate([headings, *rows]):
            for place, cell in enumerate(row):
                if cell is not None:
                    page.write(number, place, cell)
    return target.getvalue()


def listing(count: int = 10) -> list[tuple[Any, ...]]:
    """Answer the rows of a list of so many suppliers: by code, by name, and unknown ones after those."""
    rows: list[tuple[Any, ...]] = []
    for number in range(count):
        if number >= len(BRANDS):
            rows.append((None, f"鸡西未登记第{number}号配件有限公司", "供应商", 100, None))
        else:
            by_code = number % 2 == 0
            rows.append((supplier(number) if by_code else None, name(number), "供应商", 860 + number, 2018))
    return rows
