"""The audit trail as a chain of hashes. Pure: what a link is, and where a chain first breaks.

Each link's hash is the SHA-256 over the canonical JSON of all its columns and the hash before it, so
that a changed, inserted or removed row breaks the chain there. What a chain cannot show by itself is
that its end was cut off, or that all of it from some link on was written anew: for that, keep the head
somewhere else and ask whether it is still a link (`rongqiao audit verify --head`).

Canonical JSON: UTF-8, members sorted by name, no blanks, no escapes but those that JSON demands;
`occurred_at` in UTC as `2023-11-15T02:00:00+00:00`, with microseconds only if it has any.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from app.accounts.rules import Viewer

GENESIS: Final = "0" * 64
"""What stands before the first link."""
START: Final = (0, GENESIS)
MOST_SUBJECT: Final = 200
MOST_WORD: Final = 60
MOST_KIND: Final = 40
MOST_ACTOR: Final = 80


@dataclass(frozen=True, slots=True)
class Origin:
    """On whose behalf, by which way and from where something is done."""

    viewer: Viewer
    via: str
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What was done or shown; `detail` names fields and codes, never what they hold."""

    action: str
    subject_kind: str
    subject: str
    occurred_at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the trail."""

    sequence: int
    occurred_at: datetime
    actor: str
    person_id: int | None
    roles: str
    action: str
    subject_kind: str
    subject: str
    detail: Mapping[str, Any]
    via: str
    address: str
    request_id: str
    previous_hash: str
    hash: str

    def computed_hash(self) -> str:
        """Answer the hash that the other columns call for."""
        return hashlib.sha256(_canonical(self.stated(with_hash=False)).encode()).hexdigest()

    def stated(self, *, with_hash: bool = True) -> dict[str, Any]:
        """Answer the columns as JSON members."""
        members = {name: getattr(self, name) for name in _COLUMNS if with_hash or name != "hash"}
        return members | {"occurred_at": self.occurred_at.astimezone(UTC).isoformat()}

    def as_line(self) -> str:
        """Answer the link as one line of an export; without its member `hash` it is what the hash is over."""
        return _canonical(self.stated())


_COLUMNS: Final = tuple(field.name for field in fields(Link))


_CANONICAL: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical(members: Mapping[str, Any]) -> str:
    return _CANONICAL.encode(members)


@dataclass(frozen=True, slots=True)
class Break:
    """The first link that does not hold, and why."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which links are asked for: those that fit all that is stated. `since` is included, `before` is not."""

    actor: str | None = None
    person: int | None = None
    action: str | None = None
    subject_kind: str | None = None
    subject: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of walking along a chain: its links, where it began and ended, and the first break if any.

    `head_at` is the number of the link whose hash was asked for, if it is there.
    """

    links: int
    first: int
    head: str
    broken: Break | None = None
    head_at: int | None = None


def links(notes: Iterable[tuple[Origin, Note]], last: tuple[int, str]) -> Iterator[Link]:
    """Chain notes to the last link (sequence, hash); `START` stands before the first.

    Texts are cut to what their columns hold, and rid of what a database cannot hold.
    """
    number, previous = last
    for sequence, (origin, note) in enumerate(notes, start=number + 1):
        viewer = origin.viewer
        roles = " ".join(sorted({f"{grant.role}:{grant.scope}" for grant in viewer.grants}))
        unsealed = Link(
            sequence=sequence,
            occurred_at=note.occurred_at.astimezone(UTC),
            actor=_text(viewer.name)[:MOST_ACTOR],
            person_id=viewer.person,
            roles=_text(roles),
            action=_text(note.action)[:MOST_WORD],
            subject_kind=_text(note.subject_kind)[:MOST_KIND],
            subject=_text(note.subject)[:MOST_SUBJECT],
            detail={_text(key): _keepable(value) for key, value in note.detail.items()},
            via=origin.via,
            address=_text(origin.address)[:MOST_WORD],
            request_id=origin.request_id,
            previous_hash=previous,
            hash="",
        )
        previous = unsealed.computed_hash()
        yield replace(unsealed, hash=previous)


def _keepable(value: Any) -> Any:
    """Answer a value that comes back from either database as it went in: numbers with fractions become text."""
    match value:
        case None | bool() | int():
            return value
        case Mapping():
            return {_text(str(key)): _keepable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_keepable(item) for item in (value if isinstance(value, list | tuple) else sorted(value))]
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Answer a text without what PostgreSQL or UTF-8 cannot hold: NUL, halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()


def break_at(link: Link, before: tuple[int, str]) -> Break | None:
    """Tell what is wrong with a link that stands after another one (sequence, hash)."""
    expected, previous = before[0] + 1, before[1]
    if link.sequence > expected:
        return Break(expected, f"missing: the next one is number {link.sequence}")
    if link.sequence < expected:
        return Break(link.sequence, f"out of place: it stands where number {expected} belongs")
    if link.previous_hash != previous:
        return Break(expected, "does not continue the link before it")
    if link.computed_hash() != link.hash:
        return Break(expected, "its columns do not give its hash: it was changed")
    return None


class Walk:
    """Walks along a chain link by link, at constant memory, and remembers what it saw until the first break."""

    def __init__(self, before: tuple[int, str] = START, wanted: str | None = None) -> None:
        self._before, self._wanted = before, wanted
        self._first, self._links = before[0] + 1, 0
        self._head_at: int | None = None

    @property
    def expected(self) -> int:
        """Answer the number of the next link."""
        return self._before[0] + 1

    def take(self, chain: Iterable[Link]) -> Break | None:
        """Take the next links; answer the first break among them, after which nothing more is taken."""
        for link in chain:
            broken = break_at(link, self._before)
            if broken is not None:
                return broken
            self._before = link.sequence, link.hash
            self._links += 1
            if link.hash == self._wanted:
                self._head_at = link.sequence
        return None

    def verdict(self, broken: Break | None = None) -> Verdict:
        """Answer what was seen."""
        return Verdict(self._links, self._first, self._before[1], broken, self._head_at)


def link_of_line(line: str) -> Link:
    """Read a link from a line of an export.

    Raises:
        ValueError: it is not one.
    """
    try:
        members = json.loads(line)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
    if not isinstance(members, dict) or set(members) != set(_COLUMNS):
        msg = f"not an object with exactly the members {', '.join(_COLUMNS)}"
        raise ValueError(msg)
    if type(members["sequence"]) is not int or not isinstance(members["detail"], dict):
        msg = "`sequence` is not a number or `detail` not an object"
        raise ValueError(msg)
    stated = str(members["occurred_at"])
    occurred_at = datetime.fromisoformat(stated)
    if occurred_at.tzinfo is None or occurred_at.astimezone(UTC).isoformat() != stated:
        msg = "`occurred_at` is not an instant in UTC as it is exported"
        raise ValueError(msg)
    link = Link(**(members | {"occurred_at": occurred_at}))
    link.as_line().encode()  # halves of surrogate pairs are no text: a ValueError
    return link
