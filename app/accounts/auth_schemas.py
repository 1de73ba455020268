"""Signing in, sessions and API keys as JSON."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.accounts.rules import Role

PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"
MOST_KEY_DAYS = 366


class TokenOut(BaseModel):
    """RFC 6749 §5.1: tokens of a session; they are shown this once."""

    access_token: str = Field(description="Send it as `Authorization: Bearer …`.")
    token_type: str = Field(default="bearer", description="Always `bearer`.")
    expires_in: int = Field(description="Seconds for which the access token holds.")
    refresh_token: str = Field(description="Exchanges once for new tokens; using it twice ends the session.")


class PasswordIn(BaseModel):
    """A new password, with the old one."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(min_length=1, max_length=200, description="Present password 现口令.")
    new: str = Field(
        min_length=1,
        max_length=200,
        description="New password 新口令: 10 characters or more, not easily guessed.",
    )


class RoleOut(BaseModel):
    """A role that is in force today."""

    role: Role = Field(description="Role 角色.")
    scope: str = Field(
        description="Within which credit code, institution, region or chain 作用范围; empty for all."
    )
    since: date = Field(description="First day, Asia/Shanghai.")
    until: date | None = Field(description="Last day; null without end.")


class MeOut(BaseModel):
    """Who the sender of a request is to this service."""

    login: str = Field(description="Name to sign in with 登录名.")
    name: str = Field(description="Name 姓名.")
    via: str = Field(description="What showed it: token, page or key.")
    roles: list[RoleOut] = Field(description="Roles that are in force and may be used now.")
    lacks_second_factor: bool = Field(
        description="A second factor is needed first; until then there are no roles."
    )
    expires_at: datetime = Field(description="When the session or key ends.")


class SessionOut(BaseModel):
    """One signing-in of one's own, on one device."""

    id: str = Field(description="Its public name; it proves nothing.")
    kind: str = Field(description="`token` for programs, `page` for a browser.")
    is_this: bool = Field(description="It is the one that asks.")
    device: str = Field(description="What the client called itself (User-Agent).")
    address: str = Field(description="From where it was signed in.")
    has_second_factor: bool = Field(description="A second factor was given.")
    since: datetime = Field(description="When it was signed in.")
    last_used_at: datetime = Field(description="When it was last refreshed or, by page, used.")
    expires_at: datetime = Field(description="When it ends by itself.")


class EndedOut(BaseModel):
    """How many sessions were ended."""

    ended: int = Field(description="Sessions that were not over yet.")


class ApiKeyIn(BaseModel):
    """A key to make: one of the maker's own roles, at most as long and as wide."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PLAIN_TEXT)] = Field(
        min_length=1, max_length=80, description="What it is for 用途.", examples=["信贷系统"]
    )
    role: Role = Field(description="One of your roles.")
    scope: str = Field(
        default="",
        max_length=60,
        pattern=PLAIN_TEXT,
        description="The scope of that role, as `/auth/me` shows it.",
    )
    is_read_only: bool = Field(default=False, description="It may only read.")
    days: int = Field(
        ge=1, le=MOST_KEY_DAYS, description="For how many days it holds; a year at most.", examples=[90]
    )


class ApiKeyOut(BaseModel):
    """A key, without its secret."""

    id: int = Field(description="Its number.")
    prefix: str = Field(description="How it begins after `rq_`: to find it in a system's settings.")
    name: str = Field(description="What it is for 用途.")
    person: str = Field(description="Login of who made it and answers for it.")
    role: Role = Field(description="The one role that it has.")
    scope: str = Field(description="Within which scope.")
    is_read_only: bool = Field(description="It may only read.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="When it ends by itself.")
    last_used_at: datetime | None = Field(description="When it was last used, to the minute; null if never.")
    last_used_from: str | None = Field(description="From which address.")
    revoked_at: datetime | None = Field(description="When it was revoked; null while it is not.")


class ApiKeyMade(ApiKeyOut):
    """A key just made."""

    key: str = Field(
        description="The whole key, shown this once: `Authorization: Bearer …` or `X-API-Key: …`."
    )
