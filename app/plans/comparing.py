"""What a draft would do to the needs of an edition, as it is kept: figures, one row for each changed need (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.chains.rules import PlanInForce
from app.enterprises.need_facts import NeedFacts
from app.kernel.progress import report
from app.matching.engine import Matcher
from app.matching.inputs import NeedReader, Surroundings, plan_terms, sha256_of
from app.matching.plan_effect import plan_effect, sides
from app.matching.plan_effect_listing import Best, NeedEffect, effect_counts, effect_page
from app.matching.products import MatchNeed, PlanTerms
from app.plans.rules import counted

MOST_GAINS: Final = 200
"""Products and banks that are kept with how many needs gain and lose them; of more their number is told."""
REPORT_EVERY: Final = 2_000


@dataclass(frozen=True, slots=True)
class ComparedEntry:
    """An entry of the edition that a plan of the chain may concern, with the facts that it was listed with."""

    id: int
    code: str
    region: str
    facts: Mapping[str, Any]
    content_hash: str


@dataclass(frozen=True, slots=True)
class ComparedPlan:
    """What a comparison came to; `rows` are those of `PlanEffectOnEntry`, without the comparison."""

    counts: dict[str, Any]
    rows: Sequence[dict[str, Any]]
    result_hash: str


def plans_with(around: Surroundings, plan: PlanInForce) -> Mapping[str, PlanTerms]:
    """Answer the plans in force with one more in the place of its chain's."""
    return {**around.plans, plan.chain: plan_terms(plan)}


def compared(
    around: Surroundings, matcher: Matcher, plan: PlanInForce, entries: Sequence[ComparedEntry], listed: int
) -> ComparedPlan:
    """Compare a plan with the one in force; `matcher` is that of the surroundings, `listed` counts the whole edition.

    Entries of other chains differ in nothing: `entries` are those of the chain, and those that state none.
    """
    needs = list(_needs(around, entries))
    effect = plan_effect(
        [one.code for one in entries],
        needs,
        sides(matcher, around.stated, plans_with(around, plan)),
        around.kept,
    )
    figures = asdict(effect_counts(effect)) | {"entries": listed}
    found = effect_page(effect, needs, most=max(1, len(entries))).needs
    by_code = {one.code: one for one in entries}
    moved = {
        code: int(change) for code, change in zip(effect.codes, effect.best_change.tolist(), strict=True)
    }
    rows = [_row(by_code[one.code], one, moved[one.code]) for one in found]
    for part in ("products", "banks"):
        figures[f"{part}_total"] = len(figures[part])
        figures[part] = list(figures[part][:MOST_GAINS])
    figures["counties"] = counted(
        (row["region_code"], row["gained"], row["lost"], row["moved"]) for row in rows
    )
    lines = (
        f"{one.code}|{one.gained.codes}|{one.lost.codes}|{one.rescored}|{one.order_after}|{_score(one.best_after)}"
        for one in found
    )
    return ComparedPlan(figures, rows, sha256_of(lines))


def _needs(around: Surroundings, entries: Sequence[ComparedEntry]) -> Iterator[MatchNeed]:
    reader = NeedReader(around)
    for place, entry in enumerate(entries):
        if place % REPORT_EVERY == 0:
            report("comparing plans", place, len(entries))
        yield reader.need_of(NeedFacts.model_validate(entry.facts))


def _row(entry: ComparedEntry, found: NeedEffect, moved: int) -> dict[str, Any]:
    return {
        "entry_id": entry.id,
        "code": entry.code,
        "region_code": entry.region,
        "gained": found.gained.total,
        "lost": found.lost.total,
        "banks_gained": found.banks_gained.total,
        "banks_lost": found.banks_lost.total,
        "rescored": found.rescored,
        "moved": moved,
        "detail": {
            **{
                part: list(getattr(found, part).codes)
                for part in ("gained", "lost", "banks_gained", "banks_lost")
            },
            "before": _best(found.best_before),
            "after": _best(found.best_after),
            "order_before": list(found.order_before),
            "order_after": list(found.order_after),
            "steps": [asdict(step) | {"sentence": step.sentence} for step in found.steps],
            "sentence": found.sentence,
        },
    }


def _best(best: Best | None) -> dict[str, Any] | None:
    return None if best is None else asdict(best)


def _score(best: Best | None) -> int | None:
    return None if best is None else best.score
