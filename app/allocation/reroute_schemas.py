"""Entries that go to another party, many at once, as JSON."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.allocation.handler_schemas import EntryCodeText
from app.allocation.schemas import EDITION_PATTERN
from app.institutions.schemas import CODE_PATTERN

MOST_ENTRIES = 1_000
Kind = Literal["matched", "routed", "coordinator"]


class RerouteIn(BaseModel):
    """Which entries a coordinator takes from their parties, and why."""

    model_config = ConfigDict(extra="forbid")

    edition: str = Field(pattern=EDITION_PATTERN, description="名单版次.", examples=["2023H2"])
    institution: Annotated[str, StringConstraints(pattern=CODE_PATTERN)] | None = Field(
        default=None,
        description="机构编码: all entries that it and institutions below it hold; none of them gets any of these.",
        examples=["SJYH-HRB"],
    )
    entries: Annotated[list[EntryCodeText], Field(min_length=1, max_length=MOST_ENTRIES)] | None = Field(
        default=None,
        description="名单条目编码; with `institution`: those of them that it holds. One of the two is needed.",
        examples=[["2023H2-91230199MA1BQXYE20"]],
    )
    to: Annotated[str, StringConstraints(pattern=CODE_PATTERN)] | None = Field(
        default=None,
        description="机构编码 of who shall have them, or has somebody below it that shall; without it, whoever is next. "
        "What it cannot take stays where it is 指定承接机构.",
        examples=["BJYH-HRB"],
    )
    reason: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"
        ),
    ] = Field(description="Why; kept with each new assignment 改派理由.", examples=["该行业务调整，暂停受理"])
    dry_run: bool = Field(default=True, strict=True, description="Only say what would become of each 只试算.")


class ConsideredOut(BaseModel):
    """An institution that was considered for an entry, in the order of fit less shadow price, or of its class."""

    place: int = Field(description="次序，自1起.", examples=[1])
    institution: str = Field(description="机构编码.")
    name: str = Field(description="机构名称.")
    product: str | None = Field(description="产品编码; null: a receiver by bottleneck class.")
    score: str | None = Field(description="匹配度（分）.", examples=["76.20"])
    why_not: str | None = Field(
        description="Why it is not the one, as a word; null: it is.", examples=["no_room"]
    )
    text: str = Field(description="The same in Chinese.")


class MoveOut(BaseModel):
    """What becomes of one entry."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    entry: str = Field(description="名单条目编码.")
    is_moved: bool = Field(description="Whether it goes to another party.")
    from_: str | None = Field(
        alias="from",
        serialization_alias="from",
        description="机构编码 of who had it; null: a body or the coordinator.",
    )
    from_body: str = Field(description="Name of who had it 原责任单位; empty: nobody.")
    to: str | None = Field(description="机构编码 of who has it then; null: a body or the coordinator.")
    to_body: str = Field(description="Name of who has it then 现责任单位; empty: nobody.")
    kind: Kind | None = Field(
        description="责任方类型: a product's institution, a receiver by bottleneck class, the coordinator; null: nobody."
    )
    why: list[str] = Field(description="Why it goes there, or why it stays, in Chinese.")
    considered: list[ConsideredOut] = Field(
        default=[], description="候选机构及未选原因, ten at most; only where a single entry is named."
    )


class RerouteCounts(BaseModel):
    """How many entries go where."""

    asked: int = Field(description="Entries that were chosen.")
    moved: int = Field(description="Those that go to another party.")
    stays: int = Field(description="Those that stay where they are.")
    matched: int = Field(description="Of those that move: to institutions with fitting products.")
    routed: int = Field(description="Of those that move: to receivers by bottleneck class.")
    coordinator: int = Field(description="Of those that move: to the coordinator.")


class RerouteOut(BaseModel):
    """What a bulk reroute comes to."""

    edition: str = Field(description="名单版次.")
    is_dry_run: bool = Field(description="Whether nothing was changed.")
    reason: str = Field(description="改派理由.")
    counts: RerouteCounts = Field(description="How many entries go where.")
    items: list[MoveOut] = Field(description="Every chosen entry, by code.")
