"""`rongqiao jobs`: requests that workers carry out."""

from typing import Annotated

import typer

from app.cli import edge
from app.jobs import service
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.schemas import JobOut
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings

commands = typer.Typer(no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="Code of the job 任务编号.")]


@commands.command("list")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="The newest so many.")] = 25,
    as_json: edge.JsonFlag = False,
) -> None:
    """List jobs 后台任务, whoever asked for them, the newest first."""

    async def job() -> list[JobOut]:
        async with edge.work(writes=False) as (session, viewer):
            return (await service.list_jobs(session, viewer, PageRequest(limit=limit), state)).items

    _show(edge.run(job), as_json=as_json)


@commands.command()
def show(code: Code, as_json: edge.JsonFlag = False) -> None:
    """Show one job, how far it has come, and why it was refused if it was."""

    async def job() -> JobOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.get_job(session, viewer, JobQueue(get_settings()), code)

    found = edge.run(job)
    _show([found], as_json=as_json)
    if found.problem and not as_json:
        edge.notes.print(found.problem.get("detail", ""), markup=False)


@commands.command()
def cancel(code: Code, as_json: edge.JsonFlag = False) -> None:
    """Take back a job that waits, or have one that runs stop; what it has already kept stays."""

    async def job() -> JobOut:
        queue = JobQueue(get_settings())
        async with edge.work(writes=False) as (session, viewer):
            found = await service.get_job(session, viewer, queue, code)
        if found.state is State.RUNNING:
            queue.ask_to_stop(code)
        async with edge.work(writes=True) as (session, viewer):
            return await service.cancel_queued(session, viewer, code, now=utc_now())

    _show([edge.run(job)], as_json=as_json)


def _show(jobs: list[JobOut], *, as_json: bool) -> None:
    if as_json:
        edge.print_json(jobs)
        return
    rows = [
        (one.code, one.state.value, one.summary, _far(one), f"{one.created_at:%Y-%m-%d %H:%M}")
        for one in jobs
    ]
    edge.print_table("后台任务", ("编号", "状态", "任务", "进度", "提交于 (UTC)"), rows)


def _far(job: JobOut) -> str:
    if not job.stage:
        return ""
    return f"{job.stage} {job.done:,}" + (f"/{job.total:,}" if job.total else "")
