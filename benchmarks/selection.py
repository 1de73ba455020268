"""Two-sided selection: deferred acceptance with quotas on both sides against the textbook in plain Python, with equal pairs asserted.

    python -m benchmarks selection [--quick]

500 chains and 2,000 banks with quotas, everybody ranking everybody: once by measured preferences (random measures, so
ties), once by lists handed in (strict). Building the ranks is measured apart, and so is the published proof.
"""

import heapq
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from matching.games import HospitalResident

from app.selection.deferred_acceptance import Selection, TieBreak, TieRule, select
from app.selection.market import SelectionMarket, Side
from app.selection.measures import Measures
from app.selection.outcome import outcome_of
from app.selection.preferences import PreferenceRules
from app.selection.rankings import measured_market
from app.selection.stability import prove
from app.selection.statements import Entrants, Statement

SEED = 20240401
FULL, QUICK, PACKAGE = (500, 2_000), (100, 400), (100, 60)
TIE_BREAK = TieBreak(TieRule.LOTTERY, str(SEED))
RULES = PreferenceRules(contact_limit=5, least_fitting=0)

Row = dict[str, Any]
T = TypeVar("T")


def measures(chains: int, banks: int) -> Measures:
    """Random measures: every bank fits something everywhere."""
    rng = np.random.default_rng(SEED)
    needs = rng.integers(20, 400, chains)
    fitting = rng.integers(1, needs[:, None], (chains, banks))
    return Measures(
        tuple(f"LY-{c:04}" for c in range(chains)),
        tuple(f"BK-{b:05}" for b in range(banks)),
        open_needs=needs,
        open_amount=needs * 500_000_000,
        fitting_needs=fitting,
        fitting_amount=fitting * rng.integers(100_000_000, 500_000_000, (chains, banks)),
        held_needs=rng.integers(0, 30, (chains, banks)),
        outlets=rng.integers(0, 20, (chains, banks)),
        nearness=rng.integers(0, 4, (chains, banks)),
        contact_days=rng.integers(20, 120, banks),
        contacts=rng.integers(0, 30, banks),
        rate_bp=rng.integers(300, 600, (chains, banks)),
        free_capacity=rng.integers(0, 500, banks),
    )


def entrants(given: Measures, *, listed: bool) -> Entrants:
    """Quotas of 1 – 12 banks a chain and 1 – 4 chains a bank; `listed`: everybody ranks the whole other side at random."""
    rng = np.random.default_rng([SEED, 1])
    quotas = {
        code: int(places)
        for code, places in zip(given.chains, rng.integers(1, 13, len(given.chains)), strict=True)
    }
    quotas |= {
        code: int(places)
        for code, places in zip(given.banks, rng.integers(1, 5, len(given.banks)), strict=True)
    }
    statements = [
        Statement(code, tuple((others[at],) for at in rng.permutation(len(others)).tolist()))
        for own, others in ((given.chains, given.banks), (given.banks, given.chains))
        for code in (own if listed else ())
    ]
    return Entrants(given.chains, given.banks, quotas, (), tuple(statements))


def plain(market: SelectionMarket, proposing: Side) -> set[tuple[int, int]]:
    """The textbook: lists sorted by Python, proposals one by one, a heap for each receiver."""
    asks, asked = market.rank(proposing).tolist(), market.rank(proposing.other).tolist()
    own, other = (TIE_BREAK.positions(market.codes(side)).tolist() for side in (proposing, proposing.other))
    places, room = (market.free_places(side).tolist() for side in (proposing, proposing.other))
    lists = [
        iter([j for _, _, j in sorted((rank, other[j], j) for j, rank in enumerate(row) if rank)])
        for row in asks
    ]
    held: list[list[tuple[int, int, int]]] = [[] for _ in asked]
    waiting, partners = list(range(len(asks))), [0] * len(asks)
    while waiting:
        i = waiting.pop()
        while partners[i] < places[i] and (j := next(lists[i], None)) is not None:
            if not asked[j][i] or not room[j]:
                continue
            mine = (-asked[j][i], -own[i], i)
            if len(held[j]) < room[j]:
                heapq.heappush(held[j], mine)
                partners[i] += 1
            elif mine > held[j][0]:
                left = heapq.heapreplace(held[j], mine)[2]
                partners[i] += 1
                partners[left] -= 1
                waiting.append(left)
    pairs = {(i, j) for j, heap in enumerate(held) for *_, i in heap}
    return pairs if proposing is Side.CHAINS else {(c, b) for b, c in pairs}


