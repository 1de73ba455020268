import io

import docx
import httpx
import openpyxl
import pytest

from app.bulletins import workbook
from app.bulletins.composition import DRAFT_MARK
from app.kernel.database import Sessions, transaction
from app.kernel.official_documents import MEDIA_TYPE
from tests.docking.world import build_world


@pytest.fixture(autouse=True)
async def _world(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await build_world(session, ("icbc-dl", "lj", "lj", "lj"))


async def test_a_bulletin_is_answered_as_json_workbook_and_document(client: httpx.AsyncClient) -> None:
    closed = (await client.post("/coverage/2023-09/close")).json()
    made = await client.get("/bulletins/2023-09")
    assert (made.status_code, made.json()["facts_sha256"]) == (200, closed["facts_sha256"])
    book = await client.get("/bulletins/2023-09.xlsx")
    assert (book.headers["content-type"], book.headers["content-disposition"]) == (
        workbook.MEDIA_TYPE,
        'attachment; filename="bulletin-2023-09.xlsx"',
    )
    assert len(openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames) == 9
    written = await client.get("/bulletins/2023-09.docx")
    assert written.headers["content-type"] == MEDIA_TYPE
    last = docx.Document(io.BytesIO(written.content)).tables[-1]
    assert last.rows[-1].cells[1].text == closed["facts_sha256"]


async def test_an_open_month_is_answered_as_a_draft(client: httpx.AsyncClient) -> None:
    assert (await client.get("/bulletins/2023-10")).json()["mark"] == DRAFT_MARK


@pytest.mark.parametrize(
    ("path", "status"), [("2022-01", 404), ("2023-13", 422), ("2023-09?edition=2020H1", 404)]
)
async def test_what_is_not_there_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/bulletins/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
