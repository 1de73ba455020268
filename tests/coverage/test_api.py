import base64
import hashlib
import io
from datetime import timedelta
from pathlib import Path

import httpx
import openpyxl
import pytest

from app.coverage import standalone_verifier
from app.kernel.database import Sessions, transaction
from tests.docking.world import ASSIGNED, World, add_event, build_world, entry_code


@pytest.fixture(autouse=True)
async def world(sessions: Sessions) -> World:
    async with transaction(sessions) as session:
        built = await build_world(session, ("icbc-dl", "lj"))
        at = ASSIGNED + timedelta(days=1)
        await add_event(session, built, entry_code(0), "contacted", "icbc-dl", at, sequence=1)
        return built


async def test_a_month_goes_from_open_to_closed_to_restated(
    client: httpx.AsyncClient, sessions: Sessions, world: World
) -> None:
    before = (await client.get("/coverage/2023-09", params={"by": "region"})).json()
    assert before["total"]["coverage"] == {"numerator": 1, "denominator": 2, "percent": "50.00"}
    assert [row["key"] for row in before["rows"]] == ["230000", "230100", "230102", "230103"]
    closed = await client.post("/coverage/2023-09/close")
    assert (closed.status_code, closed.headers["location"]) == (201, "/api/v1/coverage/2023-09")
    again = await client.post("/coverage/2023-09/close")
    assert (again.status_code, again.json()["errors"][0]["where"]) == (409, "month")
    async with transaction(sessions) as session:
        await add_event(session, world, entry_code(1), "contacted", "lj", ASSIGNED, sequence=1)
    after = (await client.get("/coverage/2023-09")).json()
    assert after["total"] == before["total"]
    assert after["restated"]["coverage"]["percent"] == "100.00"
    verdict = (await client.get("/coverage/2023-09/verification")).json()
    assert (verdict["is_intact"], verdict["entries_changed"]) == (True, [entry_code(1)])


async def test_the_facts_of_a_closed_month_are_the_very_bytes_that_were_hashed(
    client: httpx.AsyncClient,
) -> None:
    closed = (await client.post("/coverage/2023-09/close")).json()
    answer = await client.get("/coverage/2023-09/facts")
    digest = hashlib.sha256(answer.content)
    assert digest.hexdigest() == closed["facts_sha256"]
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert [entry["entry"] for entry in answer.json()["entries"]] == [entry_code(0), entry_code(1)]


async def test_the_workbook_opens(client: httpx.AsyncClient) -> None:
    answer = await client.get("/coverage/2023-09.xlsx")
    assert answer.headers["content-disposition"] == 'attachment; filename="coverage-2023-09.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book["总览"]["F2"].value == 2


async def test_the_entries_behind_a_figure_are_listed_by_code(client: httpx.AsyncClient) -> None:
    path = "/coverage/2023-09/entries"
    first = (await client.get(path, params={"limit": 1})).json()
    rest = (await client.get(path, params={"limit": 1, "cursor": first["next"]})).json()
    assert [one["code"] for one in (*first["items"], *rest["items"])] == [entry_code(0), entry_code(1)]
    assert (first["count"], first["shown"], rest["next"]) == (2, 2, None)
    late = (await client.get(path, params={"level": "not_contacted", "institution": "lj"})).json()
    assert [(one["code"], one["contacted_at"]) for one in late["items"]] == [(entry_code(1), None)]
    assert (await client.get(path, params={"level": "happy"})).status_code == 422
    heat = (await client.get("/coverage/2023-09/heat")).json()
    assert [(row["region"], row["entries"], row["reached"]) for row in heat["rows"]] == [
        ("230100", [1, 1], [0, 1])
    ]


async def test_trend_ranking_and_all_figures_are_answered(client: httpx.AsyncClient) -> None:
    await client.post("/coverage/2023-09/close")
    asked = {"from": "2023-08", "to": "2023-10", "by": "region"}
    trend = (await client.get("/coverage/trend", params=asked)).json()
    assert [(month["month"], month["state"]) for month in trend["months"]] == [
        ("2023-08", "open"),
        ("2023-09", "closed"),
        ("2023-10", "open"),
    ]
    assert [row["key"] for row in trend["months"][1]["rows"]] == ["230000", "230100"]
    ranking = (await client.get("/coverage/2023-09/ranking", params={"level": "sub_branch"})).json()
    [row] = ranking["rows"]
    assert (row["key"], row["rank"], row["entries"], row["hidden"]) == ("icbc-dl", None, None, row["hidden"])
    figures = (await client.get("/coverage/2023-09/figures")).json()
    assert (figures["format"], figures["total"]["entries"]) == ("rongqiao-coverage-figures/1", 2)
    assert sorted(figures["cuts"]) == ["chain", "institution", "region", "size_class", "source_class"]


async def test_the_verifier_is_handed_out_as_it_stands(client: httpx.AsyncClient) -> None:
    answer = await client.get("/coverage/verifier.py")
    assert answer.headers["content-type"] == "text/x-python; charset=utf-8"
    assert answer.content == Path(standalone_verifier.__file__).read_bytes()


REFUSED = {
    "2023-13": 422,
    "2023-9": 422,
    "1999-01": 422,
    "2098-01": 404,
    "2022-01": 404,
    "2022-01.xlsx": 404,
    "2023-09?by=colour": 422,
    "2023-09?edition=2022H1": 404,
    "2023-09?edition=x": 422,
    "2023-09/verification": 404,
    "2022-01/facts": 404,
    "2022-01/figures": 404,
    "2022-01/ranking": 404,
    "2023-09/ranking?level=counter": 422,
    "2023-09/ranking?sort=beauty": 422,
    "trend?from=2023-9": 422,
    "trend?from=2023-11&to=2023-09": 422,
    "trend?by=colour": 422,
}


async def test_what_cannot_be_shown_is_a_problem(client: httpx.AsyncClient) -> None:
    answers = {path: await client.get(f"/coverage/{path}") for path in REFUSED}
    assert {path: answer.status_code for path, answer in answers.items()} == REFUSED
    types = {answer.headers["content-type"] for answer in answers.values()}
    assert types == {"application/problem+json"}
