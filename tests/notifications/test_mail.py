"""Mail about notices: one digest a day, urgent ones folded, to confirmed addresses, through a real mail server."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.rules import Role, Viewer
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, PreconditionFailed, Refused, TooMany
from app.kernel.paging import PageRequest
from app.kernel.requests import check_if_match
from app.kernel.settings import Settings
from app.notifications import service, settings_service
from app.notifications.rules import DeliveryState, NoticeKind
from app.notifications.schemas import NoticeSettingsIn, NoticeSettingsOut, ReadIn
from tests.accounts.offices import person, working
from tests.notifications.posts import KEY, TELLING, clerk, deliver, mailbox, outbox, tell
from tests.notifications.servers import MailServer, mailing

NIGHT = datetime(2024, 3, 1, 18, 0, tzinfo=UTC)
"""02:00 in Shanghai, on the second of March."""
MORNING = NIGHT + timedelta(hours=6, minutes=30)
ADDRESS = "wang@bank.example.cn"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mailing() as opened:
        yield opened


@pytest.fixture
def settings(server: MailServer) -> Settings:
    return mail_settings(server)


def mail_settings(server: MailServer, **more: str) -> Settings:
    given = {
        "secret_keys": KEY, "public_url": "https://rongqiao.example.gov.cn", "smtp_host": "127.0.0.1",
        "smtp_port": server.port, "smtp_security": "none", "mail_from": "rongqiao@example.gov.cn",
    }  # fmt: skip
    return Settings(**(given | more))  # type: ignore[arg-type]  # of several types; pydantic judges


async def test_a_digest_comes_once_a_day_after_its_hour_and_counts_what_is_unread(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    await mailbox(sessions, wang, ADDRESS)
    await tell(sessions, wang, range(3), now=NIGHT)
    await tell(sessions, wang, range(3, 4), now=NIGHT + timedelta(hours=1), kind=NoticeKind.DECLINED)
    await tell(sessions, zhao, range(3), now=NIGHT)
    assert (await deliver(sessions, NIGHT + timedelta(hours=2), settings)).digests == 0
    for hours in (0, 0, 3):
        await deliver(sessions, MORNING + timedelta(hours=hours), settings)
    [mail] = server.mails
    assert (mail["To"], mail["Auto-Submitted"]) == (ADDRESS, "auto-generated")
    assert mail["Subject"] == "融桥：4 条未读通知"
    assert "办理事项逾期：3 条（最早 2024-03-02 02:00）" in server.text()
    assert "融资申请有答复：1 条（最早 2024-03-02 03:00）" in server.text()
    assert "https://rongqiao.example.gov.cn/notices?unread=true" in server.text()
    assert not any(word in str(mail) + server.text() for word in TELLING)
    assert mail["Message-ID"] == f"<{(await outbox(sessions))[0].message_id}@example.gov.cn>"


async def test_the_next_days_digest_counts_only_what_no_mail_counted_and_nobody_read(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang = await clerk(sessions)
    await mailbox(sessions, wang, ADDRESS)
    await tell(sessions, wang, range(2), now=NIGHT)
    await deliver(sessions, MORNING, settings)
    await tell(sessions, wang, range(2, 5), now=MORNING + timedelta(hours=1))
    async with working(sessions, wang) as session:
        last = (await service.list_notices(session, wang, PageRequest())).items[0]
        await service.mark_read(session, wang, ReadIn(ids=[last.id]), now=MORNING)
    await deliver(sessions, MORNING + timedelta(hours=2), settings)
    await deliver(sessions, MORNING + timedelta(days=1), settings)
    await deliver(sessions, MORNING + timedelta(days=2), settings)
    assert [mail["Subject"] for mail in server.mails] == ["融桥：2 条未读通知"] * 2


async def test_urgent_notices_go_out_at_once_folded_into_one_mail_an_hour(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang = await clerk(sessions)
    await mailbox(sessions, wang, ADDRESS)
    for minutes, number in ((0, 0), (10, 2), (20, 4), (59, 6), (61, 8)):
        now = NIGHT + timedelta(minutes=minutes)
        await tell(sessions, wang, range(number, number + 1), now=now, is_urgent=True)
        await tell(sessions, wang, range(number + 1, number + 2), now=now)
        await deliver(sessions, now, settings)
    await deliver(sessions, MORNING, settings)
    assert [mail["Subject"] for mail in server.mails] == [
        "融桥：1 条紧急通知", "融桥：4 条紧急通知", "融桥：5 条未读通知",
    ]  # fmt: skip


async def test_rounds_at_once_write_one_mail(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    people = [await clerk(sessions, f"clerk{place}") for place in range(4)]
    for place, who in enumerate(people):
        await mailbox(sessions, who, f"w{place}@bank.example.cn")
        await tell(sessions, who, range(5), now=NIGHT)
    done = await asyncio.gather(*(deliver(sessions, MORNING, settings) for _round in range(3)))
    assert sum(one.digests for one in done) == 4
    assert sorted(mail["To"] for mail in server.mails) == [f"w{place}@bank.example.cn" for place in range(4)]


async def test_who_wants_no_digest_gets_none_and_who_left_gets_nothing(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    await mailbox(sessions, wang, ADDRESS, wants_digest=False)
    await mailbox(sessions, zhao, "zhao@bank.example.cn", wants_urgent=False)
    for who in (wang, zhao):
        await tell(sessions, who, range(2), now=NIGHT)
        await tell(sessions, who, range(2, 3), now=NIGHT, is_urgent=True)
    await deliver(sessions, NIGHT, settings)
    assert [(mail["To"], mail["Subject"]) for mail in server.mails] == [(ADDRESS, "融桥：1 条紧急通知")]
    server.refusals["zhao@bank.example.cn"] = "451 come again"
    assert (await deliver(sessions, MORNING, settings)).failed == 1
    async with working(sessions, zhao) as session:
        gone = NoticeSettingsIn(email=None)
        await settings_service.change(session, zhao, gone, settings, expect=lambda _v: None, now=MORNING)
    server.refusals.clear()
    assert (await deliver(sessions, MORNING + timedelta(hours=1), settings)).dead == 1
    assert (await outbox(sessions))[-1].last_error == "its person changed the address"
    assert len(server.mails) == 1


async def test_a_mailbox_that_is_refused_for_good_is_dead_and_the_others_get_their_mail(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    people = [await clerk(sessions, f"clerk{place}") for place in range(3)]
    for place, who in enumerate(people):
        await mailbox(sessions, who, f"w{place}@bank.example.cn")
        await tell(sessions, who, range(1), now=NIGHT)
    server.refusals = {"w0@bank.example.cn": "550 no such mailbox", "w1@bank.example.cn": "451 greylisted"}
    await deliver(sessions, MORNING, settings)
    told = [(one.address, one.state, one.last_error) for one in await outbox(sessions)]
    assert told == [
        ("w0@bank.example.cn", "dead", "SMTP 550"),
        ("w1@bank.example.cn", "pending", "SMTP 451"),
        ("w2@bank.example.cn", "sent", None),
    ]
    server.refusals.clear()
    await deliver(sessions, MORNING + timedelta(minutes=2), settings)
    assert sorted(mail["To"] for mail in server.mails) == ["w1@bank.example.cn", "w2@bank.example.cn"]


async def test_no_mail_goes_over_an_open_line_when_the_line_shall_be_closed(
    sessions: Sessions, server: MailServer
) -> None:
    wang = await clerk(sessions)
    await mailbox(sessions, wang, ADDRESS)
    await tell(sessions, wang, range(1), now=NIGHT)
    done = await deliver(sessions, MORNING, mail_settings(server, smtp_security="starttls"))
    assert (done.failed, server.mails) == (1, [])
    assert "no mail server" in str((await outbox(sessions))[0].last_error)


async def test_without_a_mail_server_nothing_is_written_and_it_says_so(sessions: Sessions) -> None:
    wang = await clerk(sessions)
    await mailbox(sessions, wang, ADDRESS)
    await tell(sessions, wang, range(1), now=NIGHT)
    silent = Settings(secret_keys=KEY)
    done = await deliver(sessions, MORNING, silent)
    assert (done.is_mail_on, done.digests, await outbox(sessions)) == (False, 0, [])
    with pytest.raises(Conflict):
        await name(sessions, wang, "new@bank.example.cn", silent, version=1)


async def name(
    sessions: Sessions, who: Viewer, email: str, settings: Settings, *, version: int, now: datetime = NIGHT
) -> NoticeSettingsOut:
    async with working(sessions, who) as session:
        body = NoticeSettingsIn(email=email)
        return await settings_service.change(
            session,
            who,
            body,
            settings,
            expect=lambda stored: check_if_match(f'"{version}"', stored),
            now=now,
        )


async def test_an_address_counts_once_its_code_came_back(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang = await clerk(sessions)
    named = await name(sessions, wang, ADDRESS, settings, version=0)
    assert (named.email, named.pending_email, named.version) == (None, ADDRESS, 1)
    await tell(sessions, wang, range(1), now=NIGHT)
    await deliver(sessions, MORNING, settings)
    code = next(line for line in server.text().splitlines() if line.count("-") == 2)
    async with transaction(sessions) as session:
        with pytest.raises(Refused):
            await settings_service.confirm(session, wang, "AAAA-BBBB-CCCC", settings, now=MORNING)
        with pytest.raises(Conflict, match="too old"):
            await settings_service.confirm(session, wang, code, settings, now=NIGHT + timedelta(hours=25))
    async with working(sessions, wang) as session:
        done = await settings_service.confirm(session, wang, code.lower(), settings, now=MORNING)
        assert (done.email, done.pending_email, done.version) == (ADDRESS, None, 2)
        with pytest.raises(Conflict):
            await settings_service.confirm(session, wang, code, settings, now=MORNING)
    await deliver(sessions, MORNING, settings)
    assert [mail["To"] for mail in server.mails] == [ADDRESS] * 2
    assert (await outbox(sessions))[-1].state == DeliveryState.SENT
    with pytest.raises(PreconditionFailed):
        await name(sessions, wang, "other@bank.example.cn", settings, version=1)


async def test_nobody_mails_strangers_through_us(
    sessions: Sessions, server: MailServer, settings: Settings
) -> None:
    wang = await person(sessions, "wang", (Role.ENTERPRISE, "91230102MA904UANKN"))
    for number in range(5):
        await name(sessions, wang, f"victim{number}@example.cn", settings, version=number)
    with pytest.raises(TooMany):
        await name(sessions, wang, "victim5@example.cn", settings, version=5, now=NIGHT + timedelta(hours=23))
    await name(sessions, wang, ADDRESS, settings, version=5, now=NIGHT + timedelta(hours=24, minutes=1))
    await deliver(sessions, utc_now(), settings)
    assert [mail["To"] for mail in server.mails] == [ADDRESS], "only the last address waits for a code"
