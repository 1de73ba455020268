"""How alike two names are, and what follows when several known names are alike.

Each pair gets evidence in 0..1 columns; a weighted sum is its log-odds of being the same firm. Among the candidates for one
incoming name a conditional logit shares the belief: P(i) = exp(s_i) / (1 + Σ exp(s_j)), the 1 standing for "none of them".
So one clear candidate scores near 1 and two equally good ones 0.5 each, which no threshold on likeness alone can tell.
Every column is symmetric: the likeness of a and b is that of b and a.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist

from app.whitelist.name_kernels import LONGEST_TEXT, Floats, Ints
from app.whitelist.name_sounds import sound_of
from app.whitelist.names import NameParts

# Fitted by benchmarks/name_fit.py as a conditional logit on real names with noise of two seeds; the report uses others.
# Jaro-Winkler, the plain ratio of the cores and equal heads were tried beside these and told nothing more on other seeds.
BIAS = -14.72
WEIGHTS: Mapping[str, float] = {
    # Indel similarity of the cores spelt by sound, and whether they sound the same.
    "sound": 1.13,
    "sound_equal": 1.88,
    # Indel similarity of region and core as written.
    "body": 8.24,
    # One over the length of the shorter core: a short name that agrees has little room for more evidence.
    "short": 12.29,
    # TF-IDF cosine of the cores, and the share of the shorter one's terms that the longer one has (abbreviations).
    "cosine": 0.14,
    "covered_most": 8.46,
    # Region prefixes are written on both sides and none is shared.
    "region_differs": -0.33,
    # Region codes, where both are known down to the level in question.
    "province_differs": -1.34,
    "city_same": 1.03,
    "city_differs": -4.66,
    "county_same": 1.01,
    "county_differs": -1.97,
    # Canonical legal forms, where both are written.
    "form_differs": -0.58,
}

_PROVINCE, _CITY = 10_000, 100

Evidence = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class NameTable:
    """Names as columns, one row a name."""

    keys: list[str]
    cores: list[str]
    sounds: list[str]
    bodies: list[str]
    # CRC-32 of the first and the last region prefix, -1 without one.
    regions: Ints
    # CRC-32 of the legal form, -1 without one.
    forms: Ints
    # Six-digit region code as a number, 0 when unknown.
    codes: Ints

    @classmethod
    def of(cls, parts: Sequence[NameParts], region_codes: Sequence[str | None]) -> Self:
        """Lay names out as columns; a code that is not six digits counts as unknown."""
        cores = [part.core[:LONGEST_TEXT] for part in parts]
        ends = [(_mark(p.regions[0]), _mark(p.regions[-1])) if p.regions else (-1, -1) for p in parts]
        return cls(
            keys=[part.exact_key for part in parts],
            cores=cores,
            sounds=[sound_of(core) for core in cores],
            bodies=[part.body[:LONGEST_TEXT] for part in parts],
            regions=np.array(ends, dtype=np.int64).reshape(-1, 2),
            forms=np.array([_mark(p.legal_form) if p.legal_form else -1 for p in parts], dtype=np.int64),
            codes=np.array([_code(code) for code in region_codes], dtype=np.int64),
        )

    def part(self, start: int, stop: int) -> Self:
        """Answer the rows start..stop."""
        cut = slice(start, stop)
        return type(self)(
            self.keys[cut],
            self.cores[cut],
            self.sounds[cut],
            self.bodies[cut],
            self.regions[cut],
            self.forms[cut],
            self.codes[cut],
        )

    def pieces(self, size: int) -> Iterator[Self]:
        """Yield the rows, `size` at a time."""
        for start in range(0, len(self.keys), size):
            yield self.part(start, start + size)

    def rows(self, chosen: Ints) -> Self:
        """Answer the chosen rows, in the given order."""
        return type(self)(
            [self.keys[i] for i in chosen],
            [self.cores[i] for i in chosen],
            [self.sounds[i] for i in chosen],
            [self.bodies[i] for i in chosen],
            self.regions[chosen],
            self.forms[chosen],
            self.codes[chosen],
        )

    @classmethod
    def joined(cls, tables: Sequence[Self]) -> Self:
        """Answer the rows of all tables, one table (at least one) behind the other."""
        return cls(
            [key for table in tables for key in table.keys],
            [core for table in tables for core in table.cores],
            [sound for table in tables for sound in table.sounds],
            [body for table in tables for body in table.bodies],
            np.concatenate([table.regions for table in tables]),
            np.concatenate([table.forms for table in tables]),
            np.concatenate([table.codes for table in tables]),
        )

    def place_keys(self) -> Ints:
        """Answer per row the last region prefix and the city of the code, -1 where unknown: what blocking agrees on."""
        cities = np.where(self.codes % _PROVINCE > 0, self.codes // _CITY, -1)
        return np.column_stack([self.regions[:, 1], cities])


def _mark(text: str) -> int:
    return zlib.crc32(text.encode())


def _code(code: str | None) -> int:
    return int(code) if code and len(code) == len("230102") and code.isascii() and code.isdigit() else 0


Side = tuple[NameTable, Ints]


def _similarity(a: list[str], b: list[str], workers: int) -> Floats:
    return np.asarray(
        cpdist(a, b, scorer=Indel.normalized_similarity, dtype=np.float32, workers=workers), dtype=np.float32
    )


def _texts(a: Side, b: Side, column: str) -> tuple[list[str], list[str]]:
    of_a, of_b = getattr(a[0], column), getattr(b[0], column)
    return [of_a[i] for i in a[1]], [of_b[j] for j in b[1]]


def _place_evidence(a: Side, b: Side) -> Evidence:
    mine, theirs = a[0].regions[a[1]], b[0].regions[b[1]]
    both = (mine[:, 0] >= 0) & (theirs[:, 0] >= 0)
    shared = both & (mine[:, :, None] == theirs[:, None, :]).any(axis=(1, 2))
    code, other = a[0].codes[a[1]], b[0].codes[b[1]]
    known = (code > 0) & (other > 0)
    province = known & (code // _PROVINCE == other // _PROVINCE)
    cities = province & (code % _PROVINCE > 0) & (other % _PROVINCE > 0)
    city = cities & (code // _CITY == other // _CITY)
    counties = city & (code % _CITY > 0) & (other % _CITY > 0)
    return {
        "region_differs": both & ~shared,
        "province_differs": known & ~province,
        "city_same": city,
        "city_differs": cities & ~city,
        "county_same": counties & (code == other),
        "county_differs": counties & (code != other),
    }


def _text_evidence(a: Side, b: Side, workers: int) -> Evidence:
    sounds, bodies = _texts(a, b, "sounds"), _texts(a, b, "bodies")
    sound = _similarity(*sounds, workers)
    shorter = np.array([min(len(x), len(y)) for x, y in zip(*sounds, strict=True)], dtype=np.float32)
    return {
        "sound": sound,
        "sound_equal": sound == 1,
        "body": _similarity(*bodies, workers),
        "short": 1 / np.maximum(shorter, 1),
    }


def _term_evidence(cosines: Floats, norms: tuple[Floats, Floats]) -> Evidence:
    """Coverage of one name's terms by the other follows from cosine and norms, since a shared term weighs the same in both."""
    larger = np.maximum(np.maximum(*norms), np.float32(1e-9)) / np.maximum(
        np.minimum(*norms), np.float32(1e-9)
    )
    return {
        "cosine": cosines,
        "covered_most": np.minimum(cosines * larger, 1),
    }


def evidence(a: Side, b: Side, cosines: Floats, norms: tuple[Floats, Floats], *, workers: int) -> Evidence:
    """Answer the evidence for the pairs (a row, b row): named columns of shape (pairs,), in 0..1."""
    form, other = a[0].forms[a[1]], b[0].forms[b[1]]
    return {
        **_text_evidence(a, b, workers),
        **_term_evidence(cosines, norms),
        **_place_evidence(a, b),
        "form_differs": (form != other) & (form >= 0) & (other >= 0),
    }


def log_odds(columns: Evidence) -> npt.NDArray[np.float64]:
    """Answer the log-odds of being one firm, shape (pairs,)."""
    odds = np.full(len(columns["body"]), BIAS)
    for name, weight in WEIGHTS.items():
        odds += weight * columns[name]
    return odds


def shares(queries: Ints, odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Answer each pair's share of the belief among the pairs of its query and "none of them" (log-odds 0)."""
    if not len(queries):
        return np.zeros(0)
    highest = np.zeros(queries.max() + 1)
    np.maximum.at(highest, queries, odds)
    strength = np.exp(odds - highest[queries])
    total = np.exp(-highest) + np.bincount(queries, weights=strength)
    return strength / total[queries]
