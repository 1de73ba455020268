"""Stored rounds, participants, lists, objections and results as JSON shows them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from app.selection.assembling import possible_acts
from app.selection.deferred_acceptance import TieRule
from app.selection.market import Side
from app.selection.outcome import SideSummary
from app.selection.reasons import ExplainedPreference
from app.selection.result_schemas import OutcomeOut, PairOut, ProofOut, ResultOut, SideOut
from app.selection.round_states import STATE_LABELS, Act, RoundState
from app.selection.schemas import (
    ListOut,
    ObjectionOut,
    ParticipantOut,
    PreferencePartOut,
    RoundOut,
    SelectionCandidateOut,
    StepOut,
)
from app.selection.stability import NOTION_LABELS, Notion, StabilityProof
from app.selection.statements import Rest
from app.selection.tables import (
    SelectionMeasurement,
    SelectionObjection,
    SelectionOutcome,
    SelectionPair,
    SelectionParticipant,
    SelectionResult,
    SelectionRound,
    SelectionStep,
    SelectionSubmission,
)
from app.selection.wording import mean_text

ACT_LABELS: Final[Mapping[Act, str]] = {
    Act.SUBMIT: "提交名单",
    Act.WITHDRAW: "撤回名单",
    Act.LOCK: "锁定",
    Act.REOPEN: "重新征集",
    Act.RECORD: "计算",
    Act.PUBLISH: "公布",
    Act.OBJECT: "提出异议",
    Act.ANSWER: "答复异议",
    Act.CLOSE: "办结",
}
Counts = Mapping[tuple[int, str], tuple[int, int]]


def round_out(row: SelectionRound, counts: Counts, waiting: int, today: date) -> RoundOut:
    """Answer a round with how many take part and have handed in."""
    chains, chains_in = counts.get((row.id, Side.CHAINS.value), (0, 0))
    banks, banks_in = counts.get((row.id, Side.BANKS.value), (0, 0))
    missing = chains + banks - chains_in - banks_in
    state = RoundState(row.state)
    return RoundOut(
        code=row.code,
        name=row.name,
        edition=row.edition_code,
        state=state,
        state_label=STATE_LABELS[state],
        proposing=Side(row.proposing),
        tie_rule=TieRule(row.tie_rule),
        lottery_source=row.lottery_source,
        lottery_seed=row.lottery_seed,
        submit_until=row.submit_until,
        first_until=row.first_until,
        objection_days=row.objection_days,
        objection_until=row.objection_until,
        absent_places=row.absent_places,
        rules=row.rules,
        chains=chains,
        banks=banks,
        chains_submitted=chains_in,
        banks_submitted=banks_in,
        open_objections=waiting,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        possible=possible_acts(row, missing=missing, waiting=waiting, today=today),
        version=row.version,
    )


def participant_out(row: SelectionParticipant, *, is_own: bool) -> ParticipantOut:
    """Answer a participant; what it handed in is not told."""
    return ParticipantOut(
        code=row.code, name=row.name, side=Side(row.side), submitted_at=row.submitted_at, is_own=is_own
    )


def candidate_out(
    code: str, name: str, place: int, explained: ExplainedPreference, *, is_contracted: bool
) -> SelectionCandidateOut:
    """Answer a candidate with the parts of its computed points."""
    weight = sum(one.weight for one in explained.parts) or 1
    hundredths = (200 * explained.total + weight) // (2 * weight)
    parts = [
        PreferencePartOut(
            part=one.part.value, name=one.name, points=one.points, weight=one.weight, reason=one.reason
        )
        for one in explained.parts
    ]
    return SelectionCandidateOut(
        code=code,
        name=name,
        place=place,
        points=f"{hundredths // 100}.{hundredths % 100:02}",
        is_acceptable=explained.is_acceptable,
        is_contracted=is_contracted,
        parts=parts,
    )


def list_out(
    round_code: str,
    participant: SelectionParticipant,
    found: SelectionSubmission | None,
    contracts: Sequence[str],
) -> ListOut:
    """Answer the list that stands; an empty one where there is none."""
    stands = found if found is not None and not found.is_withdrawal else None
    return ListOut(
        round=round_code,
        participant=participant.code,
        name=participant.name,
        side=Side(participant.side),
        is_handed_in=stands is not None,
        quota=stands.quota if stands else None,
        tiers=stands.tiers if stands else [],
        refuses=stands.refuses if stands else [],
        rest=Rest(stands.rest) if stands else Rest.COMPUTED,
        contracts=list(contracts),
        submitted_by=stands.submitted_by if stands else None,
        submitted_at=stands.submitted_at if stands else None,
        version=participant.version,
    )


def objection_out(row: SelectionObjection, name: str) -> ObjectionOut:
    """Show an objection with the name of who objects."""
    return ObjectionOut(
        number=row.number,
        participant=row.participant,
        name=name,
        text=row.text,
        objected_by=row.objected_by,
        objected_at=row.objected_at,
        is_upheld=row.is_upheld,
        answer=row.answer,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
        version=row.version,
    )


def step_out(row: SelectionStep) -> StepOut:
    """Show what was done with a round, by whom and when."""
    act = Act(row.act)
    return StepOut(act=act, name=ACT_LABELS[act], by=row.taken_by, at=row.taken_at, note=row.note)


def mean_of(total: int, count: int) -> str | None:
    """Answer a mean rank; None of nothing."""
    return mean_text(total, count) if count else None


def proof_out(written: Mapping[str, Any]) -> ProofOut:
    """Answer a stored proof."""
    notion = Notion(written["notion"])
    numbers = ("pairs_checked", "acceptable", "chosen", "blocking_count", "breach_count", "indifferent")
    return ProofOut(
        notion=notion,
        notion_label=NOTION_LABELS[notion],
        said=list(written["said"]),
        **{name: int(written[name]) for name in numbers},
    )


def proof_as_json(proof: StabilityProof) -> dict[str, Any]:
    """Answer what is stored of a proof that holds."""
    numbers = ("pairs_checked", "acceptable", "chosen", "blocking_count", "breach_count", "indifferent")
    return {name: getattr(proof, name) for name in numbers} | {
        "notion": proof.notion.value,
        "said": list(proof.sentences()),
    }


def side_as_json(now: SideSummary, other: SideSummary) -> dict[str, Any]:
    """Answer what is stored of a side as a whole."""
    return {
        "participants": now.participants,
        "places": now.places,
        "pairs": now.pairs,
        "without_partner": now.without_partner,
        "mean_rank": mean_of(now.rank_sum, now.pairs),
        "other_pairs": other.pairs,
        "other_mean_rank": mean_of(other.rank_sum, other.pairs),
    }


def result_out(round_code: str, row: SelectionResult, measurement: SelectionMeasurement) -> ResultOut:
    """Show a result with its hashes and what each side obtained."""
    sides = [SideOut(side=side, **row.summary["sides"][side.value]) for side in Side]
    return ResultOut(
        round=round_code,
        number=row.number,
        inputs_sha256=row.inputs_sha256,
        market_sha256=row.market_sha256,
        pairs_sha256=row.pairs_sha256,
        measures_sha256=measurement.sha256,
        measured_at=measurement.taken_at,
        proof=proof_out(row.proof),
        sides=sides,
        differences=row.summary["differences"],
        said=row.summary["said"],
        computed_by=row.computed_by,
        computed_at=row.computed_at,
        published_at=row.published_at,
    )


def pair_out(row: SelectionPair, names: Mapping[str, str]) -> PairOut:
    """Show a pair with names and the rank that each gives the other."""
    return PairOut(
        chain=row.chain_code,
        chain_name=names.get(row.chain_code, row.chain_code),
        bank=row.bank_code,
        bank_name=names.get(row.bank_code, row.bank_code),
        chain_rank=row.chain_rank,
        is_chain_tied=row.is_chain_tied,
        bank_rank=row.bank_rank,
        is_bank_tied=row.is_bank_tied,
    )


def outcome_out(row: SelectionOutcome, names: Mapping[str, str]) -> OutcomeOut:
    """Answer what a participant obtained."""
    return OutcomeOut(
        participant=row.participant,
        name=names.get(row.participant, row.participant),
        side=Side(row.side),
        contracts=row.contracts,
        places=row.places,
        acceptable=row.acceptable,
        chosen=row.chosen,
        mean_rank=mean_of(row.rank_sum, row.chosen),
        said=row.said,
        alternative=row.alternative,
    )