def measured(work: Callable[[], T], repeats: int = 1) -> tuple[T, float]:
    """The result and the best seconds of several runs."""
    runs = []
    for _ in range(repeats):
        begin = time.perf_counter()
        runs.append((work(), time.perf_counter() - begin))
    return runs[0][0], min(seconds for _, seconds in runs)


def _sides(case: str, market: SelectionMarket) -> list[Row]:
    """Both directions: ours, the proof, the outcome in full, and plain Python with the same pairs."""
    rows: list[Row] = []
    for side in Side:
        chosen, seconds = measured(partial(select, market, side, TIE_BREAK), repeats=3)
        proof, proving = measured(partial(prove, market, chosen.pairs))
        assert proof.holds, proof.sentences()
        outcome, telling = measured(partial(outcome_of, market, chosen))
        pairs, by_python = measured(partial(plain, market, side))
        assert pairs == _set(chosen), "plain Python finds other pairs"
        here = f"{case}, {side.value} propose"
        found = {"pairs": len(pairs), "proposals": chosen.proposals}
        rows += [
            {"case": here, "side": "ours: deferred acceptance", "seconds": seconds} | found,
            {
                "case": here,
                "side": "ours: independent proof",
                "seconds": proving,
                "pairs_checked": proof.pairs_checked,
            },
            {
                "case": here,
                "side": "ours: ranks, reasons, alternative",
                "seconds": telling,
                "differences": len(outcome.differences),
            },
            {"case": here, "side": "plain Python", "seconds": by_python, "times_ours": by_python / seconds}
            | found,
        ]
    return rows


def _set(chosen: Selection) -> set[tuple[int, int]]:
    return {(c, b) for c, b in chosen.pairs.tolist()}


def _package() -> list[Row]:
    """The `matching` package on its own game, chains with one place, at a size that it takes in seconds."""
    given = measures(*PACKAGE)
    who = entrants(given, listed=True)
    quotas = dict(who.quotas) | dict.fromkeys(given.chains, 1)
    market = measured_market(Entrants(who.chains, who.banks, quotas, (), who.statements), given, RULES)
    lists = {one.participant: [code for group in one.tiers for code in group] for one in who.statements}
    residents, hospitals = ({code: lists[code] for code in codes} for codes in (who.chains, who.banks))

    def solve() -> set[tuple[str, str]]:
        game = HospitalResident.create_from_dictionaries(
            residents, hospitals, {code: quotas[code] for code in who.banks}
        )
        return {(one.name, bank.name) for bank, chains in game.solve().items() for one in chains}

    theirs, seconds = measured(solve)
    chosen, own = measured(partial(select, market, Side.CHAINS, TIE_BREAK), repeats=3)
    assert theirs == {(market.chains[c], market.banks[b]) for c, b in chosen.pairs.tolist()}
    case = f"{PACKAGE[0]} x {PACKAGE[1]}, one place a chain"
    return [
        {"case": case, "side": "ours: deferred acceptance", "seconds": own, "pairs": len(theirs)},
        {
            "case": case,
            "side": "matching package",
            "seconds": seconds,
            "times_ours": seconds / own,
            "pairs": len(theirs),
        },
    ]


def run(*, quick: bool = False) -> list[Row]:
    """One row a side; raises AssertionError if sides disagree."""
    chains, banks = QUICK if quick else FULL
    given, rows = measures(chains, banks), _package()  # which also loads the compiled code
    for listed in (False, True):
        case = f"{chains} x {banks:,}, {'strict lists' if listed else 'measured, with ties'}"
        who = entrants(given, listed=listed)
        market, seconds = measured(partial(measured_market, who, given, RULES))
        rows += [
            {"case": case, "side": "ours: checking and ranking the inputs", "seconds": seconds},
            *_sides(case, market),
        ]
    return rows
