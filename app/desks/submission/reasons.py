"""Why a question is asked: which rules in force, by clause, need to know the answer. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.policy.derived import STATED_BEHIND
from app.policy.rulebook import RuleBook

MOST_REASONS = 6
Reason = tuple[str, str]
"""What a rule decides, and its clause."""


def reasons(book: RuleBook) -> Mapping[str, Sequence[Reason]]:
    """Answer for each fact that people state the rules that ask for it, documents before operators' settings."""
    found: dict[str, dict[Reason, None]] = defaultdict(dict)
    for rule in sorted(book.rules, key=lambda one: (one.source != "document", one.key)):
        for fact in sorted(rule.condition.facts()):
            for stated in STATED_BEHIND.get(fact, (fact,)):
                found[stated][rule.name, rule.citation] = None
    return {fact: list(rules)[:MOST_REASONS] for fact, rules in found.items()}
