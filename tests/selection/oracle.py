"""Small markets, and plain answers found another way: every stable set of pairs by trying all, deferred acceptance on lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from app.selection.deferred_acceptance import TieBreak
from app.selection.market import RankArray, SelectionMarket, Side

Pair = tuple[int, int]
Chosen = frozenset[Pair]


def codes(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{at}" for at in range(count))


@st.composite
def markets(draw: st.DrawFn, most: int = 3, *, strict: bool = False) -> SelectionMarket:
    """Up to `most` chains and banks; incomplete lists, quotas 0 – 3, some contracts; ties unless strict."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, most))
    chain_rank, bank_rank = (
        np.array([draw(_ranks(other, strict=strict)) for _ in range(own)]) for own, other in ((n, m), (m, n))
    )
    contracted = np.array([[draw(st.integers(0, 9)) == 0 for _ in range(m)] for _ in range(n)])
    return SelectionMarket(
        codes("C", n),
        codes("B", m),
        chain_rank,
        bank_rank,
        contracted.sum(axis=1) + np.array([draw(st.integers(0, 3)) for _ in range(n)]),
        contracted.sum(axis=0) + np.array([draw(st.integers(0, 3)) for _ in range(m)]),
        contracted,
    )


def _ranks(others: int, *, strict: bool) -> st.SearchStrategy[list[int]]:
    if not strict:
        return st.lists(st.integers(0, others), min_size=others, max_size=others)
    listed = st.integers(0, others)
    return st.tuples(st.permutations(range(1, others + 1)), listed).map(
        lambda drawn: [rank if rank <= drawn[1] else 0 for rank in drawn[0]]
    )


def random_market(seed: int, most: int = 6) -> SelectionMarket:
    """A market without contracts, in a fraction of the time that hypothesis needs; every second one has ties."""
    rng = np.random.default_rng(seed)
    n, m = (int(size) for size in rng.integers(1, most + 1, 2))
    ranks = []
    for own, other in ((n, m), (m, n)):
        rank = rng.random((own, other)).argsort(axis=1).argsort(axis=1) + 1
        rank = rank if seed % 2 else (rank + 1) // 2
        ranks.append(np.where(rng.random((own, other)) < 0.75, rank, 0))
    places = rng.integers(0, 4, n, np.int32), rng.integers(0, 4, m, np.int32)
    return SelectionMarket(codes("C", n), codes("B", m), ranks[0], ranks[1], places[0], places[1])


def free(market: SelectionMarket, side: Side) -> list[int]:
    quotas, held = market.quota(side).tolist(), market.contracts(side).tolist()
    return [quota - sum(row) for quota, row in zip(quotas, held, strict=True)]


def possible(market: SelectionMarket) -> list[Pair]:
    return [
        (c, b)
        for c in range(len(market.chains))
        for b in range(len(market.banks))
        if market.chain_rank[c, b] and market.bank_rank[b, c] and not market.contracted[c, b]
    ]


def partners(chosen: Chosen, side: Side, who: int) -> list[int]:
    at = 0 if side is Side.CHAINS else 1
    return [pair[1 - at] for pair in sorted(chosen) if pair[at] == who]


def ranks_of(market: SelectionMarket, chosen: Chosen, side: Side, who: int) -> list[int]:
    return sorted(int(market.rank(side)[who, other]) for other in partners(chosen, side, who))


def wants(market: SelectionMarket, chosen: Chosen, side: Side, who: int, other: int) -> bool:
    """Would it strictly gain by the other, with a free place or in exchange for a partner?"""
    own = ranks_of(market, chosen, side, who)
    return len(own) < free(market, side)[who] or any(rank > market.rank(side)[who, other] for rank in own)


def blocking(market: SelectionMarket, chosen: Chosen) -> set[Pair]:
    return {
        (c, b)
        for c, b in possible(market)
        if (c, b) not in chosen
        and wants(market, chosen, Side.CHAINS, c, b)
        and wants(market, chosen, Side.BANKS, b, c)
    }


def keeps_quotas(market: SelectionMarket, chosen: Chosen) -> bool:
    return all(
        len(partners(chosen, side, who)) <= places
        for side in Side
        for who, places in enumerate(free(market, side))
    )


def all_stable(market: SelectionMarket) -> list[Chosen]:
    """Every pairwise stable set of pairs, by trying each subset of the possible ones."""
    pairs = possible(market)
    tried = (frozenset(some) for size in range(len(pairs) + 1) for some in combinations(pairs, size))
    return [one for one in tried if keeps_quotas(market, one) and not blocking(market, one)]


def made_strict(market: SelectionMarket, tie_break: TieBreak) -> SelectionMarket:
    """The same market with ties broken: equals get ranks in the order of the rule."""
    strict = []
    for side in Side:
        place, rank = tie_break.positions(market.codes(side.other)).tolist(), market.rank(side).tolist()
        rows = np.zeros(market.rank(side).shape, np.int64)
        for who, row in enumerate(rank):
            listed = sorted((one, place[other], other) for other, one in enumerate(row) if one)
            for at, (_, _, other) in enumerate(listed, start=1):
                rows[who, other] = at
        strict.append(rows)
    return with_ranks(market, strict[0], strict[1])


def with_ranks(
    market: SelectionMarket, chain_rank: npt.ArrayLike, bank_rank: npt.ArrayLike
) -> SelectionMarket:
    return replace(market, chain_rank=np.asarray(chain_rank), bank_rank=np.asarray(bank_rank))


def with_list(market: SelectionMarket, side: Side, who: int, ranks: tuple[int, ...]) -> SelectionMarket:
    """The market in which one participant hands in another list."""
    changed = market.rank(side).copy()
    changed[who] = ranks
    return with_ranks(
        market,
        changed if side is Side.CHAINS else market.chain_rank,
        changed if side is Side.BANKS else market.bank_rank,
    )


def all_lists(others: int) -> Iterator[tuple[int, ...]]:
    """Every strict list over so many others, complete or not, as ranks."""
    for size in range(others + 1):
        for listed in permutations(range(others), size):
            yield tuple(listed.index(other) + 1 if other in listed else 0 for other in range(others))


def plain_selection(market: SelectionMarket, proposing: Side, tie_break: TieBreak) -> Chosen:
    """Deferred acceptance round by round on strict lists, as in Gale & Shapley's text."""
    strict = made_strict(market, tie_break)
    asks, asked = strict.rank(proposing), strict.rank(proposing.other)
    places, room = free(strict, proposing), free(strict, proposing.other)
    allowed = {pair if proposing is Side.CHAINS else pair[::-1] for pair in possible(strict)}
    lists = [_by_rank(asks[i], {j for k, j in allowed if k == i}) for i in range(len(asks))]
    refused: set[Pair] = set()
    while True:
        left = [[j for j in row if (i, j) not in refused][: places[i]] for i, row in enumerate(lists)]
        proposed = [
            _by_rank(asked[j], {i for i, row in enumerate(left) if j in row}) for j in range(len(asked))
        ]
        new = {(i, j) for j, row in enumerate(proposed) for i in row[room[j] :]}
        if not new:
            return frozenset(
                (i, j) if proposing is Side.CHAINS else (j, i) for i, row in enumerate(left) for j in row
            )
        refused |= new


def _by_rank(rank: RankArray, some: set[int]) -> list[int]:
    return sorted(some, key=lambda one: int(rank[one]))
