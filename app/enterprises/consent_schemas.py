"""Models in and out of consents and disclosures."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.enterprises.consents import Purpose
from app.enterprises.need_facts import PRINTABLE
from app.kernel.paging import Page

EARLIEST, LATEST = date(2000, 1, 1), date(2200, 1, 1)
ChosenGroup = Literal["contact", "financial", "judicial"]
InstitutionCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.:-]{1,40}$")]
Evidence = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=PRINTABLE)
]


class ConsentIn(BaseModel):
    """An authorisation 授权 to show a need to institutions."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose = Field(
        description="financing_docking 融资对接, credit_review 授信审查, guarantee_review 担保审查.",
        examples=["financing_docking"],
    )
    groups: list[ChosenGroup] = Field(
        max_length=3,
        description="Beyond who asks for what: contact 联系方式, financial 财务信息, judicial 司法和征信信息.",
        examples=[["contact", "financial"]],
    )
    institution: InstitutionCode | None = Field(
        default=None,
        description="To whom: an institution's code, with all below it; null: whichever is responsible or supporting.",
        examples=["SJYH"],
    )
    until: Annotated[date, Field(ge=EARLIEST, le=LATEST)] = Field(
        description="Last day (Shanghai), at most one year ahead.", examples=["2024-11-14"]
    )
    evidence: Evidence | None = Field(
        default=None,
        description="The signed paper 授权书, when a coordinator records it for the enterprise.",
        examples=["纸质授权书 2023-017，存区工信局档案室"],
    )


class ConsentOut(BaseModel):
    """An authorisation, live or ended."""

    id: int = Field(description="Number of the consent.", examples=[1])
    need: str = Field(description="融资需求编码.")
    purpose: Purpose = Field(description="What it was given for.")
    purpose_name: str = Field(description="The purpose in Chinese.", examples=["融资对接"])
    groups: list[ChosenGroup] = Field(description="What it shows beyond who asks for what.")
    institution: str | None = Field(description="To whom; null: whichever is responsible or supporting.")
    until: date = Field(description="Last day (Shanghai).")
    evidence: str | None = Field(description="The signed paper that a coordinator recorded.")
    given_by: str = Field(description="Who gave or recorded it.")
    given_at: datetime = Field(description="When it was given.")
    revoked_by: str | None = Field(description="Who revoked it 撤回.")
    revoked_at: datetime | None = Field(description="When it was revoked; null: it was not.")
    is_live: bool = Field(description="Whether it holds today.")
    version: int = Field(description="Number of its version; also its ETag.")


class DisclosureOut(BaseModel):
    """One look of an institution at a need; repeated looks of a person on a day count once."""

    id: int = Field(description="Number of the disclosure.")
    institution: str = Field(description="Institution to which the need is entrusted.", examples=["SJYH"])
    institution_name: str = Field(description="Its name.")
    groups: list[str] = Field(description="Groups of fields that were shown.", examples=[["identity"]])
    consent: int = Field(description="Consent by which it was shown.")
    shown_to: str = Field(description="Who looked.")
    shown_at: datetime = Field(description="When.")


class ContactHolderOut(BaseModel):
    """An institution that holds the contact details now; at most three do."""

    institution: str = Field(description="Code.", examples=["SJYH"])
    institution_name: str = Field(description="Name.")
    consent: int = Field(description="Consent by which it holds them.")
    since: datetime = Field(description="Since when.")


class DisclosurePage(Page[DisclosureOut]):
    """Who was shown what, the newest first, and who holds the contact details now."""

    contact_holders: list[ContactHolderOut] = Field(
        description="Institutions that hold the contact details now, at most three."
    )
