"""`rongqiao notices`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from app.cli.notifications import commands
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.notifications import service
from app.notifications.rules import NewNotice, NoticeKind
from app.notifications.tables import Delivery, WebhookEndpoint
from tests.accounts.offices import person_in
from tests.databases import migrate
from tests.docking.world import in_database

UNSEALED = "nothing that any key opens"


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'notices.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    yield url
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


def test_notices_are_listed_delivered_and_what_is_dead_is_retried(database: str) -> None:
    async def fill(session: AsyncSession) -> None:
        wang = await person_in(session, "wang")
        session.add(
            WebhookEndpoint(
                person_id=wang.person, url="https://h.example.cn/x", sealed_secret=UNSEALED, kinds=[], version=1,
                created_at=utc_now(),
            )
        )  # fmt: skip
        await session.flush()
        told = NewNotice("e", NoticeKind.LATE, "首次联系逾期", persons=(wang.person or 0,))
        assert await service.post(session, [told], now=utc_now()) == 1

    in_database(database, fill)
    listed = json.loads(run("list", "wang", "--json").stdout)
    assert [(one["title"], one["body"]) for one in listed] == [("办理事项逾期", "首次联系逾期")]
    assert "未读" in run("list", "wang", "--unread").stdout
    assert run("list", "nobody").exit_code == 1
    done = run("deliver")
    assert (done.exit_code, "RONGQIAO_SMTP_HOST" in done.stderr) == (0, True)
    assert json.loads(run("deliver", "--json").stdout) == {
        "is_mail_on": False, "digests": 0, "sent": 0, "failed": 0, "dead": 0,
    }  # fmt: skip
    assert run("retry", "1").exit_code == 1

    async def give_up(session: AsyncSession) -> None:
        await session.execute(update(Delivery).values(state="dead"))

    in_database(database, give_up)
    assert "h.example.cn" in run("dead").stdout
    assert json.loads(run("retry", "1", "--json").stdout)["state"] == "pending"
    assert json.loads(run("dead", "--json").stdout) == []
    failed = json.loads(run("deliver", "--json").stdout)
    assert (failed["sent"], failed["failed"]) == (0, 1)
