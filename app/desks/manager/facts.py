"""What a need states besides amount, term and purpose, in words, as far as consents show it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.desks.figures import number
from app.desks.texts import Text
from app.policy.facts import FACTS
from app.whitelist.schemas import EntryOut

SHOWN: Final = (
    "chain_role", "staff", "revenue", "established_on", "qualifications", "collateral", "guarantee_available",
    "tax_grade", "first_loan", "existing_loans", "existing_banks", "litigation", "adverse_credit", "exporter",
    "single_bank_limit_reached", "missing_elements",
)  # fmt: skip
RECORDED_NAMES: Final = {"established_on": "成立日期", "existing_banks": "现有贷款银行"}
YES: Final = Text("是")
NO: Final = Text("否")
NONE: Final = Text("无")
AMOUNTS: Final = frozenset({"revenue", "existing_loans"})


def told(entry: EntryOut) -> Sequence[tuple[str, Sequence[Text | str | int | date]]]:
    """Answer the facts that are known and shown, by their Chinese names; of sets each part, of amounts the fen, of days the day."""
    stated = entry.facts.model_dump()
    known = ((name, stated.get(name)) for name in SHOWN)
    return [(_name(name), _said(name, value)) for name, value in known if value is not None]


def _name(name: str) -> str:
    return FACTS[name].chinese if name in FACTS else RECORDED_NAMES[name]


def _said(name: str, value: Any) -> Sequence[Text | str | int | date]:
    words: Mapping[str, str] = FACTS[name].values if name in FACTS else {}
    if isinstance(value, list | tuple):
        return [words.get(str(one), str(one)) for one in value] or [NONE]
    if isinstance(value, bool):
        return [YES if value else NO]
    if name in AMOUNTS:
        return [int(value)]
    if isinstance(value, date):
        return [value]
    return [number(value) if isinstance(value, int) else words.get(str(value), str(value))]
