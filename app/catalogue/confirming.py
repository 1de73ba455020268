"""Who is called to confirm products for the coming quarter, and what is left out of an edition for want of it (pure).

黑银发〔2023〕25号（六） has the library published to the market and renewed each quarter. Nothing is left out that nobody was
asked about: a product is suspended from an edition only after a call for it, and only if it was on the edition before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from app.catalogue.offering import Days, OfferState, offer_state
from app.catalogue.quarters import Quarter


@dataclass(frozen=True, slots=True)
class Listed:
    """A product as it could go onto an edition: when its revision was made, and for which quarter it was confirmed last."""

    code: str
    institution_id: int
    revised_on: date
    confirmed_quarter: str | None


def tallies(products: Iterable[tuple[int, Days, int]], today: date) -> Mapping[int, Counter[OfferState]]:
    """Answer how products (institution, days, how many of them) stand to the coming quarter, by institution."""
    found: dict[int, Counter[OfferState]] = defaultdict(Counter)
    for institution, days, count in products:
        found[institution][offer_state(days, today)] += count
    return found


def is_suspended(product: Listed, quarter: Quarter, called_on: date | None, before: frozenset[str]) -> bool:
    """Tell whether a product is left out of a quarter's edition: called for, there before, and not confirmed.

    `before`: what was on the edition before, or suspended from it. A revision that was made since the call is the
    institution's word as well.
    """
    if called_on is None or product.code not in before:
        return False
    return product.confirmed_quarter != quarter.code and product.revised_on < called_on
