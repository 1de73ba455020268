"""Needs as they are judged once more has been established than their statements say (pure)."""

from collections.abc import Mapping

import numpy as np

from app.bottlenecks.rules import with_established
from app.enterprises.need_facts import NeedFacts
from app.matching.engine import Matcher
from app.matching.inputs import NeedReader, Surroundings
from app.matching.products import MatchNeed
from app.policy.derived import derive_facts
from app.policy.facts import Facts


def judged_need(reader: NeedReader, around: Surroundings, facts: NeedFacts, established: Facts) -> MatchNeed:
    """Answer a need for the engine; what is established wins over what is stated, and what follows is derived anew."""
    need = reader.need_of(facts)
    if not established:
        return need
    derived = derive_facts(
        with_established(facts.stated(), established),
        established_on=facts.established_on,
        on=around.on,
        book=around.book,
        rules=around.rules.derived,
    )
    return MatchNeed(derived, need.banks)


def fitted(
    matcher: Matcher, around: Surroundings, needs: Mapping[int, tuple[NeedFacts, Facts]]
) -> frozenset[int]:
    """Answer which needs, by entry id as (stated, established), some product fits."""
    reader = NeedReader(around)
    judged = (judged_need(reader, around, facts, established) for facts, established in needs.values())
    found = matcher.candidates(matcher.encode(judged))
    has_product = np.diff(found.starts) > 0
    return frozenset(entry for entry, is_fit in zip(needs, has_product.tolist(), strict=True) if is_fit)
