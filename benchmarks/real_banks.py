"""Real bank branches of one province as an institution tree; what the registry does not hold is generated.

Names, credit codes and places are real. Capacities, credit-loan shares, borrower limits, guarantors
and public bodies are generated from the seed.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.reference.regions import Level, Regions
from benchmarks.real_firms import BRANCHES, PROVINCE, PROVINCE_NAME, rows_of
from benchmarks.real_places import PlaceFinder

Record = dict[str, Any]
_HEAD = re.compile(
    r"(?P<head>.*?(?:村镇银行|农村商业银行|信用合作联社|银行(?=股份|有限|\())"
    r"(?:股份有限公司|有限责任公司|\(中国\)有限公司)?)(?P<tail>.*)"
)
_KINDS: Final[Sequence[tuple[str, str]]] = (
    ("国家开发银行|进出口银行|农业发展银行", "policy"),
    ("村镇银行", "village"),
    ("农村商业银行|信用合作联社", "rural_commercial"),
    ("邮政储蓄", "postal"),
    ("^中国(工商|农业|建设)?银行|^交通银行", "large"),
    (r"\(中国\)", "foreign"),
    ("中信|光大|华夏|民生|广发|招商|兴业|浦东发展|平安|浙商|渤海|恒丰", "joint_stock"),
    ("银行", "city_commercial"),
)
_SHORT: Final[Mapping[str, str]] = {
    "中国邮政储蓄银行股份有限公司": "邮储银行",
    "上海浦东发展银行股份有限公司": "浦发银行",
    "中国工商银行股份有限公司": "工商银行",
    "中国农业银行股份有限公司": "农业银行",
    "中国建设银行股份有限公司": "建设银行",
    "中国光大银行股份有限公司": "光大银行",
    "中国民生银行股份有限公司": "民生银行",
}
_FORM = re.compile(r"(股份有限公司|有限责任公司|\(中国\)有限公司)")
_OUTLET = re.compile(r"营业所|储蓄所|信用社|分理处|分社$|营业部$|培训中心")
# Shares of credit loans (basis points) and limits for one borrower (万元) by kind: generated, plausible orders.
_SHARES: Final = {
    "large": 2_600,
    "joint_stock": 3_000,
    "city_commercial": 2_200,
    "postal": 2_400,
    "foreign": 1_800,
}
_LIMITS: Final = {
    "large": 100_000,
    "joint_stock": 80_000,
    "city_commercial": 30_000,
    "postal": 50_000,
    "foreign": 20_000,
}
_LOCAL_SHARE, _LOCAL_LIMIT = 1_200, 3_000
_SHORTEST = 2
_HEADROOM: Final = 1.35


@dataclass(frozen=True, slots=True)
class RealBanks:
    """The tree as import records, and how many nodes of each sort it has."""

    records: tuple[Record, ...]
    counts: Mapping[str, int]

    def heads(self) -> list[Record]:
        """Answer the head offices of banks, by code."""
        return [one for one in self.records if "parent" not in one and one["kind"] in _BANK_KINDS]

    def lender_names(self) -> list[str]:
        """Answer the names of all banks that can be a firm's present lender."""
        return [one["short_name"] for one in self.heads()]


_BANK_KINDS = {kind for _, kind in _KINDS}


@dataclass(frozen=True, slots=True)
class _Branch:
    uscc: str
    name: str
    head: str
    tail: str
    region: str


def read_banks(data: Path, regions: Regions, demand: Mapping[str, int], *, seed: int) -> RealBanks:
    """Read the branches of the province; `demand` is the number of entries by city that shall find room.

    Branches answer for a province (省分行, and a joint-stock bank's 分行 in the capital), a city (市分行) or
    where they sit (支行); a local legal-person bank's own head office for its county or city. Outlets
    (营业所, 储蓄所, 信用社, 分理处) are in the tree and answer for nobody.
    """
    rng = random.Random(f"{seed}:banks")
    places = PlaceFinder(regions, PROVINCE)
    branches = sorted(_branches(data, places), key=lambda branch: branch.uscc)
    by_head: dict[str, list[_Branch]] = defaultdict(list)
    for branch in branches:
        by_head[branch.head].append(branch)
    records: list[Record] = []
    for number, (head, found) in enumerate(sorted(by_head.items()), start=1):
        records += _bank(f"HO-{number:03}", head, found, regions)
    _add_strength(records, rng)
    _add_capacity(records, demand, regions, rng)
    generated = [*_guarantors(demand, regions, rng), *_bodies(demand, regions)]
    sorts = Counter(one["kind"] for one in records if "parent" not in one)
    sorts |= Counter({"branches that answer for entries": sum("capacity" in one for one in records)})
    sorts |= Counter({"outlets and others": sum("capacity" not in one for one in records)})
    return RealBanks((*records, *generated), sorts | Counter({"generated": len(generated)}))


def _branches(data: Path, places: PlaceFinder) -> Iterable[_Branch]:
    for row in rows_of(data / BRANCHES):
        named = _HEAD.fullmatch(row["name"].replace("（", "(").replace("）", ")"))
        place = places.find(row["reg_authority_code"], row["city"], row["address"])
        if named is not None and place is not None:
            yield _Branch(row["uscc"], row["name"], named["head"], named["tail"], place.region)


