"""From a locked round to what is computed, and the hash of all inputs, so that anyone can compute it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.selection.archive import canonical, rules_as_json
from app.selection.preferences import PreferenceRules
from app.selection.round_states import Round
from app.selection.statements import Entrants, Statement

FORMAT: Final = "rongqiao-selection-inputs/1"


def entrants_of(now: Round, contracts: Sequence[tuple[str, str]]) -> Entrants:
    """Answer who takes part with which quota and list; who handed in nothing gets the terms' `absent_places`."""
    bare = Entrants(now.terms.chains, now.terms.banks, {}, tuple(sorted(contracts)))
    held = bare.commitments()
    quotas = {code: held[code] + now.terms.absent_places for code in (*bare.chains, *bare.banks)}
    quotas |= {one.statement.participant: one.quota for one in now.submissions}
    return Entrants(
        bare.chains, bare.banks, quotas, bare.contracts, tuple(one.statement for one in now.submissions)
    )


def inputs_json(
    now: Round, contracts: Sequence[tuple[str, str]], measures_sha256: str, rules: PreferenceRules
) -> bytes:
    """Answer all inputs of a locked round as canonical JSON: keys sorted, no spaces, UTF-8.

    Measures stand in it by their hash (`Measures.digest`): they are published beside it as arrays.

    Raises:
        ValueError: the round is not locked, so there are no inputs yet.
    """
    if now.tie_break is None:
        msg = "the round is not locked"
        raise ValueError(msg)
    entrants = entrants_of(now, contracts)
    body: Mapping[str, Any] = {
        "format": FORMAT,
        "round": now.terms.code,
        "proposing": now.terms.proposing.value,
        "ties": {
            "rule": now.tie_break.rule.value,
            "seed": now.tie_break.seed,
            "source": now.terms.lottery_source,
        },
        "chains": entrants.chains,
        "banks": entrants.banks,
        "quotas": dict(entrants.quotas),
        "contracts": entrants.contracts,
        "statements": [_statement(one) for one in entrants.statements],
        "measures": measures_sha256,
        "rules": rules_as_json(rules),
    }
    return canonical(body).encode()


def _statement(one: Statement) -> Mapping[str, Any]:
    """A list as JSON: the order within a group and among the refused says nothing, so they are sorted."""
    return {
        "participant": one.participant,
        "tiers": [sorted(group) for group in one.tiers],
        "refuses": sorted(one.refuses),
        "rest": one.rest.value,
    }
