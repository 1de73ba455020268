"""What the audit trail shows."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.accounts.audit import Link


class AuditEventOut(BaseModel):
    """One link of the audit trail 审计记录."""

    sequence: int = Field(description="Number in the chain, without gaps 序号.")
    occurred_at: datetime = Field(description="When, UTC 时间.")
    actor: str = Field(description="Who, as named then 操作人.")
    person_id: int | None = Field(description="Number of the person; null for the machine and for strangers.")
    roles: str = Field(description="Roles in force then, as role:scope, separated by blanks 角色.")
    action: str = Field(description="What was done or shown 动作.", examples=["read_contacts"])
    subject_kind: str = Field(description="What the subject is 对象类别.", examples=["entry_code"])
    subject: str = Field(description="Code of what was touched; empty for lists 对象.")
    detail: dict[str, Any] = Field(description="Route, fields and codes; never what the fields held 详情.")
    via: str = Field(description="Way in: api, page, key, cli 途径.")
    address: str = Field(description="Address from which it came; empty for commands 来源地址.")
    request_id: str = Field(description="Finds the request in the logs 请求编号.")
    previous_hash: str = Field(description="Hash of the link before; 64 zeros before the first 前链哈希.")
    hash: str = Field(description="SHA-256 over the canonical JSON of all other members 哈希.")

    @classmethod
    def of(cls, link: Link) -> "AuditEventOut":
        """Show a link."""
        return cls(**link.stated())
