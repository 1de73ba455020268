"""Institutions as JSON and as records of an import file."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.institutions.rules import InstitutionKind
from app.kernel.money import Yuan
from app.policy.yaml_records import WrittenAmount
from app.reference.credit_codes import check_uscc

CODE_PATTERN = r"^[A-Za-z0-9._-]{1,40}$"
REGION_PATTERN = r"^[0-9]{6}$"
PLAIN_TEXT = r"^[^\x00-\x1f]*$"
MOST_CAPACITY = 1_000_000
MOST_AREAS = 400


def _valid_uscc(text: str) -> str:
    found = check_uscc(text)
    if not found.is_valid:
        raise ValueError(found.message)
    return found.code


def _sorted(areas: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(areas)))


InstitutionCode = Annotated[str, Field(pattern=CODE_PATTERN, description="机构编码", examples=["BJFZ-HRB"])]
RegionCode = Annotated[str, Field(pattern=REGION_PATTERN, description="行政区划代码", examples=["230102"])]
Uscc = Annotated[
    str,
    Field(max_length=40, description="统一社会信用代码", examples=["91230100765543210B"]),
    AfterValidator(_valid_uscc),
]
Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PLAIN_TEXT,
        description="机构名称",
        examples=["松江银行哈尔滨分行"],
    ),
]
ShortName = Annotated[
    str,
    Field(min_length=1, max_length=80, pattern=PLAIN_TEXT, description="简称", examples=["松江银行哈尔滨"]),
]
Areas = Annotated[
    tuple[RegionCode, ...],
    Field(max_length=MOST_AREAS, description="服务区域（含其下辖）", examples=[["230102", "230103"]]),
    AfterValidator(_sorted),
]
Capacity = Annotated[
    int,
    Field(
        ge=0,
        le=MOST_CAPACITY,
        description="本机构一个版次可承接的名单条目数；空为不作责任机构",
        examples=[12],
    ),
]
GroupCapacity = Annotated[
    int,
    Field(ge=0, le=MOST_CAPACITY, description="本机构及其下辖合计可承接的条目数；空为不限", examples=[60]),
]
Share = Annotated[
    Decimal,
    Field(ge=0, le=100, decimal_places=2, description="信用贷款占比（%）", examples=["32.50"]),
]


class _Described(BaseModel):
    """What is said of an institution in JSON and in files alike."""

    model_config = ConfigDict(extra="forbid")

    uscc: Uscc | None = Field(default=None, description="统一社会信用代码")
    name: Name
    short_name: ShortName
    kind: InstitutionKind | None = Field(
        default=None, description="机构类型；下级机构可省略，随上级", examples=["city_commercial"]
    )
    parent: InstitutionCode | None = Field(default=None, description="上级机构编码")
    region: RegionCode
    areas: Areas = Field(default=(), description="服务区域；空为所在区划")
    capacity: Capacity | None = Field(default=None, description="本机构可承接的名单条目数；空为不作责任机构")
    group_capacity: GroupCapacity | None = Field(
        default=None, description="本机构及其下辖合计可承接的条目数；空为不限"
    )
    credit_loan_share: Share | None = Field(default=None, description="信用贷款占比（%）")
    is_demo: bool = Field(default=False, description="是否演示数据")

    @model_validator(mode="after")
    def _serves_where_it_sits(self) -> Self:
        if not self.areas:
            self.areas = (self.region,)
        return self


class InstitutionIn(_Described):
    """An institution to create."""

    code: InstitutionCode
    borrower_limit: Yuan | None = Field(default=None, description="单户授信上限（元）")


class InstitutionRecord(_Described):
    """An institution in an import file, whose amounts carry their unit."""

    code: InstitutionCode
    borrower_limit: WrittenAmount | None = None


class InstitutionPatch(BaseModel):
    """What to change; a key that is not sent stays as it is, null empties it where that is possible."""

    model_config = ConfigDict(extra="forbid")

    name: Name = ""
    short_name: ShortName = ""
    parent: InstitutionCode | None = Field(default=None, description="上级机构编码；null 为总部")
    region: RegionCode = ""
    areas: Annotated[Areas, Field(min_length=1)] = ()
    capacity: Capacity | None = Field(default=None, description="本机构可承接的名单条目数；空为不作责任机构")
    group_capacity: GroupCapacity | None = Field(
        default=None, description="本机构及其下辖合计可承接的条目数；空为不限"
    )
    credit_loan_share: Share | None = Field(default=None, description="信用贷款占比（%）")
    borrower_limit: Yuan | None = Field(default=None, description="单户授信上限（元）")


class InstitutionOut(BaseModel):
    """An institution as it stands."""

    code: InstitutionCode
    uscc: str | None = Field(description="统一社会信用代码")
    name: str = Field(description="机构名称")
    short_name: str = Field(description="简称")
    kind: InstitutionKind = Field(description="机构类型")
    kind_name: str = Field(description="机构类型（中文）", examples=["城市商业银行"])
    is_local_legal_person: bool = Field(description="是否地方法人银行")
    parent: str | None = Field(description="上级机构编码")
    root: str = Field(description="总部机构编码")
    region: RegionCode
    areas: tuple[str, ...] = Field(description="服务区域（含其下辖）")
    capacity: int | None = Field(description="可承接条目数；空为不作责任机构")
    group_capacity: int | None = Field(description="本级及下辖合计可承接条目数；空为不限")
    credit_loan_share: Decimal | None = Field(description="信用贷款占比（%）", examples=["32.50"])
    borrower_limit: Yuan | None = Field(description="单户授信上限（元）")
    is_demo: bool = Field(description="是否演示数据")
    version: int = Field(description="版本，即 ETag")
    updated_at: datetime = Field(description="最近变更时间（UTC）")


class ImportPreview(BaseModel):
    """What an import did, or with a dry run would do, by code."""

    new: list[str] = Field(description="新增")
    changed: list[str] = Field(description="变更")
    same: int = Field(description="未变")
    is_dry_run: bool = Field(description="是否试运行（未写入）")
