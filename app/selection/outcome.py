"""What a selection gave to each participant, why a place stayed empty, and what the other side's optimum would have been.

Ranks are those of the market (1 the best; ties share a rank), not of the tie-break. In a stable outcome every free place is
explained in full: each acceptable other is a partner, does not accept back, has no places, or is full with partners that it
ranks higher or, by the tie-break, alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

import numpy as np

from app.selection.deferred_acceptance import Selection, select
from app.selection.market import UNRANKED, Mask, Pairs, SelectionMarket, Side


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner and its rank; `is_tied`: the rank is shared with somebody else whom the participant accepts."""

    code: str
    rank: int
    is_tied: bool


@dataclass(frozen=True, slots=True)
class EmptyPlaces:
    """Why places stayed empty: those acceptable who are no partners, each counted under one reason.

    `refused`: they do not accept the participant. `placeless`: they had no place to give. `preferred_others`: they
    are full with partners that they rank higher. `lost_tie`: full, the last of them ranked alike, and the tie-break decided.
    `unexplained` is 0 in every stable outcome.
    """

    places: int
    refused: int
    placeless: int
    preferred_others: int
    lost_tie: int
    unexplained: int


@dataclass(frozen=True, slots=True)
class Obtained:
    """What a participant got: partners, best first; `places` were free, `contracts` in force, `acceptable` others."""

    code: str
    contracts: int
    places: int
    acceptable: int
    partners: tuple[Partner, ...]
    empty: EmptyPlaces | None

    @property
    def ranks(self) -> tuple[int, ...]:
        """Ranks of the partners, best first."""
        return tuple(partner.rank for partner in self.partners)


@dataclass(frozen=True, slots=True)
class SideSummary:
    """A side as a whole; the mean rank is `rank_sum / pairs`."""

    participants: int
    places: int
    pairs: int
    without_partner: int
    rank_sum: int


class Verdict(StrEnum):
    """Whether a participant would have been better off under the alternative, k-th partner by k-th."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Difference:
    """What the alternative would have changed: partners it adds and takes, by code, and the participant's verdict on it.

    `ranks`: chosen, `other_ranks`: under the alternative, best first. `MIXED` and `SAME` need ties: with strict lists
    interests are opposed (Roth 1984), so proposers lose and the others gain.
    """

    code: str
    verdict: Verdict
    added: tuple[str, ...]
    taken: tuple[str, ...]
    ranks: tuple[int, ...]
    other_ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SideOutcome:
    """One side: what each participant got (order of the market), and the sums."""

    obtained: tuple[Obtained, ...]
    summary: SideSummary


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both sides as chosen and under the other side's optimum, with the differences of those whom it touches."""

    proposing: Side
    chains: SideOutcome
    banks: SideOutcome
    other_chains: SideSummary
    other_banks: SideSummary
    differences: tuple[Difference, ...]

    def of(self, side: Side) -> SideOutcome:
        """Answer a side as chosen."""
        return self.chains if side is Side.CHAINS else self.banks

    def other_of(self, side: Side) -> SideSummary:
        """Answer the sums of a side under the alternative."""
        return self.other_chains if side is Side.CHAINS else self.other_banks


def outcome_of(market: SelectionMarket, chosen: Selection) -> Outcome:
    """Read the outcome of a selection, and compute the other side's optimum with the same tie-break beside it."""
    other = select(market, chosen.proposing.other, chosen.tie_break)
    chains, banks = (obtained_by(market, chosen.pairs, side) for side in Side)
    other_chains, other_banks = (obtained_by(market, other.pairs, side) for side in Side)
    return Outcome(
        chosen.proposing,
        chains,
        banks,
        other_chains.summary,
        other_banks.summary,
        (*_differences(chains, other_chains), *_differences(banks, other_banks)),
    )


