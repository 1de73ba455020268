"""Entries as they are shown: one, and pages of them; asked all the time, so each statement is compiled once."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, Select, String, exists, or_, select

from app.accounts.rules import Viewer
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct, given, given_each
from app.whitelist.schemas import EntryFilter
from app.whitelist.tables import EntryWithdrawal, ReviewItem, WhitelistEdition, WhitelistEntry


@dataclass(frozen=True, slots=True)
class Within:
    """A selection of entry ids that a room above makes, such as of those that somebody handles.

    Selections of one `name` are written alike, with named parameters; their `values` come apart.
    """

    name: str
    ids: Select[Any]
    values: Mapping[str, Any] = field(default_factory=dict)


LINE: Final = (
    WhitelistEntry.id,
    WhitelistEntry.code,
    WhitelistEdition.code.label("edition"),
    WhitelistEntry.need_id,
    Need.code.label("need"),
    Enterprise.uscc,
    Enterprise.name,
    Enterprise.region_code.label("firm_region"),
    WhitelistEntry.source_class,
    WhitelistEntry.region_code,
    WhitelistEntry.chain_code,
    WhitelistEntry.size_class,
    WhitelistEntry.amount_fen,
    WhitelistEntry.status,
    WhitelistEntry.admitted_at,
    WhitelistEntry.withdrawn_at,
    WhitelistEntry.version,
)
_WHOLE: Final = (
    WhitelistEntry.need_revision_id,
    WhitelistEntry.admission,
    WhitelistEntry.extra,
    WhitelistEntry.withdrawn_by,
    WhitelistEntry.withdrawal_reason,
    NeedRevision.facts,
    exists().where(ReviewItem.entry_id == WhitelistEntry.id).label("has_reviews"),
    exists().where(EntryWithdrawal.entry_id == WhitelistEntry.id).label("has_withdrawals"),
)
_BY: Final = {
    "edition": WhitelistEdition.code == given("edition"),
    "chain": WhitelistEntry.chain_code == given("chain"),
    "status": WhitelistEntry.status == given("status"),
    "source_class": WhitelistEntry.source_class == given("source_class"),
    "region": WhitelistEntry.region_code.like(given("region")),
    "withdrawn": WhitelistEntry.withdrawn_at.is_not(None),
    "text": or_(
        Enterprise.name.like(given("text"), escape="\\"),
        Enterprise.uscc.like(given("begins"), escape="\\"),
    ),
    "after": WhitelistEntry.code > given("after"),
}


WITHDRAWN: Final = "withdrawn"


def _entries(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .where(WhitelistEdition.jurisdiction == given("jurisdiction"))
    )


_ONE: Final = Direct(
    _entries(*LINE, *_WHOLE)
    .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
    .where(WhitelistEntry.code == given("code"))
)


_OF_NEEDS: Final = Direct(
    _entries(*LINE)
    .where(Need.code.in_(given_each("needs", String)))
    .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEntry.code)
)


async def shown_entry(session: AsyncSession, viewer: Viewer, code: str) -> Any | None:
    """Answer an entry with its edition's and need's codes, its firm, its wording's facts, and whether there is more.

    `has_reviews`, `has_withdrawals`: there are such rows of it that the viewer sees.
    """
    return await _ONE.row(session, jurisdiction=viewer.jurisdiction, code=code)


async def entries_of_needs(
    session: AsyncSession, viewer: Viewer, need_codes: Collection[str]
) -> Sequence[Any]:
    """Answer the entries of some needs with codes and firms, the newest edition first; withdrawn ones too."""
    return await _OF_NEEDS.rows(session, jurisdiction=viewer.jurisdiction, needs=sorted(need_codes))


async def entries_of_codes(session: AsyncSession, viewer: Viewer, codes: Collection[str]) -> Sequence[Any]:
    """Answer entries with codes and firms, in no order; those that the viewer may not see are left out."""
    statement = _entries(*LINE).where(WhitelistEntry.code.in_(codes))
    found: Sequence[Any] = (await session.execute(statement, {"jurisdiction": viewer.jurisdiction})).all()
    return found


async def list_entries(
    session: AsyncSession,
    viewer: Viewer,
    which: EntryFilter,
    after: str | None,
    limit: int,
    *,
    within: Within | None = None,
) -> Sequence[Any]:
    """Answer entries with codes and firms, by entry code, `limit` + 1 at most; withdrawn ones too."""
    stated: dict[str, Any] = {
        "edition": which.edition,
        "chain": which.chain,
        "status": None if which.status == WITHDRAWN else which.status,
        "source_class": which.source_class,
        "region": None if which.region is None else _pattern(which.region),
        "after": after,
    }
    stated = {name: value for name, value in stated.items() if value is not None}
    names = (
        *stated,
        *(["withdrawn"] if which.status == WITHDRAWN else []),
        *(["text"] if which.text else []),
    )
    direct = _page(names, within.name if within else None, _Selection(within))
    values = stated | dict(within.values if within else {})
    if which.text:
        escaped = re.sub(r"([\\%_])", r"\\\1", which.text)
        values |= {"text": f"%{escaped}%", "begins": f"{escaped.upper()}%"}
    return await direct.rows(session, jurisdiction=viewer.jurisdiction, most=limit + 1, **values)


def _pattern(region: str) -> str | None:
    prefix = region.removesuffix("00").removesuffix("00")
    return None if prefix == "00" else f"{prefix}%"


class _Selection:
    """A selection that plays no part in what a page is remembered by: its name does."""

    def __init__(self, within: Within | None) -> None:
        self.within = within

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Selection)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=256)
def _page(names: tuple[str, ...], _within: str | None, selection: _Selection) -> Direct:
    most = given("most", Integer)
    statement = _entries(*LINE).where(*(_BY[name] for name in names))
    if selection.within is not None:
        statement = statement.where(WhitelistEntry.id.in_(selection.within.ids))
    return Direct(statement.order_by(WhitelistEntry.code).limit(most))
