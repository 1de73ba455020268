"""A run as it is posed to the engine, and what comes of it: hashes, counts, rows. No I/O."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.enterprises.need_facts import NeedFacts
from app.matching.engine import Candidates, Matcher, Ranking
from app.matching.inputs import NeedReader, Surroundings, need_line, sha256_of
from app.matching.products import MatchNeed
from app.matching.schemas import RunCounts
from app.whitelist.service import AdmittedEntry


@dataclass(frozen=True, slots=True)
class EligibleCandidates:
    """Every eligible product of every entry of a run.

    Entry i is `entry_ids[i]`; its products are `product_revision_ids[indptr[i]:indptr[i+1]]`, in
    order of product code, with `scores` from 0 to 1,000,000.
    """

    entry_ids: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]
    product_revision_ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PosedRun:
    """A run as it is posed: the encoded needs of the entries, and the hash of all inputs."""

    entries: Sequence[AdmittedEntry]
    matcher: Matcher
    lines: npt.NDArray[np.int32]
    inputs: Mapping[str, Any]
    inputs_hash: str


def pose(around: Surroundings, matcher: Matcher, entries: Sequence[AdmittedEntry]) -> PosedRun:
    """Encode the needs of the entries, in their order, and hash all that the result rests on."""
    reader = NeedReader(around)
    lines: list[str] = []

    def needs() -> Iterator[MatchNeed]:
        for entry in entries:
            need = reader.need_of(NeedFacts.model_validate(entry.need_facts))
            lines.append(need_line(entry.entry_code, entry.content_hash, need))
            yield need

    encoded = matcher.encode(needs())
    inputs = around.stored_inputs(sha256_of(lines))
    written = json.dumps(inputs, ensure_ascii=False, sort_keys=True)
    return PosedRun(entries, matcher, encoded, inputs, sha256_of([written]))


def result_hash(posed: PosedRun, ranking: Ranking) -> str:
    """Hash what a run came to, by codes: equal on every machine and in every database."""
    digest = hashlib.sha256("\n".join(entry.entry_code for entry in posed.entries).encode())
    digest.update("\n".join(product.code for product in posed.matcher.products).encode())
    for array in (ranking.eligible, ranking.unknown, ranking.products, ranking.scores):
        digest.update(np.ascontiguousarray(array, dtype="<i4").tobytes())
    return digest.hexdigest()


def counts(posed: PosedRun, ranking: Ranking) -> RunCounts:
    """Answer the totals of a run."""
    return RunCounts(
        entries=len(posed.entries),
        products=len(posed.matcher.products),
        pairs=len(posed.entries) * len(posed.matcher.products),
        eligible_pairs=int(ranking.eligible.sum(dtype=np.int64)),
        unknown_pairs=int(ranking.unknown.sum(dtype=np.int64)),
        without_product=int((ranking.eligible == 0).sum()),
    )


def count_rows(posed: PosedRun, ranking: Ranking) -> Iterator[dict[str, Any]]:
    """Answer a row for each entry; `run_id` is added when it is known."""
    columns = zip(posed.entries, ranking.eligible.tolist(), ranking.unknown.tolist(), strict=True)
    return (
        {"entry_id": entry.entry_id, "eligible": eligible, "unknown": unknown}
        for entry, eligible, unknown in columns
    )


def result_rows(posed: PosedRun, ranking: Ranking) -> Iterator[dict[str, Any]]:
    """Answer a row for each of the best products of each entry."""
    revisions = [product.revision_id for product in posed.matcher.products]
    columns = zip(posed.entries, ranking.products.tolist(), ranking.scores.tolist(), strict=True)
    for entry, products, scores in columns:
        for rank, (product, score) in enumerate(zip(products, scores, strict=True), start=1):
            if product < 0:
                break
            yield {
                "entry_id": entry.entry_id,
                "rank": rank,
                "product_revision_id": revisions[product],
                "score": score,
            }


def candidates(posed: PosedRun, found: Candidates) -> EligibleCandidates:
    """Answer all eligible products by the ids of entries and revisions."""
    revisions = np.array([product.revision_id for product in posed.matcher.products], np.int64)
    return EligibleCandidates(
        entry_ids=np.array([entry.entry_id for entry in posed.entries], np.int64),
        indptr=found.starts,
        product_revision_ids=revisions[found.products],
        scores=found.scores.astype(np.int64),
    )
