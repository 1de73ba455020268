"""Awards and what hangs on them as JSON, pages and the command line show them."""

from collections.abc import Mapping
from datetime import date

from app.awards.finding import criteria_of, standing_of
from app.awards.observed import Figures, Least, shown
from app.awards.queries import Named
from app.awards.rules import AWARD_STATE_LABELS, CLAUSE, SIDE_LABELS, AwardSide, is_final
from app.awards.schemas import (
    AppealOut,
    AwardCandidateOut,
    AwardOut,
    CriteriaOut,
    JurorOut,
    NominationOut,
)
from app.awards.scoring import PART_FORMULAS, TIE_RULE, Criteria, Outcome, Part, Why, points_text, reason_of
from app.awards.tables import Award, AwardAppeal, AwardCandidate, AwardJuror, AwardNomination
from app.institutions.rules import InstitutionTree


def award_out(award: Award, counts: dict[str, int], today: date, *, tells_result: bool) -> AwardOut:
    """Show an award; its hashes are part of the result."""
    standing = standing_of(award, counts)
    return AwardOut(
        year=award.year,
        name=award.name,
        statement=award.statement,
        clause=CLAUSE,
        state=standing.state,
        state_label=AWARD_STATE_LABELS[standing.state],
        quarter=award.quarter,
        criteria=criteria_out(criteria_of(award)),
        nominations_until=award.nominations_until,
        votes_until=award.votes_until,
        appeal_days=award.appeal_days,
        appeals_until=award.appeals_until,
        nominations=counts["nominations"],
        products=counts["products"],
        jurors=counts["jurors"],
        ballots=counts["ballots"],
        candidates=counts["candidates"],
        open_appeals=counts["open_appeals"],
        is_final=is_final(standing, counts["open_appeals"], today),
        possible=list(standing.possible(today)),
        announced_at=award.announced_at,
        announced_by=award.announced_by,
        shortlisted_at=award.shortlisted_at,
        decided_at=award.decided_at,
        published_at=award.published_at,
        inputs_hash=award.inputs_hash if tells_result else None,
        result_hash=award.result_hash if tells_result else None,
        version=award.version,
    )


def criteria_out(criteria: Criteria) -> CriteriaOut:
    """Show criteria with their formulas."""
    return CriteriaOut(
        weights=dict(criteria.weights),
        formulas={part: PART_FORMULAS[part] for part in Part},
        tie_rule=TIE_RULE,
        places=criteria.places,
        shortlist=criteria.shortlist,
        least_credits=criteria.least_credits,
        least_answers=criteria.least_answers,
        least_ratings=criteria.least_ratings,
        least_ballots=criteria.least_ballots,
        most_per_bank=criteria.most_per_bank,
    )


def nomination_out(row: AwardNomination, products: Mapping[int, Named]) -> NominationOut:
    """Show a nomination."""
    product = products[row.product_id]
    return NominationOut(
        id=row.id,
        product=product.code,
        product_name=product.name,
        institution_name=product.institution_name,
        side=AwardSide(row.side),
        side_label=SIDE_LABELS[AwardSide(row.side)],
        party=row.party,
        nominated_by=row.nominated_by,
        reason=row.reason,
        created_at=row.created_at,
        withdrawn_at=row.withdrawn_at,
    )


def juror_out(row: AwardJuror, tree: InstitutionTree, voted: frozenset[int]) -> JurorOut:
    """Show a juror."""
    return JurorOut(
        person=row.person_id,
        name=row.name,
        affiliation=row.affiliation,
        recused=sorted(tree.node(one).code for one in row.banks),
        has_voted=row.person_id in voted,
        appointed_at=row.appointed_at,
    )


def appeal_out(row: AwardAppeal, products: Mapping[int, Named]) -> AppealOut:
    """Show an appeal."""
    product = products.get(row.product_id) if row.product_id is not None else None
    return AppealOut.model_validate(
        {
            "id": row.id,
            "product": None if product is None else product.code,
            "product_name": None if product is None else product.name,
            "state": row.state,
            "side": row.side,
            "party": row.party,
            "raised_by": row.raised_by,
            "grounds": row.grounds,
            "raised_at": row.raised_at,
            "answer": row.answer,
            "answered_by": row.answered_by,
            "answered_at": row.answered_at,
            "version": row.version,
        }
    )


def candidate_out(
    row: AwardCandidate,
    product: Named,
    criteria: Criteria,
    least: Least,
    *,
    tells_result: bool,
) -> AwardCandidateOut:
    """Show a candidate; while the result is nobody's to read yet, as the shortlist left it."""
    outcome, reason = Outcome.from_data(row.outcome), row.reason
    if not tells_result and "before" in row.outcome:
        outcome = Outcome.from_data(row.outcome["before"])
        reason = reason_of(outcome, criteria)
    figures = shown(Figures.from_data(row.figures), least)
    parts = {
        part: points_text(criteria.weights[part] * value) for part, value in sorted(outcome.values.items())
    }
    return AwardCandidateOut.model_construct(
        product=product.code,
        name=product.name,
        institution=product.institution,
        institution_name=product.institution_name,
        nominations=row.nominations,
        why=outcome.why,
        is_awarded=outcome.why is Why.AWARDED,
        place=outcome.place,
        total=None if outcome.total is None else points_text(outcome.total),
        total_exact=None if outcome.total is None else str(outcome.total),
        parts=parts,
        ballots=outcome.ballots,
        credited_entries=figures.credited_entries or None,
        credits=figures.credits or None,
        credited=figures.credited_fen or None,
        approvals=figures.approvals if figures.answers else None,
        answers=figures.answers or None,
        ratings=figures.ratings or None,
        rating_sum=figures.rated_sum or None,
        reason=reason,
    )
