"""Posts of chains 链长、牵头部门、金融管家团队, what chains cover, and days without 链长, as JSON."""

from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, Field

from app.chains.fields import CODE_PATTERN, PLAIN_TEXT, Closed, Day
from app.chains.people import POSTS, Post
from app.chains.places import PLACE_LABELS
from app.policy.fields import OneOf

APPOINTED: Final = {post.value: rule.name for post, rule in POSTS.items() if post is not Post.BANK}
"""Posts that are given by appointment; banks are contracted by the plan."""
TEAM_PLACES: Final = {kind: name for kind, name in PLACE_LABELS.items() if kind != "region"}
PostWord = Annotated[str, OneOf(APPOINTED)]
PlaceKindWord = Annotated[str, OneOf(PLACE_LABELS)]
TeamPlaceWord = Annotated[str, OneOf(TEAM_PLACES)]
PlaceCode = Annotated[str, Field(pattern=CODE_PATTERN, description="代码", examples=["ZYYQ"])]
Holder = Annotated[
    str, Field(min_length=1, max_length=80, pattern=PLAIN_TEXT, description="姓名或名称", examples=["演示甲"])
]
Body = Annotated[
    str, Field(max_length=120, pattern=PLAIN_TEXT, description="单位", examples=["省工业和信息化厅"])
]


class TeamPlace(Closed):
    """For what a butler team is formed: a cluster, zone or park that the chain covers."""

    kind: TeamPlaceWord = Field(description="cluster 集群, zone 高新区, park 园区", examples=["park"])
    code: PlaceCode


class PostIn(Closed):
    """Somebody who is to hold a post of a chain."""

    post: PostWord = Field(
        description="leader 链长, deputy 副链长, office 链办, liaison 联络员, lead_department 牵头部门, "
        "adviser 金融顾问, butler_team 金融管家团队；签约银行由一链一策写明",
        examples=["leader"],
    )
    holder: Holder
    body: Body = ""
    since: Day = Field(description="起始日", examples=["2024-01-02"])
    until: Day | None = Field(default=None, description="截止日（含）；空为持续")
    place: TeamPlace | None = Field(default=None, description="金融管家团队所在的集群、高新区或园区")


class PostHandOver(Closed):
    """Who holds a post next, and from when."""

    holder: Holder
    body: Body = ""
    on: Day = Field(description="交接日：现任至前一日止", examples=["2024-03-01"])
    until: Day | None = Field(default=None, description="继任截止日（含）；空为持续")
    gap_until: Day | None = Field(default=None, description="有意空缺时，继任的起始日")
    gap_reason: (
        Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN_TEXT, examples=["人选待定"])] | None
    ) = Field(default=None, description="空缺的理由；有空缺时必填")


class PostEnd(Closed):
    """The last day of a post's period."""

    until: Day | None = Field(description="截止日（含）；null 为持续", examples=["2023-12-31"])


class PostOut(BaseModel):
    """A post's period."""

    id: int | None = Field(description="编号；签约银行没有（随一链一策）", examples=[1])
    chain: str = Field(description="产业链编码")
    post: str = Field(description="职责", examples=["leader"])
    post_name: str = Field(description="职责（中文）", examples=["链长"])
    title: str = Field(description="带地点的职责（中文）")
    holder: str = Field(description="姓名或名称")
    body: str = Field(description="单位")
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")
    place_kind: str | None = Field(description="地点类别")
    place: str | None = Field(description="地点代码")
    place_name: str | None = Field(description="地点名称")
    gap_reason: str | None = Field(description="此前空缺的理由")
    clause: str = Field(description="依据")
    is_in_office: bool = Field(description="今日是否在任")


class PlaceIn(Closed):
    """A region, cluster, zone or park that a chain covers."""

    kind: PlaceKindWord = Field(
        description="region 地区, cluster 先进制造业集群, zone 国家级高新技术产业开发区, park 重点产业园区",
        examples=["park"],
    )
    code: PlaceCode = Field(description="地区为行政区划代码；其他为本地区清单中的代码", examples=["ZYYQ"])
    name: str | None = Field(
        default=None, min_length=1, max_length=120, pattern=PLAIN_TEXT, description="名称；地区可不填",
        examples=["正阳园区"],
    )  # fmt: skip
    region: str | None = Field(
        default=None,
        pattern=r"^[0-9]{6}$",
        description="集群、高新区、园区所在地区的行政区划代码：双向选择按它计网点；空为未写明。地区不填",
        examples=["230109"],
    )
    since: Day = Field(description="起始日", examples=["2024-01-02"])
    until: Day | None = Field(default=None, description="截止日（含）；空为持续")


class PlaceOut(BaseModel):
    """A place that a chain covers or covered."""

    id: int = Field(description="编号", examples=[1])
    chain: str = Field(description="产业链编码")
    kind: str = Field(description="region, cluster, zone, park")
    kind_name: str = Field(description="类别（中文）")
    code: str = Field(description="代码")
    name: str = Field(description="名称")
    region: str | None = Field(description="集群、高新区、园区所在地区的行政区划代码；空为未写明")
    region_name: str | None = Field(description="该地区名称")
    since: date = Field(description="起始日")
    until: date | None = Field(description="截止日（含）；空为持续")
    is_covered: bool = Field(description="今日是否覆盖")


class VacancyOut(BaseModel):
    """Days on which a chain has no 链长."""

    chain: str = Field(description="产业链编码")
    chain_name: str = Field(description="产业链名称")
    since: date = Field(description="自何日起")
    until: date | None = Field(description="至何日（含）；空为一直")
    last: str | None = Field(description="上一任链长；空为此前从未有人")
    is_now: bool = Field(description="今日是否空缺")
    sentence: str = Field(description="提示（中文）")


class ProfileIn(Closed):
    """By which shipped profile members of a chain are proposed."""

    profile: Annotated[str, Field(pattern=CODE_PATTERN, examples=["JXZB"])] | None = Field(
        description="产业链画像编码；null 为只按行业"
    )


class ProfileOut(BaseModel):
    """A shipped profile."""

    code: str = Field(description="画像编码")
    name: str = Field(description="名称")
    links: list[str] = Field(description="环节")
    sources: list[str] = Field(description="依据")
