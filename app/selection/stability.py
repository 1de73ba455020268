"""The published proof of a selection: an independent check that shares values with the algorithm, but no code.

Every pair of a chain and a bank is looked at (n × m at once, as arrays): whether it blocks, that is whether both accept
each other, are not partners, and *both* strictly gain: each has a free place or a partner that it ranks lower. That no
pair blocks is **pairwise stability** (Roth 1984); where somebody ranks two alike it is the **weak** notion (Irving 1994),
since being indifferent is no reason to break off. Contracts in force stand and block nothing. Quotas, acceptability and
contracts are recounted from the market, whoever made the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from app.selection.market import UNRANKED, Mask, Pairs, SelectionMarket, Side, pairs_digest

SHOWN: Final = 100
"""Blocking pairs and breaches that a proof lists; the counts name all."""
_FREE: Final = 2**31


class Notion(StrEnum):
    """Which stability was checked: `PAIRWISE` when nobody ranks two possible partners alike, else `WEAK`."""

    PAIRWISE = "pairwise"
    WEAK = "weakly_pairwise"


NOTION_LABELS: Final[Mapping[Notion, str]] = {
    Notion.PAIRWISE: "成对稳定（各方排序均无并列）",
    Notion.WEAK: "弱成对稳定（排序有并列：不存在双方都严格更愿意的一对）",
}


@dataclass(frozen=True, slots=True)
class BlockingPair:
    """A chain and a bank that would both rather have each other; ranks are how each ranks the other.

    `chain_worst`, `bank_worst`: the rank of the partner each would leave, None for a free place.
    """

    chain: str
    bank: str
    chain_rank: int
    bank_rank: int
    chain_worst: int | None
    bank_worst: int | None


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken condition, by codes.

    `no_such_pair` (indices as text), `chosen_twice`, `already_contracted`, `not_acceptable`, `over_quota`
    (`other` is then empty; `found` partners against `limit` free places).
    """

    code: str
    who: str
    other: str = ""
    found: int = 0
    limit: int = 0


@dataclass(frozen=True, slots=True)
class StabilityProof:
    """What was checked and found; it holds for exactly the market and the pairs of these hashes.

    `pairs_checked` is n × m; `acceptable` how many of them accept each other and are not under contract;
    `indifferent` how many pairs one side strictly wants while the other is indifferent: they do not block
    under the weak notion, and are 0 where nobody ranks two alike.
    """

    market_sha256: str
    pairs_sha256: str
    notion: Notion
    pairs_checked: int
    acceptable: int
    chosen: int
    blocking_count: int
    blocking: tuple[BlockingPair, ...]
    indifferent: int
    breach_count: int
    breaches: tuple[Breach, ...]

    @property
    def is_individually_rational(self) -> bool:
        """Everybody accepts each of its partners and has no more than it may: nobody gains by leaving one."""
        return self.breach_count == 0

    @property
    def holds(self) -> bool:
        """Stable in the sense of `notion`, with every quota and every list kept."""
        return self.is_individually_rational and self.blocking_count == 0

    def sentences(self) -> tuple[str, ...]:
        """Say it in Chinese, for publication."""
        checked = f"逐对核验产业链与银行共{self.pairs_checked}对，其中双方互相接受的{self.acceptable}对，选定{self.chosen}对。"
        kept = (
            "名额、各方名单和已有签约均未违反。"
            if self.is_individually_rational
            else f"有{self.breach_count}处违反名额、名单或已有签约。"
        )
        if self.blocking_count:
            first = self.blocking[0]
            found = f"有{self.blocking_count}对双方都更愿意另行结对（如{first.chain}与{first.bank}），结果不稳定。"
        else:
            found = f"没有一对会双方都更愿意另行结对，结果为{NOTION_LABELS[self.notion]}。"
        return (
            checked,
            kept,
            found,
            f"核验所用输入的SHA-256：{self.market_sha256}；选定名单的SHA-256：{self.pairs_sha256}。",
        )


