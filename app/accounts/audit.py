"""The audit trail as a chain of hashes. Pure: what a link is, and where a chain first breaks.

Each link's hash is the SHA-256 over the canonical JSON of all its columns and the hash before it, so
that a changed, inserted or removed row breaks the chain there. What a chain cannot show by itself is
that its end was cut off: for that, keep the head somewhere else and compare (`rongqiao audit verify --head`).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from app.accounts.rules import Viewer

GENESIS: Final = "0" * 64
"""What stands before the first link."""


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
        stated = {key: value for key, value in asdict(self).items() if key != "hash"}
        stated["occurred_at"] = self.occurred_at.astimezone(UTC).isoformat()
        text = json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """The first link that does not hold, and why."""

    sequence: int
    reason: str


def links(origin: Origin, notes: Iterable[Note], last: tuple[int, str]) -> Iterator[Link]:
    """Chain notes to the last link (sequence, hash); (0, GENESIS) stands before the first."""
    number, previous = last
    viewer = origin.viewer
    roles = " ".join(sorted({f"{grant.role}:{grant.scope}" for grant in viewer.grants}))
    for sequence, note in enumerate(notes, start=number + 1):
        unsealed = Link(
            sequence=sequence,
            occurred_at=note.occurred_at,
            actor=viewer.name,
            person_id=viewer.person,
            roles=roles,
            action=note.action,
            subject_kind=note.subject_kind,
            subject=note.subject,
            detail=dict(note.detail),
            via=origin.via,
            address=origin.address,
            request_id=origin.request_id,
            previous_hash=previous,
            hash="",
        )
        previous = unsealed.computed_hash()
        yield _sealed(unsealed, previous)


def _sealed(link: Link, value: str) -> Link:
    return Link(**(asdict(link) | {"hash": value}))


def first_break(chain: Iterable[Link], before: tuple[int, str] = (0, GENESIS)) -> Break | None:
    """Answer the first broken link of a chain in its order, or None if all hold.

    `before` is the link that stands before the first one given.
    """
    sequence, previous = before
    for link in chain:
        sequence += 1
        if link.sequence != sequence:
            return Break(sequence, f"missing: the next one is number {link.sequence}")
        if link.previous_hash != previous:
            return Break(sequence, "does not continue the link before it")
        if link.computed_hash() != link.hash:
            return Break(sequence, "its columns do not give its hash: it was changed")
        previous = link.hash
    return None
