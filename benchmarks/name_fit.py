"""Fit the weights of app/whitelist/name_score.py: a conditional logit over the blocked candidates of real names with noise.

    python -m benchmarks.name_fit [--data DIR]

It prints the bias and the weights to copy. Seeds and strengths here are never those of the report (name_resolution.py).
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from app.whitelist.name_index import BLOCK, EXACT, NameIndex, table_of
from app.whitelist.name_score import WEIGHTS
from benchmarks.name_cases import Cases, RealNames, build
from benchmarks.real_firms import default_data_dir

TRAINING = ((11, 1.0), (12, 1.5))
RIDGE = 1.0

Matrix = npt.NDArray[np.float64]
Sample = tuple[Matrix, npt.NDArray[np.int64], Matrix, npt.NDArray[np.bool_]]


def _sample(cases: Cases) -> Sample:
    index = NameIndex.build([f.name for f in cases.known], [f.code for f in cases.known], cases.region_names)
    asked = table_of([c.name for c in cases.incoming], [c.code for c in cases.incoming], index.regions)
    found = index.block(asked, BLOCK, 2)
    [(_, columns)] = index.evidence(asked, found, workers=2)
    matrix = np.column_stack([np.ones(len(found.rows)), *(columns[name] for name in WEIGHTS)]).astype(
        np.float64
    )
    truth = np.array([case.truth for case in cases.incoming])
    return matrix, found.queries, np.where(found.exact, EXACT, 0.0), found.rows == truth[found.queries]


def _loss(weights: Matrix, samples: list[Sample]) -> tuple[float, Matrix]:
    """Answer the negative log-likelihood of "this candidate" or "none of them" with a ridge, and its gradient."""
    loss, gradient = RIDGE * float(weights[1:] @ weights[1:]) / 2, np.r_[0, RIDGE * weights[1:]]
    for matrix, queries, offset, is_truth in samples:
        odds = matrix @ weights + offset
        highest = np.zeros(queries.max() + 1)
        np.maximum.at(highest, queries, odds)
        strength = np.exp(odds - highest[queries])
        total = np.exp(-highest) + np.bincount(queries, weights=strength)
        loss += float((np.log(total) + highest).sum() - odds[is_truth].sum())
        gradient += matrix.T @ (strength / total[queries] - is_truth)
    return loss, gradient


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=default_data_dir())
    real = RealNames.read(parser.parse_args().data)
    samples = [_sample(build(real, seed, strength, 100_000, 3_000)) for seed, strength in TRAINING]
    fitted = minimize(_loss, np.zeros(len(WEIGHTS) + 1), args=(samples,), jac=True, method="L-BFGS-B").x
    for name, weight in zip(["BIAS", *WEIGHTS], fitted, strict=True):
        print(f"{name:18s} {weight:8.2f}")


if __name__ == "__main__":
    main()
