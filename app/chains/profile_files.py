"""Chain profiles as they are written in `seed/reference/chains/*.yaml`, read whole or refused with every fault."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from app.chains.fields import Clause, Closed, Code, Industry
from app.chains.profile_checks import PlacedProfile, faults_of_profiles
from app.chains.profiles import ChainProfile, Link, Role, Source, TypicalPurpose
from app.kernel.errors import Fault, Refused
from app.policy.yaml_records import Placed, read_records
from app.reference.book import load_reference_book
from app.reference.industries import Industries
from app.reference.regions import NATION, Regions

MOST_WORDS = 400
_Text = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
_Word = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^\S+$")]
_Words = Annotated[tuple[_Word, ...], Field(max_length=MOST_WORDS)]


class SourceIn(Closed):
    document: _Text
    clause: _Text
    says: _Text


class PurposeIn(Closed):
    purpose: _Text
    clause: Clause


class LinkIn(Closed):
    code: Code
    name: _Text
    role: Role
    industries: Annotated[tuple[Industry, ...], Field(max_length=MOST_WORDS)] = ()
    words: _Words = ()
    exclude: _Words = ()
    feeds: _Words = ()
    purposes: tuple[PurposeIn, ...] = ()

    def value(self) -> Link:
        """Answer the link of the profile."""
        purposes = tuple(TypicalPurpose(one.purpose, one.clause) for one in self.purposes)
        return Link(
            self.code, self.name, self.role, self.industries, self.words, self.exclude, self.feeds, purposes
        )


class ProfileIn(Closed):
    code: Code
    name: _Text
    jurisdiction: Annotated[str, Field(pattern=r"^[0-9]{6}$")] = NATION
    sources: tuple[SourceIn, ...]
    links: tuple[LinkIn, ...]

    def value(self) -> ChainProfile:
        """Answer the profile."""
        sources = tuple(Source(one.document, one.clause, one.says) for one in self.sources)
        links = tuple(link.value() for link in self.links)
        return ChainProfile(self.code, self.name, sources, links, self.jurisdiction)


def read_profiles(
    texts: dict[str, str], industries: Industries, regions: Regions
) -> tuple[ChainProfile, ...]:
    """Read files (name → text) whose key `chains` lists profiles; the profiles by code.

    Raises:
        Refused: naming every fault of every file by file, line and key.
    """
    faults: list[Fault] = []
    read: list[Placed[ProfileIn]] = []
    for name in sorted(texts):
        read += read_records(texts[name], name, {"chains": ProfileIn}, faults).records["chains"]
    placed = [PlacedProfile(one.record.value(), one.where) for one in read]
    faults += faults_of_profiles(placed, industries, regions)
    if faults:
        raise Refused("The chain profiles cannot be used.", faults)
    return tuple(sorted((item.profile for item in placed), key=lambda profile: profile.code))


@lru_cache(maxsize=4)
def load_profiles(seed_dir: Path) -> tuple[ChainProfile, ...]:
    """Read `seed_dir/reference/chains/*.yaml` once for the life of the process.

    Raises:
        Refused: a file is damaged, or profiles contradict each other.
    """
    book = load_reference_book(seed_dir)
    files = sorted((seed_dir / "reference" / "chains").glob("*.yaml"))
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    return read_profiles(texts, book.industries, book.regions)
