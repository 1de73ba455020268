"""Use cases of looking for firms and their needs by what people type."""

from collections.abc import Sequence

from app.accounts.rules import Viewer
from app.enterprises import search_queries as queries
from app.enterprises.name_spelling import Asked, asked
from app.enterprises.search_queries import FirmRow, NeedRow
from app.kernel.database import AsyncSession

__all__ = ["Asked", "FirmRow", "NeedRow", "asked", "find_firms", "find_needs"]


async def find_firms(session: AsyncSession, viewer: Viewer, wanted: Asked, limit: int) -> list[FirmRow]:
    """Answer firms that the viewer may see, `limit` + 1 at most, the likeliest first.

    Found are a credit code or its beginning, a part of the name, the name with characters left out, its pinyin
    initials and its pinyin.
    """
    return await queries.firms(session, viewer.jurisdiction, wanted, limit)


async def find_needs(
    session: AsyncSession, viewer: Viewer, firms: Sequence[FirmRow], wanted: Asked, limit: int
) -> list[NeedRow]:
    """Answer the needs of firms, and those whose code begins so, as far as the viewer may see them, by code."""
    return await queries.needs(session, [firm.id for firm in firms], wanted.code, viewer.jurisdiction, limit)
