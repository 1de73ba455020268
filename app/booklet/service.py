"""Use cases of the booklet: compose it of a library edition, and write it; both are kept while their inputs stay the same."""

import asyncio
from collections import OrderedDict
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

from app.accounts.rules import Viewer
from app.awards.observed_sharing_service import observed_figures, observed_sha256
from app.booklet.booklet import Booklet
from app.booklet.composition import compose
from app.booklet.document import document
from app.booklet.material import Grounds, Material
from app.catalogue import libraries
from app.catalogue.quarters import publishing_day, quarter_of, quarter_with
from app.catalogue.schemas import LibraryOut
from app.catalogue.service import products_in_force
from app.chains.naming import CodeNames
from app.chains.service import chain_book
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import PageRequest
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy import service as policy
from app.reference import service as reference
from app.reference.errors import LprUnknownError
from app.reference.lpr import LprQuote, LprTable

Made = TypeVar("Made")


class Format(StrEnum):
    """As what a booklet is written."""

    JSON = "json"
    DOCX = "docx"


class _Shelf(Generic[Made]):
    """The last few that a process made, by the hash of their inputs."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, OrderedDict[str, Made]()

    def find(self, key: str) -> Made | None:
        """Answer what is kept for a hash."""
        return self._kept.get(key)

    def keep(self, key: str, made: Made) -> Made:
        """Keep it, and let the oldest go."""
        self._kept[key] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made


_BOOKLETS: Final = _Shelf[Booklet](8)
_DOCUMENTS: Final = _Shelf[bytes](4)


async def newest_library(session: AsyncSession, viewer: Viewer) -> LibraryOut:
    """Answer the newest edition of the viewer's jurisdiction.

    Raises:
        NotFound: it has published none.
    """
    found = await libraries.list_libraries(session, viewer, PageRequest(limit=1))
    if not found.items:
        raise NotFound(f"{viewer.jurisdiction} has published no library yet.")
    return found.items[0]


async def booklet(session: AsyncSession, viewer: Viewer, library: str) -> Booklet:
    """Answer the booklet of an edition: products of the edition, policies of the day on which it was published.

    Raises:
        NotFound: the viewer's jurisdiction has published no such edition.
    """
    grounds = await _grounds(session, viewer, library)
    key = grounds.sha256()
    found = _BOOKLETS.find(key)
    if found is not None:
        return found
    products = await products_in_force(session, viewer, grounds.on, library, includes_guarantees=True)
    report("composing", 0, len(products))
    observed = await observed_figures(session, viewer, grounds.observed_until)
    material = Material(grounds, products, observed)
    return _BOOKLETS.keep(key, await asyncio.to_thread(compose, material))


async def compose_ahead(session: AsyncSession, viewer: Viewer) -> None:
    """Compose the newest edition's booklet, if there is an edition, so that it is kept."""
    newest = await libraries.list_libraries(session, viewer, PageRequest(limit=1))
    for edition in newest.items:
        await booklet(session, viewer, edition.code)


async def write(session: AsyncSession, viewer: Viewer, library: str, kind: Format) -> bytes:
    """Answer the booklet of an edition as a file; raises what `booklet` does."""
    made = await booklet(session, viewer, library)
    found = _DOCUMENTS.find(made.inputs_sha256) if kind is Format.DOCX else None
    if found is not None:
        return found
    report("writing")
    data = await asyncio.to_thread(rendered, made, kind)
    return _DOCUMENTS.keep(made.inputs_sha256, data) if kind is Format.DOCX else data


def rendered(made: Booklet, kind: Format) -> bytes:
    """Answer a booklet as a file: equal booklets give equal bytes."""
    if kind is Format.JSON:
        return (made.model_dump_json(indent=2) + "\n").encode()
    return document(made)


async def _grounds(session: AsyncSession, viewer: Viewer, library: str) -> Grounds:
    edition = await libraries.get_library(session, viewer, library)
    on = publishing_day(quarter_of(library), shanghai_date(edition.published_at))
    assert on is not None, "no edition is published before its quarter has begun"
    before = quarter_with(quarter_of(library).first - timedelta(days=1)).code
    packs, chains = policy.library(), await chain_book(session, viewer, on)
    book = await reference.current_book(session, get_settings().seed_dir)
    names = {code: chain.name for code, chain in chains.chains.items()}
    return Grounds(
        jurisdiction=viewer.jurisdiction,
        library=library,
        library_sha256=edition.content_hash,
        published_at=edition.published_at,
        on=on,
        book=await policy.rule_book(session, viewer.jurisdiction, on),
        packs=packs.packs,
        packs_sha256=packs.sha256,
        chains=chains,
        tree=await institution_tree(session, viewer),
        lpr=_quote(book.lpr, on),
        naming=CodeNames(book.regions, book.industries, names),
        observed_until=before,
        observed_sha256=await observed_sha256(session, viewer, before),
    )


def _quote(table: LprTable, on: date) -> LprQuote | None:
    try:
        return table.on(on)
    except LprUnknownError:
        return None
