"""How the fields of chains and plans are written, shared by their models."""

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.policy.schemas import Day as WrittenDay

CODE_PATTERN: Final = r"^[A-Za-z0-9._-]{1,60}$"
PLAIN_TEXT: Final = r"^[^\x00-\x1f]*$"
MOST_ITEMS: Final = 400

Clause = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PLAIN_TEXT,
        description="依据条款",
        examples=["金发〔2024〕5号（九）"],
    ),
]
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Industry = Annotated[str, Field(pattern=r"^[A-T]([0-9]{2,4})?$", examples=["C34"])]
Day = Annotated[WrittenDay, Field(ge=date(1949, 10, 1), le=date(2999, 12, 31))]


def _sorted(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


Sorted = AfterValidator(_sorted)


class Closed(BaseModel):
    """A model that takes no field that it does not know."""

    model_config = ConfigDict(extra="forbid")
