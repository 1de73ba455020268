"""The quarter's confirmations as JSON."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from app.kernel.paging import Page


class CallOut(BaseModel):
    """The call to confirm products for a quarter's edition 确认通知."""

    quarter: str = Field(description="产品库版次", examples=["2024Q1"])
    due_on: date = Field(description="确认截止日（该季度前的最后一个工作日）")
    called_at: datetime = Field(description="通知时间（UTC）")
    called_by: str = Field(description="通知人")


class ConfirmationOut(BaseModel):
    """How an institution's products stand to the coming quarter."""

    institution: str = Field(description="机构编码")
    institution_name: str = Field(description="机构名称")
    states: dict[str, int] = Field(description="各状态产品数", examples=[{"to_confirm": 3, "confirmed": 5}])
    to_confirm: list[str] = Field(description="待确认的产品编码")


class ConfirmationPage(Page[ConfirmationOut]):
    """Institutions by code, with how many products wait in all."""

    quarter: str = Field(description="待发布的版次", examples=["2024Q1"])
    call: CallOut | None = Field(description="确认通知；为空即尚未通知，此时未确认的产品仍列入")
    waiting: int = Field(description="待确认的产品总数")
    institutions_waiting: int = Field(description="有产品待确认的机构数")
