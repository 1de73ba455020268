"""A run as it is posed to the engine, and what comes of it: hashes, counts, rows. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from app.enterprises.need_facts import NeedFacts
from app.matching.engine import Candidates, Matcher, Ranking
from app.matching.inputs import NeedReader, Surroundings, need_line, sha256_of
from app.matching.partitions import inputs_hash, part_hash, root_hash, slices
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
    needs_hash = root_hash([sha256_of(lines[part]) for part in slices(len(lines))])
    inputs = around.stored_inputs(needs_hash)
    return PosedRun(entries, matcher, encoded, inputs, inputs_hash(inputs))


def result_hash(posed: PosedRun, ranking: Ranking) -> str:
    """Hash what a run came to, by codes: equal on every machine and in every database, in parts or whole."""
    entries = [entry.entry_code for entry in posed.entries]
    products = [product.code for product in posed.matcher.products]
    return root_hash(
        [part_hash(entries[part], products, ranking.part(part)) for part in slices(len(entries))]
    )


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


def entry_ids(posed: PosedRun) -> npt.NDArray[np.int64]:
    """Answer the ids of the entries, in their order."""
    return np.array([entry.entry_id for entry in posed.entries], np.int64)


def revision_ids(posed: PosedRun, ranking: Ranking) -> npt.NDArray[np.int64]:
    """Answer the product revisions that were ranked (int64 [entries, k]), -1 for none."""
    ids = np.array([*(product.revision_id for product in posed.matcher.products), -1], np.int64)
    return ids[ranking.products]


def count_rows(entries: npt.NDArray[np.int64], ranking: Ranking) -> Iterator[dict[str, Any]]:
    """Answer a row for each entry, of its id; `run_id` is added when it is known."""
    columns = zip(entries.tolist(), ranking.eligible.tolist(), ranking.unknown.tolist(), strict=True)
    return (
        {"entry_id": entry, "eligible": eligible, "unknown": unknown} for entry, eligible, unknown in columns
    )


def result_rows(
    entries: npt.NDArray[np.int64], revisions: npt.NDArray[np.int64], ranking: Ranking
) -> Iterator[dict[str, Any]]:
    """Answer a row for each of the best products of each entry, of their ids."""
    columns = zip(entries.tolist(), revisions.tolist(), ranking.scores.tolist(), strict=True)
    for entry, products, scores in columns:
        for rank, (revision, score) in enumerate(zip(products, scores, strict=True), start=1):
            if revision < 0:
                break
            yield {"entry_id": entry, "rank": rank, "product_revision_id": revision, "score": score}


def candidates(posed: PosedRun, found: Candidates) -> EligibleCandidates:
    """Answer all eligible products by the ids of entries and revisions."""
    revisions = np.array([product.revision_id for product in posed.matcher.products], np.int64)
    return EligibleCandidates(
        entry_ids=entry_ids(posed),
        indptr=found.starts,
        product_revision_ids=revisions[found.products],
        scores=found.scores.astype(np.int64),
    )
