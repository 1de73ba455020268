"""What follows from a need's statement: facts for matching, codes, and whether it is a new wording."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.enterprises.need_facts import NeedFacts
from app.policy.derived import derive_facts
from app.policy.facts import Facts
from app.policy.rulebook import AppliedRule
from app.reference.book import ReferenceBook


def facts_for_matching(
    need_facts: NeedFacts, *, on: date, book: ReferenceBook, rules: Sequence[AppliedRule]
) -> Facts:
    """Answer the stated facts and what follows from them on a day (size class, years, security…)."""
    return derive_facts(
        need_facts.stated(),
        established_on=need_facts.established_on,
        on=on,
        book=book,
        rules=rules,
    )


def need_code(uscc: str, project_number: int | None) -> str:
    """Answer the code of a subject's one need: the credit code, with `-P<n>` for a project."""
    return uscc if project_number is None else f"{uscc}-P{project_number}"


def changed_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Answer (fact, before, after) for each stored fact that differs, by name; None is unknown."""
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return [(name, old, new) for name, old, new in pairs if old != new]
