"""What is found of a text, as JSON."""

from pydantic import BaseModel, Field

from app.whitelist.schemas import EntrySummary


class FoundFirm(BaseModel):
    """A firm as it is found."""

    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    region: str = Field(description="行政区划代码.")
    is_demo: bool = Field(description="Whether it is invented for demonstrations 演示数据.")


class FoundNeed(BaseModel):
    """A need as it is found."""

    code: str = Field(description="融资需求编码.")
    uscc: str = Field(description="统一社会信用代码.")
    name: str = Field(description="企业名称.")
    project: str | None = Field(description="项目名称; null for the firm's own need.")


class FoundOut(BaseModel):
    """What a text finds of what the viewer may see, the likeliest first."""

    firms: list[FoundFirm] = Field(description="Firms 企业.")
    entries: list[EntrySummary] = Field(
        description="Entries of these firms, or of this code 名单条目; the newest edition first."
    )
    needs: list[FoundNeed] = Field(description="Needs of these firms, or of this code 融资需求.")
    is_cut: bool = Field(description="Whether there is more than is shown: more letters find less.")
