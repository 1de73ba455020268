"""A run in parts is the run in one piece, byte for byte."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.errors import Conflict
from app.matching import partitions
from app.matching.engine import Matcher, Ranking
from app.matching.partitions import PartOutcome, joined, part_hash, root_hash, slices
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms
from app.matching.schemas import RunCounts
from app.matching.scoring import ScoreSettings
from tests.matching.worlds import CATALOGUES, NEEDS, PLANS, repeated, settings_of_score

COUNTS = RunCounts(entries=2, products=3, pairs=6, eligible_pairs=4, unknown_pairs=1, without_product=0)
PART = PartOutcome(0, {"products": "p", "rules": "r", "needs": "n0"}, "h0", COUNTS)


@settings(max_examples=15)
@given(CATALOGUES.map(repeated), st.lists(NEEDS, max_size=6), PLANS, settings_of_score(), st.integers(1, 7))
def test_needs_matched_part_by_part_by_workers_of_their_own_give_the_bytes_and_the_hash_of_one_piece(
    products: Sequence[IndexedProduct],
    needs: Sequence[MatchNeed],
    plans: Mapping[str, PlanTerms],
    score: ScoreSettings,
    size: int,
) -> None:
    codes, names = [f"e{i}" for i in range(len(needs))], [product.code for product in products]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PART_ENTRIES", size)
        whole = Matcher(products, plans, score)
        together = whole.best(whole.encode(needs), 4)
        parts = list(slices(len(needs)))
        rankings: list[Ranking] = []
        for part in reversed(parts):
            worker = Matcher(products, plans, score, threads=1)
            rankings.insert(0, worker.best(worker.encode(needs[part]), 4))
        for name in ("eligible", "unknown", "products", "scores"):
            found = np.concatenate([getattr(ranking, name) for ranking in rankings])
            assert found.tobytes() == getattr(together, name).tobytes()
        hashes = [
            part_hash(codes[part], names, ranking) for part, ranking in zip(parts, rankings, strict=True)
        ]
        assert root_hash(hashes) == root_hash(
            [part_hash(codes[part], names, together.part(part)) for part in parts]
        )


@given(st.integers(0, 60), st.integers(1, 20))
def test_parts_hold_every_entry_once_in_order_and_none_is_longer_than_a_part(count: int, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partitions, "PART_ENTRIES", size)
        parts = [range(count)[part] for part in slices(count)]
    assert [place for part in parts for place in part] == list(range(count))
    assert all(len(part) == size for part in parts[:-1])
    assert len(parts[-1]) <= size


def test_parts_are_joined_in_their_order_however_they_come() -> None:
    inputs = dict(PART.inputs) | {"needs": "n1"}
    second = PartOutcome(1, inputs, "h1", COUNTS.model_copy(update={"without_product": 2}))
    whole = joined([second, PART])
    assert whole == joined([PART, second])
    assert (whole.result_hash, whole.inputs["needs"]) == (root_hash(["h0", "h1"]), root_hash(["n0", "n1"]))
    assert whole.result_hash != root_hash(["h1", "h0"])
    assert whole.counts == RunCounts(
        entries=4, products=3, pairs=12, eligible_pairs=8, unknown_pairs=2, without_product=2
    )
    alone = joined([PART])
    assert (alone.inputs, alone.result_hash, alone.counts) == (PART.inputs, "h0", COUNTS)


@pytest.mark.parametrize("name", ["products", "rules"])
def test_parts_that_rest_on_different_things_make_no_run(name: str) -> None:
    inputs: dict[str, Any] = dict(PART.inputs) | {name: "another"}
    with pytest.raises(Conflict) as refusal:
        joined([PART, replace(PART, number=1, inputs=inputs)])
    assert [fault.where for fault in refusal.value.faults] == [f"inputs.{name}"]


def test_a_part_of_a_ranking_is_a_view_of_its_lines() -> None:
    numbers = np.arange(12, dtype=np.int32)
    part = Ranking(numbers, numbers, numbers.reshape(12, 1), numbers.reshape(12, 1)).part(slice(4, 6))
    assert (part.eligible.tolist(), part.products.tolist()) == ([4, 5], [[4], [5]])
