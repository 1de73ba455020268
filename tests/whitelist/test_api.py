"""The whitelist over HTTP: workbooks in and out, reviews, withdrawals, differences."""

from io import BytesIO
from typing import Any

import httpx
import pytest

from app.whitelist import error_workbook, import_service
from tests.full_disk import full_disk
from tests.whitelist.rosters import cells_of, credit_code, good_row, workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def send(
    client: httpx.AsyncClient, file: BytesIO, path: str = "imports", **form: Any
) -> httpx.Response:
    return await client.post(
        f"/whitelist/{path}",
        data={"edition": "2023H2"} | form,
        files={"file": ("名单.xlsx", file.getvalue(), XLSX)},
    )


async def test_a_roster_goes_from_template_to_decided_entries(client: httpx.AsyncClient) -> None:
    template = await client.get("/whitelist/imports/template.xlsx")
    assert template.headers["content-type"] == XLSX
    assert cells_of(BytesIO(template.content))[0][0] == "名单类别"
    assert (await send(client, workbook([good_row(1)]))).status_code == 404
    assert (await client.post("/whitelist/editions", json={"code": "2023H2"})).status_code == 201
    assert (await client.post("/whitelist/editions", json={"code": "2023H2"})).status_code == 409

    rows = workbook([good_row(1), good_row(2, 资质="")])
    preview = await send(client, rows, dry_run="true")
    assert (preview.status_code, preview.json()["counts"]["new"], preview.json()["id"]) == (200, 2, None)
    made = await send(client, rows)
    assert (made.status_code, made.json()["counts"]["review"]) == (201, 1)
    again = await send(client, rows)
    assert (again.status_code, again.json()["is_unchanged"]) == (200, True)
    stored = (await client.get(made.headers["location"].removeprefix("/api/v1"))).json()
    assert stored["file_sha256"] == again.json()["file_sha256"]
    assert [item["id"] for item in (await client.get("/whitelist/imports")).json()["items"]] == [stored["id"]]

    [item] = (await client.get("/whitelist/reviews", params={"state": "open"})).json()["items"]
    path, body = f"/whitelist/reviews/{item['id']}", {"decision": "admit", "reason": "已补充认定文件"}
    assert (await client.put(path, json=body)).status_code == 428
    assert (await client.put(path, json=body, headers={"If-Match": '"7"'})).status_code == 412
    decided = await client.put(path, json=body, headers={"If-Match": '"1"'})
    assert (decided.json()["decision"], decided.headers["etag"]) == ("admit", '"2"')
    assert (await client.put(path, json=body, headers={"If-Match": '"2"'})).status_code == 409
    edition = (await client.get("/whitelist/editions/2023H2")).json()
    assert (edition["entries"], edition["in_force_until"]) == ({"admitted": 2}, "2023-12-31")

    path = f"/whitelist/entries/2023H2-{credit_code(2)}"
    entry = await client.get(path)
    assert (entry.json()["status"], entry.json()["amount"]) == ("admitted", "5000000.00")
    headers = {"If-Match": entry.headers["etag"]}
    gone = await client.put(f"{path}/withdrawal", json={"reason": "停产"}, headers=headers)
    assert gone.json()["withdrawal_reason"] == "停产"
    listed = (await client.get("/whitelist/entries", params={"region": "230100", "edition": "2023H2"})).json()
    assert [item["withdrawn_at"] is None for item in listed["items"]] == [True, False]

    await client.post("/whitelist/editions", json={"code": "2024H1"})
    body = {"edition": "2024H1", "need": credit_code(2)}
    relisted = await client.post("/whitelist/entries", json=body)
    assert relisted.headers["location"] == f"/api/v1/whitelist/entries/2024H1-{credit_code(2)}"
    diff = (await client.get("/whitelist/editions/2023H2/diff/2024H1")).json()
    assert diff["counts"] == {"new": 1, "removed": 1}


async def test_a_refused_roster_is_a_problem_with_its_cells_and_comes_back_as_a_workbook(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/whitelist/editions", json={"code": "2023H2"})
    file = workbook([good_row(1), good_row(2, 首贷户="?")])
    refused = await send(client, file)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    [fault] = refused.json()["errors"]
    assert (fault["where"], fault["value"]) == ("名单!S3", "?")
    sent_back = await send(client, file, "imports/errors.xlsx")
    assert "S列" in cells_of(BytesIO(sent_back.content))[2][-1]
    partly = await send(client, file, accept_valid="true")
    assert (partly.status_code, partly.json()["counts"]["new"]) == (201, 1)
    assert (await send(client, BytesIO(b"no workbook"))).status_code == 422
    assert (await send(client, file, edition="2023H3")).json()["errors"][0]["where"] == "edition"


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    paths = ("editions/2023H2", f"entries/2023H2-{credit_code(1)}", "imports/7", "reviews/7",
             "editions/2023H1/diff/2023H2")  # fmt: skip
    assert [(await client.get(f"/whitelist/{path}")).status_code for path in paths] == [404] * len(paths)


async def test_a_roster_sent_twice_under_one_key_is_taken_once(client: httpx.AsyncClient) -> None:
    await client.post("/whitelist/editions", json={"code": "2023H2"})

    async def send_as(content: bytes, boundary: str) -> httpx.Response:
        kind = f"multipart/form-data; boundary={boundary}"
        return await client.post(
            "/whitelist/imports",
            data={"edition": "2023H2"},
            files={"file": ("名单.xlsx", content)},
            headers={"Idempotency-Key": "roster", "Content-Type": kind},
        )

    content = workbook([good_row(1)]).getvalue()
    first, again = await send_as(content, "first"), await send_as(content, "second")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (await send_as(workbook([good_row(2)]).getvalue(), "third")).status_code == 409


async def test_faults_for_which_there_is_no_room_are_to_be_fetched_later(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.post("/whitelist/editions", json={"code": "2023H2"})).status_code == 201
    write, file = (
        error_workbook.write_error_workbook,
        workbook([good_row(i, 首贷户="?") for i in range(1, 200)]),
    )

    def without_room(*what: Any) -> None:
        with full_disk(32 * 1024):
            write(*what)

    with monkeypatch.context() as patched:
        patched.setattr(import_service, "write_error_workbook", without_room)
        refused = await send(client, file, "imports/errors.xlsx")
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        503, "unavailable", "30",
    )  # fmt: skip
    assert (await send(client, file, "imports/errors.xlsx")).status_code == 200


async def test_a_workbook_for_which_there_is_no_room_may_be_sent_again(client: httpx.AsyncClient) -> None:
    large = BytesIO(bytes(3 * 1024 * 1024))  # longer ones are put on the disk while they come
    with full_disk(1024 * 1024):
        refused = await send(client, large)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
        503, "unavailable", "30",
    )  # fmt: skip