def _bank(code: str, head: str, found: Sequence[_Branch], regions: Regions) -> list[Record]:
    """Answer a bank's head office and its branches; sub-branches stand below their city's branch."""
    kind = next(kind for words, kind in _KINDS if re.search(words, head))
    is_local = kind in {"rural_commercial", "village"}
    own = next((branch for branch in found if not branch.tail), None)
    seat = (
        _named_in(head, regions)
        or (own.region if own else None)
        or Counter(b.region for b in found).most_common(1)[0][0]
    )
    short = _SHORT.get(head, _FORM.sub("", head))
    top: Record = {"code": code, "name": head, "short_name": short, "kind": kind}
    top["region"] = seat if is_local else own.region if own else PROVINCE
    top |= {"uscc": own.uscc} if own else {}
    if is_local:
        top |= {"areas": [seat], "answers": True}
    levels = {branch.uscc: _level(branch, kind, regions) for branch in found}
    provincial = next((uscc for uscc, level in levels.items() if level is Level.PROVINCE), code)
    above = {_city(b.region): b.uscc for b in found if levels[b.uscc] is Level.CITY and _is_branch(b)}
    nodes = []
    for branch in found:
        if branch is not own:
            below = code if branch.uscc == provincial else provincial
            parent = below if _is_branch(branch) else above.get(_city(branch.region), below)
            nodes.append(_node(branch, short, parent, levels[branch.uscc]))
    return [top, *sorted(nodes, key=lambda node: str(node["code"]))]


def _named_in(head: str, regions: Regions) -> str | None:
    """Answer the county, else the city, that a local bank's name names (in full, or without its kind)."""
    cities = regions.children(PROVINCE)
    rest = head.removeprefix(PROVINCE_NAME)
    for city in cities:
        for county in regions.children(city.code):
            own = rest.removeprefix(city.name).removeprefix(city.name[:-1])
            is_bare = len(county.name) > _SHORTEST and own.startswith(county.name[:-1])
            if is_bare or county.name in rest:
                return county.code
    return next((city.code for city in cities if rest.startswith(city.name[:-1])), None)


def _is_branch(branch: _Branch) -> bool:
    return branch.tail.endswith("分行")


def _level(branch: _Branch, kind: str, regions: Regions) -> Level | None:
    """Answer what a branch answers for; None for an outlet, and for the head office itself."""
    if not branch.tail or _OUTLET.search(branch.tail):
        return None
    if _is_branch(branch):
        is_capital = branch.region.startswith("2301")
        is_first = "省分行" in branch.tail or (kind in {"joint_stock", "foreign"} and is_capital)
        return Level.PROVINCE if is_first else Level.CITY
    return regions.level(branch.region) if branch.tail.endswith("支行") else None


def _node(branch: _Branch, short: str, parent: str, level: Level | None) -> Record:
    node: Record = {
        "code": branch.uscc,
        "uscc": branch.uscc,
        "name": branch.name,
        "short_name": f"{short}{branch.tail}"[:80],
        "parent": parent,
        "region": branch.region,
    }
    if level is not None:
        area = {Level.PROVINCE: PROVINCE, Level.CITY: _city(branch.region)}.get(level, branch.region)
        node |= {"areas": [area], "answers": True}
    return node


def _city(region: str) -> str:
    return region[:4] + "00"


def _add_strength(records: Iterable[Record], rng: random.Random) -> None:
    for one in records:
        if "parent" not in one:
            share = round(_SHARES.get(one["kind"], _LOCAL_SHARE) * rng.uniform(0.6, 1.4))
            limit = round(_LIMITS.get(one["kind"], _LOCAL_LIMIT) * rng.uniform(0.5, 1.5), -2)
            one["credit_loan_share"] = f"{share / 100:.2f}"
            one["borrower_limit"] = f"{int(limit)}万元"


def _add_capacity(
    records: Iterable[Record], demand: Mapping[str, int], regions: Regions, rng: random.Random
) -> None:
    """Give those who answer for entries room for a city's demand and a third more, by chance and level."""
    weights: dict[str, list[tuple[Record, float]]] = defaultdict(list)
    for one in records:
        if one.pop("answers", False):
            area = one["areas"][0]
            breadth = {Level.PROVINCE: 6.0, Level.CITY: 2.0}.get(regions.level(area) or Level.COUNTY, 1.0)
            weights[_city(one["region"])].append((one, rng.lognormvariate(0, 0.5) * breadth))
    for city, found in sorted(weights.items()):
        total = sum(weight for _, weight in found)
        room = demand.get(city, 0) * _HEADROOM
        for one, weight in found:
            one["capacity"] = max(1, round(room * weight / total))


def _guarantors(demand: Mapping[str, int], regions: Regions, rng: random.Random) -> Iterable[Record]:
    for area in (PROVINCE, *sorted(demand)):
        name = f"{regions.by_code[area].name}政府性融资担保机构（生成）"
        room = max(5, round(sum(demand.values()) * 0.05 if area == PROVINCE else demand[area] * 0.15))
        yield _generated(f"GD-{area}", name, "guarantor", area) | {
            "capacity": room,
            "borrower_limit": f"{rng.choice((1000, 2000, 3000))}万元",
        }


def _bodies(demand: Mapping[str, int], regions: Regions) -> Iterable[Record]:
    for area in (PROVINCE, *sorted(demand)):
        name = regions.by_code[area].name
        yield _generated(f"JG-{area}", f"{name}地方金融管理部门（生成）", "regulator", area)
        yield _generated(f"XT-{area}", f"{name}重要项目协调机制（生成）", "coordinator_body", area)


def _generated(code: str, name: str, kind: str, area: str) -> Record:
    return {
        "code": code, "name": name, "short_name": name, "kind": kind,
        "region": area, "areas": [area], "is_demo": True,
    }  # fmt: skip
