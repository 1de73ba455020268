"""The types that a parameter may have: how each is written in a pack, checked, shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.kernel.errors import Fault
from app.kernel.money import wan_text, yuan_text
from app.policy.amounts import amount_from_text
from app.policy.packs import FeeTier, LoadTier, ParameterValue

MOST_COUNT = 10**9
MOST_PERCENT = 1_000
MOST_ITEMS = 50
MOST_TEXT = 300
PERMILLE = 1_000
WHOLE = 100


@dataclass(frozen=True, slots=True)
class ParameterType:
    """One type: what a pack's author is told to write, and how it is read (None: not that)."""

    expected: str
    read: Callable[[Any], ParameterValue | None]


def read_value(type_name: str, data: Any, where: str, faults: list[Fault]) -> ParameterValue | None:
    """Turn what a pack says into a value of the type; on a fault add it and answer None."""
    kind = TYPES[type_name]
    value = kind.read(data)
    if value is None:
        faults.append(
            Fault(where, f"no value of type {type_name}", f"Expected {kind.expected}.", _shown(data))
        )
    return value


def _shown(data: Any) -> str:
    # A number in quotes is text: shown with its quotes, so that the fault can be seen.
    return (f'"{data}"' if isinstance(data, str) else str(data))[:80]


def _count(data: Any) -> int | None:
    return data if type(data) is int and 0 <= data <= MOST_COUNT else None


def _percent(data: Any) -> Decimal | None:
    if type(data) is not int and not isinstance(data, Decimal):
        return None
    return Decimal(data) if 0 <= data <= MOST_PERCENT else None


def _text(data: Any) -> str | None:
    return data if isinstance(data, str) and 0 < len(data) <= MOST_TEXT else None


def _flag(data: Any) -> bool | None:
    return data if isinstance(data, bool) else None


def _day(data: Any) -> date | None:
    return data if isinstance(data, date) else None


def _words(data: Any) -> tuple[str, ...] | None:
    if not isinstance(data, list) or not 0 < len(data) <= MOST_ITEMS or len(set(map(str, data))) < len(data):
        return None
    words = tuple(word for word in map(_text, data) if word is not None)
    return words if len(words) == len(data) else None


def _named(data: Any, read: Callable[[Any], int | None]) -> Mapping[str, int] | None:
    if not isinstance(data, dict) or not 0 < len(data) <= MOST_ITEMS:
        return None
    values = {key: value for key, item in data.items() if (value := read(item)) is not None}
    return values if len(values) == len(data) else None


def _counts(data: Any) -> Mapping[str, int] | None:
    return _named(data, _count)


def _amounts(data: Any) -> Mapping[str, int] | None:
    return _named(data, amount_from_text)


def _weights(data: Any) -> Mapping[str, int] | None:
    weights = _counts(data)
    return weights if weights is not None and sum(weights.values()) == PERMILLE else None


def _fee_tiers(data: Any) -> tuple[FeeTier, ...] | None:
    if not isinstance(data, list) or not 0 < len(data) <= MOST_ITEMS:
        return None
    tiers = tuple(tier for tier in map(_fee_tier, data) if tier is not None)
    bounds = [tier.up_to_fen for tier in tiers]
    amounts = [bound for bound in bounds[:-1] if bound is not None]
    is_ordered = amounts == sorted(set(amounts)) and len(amounts) == len(bounds) - 1
    ends_open = bool(bounds) and bounds[-1] is None
    return tiers if len(tiers) == len(data) and is_ordered and ends_open else None


def _fee_tier(data: Any) -> FeeTier | None:
    if not isinstance(data, dict) or set(data) - {"up_to"} != {"percent"}:
        return None
    percent = _percent(data["percent"])
    up_to = amount_from_text(data.get("up_to"))
    is_read = percent is not None and ("up_to" not in data or up_to is not None)
    return FeeTier(up_to, percent) if is_read and percent is not None else None


