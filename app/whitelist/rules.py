"""Editions, admission, what reviews decide, and how two editions differ. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from app.enterprises.rules import changed_facts
from app.policy.criteria import AllOf, Condition, Finding, Verdict, evaluate, explain, missing_facts
from app.policy.derived import chinese_name, facts_to_state
from app.policy.facts import Facts
from app.policy.rulebook import AppliedRule

EDITION_PATTERN: Final = r"^20[0-9]{2}H[12]$"
EntryStatus = Literal["admitted", "review", "refused"]
ReviewKind = Literal["admission_unknown", "duplicate_name"]
DuplicateDecision = Literal["same_firm", "different_firm"]
Decision = Literal["admit", "refuse", "same_firm", "different_firm"]
SUPERSEDED: Final = "superseded"
"""Decision of an open item whose statement was replaced before anybody decided."""
NO_RULE: Final = "现行政策中没有这一名单类别的准入规则"
DECISIONS: Final[Mapping[str, tuple[Decision, ...]]] = {
    "admission_unknown": ("admit", "refuse"),
    "duplicate_name": ("same_firm", "different_firm"),
}
_REFUSING: Final = frozenset({"refuse", "same_firm"})


def edition_period(code: str) -> tuple[date, date]:
    """Answer the first and the last day of a half-year: 2023H2 is 2023-07-01 to 2023-12-31.

    Raises:
        ValueError: the text is not an edition's code.
    """
    if re.match(EDITION_PATTERN, code) is None:
        msg = f"{code!r} is not an edition such as 2023H2"
        raise ValueError(msg)
    year = int(code[:4])
    if code.endswith("1"):
        return date(year, 1, 1), date(year, 6, 30)
    return date(year, 7, 1), date(year, 12, 31)


def edition_on(day: date) -> str:
    """Answer the code of the edition in force on a day."""
    return f"{day.year}H{1 if day.month <= 6 else 2}"  # noqa: PLR2004 - June ends the first half


def deciding_day(code: str, today: date) -> date:
    """Answer the day whose rules decide on admission: today, but inside the edition's half-year."""
    first, last = edition_period(code)
    return min(max(today, first), last)


def entry_code(edition: str, need_code: str) -> str:
    """Answer the stable code of an entry, such as 2023H2-91230199MA1BQXYE20-P1."""
    return f"{edition}-{need_code}"


@dataclass(frozen=True, slots=True)
class Admission:
    """What the rules in force say of a need: the verdict, the rule that decided, each finding, what to ask.

    `rule` is None when no rule in force admits the stated class; that too waits for a person.
    """

    verdict: Verdict
    rule: AppliedRule | None
    findings: tuple[Finding, ...] = ()
    ask: tuple[str, ...] = ()

    @property
    def status(self) -> EntryStatus:
        """Answer where an entry stands by the rules alone."""
        by_verdict: Mapping[Verdict, EntryStatus] = {
            Verdict.PASS: "admitted",
            Verdict.FAIL: "refused",
            Verdict.UNKNOWN: "review",
        }
        return by_verdict[self.verdict]

    def as_json(self) -> dict[str, Any]:
        """Answer it as it is stored with the entry."""
        rule = self.rule
        return {
            "verdict": self.verdict.word,
            "rule": rule.key if rule else None,
            "name": rule.name if rule else None,
            "citation": rule.citation if rule else None,
            "adopted": rule.adopted if rule else "",
            "findings": [
                {
                    "facts": list(finding.facts),
                    "asked": finding.asked,
                    "found": finding.found,
                    "verdict": finding.verdict.word,
                    "source": finding.source,
                }
                for finding in self.findings
            ],
            "ask": [{"fact": name, "chinese": chinese_name(name)} for name in self.ask],
        }


def decide_admission(source_class: str, facts: Facts, rules: Sequence[AppliedRule]) -> Admission:
    """Say whether a need belongs on the whitelist as the class that it states.

    Of several rules for the class the most favourable decides, of equal ones the first by key.
    """
    own = sorted(
        (rule for rule in rules if rule.data["source_class"] == source_class), key=lambda rule: rule.key
    )
    if not own:
        return Admission(Verdict.UNKNOWN, None)
    rule = max(own, key=lambda rule: evaluate(rule.condition, facts))
    ask = facts_to_state(missing_facts(rule.condition, facts), facts)
    findings = tuple(explain(part, facts) for part in _parts(rule.condition))
    return Admission(evaluate(rule.condition, facts), rule, findings, ask)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.criteria if isinstance(condition, AllOf) else (condition,)


def status_after(by_rules: EntryStatus, items: Sequence[tuple[str, str | None]]) -> EntryStatus:
    """Answer where an entry stands after its review items, each (kind, decision or None while open).

    One refusing decision refuses; what the rules refuse stays refused; an open item keeps it waiting;
    an admission that the rules left open needs somebody's `admit`.
    """
    decisions = {decision for _, decision in items}
    if by_rules == "refused" or decisions & _REFUSING:
        return "refused"
    if None in decisions:
        return "review"
    if by_rules == "review" and "admit" not in decisions:
        return "review"
    return "admitted"


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry as a comparison of editions sees it."""

    need_code: str
    entry_code: str
    name: str
    revision_id: int
    content_hash: str


Change = Literal["kept", "new", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How one need stands in two editions; None where it is not listed."""

    change: Change
    before: Listed | None
    after: Listed | None

    @property
    def listed(self) -> Listed:
        """Answer the newer listing that there is."""
        found = self.after or self.before
        assert found is not None
        return found


def compare_editions(before: Sequence[Listed], after: Sequence[Listed]) -> list[Difference]:
    """Compare two editions need by need, ordered by the need's code."""
    older = {listed.need_code: listed for listed in before}
    newer = {listed.need_code: listed for listed in after}
    return [_difference(older.get(code), newer.get(code)) for code in sorted(older.keys() | newer.keys())]


def _difference(before: Listed | None, after: Listed | None) -> Difference:
    if before is None:
        return Difference("new", None, after)
    if after is None:
        return Difference("removed", before, None)
    return Difference("kept" if before.content_hash == after.content_hash else "changed", before, after)


def fact_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer the facts that differ between two stored wordings, with their Chinese names; null is unknown."""
    return [
        {
            "fact": name,
            "chinese": chinese_name(name),
            "before": old,
            "after": new,
        }
        for name, old, new in changed_facts(before, after)
    ]
