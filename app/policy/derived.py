"""Facts that follow from stated ones; a fact that cannot be derived stays unknown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from app.policy.criteria import Verdict, evaluate
from app.policy.facts import FACTS, Facts, FactValue, Members
from app.policy.rulebook import AppliedRule
from app.reference.book import ReferenceBook
from app.reference.sizes import size_class

STATED_BEHIND: Final[Mapping[str, tuple[str, ...]]] = {
    "size_class": ("industry", "staff", "revenue"),
    "years_established": ("established_on",),
    "security": ("collateral", "guarantee_available"),
}
"""What a person states so that a derived fact, which nobody may state, becomes known."""
RECORDED: Final[Mapping[str, str]] = {
    "established_on": "成立日期",
    "existing_banks": "现有贷款银行",
    "ownership": "所有制",
    "project_name": "项目名称",
}
"""What is recorded with a need but is no fact that a criterion may use: JSON field and Chinese name."""
_DECIDED = {Verdict.PASS: True, Verdict.FAIL: False, Verdict.UNKNOWN: None}


def derive_facts(
    stated: Facts,
    *,
    established_on: date | None,
    on: date,
    book: ReferenceBook,
    rules: Sequence[AppliedRule],
) -> Facts:
    """Answer the stated facts with those that follow from them on a day.

    Adds `size_class` (国统字〔2017〕213号), `years_established` (full years), `security`, `subject` (an
    enterprise unless said), and each fact of an operator's rule that is not stated (`light_assets`).
    """
    facts: dict[str, FactValue | None] = dict(stated)
    facts["subject"] = stated.get("subject") or "enterprise"
    facts["years_established"] = full_years(established_on, on)
    facts["size_class"] = _size(stated, book)
    facts["security"] = security(stated)
    for rule in rules:
        name = rule.data["fact"]
        if facts.get(name) is None:
            facts[name] = _DECIDED[evaluate(rule.condition, facts)]
    return facts


def full_years(since: date | None, on: date) -> int | None:
    """Answer the full years between two days; None if the first is unknown or lies after the second.

    A firm founded on 29 February completes a year on 1 March of common years.
    """
    if since is None or since > on:
        return None
    return on.year - since.year - ((on.month, on.day) < (since.month, since.day))


def _size(stated: Facts, book: ReferenceBook) -> str | None:
    industry, staff, revenue = stated.get("industry"), stated.get("staff"), stated.get("revenue")
    entry = book.industries.parse(industry) if isinstance(industry, str) else None
    found = size_class(
        entry.code if entry else None,
        revenue if isinstance(revenue, int) else None,
        staff if isinstance(staff, int) else None,
        book.sizes,
    )
    return found.size.value if found.size else None


def security(stated: Facts) -> Members:
    """Answer what a loan can rest on: credit always, a guarantee if one can be had, each collateral.

    Incomplete while collateral or guarantee is unknown: there may be more than is stated.
    """
    collateral, guarantee = stated.get("collateral"), stated.get("guarantee_available")
    known = {"credit"} | ({"guarantee"} if guarantee is True else set())
    if not isinstance(collateral, Members):
        return Members.at_least(known)
    is_complete = collateral.is_complete and guarantee is not None
    return Members(collateral.known | known, is_complete)


def facts_to_state(names: Iterable[str], facts: Facts) -> tuple[str, ...]:
    """Answer what has to be asked for so that these unknown facts become known, as fields of a need, sorted.

    A derived fact is replaced by the stated ones behind it that are missing; if all are there (an industry too
    broad for a size class), by the first, which has to be stated more exactly.
    """
    wanted: set[str] = set()
    for name in names:
        behind = STATED_BEHIND.get(name, (name,))
        wanted.update([each for each in behind if _is_open(facts.get(each))] or behind[:1])
    return tuple(sorted(wanted))


def chinese_name(name: str) -> str:
    """Answer the Chinese name of a fact, or of something else that is recorded with a need."""
    return FACTS[name].chinese if name in FACTS else RECORDED[name]


def _is_open(value: FactValue | None) -> bool:
    return value is None or (isinstance(value, Members) and not value.is_complete)
