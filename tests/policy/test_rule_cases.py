"""Rules of the packs, held to cases that a policy officer can read (tests/policy/cases/*.yaml)."""

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.kernel.errors import Fault
from app.kernel.settings import PROJECT_ROOT
from app.policy.amounts import amount_from_text
from app.policy.criteria import evaluate
from app.policy.facts import FACTS, FactValue, Members
from app.policy.loading import load_policy_library
from app.policy.packs import RuleKind
from app.policy.precedence import Adoption, make_rule_book
from app.policy.yaml_lines import read_yaml

LIBRARY = load_policy_library(PROJECT_ROOT / "seed")
HELD = (RuleKind.ADMISSION, RuleKind.BOTTLENECK, RuleKind.DERIVED)
MORE = "…"  # in a list: there may be others


def _cases() -> list[dict[str, Any]]:
    cases = []
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        faults: list[Fault] = []
        data, _ = read_yaml(path.read_text(encoding="utf-8"), path.name, faults)
        assert faults == []
        cases += data["cases"]
    return cases


def _fact(name: str, written: Any) -> FactValue:
    kind = FACTS[name].kind
    if kind == "choices":
        return Members(frozenset(written) - {MORE}, is_complete=MORE not in written)
    value: FactValue | None = amount_from_text(written) if kind == "money" else written
    assert value is not None
    return value


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_rule_decides_as_the_case_says_and_cites_its_clause(case: dict[str, Any]) -> None:
    jurisdiction = case.get("jurisdiction", "230000")
    adoptions = [
        Adoption(1, jurisdiction, pack, "*", date(2024, 1, 1), None, "cases", "tester")
        for pack in [case.get("adopted")]
        if pack
    ]
    book = make_rule_book(LIBRARY, adoptions, jurisdiction, case["on"])
    rule = next(rule for rule in book.rules if rule.key == case["rule"])
    facts = {name: _fact(name, written) for name, written in case["facts"].items()}
    assert evaluate(rule.condition, facts).word == case["expected"]
    assert f"{rule.pack} {rule.clause}" == case["clause"]
    assert bool(rule.adopted) == ("adopted" in case)


def test_each_admission_bottleneck_and_derived_rule_is_held_to_pass_fail_and_unknown() -> None:
    seen = defaultdict(set)
    for case in CASES:
        seen[case["rule"]].add(case["expected"])
    held = {rule.key for pack in LIBRARY.packs for rule in pack.rules if rule.kind in HELD}
    assert {key: seen[key] for key in held} == {key: {"pass", "fail", "unknown"} for key in held}
