"""Revisions of products as values: their hash, which one holds on a day, and how two sets differ."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.catalogue.rules import ProductTerms


@dataclass(frozen=True, slots=True)
class ProductContent:
    """What one revision of a product says; the institution that offers it never changes."""

    name: str
    terms: ProductTerms
    valid_from: date
    valid_until: date | None
    is_demo: bool

    def sha256(self) -> str:
        """Answer the hash of the content; equal content has equal hashes, in whatever order written."""
        written = {
            "name": self.name,
            "terms": self.terms.model_dump(mode="json"),
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "is_demo": self.is_demo,
        }
        return hashlib.sha256(_canonical(written)).hexdigest()


@dataclass(frozen=True, slots=True)
class Validity:
    """Number of a revision, its row, and the days for which it was written (both included)."""

    revision: int
    row_id: int
    valid_from: date
    valid_until: date | None

    def holds(self, day: date) -> bool:
        """Tell whether the day lies in its validity."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


def in_force(revisions: Iterable[Validity], day: date) -> Validity | None:
    """Answer the revision of one product that holds on a day, or None.

    A revision replaces all before it from its first day on: once it has begun, an earlier one does
    not come back when it ends.
    """
    begun = [revision for revision in revisions if revision.valid_from <= day]
    newest = max(begun, key=lambda revision: revision.revision, default=None)
    return newest if newest is not None and newest.holds(day) else None


@dataclass(frozen=True, slots=True)
class EditionDiff:
    """How a library edition differs from an older one, by product code; `revised` names changed terms."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    revised: Mapping[str, tuple[str, ...]]
    same: int


def library_hash(items: Iterable[tuple[str, int, str]]) -> str:
    """Answer the SHA-256 of an edition's (code, revision, content hash), whatever their order."""
    return hashlib.sha256(_canonical(sorted(items))).hexdigest()


def diff_editions(
    older: Mapping[str, tuple[str, Mapping[str, Any]]], newer: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> EditionDiff:
    """Compare two editions given by product code as (content hash, written content)."""
    both = sorted(older.keys() & newer.keys())
    revised = {
        code: changed_keys(older[code][1], newer[code][1])
        for code in both
        if older[code][0] != newer[code][0]
    }
    return EditionDiff(
        tuple(sorted(newer.keys() - older.keys())),
        tuple(sorted(older.keys() - newer.keys())),
        revised,
        len(both) - len(revised),
    )


def changed_keys(older: Mapping[str, Any], newer: Mapping[str, Any]) -> tuple[str, ...]:
    """Answer the keys whose values differ, in order."""
    return tuple(key for key in sorted(older.keys() | newer.keys()) if older.get(key) != newer.get(key))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
