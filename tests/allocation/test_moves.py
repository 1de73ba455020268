"""Entries that move one after another: everybody has a party, room and refusals hold, and the list of candidates is true."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.allocation.candidates import branches_of
from app.allocation.considering import MOST_CONSIDERED, BranchOffer, Leaving
from app.allocation.explanations import ProductLabel
from app.allocation.moves import Party, moves_of
from app.allocation.planning import BlockedEntry, RunEntry
from app.allocation.quotas import Quota
from app.allocation.refusals import Refusal
from app.allocation.rerouting import DECLINED, Cause, taken
from app.allocation.standing import Holding, Standing
from app.bottlenecks.routing import Receiver, Routing
from app.bottlenecks.rules import ClassFinding
from app.institutions.rules import InstitutionTree
from app.policy.criteria import Verdict
from tests.allocation.test_candidates import node

AT = datetime(2023, 11, 15, 2, tzinfo=UTC)
BODY = 40
TREE = InstitutionTree.build(
    [one for bank in range(1, 14) for one in (
        node(bank, "large", "230000"), node(20 + bank, "large", "230102", bank, capacity=1 + bank % 3),
    )] + [node(BODY, "coordinator_body", "230000")]
)  # fmt: skip
BRANCHES = branches_of(TREE)
LABELS = {9: ProductLabel("P", "某贷")}
ORDERED = taken("某处", "试验")
QUOTA = frozenset({0, 1})


@dataclass(frozen=True)
class Case:
    leaving: list[Leaving]
    parties: dict[int, Party]
    standing: Standing
    cause: Cause
    others: list[Holding]


def _may_keep(mine: Leaving, holder: int | None) -> bool:
    """Whoever keeps an entry is not the one it is taken from, and its declines do not stand or do not count."""
    if holder is None:
        return True
    leading = mine.blocked.leading if mine.blocked is not None else None
    is_open = leading is not None and leading.route == "banks_concerned"
    return holder not in mine.barred and (is_open or TREE.root_of(holder).id not in mine.refused)


def _routing(receivers: list[int], *, is_body: bool) -> Routing:
    nodes = [TREE.node(one) for one in receivers]
    return Routing(
        tuple(Receiver(one.id, one.code, one.short_name, ("缘由",)) for one in nodes),
        "某机制",
        is_body=is_body,
    )


def _blocked(route: str, receivers: list[int], *, is_declined: bool) -> BlockedEntry:
    if route in {"ask", "policy_gap"}:
        return BlockedEntry(route, is_declined, ("amount",), "没有去向。", None, None)
    leading = ClassFinding("a", "某类", Verdict.PASS, (), (), route, "某单位", "某些机构", "某条", "")
    is_body = route == "coordination"
    return BlockedEntry(
        "a",
        is_declined,
        (),
        "",
        leading,
        _routing([BODY] if is_body and receivers else [] if is_body else receivers, is_body=is_body),
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 6))
    # Few institutions meet in one entry often, many fill the list of candidates.
    branch_ids = list(BRANCHES)[: draw(st.sampled_from([3, 13]))]
    parties, leaving = {}, []
    for entry in range(count):
        holder = draw(st.sampled_from([None, BODY, *branch_ids[:5]]))
        kind = "coordinator" if holder is None else "routed" if holder == BODY else "matched"
        parties[entry] = Party(kind, holder, "某统筹部门" if holder is None else TREE.node(holder).name)
        offered = draw(st.lists(st.integers(0, len(branch_ids) - 1), unique=True))
        refused = draw(st.sets(st.integers(1, len(branch_ids)), max_size=6))
        routes = ["", "ask", "policy_gap", "coordination", "banks_credit_loan", "banks_concerned"]
        route = draw(st.sampled_from(routes))
        receivers = draw(st.lists(st.sampled_from(branch_ids), unique=True, max_size=4))
        leaving.append(
            Leaving(
                RunEntry(entry, f"E{entry}", "230102", draw(st.sampled_from([None, "HK"])), "某统筹部门"),
                _blocked(route, receivers, is_declined=draw(st.booleans())) if route else None,
                [BranchOffer(one, draw(st.integers(0, 5)) * 100_000, 9) for one in sorted(offered)],
                {head: Refusal(20 + head, AT, "r", "某因") for head in refused},
                lambda _product: None,
                draw(st.sampled_from([frozenset(), frozenset({holder}) if holder else frozenset()])),
            )
        )
    chains = {one.entry.entry_id: one.entry.chain for one in leaving}
    others = [Holding(100 + k, "HK", branch_ids[k % 3]) for k in range(draw(st.integers(0, 8)))]
    holdings = [Holding(entry, chains[entry], party.institution_id) for entry, party in parties.items()]
    quotas = [Quota("HK", "B", QUOTA, draw(st.integers(0, 3)), "一链一策")]
    prices = {branch: draw(st.integers(0, 3)) * 100_000 for branch in branch_ids}
    standing = Standing.of(TREE, holdings + others, quotas, prices, draw(st.integers(1, 4)))
    return Case(leaving, parties, standing, draw(st.sampled_from([DECLINED, ORDERED])), others)


@given(cases())
def test_whoever_moves_has_a_party_that_may_and_can_take_it(case: Case) -> None:
    has_declined = case.cause is DECLINED
    causes = {one.entry.entry_id: case.cause for one in case.leaving}
    moves = moves_of(case.leaving, case.parties, case.standing, LABELS, 2, causes, has_declined=has_declined)
    assert [one.entry_id for one in moves] == [one.entry.entry_id for one in case.leaving]
    standing = case.standing
    for mine, move in zip(case.leaving, moves, strict=True):
        outcome = move.outcome
        assert outcome is not None or not has_declined
        if outcome is None:
            assert _may_keep(mine, move.party.institution_id)
            continue
        assert outcome.institution_id or outcome.body
        assert outcome.institution_id not in mine.barred or outcome.institution_id is None
        assert outcome.explanation is not None
        assert outcome.explanation["text"][0]
        standing = standing.after(move.entry_id, None)
        branch = standing.index.get(outcome.institution_id or 0)
        is_open = mine.blocked is not None and mine.blocked.leading is not None and (
            mine.blocked.leading.route == "banks_concerned" and outcome.kind == "routed"
        )  # fmt: skip
        if outcome.kind == "matched" and mine.entry.chain == "HK" and branch in QUOTA:
            members = [row.entry_id for row in case.others] + [
                one.entry.entry_id for one in case.leaving if one.entry.chain == "HK"
            ]
            held_under_it = sum(int(standing.held[standing.rows[one]]) in QUOTA for one in members)
            assert held_under_it < standing.quotas[0].places
        if branch is not None:
            assert standing.remaining()[branch] > 0
            assert is_open or TREE.root_of(BRANCHES[branch]).id not in mine.refused
        standing = standing.after(move.entry_id, outcome.institution_id)
    held = Counter(standing.held[standing.held >= 0].tolist())
    started = Counter(case.standing.held[case.standing.held >= 0].tolist())
    for branch, load in held.items():
        assert load <= max(TREE.node(BRANCHES[branch]).capacity or 0, started[branch])


@given(cases())
def test_the_candidates_shown_are_ranked_name_the_chosen_one_and_say_why_not_of_all_others(
    case: Case,
) -> None:
    causes = {one.entry.entry_id: case.cause for one in case.leaving}
    for move in moves_of(case.leaving, case.parties, case.standing, LABELS, 2, causes, has_declined=True):
        assert move.outcome is not None
        assert move.outcome.explanation is not None
        shown = move.outcome.explanation["candidates"]
        assert len(shown) <= MOST_CONSIDERED
        places = [one["place"] for one in shown]
        assert places == sorted(set(places))
        chosen = [one["institution"] for one in shown if one["why_not"] is None]
        party = move.outcome.institution_id
        assert chosen == ([] if party is None else [TREE.node(party).code])
        worth = [float(one["score"]) - float(one["price"]) for one in shown if one["score"] is not None]
        assert worth == sorted(worth, reverse=True)
        assert all(one["text"].startswith(f"第{one['place']}位") for one in shown)


def alone(
    mine: Leaving, capacity: int, places: int = 9, crowded: tuple[int, ...] = ()
) -> list[tuple[int, str | None]]:
    """Move one entry among 13 branches of which each holds two already, some one more; answer places and why not."""
    tree = InstitutionTree.build(
        replace(one, capacity=capacity) if one.parent else one for one in TREE.nodes.values()
    )
    holders = [*range(13), *range(13), *crowded]
    holdings = [
        Holding(1, "HK", None),
        *(Holding(100 + k, "HK", BRANCHES[at]) for k, at in enumerate(holders)),
    ]
    quotas = [Quota("HK", "B", frozenset({12}), places, "一链一策")]
    standing = Standing.of(tree, holdings, quotas, {}, 99)
    party = {1: Party("coordinator", None, "某统筹部门")}
    (move,) = moves_of([mine], party, standing, LABELS, 2, {1: DECLINED}, has_declined=True)
    assert move.outcome is not None
    assert move.outcome.explanation is not None
    return [(one["place"], one["why_not"]) for one in move.outcome.explanation["candidates"]]


def test_each_candidate_says_its_own_reason_and_the_chosen_one_is_shown_from_however_far_down() -> None:
    offers = [BranchOffer(branch, 900_000 - 1_000 * branch, 9) for branch in range(13)]
    entry = RunEntry(1, "E1", "230102", "HK", "某统筹部门")
    refused = {head: Refusal(20 + head, AT, "r", "某因") for head in range(2, 12)}
    mine = Leaving(entry, None, offers, refused, lambda _product: None, frozenset({BRANCHES[0]}))
    first_nine = [(1, "taken_from"), *((place, "declined") for place in range(2, 10))]
    assert alone(mine, 3) == [*first_nine, (12, None)]
    assert alone(mine, 2) == [*first_nine, (10, "declined")]
    few = replace(mine, offers=[offers[0], offers[1], offers[11], offers[12]])
    assert alone(few, 3) == [(1, "taken_from"), (2, "declined"), (3, None), (4, "lower_fit")]
    assert alone(few, 2)[2:] == [(3, "no_room"), (4, "no_room")]
    assert alone(few, 3, crowded=(11,))[2:] == [(3, "no_room"), (4, None)]
    assert alone(few, 3, places=2)[2:] == [(3, None), (4, "quota")]
