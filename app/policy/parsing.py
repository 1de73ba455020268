"""Conditions as written in packs, products and JSON, turned into values or refused in full.

One condition is a mapping with `fact` and exactly one operator, or one of `any` / `all`:

    {fact: size_class, in: [small, micro]}
    {fact: amount, at_most: 2000万元, source: 洛阳（征求意见稿）（四）}
    {any: [{fact: first_loan, is_true: true}, {fact: qualifications, any_of: [srdi]}]}
"""

import re
from collections.abc import Mapping
from typing import Any

from app.kernel.errors import Fault
from app.kernel.money import yuan_text
from app.policy.amounts import EXPECTED, amount_from_text
from app.policy.criteria import OPERATORS, AllOf, AnyOf, Condition, Criterion, Operand
from app.policy.facts import FACTS, UNUSABLE, Fact

MOST_DEPTH = 4
MOST_SOURCE = 200
_INDUSTRY = re.compile(r"[A-T](?:[0-9]{2,4})?")
_REGION = re.compile(r"[0-9]{6}")


def parse_condition(data: Any, where: str, faults: list[Fault], depth: int = 0) -> Condition | None:
    """Turn written data into a condition; on a fault add it to `faults` and answer None."""
    if not isinstance(data, Mapping):
        faults.append(Fault(where, "expected a mapping with fact and operator", value=str(data)[:80]))
        return None
    if "any" in data or "all" in data:
        return _parse_combination(data, where, faults, depth)
    return _parse_criterion(data, where, faults)


def _parse_combination(
    data: Mapping[str, Any], where: str, faults: list[Fault], depth: int
) -> Condition | None:
    key = "any" if "any" in data else "all"
    surplus = sorted(set(data) - {key, "source"})
    if surplus or depth >= MOST_DEPTH or not isinstance(data[key], list | tuple) or not data[key]:
        faults.append(
            Fault(where, f"`{key}` takes a list of criteria, at most {MOST_DEPTH} deep, and only `source` beside it",
                  value="、".join(surplus))
        )  # fmt: skip
        return None
    parts = [
        parse_condition(part, f"{where}.{key}[{i}]", faults, depth + 1) for i, part in enumerate(data[key])
    ]
    source = _parse_source(data, where, faults)
    complete = tuple(part for part in parts if part is not None)
    if source is None or len(complete) < len(parts):
        return None
    return AnyOf(complete, source) if key == "any" else AllOf(complete, source)


def _parse_source(data: Mapping[str, Any], where: str, faults: list[Fault]) -> str | None:
    source = data.get("source", "")
    if isinstance(source, str) and len(source) <= MOST_SOURCE:
        return source
    message = f"expected who asks, such as a clause, in at most {MOST_SOURCE} characters"
    faults.append(Fault(f"{where}.source", message, value=str(source)[:80]))
    return None


def _parse_criterion(data: Mapping[str, Any], where: str, faults: list[Fault]) -> Criterion | None:
    name = data.get("fact")
    if name in UNUSABLE:
        faults.append(Fault(f"{where}.fact", UNUSABLE[str(name)], "Remove this criterion.", str(name)))
        return None
    fact = FACTS.get(str(name))
    if fact is None:
        faults.append(Fault(f"{where}.fact", "unknown fact", f"One of {', '.join(FACTS)}.", str(name)))
        return None
    operators = sorted(set(data) - {"fact", "source"})
    allowed = [word for word, operator in OPERATORS.items() if fact.kind in operator.kinds]
    if len(operators) != 1 or operators[0] not in allowed:
        remedy = f"{fact.name} takes exactly one of {', '.join(allowed)}."
        faults.append(Fault(where, "not one known operator", remedy, ", ".join(operators)))
        return None
    word = operators[0]
    operand = _parse_operand(fact, word, data[word], f"{where}.{word}", faults)
    source = _parse_source(data, where, faults)
    if operand is None or source is None:
        return None
    return Criterion(fact.name, word, operand, source)


def _parse_operand(fact: Fact, word: str, data: Any, where: str, faults: list[Fault]) -> Operand | None:
    operator = OPERATORS[word]
    if operator.most == 0:
        if data is not True:
            faults.append(Fault(where, f"write `{word}: true`", value=str(data)[:80]))
            return None
        return ()
    parts = list(data) if isinstance(data, list | tuple) else [data]
    if not operator.fewest <= len(parts) <= operator.most:
        faults.append(
            Fault(where, f"takes {operator.fewest} to {operator.most} values", value=str(len(parts)))
        )
        return None
    values = [_parse_value(fact, part, where, faults) for part in parts]
    return None if None in values else _ordered(values, where, faults)


def _ordered(values: list[int | str | None], where: str, faults: list[Fault]) -> Operand | None:
    numbers = tuple(value for value in values if isinstance(value, int))
    if not numbers:
        return tuple(sorted({str(value) for value in values}))
    if list(numbers) == sorted(numbers):
        return numbers
    faults.append(Fault(where, "the lower bound comes first", value=str(values)[:80]))
    return None


def _parse_value(fact: Fact, data: Any, where: str, faults: list[Fault]) -> int | str | None:
    value, expected = _READERS[fact.kind](fact, data)
    if value is None:
        faults.append(Fault(where, f"expected {expected}", value=str(data)[:80]))
    return value


def _read_money(_fact: Fact, data: Any) -> tuple[int | None, str]:
    return amount_from_text(data), EXPECTED


def _read_number(fact: Fact, data: Any) -> tuple[int | None, str]:
    is_number = type(data) is int and 0 <= data < 10**9
    return (data if is_number else None), f"a whole number of {fact.unit}"


def _read_word(fact: Fact, data: Any) -> tuple[str | None, str]:
    is_known = isinstance(data, str) and (data in fact.values or (not fact.values and data != ""))
    expected = f"one of {', '.join(fact.values)}" if fact.values else "a code in quotes"
    return (data if is_known else None), expected


def _read_region(_fact: Fact, data: Any) -> tuple[str | None, str]:
    is_code = isinstance(data, str) and _REGION.fullmatch(data) is not None
    return (data if is_code else None), 'a six-digit region code in quotes, such as "230100"'


def _read_industry(_fact: Fact, data: Any) -> tuple[str | None, str]:
    is_code = isinstance(data, str) and _INDUSTRY.fullmatch(data) is not None
    return (data if is_code else None), "a GB/T 4754-2017 code with its section letter, such as C3412"


_READERS = {
    "money": _read_money,
    "number": _read_number,
    "choice": _read_word,
    "choices": _read_word,
    "name": _read_word,
    "flag": _read_word,
    "region": _read_region,
    "industry": _read_industry,
}


def condition_as_data(condition: Condition) -> dict[str, Any]:
    """Write a condition in the form that `parse_condition` reads."""
    source = {"source": condition.source} if condition.source else {}
    match condition:
        case Criterion(fact=name, operator=word, operand=operand):
            values: list[Any] = list(operand)
            if FACTS[name].kind == "money":
                values = [f"{yuan_text(int(fen))}元" for fen in operand]
            most = OPERATORS[word].most
            written = True if most == 0 else values[0] if most == 1 else values
            return {"fact": name, word: written} | source
        case AnyOf(criteria=parts):
            return {"any": [condition_as_data(part) for part in parts]} | source
        case AllOf(criteria=parts):
            return {"all": [condition_as_data(part) for part in parts]} | source
