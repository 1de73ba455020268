"""Who handles an entry within its institution, and handovers, as JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.accounts.rules import Role
from app.institutions.schemas import CODE_PATTERN

ASSIGNED_PATTERN = r"^(me|unhandled|[1-9][0-9]{0,17})$"
MOST_LISTED = 5_000
PersonNumber = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
EntryCodeText = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,60}$")]


@dataclass(frozen=True, slots=True)
class Handling:
    """A person who handles an assignment within an institution now."""

    id: int
    assignment_id: int
    institution_id: int
    institution: str
    person_id: int
    name: str
    since: datetime
    given_by: str


class HandlerIn(BaseModel):
    """Who shall handle an entry."""

    model_config = ConfigDict(extra="forbid")

    person: PersonNumber | None = Field(
        description="Number of the colleague 经办客户经理; null sets it free."
    )
    institution: Code | None = Field(
        default=None,
        description="机构编码: the responsible or a supporting one; default is the one that the viewer reaches.",
        examples=["SJYH-HRB"],
    )


class HandlerOut(BaseModel):
    """Who handles an entry within an institution."""

    entry: str = Field(description="名单条目编码.")
    institution: str = Field(description="机构编码.")
    person: int | None = Field(description="Number of the person 经办客户经理; null while nobody handles it.")
    name: str | None = Field(description="The person's name 姓名.")
    since: datetime | None = Field(description="Since when.")
    given_by: str | None = Field(description="Who gave it.")
    version: int = Field(description="Number of its version (0: nobody handles it); also its ETag.")


class ColleagueOut(BaseModel):
    """Somebody to whom entries of an institution can be given."""

    person: int = Field(description="Number of the person 人员编号.")
    name: str = Field(description="姓名.")
    role: Role = Field(description="角色.")
    institution: str = Field(description="机构编码 where the role holds: this one or one above it.")
    entries: int = Field(description="How many entries the person handles there now 在办条目数.")


class HandoverIn(BaseModel):
    """Entries that pass from one person to a colleague."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: PersonNumber = Field(
        alias="from", description="Number of the person who hands over 移交人.", examples=[1]
    )
    to: PersonNumber = Field(description="Number of the colleague who takes over 接收人.", examples=[2])
    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"
        ),
    ] = Field(description="Why; kept with each entry 移交原因.", examples=["岗位调整"])
    entries: Annotated[list[EntryCodeText], Field(min_length=1, max_length=MOST_LISTED)] | None = Field(
        default=None,
        description="名单条目编码; default is all that the person handles where the viewer reaches.",
    )
    dry_run: bool = Field(default=False, strict=True, description="Only say how many 只试算.")


class HandoverOut(BaseModel):
    """What a handover came to."""

    from_: int = Field(
        alias="from", serialization_alias="from", description="Number of who hands over 移交人."
    )
    to: int = Field(description="Number of who takes over 接收人.")
    entries: int = Field(description="How many entries pass over 移交条目数.")
    by_institution: dict[str, int] = Field(description="How many of each institution 按机构.")
    is_dry_run: bool = Field(description="Whether nothing was changed.")