def prove(market: SelectionMarket, pairs: Pairs) -> StabilityProof:
    """Check any pairs (k × 2 of chain and bank index) against a market; memory O(n·m)."""
    within, breaches = _within(market, pairs)
    chosen = np.zeros(market.contracted.shape, np.bool_)
    chosen[within[:, 0], within[:, 1]] = True
    breaches += [*_of_pairs(market, chosen), *_of_quotas(market, chosen)]
    open_pairs = (market.chain_rank != UNRANKED) & (market.bank_rank.T != UNRANKED) & ~market.contracted
    worst_of_chain, worst_of_bank = (_worst(market, side, chosen) for side in Side)
    free = open_pairs & ~chosen
    by_chain, by_bank = (
        market.chain_rank - worst_of_chain[:, None],
        market.bank_rank.T - worst_of_bank[None, :],
    )
    blocks = free & (by_chain < 0) & (by_bank < 0)
    indifferent = free & ~blocks & (by_chain <= 0) & (by_bank <= 0) & (by_chain + by_bank < 0)
    found = [
        _blocking(market, c, b, worst_of_chain[c], worst_of_bank[b]) for c, b in np.argwhere(blocks)[:SHOWN]
    ]
    return StabilityProof(
        market_sha256=market.digest(),
        pairs_sha256=pairs_digest(market, within),
        notion=_notion(market, open_pairs),
        pairs_checked=int(open_pairs.size),
        acceptable=int(open_pairs.sum()),
        chosen=len(pairs),
        blocking_count=int(blocks.sum()),
        blocking=tuple(found),
        indifferent=int(indifferent.sum()),
        breach_count=len(breaches),
        breaches=tuple(breaches[:SHOWN]),
    )


def _within(market: SelectionMarket, pairs: Pairs) -> tuple[Pairs, list[Breach]]:
    """The distinct pairs that exist, and what is wrong with the others."""
    shaped = np.asarray(pairs, np.int64).reshape(-1, 2)
    exists = ((shaped >= 0) & (shaped < np.array(market.contracted.shape))).all(axis=1)
    distinct, times = np.unique(shaped[exists], axis=0, return_counts=True)
    breaches = [Breach("no_such_pair", str(c), str(b)) for c, b in shaped[~exists].tolist()]
    breaches += [
        Breach("chosen_twice", market.chains[c], market.banks[b], found=int(often), limit=1)
        for (c, b), often in zip(distinct.tolist(), times, strict=True)
        if often > 1
    ]
    return distinct, breaches


def _of_pairs(market: SelectionMarket, chosen: Mask) -> Iterator[Breach]:
    """Pairs under contract already, and pairs that a side does not accept (`who` is that side)."""
    for c, b in np.argwhere(chosen & market.contracted):
        yield Breach("already_contracted", market.chains[c], market.banks[b])
    for c, b in np.argwhere(chosen & (market.chain_rank == UNRANKED)):
        yield Breach("not_acceptable", market.chains[c], market.banks[b])
    for c, b in np.argwhere(chosen & (market.bank_rank.T == UNRANKED)):
        yield Breach("not_acceptable", market.banks[b], market.chains[c])


def _of_quotas(market: SelectionMarket, chosen: Mask) -> Iterator[Breach]:
    for side, axis in ((Side.CHAINS, 1), (Side.BANKS, 0)):
        partners, free = chosen.sum(axis=axis), market.free_places(side)
        for i in np.flatnonzero(partners > free):
            yield Breach("over_quota", market.codes(side)[i], found=int(partners[i]), limit=int(free[i]))


def _worst(market: SelectionMarket, side: Side, chosen: Mask) -> npt.NDArray[np.int64]:
    """The rank that somebody new has to beat: that of the last partner, 0 without any place, and any with a free one."""
    own = chosen if side is Side.CHAINS else chosen.T
    worst = np.where(own, market.rank(side), 0).max(axis=1, initial=0).astype(np.int64)
    return np.where(own.sum(axis=1) < market.free_places(side), _FREE, worst)


def _notion(market: SelectionMarket, open_pairs: Mask) -> Notion:
    for side in Side:
        possible = open_pairs if side is Side.CHAINS else open_pairs.T
        ordered = np.sort(np.where(possible, market.rank(side), UNRANKED), axis=1)
        if bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != UNRANKED)).any()):
            return Notion.WEAK
    return Notion.PAIRWISE


def _blocking(market: SelectionMarket, c: int, b: int, chain_worst: int, bank_worst: int) -> BlockingPair:
    return BlockingPair(
        market.chains[c],
        market.banks[b],
        int(market.chain_rank[c, b]),
        int(market.bank_rank[b, c]),
        None if chain_worst == _FREE else int(chain_worst),
        None if bank_worst == _FREE else int(bank_worst),
    )
