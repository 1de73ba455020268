"""People and their roles as JSON and on the command line."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from app.accounts.rules import Role

PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"
MOST_ID = 2**63 - 1
MOST_PASSWORD_CHARACTERS = 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written_day(value: Any) -> Any:
    # pydantic would also take a number as seconds since 1970: a day is written YYYY-MM-DD.
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    msg = "write the day as YYYY-MM-DD"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_written_day)]
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=PLAIN_TEXT)
]
Login = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80, pattern=PLAIN_TEXT),
    Field(
        description="Name to sign in with 登录名; look-alikes of a taken one are refused.",
        examples=["wang.fang"],
    ),
]
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_PASSWORD_CHARACTERS),
    Field(description="Password 口令; trivial and breached ones are refused."),
]
Scope = Annotated[
    str,
    StringConstraints(max_length=60, pattern=PLAIN_TEXT),
    Field(
        description="Where the role holds: credit code, institution's, region's or chain's code; empty for auditor "
        "and administrator 作用范围.",
        examples=["230100"],
    ),
]
Token = Annotated[
    str,
    StringConstraints(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]*$"),
    Field(description="The token as it was handed over, once."),
]


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Which people to list; None is any."""

    search: str | None = None
    role: str | None = None
    scope: str | None = None
    is_disabled: bool | None = None


class GrantIn(BaseModel):
    """A role to give."""

    model_config = ConfigDict(extra="forbid")

    role: Role = Field(description="角色.", examples=["coordinator"])
    scope: Scope = ""
    since: Day | None = Field(default=None, description="First day; default today in Shanghai 起始日.")
    until: Day | None = Field(default=None, description="Last day; null is open 截止日.")


class GrantOut(BaseModel):
    """A role of a person; an ended one stays on record."""

    id: int = Field(description="Number of the grant.")
    role: Role = Field(description="角色.")
    scope: str = Field(description="Where the role holds; empty is the whole installation 作用范围.")
    since: date = Field(description="First day 起始日.")
    until: date | None = Field(description="Last day; null is open 截止日.")
    is_in_force: bool = Field(description="Whether it holds today.")
    granted_by: str = Field(description="Who gave it.")
    granted_at: datetime = Field(description="When it was given.")
    ended_at: datetime | None = Field(description="When it was ended before its last day; null otherwise.")
    ended_by: str | None = Field(description="Who ended it.")


class GrantEnd(BaseModel):
    """The end of a role."""

    model_config = ConfigDict(extra="forbid")

    is_ended: Literal[True] = Field(description="true ends it now, for good.")


class PersonOut(BaseModel):
    """Somebody who can sign in, with all roles that the person has or had."""

    id: int = Field(description="Number of the person.")
    login: str = Field(description="Name to sign in with, as it is compared.")
    name: str = Field(description="姓名.")
    is_disabled: bool = Field(description="Whether the person was locked out 停用.")
    has_second_factor: bool = Field(description="Whether a second factor (TOTP) is set.")
    is_demo: bool = Field(description="Whether the person was invented for demonstration.")
    grants: list[GrantOut] = Field(description="Roles, the newest first, ended ones too.")
    version: int = Field(description="Number of the version of person and roles; also its ETag.")
    created_at: datetime = Field(description="When the account was made.")
    updated_at: datetime = Field(description="When person or roles last changed.")


class PersonPatch(BaseModel):
    """What to change of a person."""

    model_config = ConfigDict(extra="forbid")

    is_disabled: bool = Field(
        strict=True,
        description="true locks the person out: all sessions and keys end at once 停用; false lets in again.",
    )


class NewAccount(BaseModel):
    """Who makes an account says all three; who is signed in leaves them out."""

    model_config = ConfigDict(extra="forbid")

    login: Login | None = Field(default=None, description="Name to sign in with 登录名.")
    name: PersonName | None = Field(default=None, description="姓名.", examples=["王芳"])
    password: Password | None = Field(
        default=None, description="Password 口令; trivial and breached ones are refused."
    )

    @model_validator(mode="after")
    def _whole_or_nothing(self) -> Self:
        given = [self.login is not None, self.name is not None, self.password is not None]
        if any(given) and not all(given):
            msg = "give login, name and password, or none of them when signed in"
            raise ValueError(msg)
        return self
