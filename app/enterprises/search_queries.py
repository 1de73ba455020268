"""Firms and needs as people look for them: by what they type of a name or a code. Sight narrows both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.enterprises.name_spelling import START, Asked, abbreviated
from app.enterprises.tables import Enterprise, Need, Project
from app.kernel.database import AsyncSession

NATION: Final = "000000"
_LAST: Final = "Z" * 30


@dataclass(frozen=True, slots=True)
class FirmRow:
    """A firm as it is found."""

    id: int
    uscc: str
    name: str
    region_code: str
    is_demo: bool


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A need as it is found."""

    code: str
    uscc: str
    name: str
    project: str | None


async def firms(session: AsyncSession, area: str, wanted: Asked, limit: int) -> list[FirmRow]:
    """Answer firms of an area, `limit` + 1 at most: of this code, named so from the start, named so, abbreviated so."""
    prefix = "" if area == NATION else area.removesuffix("00").removesuffix("00")
    statement = (
        select(Enterprise.id, Enterprise.uscc, Enterprise.name, Enterprise.region_code, Enterprise.is_demo)
        .where(_is_meant(wanted), Enterprise.region_code.startswith(prefix, autoescape=True))
        .order_by(_rank(wanted), func.length(Enterprise.name), Enterprise.uscc)
        .limit(limit + 1)
    )
    return [FirmRow(*row) for row in await session.execute(statement)]


def _is_meant(wanted: Asked) -> ColumnElement[bool]:
    pattern = abbreviated(wanted.key) if wanted.is_written else None
    ways: list[ColumnElement[bool]] = [
        _has(each) if pattern is None else Enterprise.spelling.like(pattern)
        for each in dict.fromkeys((wanted.key, wanted.sound))
    ]
    # What a version of before stored while this one came up is spelled when it is next changed.
    ways.append(and_(Enterprise.spelling == "", Enterprise.name_key.contains(wanted.key, autoescape=True)))
    if wanted.code:
        ways.append(Enterprise.uscc.startswith(wanted.code, autoescape=True))
    return or_(*ways)


def _rank(wanted: Asked) -> ColumnElement[int]:
    ranks: list[tuple[ColumnElement[bool], int]] = [
        (_has(START + wanted.sound), 1),
        (_has(wanted.key), 2),
    ]
    if wanted.code:
        ranks.insert(0, (Enterprise.uscc == wanted.code, 0))
    return case(*ranks, else_=3)


def _has(text: str) -> ColumnElement[bool]:
    return Enterprise.spelling.contains(text, autoescape=True)


async def needs(
    session: AsyncSession, firm_ids: Sequence[int], code: str, area: str, limit: int
) -> list[NeedRow]:
    """Answer needs of some firms or whose code begins so, by code, `limit` at most."""
    ways: list[ColumnElement[bool]] = [Need.enterprise_id.in_(sorted(firm_ids))]
    if code:  # the range finds them by the index, under whatever collation
        in_range = Need.code.between(code, code + _LAST)
        ways.append(and_(in_range, Need.code.startswith(code, autoescape=True)))
    prefix = "" if area == NATION else area.removesuffix("00").removesuffix("00")
    statement = (
        select(Need.code, Enterprise.uscc, Enterprise.name, Project.name.label("project"))
        .join(Enterprise, Enterprise.id == Need.enterprise_id)
        .outerjoin(Project, Project.id == Need.project_id)
        .where(or_(*ways), Enterprise.region_code.startswith(prefix, autoescape=True))
        .order_by(Need.code)
        .limit(limit)
    )
    return [NeedRow(*row) for row in await session.execute(statement)]
