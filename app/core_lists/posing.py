"""What is asked of the product library for a listed firm: its facts, twice: with the core firm behind it, and without. Pure.

A firm that has stated a need brings its facts; one that has not is known by its register entry and by what the core
firm says of their trade. The amount is a share of the year's trade (预授信), which the texts leave to the operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.core_lists.rules import ROLE_ON_CHAIN, Relation
from app.enterprises.need_facts import NeedFacts
from app.kernel.money import MOST_FEN, yuan_text

PERCENT: Final = 100
ON_CORE_PURPOSES: Final = ("bill_discount", "supply_chain", "working_capital")
OWN_PURPOSES: Final = ("supply_chain", "working_capital")
ON_CORE_SECURITY: Final = frozenset({"receivables", "bills"})
"""What a supplier can pledge because the core firm owes it: a list that names it says so."""


@dataclass(frozen=True, slots=True)
class ListedFirm:
    """A listed firm as it is matched; `facts` are those of its need, as JSON, if it has stated one."""

    region: str
    industry: str | None
    established_on: date | None
    relation: Relation
    chain: str | None
    yearly_fen: int | None
    facts: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Posed:
    """A listed firm's facts with the core firm behind it, and on its own."""

    on_core: NeedFacts
    own: NeedFacts


def pose(firm: ListedFirm, *, share_percent: int, term_months: int) -> Posed | None:
    """Answer what to ask for a firm; None while neither its trade nor a need of its own says how much."""
    amount = amount_of(firm, share_percent)
    if amount is None:
        return None
    own = _own_facts(firm) | {
        "amount": yuan_text(amount),
        "term_months": term_months,
        "purposes": list(OWN_PURPOSES),
    }
    on_core = own | {"purposes": list(ON_CORE_PURPOSES)}
    if firm.relation is not Relation.DEALER:
        on_core["collateral"] = sorted(set(own.get("collateral") or ()) | ON_CORE_SECURITY)
    return Posed(NeedFacts.model_validate(on_core), NeedFacts.model_validate(own))


def amount_of(firm: ListedFirm, share_percent: int) -> int | None:
    """Answer how much is asked for (fen): a share of the year's trade in whole yuan, else what the firm's need asks for."""
    if firm.yearly_fen:
        share = firm.yearly_fen * share_percent // PERCENT
        whole = share - share % 100
        return min(max(whole, 100), MOST_FEN)
    stated = None if firm.facts is None else NeedFacts.model_validate(firm.facts).amount
    return stated or None


def _own_facts(firm: ListedFirm) -> dict[str, Any]:
    if firm.facts is not None:
        stated = NeedFacts.model_validate(firm.facts).model_dump(mode="json", exclude_none=True)
        # What a project asks for is another matter than what the firm's trade needs.
        dropped = {"subject", "project_name"}
        own = {name: value for name, value in stated.items() if name not in dropped}
    else:
        own = {"region": firm.region}
        own |= {"industry": firm.industry} if firm.industry else {}
        own |= {"established_on": firm.established_on.isoformat()} if firm.established_on else {}
    if firm.chain and not own.get("chain"):
        own |= {"chain": firm.chain, "chain_role": ROLE_ON_CHAIN[firm.relation]}
    return own
