"""Entries as people look for them: those of some firms, or whose code begins so."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, or_, select

from app.kernel.direct import given, given_each
from app.whitelist.entry_queries import Within
from app.whitelist.tables import WhitelistEntry

_OF_FIRMS: Final = WhitelistEntry.enterprise_id.in_(given_each("found_firms"))
_BEGINS: Final = and_(  # the range finds them by the index, under whatever collation
    WhitelistEntry.code.between(given("first"), given("last")),
    WhitelistEntry.code.like(given("begins")),
)
_LAST: Final = "Z" * 30


def found(firm_ids: Sequence[int], code: str) -> Within:
    """Answer a selection of the entries of firms (ids), and of those whose code begins so unless it is ""."""
    values = {"found_firms": sorted(firm_ids)}
    if not code:
        return Within("found of firms", select(WhitelistEntry.id).where(_OF_FIRMS), values)
    ids = select(WhitelistEntry.id).where(or_(_OF_FIRMS, _BEGINS))
    return Within(
        "found of firms or code", ids, values | {"first": code, "last": code + _LAST, "begins": f"{code}%"}
    )


_THESE: Final = select(WhitelistEntry.id).where(WhitelistEntry.id.in_(given_each("these_entries")))


def these(entry_ids: Sequence[int]) -> Within:
    """Answer a selection of some entries (ids), a few."""
    return Within("these", _THESE, {"these_entries": list(entry_ids)})
