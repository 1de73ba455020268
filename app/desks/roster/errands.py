"""What a worker does for a page, as its viewer watches it: by reloading, or by server-sent events where scripts run."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, Final

from fastapi import Path, Request

from app.accounts.rules import Viewer
from app.desks.refusals import Refusal, refusal_of
from app.desks.texts import Text
from app.jobs import service as jobs
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.schemas import CODE_PATTERN, JobOut
from app.jobs.service import Errand, JobDeferral
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault

JobPath = Annotated[str, Path(pattern=CODE_PATTERN)]
MOST_TOLD: Final = 50
STATES: Final[Mapping[State, Text]] = {
    State.QUEUED: Text("排队中"),
    State.RUNNING: Text("进行中"),
    State.DONE: Text("已完成"),
    State.REFUSED: Text("没有通过"),
    State.FAILED: Text("没有完成"),
    State.CANCELLED: Text("已取消"),
}
STAGES: Final[Mapping[str, Text]] = {
    "begun": Text("已开始"),
    "rows": Text("读取和核对各行"),
    "taking rows": Text("逐户处理"),
    "comparing names": Text("比对企业名称"),
    "matching": Text("逐户匹配产品"),
    "allocating": Text("求解分派"),
    "reading needs": Text("读取名单"),
    "comparing plans": Text("逐户比较两版方案"),
    "timetabling": Text("排洽谈时间表"),
    "measuring": Text("测算适配、网点和用时"),
    "computing": Text("计算并逐对核验"),
    "reading": Text("读取企业"),
    "proposing": Text("逐户提议产业链"),
    "saving": Text("保存结果"),
}

PACES: Final[Mapping[str, Text]] = {
    "rate": Text("每秒约%(count)s", count="{0}"),
    "seconds": Text("这一步约还需%(count)s秒", count="{0}"),
    "minutes": Text("这一步约还需%(count)s分钟", count="{0}"),
}
FEW_A_SECOND: Final = 10
LONG_SECONDS: Final = 90
STOPPING: Final = Text("正在停止，请稍候。")
STOPPED: Final = Text("已按要求停止，什么都没有改动。")


async def send_off(request: Request, session: AsyncSession, errand: Errand) -> str:
    """Have a worker do what a page wants for its viewer; answer the job's code."""
    deferral: JobDeferral = request.app.state.deferral
    return await deferral.send_off(request, session, errand)


async def job_of(request: Request, session: AsyncSession, viewer: Viewer, code: str) -> JobOut:
    """Answer one of the viewer's own jobs, and how far it has come.

    Raises:
        NotFound: the viewer asked for no such job.
    """
    queue: JobQueue = request.app.state.deferral.queue
    return await jobs.get_job(session, viewer, queue, code)


def told_by(job: JobOut) -> list[Refusal | Text]:
    """Answer what stood against a job, in sentences for people."""
    if job.state is State.CANCELLED:
        return [STOPPED]
    problem = job.problem or {}
    faults = [
        Fault(one.get("where", ""), one["message"], one.get("remedy", ""))
        for one in problem.get("errors", ())
    ]
    told: list[Refusal | Text] = [refusal_of(one) for one in faults[:MOST_TOLD]]
    return told or ([Refusal(problem["detail"])] if problem.get("detail") else [])


def pace_of(job: JobOut) -> list[Text]:
    """Answer how fast a job's stage goes and how long it will still take, as far as anybody knows (progress.js says the same)."""
    if job.rate is None or job.seconds_left is None:
        return []
    rate = f"{job.rate:,.0f}" if job.rate >= FEW_A_SECOND else f"{job.rate:.1f}"
    unit, length = ("seconds", 1) if job.seconds_left < LONG_SECONDS else ("minutes", 60)
    left = ceil(job.seconds_left / length)
    said = [Text(PACES["rate"].chinese, count=rate), Text(PACES[unit].chinese, count=left)]
    return said if left else said[:1]


def progress_context(job: JobOut) -> dict[str, Any]:
    """Answer what the page of a job that goes on shows."""
    return {
        "job": job,
        "state_name": STATES[job.state],
        "pace": pace_of(job),
        "paces": PACES,
        "stopping": STOPPING,
        "stage": STAGES.get(job.stage, Text("已开始")) if job.stage else None,
        "names": {str(key): name for key, name in STATES.items()} | dict(STAGES),
    }
