"""The own products with their standing to the quarter's library, as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.offering import OfferState
from app.catalogue.schemas import ProductOut
from app.kernel.paging import Page

Decision = Literal["confirm", "pause"]


class OfferingDecisionIn(BaseModel):
    """Whether the coming quarter's library shall have a product."""

    model_config = ConfigDict(extra="forbid")

    decision: Decision = Field(
        description="`confirm` 确认列入下季度产品库; `pause` 暂停, by a revision that ends with this quarter."
    )


class OfferedOut(BaseModel):
    """A product of the viewer's institutions, and how it stands to the library."""

    product: ProductOut = Field(description="现行修订.")
    state: OfferState = Field(description="What has to be known first of it.")
    state_label: str = Field(description="The state in Chinese.", examples=["待确认"])
    confirmed_quarter: str | None = Field(
        description="Quarter for which it was confirmed last.", examples=["2024Q1"]
    )
    confirmed_by: str | None = Field(description="Who confirmed it.")
    confirmed_at: datetime | None = Field(description="When (UTC).")
    listed_revision: int | None = Field(
        description="Revision that this quarter's library froze; null: it is not on it."
    )


class OfferedPage(Page[OfferedOut]):
    """Own products by code, and the quarters that it is about."""

    quarter: str = Field(description="This quarter.", examples=["2023Q4"])
    is_published: bool = Field(description="Whether this quarter's library is published.")
    coming_quarter: str = Field(description="The quarter that is prepared.", examples=["2024Q1"])
