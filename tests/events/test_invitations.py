"""Invitations against every possible assignment of tiny events, and the reasons that everyone is given."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.invitations import FirmStanding, InvitationList, InvitationProblem, NotInvited, invite
from app.kernel.errors import Refused

CLAUSE = "黑银发〔2023〕25号（十四）"
Key = tuple[int, ...]


@st.composite
def problems(draw: st.DrawFn) -> InvitationProblem:
    firms, banks = [f"F{k}" for k in range(draw(st.integers(1, 4)))], ["B0", "B1", "B2"]
    pairs = draw(st.lists(st.tuples(st.sampled_from(firms), st.sampled_from(banks)), unique=True, max_size=8))
    fit = st.sampled_from([0, 1, 500_000, 1_000_000]) | st.integers(0, 1_000_000)
    standings = [
        FirmStanding(code, draw(st.integers(0, 2)), draw(st.none() | st.sampled_from([*banks, "away"])))
        for code in firms
    ]
    meetings = {bank: draw(st.integers(0, 3)) for bank in banks}
    return InvitationProblem(
        tuple(standings), meetings, {pair: draw(fit) for pair in pairs}, CLAUSE, draw(st.integers(1, 3))
    )


def _best(problem: InvitationProblem) -> Key:
    """The best key over all sets of pairs: responsible meetings, firms with a first, a second, a third, total fit."""
    standings = {firm.code: firm for firm in problem.firms if firm.open_needs}
    fits = {pair: fit for pair, fit in problem.fits.items() if pair[0] in standings}
    own = {
        (code, str(firm.responsible))
        for code, firm in standings.items()
        if firm.responsible in problem.bank_meetings
    }
    fits = dict.fromkeys(own, 0) | fits
    return max(
        _key(problem, chosen, fits, own)
        for size in range(len(fits) + 1)
        for chosen in combinations(sorted(fits), size)
        if _is_allowed(problem, chosen)
    )


def _is_allowed(problem: InvitationProblem, chosen: tuple[tuple[str, str], ...]) -> bool:
    firms, banks = [firm for firm, _ in chosen], [bank for _, bank in chosen]
    return all(firms.count(firm) <= problem.most_a_firm for firm in firms) and all(
        banks.count(bank) <= problem.bank_meetings[bank] for bank in banks
    )


def _key(
    problem: InvitationProblem,
    chosen: tuple[tuple[str, str], ...],
    fits: dict[tuple[str, str], int],
    own: set[tuple[str, str]],
) -> Key:
    counts = [sum(pair[0] == firm.code for pair in chosen) for firm in problem.firms]
    turns = tuple(sum(count >= turn for count in counts) for turn in range(1, problem.most_a_firm + 1))
    return (len(own & set(chosen)), *turns, sum(fits[pair] for pair in chosen))


def _found(problem: InvitationProblem, answer: InvitationList) -> Key:
    meets = [len(firm.meets) for firm in answer.firms.values()]
    own = sum(meet.is_responsible for firm in answer.firms.values() for meet in firm.meets)
    turns = (sum(count >= turn for count in meets) for turn in range(1, problem.most_a_firm + 1))
    return (own, *turns, answer.total_fit)


@settings(max_examples=100, deadline=None)
@given(problems())
def test_invitations_are_the_best_of_all_and_everyone_is_answered(problem: InvitationProblem) -> None:
    answer = invite(problem)
    assert _found(problem, answer) == _best(problem)
    assert _is_allowed(problem, tuple((meeting.firm, meeting.bank) for meeting in answer.meetings))
    assert set(answer.firms) == {firm.code for firm in problem.firms}
    assert set(answer.banks) == set(problem.bank_meetings)
    for invitation in answer.firms.values():
        assert invitation.reason
        assert invitation.is_invited == bool(invitation.meets)
        assert not any(meet.is_responsible for meet in invitation.meets[1:])


def test_everyone_is_told_why_and_the_responsible_bank_stands_first() -> None:
    firms = (
        FirmStanding("A", 2, "B1"), FirmStanding("B", 1), FirmStanding("C", 0), FirmStanding("D", 1), FirmStanding("E", 1),
    )  # fmt: skip
    fits = {
        ("A", "B1"): 100_000,
        ("A", "B2"): 900_000,
        ("B", "B2"): 800_000,
        ("E", "B1"): 1_000_000,
        ("C", "B1"): 5,
    }
    answer = invite(InvitationProblem(firms, {"B1": 1, "B2": 2, "B3": 4}, fits, CLAUSE))
    assert [meet.bank for meet in answer.firms["A"].meets] == ["B1", "B2"]
    assert answer.firms["A"].meets[0].reason == "责任银行，匹配10分"
    assert answer.firms["A"].reason.startswith(f"{CLAUSE}：有2笔未解决的需求")
    assert {code: one.why_not for code, one in answer.firms.items() if one.why_not} == {
        "C": NotInvited.NOTHING_OPEN,
        "D": NotInvited.NO_FITTING_BANK,
        "E": NotInvited.OVER_CAPACITY,
    }
    assert answer.banks == {
        "B1": "安排1场，可容1场",
        "B2": "安排2场，可容2场",
        "B3": "没有需要洽谈的适配企业，不邀请",
    }


def test_misstated_invitations_are_refused_with_every_fault() -> None:
    firms = (FirmStanding("A", 1), FirmStanding("A", -1))
    problem = InvitationProblem(firms, {"B1": -1}, {("X", "B1"): 2_000_000}, CLAUSE, 0)
    with pytest.raises(Refused) as refused:
        invite(problem)
    wheres = [fault.where for fault in refused.value.faults]
    assert wheres == ["firms.A", "most_a_firm", "firms.A", "bank_meetings.B1", "fits.X.B1", "fits.X.B1"]
