"""The booklet over HTTP and on the command line."""

import io
from pathlib import Path

import docx
import httpx
import pytest
from typer.testing import CliRunner

from app.cli import booklet as command
from app.kernel.official_documents import MEDIA_TYPE
from app.kernel.settings import get_settings
from tests.catalogue.test_products_api import BANK, PRODUCT
from tests.databases import migrate


async def test_the_booklet_of_an_edition_is_answered_as_json_and_document(client: httpx.AsyncClient) -> None:
    await client.post("/institutions", json=BANK)
    await client.post("/products", json=PRODUCT)
    assert (await client.get("/booklet/2023Q4")).status_code == 404
    published = (await client.post("/library/editions", json={"code": "2023Q4"})).json()
    made = await client.get("/booklet/2023Q4")
    body = made.json()
    assert (made.status_code, body["library"], body["on"], body["products"]) == (
        200,
        "2023Q4",
        "2023-12-31",
        1,
    )
    assert published["content_hash"] in made.text
    assert "product-SJ-KCED" in made.text
    first, again = [await client.get("/booklet/2023Q4.docx") for _ in range(2)]
    assert (first.headers["content-type"], first.headers["content-disposition"]) == (
        MEDIA_TYPE,
        'attachment; filename="booklet-2023Q4.docx"',
    )
    assert first.content == again.content
    assert body["title"] in [one.text for one in docx.Document(io.BytesIO(first.content)).paragraphs]


async def test_a_product_that_is_revised_later_stays_in_the_booklet_as_published(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/institutions", json=BANK)
    await client.post("/products", json=PRODUCT)
    await client.post("/library/editions", json={"code": "2023Q4"})
    before = (await client.get("/booklet/2023Q4")).json()
    revision = {key: value for key, value in PRODUCT.items() if key not in {"code", "institution"}}
    await client.post(
        "/products/SJ-KCED/revisions", json=revision | {"name": "科创贷"}, headers={"If-Match": '"1"'}
    )
    assert (await client.get("/booklet/2023Q4")).json() == before
    tree = await client.get("/institutions/SJ")
    renamed = {"name": "新松江银行"}
    changed = await client.patch("/institutions/SJ", json=renamed, headers={"If-Match": tree.headers["etag"]})
    assert changed.status_code == 200
    after = (await client.get("/booklet/2023Q4")).json()
    assert after["inputs_sha256"] != before["inputs_sha256"]
    assert "新松江银行" in str(after)


def test_the_command_writes_what_the_name_tells_and_refuses_other_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'booklet.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    try:
        none = CliRunner().invoke(command.commands, ["write", str(tmp_path / "b.docx")])
        assert none.exit_code == 1
        assert "published no library" in none.output
        other = CliRunner().invoke(command.commands, ["write", str(tmp_path / "b.pdf")])
        assert (other.exit_code, "b.pdf" in other.output) == (1, True)
    finally:
        get_settings.cache_clear()
