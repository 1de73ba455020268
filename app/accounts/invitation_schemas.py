"""Invitations to roles as JSON."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.people_schemas import Day, NewAccount, PersonName, Scope, Token
from app.accounts.rules import Role

InvitationState = Literal["open", "accepted", "revoked", "expired"]


class InvitationIn(BaseModel):
    """Whom to invite to which role."""

    model_config = ConfigDict(extra="forbid")

    name: PersonName = Field(description="Whom the invitation is meant for 姓名.", examples=["王芳"])
    role: Role = Field(description="角色.", examples=["relationship_manager"])
    scope: Scope = ""
    until: Day | None = Field(default=None, description="Last day of the role; null is open 截止日.")


class InvitationOut(BaseModel):
    """An invitation; what proves it was shown once, to who made it."""

    id: int = Field(description="Number of the invitation.")
    name: str = Field(description="Whom it is meant for 姓名.")
    role: Role = Field(description="角色.")
    scope: str = Field(description="Where the role will hold 作用范围.")
    until: date | None = Field(description="Last day of the role; null is open 截止日.")
    state: InvitationState = Field(description="open, accepted, revoked or expired.")
    invited_by: str = Field(description="Who invited.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime = Field(description="Until when it can be accepted.")
    accepted_at: datetime | None = Field(description="When it was accepted; null while it was not.")
    revoked_at: datetime | None = Field(description="When it was revoked; null while it was not.")
    person: int | None = Field(description="Number of the person who accepted it.")
    version: int = Field(description="Number of its version; also its ETag.")


class InvitationMade(InvitationOut):
    """A new invitation with its token, shown this once."""

    token: str = Field(description="Hand it over on a safe way; only its hash is kept.")


class InvitationEnd(BaseModel):
    """The end of an invitation."""

    model_config = ConfigDict(extra="forbid")

    is_revoked: Literal[True] = Field(description="true revokes it for good.")


class AcceptanceIn(NewAccount):
    """An invitation taken up, with a new account or by who is signed in."""

    token: Token


class AcceptanceOut(BaseModel):
    """What came of an invitation."""

    person: int = Field(description="Number of the person.")
    login: str = Field(description="Name to sign in with, as it is compared 登录名.")
    role: Role = Field(description="角色.")
    scope: str = Field(description="Where the role holds 作用范围.")
