"""`rongqiao notices`: what people are told, and what leaves the house."""

from collections.abc import Sequence
from typing import Annotated

import typer

from app.accounts import people_service
from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.database import make_engine, make_sessions
from app.kernel.paging import Page, PageRequest
from app.kernel.settings import get_settings
from app.notifications import delivery_service, service
from app.notifications.delivery import deliver_due
from app.notifications.rules import DeliveryState
from app.notifications.schemas import DeliveryCounts, DeliveryOut, NoticeOut

commands = typer.Typer(no_args_is_help=True)
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]


@commands.command("list")
def list_notices(
    login: Annotated[str, typer.Argument(help="Name to sign in with 登录名.")],
    *,
    unread: Annotated[bool, typer.Option("--unread", help="Only unread ones 仅未读.")] = False,
    limit: Limit = 25,
    as_json: edge.JsonFlag = False,
) -> None:
    """List a person's notices 通知, the newest first."""

    async def job() -> Page[NoticeOut]:
        async with edge.work(writes=False) as (session, viewer):
            person = await people_service.person_by_login(session, viewer, login, now=utc_now())
            page = PageRequest(limit=limit)
            return await service.notices_of(session, person.id, page, is_unread=unread)

    found = edge.run(job)
    if as_json:
        edge.print_json(found.items)
        return
    rows = [
        (one.id, f"{one.created_at:%Y-%m-%d %H:%MZ}", one.title, one.body, "" if one.read_at else "未读")
        for one in found.items
    ]
    edge.print_table(f"{login} 的通知", ("编号", "时间", "标题", "正文", "状态"), rows)


@commands.command()
def deliver(as_json: edge.JsonFlag = False) -> None:
    """Send what is due by mail and to webhooks, once; workers do so by themselves. Refusals are tried again later."""

    async def job() -> DeliveryCounts:
        settings = get_settings()
        engine = make_engine(settings.database_url)
        try:
            return await deliver_due(make_sessions(engine), settings, now=utc_now())
        finally:
            await engine.dispose()

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    rows = [("新写邮件", done.digests), ("已送达", done.sent), ("待重试", done.failed), ("已放弃", done.dead)]
    edge.print_table("投递", ("项目", "数值"), rows)
    if not done.is_mail_on:
        edge.notes.print("No mail is sent: RONGQIAO_SMTP_HOST and RONGQIAO_MAIL_FROM are not set.")


@commands.command()
def dead(limit: Limit = 25, as_json: edge.JsonFlag = False) -> None:
    """List messages that were given up, the newest first; no content is shown."""

    async def job() -> Page[DeliveryOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            return await delivery_service.list_deliveries(session, viewer, page, DeliveryState.DEAD)

    found = edge.run(job)
    if as_json:
        edge.print_json(found.items)
        return
    _show("已放弃的投递", found.items)


@commands.command()
def retry(
    delivery: Annotated[int, typer.Argument(metavar="DELIVERY", min=1, help="Number of the message.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Have a message that was given up tried again with the next delivery."""

    async def job() -> DeliveryOut:
        async with edge.work(writes=True) as (session, viewer):
            return await delivery_service.retry(session, viewer, delivery, now=utc_now())

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    _show("重新投递", [done])


def _show(title: str, found: Sequence[DeliveryOut]) -> None:
    rows = [
        (one.id, one.channel, one.kind, one.host, one.state, one.attempts, one.last_error) for one in found
    ]
    edge.print_table(title, ("编号", "渠道", "类别", "主机", "状态", "尝试", "最近错误"), rows)
