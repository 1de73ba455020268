"""Support targets of a chain's plan beside its figures, as JSON."""

from pydantic import BaseModel, Field


class ChainTargetOut(BaseModel):
    """A support target with what there is."""

    text: str = Field(
        description="支持目标", examples=["授信金额不低于上年（黔江金融办发〔2023〕30号（8））"]
    )
    measure: str = Field(description="指标", examples=["granted"])
    measure_name: str = Field(description="指标（中文）", examples=["授信金额"])
    clause: str = Field(description="依据条款")
    figure: str | None = Field(
        description="本月末的数值：金额为元，占比、利率为百分数，其余为个数；空为未知",
        examples=["5000000.00"],
    )
    base_month: str | None = Field(description="基期所在月；定值为空", examples=["2023-12"])
    base: str | None = Field(description="基期的数值；空为未知")
    is_met: bool | None = Field(description="是否达到；空为无法判断（有数值未知）")


class ChainTargetsOut(BaseModel):
    """The support targets of a chain's plan at the end of a month."""

    chain: str = Field(description="产业链编码")
    version: int = Field(description="一链一策版本")
    month: str = Field(description="月份", examples=["2024-01"])
    targets: list[ChainTargetOut] = Field(description="支持目标")
