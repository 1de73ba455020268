"""Firms' own registrations as JSON."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.accounts.people_schemas import PLAIN_TEXT, NewAccount
from app.reference.credit_codes import check_uscc

RegistrationState = Literal["pending", "confirmed", "refused"]
Decision = Literal["confirmed", "refused"]


def _checked(text: str) -> str:
    read = check_uscc(text)
    if not read.is_valid:
        raise ValueError(read.message)
    return read.code


Uscc = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=PLAIN_TEXT),
    AfterValidator(_checked),
    Field(description="统一社会信用代码, with a right check character.", examples=["91230199MA1BQXYE20"]),
]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=PLAIN_TEXT)
]


class RegistrationIn(NewAccount):
    """A firm registered by one of its people, with a new account or by who is signed in."""

    uscc: Uscc
    enterprise: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PLAIN_TEXT)
    ] = Field(description="企业名称, as on the business licence.", examples=["哈尔滨示例机械有限公司"])
    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(
        description="行政区划代码 of the firm's seat; its coordinator decides.", examples=["230110"]
    )
    evidence: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
        ),
    ] = Field(
        description="What shows that the person acts for the firm 证明材料.",
        examples=["法定代表人授权书编号 2023-11，营业执照已交道里区金融服务中心核验"],
    )


class RegistrationOwn(BaseModel):
    """A registration as the registrant sees it: nothing of what is known of the firm."""

    id: int = Field(description="Number of the registration.")
    uscc: str = Field(description="统一社会信用代码.")
    enterprise: str = Field(description="企业名称, as stated.")
    region: str = Field(description="行政区划代码, as stated.")
    state: RegistrationState = Field(description="pending 待确认, confirmed 已确认, refused 已退回.")
    reason: str | None = Field(description="Why it was refused; null otherwise.")
    created_at: datetime = Field(description="When it was sent.")
    decided_at: datetime | None = Field(description="When it was decided; null while it is pending.")


class RegistrationOut(RegistrationOwn):
    """A registration as the coordinator of its region sees it."""

    person: int = Field(description="Number of the person who registers.")
    login: str = Field(description="The person's login 登录名.")
    name: str = Field(description="The person's name 姓名.")
    evidence: str = Field(description="What shows that the person acts for the firm 证明材料.")
    claimed_by: int = Field(description="How many other people act for the firm already; look twice if any.")
    decided_by: str | None = Field(description="Who decided.")
    version: int = Field(description="Number of its version; also its ETag.")


class RegistrationDecision(BaseModel):
    """A coordinator's decision on a registration."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(description="confirmed 确认, refused 退回.")
    reason: Reason | None = Field(
        default=None,
        description="Why; a refusal needs one, the registrant reads it.",
        examples=["授权书缺公章"],
    )

    @model_validator(mode="after")
    def _a_refusal_says_why(self) -> Self:
        if self.decision == "refused" and self.reason is None:
            msg = "a refusal needs a reason"
            raise ValueError(msg)
        return self
