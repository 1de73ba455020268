"""Products and library editions as JSON and as records of an import file."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.catalogue.quarters import QUARTER_PATTERN
from app.catalogue.revisions import ProductContent
from app.catalogue.rules import AmountRange, ProductTerms
from app.kernel.money import yuan_text
from app.policy.schemas import Day as WrittenDay
from app.policy.yaml_records import WrittenAmount

CODE_PATTERN = r"^[A-Za-z0-9._-]{1,60}$"
INSTITUTION_PATTERN = r"^[A-Za-z0-9._-]{1,40}$"
PLAIN_TEXT = r"^[^\x00-\x1f]*$"

ProductCode = Annotated[str, Field(pattern=CODE_PATTERN, description="产品编码", examples=["SJYH-KCED"])]
InstitutionCode = Annotated[
    str, Field(pattern=INSTITUTION_PATTERN, description="提供机构编码", examples=["SJYH"])
]
LibraryCode = Annotated[str, Field(pattern=QUARTER_PATTERN, description="产品库版次", examples=["2023Q4"])]
Day = Annotated[WrittenDay, Field(ge=date(1949, 10, 1), le=date(2999, 12, 31))]


class RevisionIn(BaseModel):
    """What a product says from now on."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1, max_length=120, pattern=PLAIN_TEXT, description="产品名称", examples=["科创e贷"]
    )
    terms: ProductTerms = Field(description="产品条款")
    valid_from: Day = Field(description="生效日", examples=["2023-10-01"])
    valid_until: Day | None = Field(default=None, description="失效日（含）；空为长期")
    is_demo: bool = Field(default=False, description="是否演示数据")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.valid_until is not None and self.valid_from > self.valid_until:
            msg = f"valid_from {self.valid_from} lies after valid_until {self.valid_until}"
            raise ValueError(msg)
        return self

    def content(self) -> ProductContent:
        """Answer it as the value whose hash tells revisions apart."""
        return ProductContent(self.name, self.terms, self.valid_from, self.valid_until, self.is_demo)


class ProductIn(RevisionIn):
    """A product to create."""

    code: ProductCode
    institution: InstitutionCode


class WrittenRange(AmountRange):
    """Least and most amount as files write them, with the unit."""

    least: WrittenAmount
    most: WrittenAmount


class WrittenTerms(ProductTerms):
    """Terms in a YAML file, whose amounts carry their unit."""

    amount: WrittenRange

    def as_terms(self) -> ProductTerms:
        """Answer the same terms as the value that is stored."""
        written = self.model_dump(mode="json")
        amount = {"least": yuan_text(self.amount.least), "most": yuan_text(self.amount.most)}
        return ProductTerms.model_validate(written | {"amount": amount})


class ProductRecord(ProductIn):
    """A product in a YAML file."""

    terms: WrittenTerms

    def content(self) -> ProductContent:
        """Answer it as the value whose hash tells revisions apart."""
        return ProductContent(
            self.name, self.terms.as_terms(), self.valid_from, self.valid_until, self.is_demo
        )


class ProductOut(BaseModel):
    """One revision of a product."""

    code: str = Field(description="产品编码")
    revision: int = Field(description="修订号；现行修订号即 ETag")
    name: str = Field(description="产品名称")
    institution: str = Field(description="提供机构编码")
    institution_name: str = Field(description="提供机构名称")
    terms: ProductTerms = Field(description="产品条款")
    valid_from: date = Field(description="生效日")
    valid_until: date | None = Field(description="失效日（含）；空为长期")
    is_demo: bool = Field(description="是否演示数据（演示条款，非真实产品）")
    content_hash: str = Field(description="内容 SHA-256")
    created_at: datetime = Field(description="发布时间（UTC）")


class Revised(BaseModel):
    """A product that an import or edition states anew."""

    code: str = Field(description="产品编码")
    changed: list[str] = Field(description="变更的条款", examples=[["terms.amount"]])


class CatalogueImportPreview(BaseModel):
    """What an import did, or with a dry run would do."""

    new: list[str] = Field(description="新增")
    revised: list[Revised] = Field(description="修订")
    same: int = Field(description="未变")
    is_dry_run: bool = Field(description="是否试运行（未写入）")


class LibraryIn(BaseModel):
    """The quarter's library to publish."""

    model_config = ConfigDict(extra="forbid")

    code: LibraryCode


class LibraryOut(BaseModel):
    """A published library edition."""

    code: str = Field(description="产品库版次")
    jurisdiction: str = Field(description="发布区划")
    products: int = Field(description="产品数")
    suspended: list[str] = Field(description="经通知仍未确认、本季度暂停列入的产品编码")
    content_hash: str = Field(description="内容 SHA-256")
    published_at: datetime = Field(description="发布时间（UTC）")


class LibraryDiff(BaseModel):
    """How an edition differs from an older one."""

    older: str = Field(description="较早版次")
    newer: str = Field(description="较新版次")
    added: list[str] = Field(description="新增产品")
    removed: list[str] = Field(description="退出产品")
    revised: list[Revised] = Field(description="修订产品")
    same: int = Field(description="未变产品数")
