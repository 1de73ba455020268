"""Cases for name resolution: 100,000 known names, 3,000 incoming spellings, the truth kept.

Known are the real manufacturers and bank branches, less some held back, filled up with generated names. Incoming are real
names with noise, 70 % manufacturers and 30 % branches; one in six is a name that was held back and has no match.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.whitelist.names import RegionPrefixes, normalise_company_name
from benchmarks.name_noise import Firm, Noise, Vocabulary, split_trade, trade_words_of

REAL_FILES = ("manufacturers.csv", "bank_branches_4prov_registry.csv")
REGION_FILES = ("regions_2026.csv", "region_changes_1981_2026.csv")


@dataclass(frozen=True)
class Incoming:
    """One spelling; `truth` is the position among the known names, -1 when the firm is not among them."""

    name: str
    code: str | None
    truth: int
    firm: Firm
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Cases:
    """Known names and incoming spellings, with the region names that both may carry."""

    region_names: frozenset[str]
    known: list[Firm]
    incoming: list[Incoming]

    def right(self, query: int, position: int) -> bool:
        """Tell whether a known position is the truth or bears the very same name as the truth."""
        case = self.incoming[query]
        return case.truth >= 0 and (
            position == case.truth or self.known[position].name == self.known[case.truth].name
        )


@dataclass(frozen=True)
class RealNames:
    """The real names and the regions, read from the data folder."""

    manufacturers: list[Firm]
    branches: list[Firm]
    places: dict[str, str]
    region_names: frozenset[str]

    @classmethod
    def read(cls, data_dir: Path) -> "RealNames":
        firms, branches = (
            [
                Firm(row["name"], row["reg_authority_code"] or None, file.split("_")[0].removesuffix(".csv"))
                for row in _rows(data_dir / file)
            ]
            for file in REAL_FILES
        )
        places = {row["code"]: row["name"] for row in _rows(data_dir / REGION_FILES[0])}
        former = {row["old_name"] for row in _rows(data_dir / REGION_FILES[1])}
        return cls(firms, branches, places, frozenset(places.values()) | former)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def build(real: RealNames, seed: int, strength: float, known_count: int, incoming_count: int) -> Cases:
    """Build the cases of a seed and a strength of noise (see `Noise`)."""
    rng = random.Random(seed)
    regions = RegionPrefixes.of(real.region_names)
    absent_share = incoming_count // 6
    groups = [(real.manufacturers, 0.7), (real.branches, 0.3)]
    held, present = [], []
    for firms, share in groups:
        shuffled = rng.sample(firms, len(firms))
        cut = round(absent_share * share)
        held += shuffled[:cut]
        present += shuffled[cut : cut + round((incoming_count - absent_share) * share)]
    out = set(held)
    known = [firm for firm in real.manufacturers + real.branches if firm not in out][:known_count]
    known += distractors(real.manufacturers, known_count - len(known), regions, real.places, seed + 1)
    rng.shuffle(known)
    position = {firm: i for i, firm in enumerate(known)}
    vocabulary = Vocabulary.of([firm.name for firm in real.manufacturers], regions)
    noise = Noise(seed + 2, regions, real.places, vocabulary, strength)
    asked = rng.sample(held + present, len(held) + len(present))
    incoming = []
    for firm in asked:
        name, kinds = noise.write(firm)
        incoming.append(Incoming(name, noise.code(firm.code), position.get(firm, -1), firm, tuple(kinds)))
    return Cases(real.region_names, known, incoming)


def distractors(
    real: Sequence[Firm], count: int, regions: RegionPrefixes, places: dict[str, str], seed: int
) -> list[Firm]:
    """Generate names that are not among the real ones: brands of real firms (half of them with one character of another
    brand) with other regions, trade words and legal forms, in the proportions in which real names have them.
    """
    rng = random.Random(seed)
    parts = [normalise_company_name(firm.name, regions) for firm in real]
    words = trade_words_of([p.core for p in parts])
    split = [split_trade(p.core, words) for p in parts]
    brands = [brand for brand, trade in split if trade]
    trades = ["".join(trade) for _, trade in split if trade]
    forms = ["有限公司"] * 8 + ["有限责任公司"] * 2 + ["厂", "股份有限公司", "农民专业合作社", "集团有限公司"]
    prefixes = [(firm.name[: read[1]], firm.code) for firm in real if (read := regions.leading(firm.name))]
    prefixes += [
        (place, code) for code, place in sorted(places.items()) if code[:2] in {"23", "41", "34", "50"}
    ] * 2
    seen = {firm.name for firm in real}
    made: list[Firm] = []
    while len(made) < count:
        brand = rng.choice(brands)
        if rng.random() < 0.5:
            other = rng.choice(brands)
            brand = brand[:-1] + rng.choice(other) if rng.random() < 0.5 else rng.choice(other) + brand[1:]
        place, code = rng.choice(prefixes)
        name = place + brand + rng.choice(trades) + rng.choice(forms)
        if name not in seen:
            seen.add(name)
            made.append(Firm(name, code, "generated"))
    return made
