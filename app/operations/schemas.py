"""What machines that look in are answered."""

from typing import Literal

from pydantic import BaseModel, Field


class LiveOut(BaseModel):
    """The process lives."""

    status: Literal["live"] = Field(default="live", description="That it answers says it 存活.")


class ReadyOut(BaseModel):
    """The process takes requests."""

    status: Literal["ready"] = Field(
        default="ready",
        description="The database answers, its tables fit, and the process is not about to end 就绪.",
    )
