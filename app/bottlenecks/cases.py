"""A classification as it is stored and shown: JSON values and their hash (pure)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.bottlenecks.rules import (
    ClassFinding,
    Classification,
    classify,
    established_as_data,
    with_established,
)
from app.enterprises.need_facts import NeedFacts
from app.policy.criteria import Finding, Verdict
from app.policy.derived import derive_facts
from app.policy.facts import Facts
from app.policy.rulebook import RuleBook
from app.reference.book import ReferenceBook


@dataclass(frozen=True, slots=True)
class BlockedNeed:
    """An entry's need as it was admitted, with what was established beyond its own statement."""

    entry_id: int
    need_revision_id: int
    facts: NeedFacts
    established: Facts


class CaseSays(Protocol):
    """As much of a case, stored or not, as says where its entry goes."""

    @property
    def entry_id(self) -> int:
        """The row number of the entry whose case it is."""
        ...

    @property
    def cause(self) -> str:
        """`no_product` or `declined`."""
        ...

    @property
    def route(self) -> str:
        """A class, `ask` or `policy_gap`."""
        ...

    @property
    def detail(self) -> dict[str, Any]:
        """What to ask, what the gap is, what is established."""
        ...

    @property
    def leading(self) -> tuple[str, str, dict[str, Any]] | None:
        """(class, verdict, detail) of the class that routes."""
        ...


@dataclass(frozen=True, slots=True)
class CaseContent:
    """What a case says; equal content has equal `sha256`. `findings` holds (class, verdict, detail)."""

    entry_id: int
    need_revision_id: int
    cause: str
    route: str
    detail: dict[str, Any]
    findings: tuple[tuple[str, str, dict[str, Any]], ...]
    sha256: str

    @property
    def leading(self) -> tuple[str, str, dict[str, Any]] | None:
        """Answer (class, verdict, detail) of the class that routes; None for `ask` and `policy_gap`."""
        return next((found for found in self.findings if found[0] == self.route), None)


def classify_need(
    facts: NeedFacts, established: Facts, rules: RuleBook, reference: ReferenceBook
) -> Classification:
    """Classify a need by the rules of a day; what was established beyond its statement comes before it.

    A class that rests on missing collateral leads no more once a guarantee is established.
    """
    derived = derive_facts(
        with_established(facts.stated(), established),
        established_on=facts.established_on,
        on=rules.on,
        book=reference,
        rules=rules.derived,
    )
    return classify(derived, rules, established)


def case_of(need: BlockedNeed, found: Classification, cause: str) -> CaseContent:
    """Answer what is stored: the classes that apply or may apply, what to ask, what the gap is."""
    detail = {
        "asks": list(found.asks),
        "gap": found.gap,
        "order": [one.class_code for one in found.findings],
        "established": established_as_data(need.established),
    }
    findings = tuple(
        (one.class_code, one.verdict.word, finding_as_data(one))
        for one in found.with_verdict(Verdict.PASS, Verdict.UNKNOWN)
    )
    written = json.dumps(
        [need.need_revision_id, cause, found.route, detail, findings], ensure_ascii=False, sort_keys=True
    )
    sha256 = hashlib.sha256(written.encode()).hexdigest()
    return CaseContent(need.entry_id, need.need_revision_id, cause, found.route, detail, findings, sha256)


def finding_as_data(found: ClassFinding) -> dict[str, Any]:
    """Write a class finding as JSON; its code and verdict stand in columns of their own."""
    return {
        "name": found.name,
        "reasons": [
            {
                "facts": list(reason.facts),
                "asked": reason.asked,
                "found": reason.found,
                "verdict": reason.verdict.word,
                "source": reason.source,
            }
            for reason in found.reasons
        ],
        "asks": list(found.asks),
        "route": found.route,
        "responsible_body": found.responsible_body,
        "receiver": found.receiver,
        "citation": found.citation,
        "adopted": found.adopted,
    }


def finding_from_data(class_code: str, verdict: str, detail: Mapping[str, Any]) -> ClassFinding:
    """Read what `finding_as_data` wrote."""
    reasons = tuple(
        Finding(
            tuple(reason["facts"]),
            reason["asked"],
            reason["found"],
            Verdict[reason["verdict"].upper()],
            reason["source"],
        )
        for reason in detail["reasons"]
    )
    return ClassFinding(
        class_code=class_code,
        name=detail["name"],
        verdict=Verdict[verdict.upper()],
        reasons=reasons,
        asks=tuple(detail["asks"]),
        route=detail["route"],
        responsible_body=detail["responsible_body"],
        receiver=detail["receiver"],
        citation=detail["citation"],
        adopted=detail["adopted"],
    )
