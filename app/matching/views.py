"""Matches and explanations as JSON shows them. Pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from app.catalogue.rules import ProductInForce
from app.institutions.rules import InstitutionTree
from app.matching.engine import Integers, Matcher, Mode
from app.matching.explain import (
    PairExplanation,
    PartOfScore,
    change_text,
    facts_to_ask,
    most_wanted_facts,
    score_parts,
)
from app.matching.inputs import Surroundings
from app.matching.products import MatchNeed
from app.matching.schemas import (
    AskOut,
    ExplanationOut,
    FindingOut,
    MatchesOut,
    PartOut,
)
from app.policy.criteria import Finding, Verdict, evaluate, explain
from app.policy.derived import chinese_name
from app.policy.facts import Members

POINTS_IN_ONE = 10_000
MOST_BESIDE = 10
MOST_ASKED_OF = 500
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class _Judged:
    """One need among its surroundings."""

    around: Surroundings
    matcher: Matcher
    need: MatchNeed
    line: Integers
    only: Collection[int] | None = None

    def ranked(self, mode: Mode, most: int, show: Callable[[int, int], Shown]) -> list[Shown]:
        """Show the best pairs of a mode, given product numbers and scores; of `only` some institutions, if they are."""
        asked = most if self.only is None else len(self.matcher.products)
        found = self.matcher.best(self.line, asked, mode)
        pairs = zip(found.products[0].tolist(), found.scores[0].tolist(), strict=True)
        wanted = ((product, score) for product, score in pairs if product >= 0 and self._is_wanted(product))
        return [show(product, score) for product, score in islice(wanted, most)]

    def _is_wanted(self, product: int) -> bool:
        return self.only is None or self.around.products[product].institution_id in self.only


def judge(
    around: Surroundings,
    matcher: Matcher,
    need: MatchNeed,
    limit: int,
    only: Collection[int] | None = None,
) -> MatchesOut:
    """Answer what a need qualifies for, what it misses nearly, and what to ask.

    `only` leaves the products of some institutions (ids) in the lists; the counts are of all products.
    """
    judged = _Judged(around, matcher, need, matcher.encode_one(need), only)
    counts = matcher.best(judged.line, 1)
    undecided = matcher.candidates(judged.line, Mode.UNKNOWN).products
    asked = (matcher.products[number] for number in undecided[:MOST_ASKED_OF].tolist())
    return MatchesOut.model_validate(  # all at once: a model for each part would cost more than judging
        {
            "on": around.on,
            "library": around.library,
            "products": len(matcher.products),
            "eligible": int(counts.eligible[0]),
            "unknown": int(counts.unknown[0]),
            "near_missed": len(matcher.candidates(judged.line, Mode.NEAR_MISS).products),
            "matches": _matches(judged, limit),
            "near_misses": judged.ranked(Mode.NEAR_MISS, MOST_BESIDE, _near_miss_of(judged)),
            "undecided": judged.ranked(Mode.UNKNOWN, MOST_BESIDE, _undecided_of(judged)),
            "asks": [
                {"fact": name, "name": chinese_name(name), "products": count}
                for name, count in most_wanted_facts(asked, need.facts)
            ],
        }
    )


def _matches(judged: _Judged, limit: int) -> list[dict[str, Any]]:
    around = judged.around
    purposes = judged.need.facts.get("purposes")
    stated = purposes.known if isinstance(purposes, Members) else frozenset()

    def show(number: int, score: int) -> dict[str, Any]:
        product = around.products[number]
        parts = score_parts(judged.need, around.indexed[number], around.plans, around.settings)
        return _reference(product, around.tree) | {
            "score": score / POINTS_IN_ONE,
            "parts": [_part(part) for part in parts],
            "unserved_purposes": list(product.terms.unserved_purposes(stated)),
        }

    found = judged.ranked(Mode.ELIGIBLE, limit, show)
    return [match | {"rank": rank} for rank, match in enumerate(found, start=1)]


def _near_miss_of(judged: _Judged) -> Callable[[int, int], dict[str, Any]]:
    around = judged.around

    def show(number: int, score: int) -> dict[str, Any]:
        facts = judged.need.facts
        fails = [each for each in around.indexed[number].conditions if evaluate(each, facts) is Verdict.FAIL]
        return _reference(around.products[number], around.tree) | {
            "score": score / POINTS_IN_ONE,
            "fails": [_finding(explain(each, facts)) for each in fails],
            "changes": [change_text(each, facts) for each in fails],
        }

    return show


def _undecided_of(judged: _Judged) -> Callable[[int, int], dict[str, Any]]:
    around = judged.around

    def show(number: int, score: int) -> dict[str, Any]:
        names = facts_to_ask(around.indexed[number].conditions, judged.need.facts)
        return _reference(around.products[number], around.tree) | {
            "score": score / POINTS_IN_ONE,
            "asks": [{"fact": name, "name": chinese_name(name)} for name in names],
        }

    return show


def explanation_out(
    need_code: str, product: ProductInForce, found: PairExplanation, around: Surroundings
) -> ExplanationOut:
    """Answer an explained pair as JSON."""
    return ExplanationOut(
        **_reference(product, around.tree),
        need=need_code,
        on=around.on,
        verdict=found.verdict.word,
        score=found.score / POINTS_IN_ONE,
        findings=findings_out(found.findings),
        parts=[PartOut(**_part(part)) for part in found.parts],
        changes=list(found.changes),
        asks=asks_out(found.asks),
    )


def findings_out(findings: Iterable[Finding]) -> list[FindingOut]:
    """Answer judged criteria as JSON."""
    return [FindingOut(**_finding(each)) for each in findings]


def _finding(each: Finding) -> dict[str, Any]:
    return {
        "facts": list(each.facts),
        "asked": each.asked,
        "found": each.found,
        "verdict": each.verdict.word,
        "source": each.source,
    }


def asks_out(names: Iterable[str]) -> list[AskOut]:
    """Answer fields of a need to ask for as JSON."""
    return [AskOut(fact=name, name=chinese_name(name)) for name in names]


def _part(part: PartOfScore) -> dict[str, Any]:
    return {
        "part": part.part,
        "name": part.name,
        "value": part.value,
        "weight": part.weight,
        "points": part.points / POINTS_IN_ONE,
        "reason": part.reason,
        "citations": list(part.citations),
    }


def _reference(product: ProductInForce, tree: InstitutionTree) -> dict[str, Any]:
    node = tree.node(product.institution_id)
    return {
        "product": product.code,
        "product_name": product.name,
        "revision": product.revision,
        "institution": node.code,
        "institution_name": node.name,
    }
