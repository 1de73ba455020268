"""Classifications, cases and routings as the models that JSON and the command line show (pure)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.bottlenecks.cases import finding_from_data
from app.bottlenecks.routing import RoutedNeed, Routing
from app.bottlenecks.rules import ROUTE_NAMES, ClassFinding, Classification
from app.bottlenecks.schemas import (
    CaseOut,
    ClassCount,
    ClassificationOut,
    ClassOut,
    ReceiverOut,
    RoutingOut,
)
from app.enterprises.need_facts import NeedFacts
from app.matching.views import asks_out, findings_out
from app.policy.rulebook import AppliedRule

MOST_RECEIVERS: Final = 20
"""Receivers that an answer lists; a province has hundreds of bank branches."""
StoredFinding = tuple[str, str, dict[str, Any]]


def routed_need(facts: NeedFacts) -> RoutedNeed:
    """Answer what routing asks of a stated need."""
    banks = None if facts.existing_banks is None else tuple(facts.existing_banks)
    return RoutedNeed(facts.region, facts.amount, facts.existing_loans, banks)


def classification_out(found: Classification, routing: Routing | None) -> ClassificationOut:
    """Show a classification with all its classes, also those that do not apply."""
    asks = [*found.asks, *(routing.asks if routing else ())]
    return ClassificationOut(
        route=found.route,
        route_name=route_name(found.route, found.leading),
        classes=[class_out(one) for one in found.findings],
        asks=asks_out(dict.fromkeys(asks)),
        gap=found.gap,
        routing=routing_out(routing),
    )


def stored_findings(rows: Iterable[StoredFinding], order: Sequence[str]) -> list[ClassFinding]:
    """Read stored findings in the order in which they were judged."""
    places = {code: place for place, code in enumerate(order)}
    return sorted(
        (finding_from_data(*row) for row in rows), key=lambda one: places.get(one.class_code, len(places))
    )


def case_fields(case: Any, rows: Iterable[StoredFinding]) -> dict[str, Any]:
    """Answer the members of `CaseOut` for a listed case and its findings."""
    findings = stored_findings(rows, case.detail["order"])
    leading = next((one for one in findings if one.class_code == case.route), None)
    return {
        "entry": case.entry,
        "edition": case.edition,
        "need": case.need,
        "enterprise": case.enterprise,
        "region": case.region,
        "cause": case.cause,
        "route": case.route,
        "route_name": route_name(case.route, leading),
        "classes": [class_out(one) for one in findings],
        "asks": asks_out(case.detail["asks"]),
        "gap": case.detail["gap"],
        "since": case.created_at,
    }


def case_out(case: Any, rows: Iterable[StoredFinding]) -> CaseOut:
    """Show a listed case."""
    return CaseOut(**case_fields(case, rows))


def class_out(found: ClassFinding) -> ClassOut:
    """Show one class."""
    return ClassOut(
        class_code=found.class_code,
        name=found.name,
        verdict=found.verdict.word,
        reasons=findings_out(found.reasons),
        asks=asks_out(found.asks),
        receiver=found.receiver,
        responsible_body=found.responsible_body,
        citation=found.citation,
        adopted=found.adopted,
    )


def routing_out(routing: Routing | None) -> RoutingOut | None:
    """Show who receives a need; the first of many receivers, with their number."""
    if routing is None:
        return None
    return RoutingOut(
        receivers=[
            ReceiverOut(institution=one.code, name=one.name, reasons=list(one.reasons))
            for one in routing.receivers[:MOST_RECEIVERS]
        ],
        receivers_total=len(routing.receivers),
        body=routing.body,
        through=routing.through,
        note=routing.note,
    )


def route_name(route: str, leading: ClassFinding | None) -> str:
    """Answer a route's Chinese name."""
    return leading.name if leading is not None else ROUTE_NAMES[route]


def class_count(route: str, name: str, count: int, rule: AppliedRule | None) -> ClassCount:
    """Answer how many entries a class leads, with what its rule says; None: no rule in force leads there."""
    data = rule.data if rule is not None else {}
    return ClassCount(
        route=route,
        name=name,
        count=count,
        responsible_body=data.get("responsible_body", ""),
        receiver=data.get("receiver", ""),
        citation=rule.citation if rule is not None else "",
    )
