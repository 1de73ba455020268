"""The search box finds a firm by whatever people type of it, shows each viewer what is theirs, and leads to their page."""

from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.desks.search.ways import entry_path
from app.enterprises.name_spelling import asked, spelled
from app.enterprises.need_facts import NeedFacts
from app.enterprises.statement_service import take_statements
from app.enterprises.statements import Statement
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.whitelist import entry_service, search_service
from app.whitelist.service import open_edition
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import installed
from tests.desks.visits import Visit
from tests.whitelist.rosters import credit_code

FACTS: dict[str, Any] = {
    "amount": "5000000.00", "term_months": 12, "purposes": ["working_capital"], "region": "230102",
    "source_class": "srdi", "industry": "C3412",
}  # fmt: skip
NAMES = (
    "哈尔滨华维装备有限公司",
    "重庆长安乐行厦贸易有限公司",
    "齐齐哈尔绿铝（集团）ABC厂",
    "大庆华维新材料有限公司",
)
REGIONS = ("230102", "230102", "230202", "230602")
HUA_WEI, POLYPHONE, GREEN, OTHER = (credit_code(number) for number in range(1, 5))


def with_roles(*roles: tuple[Role, str]) -> Viewer:
    """Answer a viewer with roles."""
    return Viewer("wang.fang", "230000", tuple(Grant(role, scope) for role, scope in roles), 7)


def test_a_name_is_spelled_in_all_the_ways_in_which_its_characters_are_read_in_names() -> None:
    ways = spelled("重庆长安乐行").split("|")
    assert "重庆长安乐行" in ways
    assert {"cqcalh", "zqzayh", "chongqingchanganlehang"} <= set(ways)
    assert spelled("绿铝（ＡＢＣ）1厂").split("|")[1:] == [
        "绿铝abc1厂",
        "llabc1c",
        "lulvabc1chang".replace("v", "u"),
    ]
    assert len(spelled("长重行乐厦单曾朝" * 20)) < 4_000, "so many readings are not all written out"
    assert spelled("=()") == "|"


@pytest.mark.parametrize("text", ["", " ", "哈", "（）", "h", "x" * 81, "\u202e", "😀"])
def test_too_little_and_too_much_look_for_nothing(text: str) -> None:
    assert asked(text) is None


async def _take(session: AsyncSession) -> None:
    facts = [NeedFacts.model_validate(FACTS | {"region": region}) for region in REGIONS]
    codes = (HUA_WEI, POLYPHONE, GREEN, OTHER)
    statements = [Statement(*parts) for parts in zip(codes, NAMES, facts, strict=True)]
    await take_statements(session, statements, now=utc_now())


CASES = [
    ("华维", [HUA_WEI, OTHER]),
    ("哈华维", [HUA_WEI]),
    ("hebhw", [HUA_WEI]),
    ("HEBHW", [HUA_WEI]),
    ("hwzb", [HUA_WEI]),
    ("huawei", [HUA_WEI, OTHER]),
    ("zqzayh", [POLYPHONE]),
    ("cqca", [POLYPHONE]),
    ("lvlv", [GREEN]),
    ("绿铝(集团)ａｂｃ", [GREEN]),
    (HUA_WEI, [HUA_WEI]),
    (HUA_WEI.lower(), [HUA_WEI]),
    (f" {HUA_WEI[:12]} {HUA_WEI[12:]}", [HUA_WEI]),
    ("有限公司%", [HUA_WEI, OTHER, POLYPHONE]),
    ("%_", []),
    ("没有这家", []),
    ("'; DROP TABLE", []),
]


async def test_a_firm_is_found_by_part_abbreviation_initials_pinyin_and_code_and_anew_when_renamed(
    session: AsyncSession, viewer: Viewer
) -> None:
    await _take(session)
    for text, expected in CASES:
        found = await search_service.find(session, viewer, text)
        assert sorted(one.uscc for one in found.firms) == sorted(expected), text
    begun = await search_service.find(session, viewer, "dqhw")
    assert [one.uscc for one in begun.firms] == [OTHER]
    assert (await search_service.find(session, viewer, HUA_WEI[:6])).firms, "the beginning of a code"


