"""Runs, proofs and assignments as the models that JSON and the command line show (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from app.allocation.checker import Breach, CheckReport
from app.allocation.handler_schemas import Handling
from app.allocation.model import AllocationSolution
from app.allocation.moves import Move, Party
from app.allocation.posing import Posed
from app.allocation.reroute_schemas import ConsideredOut, Kind, MoveOut
from app.allocation.schemas import (
    AllocationRunOut,
    AssignmentOut,
    BreachOut,
    CheckOut,
    CountsOut,
    FormerOut,
    HandledBy,
    ObjectiveOut,
    SupportOut,
)
from app.institutions.rules import InstitutionTree
from app.matching.plan_influence import score_text

MOST_DIFFERING = 100


def run_out(run: Any, edition: str, *, reused: bool = False) -> AllocationRunOut:
    """Show a stored run."""
    return AllocationRunOut(
        id=run.id,
        edition=edition,
        match_run=run.match_run_id,
        counts=CountsOut(**run.objective["counts"]),
        objective=ObjectiveOut(**run.objective["achieved"]),
        settings=run.settings,
        inputs_hash=run.inputs_hash,
        result_hash=run.result_hash,
        reused=reused,
        run_by=run.run_by,
        created_at=run.created_at,
    )


def entries_differing(
    posed: Posed, solution: AllocationSolution, responsible: Mapping[int, int | None]
) -> list[int]:
    """Answer the entries (ids) whose stored party is not the one of the answer, or that have none.

    `responsible` holds the institution of every entry that has a party, None for a party that is none. An entry
    that the answer leaves out may be with the coordinator or a public body, but with no branch of the problem.
    """
    branches = frozenset(posed.branch_ids.tolist())
    differing = []
    for entry_id, branch in zip(posed.entry_ids.tolist(), solution.branch.tolist(), strict=True):
        party = responsible.get(entry_id)
        is_as_answered = party == posed.branch_ids[branch] if branch >= 0 else party not in branches
        if entry_id not in responsible or not is_as_answered:
            differing.append(entry_id)
    return differing


def check_out(
    run_id: int,
    report: CheckReport,
    posed: Posed,
    tree: InstitutionTree,
    entries: Mapping[int, str],
    *,
    hashes_hold: bool,
    differing: Sequence[str],
) -> CheckOut:
    """Show what the checker found; entries and institutions by code."""
    return CheckOut(
        run=run_id,
        feasible=report.feasible,
        optimal=report.optimal,
        optimality_gap=report.gap,
        value=report.value,
        bound=report.bound,
        served=report.served,
        total_fit=report.total_fit,
        load_cost=report.load_cost,
        breaches=[_breach_out(breach, posed, tree, entries) for breach in report.breaches],
        hashes_hold=hashes_hold,
        rows_differing=list(differing[:MOST_DIFFERING]),
        is_sound=report.feasible and hashes_hold and not differing,
    )


def _breach_out(breach: Breach, posed: Posed, tree: InstitutionTree, entries: Mapping[int, str]) -> BreachOut:
    ids = {"entry": posed.entry_ids, "branch": posed.branch_ids, "group": posed.group_ids}.get(breach.place)
    name = ""
    if ids is not None and 0 <= breach.index < ids.size:
        number = int(ids[breach.index])
        name = entries.get(number, "") if breach.place == "entry" else tree.node(number).code
    elif breach.place == "quota":
        name = posed.quotas[breach.index].name
    return BreachOut(
        code=breach.code,
        place=breach.place,
        name=name,
        found=breach.found,
        limit=breach.limit,
        more=breach.more,
    )


def assignment_out(
    shown: Sequence[Any],
    supports: Sequence[tuple[str, str, str, str, int]],
    handlings: Sequence[Handling],
    *,
    is_whole: bool,
) -> AssignmentOut:
    """Show the current assignment of an entry (`shown[0]`) with who handles it, and its former ones.

    `is_whole`: to somebody who sees the whole entry, and so what other institutions did.
    """
    current = shown[0]
    row = current.assignment
    why, explanation = _told(row.explanation, is_whole=is_whole)
    return AssignmentOut(
        entry=current.entry,
        edition=current.edition,
        kind=row.kind,
        institution=current.institution,
        institution_name=current.institution_name,
        responsible_body=row.responsible_body,
        product=current.product,
        product_name=current.product_name,
        score=None if row.score is None else score_text(row.score),
        supports=[
            SupportOut(
                institution=code,
                institution_name=name,
                product=product,
                product_name=product_name,
                score=score_text(score),
            )
            for code, name, product, product_name, score in supports
        ],
        handlers=[
            HandledBy(institution=one.institution, person=one.person_id, name=one.name, since=one.since)
            for one in handlings
        ],
        why=why,
        explanation=explanation,
        run=row.run_id,
        assigned_at=row.assigned_at,
        former=[_former_out(one, is_whole=is_whole) for one in shown[1:]],
    )


OF_OTHERS = frozenset({"candidates", "rerouted"})
"""Parts of an explanation that tell of other institutions: who was considered, from whom it was taken and why."""


def _told(explanation: Mapping[str, Any], *, is_whole: bool) -> tuple[list[str], dict[str, Any]]:
    """Answer the sentences and the data of an explanation, for institutions without what tells of others."""
    text = explanation.get("text", [])
    # Runs of earlier versions kept a mere number of candidates under this name.
    considered = found if isinstance(found := explanation.get("candidates"), list) else []
    data = {key: value for key, value in explanation.items() if key not in {"text", "for_institutions"}}
    if is_whole:
        return [*text, *(one["text"] for one in considered)], data
    own = explanation.get("for_institutions", text)
    return own, {key: value for key, value in data.items() if key not in OF_OTHERS}


def move_out(move: Move, tree: InstitutionTree, *, is_single: bool = False) -> MoveOut:
    """Show what becomes of an entry, to somebody who sees the whole entry; of a single one, whom else was considered."""
    before, outcome = move.party, move.outcome
    if outcome is None:
        return stays(move.code, before, tree, f"仍由{before.body}负责：{_why_stays(move)}")
    shown = stays(move.code, before, tree, "").model_copy(
        update={
            "is_moved": True,
            "to": None if outcome.institution_id is None else tree.node(outcome.institution_id).code,
            "to_body": outcome.body,
            "kind": outcome.kind,
            "why": (outcome.explanation or {}).get("text", []),
            "considered": _considered(outcome.explanation or {}) if is_single else [],
        }
    )
    return MoveOut.model_validate(shown.model_dump())


def _considered(explanation: Mapping[str, Any]) -> list[ConsideredOut]:
    names = ConsideredOut.model_fields
    return [
        ConsideredOut.model_validate({key: value for key, value in one.items() if key in names})
        for one in explanation.get("candidates", ())
    ]


def stays(entry: str, party: Party | None, tree: InstitutionTree, why: str) -> MoveOut:
    """Show an entry that stays with its party (None: nobody's yet), and why."""
    holder = None if party is None or party.institution_id is None else tree.node(party.institution_id).code
    body = "" if party is None else party.body
    return MoveOut(
        entry=entry,
        is_moved=False,
        from_=holder,
        from_body=body,
        to=holder,
        to_body=body,
        kind=None if party is None else _kind(party.kind),
        why=[why],
    )


def _kind(word: str) -> Kind:
    return next(kind for kind in get_args(Kind) if kind == word)


def _why_stays(move: Move) -> str:
    if move.party.institution_id is None:
        return "没有可以接手的机构"
    return "其产品仍然合适" if move.fits else "仍是所属堵点类别的接收机构"


def _former_out(shown: Any, *, is_whole: bool) -> FormerOut:
    row = shown.assignment
    return FormerOut(
        kind=row.kind,
        institution=shown.institution,
        responsible_body=row.responsible_body,
        assigned_at=row.assigned_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason if is_whole else None,
    )
