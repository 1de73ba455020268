"""Whether a closed month is what it was when it was closed, and what has become known since (pure)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.coverage import canonical
from app.coverage.facts import EntryFacts, MonthFacts
from app.coverage.published import report_json
from app.coverage.rules import Cut, compute


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `faults` is empty when facts, hash and figures agree."""

    found_sha256: str | None
    faults: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    today_sha256: str
    today: Mapping[str, Any]

    @property
    def is_restated(self) -> bool:
        """Say whether entries were added, removed or changed since the close."""
        return bool(self.added or self.removed or self.changed)


def examine(packed: bytes, sha256: str, figures: Mapping[str, Any], today: MonthFacts) -> Verdict:
    """Recompute a closed month from its packed facts, and compare them with today's."""
    frozen, found_sha256, faults = _unpack(packed, sha256)
    if frozen is not None and report_json(compute(frozen, Cut)) != figures:
        faults.append("figures: those kept are not those that the facts give")
    before = _by_code(frozen)
    after = _by_code(today)
    both = sorted(set(before) & set(after))
    return Verdict(
        found_sha256=found_sha256,
        faults=tuple(faults),
        added=tuple(sorted(set(after) - set(before))),
        removed=tuple(sorted(set(before) - set(after))),
        changed=tuple(code for code in both if before[code] != after[code]),
        today_sha256=canonical.sha256_of(canonical.to_bytes(today)),
        today=report_json(compute(today)),
    )


def _unpack(packed: bytes, sha256: str) -> tuple[MonthFacts | None, str | None, list[str]]:
    try:
        data = zlib.decompress(packed)
    except zlib.error as error:
        return None, None, [f"facts: cannot be unpacked ({error})"]
    found = canonical.sha256_of(data)
    faults = [] if found == sha256 else [f"facts: their SHA-256 is {found}, closed under {sha256}"]
    try:
        return canonical.from_bytes(data), found, faults
    except ValueError as error:
        return None, found, [*faults, f"facts: cannot be read ({error})"]


def _by_code(facts: MonthFacts | None) -> dict[str, EntryFacts]:
    return {entry.entry: entry for entry in facts.entries} if facts is not None else {}
