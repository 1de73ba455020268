"""Versions and drafts of a chain's plan as the rules of their life take them, and what a comparison rests on (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.chains.plan_states import Comparison, PlanState, PlanVersion
from app.chains.rules import ChainBook, Period
from app.kernel.errors import Fault
from app.matching.engine import VERSION
from app.matching.inputs import Surroundings, sha256_of
from app.matching.partitions import inputs_hash


class DraftState(StrEnum):
    """Where a draft stands; `PlanState` says it of all versions."""

    DRAFT = "draft"
    COMPARED = "compared"
    PUBLISHED = "published"
    GIVEN_UP = "given_up"


DRAFT_STATE_LABELS: Final[Mapping[DraftState, str]] = {
    DraftState.DRAFT: "草案",
    DraftState.COMPARED: "已比较",
    DraftState.PUBLISHED: "已发布",
    DraftState.GIVEN_UP: "已放弃",
}
VERSION_STATE_LABELS: Final[Mapping[PlanState, str]] = {
    PlanState.PUBLISHED: "已发布",
    PlanState.ARCHIVED: "已归档",
}
OPEN: Final = frozenset({DraftState.DRAFT, DraftState.COMPARED})


class Effect(StrEnum):
    """Which of the changed needs are asked for."""

    GAINS = "gains"  # products become eligible
    LOSES = "loses"  # products cease to be
    BETTER = "better"  # the best score rises
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Published:
    """A published version, and whether it was archived."""

    number: int
    period: Period
    content_hash: str
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Drafted:
    """An open draft; `comparison` is the one of its content as it is, None while there is none."""

    number: int
    period: Period
    content_hash: str
    replaces: int | None
    comparison: Comparison | None = None


def versions_of(published: Sequence[Published], drafts: Iterable[Drafted]) -> list[PlanVersion]:
    """Answer all versions of a chain's plan: published ones in order, then open drafts, numbered on."""
    found = [
        PlanVersion(
            one.number,
            PlanState.ARCHIVED if one.is_archived else PlanState.PUBLISHED,
            one.period,
            one.content_hash,
            before.number if before is not None else None,
        )
        for before, one in zip([None, *published], published, strict=False)
    ]
    following = max((one.number for one in published), default=0)
    for place, one in enumerate(drafts, start=1):
        state = PlanState.DRAFT if one.comparison is None else PlanState.COMPARED
        found.append(
            PlanVersion(
                following + place,
                state,
                one.period,
                one.content_hash,
                one.replaces,
                one.comparison,
                draft=one.number,
            )
        )
    return found


def the_draft(versions: Iterable[PlanVersion], number: int) -> PlanVersion:
    """Answer the open draft of a number."""
    return next(one for one in versions if one.draft == number)


def with_replaced(version: PlanVersion, replaces: int | None) -> PlanVersion:
    """Answer a draft that follows another published version."""
    return replace(version, replaces=replaces)


def inputs_of(
    around: Surroundings, chain: str, edition: str | None, needs: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Answer what a comparison rests on, as hashes; `needs` are entry codes and the hashes of their wording.

    The day is none of it: rules, prices and products of another day are hashed as they are then, so that a comparison of
    yesterday holds while they are the same.
    """
    own = around.chains.chains.get(chain)
    others = [
        f"{code}|{grant.product}|{grant.amount_most}|{grant.term_most}"
        for code, plan in sorted(around.plans.items())
        if code != chain
        for grant in plan.grants
    ]
    return surroundings_part(
        around, own_sha256=ChainBook.build([own] if own else []).sha256, others=others
    ) | {
        "edition": edition,
        "needs": sha256_of([f"{code}|{wording}" for code, wording in needs]),
    }


def surroundings_part(around: Surroundings, *, own_sha256: str, others: Sequence[str]) -> dict[str, Any]:
    """Answer the part of the inputs that is not about needs."""
    return {
        "engine": VERSION,
        "rules": around.rules.sha256,
        "products": around.products_sha256,
        "plan": own_sha256,
        "grants": sha256_of(others),
        "kept": around.kept,
        "weights": dict(around.settings.weights),
        "price_range": {"best": around.settings.best_price_bp, "worst": around.settings.worst_price_bp},
    }


def changed_inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Name the inputs that are told now and differ from before, sorted."""
    return sorted(name for name in now if now[name] != before.get(name))


def faults_of_inputs(names: Iterable[str]) -> list[Fault]:
    """Say which inputs of a comparison have changed."""
    return [
        Fault(f"inputs.{name}", "changed since the comparison", "Compare the draft again.") for name in names
    ]


def counted(rows: Iterable[tuple[str, int, int, int]]) -> list[dict[str, Any]]:
    """Count changed needs by county: rows of region, products gained and lost, change of the best score."""
    found: dict[str, Counter[str]] = {}
    for region, gained, lost, moved in rows:
        one = found.setdefault(region, Counter())
        one["changed"] += 1
        one[Effect.GAINS] += gained > 0
        one[Effect.LOSES] += lost > 0
        one[Effect.BETTER] += moved > 0
        one[Effect.WORSE] += moved < 0
    names = ("changed", *Effect)
    return [
        {"region": region, **{str(name): found[region][str(name)] for name in names}}
        for region in sorted(found)
    ]


def hash_of(inputs: Mapping[str, Any]) -> str:
    """Hash all that a comparison rests on."""
    return inputs_hash(inputs)


def kept_comparison(
    content_hash: str, against: int | None, edition: str | None, inputs: str, on: date
) -> Comparison:
    """Answer a stored comparison as the rules take it."""
    return Comparison(content_hash, against, edition, inputs, on)
