"""A round goes its way step by step, and says why when a step cannot be taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from app.kernel.errors import Conflict, Refused
from app.reference.working_days import WorkingCalendar
from app.selection import rounds
from app.selection.deferred_acceptance import TieRule, select
from app.selection.market import Side
from app.selection.preferences import PreferenceRules
from app.selection.rankings import measured_market
from app.selection.round_inputs import entrants_of, inputs_json
from app.selection.round_states import Act, Round, RoundState, RoundTerms, Submission
from app.selection.stability import StabilityProof, prove
from app.selection.statements import Rest, Statement
from tests.selection.test_preferences import RULES, measured

MEASURES = measured()
CONTRACTS = (("农机", "农行"),)
TERMS = RoundTerms(
    "2024Q2", MEASURES.chains, MEASURES.banks, Side.CHAINS, TieRule.LOTTERY, "2024年4月23日双色球", date(2024, 4, 22), 5, 1
)  # fmt: skip


def _at(month: int, day: int, hour: int = 4) -> datetime:
    return datetime(2024, month, day, hour, tzinfo=UTC)


def _submission(who: str, *tiers: tuple[str, ...], quota: int = 1, at: datetime | None = None) -> Submission:
    return Submission(Statement(who, tiers), quota, f"{who}联系人", at or _at(4, 20))


def _opened(terms: RoundTerms = TERMS) -> Round:
    return Round(terms, _at(4, 15), terms.submit_until)


def _submitted() -> Round:
    now = _opened()
    now = rounds.submit(now, _submission("轴承", ("农行",), quota=2), CONTRACTS)
    return rounds.submit(now, _submission("农行", ("农机", "轴承"), quota=2), CONTRACTS)


def _proof(now: Round) -> StabilityProof:
    assert now.tie_break is not None
    market = measured_market(entrants_of(now, CONTRACTS), MEASURES, RULES)
    return prove(market, select(market, now.terms.proposing, now.tie_break).pairs)


def _locked() -> Round:
    return rounds.lock(_submitted(), "03 08 11 17 25 29+04", "王", _at(4, 23))


def _computed() -> Round:
    return rounds.record(_locked(), "ab" * 32, _proof(_locked()), "王", _at(4, 24))


def _published() -> Round:
    return rounds.publish(_computed(), WorkingCalendar(), "王", _at(4, 26))


def test_a_round_goes_from_call_to_close_and_keeps_its_trail() -> None:
    now = rounds.object_to(_published(), "新行", "利率未按最新版产品库", _at(5, 7, 15))
    now = rounds.answer(now, 1, "所用为公布当日的产品库", "王", _at(5, 7, 15), is_upheld=False)
    now = rounds.close(now, "王", _at(5, 7, 16))
    assert now.state is RoundState.CLOSED
    assert [step.act.value for step in now.steps] == [
        "submit",
        "submit",
        "lock",
        "record",
        "publish",
        "object",
        "answer",
        "close",
    ]
    assert now.result is not None
    assert now.steps[-1].note == now.result.pairs_sha256 == now.objections[0].pairs_sha256


def test_objections_are_taken_for_working_days_with_make_up_days_counted() -> None:
    # Labour Day 2024: off 1 to 5 May; Sunday 28 April and Saturday 11 May are worked.
    now = _published()
    assert now.objection_until == date(2024, 5, 7)
    still = _at(5, 7, 15)  # 23:00 in Shanghai
    assert rounds.object_to(now, "新行", "理由如下", still).objections[0].number == 1
    assert rounds.refusal_of(Act.CLOSE, now, date(2024, 5, 7)) == "Objections are taken until 2024-05-07"
    with pytest.raises(Conflict, match="Objections were taken until 2024-05-07"):
        rounds.object_to(now, "新行", "理由如下", _at(5, 7, 16))


def test_an_upheld_objection_voids_the_result_and_the_round_is_computed_anew() -> None:
    now = rounds.object_to(_published(), "新行", "网点漏计两处", _at(4, 28))
    now = rounds.object_to(now, "工行", "响应记录有误", _at(4, 28))
    now = rounds.answer(now, 1, "属实，重新测算", "王", _at(4, 28), is_upheld=True)
    assert (now.state, now.result, now.objection_until) == (RoundState.LOCKED, None, None)
    again = rounds.publish(
        rounds.record(now, "cd" * 32, _proof(now), "王", _at(4, 28)), WorkingCalendar(), "王", _at(4, 29)
    )
    assert again.objection_until == date(2024, 5, 9)
    assert rounds.refusal_of(Act.CLOSE, again, date(2024, 6, 1)) == "Objections wait for an answer: 2"
    settled = rounds.answer(again, 2, "记录无误", "王", _at(5, 8), is_upheld=False)
    assert rounds.close(settled, "王", _at(5, 10)).state is RoundState.CLOSED
    with pytest.raises(Conflict, match="No objection 2 waits"):
        rounds.answer(settled, 2, "记录无误", "王", _at(5, 8), is_upheld=True)


def test_lists_are_replaced_withdrawn_and_taken_again_after_reopening() -> None:
    now = rounds.submit(_submitted(), _submission("轴承", ("工行",)), CONTRACTS)
    assert [one.statement.participant for one in now.submissions] == ["农行", "轴承"]
    replaced = now.submission_of("轴承")
    assert replaced is not None
    assert replaced.statement.tiers == (("工行",),)
    now = rounds.withdraw(now, "农行", "农行联系人", _at(4, 22))
    assert now.missing() == ("农机", "工行", "农行", "新行")
    with pytest.raises(Conflict, match="农行 has handed in no list"):
        rounds.withdraw(now, "农行", "农行联系人", _at(4, 22))
    with pytest.raises(Conflict, match="Lists were taken until 2024-04-22"):
        rounds.submit(now, _submission("农机", ("工行",), at=_at(4, 23)), CONTRACTS)
    reopened = rounds.reopen(_locked(), date(2024, 4, 25), "两家银行名单传错", "王", _at(4, 24))
    assert (reopened.state, reopened.tie_break) == (RoundState.OPEN, None)
    assert (
        rounds.submit(reopened, _submission("农机", ("工行",), quota=2, at=_at(4, 25)), CONTRACTS).state
        is RoundState.OPEN
    )


REFUSALS: list[tuple[Callable[[], Round], Act, str]] = [
    (_submitted, Act.PUBLISH, "The round is open for lists; it is published once it is computed"),
    (
        _submitted,
        Act.LOCK,
        "Lists are taken until 2024-04-22, and these handed in none yet: 农机, 工行, 新行",
    ),
    (_locked, Act.SUBMIT, "The round is locked; lists are taken while it is open"),
    (_computed, Act.OBJECT, "The round is computed; objections are taken while it is published"),
    (_computed, Act.REOPEN, "The round is computed; it is reopened while it is locked"),
    (_published, Act.RECORD, "The round is published; a result is recorded while it is locked"),
    (
        _submitted,
        Act.ANSWER,
        "The round is open for lists; objections are answered from publication until it is closed",
    ),
]


@pytest.mark.parametrize(("made", "act", "why"), REFUSALS)
def test_what_cannot_be_done_says_why(made: Callable[[], Round], act: Act, why: str) -> None:
    assert rounds.refusal_of(act, made(), date(2024, 4, 22)) == why


def test_everybody_handed_in_and_the_round_may_lock_before_its_day() -> None:
    now = _opened(replace(TERMS, tie_rule=TieRule.CODE, lottery_source=""))
    for who in (*TERMS.chains, *TERMS.banks):
        other = TERMS.banks[0] if who in TERMS.chains else TERMS.chains[0]
        now = rounds.submit(now, _submission(who, (other,), at=_at(4, 16)), ())
    assert rounds.lock(now, "", "王", _at(4, 16)).state is RoundState.LOCKED
    with pytest.raises(Refused) as refused:
        rounds.lock(now, "seed", "王", _at(4, 16))
    assert refused.value.faults[0].message == "ties go by code and need no seed"


def test_wrong_terms_lists_texts_and_proofs_are_refused_with_every_fault() -> None:
    wrong = replace(TERMS, chains=("A", "A"), banks=(), lottery_source=" ", submit_until=date(2024, 4, 14),
                    objection_days=0, absent_places=-1)  # fmt: skip
    assert [one.where for one in rounds.terms_faults(wrong, date(2024, 4, 15))] == [
        "chains[1]", "banks", "lottery_source", "submit_until", "objection_days", "absent_places",
    ]  # fmt: skip
    with pytest.raises(Refused) as refused:
        rounds.submit(_submitted(), _submission("农机", ("农机",), ("新行", "新行"), quota=0), CONTRACTS)
    assert [one.where for one in refused.value.faults] == [
        "quotas.农机", "statements[0].tiers[1][1]", "statements[0].tiers[0][0]",
    ]  # fmt: skip
    with pytest.raises(Refused, match="cannot be locked"):
        rounds.lock(_submitted(), "", "王", _at(4, 23))
    with pytest.raises(Refused) as refused:
        rounds.reopen(_locked(), date(2024, 4, 1), "错", "王", _at(4, 24))
    assert [one.where for one in refused.value.faults] == ["reason", "submit_until"]
    with pytest.raises(Refused, match="objection cannot be taken"):
        rounds.object_to(_published(), "新行", " ", _at(4, 28))
    with pytest.raises(Refused, match="cannot be answered so"):
        rounds.answer(
            rounds.object_to(_published(), "新行", "网点漏计", _at(4, 28)),
            1,
            "",
            "王",
            _at(4, 28),
            is_upheld=True,
        )
    market = measured_market(entrants_of(_locked(), CONTRACTS), MEASURES, RULES)
    nobody = prove(market, np.zeros((0, 2), np.int64))
    with pytest.raises(Refused, match="not stable"):
        rounds.record(_locked(), "ab" * 32, nobody, "王", _at(4, 24))


def test_who_hands_in_nothing_takes_part_as_the_terms_say_and_contracts_count() -> None:
    quotas = entrants_of(_locked(), CONTRACTS).quotas
    assert quotas == {"轴承": 2, "农机": 2, "工行": 1, "农行": 2, "新行": 1}
    out = replace(_locked(), terms=replace(TERMS, absent_places=0))
    assert entrants_of(out, CONTRACTS).quotas == {"轴承": 2, "农机": 1, "工行": 0, "农行": 2, "新行": 0}


def test_the_hash_of_inputs_can_be_recomputed_and_moves_with_every_input() -> None:
    now, measures = _locked(), MEASURES.digest()
    written = inputs_json(now, CONTRACTS, measures, RULES)
    body = json.loads(written)
    assert written == json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert body["ties"]["seed"] == "03 08 11 17 25 29+04"
    closed = Submission(Statement("轴承", (("农行",),), rest=Rest.NOBODY), 2, "x", _at(4, 20))
    others = [
        inputs_json(replace(now, submissions=(now.submissions[0], closed)), CONTRACTS, measures, RULES),
        inputs_json(replace(now, terms=replace(TERMS, proposing=Side.BANKS)), CONTRACTS, measures, RULES),
        inputs_json(now, (), measures, RULES),
        inputs_json(now, CONTRACTS, "0" * 64, RULES),
        inputs_json(now, CONTRACTS, measures, PreferenceRules(contact_limit=5)),
    ]
    assert len({written, *others}) == 6
    two = (*CONTRACTS, ("农机", "新行"))
    assert inputs_json(now, two, measures, RULES) == inputs_json(now, two[::-1], measures, RULES)
    with pytest.raises(ValueError, match="not locked"):
        inputs_json(_submitted(), CONTRACTS, measures, RULES)
