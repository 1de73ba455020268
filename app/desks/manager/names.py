"""What codes are called on pages of institutions: places, chains, industries, purposes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.accounts.rules import Viewer
from app.chains.service import chain_names
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.policy.facts import PURPOSES
from app.reference.book import ReferenceBook, load_reference_book


@dataclass(frozen=True, slots=True)
class Names:
    """Names by code; a code that nobody knows stands for itself."""

    book: ReferenceBook
    chains: Mapping[str, str]

    def region(self, code: str | None) -> str:
        """Answer a place's name, with its city's where it is a county."""
        if not code:
            return ""
        found, city = self.book.regions.get(code), self.book.regions.city_of(code)
        if found is None:
            return code
        return found.name if city is None or city.code == code else f"{city.name}{found.name}"

    def chain(self, code: str | None) -> str:
        """Answer a chain's name."""
        return self.chains.get(code, code) if code else ""

    def industry(self, code: str | None) -> str:
        """Answer an industry's name."""
        found = self.book.industries.parse(code) if code else None
        return found.name if found is not None else code or ""

    def purposes(self, words: Iterable[str]) -> list[str]:
        """Answer what money is for, in words."""
        return [PURPOSES.get(word, word) for word in words]


async def names(session: AsyncSession, viewer: Viewer) -> Names:
    """Answer the names that hold now."""
    book = load_reference_book(get_settings().seed_dir)
    return Names(book, await chain_names(session, viewer))