def _load_tiers(data: Any) -> tuple[LoadTier, ...] | None:
    if not isinstance(data, list) or not 0 < len(data) <= MOST_ITEMS:
        return None
    tiers = tuple(tier for tier in map(_load_tier, data) if tier is not None)
    prices = [tier.price for tier in tiers]
    is_whole = sum(tier.share_percent for tier in tiers) == WHOLE
    return tiers if len(tiers) == len(data) and is_whole and prices == sorted(prices) else None


def _load_tier(data: Any) -> LoadTier | None:
    if not isinstance(data, dict) or set(data) != {"share_percent", "price"}:
        return None
    share, price = _count(data["share_percent"]), _count(data["price"])
    return LoadTier(share, price) if share is not None and price is not None else None


_TIERS = "a list of {up_to: 500万元, percent: 1}, rising, the last without up_to"
_LOADS = "a list of {share_percent: 60, price: 0} whose shares sum to 100 and whose prices never fall"
TYPES: Final[Mapping[str, ParameterType]] = {
    "count": ParameterType("a whole number", _count),
    "percent": ParameterType("a percentage from 0 to 1000, such as 1.5", _percent),
    "money": ParameterType("an amount such as 2000万元", amount_from_text),
    "text": ParameterType(f"a text of at most {MOST_TEXT} characters", _text),
    "flag": ParameterType("true or false", _flag),
    "date": ParameterType("a date such as 2023-12-31", _day),
    "words": ParameterType("a list of different words", _words),
    "counts": ParameterType("a mapping from names to whole numbers", _counts),
    "amounts": ParameterType("a mapping from names to amounts such as 2000万元", _amounts),
    "weights": ParameterType("a mapping from names to whole numbers that sum to 1000", _weights),
    "fee_tiers": ParameterType(_TIERS, _fee_tiers),
    "load_tiers": ParameterType(_LOADS, _load_tiers),
}


def value_text(value: ParameterValue, type_name: str, unit: str) -> str:
    """Say a value in words for people (Chinese)."""
    match value:
        case bool():
            return "是" if value else "否"
        case int() if type_name == "money":
            return f"{wan_text(value)}万元"
        case Decimal():
            return f"{value}%{unit}"
        case int() | str() | date():
            return f"{value}{unit}"
        case Mapping():
            names = (f"{key} {_number_text(number, type_name, unit)}" for key, number in value.items())
            return "、".join(names)
        case tuple():
            return "；".join(_item_text(item) for item in value)


def _number_text(number: int, type_name: str, unit: str) -> str:
    return f"{wan_text(number)}万元" if type_name == "amounts" else f"{number}{unit}"


def _item_text(item: str | FeeTier | LoadTier) -> str:
    match item:
        case str():
            return item
        case FeeTier(up_to_fen=None, percent=percent):
            return f"以上 {percent}%"
        case FeeTier(up_to_fen=bound, percent=percent):
            return f"{wan_text(bound or 0)}万元及以下 {percent}%"
        case LoadTier(share_percent=share, price=price):
            return f"{share}% 记 {price}"


def value_as_json(value: ParameterValue, type_name: str) -> Any:
    """Answer a value as JSON: amounts as decimal yuan strings, percentages as decimal strings."""
    match value:
        case bool() | str():
            return value
        case int():
            return yuan_text(value) if type_name == "money" else value
        case Decimal() | date():
            return str(value)
        case Mapping():
            is_money = type_name == "amounts"
            return {key: yuan_text(number) if is_money else number for key, number in value.items()}
        case tuple():
            return [_item_as_json(item) for item in value]


def _item_as_json(item: str | FeeTier | LoadTier) -> Any:
    match item:
        case FeeTier(up_to_fen=bound, percent=percent):
            return {"up_to": None if bound is None else yuan_text(bound), "percent": str(percent)}
        case LoadTier(share_percent=share, price=price):
            return {"share_percent": share, "price": price}
        case _:
            return item
