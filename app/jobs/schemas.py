"""Jobs as JSON."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.jobs.rules import State

CODE_PATTERN = r"^[0-9a-f]{32}$"


class JobAnswer(BaseModel):
    """What the request was answered with, once it was carried out."""

    status: int = Field(description="HTTP status that the request itself would have had.")
    media_type: str = Field(description="Kind of the body, such as application/json.")
    bytes: int = Field(description="Length of the body.")
    location: str | None = Field(default=None, description="Where what was made is.")
    result: str = Field(description="Where the body is (`/jobs/{job}/result`).")


class JobOut(BaseModel):
    """A request that is carried out by a worker 后台任务, and how far it has come."""

    code: str = Field(description="任务编号", examples=["5d1f0c2ab8f94d0e9a1c7d3e5b7f9012"])
    action: str = Field(description="What it does, as permissions name it.", examples=["run_matching"])
    summary: str = Field(
        description="What it does, in words.", examples=["Match an edition's entries (运行匹配)"]
    )
    state: State = Field(
        description="状态: queued 排队中, running 进行中, done 已完成, refused 被拒绝 (see `problem`), "
        "failed 失败, cancelled 已取消."
    )
    created_at: datetime = Field(description="提交时间")
    started_at: datetime | None = Field(default=None, description="When a worker last began it.")
    ended_at: datetime | None = Field(default=None, description="结束时间")
    start: int = Field(
        description="How often it was begun; more than once after a lost worker or a busy database."
    )
    is_cancelling: bool = Field(default=False, description="It was asked to stop, and will.")
    stage: str = Field(default="", description="What it is at; empty before it tells.")
    done: int = Field(default=0, description="How much of the stage is done.")
    total: int = Field(default=0, description="How much there is in the stage; 0 if nobody knows.")
    rate: float | None = Field(default=None, description="How many a second in this stage.")
    seconds_left: float | None = Field(
        default=None, description="Seconds until the stage ends, at this rate."
    )
    answer: JobAnswer | None = Field(default=None, description="Once it is done.")
    problem: dict[str, Any] | None = Field(
        default=None, description="Problem JSON (RFC 9457) of a refused or failed job."
    )
