"""Membership in chains proposed for 100,000 firms: phrases read once and one word table against firm by firm, equal answers asserted."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from app.chains.evidence import Traits
from app.chains.membership import Answer, propose
from app.chains.membership_batch import propose_all
from app.chains.profile_files import load_profiles
from app.chains.profiles import ChainProfile
from app.kernel.settings import get_settings

SEED = 20240601
LARGE, PLAIN = 100_000, 400
Row = dict[str, Any]
T = TypeVar("T")
_MAKING = ("生产", "制造", "加工", "生产、销售", "研发、生产")
_TRADING = ("销售", "批发、零售", "技术咨询", "维修", "租赁")
_OTHER = (
    "货物进出口",
    "技术开发",
    "仓储",
    "房屋",
    "道路运输",
    "五金交电",
    "日用百货",
    "办公用品",
    "会议服务",
)


def firms_of(count: int, chains: tuple[ChainProfile, ...]) -> list[Traits]:
    """Invented firms whose scopes name two to nine goods each, hardly two of them alike; half declare an industry."""
    rng = random.Random(SEED)
    links = [link for chain in chains for link in chain.links]
    words = [word for link in links for word in link.words]
    codes = [code for link in links for code in link.industries]
    return [_firm(rng, number, words, codes) for number in range(count)]


def _firm(rng: random.Random, number: int, words: list[str], codes: list[str]) -> Traits:
    goods = [rng.choice(words if rng.random() < 0.6 else _OTHER) for _ in range(rng.randint(2, 9))]
    cut = rng.randint(1, len(goods))
    made = f"{'、'.join(goods[:cut])}{rng.choice(_MAKING)}"
    traded = f"；{'、'.join(goods[cut:])}{rng.choice(_TRADING)}（许可证{number}号）" if goods[cut:] else ""
    industry = rng.choice(codes) if rng.random() < 0.5 else None
    name = f"白桦{number}号{rng.choice(goods)}有限公司"
    return Traits(str(number), name, "230102", industry, rng.random() < 0.3, made + traded)


def run(*, quick: bool = False) -> list[Row]:
    """Measure batches of 10,000 and 100,000 firms; firm by firm a part, whose answers must be those of the batch."""
    chains = load_profiles(get_settings().seed_dir)
    sizes = (1_000,) if quick else (10_000, LARGE)
    rows: list[Row] = []
    for size in sizes:
        firms = firms_of(size, chains)
        part = firms[: 50 if quick else PLAIN]
        answers, seconds = _timed(partial(propose_all, firms, chains))
        plain, plain_seconds = _timed(partial(_firm_by_firm, part, chains))
        if plain != answers[: len(part)]:
            msg = "the batch and the plain function answered differently"
            raise AssertionError(msg)
        rows.append(
            {
                "firms": size,
                "chains": len(chains),
                "with a proposal": sum(bool(answer.proposals) for answer in answers),
                "batch (s)": seconds,
                "batch (µs a firm)": seconds / size * 1e6,
                f"firm by firm (µs, {len(part)} firms)": plain_seconds / len(part) * 1e6,
                "times faster": plain_seconds / len(part) * size / seconds,
            }
        )
    return rows


def _firm_by_firm(firms: Sequence[Traits], chains: Sequence[ChainProfile]) -> list[Answer]:
    return [propose(firm, chains) for firm in firms]


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    answer = work()
    return answer, time.perf_counter() - began
