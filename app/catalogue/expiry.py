"""Which products fell out of a quarter's library, and which end within the quarter (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as an edition holds it: code, name, offering institution (id), last day (None: open)."""

    code: str
    name: str
    institution_id: int
    valid_until: date | None


@dataclass(slots=True)
class Expiry:
    """Of one institution: products that the new edition leaves out, and those on it that end within its quarter."""

    dropped: list[Offer] = field(default_factory=list)
    ending: list[Offer] = field(default_factory=list)


def expiries(before: Iterable[Offer], now: Iterable[Offer], last: date) -> Mapping[int, Expiry]:
    """Answer by institution what it has to hear of; `before` is the edition before, `last` the quarter's last day.

    Products stand in the order of their codes; institutions that need hear nothing are left out.
    """
    listed = {offer.code: offer for offer in now}
    found: dict[int, Expiry] = {}
    for offer in sorted(before, key=_code):
        if offer.code not in listed:
            found.setdefault(offer.institution_id, Expiry()).dropped.append(offer)
    for offer in sorted(listed.values(), key=_code):
        if offer.valid_until is not None and offer.valid_until <= last:
            found.setdefault(offer.institution_id, Expiry()).ending.append(offer)
    return found


def _code(offer: Offer) -> str:
    return offer.code
