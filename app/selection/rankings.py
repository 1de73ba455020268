"""From lists and computed points to ranks: whom each participant ranks where.

The rule, the same for all: groups of a list come first, in their order. Behind them, if the list is open, those that it does
not name, by computed points, provided that computation accepts them. Whom a list refuses, or a closed list does not name, is
not acceptable. Naming somebody is enough to accept it, whatever computation says. A rank is one more than the number of those
ranked strictly higher; partners under contract are not ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from app.kernel.errors import Fault, Refused
from app.selection.market import UNRANKED, Mask, RankArray, SelectionMarket, Side
from app.selection.measures import Measures, Numbers
from app.selection.preferences import PreferenceRules, acceptable, rule_faults, totals
from app.selection.statements import Entrants, Rest, Statement, faults_of

_NEVER: Final = np.iinfo(np.int64).max
_BEHIND: Final = 2**32
"""Above every group's number, so that computed ones stand behind."""


@dataclass(frozen=True, eq=False)
class SideInput:
    """One side as computation sees it: points and acceptability of everybody on the other (own by other)."""

    points: Numbers
    accepts: Mask


def measured_market(entrants: Entrants, measures: Measures, rules: PreferenceRules) -> SelectionMarket:
    """Build the market of a round from lists and measures.

    Raises:
        Refused: lists, quotas, contracts or settings are wrong; it names every fault.
        ValueError: the measures are of other participants or in another order.
    """
    if (measures.chains, measures.banks) != (entrants.chains, entrants.banks):
        msg = "the measures are of other participants"
        raise ValueError(msg)
    _check(faults_of(entrants) + rule_faults(rules))
    chains, banks = (
        SideInput(totals(measures, rules, side), acceptable(measures, rules, side)) for side in Side
    )
    return _built(entrants, chains, banks)


def market_of(entrants: Entrants, chains: SideInput, banks: SideInput) -> SelectionMarket:
    """Build the market from points, however they came about (arrays n × m and m × n).

    Raises:
        Refused: lists, quotas or contracts are wrong; it names every fault.
    """
    _check(faults_of(entrants))
    return _built(entrants, chains, banks)


def _check(faults: Sequence[Fault]) -> None:
    if faults:
        raise Refused("The round cannot be computed from these inputs", faults)


def _built(entrants: Entrants, chains: SideInput, banks: SideInput) -> SelectionMarket:
    contracted = _contracted(entrants)
    return SelectionMarket(
        entrants.chains,
        entrants.banks,
        _ranks(entrants, Side.CHAINS, chains, contracted),
        _ranks(entrants, Side.BANKS, banks, contracted.T),
        np.array([entrants.quotas[code] for code in entrants.chains], np.int64),
        np.array([entrants.quotas[code] for code in entrants.banks], np.int64),
        contracted,
    )


def _contracted(entrants: Entrants) -> Mask:
    chain_at = {code: at for at, code in enumerate(entrants.chains)}
    bank_at = {code: at for at, code in enumerate(entrants.banks)}
    contracted = np.zeros((len(chain_at), len(bank_at)), np.bool_)
    for one, other in entrants.contracts:
        contracted[chain_at[one], bank_at[other]] = True
    return contracted


def _ranks(entrants: Entrants, side: Side, computed: SideInput, contracted: Mask) -> RankArray:
    own, others = (
        (entrants.chains, entrants.banks) if side is Side.CHAINS else (entrants.banks, entrants.chains)
    )
    top = int(computed.points.max(initial=0))
    keys = np.where(computed.accepts, _BEHIND + top - computed.points, _NEVER)
    at, place = ({code: index for index, code in enumerate(codes)} for codes in (own, others))
    for statement in entrants.statements:
        if entrants.side_of(statement.participant) is side:
            _state(keys[at[statement.participant]], statement, place)
    keys[contracted] = _NEVER
    return competition_ranks(keys)


def _state(row: Numbers, statement: Statement, place: dict[str, int]) -> None:
    """Write a list over the computed keys of its author."""
    if statement.rest is Rest.NOBODY:
        row[:] = _NEVER
    row[[place[code] for code in statement.refuses]] = _NEVER
    named = [place[code] for code in chain.from_iterable(statement.tiers)]
    row[named] = np.repeat(np.arange(len(statement.tiers)), [len(group) for group in statement.tiers])


def competition_ranks(keys: Numbers) -> RankArray:
    """Rank each row by ascending key, equals alike (1, 2, 2, 4); the largest int64 is not ranked."""
    order = np.argsort(keys, axis=1, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=1)
    first = np.ones(keys.shape, np.bool_)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    at = np.where(first, np.arange(keys.shape[1]), 0)
    rank = np.maximum.accumulate(at, axis=1) + 1
    rank[ordered == _NEVER] = UNRANKED
    found = np.empty(keys.shape, np.int32)
    np.put_along_axis(found, order, rank.astype(np.int32), axis=1)
    return found
