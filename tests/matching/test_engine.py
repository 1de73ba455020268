"""The engine answers what the plain evaluator answers, pair by pair, on every backend."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.matching.engine import Backend, Matcher, Mode, kernels_of
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms, flattened
from app.matching.scoring import ScoreSettings
from app.policy.criteria import Verdict, evaluate
from tests.matching.oracle import ranked, verdict_of
from tests.matching.worlds import CATALOGUES, NEEDS, PLANS, repeated, settings_of_score

BACKENDS: tuple[Backend, ...] = ("numba", "numpy")
VERDICTS = {Mode.ELIGIBLE: Verdict.PASS, Mode.UNKNOWN: Verdict.UNKNOWN}
WORLD = CATALOGUES.map(repeated), st.lists(NEEDS, min_size=1, max_size=3), PLANS, settings_of_score()


@settings(max_examples=60)
@given(*WORLD)
def test_ranking_and_counts_are_those_of_the_plain_evaluator_on_every_backend(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    for backend in BACKENDS:
        matcher = Matcher(products, plans, score, backend)
        lines = matcher.encode(needs)
        for mode, verdict in VERDICTS.items():
            found, every = matcher.best(lines, 4, mode), matcher.candidates(lines, mode)
            for i, need in enumerate(needs):
                expected = ranked(need, products, verdict, plans, score)
                mine = slice(every.starts[i], every.starts[i + 1])
                assert _pairs(every.products[mine], every.scores[mine]) == sorted(expected)
                assert _pairs(found.products[i], found.scores[i])[: len(expected)] == expected[:4]
                assert (found.products[i, len(expected) :] == -1).all()
                verdicts = [verdict_of(need, product) for product in products]
                assert found.eligible[i] == verdicts.count(Verdict.PASS)
                assert found.unknown[i] == verdicts.count(Verdict.UNKNOWN)


@settings(max_examples=40)
@given(*WORLD)
def test_a_near_miss_fails_in_exactly_one_group_and_the_groups_explain_every_verdict(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    matchers = [Matcher(products, plans, score, backend) for backend in BACKENDS]
    answers = [matcher.candidates(matcher.encode(needs), Mode.NEAR_MISS) for matcher in matchers]
    assert answers[0].scores.tobytes() == answers[1].scores.tobytes()
    for found in answers:
        for i, need in enumerate(needs):
            line = matchers[0].encode_one(need)
            failing = [_failing_by_index(matchers[0], line, p) for p in range(len(products))]
            assert failing == [_failing(need, product) for product in products]
            mine = found.products[found.starts[i] : found.starts[i + 1]].tolist()
            assert mine == [p for p, groups in enumerate(failing) if len(groups) == 1]


@settings(max_examples=30)
@given(*WORLD)
def test_one_need_online_is_encoded_as_in_a_batch(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
) -> None:
    online, batch = Matcher(products, plans, score), Matcher(products, plans, score)
    answers = [online.best(online.encode_one(need), 5) for need in needs]
    together = batch.best(batch.encode(needs), 5)
    assert [answer.products[0].tolist() for answer in answers] == together.products.tolist()
    assert [answer.scores[0].tolist() for answer in answers] == together.scores.tolist()


@pytest.mark.parametrize("backend", BACKENDS)
def test_needs_shared_among_threads_give_the_same_bytes_as_one_at_a_time(
    backend: Backend, shared_world: tuple[list[IndexedProduct], list[MatchNeed], ScoreSettings]
) -> None:
    products, needs, score = shared_world
    matcher = Matcher(products, {}, score, backend)
    lines = matcher.encode(needs)
    together, many = matcher.best(lines, 3), np.arange(0, len(needs), 997)
    for i in many:
        alone = matcher.best(lines[i : i + 1], 3)
        assert alone.products.tobytes() == together.products[i].tobytes()
        assert alone.scores.tobytes() == together.scores[i].tobytes()


def test_an_unknown_backend_is_refused_rather_than_replaced() -> None:
    assert kernels_of("numpy").__name__.endswith("fallback")
    assert kernels_of("numba").__name__.endswith("kernels")


def test_without_any_product_nothing_is_found(score: ScoreSettings) -> None:
    matcher = Matcher([], {}, score)
    found = matcher.best(matcher.encode([MatchNeed({})]), 2)
    assert found.eligible.tolist() == [0]
    assert found.products.tolist() == [[-1, -1]]


def test_without_any_need_nothing_is_asked(score: ScoreSettings) -> None:
    matcher = Matcher([], {}, score)
    assert matcher.best(matcher.encode([]), 2).products.shape == (0, 2)


def _pairs(products: np.ndarray, scores: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(products.tolist(), scores.tolist(), strict=True))


def _failing(need: MatchNeed, product: IndexedProduct) -> set[frozenset[str]]:
    conditions = flattened(product.conditions)
    return {each.facts() for each in conditions if evaluate(each, need.facts) is Verdict.FAIL}


def _failing_by_index(matcher: Matcher, line: np.ndarray, product: int) -> set[frozenset[str]]:
    groups = zip(matcher.index.groups, matcher.verdicts(line, product), strict=True)
    return {frozenset(group.facts) for group, verdict in groups if verdict is Verdict.FAIL}
