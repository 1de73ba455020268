"""Core firms' lists as the models that JSON, pages and the command line show. No I/O."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from app.core_lists.counts import FEWEST, Release
from app.core_lists.differences import CHANGE_NAMES, Difference
from app.core_lists.kinds import KIND_NAMES, ProductKind, rests_on_core
from app.core_lists.resolution import Suspect
from app.core_lists.rules import (
    ANSWER_NAMES,
    LIST_STATE_NAMES,
    OUTCOME_NAMES,
    RELATION_NAMES,
    VERSION_STATE_NAMES,
    Answer,
    ListState,
    Outcome,
    Relation,
    VersionState,
    is_counted,
    possible,
)
from app.core_lists.schemas import (
    CoreListOut,
    DifferenceOut,
    Figure,
    Figures,
    KindCount,
    MatchOut,
    MemberOut,
    OutcomeCount,
    RowOut,
    RunOut,
    SuspectOut,
    VersionOut,
)
from app.core_lists.tables import (
    CoreList,
    CoreListMatch,
    CoreListMember,
    CoreListRow,
    CoreListRun,
    CoreListVersion,
)
from app.kernel.money import yuan_text
from app.whitelist.name_likeness import likeness_reasons
from app.whitelist.names import RegionPrefixes

FIGURE_NAMES: Final = {
    "known": "本系统登记的企业",
    "consented": "已同意匹配",
    "matched": "符合至少一款产品",
    "on_core": "符合依托核心企业的产品",
    "decoupled": "符合脱核产品",
}
POINTS_IN_ONE: Final = 10_000


def figures_out(stored: Mapping[str, Any]) -> Figures:
    """Show what the core firm is told, counts withheld where they would tell of one firm."""
    release = release_of(stored)
    if release is None:
        return Figures(as_of=None, version=None, listed=0, fewest=FEWEST, counts=[])
    shown = release.shown()
    labels = FIGURE_NAMES | {f"kind:{kind.value}": name for kind, name in KIND_NAMES.items()}
    return Figures(
        as_of=datetime.fromisoformat(stored["as_of"]),
        version=stored["version"],
        listed=release.listed,
        fewest=FEWEST,
        counts=[
            Figure(name=name, label=label, count=shown[name])
            for name, label in labels.items()
            if name in shown
        ],
    )


def release_of(stored: Mapping[str, Any]) -> Release | None:
    """Answer what was published last, None if nothing was."""
    return Release(stored["listed"], stored["basis"]) if stored else None


def list_out(row: CoreList, versions: Sequence[CoreListVersion]) -> CoreListOut:
    """Show a list with its draft and current versions."""
    current = next((one for one in versions if one.state == VersionState.CURRENT), None)
    draft = next((one for one in versions if one.state == VersionState.DRAFT), None)
    shown, state = current or draft, ListState(row.state)
    return CoreListOut(
        uscc=row.core_uscc,
        name=row.core_name,
        region=row.region_code,
        chain=row.chain_code,
        state=state,
        state_label=LIST_STATE_NAMES[state],
        listed=shown.listed if shown else 0,
        current=current.number if current else None,
        draft=draft.number if draft else None,
        evidence=row.evidence,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        figures=figures_out(row.figures),
        possible=list(possible(state)),
        is_demo=row.is_demo,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def version_out(row: CoreListVersion) -> VersionOut:
    """Show a version."""
    state = VersionState(row.state)
    return VersionOut(
        number=row.number,
        state=state,
        state_label=VERSION_STATE_NAMES[state],
        file_name=row.file_name,
        listed=row.listed,
        given_by=row.given_by,
        is_on_behalf=row.is_on_behalf,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        ended_at=row.ended_at,
    )


def yuan_or_none(fen: int | None) -> str | None:
    """Answer an amount in yuan, None where it is not stated."""
    return None if fen is None else yuan_text(fen)


def plain_row_out(row: CoreListRow) -> RowOut:
    """Show a row as its core firm wrote it, and nothing of whom it means."""
    relation = Relation(row.relation)
    return RowOut(
        id=row.id,
        number=row.number,
        uscc=row.uscc,
        name=row.name,
        relation=relation,
        relation_label=RELATION_NAMES[relation],
        yearly=yuan_or_none(row.yearly_fen),
        since_year=row.since_year,
        version=row.version,
    )


def row_out(
    row: CoreListRow,
    firm: tuple[str | None, str | None],
    seen: Mapping[str, tuple[str, str]],
    regions: RegionPrefixes,
) -> RowOut:
    """Show a row with whom it means, or may mean; firms that the viewer does not see are not named."""
    outcome = Outcome(row.outcome)
    suspects = [Suspect(one["uscc"], one["likeness"]) for one in row.suspects]
    return plain_row_out(row).model_copy(
        update={
            "outcome": outcome,
            "outcome_label": OUTCOME_NAMES[outcome],
            "firm": firm[0],
            "firm_name": firm[1],
            "likeness": row.likeness,
            "suspects": [suspect_out(row.name, one, seen, regions) for one in suspects],
            "decided_by": row.decided_by,
            "reason": row.reason,
        }
    )


def suspect_out(
    written: str, one: Suspect, seen: Mapping[str, tuple[str, str]], regions: RegionPrefixes
) -> SuspectOut:
    """Show a firm that a row may mean, as far as the viewer sees it."""
    name, region = seen.get(one.uscc, (None, None))
    return SuspectOut(
        uscc=one.uscc if name is not None else None,
        name=name,
        region=region,
        likeness=one.likeness,
        reasons=likeness_reasons(written, name, regions) if name is not None else [],
    )


def outcome_counts_out(counts: Mapping[Outcome, int]) -> list[OutcomeCount]:
    """Show how rows came out, in the order of the outcomes."""
    return [
        OutcomeCount(outcome=one, label=OUTCOME_NAMES[one], count=counts[one])
        for one in Outcome
        if counts.get(one)
    ]


def difference_out(one: Difference) -> DifferenceOut:
    """Show what two versions say of a firm."""
    row = one.after or one.before
    assert row is not None
    before, after = one.before, one.after
    return DifferenceOut(
        change=one.change,
        change_label=CHANGE_NAMES[one.change],
        name=row.name,
        relation_label=RELATION_NAMES[Relation(row.relation)],
        uscc=row.uscc,
        yearly_before=yuan_or_none(before.yearly_fen) if before else None,
        yearly_after=yuan_or_none(after.yearly_fen) if after else None,
        since_before=before.since_year if before else None,
        since_after=after.since_year if after else None,
    )


def member_out(row: CoreListMember, today: date, matches: Sequence[MatchOut] = ()) -> MemberOut:
    """Show a listed firm with its answer."""
    relation, answer = Relation(row.relation), Answer(row.answer)
    return MemberOut(
        id=row.id,
        core=row.core_name,
        uscc=row.firm_uscc,
        name=row.firm_name,
        region=row.firm_region,
        chain=row.chain_code,
        relation=relation,
        relation_label=RELATION_NAMES[relation],
        yearly=yuan_or_none(row.yearly_fen),
        since_year=row.since_year,
        answer=answer,
        answer_label=ANSWER_NAMES[answer],
        shows_trade=row.shows_trade,
        until=row.until,
        is_live=is_counted(answer, row.until, today, has_left=row.left_at is not None),
        answered_at=row.answered_at,
        listed_at=row.listed_at,
        left_at=row.left_at,
        matches=list(matches),
        version=row.version,
    )


def run_out(row: CoreListRun) -> RunOut:
    """Show a batch match."""
    counts = row.counts
    return RunOut(
        number=row.number,
        on_day=row.on_day,
        share_percent=row.share_percent,
        term_months=row.term_months,
        consented=counts["consented"],
        without_amount=counts["without_amount"],
        matched=counts["matched"],
        on_core=counts["on_core"],
        decoupled=counts["decoupled"],
        kinds=[
            KindCount(
                kind=kind,
                label=KIND_NAMES[kind],
                rests_on_core=rests_on_core(kind),
                fits=counts["fits"].get(kind.value, 0),
                asks=counts["asks"].get(kind.value, 0),
            )
            for kind in ProductKind
        ],
        run_by=row.run_by,
        created_at=row.created_at,
    )


def match_out(
    seen: tuple[CoreListMatch, CoreListMember, str, str, str, str], *, with_trade: bool
) -> MatchOut:
    """Show a match."""
    row, member, product, name, institution, institution_name = seen
    kind = ProductKind(row.kind)
    return MatchOut(
        firm=member.firm_name,
        firm_uscc=member.firm_uscc,
        firm_region=member.firm_region,
        core=member.core_name,
        relation_label=RELATION_NAMES[Relation(member.relation)],
        yearly=yuan_or_none(member.yearly_fen) if with_trade else None,
        since_year=member.since_year if with_trade else None,
        product=product,
        product_name=name,
        institution=institution,
        institution_name=institution_name,
        kind=kind,
        kind_label=KIND_NAMES[kind],
        rests_on_core=rests_on_core(kind),
        fit=row.fit,
        # A share of the year's trade tells of the trade.
        amount=yuan_text(row.amount_fen) if with_trade else None,
        score=row.score / POINTS_IN_ONE,
    )