def obtained_by(market: SelectionMarket, pairs: Pairs, side: Side) -> SideOutcome:
    """Answer what a side gets of pairs (k × 2 of chain and bank index), whoever made them."""
    chosen = _own(_matrix(market, pairs), side)
    rank, others, free = market.rank(side), market.codes(side.other), market.free_places(side)
    possible = (rank != UNRANKED) & ~market.contracts(side)
    empty = _empty(market, pairs, side)
    obtained = tuple(
        Obtained(
            code,
            int(market.contracts(side)[i].sum()),
            int(free[i]),
            int(possible[i].sum()),
            tuple(_partners(rank[i], possible[i], chosen[i], others)),
            empty.get(i),
        )
        for i, code in enumerate(market.codes(side))
    )
    return SideOutcome(obtained, _summary(obtained))


def _matrix(market: SelectionMarket, pairs: Pairs) -> Mask:
    chosen = np.zeros(market.contracted.shape, np.bool_)
    chosen[pairs[:, 0], pairs[:, 1]] = True
    return chosen


def _own(matrix: Mask, side: Side) -> Mask:
    return matrix if side is Side.CHAINS else matrix.T


def _partners(rank: Pairs, possible: Mask, chosen: Mask, others: Sequence[str]) -> Iterator[Partner]:
    partners = np.flatnonzero(chosen)
    for j in partners[np.argsort(rank[partners], kind="stable")].tolist():
        alike = int(((rank == rank[j]) & possible).sum())
        yield Partner(others[j], int(rank[j]), alike > 1)


def _empty(market: SelectionMarket, pairs: Pairs, side: Side) -> dict[int, EmptyPlaces]:
    """Say why places stayed empty, for each participant (index) with one."""
    chosen = _matrix(market, pairs)
    own, theirs = _own(chosen, side), _own(chosen, side.other)
    left = market.free_places(side) - own.sum(axis=1)
    short = np.flatnonzero(left > 0)
    back, free = market.rank(side.other), market.free_places(side.other)
    worst = np.where(theirs, back, 0).max(axis=1, initial=0)
    is_full = theirs.sum(axis=1) >= free
    of_me = back.T[short]
    wanted = (market.rank(side)[short] != UNRANKED) & ~market.contracts(side)[short] & ~own[short]
    refused = wanted & (of_me == UNRANKED)
    placeless = wanted & ~refused & (free == 0)[None, :]
    full = wanted & ~refused & ~placeless & is_full[None, :]
    preferred, tied = full & (of_me > worst[None, :]), full & (of_me == worst[None, :])
    counts = [each.sum(axis=1).tolist() for each in (refused, placeless, preferred, tied)]
    rest = (wanted & ~refused & ~placeless & ~preferred & ~tied).sum(axis=1).tolist()
    rows = zip(short.tolist(), left[short].tolist(), *counts, rest, strict=True)
    return {i: EmptyPlaces(*numbers) for i, *numbers in rows}


def _summary(obtained: Sequence[Obtained]) -> SideSummary:
    return SideSummary(
        participants=len(obtained),
        places=sum(one.places for one in obtained),
        pairs=sum(len(one.partners) for one in obtained),
        without_partner=sum(not one.partners for one in obtained),
        rank_sum=sum(sum(one.ranks) for one in obtained),
    )


def _differences(chosen: SideOutcome, other: SideOutcome) -> Iterator[Difference]:
    for one, instead in zip(chosen.obtained, other.obtained, strict=True):
        now, then = [{partner.code for partner in each.partners} for each in (one, instead)]
        if now != then:
            yield Difference(
                one.code,
                verdict_on(one.ranks, instead.ranks),
                tuple(partner.code for partner in instead.partners if partner.code not in now),
                tuple(partner.code for partner in one.partners if partner.code not in then),
                one.ranks,
                instead.ranks,
            )


def verdict_on(ranks: Sequence[int], other_ranks: Sequence[int]) -> Verdict:
    """Compare ranks of partners, best first, k-th by k-th; an empty place is worse than any partner."""
    gains = losses = False
    for now, then in zip_longest(ranks, other_ranks):
        if now != then:
            is_gain = now is None or (then is not None and then < now)
            gains, losses = gains or is_gain, losses or not is_gain
    if gains and losses:
        return Verdict.MIXED
    return Verdict.BETTER if gains else Verdict.WORSE if losses else Verdict.SAME
