"""A coordinator corrects an entry's facts by a page: what it would do is seen first, then carried out with its reason."""

import html
import re

from tests.desks.roster.test_imports import EDITION, Desk, desk
from tests.whitelist.rosters import credit_code, good_row, workbook

__all__ = ["desk"]
PATH = f"/roster/entries/{EDITION}-{credit_code(2)}"


def fields_of(shown: str) -> dict[str, list[str]]:
    """Answer what a browser would send of the form that is shown."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", shown):
        named = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        is_left = 'type="radio"' in tag or 'type="checkbox"' in tag
        if named and (not is_left or " checked" in tag):
            found.setdefault(named[1], []).append(html.unescape(value[1]) if value else "on")
    for name, chosen in re.findall(r'<select id="[^"]*" name="([^"]+)".*?>(.*?)</select>', shown, re.DOTALL):
        picked = re.search(r'value="([^"]*)" selected', chosen)
        found[name] = [picked[1]] if picked else []
    for name, text in re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>([^<]*)</textarea>', shown):
        found[name] = [html.unescape(text)]
    return found


async def test_facts_are_corrected_after_a_look_and_of_two_windows_the_second_is_told(desk: Desk) -> None:
    visit = desk.visit
    look = (await desk.send("名单.xlsx", workbook([good_row(1), good_row(2, 资质="")]).getvalue())).headers[
        "location"
    ]
    await desk.work(look)
    await visit.get(look)
    made = await visit.post(f"{look}/commit")
    await desk.work(made.headers["location"])
    shown = (await visit.get(PATH)).text
    assert f'href="{PATH}/facts"' in shown
    shown = (await visit.get(f"{PATH}/facts")).text
    assert 'href="#qualifications"' in shown, "what admission has to know is named"
    stored = fields_of(shown.partition('class="need"')[2].partition("</form>")[0])

    async def send(**other: str | list[str]) -> str:
        answer = await visit.http.post(f"{PATH}/facts", data=stored | {"once": visit.field("once")} | other)
        visit.shown = answer.text or visit.shown
        return str(answer.headers.get("location", answer.status_code))

    assert await send(reason="已核实", step="look") == "422"
    assert "没有改动" in visit.shown
    assert await send(amount="-1", step="look") == "422"
    assert "金额不能是负数" in visit.shown
    assert "请写明理由" in visit.shown
    wanted: dict[str, str | list[str]] = {
        "amount": "650.5", "qualifications": ["srdi", "high_tech"], "reason": "现场走访<b>"
    }  # fmt: skip
    assert await send(**wanted, step="look") == "200"
    for said in ("更正后会怎样", "650.5 万元", "准入", "现场走访&lt;b&gt;"):
        assert said in visit.shown
    mark = visit.field("mark")
    assert await send(**wanted | {"amount": "700"}, step="carry-out", mark=mark) == "200", (
        "it was not looked at"
    )
    assert await send(**wanted, step="carry-out", mark=mark) == PATH
    entry = (await visit.get(PATH)).text
    assert "已更正2项事实" in entry
    assert "650.5" in entry
    assert await send(**wanted | {"amount": "800"}, step="look") == "200"
    assert await send(**wanted | {"amount": "800"}, step="carry-out", mark=visit.field("mark")) == "412"
    assert "已有人修改了这一条目" in visit.shown
    told = re.sub(r"<[^>]*>", " ", visit.shown.partition("更正的事实")[2].partition("</table>")[0])
    assert ("650.5 万元" in told, "800 万元" in told, "资质" in told) == (True, True, False), (
        "what was typed stands beside what is there now"
    )
    newest = fields_of(visit.shown.partition('class="need"')[2].partition("</form>")[0])
    assert newest["version"] != stored["version"]
    stored |= newest
    assert await send(step="carry-out", mark=visit.field("mark")) == PATH
    assert "800 万元" in (await visit.get(PATH)).text


async def test_two_editions_differ_by_facts_in_words(desk: Desk) -> None:
    visit = desk.visit
    await visit.get("/roster/editions/new")
    assert (await visit.post("/roster/editions", code="2024H1")).status_code == 303
    for edition, changed in (
        (EDITION, {}),
        ("2024H1", {"融资金额（万元）": "4590", "行政区划代码": "230102"}),
    ):
        book = workbook([good_row(1, **changed)]).getvalue()
        look = (await desk.send("名单.xlsx", book, edition=edition)).headers["location"]
        await desk.work(look)
        await visit.get(look)
        await desk.work((await visit.post(f"{look}/commit")).headers["location"])
    shown = (await visit.get("/roster/differences")).text
    assert "<del>500 万元</del> → <ins>4,590 万元</ins>" in shown
    assert "<del>黑龙江省哈尔滨市香坊区</del> → <ins>黑龙江省哈尔滨市道里区</ins>" in shown
