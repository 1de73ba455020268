"""Which clauses of which packs a citation such as 金发〔2024〕5号（九） names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.policy.clause_numbers import plain_number
from app.policy.packs import Clause, Pack, Parameter, Rule, RuleKind

_SEVERAL = re.compile(r"[；;、]")


@dataclass(frozen=True, slots=True)
class Cited:
    """One clause of one pack."""

    pack: Pack
    clause: Clause

    @property
    def text(self) -> str:
        """The clause as one cites it."""
        return f"{self.pack.cite_as}（{self.clause.number}）"

    def parameters(self) -> tuple[Parameter, ...]:
        """Answer the figures written in the clause."""
        return tuple(one for one in self.pack.parameters if one.citation.clause == self.clause.number)

    def chain_rules(self, part: str) -> tuple[Rule, ...]:
        """Answer what the clause says of a part of a chain's plan (`products`, `contracted` …)."""
        return tuple(
            one
            for one in self.pack.rules
            if one.kind is RuleKind.CHAIN
            and one.citation.clause == self.clause.number
            and one.data.get("plan_item") == part
        )


def cited(text: str, packs: Sequence[Pack]) -> tuple[Cited, ...] | None:
    """Answer the clauses that a citation names, several apart by ；or 、; None when one of them is in no pack.

    Spelling is free where people differ: full-width or plain brackets, （九）, 九 or 9, blanks anywhere.
    """
    found = [_one(each, packs) for each in _SEVERAL.split(text) if each.strip()]
    known = tuple(each for each in found if each is not None)
    return known if found and len(known) == len(found) else None


def _one(text: str, packs: Sequence[Pack]) -> Cited | None:
    written = _plain(text)
    for pack in sorted(packs, key=lambda one: -len(one.cite_as)):
        name = _plain(pack.cite_as)
        if not written.startswith(name):
            continue
        number = plain_number(written.removeprefix(name))
        clause = next((one for one in pack.clauses if plain_number(one.number) == number), None)
        if clause is not None:
            return Cited(pack, clause)
    return None


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
