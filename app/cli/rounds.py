"""`rongqiao rounds`: do what time makes due, now."""

import typer

from app.bulletins.following import follow_all
from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.database import make_engine, make_sessions
from app.kernel.settings import get_settings
from app.rounds.service import RoundOut, make_round

commands = typer.Typer(no_args_is_help=True)


@commands.callback()
def rounds() -> None:
    """Do what time makes due."""


@commands.command()
def make(as_json: edge.JsonFlag = False) -> None:
    """Remind, raise what is late, publish and close what is due, and send what waits; workers do so by themselves."""

    async def job() -> RoundOut:
        settings = get_settings()
        follow_all()
        engine = make_engine(settings.database_url)
        try:
            return await make_round(make_sessions(engine), settings, now=utc_now())
        finally:
            await engine.dispose()

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    sent = done.delivery
    rows = [
        ("到期提醒", done.reminded),
        ("逾期升级", done.escalated),
        ("发布的季度产品库", done.library or "无"),
        ("未能发布的原因", done.not_published or "无"),
        ("季度确认通知或提醒", done.called or "无"),
        ("使用情况统计", done.observed or "无"),
        ("关账月份", "、".join(done.closed) or "无"),
        ("未能关账的原因", done.not_closed or "无"),
        ("已发送", sent.sent if sent else 0),
        ("待重试", sent.failed if sent else 0),
        ("无法送达", sent.dead if sent else 0),
    ]
    edge.print_table("巡检", ("事项", "结果"), rows)
