"""What a stored fact of a need says to people: amounts in 万元, codes and choices by their names. Pure."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.chains.naming import CodeNames
from app.desks import figures
from app.desks.texts import CHINESE, Text, say
from app.policy.facts import FACTS, Fact

FEN_PER_YUAN: Final = 100
CODED: Final = frozenset({"region", "industry", "name"})
"""Kinds of facts whose values are codes."""


def fact_said(name: str, value: Any, naming: CodeNames, language: str) -> str:
    """Answer a fact as JSON states it, in words; null is unknown, an empty list says that there is none."""
    if value is None:
        return say(language, Text("未知"))
    if isinstance(value, list):
        parts = [fact_said(name, one, naming, language) for one in value]
        return ("、" if language == CHINESE else ", ").join(parts) or say(language, Text("无"))
    if isinstance(value, bool):
        return say(language, Text("是") if value else Text("否"))
    fact = FACTS.get(name)
    return _stated(fact, value, naming, language) if fact else _recorded(name, value, language)


def _stated(fact: Fact, value: Any, naming: CodeNames, language: str) -> str:
    if fact.kind == "money":
        return figures.wan(int(Decimal(value) * FEN_PER_YUAN), language)
    if fact.kind in CODED:
        return naming.name(value)
    if isinstance(value, int):
        return f"{figures.number(value)} {say(language, fact.unit)}".rstrip()
    return say(language, fact.values.get(value, value))


def _recorded(name: str, value: Any, language: str) -> str:
    return figures.day(date.fromisoformat(value), language) if name == "established_on" else str(value)
