"""Products and chain plans of the run on real names: the demo catalogue's terms, dealt to real head offices.

Nothing here is a product of the bank that it is filed under. Names and file say so.
"""

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.cli.line import SeedText
from app.kernel.errors import Fault, Refused
from app.policy.yaml_lines import read_yaml
from benchmarks.real_banks import Record
from benchmarks.real_firms import PROVINCE

NATION: Final = "000000"
LABEL: Final = "（生成的演示条款）"
NOTE: Final = "条款取自演示产品，按固定种子分给真实机构名称，不是这些机构的产品。"
_DEALT_WIDE, _DEALT_LOCAL, _CONTRACTED = 12, 5, 4
_BODIES: Final = frozenset({"regulator", "coordinator_body"})
_NO_BANKS: Final = _BODIES | {"guarantor"}
_LOCAL: Final = frozenset({"rural_commercial", "village"})


def deal_products(folder: Path, records: Sequence[Record], *, seed: int) -> SeedText:
    """Deal each head office that answers somewhere a hand of demo products, and guarantors the guarantees.

    A hand is dealt round-robin from the shuffled products of the head office's own kind, then of all
    banks; areas become those that the head office and its branches serve.
    """
    rng = random.Random(f"{seed}:products")
    products = _read(folder / "products.yaml")["products"]
    kinds = {one["code"]: one for one in _read(folder / "institutions.yaml")["institutions"]}
    decks: dict[str, list[Record]] = defaultdict(list)
    for product in products:
        if not _is_elsewhere(product["terms"]["areas"]):
            decks[_kind_of(kinds, product["institution"])].append(product)
    for deck in decks.values():
        rng.shuffle(deck)
    dealt: list[Record] = []
    for head, areas in _served_areas(records):
        dealt += _hand(head, areas, decks, rng)
    return SeedText(as_yaml({"note": NOTE, "products": dealt}), "generated-products.yaml")


def deal_chains(folder: Path, records: Sequence[Record], products: SeedText, *, seed: int) -> SeedText:
    """Take the demo's chains of the province, with plans that contract real head offices by chance."""
    rng = random.Random(f"{seed}:chains")
    read = _read(folder / "chains.yaml")
    chains = [one for one in read["chains"] if one.get("jurisdiction", PROVINCE) == PROVINCE]
    codes = {one["code"] for one in chains}
    by_head: dict[str, list[str]] = defaultdict(list)
    for product in read_yaml_text(products)["products"]:
        by_head[product["institution"]].append(product["code"])
    wide = {one["code"] for one in records if one.get("kind", "village") not in _LOCAL | _NO_BANKS}
    heads = sorted(wide & by_head.keys())
    plans = []
    for plan in read["plans"]:
        if plan["chain"] in codes:
            banks = sorted(rng.sample(heads, min(_CONTRACTED, len(heads))))
            own = [rng.choice(by_head[bank]) for bank in banks]
            contracted = [{"institution": bank} for bank in banks]
            plans.append(plan | {"contracted": contracted, "products": own if plan.get("products") else []})
    return SeedText(as_yaml({"note": NOTE, "chains": chains, "plans": plans}), "generated-chains.yaml")


def for_chains(products: SeedText, codes: Mapping[str, str]) -> SeedText:
    """Answer the products as they are for other chains (`codes`: new by old); those for none of them are left out."""
    kept = []
    for product in read_yaml_text(products)["products"]:
        asked = product["terms"].get("chains", [])
        found = sorted({codes[one] for one in asked if one in codes})
        if found or not asked:
            kept.append(product | {"terms": product["terms"] | {"chains": found}})
    return SeedText(as_yaml({"note": NOTE, "products": kept}), products.name)


def chain_profiles(folder: Path) -> dict[str, str]:
    """Answer the profile of each of the demo's chains, by code."""
    return {one["code"]: one.get("profile", "") for one in _read(folder / "chains.yaml")["chains"]}


def as_yaml(content: Mapping[str, Any]) -> str:
    """Write notes and lists of records; every JSON value is YAML, so each record takes one line."""
    lines: list[str] = []
    for key, value in content.items():
        lines += [f"{key}: {_json(value)}"] if isinstance(value, str) else [f"{key}:"]
        lines += [f"  - {_json(one)}" for one in value] if isinstance(value, list) else []
    return "\n".join(lines) + "\n"


def _hand(
    head: Record, areas: Sequence[str], decks: Mapping[str, list[Record]], rng: random.Random
) -> list[Record]:
    own = decks.get(head["kind"], [])
    is_bank = head["kind"] not in _NO_BANKS
    others = [product for kind in sorted(decks) if kind not in _NO_BANKS for product in decks[kind]]
    rest = [product for product in others if product not in own] if is_bank else []
    size = _DEALT_LOCAL if head["kind"] in _LOCAL else _DEALT_WIDE
    start = rng.randrange(len(own)) if own else 0
    hand = [*own[start:], *own[:start], *rng.sample(rest, len(rest))][:size]
    return [
        {
            "code": f"{head['code']}-{number:02}",
            "institution": head["code"],
            "name": f"{product['name']}{LABEL}",
            "valid_from": product["valid_from"],
            "is_demo": True,
            "terms": {**product["terms"], "areas": list(areas)},
        }
        for number, product in enumerate(hand, start=1)
    ]


def _served_areas(records: Sequence[Record]) -> list[tuple[Record, list[str]]]:
    """Answer each head office that lends or guarantees with the areas that it and its branches answer for."""
    parents = {one["code"]: one.get("parent") for one in records}
    areas: dict[str, set[str]] = defaultdict(set)
    for one in records:
        if one.get("capacity"):
            above = code = one["code"]
            while above is not None:
                code, above = above, parents[above]
            areas[code] |= set(one["areas"])
    heads = [one for one in records if one["code"] in areas and one["kind"] not in _BODIES]
    return [(head, _widest(areas[head["code"]])) for head in heads]


def _widest(areas: set[str]) -> list[str]:
    """Answer the areas without those that lie in another of them."""
    if PROVINCE in areas:
        return [PROVINCE]
    return sorted(area for area in areas if area.endswith("00") or f"{area[:4]}00" not in areas)


def _is_elsewhere(areas: Sequence[str]) -> bool:
    return not any(area == NATION or area[:2] == PROVINCE[:2] for area in areas)


def _kind_of(institutions: Mapping[str, Record], code: str) -> str:
    while "kind" not in institutions[code]:
        code = institutions[code]["parent"]
    return str(institutions[code]["kind"])


def _read(file: Path) -> Any:
    return read_yaml_text(SeedText(file.read_text("utf-8"), file.name))


def read_yaml_text(seed: SeedText) -> Any:
    """Read a seed file that was written here."""
    faults: list[Fault] = []
    data, _line_of = read_yaml(seed.text, seed.name, faults)
    if faults:
        raise Refused(f"{seed.name} cannot be read.", faults)
    return data


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
