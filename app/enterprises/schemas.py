"""Models in and out of enterprises, contacts, projects and needs."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.enterprises.need_facts import (
    PRINTABLE,
    EstablishedOn,
    IndustryCode,
    Name,
    NeedFacts,
    Ownership,
    RegionCode,
)
from app.reference.credit_codes import UsccFault, check_uscc

USCC_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"
NEED_CODE_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}(-P[1-9][0-9]{0,8})?$"
PROJECT_CODE_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}-P[1-9][0-9]{0,8}$"


def _checked(text: str) -> str:
    result = check_uscc(text)
    if result.fault is UsccFault.CHECK_DIGIT:
        msg = f"{result.message} (GB 32100-2015)"
        raise ValueError(msg)
    if result.fault is not None:
        raise ValueError(result.message)
    return result.code


Uscc = Annotated[
    str,
    StringConstraints(min_length=18, max_length=18, pattern=USCC_PATTERN),
    AfterValidator(_checked),
    Field(
        description="统一社会信用代码, 18 characters with a right check character.",
        examples=["91230199MA1BQXYE20"],
    ),
]
WITHHELD: Any = Field(
    description="Facts that no consent of the enterprise shows to this viewer (未授权披露), known or not.",
    examples=[["existing_loans", "revenue"]],
)
MOST_SCOPE = 4_000
BusinessScope = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_SCOPE, pattern=r"^[^\x00]*$"),
]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PRINTABLE)]
ContactName = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PRINTABLE)]


class EnterpriseProfile(BaseModel):
    """What is known of a firm itself; null is unknown."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(
        description="企业名称, as on the business licence.", examples=["哈尔滨示例机械有限公司"]
    )
    region: RegionCode = Field(description="行政区划代码, of today.", examples=["230110"])
    industry: IndustryCode | None = Field(
        default=None, description="行业代码, GB/T 4754-2017.", examples=["C3421"]
    )
    established_on: EstablishedOn | None = Field(
        default=None, description="成立日期.", examples=["2015-03-01"]
    )
    ownership: Ownership | None = Field(
        default=None, description="所有制; recorded, no criterion may use it.", examples=["private"]
    )

    business_scope: BusinessScope | None = Field(
        default=None,
        description="经营范围, as the register has it; chains 产业链 propose members from it. Left out, it stays.",
        examples=["机械零部件制造、销售"],
    )


class EnterpriseIn(EnterpriseProfile):
    """A firm to register."""

    uscc: Uscc


class EnterpriseOut(EnterpriseProfile):
    """A registered firm; contacts are read apart."""

    uscc: str = Field(description="统一社会信用代码.", examples=["91230199MA1BQXYE20"])
    is_demo: bool = Field(description="Whether it was invented for demonstration.")
    version: int = Field(description="Number of its version; also its ETag.", examples=[1])
    created_at: datetime = Field(description="When it was registered.")
    updated_at: datetime = Field(description="When it was last changed.")


class Contact(BaseModel):
    """Whom to call at a firm 联系人; kept apart, because few may see it."""

    model_config = ConfigDict(extra="forbid")

    name: ContactName | None = Field(default=None, description="联系人.", examples=["张三"])
    phone: Phone | None = Field(default=None, description="联系电话.", examples=["0451-12345678"])


class ProjectIn(BaseModel):
    """A project of a registered firm."""

    model_config = ConfigDict(extra="forbid")

    uscc: Uscc
    name: Name = Field(description="项目名称.", examples=["年产五千台套扩建项目"])


class ProjectOut(BaseModel):
    """A project; its code is its firm's credit code and its number there."""

    code: str = Field(description="项目编码.", examples=["91230199MA1BQXYE20-P1"])
    uscc: str = Field(description="统一社会信用代码.")
    enterprise_name: str = Field(description="企业名称.")
    name: str = Field(description="项目名称.")
    created_at: datetime = Field(description="When it was registered.")


class NeedIn(BaseModel):
    """A need 融资需求 of a firm, or of its project if `facts.project_name` names one."""

    model_config = ConfigDict(extra="forbid")

    uscc: Uscc
    facts: NeedFacts = Field(description="What the subject states and asks for.")

    @model_validator(mode="after")
    def _subject_fits(self) -> Self:
        check_subject(self.facts)
        return self


class NeedRevisionIn(BaseModel):
    """A new wording of a need; it replaces the whole statement."""

    model_config = ConfigDict(extra="forbid")

    facts: NeedFacts = Field(description="The whole new statement.")

    @model_validator(mode="after")
    def _subject_fits(self) -> Self:
        check_subject(self.facts)
        return self


def check_subject(facts: NeedFacts) -> None:
    """Refuse facts whose subject contradicts the project's name.

    Raises:
        ValueError: a project without name, or an enterprise with one.
    """
    if facts.subject is not None and (facts.subject == "project") != (facts.project_name is not None):
        msg = "facts.subject is project exactly when facts.project_name is given"
        raise ValueError(msg)


class NeedOut(BaseModel):
    """A need with its current wording."""

    code: str = Field(description="Credit code, with -P<n> for a project.", examples=["91230199MA1BQXYE20"])
    uscc: str = Field(description="统一社会信用代码.")
    enterprise_name: str = Field(description="企业名称.")
    project: str | None = Field(description="Code of the project; null for the firm's own need.")
    revision: int = Field(description="Number of the current wording; also the ETag.", examples=[1])
    facts: NeedFacts = Field(description="The current statement; a withheld fact is null.")
    withheld: list[str] = WITHHELD
    content_hash: str | None = Field(description="SHA-256 of the statement; null if any fact is withheld.")
    created_at: datetime = Field(description="When the need was first stated.")
    revised_at: datetime = Field(description="When this wording was stated.")


class NeedRevisionOut(BaseModel):
    """One immutable wording of a need."""

    revision: int = Field(description="Its number.")
    facts: NeedFacts = Field(description="What was stated; a withheld fact is null.")
    withheld: list[str] = WITHHELD
    content_hash: str | None = Field(description="SHA-256 of the statement; null if any fact is withheld.")
    created_at: datetime = Field(description="When it was stated.")
