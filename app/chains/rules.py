"""The chain book: chains of a jurisdiction with the plan in force, and periods that may not overlap.

A plan carries out "one chain, one policy" 一链一策 (金发〔2024〕5号 九, 洛阳（征求意见稿）（二）): contracted
banks, priority purposes and links, chain products, granted terms, support targets and responsible
bodies, each with the clause that it rests on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from app.chains.evidence import Traits
from app.chains.membership import propose
from app.chains.profiles import ChainProfile, of_industries
from app.chains.targets import SupportTarget

MANAGER_ROLES: Final = {
    "leader": "链长",
    "deputy": "副链长",
    "office": "链办",
    "liaison": "联络员",
}
"""Who answers for a chain; one person a role at a time."""


@dataclass(frozen=True, slots=True, order=True)
class ContractedBank:
    """A bank (any node of the tree) contracted to a chain; `quota` bounds its entries there, None does not."""

    institution: str
    quota: int | None = None


@dataclass(frozen=True, slots=True)
class GrantedTerm:
    """Something that the plan grants to the firms of the chain, in words, with its clause.

    With a `product` its bounds reach up to `amount_most` (fen) and `term_most` (months) for firms of the chain;
    `percent_most` (percent, as written) bounds a fee or share; `parameter` names the pack's figure behind it.
    """

    text: str
    clause: str
    product: str | None = None
    amount_most: int | None = None
    term_most: int | None = None
    percent_most: str | None = None
    parameter: str | None = None


@dataclass(frozen=True, slots=True)
class ChainLink:
    """A link of the chain (环节): firms in one of the roles and industries; an empty tuple asks nothing."""

    name: str
    roles: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()

    def holds(self, role: object, industry: object) -> bool:
        """Tell whether a firm of this role and industry (`C3412`) is known to stand in the link."""
        in_role = not self.roles or role in self.roles
        in_industry = not self.industries or (
            isinstance(industry, str) and industry.startswith(self.industries)
        )
        return in_role and in_industry


@dataclass(frozen=True, slots=True)
class ResponsibleBody:
    """A body that leads or is responsible (`role`) for something of the plan."""

    name: str
    role: str
    task: str = ""


GROWN: Final = {
    "": ("links", "targets", "bodies"),
    "granted": ("product", "amount_most", "term_most", "percent_most", "parameter"),
    "clauses": ("links", "bodies"),
}
"""Members that plans have had since they grew: left out where empty, so that equal content keeps its hash."""


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """The version of a chain's plan that holds on the book's day.

    `clauses` name, for `contracted`, `priority_purposes`, `products`, `links` and `bodies`, the clause that
    part rests on. Priority purposes are for firms of the `links`; without any link for all of the chain.
    """

    chain: str
    chain_name: str
    version: int
    since: date
    until: date | None
    contracted: tuple[ContractedBank, ...]
    priority_purposes: tuple[str, ...]
    products: tuple[str, ...]
    granted: tuple[GrantedTerm, ...]
    clauses: Mapping[str, str]
    links: tuple[ChainLink, ...] = ()
    targets: tuple[SupportTarget, ...] = ()
    bodies: tuple[ResponsibleBody, ...] = ()

    def citation(self, part: str) -> str:
        """Answer what a reason cites when this part of the plan contributed to it."""
        return self.cite(self.clauses.get(part, ""))

    def cite(self, clause: str) -> str:
        """Answer the plan's version with a clause; without one the version alone."""
        own = f"{self.chain_name}一链一策第{self.version}版"
        return f"{own}，{clause}" if clause else own

    def contracts(self, institutions: Iterable[str]) -> bool:
        """Tell whether one of these codes (a node and those above it) is contracted."""
        codes = {bank.institution for bank in self.contracted}
        return not codes.isdisjoint(institutions)


@dataclass(frozen=True, slots=True)
class ChainInForce:
    """A chain; `industries` are GB/T 4754-2017 codes with section letter that propose its members."""

    code: str
    name: str
    jurisdiction: str
    industries: tuple[str, ...]
    plan: PlanInForce | None = None


@dataclass(frozen=True, slots=True)
class ChainBook:
    """All chains by code as they stand on a day; equal content has equal `sha256`."""

    chains: Mapping[str, ChainInForce]
    sha256: str

    @classmethod
    def build(cls, chains: Iterable[ChainInForce]) -> "ChainBook":
        """Make the book; the order of the chains plays no part."""
        by_code = {chain.code: chain for chain in sorted(chains, key=lambda chain: chain.code)}
        written = json.dumps(
            [_written(chain) for chain in by_code.values()], ensure_ascii=False, sort_keys=True, default=str
        )
        return cls(by_code, hashlib.sha256(written.encode()).hexdigest())

    def plan_of(self, chain: str | None) -> PlanInForce | None:
        """Answer the plan in force of a chain; None for no chain, an unknown one, or one without plan."""
        found = self.chains.get(chain) if chain is not None else None
        return found.plan if found is not None else None

    def profiles(self) -> tuple[ChainProfile, ...]:
        """Answer the chains as what membership is proposed from: their industries, with no words of scopes."""
        return tuple(
            of_industries(chain.code, chain.name, chain.jurisdiction, chain.industries)
            for chain in self.chains.values()
        )

    def propose_chain(self, industry: str, region: str | None = None) -> str | None:
        """Answer the code of the chain to which an industry (`C3412`) points most narrowly, or None.

        The rules are those of `app.chains.membership` for a firm of which only this is known. A proposal is
        for a person to confirm: an industry does not make a firm a member.
        """
        main = propose(Traits("", industry=industry, region=region), self.profiles()).main
        return main.chain if main is not None else None


def _written(chain: ChainInForce) -> dict[str, Any]:
    """Answer a chain as hashes read it."""
    written = asdict(chain)
    if chain.plan is not None:
        leave_out_empty(written["plan"])
    return written


def leave_out_empty(plan: dict[str, Any]) -> None:
    """Take the members of `GROWN` that say nothing out of a plan written as JSON has it."""
    for part, names in GROWN.items():
        inside = [plan] if not part else plan[part] if part == "granted" else [plan[part]]
        for one in inside:
            for name in names:
                if name in one and one[name] in (None, (), [], ""):
                    del one[name]


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days from `since` to `until`, both included; `until` None: still running."""

    since: date
    until: date | None = None

    def holds(self, day: date) -> bool:
        """Tell whether a day lies in the period."""
        return self.since <= day and (self.until is None or day <= self.until)

    def overlaps(self, other: "Period") -> bool:
        """Tell whether at least one day lies in both periods."""
        self_ends_before = self.until is not None and self.until < other.since
        other_ends_before = other.until is not None and other.until < self.since
        return not (self_ends_before or other_ends_before)


def version_in_force(versions: Iterable[tuple[int, Period]], day: date) -> int | None:
    """Answer the number of the plan version that holds on a day, or None.

    A version replaces the one before from its first day on, whatever until that one was written for.
    """
    begun = [(number, period) for number, period in versions if period.since <= day]
    if not begun:
        return None
    number, period = max(begun, key=lambda version: version[0])
    return number if period.holds(day) else None
