"""Stored drafts, comparisons and versions as the models that JSON, pages and the command line show (pure of I/O)."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.chains.plan_changes import PLAN_PARTS, plan_changes
from app.chains.plan_states import PlanState
from app.chains.planning import plan_in_force
from app.chains.rules import Period, PlanInForce
from app.chains.schemas import PlanContent
from app.chains.tables import Chain, ChainPlan
from app.matching.plan_influence import score_text
from app.plans.queries import ListedEffect, ListedReallocation, StoredVersion
from app.plans.rules import DRAFT_STATE_LABELS, VERSION_STATE_LABELS, DraftState
from app.plans.schemas import (
    BankLoad,
    BestOut,
    ComparisonCounts,
    ComparisonOut,
    ComparisonSummary,
    CountyEffect,
    DraftOut,
    DraftSummary,
    EffectStepOut,
    GainsOut,
    NamedOut,
    NeedEffectOut,
    PlanChangeOut,
    PlanVersionOut,
    ReallocatedOut,
    ReallocationOut,
)
from app.plans.tables import PlanComparison, PlanDraft, PlanReallocation


def value_of(chain: Chain, number: int, row: PlanDraft | ChainPlan) -> PlanInForce:
    """Answer a stored plan or draft as the value that matching and allocation read, as if it were in force."""
    return plan_in_force(chain.code, chain.name, number, Period(row.since, row.until), row.content)


def draft_summary(chain: str, row: PlanDraft) -> DraftSummary:
    """Show a draft in a list."""
    return DraftSummary.model_validate(_about(chain, row))


def _about(chain: str, row: PlanDraft) -> dict[str, Any]:
    state = DraftState(row.state)
    own = {name: getattr(row, name) for name in DraftSummary.model_fields if hasattr(row, name)}
    return {**own, "chain": chain, "state": state, "state_name": DRAFT_STATE_LABELS[state]}


def draft_out(
    chain: Chain,
    row: PlanDraft,
    in_force: ChainPlan | None,
    comparison: PlanComparison | None,
) -> DraftOut:
    """Show a draft beside the plan in force; `comparison` is the newest of all, which may be of another content."""
    before = None if in_force is None else value_of(chain, in_force.version, in_force)
    changes = changes_out(before, value_of(chain, 0, row))
    is_current = comparison is not None and comparison.content_hash == row.content_hash
    return DraftOut(
        **_about(chain.code, row),
        plan=PlanContent.model_validate(row.content),
        in_force=None if in_force is None else in_force.version,
        changes=changes,
        comparison=comparison.number if comparison is not None and is_current else None,
    )


def changes_out(before: PlanInForce | None, after: PlanInForce | None) -> list[PlanChangeOut]:
    """Show how two versions differ, part by part."""
    return [
        PlanChangeOut(
            part=one.part,
            part_name=PLAN_PARTS[one.part],
            what=one.what,
            product=one.product or None,
            before=one.before,
            after=one.after,
            clause=one.clause,
        )
        for one in plan_changes(before, after)
    ]


def version_out(chain: str, stored: StoredVersion, in_force: int | None) -> PlanVersionOut:
    """Show a published version."""
    plan, archive = stored.plan, stored.archive
    state = PlanState.PUBLISHED if archive is None else PlanState.ARCHIVED
    return PlanVersionOut(
        chain=chain,
        version=plan.version,
        state=state,
        state_name=VERSION_STATE_LABELS[state],
        is_in_force=plan.version == in_force,
        since=plan.since,
        until=plan.until,
        content_hash=plan.content_hash,
        published_at=plan.created_at,
        draft=stored.draft,
        archived_at=None if archive is None else archive.archived_at,
        archived_by=None if archive is None else archive.archived_by,
        archive_reason=None if archive is None else archive.reason,
    )


def comparison_summary(chain: str, draft: int, row: PlanComparison) -> ComparisonSummary:
    """Show a comparison in a list."""
    return ComparisonSummary.model_validate(_compared(chain, draft, row))


def _compared(chain: str, draft: int, row: PlanComparison) -> dict[str, Any]:
    return {
        "chain": chain,
        "draft": draft,
        "number": row.number,
        "edition": row.edition,
        "against": row.against,
        "on": row.compared_on,
        "content_hash": row.content_hash,
        "inputs_hash": row.inputs_hash,
        "result_hash": row.result_hash,
        "counts": ComparisonCounts.model_validate(row.counts),
        "compared_by": row.compared_by,
        "created_at": row.created_at,
    }


def comparison_out(
    chain: str,
    draft: int,
    row: PlanComparison,
    changed_since: Sequence[str],
    names: Mapping[str, Mapping[str, str]],
) -> ComparisonOut:
    """Show a comparison; `names` are those of `products` and `banks` by code."""
    gains = {
        part: [GainsOut(**one, name=names[part].get(one["code"], one["code"])) for one in row.counts[part]]
        for part in ("products", "banks")
    }
    return ComparisonOut(
        **_compared(chain, draft, row),
        products=gains["products"],
        banks=gains["banks"],
        counties=[CountyEffect.model_validate(one) for one in row.counts["counties"]],
        changed_since=list(changed_since),
        holds=not changed_since,
    )


def effect_out(listed: ListedEffect) -> NeedEffectOut:
    """Show what a draft would do to a need."""
    row, detail = listed.effect, listed.effect.detail
    return NeedEffectOut(
        entry=row.code,
        enterprise=listed.enterprise,
        region=row.region_code,
        gained=NamedOut(total=row.gained, codes=detail["gained"]),
        lost=NamedOut(total=row.lost, codes=detail["lost"]),
        banks_gained=NamedOut(total=row.banks_gained, codes=detail["banks_gained"]),
        banks_lost=NamedOut(total=row.banks_lost, codes=detail["banks_lost"]),
        rescored=row.rescored,
        moved=score_text(row.moved),
        before=_best(detail["before"]),
        after=_best(detail["after"]),
        steps=[
            EffectStepOut(
                product=step["product"],
                text=step["text"],
                before=score_text(step["before"]),
                after=score_text(step["after"]),
                citation=step["citation"],
                sentence=step["sentence"],
            )
            for step in detail["steps"]
        ],
        sentence=detail["sentence"],
    )


def _best(found: Mapping[str, Any] | None) -> BestOut | None:
    return None if found is None else BestOut(product=found["product"], score=score_text(found["score"]))


def reallocation_out(
    chain: str, draft: int, compared: PlanComparison, row: PlanReallocation
) -> ReallocationOut:
    """Show what an allocation anew would come to."""
    counts = row.counts
    return ReallocationOut(
        chain=chain,
        draft=draft,
        comparison=compared.number,
        edition=compared.edition or "",
        match_run=row.match_run_id,
        entries=counts["entries"],
        served_before=counts["served_before"],
        served_after=counts["served_after"],
        fit_before=score_text(counts["fit_before"]),
        fit_after=score_text(counts["fit_after"]),
        changes=counts["changes"],
        by_clause=counts["by_clause"],
        banks=[BankLoad.model_validate(one) for one in counts["banks"]],
        result_hash=row.result_hash,
        run_by=row.run_by,
        created_at=row.created_at,
    )


def reallocated_out(listed: ListedReallocation) -> ReallocatedOut:
    """Show an entry that an allocation anew would give to another."""
    row = listed.entry
    return ReallocatedOut.model_validate(
        {
            "entry": row.code,
            "enterprise": listed.enterprise,
            "change": row.change,
            "before": row.without_draft,
            "after": row.with_draft,
            "sentence": row.sentence,
        }
    )
