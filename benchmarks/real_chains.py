"""Real manufacturers proposed for chains: the share with a proposal, what carried it, and a sample to read by hand.

    python -m benchmarks.real_chains [--data DIR] [--sample N] [--seed N]

Names and business scopes are real (registration data, test input only). The register holds no industry code:
it is read from the scope, so industry and words are one witness, and the engine is told so.
"""

import argparse
import csv
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from app.chains.evidence import Traits
from app.chains.membership import CONFIDENCE_NAMES, Answer
from app.chains.membership_batch import propose_all
from app.chains.profile_files import load_profiles
from app.chains.profiles import ChainProfile
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from benchmarks.real_firms import FIRMS, check_data, default_data_dir, scope_reader
from benchmarks.real_industries import shows_manufacturing

SEED = 20260722


def read_traits(data: Path) -> list[Traits]:
    """Answer every firm of the register whose scope shows manufacturing, each credit code once.

    Raises:
        Refused: the real data is not in the folder.
    """
    check_data(data)
    with (data / FIRMS).open(encoding="utf-8-sig", newline="") as opened:
        rows = list({row["uscc"]: row for row in csv.DictReader(opened)}.values())
    rows = [row for row in rows if shows_manufacturing(row["business_scope"])]
    reader = scope_reader(data, load_reference_book(get_settings().seed_dir))
    told = reader.read([(row["name"], row["business_scope"]) for row in rows])
    return [
        Traits(
            row["uscc"], row["name"], industry=f"C{industry.code}" if industry.code else None,
            is_industry_inferred=True, scope=row["business_scope"],
        )
        for row, industry in zip(rows, told, strict=True)
    ]  # fmt: skip


def story(answers: Sequence[Answer], chains: Sequence[ChainProfile]) -> list[str]:
    """Answer the lines that tell how many have a proposal, by what and in which chain."""
    names = {chain.code: chain for chain in chains}
    mains = [answer.main for answer in answers if answer.main is not None]
    shown = [f"{len(answers)} manufacturers, {len(mains)} with a proposal ({len(mains) / len(answers):.1%})"]
    carried = Counter(CONFIDENCE_NAMES[main.confidence] for main in mains)
    shown.append("，".join(f"{name} {count}" for name, count in carried.most_common()))
    for code, count in Counter(main.chain for main in mains).most_common():
        named = "text" if names[code].is_named_by_a_text else "classification only"
        shown.append(f"{count:6} {names[code].name} ({named})")
    return shown


def sample_lines(firms: Sequence[Traits], answers: Sequence[Answer], *, count: int, seed: int) -> list[str]:
    """Answer firms by chance of the seed, with what a reader needs to judge the main proposal."""
    places = random.Random(seed).sample(range(len(firms)), min(count, len(firms)))
    return [
        f"{firms[i].name}|{firms[i].scope[:160]}|{firms[i].industry} => "
        + (answers[i].proposals[0].reason if answers[i].proposals else answers[i].why_none)
        for i in places
    ]


def main() -> None:
    """Print the story, and the sample when one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_data_dir(), help="folder with the real data")
    parser.add_argument("--sample", type=int, default=0, help="firms to show for reading by hand")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the sample")
    asked = parser.parse_args()
    firms, chains = read_traits(asked.data), load_profiles(get_settings().seed_dir)
    answers = propose_all(firms, chains)
    print("\n".join(story(answers, chains)))
    for line in sample_lines(firms, answers, count=asked.sample, seed=asked.seed):
        print(line)


if __name__ == "__main__":
    main()