async def test_a_viewer_finds_what_is_theirs_with_entries_newest_first(sessions: Sessions) -> None:
    async with working(sessions) as session:
        await _take(session)
        for edition in ("2023H2", "2024H1"):
            await open_edition(session, OPERATOR, edition, now=utc_now())
            for uscc in (HUA_WEI, OTHER):
                await entry_service.list_need(session, OPERATOR, edition, uscc, now=utc_now())
    expected = {
        (Role.COORDINATOR, "230100"): [HUA_WEI],
        (Role.COORDINATOR, "230000"): [HUA_WEI, OTHER],
        (Role.ENTERPRISE, OTHER): [OTHER],
        (Role.RELATIONSHIP_MANAGER, "SJ"): [],
        (Role.AUDITOR, ""): [HUA_WEI, OTHER],
    }
    for grant, firms in expected.items():
        viewer = with_roles(grant)
        async with working(sessions, viewer) as session:
            found = await search_service.find(session, viewer, "华维")
            by_code = await search_service.find(session, viewer, f"2024H1-{OTHER[:9]}")
        assert sorted(one.uscc for one in found.firms) == sorted(firms), grant
        assert sorted(one.code for one in found.needs) == sorted(firms)
        assert {one.uscc for one in found.entries} == set(firms)
        assert all(one.edition == "2024H1" for one in found.entries[:1])
        assert {one.code for one in by_code.entries} == (
            {f"2024H1-{uscc}" for uscc in firms if uscc.startswith(OTHER[:9])}
        )


async def test_the_page_leads_on_says_what_to_do_and_lets_nothing_in(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = installed(sessions, monkeypatch)
    async with working(sessions) as session:
        await _take(session)
        await open_edition(session, OPERATOR, "2024H1", now=utc_now())
        await entry_service.list_need(session, OPERATOR, "2024H1", HUA_WEI, now=utc_now())
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as visit:
        assert (await visit.get("/search?q=hebhw")).headers["location"].startswith("/sign-in?next=")
        await visit.get("/sign-in")
        await visit.sign_in()
        shown = await visit.get("/search?q=hebhw")
        assert (shown.status_code, f"/roster/entries/2024H1-{HUA_WEI}" in shown.text) == (200, True)
        unlisted = await visit.get("/search?q=cqca")
        assert "未列入名单" in unlisted.text
        for text, said in (
            ("", "输入要找的企业"), ("哈", "至少输入两个字"), ("没有这家", "没有找到"), ("x" * 5_000, "最多输入 80"),
            ('"><script>alert(1)</script>', "没有找到"), ("=HYPERLINK(1)\u202e😀", "没有找到"),
        ):  # fmt: skip
            answer = await visit.http.get("/search", params={"q": text})
            assert (answer.status_code, said in answer.text, "<script>alert" in answer.text) == (
                200,
                True,
                False,
            )


def test_each_viewer_is_led_to_the_page_of_an_entry_that_is_theirs() -> None:
    paths = {
        (Role.COORDINATOR, "230000"): "/roster/entries/E",
        (Role.AUDITOR, ""): "/roster/entries/E",
        (Role.GUARANTOR, "DB"): "/manager/entries/E",
        (Role.BANK_ADMINISTRATOR, "SJ"): "/manager/entries/E",
        (Role.ENTERPRISE, HUA_WEI): "/enterprise/needs/N",
    }
    assert {grant: entry_path(with_roles(grant), "E", "N") for grant in paths} == paths


async def test_the_route_answers_firms_entries_and_needs(client: httpx.AsyncClient) -> None:
    await client.post("/enterprises", json={"uscc": HUA_WEI, "name": NAMES[0], "region": "230102"})
    found = await client.get("/search", params={"q": "hebhw"})
    assert [one["name"] for one in found.json()["firms"]] == [NAMES[0]]
    body = {"name": "哈尔滨改名装备有限公司", "region": "230102"}
    await client.put(f"/enterprises/{HUA_WEI}", json=body, headers={"If-Match": "*"})
    assert (await client.get("/search", params={"q": "hebhw"})).json()["firms"] == []
    assert (await client.get("/search", params={"q": "hebgm"})).json()["firms"]
    assert (await client.get("/search", params={"q": "x" * 81})).status_code == 422
