"""A decline answered in plain Chinese: what blocked it, by which clause, who has it now, until when, what to do."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bottlenecks.rules import ASK, POLICY_GAP, ClassFinding
from app.docking.advice import AdviceLine, advise
from app.docking.answers import Decline, Handling, answer_of
from app.docking.clock import Clock, Turn
from app.docking.kinds import Level, PauseReason
from app.docking.reasons import REASONS, DeclineReason
from app.docking.rules import Stage
from app.docking.working_time import STEP_LABELS, Step
from app.kernel.settings import PROJECT_ROOT
from app.policy.criteria import Verdict
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book

BOOK = make_rule_book(load_policy_library(PROJECT_ROOT / "seed"), (), "230111", date(2023, 11, 14))
AT = datetime(2023, 11, 13, 17, 30, tzinfo=UTC)  # half past one of the fourteenth in Shanghai
TODAY = date(2023, 11, 15)
DECLINE = Decline(
    4, "2023H2-91230199127041784E", "JSB01", "建设银行松北支行", AT, AT, DeclineReason.NO_COLLATERAL
)
GUARANTORS = ClassFinding(
    "d", "小微、缺少抵押物且不符合信用贷款条件", Verdict.PASS, (), (), "guarantors", "地方金融监管局", "融资担保机构",
    "黑银发〔2023〕25号（十六）", "",
)  # fmt: skip
CLOCK = Clock(
    turn=Turn.INSTITUTION, owner="龙江融资担保公司", institution_id=9, institution="LJDB", step=Step.ACCEPT,
    stage=Stage.DECLINED, runs_since=AT, days=1, due_on=date(2023, 11, 15), remind_on=None, paused_since=None,
    pause_reason=None, level=None, is_reminded=False, citation="经办方设定5",
)  # fmt: skip
ADVICE = (AdviceLine("盘点设备", "黑银发〔2023〕25号（六）"), AdviceLine("补报担保人"))


def test_the_whole_answer_reads_as_a_person_would_write_it() -> None:
    found = answer_of(DECLINE, Handling.of("d", GUARANTORS, ()), CLOCK, ADVICE, TODAY)
    assert found.text == (
        "您的融资需求（2023H2-91230199127041784E）被建设银行松北支行于2023年11月14日婉拒，原因：缺少可接受的抵质押物。"
        "按黑银发〔2023〕25号（十六）“小微、缺少抵押物且不符合信用贷款条件”办理，推送对象为融资担保机构。"
        "现由龙江融资担保公司接手，应于2023年11月15日（含当日）前接单。"
        "您可以：1．盘点设备（黑银发〔2023〕25号（六））；2．补报担保人。"
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"due_on": date(2023, 11, 14)}, "现由龙江融资担保公司接手，应于2023年11月14日（含当日）前接单，现已逾期。"),
        ({"due_on": None}, "现由龙江融资担保公司接手，应自2023年11月14日起1个工作日内接单（其间的工作日安排尚未公布）。"),
        ({"pause_reason": PauseReason.MATERIALS, "paused_since": AT}, "目前暂停计时：待企业补充材料。"),
        ({"level": Level.COUNTY}, "该步骤已升级至县级统筹部门督办。"),
        (
            {"turn": Turn.COORDINATOR, "owner": "哈尔滨市统筹部门", "step": Step.RESOLVE, "institution": None},
            "现由哈尔滨市统筹部门负责，应于2023年11月15日（含当日）前协调解决。",
        ),
        (
            {"turn": Turn.COORDINATOR, "step": Step.REFRESH, "due_on": date(2023, 12, 31)},
            "本条目已有机构放款，由龙江融资担保公司跟踪，名单于2023年12月31日后更新。",
        ),
    ],
)  # fmt: skip
def test_who_has_it_now_and_what_holds_it_up_is_told(changed: dict[str, Any], sentence: str) -> None:
    clock = replace(CLOCK, **changed)
    assert sentence in answer_of(DECLINE, None, clock, (), TODAY).sentences


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        (ASK, "属于哪类堵点，须补充信息后判定。"),
        (POLICY_GAP, "现行政策没有规定这种情形的去向，由统筹部门研究。"),
    ],
)
def test_what_no_class_leads_is_said_as_it_is(route: str, sentence: str) -> None:
    assert sentence in answer_of(DECLINE, Handling.of(route, None, ()), CLOCK, (), TODAY).sentences


def test_a_rule_of_another_place_is_told_with_its_adoption() -> None:
    adopted = Handling.of("d", replace(GUARANTORS, adopted="经办人自2024-01-01起为410300采用整份：试行"), ())
    assert (
        "（经办人自2024-01-01起为410300采用整份：试行）" in answer_of(DECLINE, adopted, CLOCK, (), TODAY).text
    )


def test_a_decline_that_was_taken_back_says_so_and_advises_nothing() -> None:
    found = answer_of(
        replace(DECLINE, is_voided=True), Handling.of("d", GUARANTORS, ()), CLOCK, ADVICE, TODAY
    )
    assert found.sentences[1] == "该记录已经更正，不作数。"
    assert (found.handling, found.advice, "您可以" in found.text) == (None, (), False)


def test_of_an_entry_off_the_roster_nobody_is_named() -> None:
    assert answer_of(DECLINE, None, None, (), TODAY).sentences[1:] == ("该条目已不在名单上，不再推送。",)


@given(
    st.sampled_from(DeclineReason),
    st.sampled_from([(ASK, None), (POLICY_GAP, None), ("d", GUARANTORS)]),
    st.sampled_from(Turn),
    st.sampled_from([step for step in Step if step is not Step.REFRESH]),
    st.integers(-3, 3),
)
def test_every_answer_names_reason_day_owner_step_and_something_to_do(
    reason: DeclineReason, led: tuple[str, ClassFinding | None], turn: Turn, step: Step, days: int
) -> None:
    handling = Handling.of(*led, ("size_class",))
    due = TODAY + timedelta(days=days)
    clock = replace(CLOCK, turn=turn, step=step, due_on=due)
    advice = advise(reason, handling.rule_route, BOOK, asks=handling.asks)
    found = answer_of(replace(DECLINE, reason=reason), handling, clock, advice, TODAY)
    told = (
        REASONS[reason].chinese,
        "2023年11月14日",
        f"11月{due.day}日",
        clock.owner,
        STEP_LABELS[step],
        "您可以：1．",
    )
    assert [word for word in told if word not in found.text] == []
    assert ("现已逾期" in found.text) == (days < 0)
    assert all(sentence.endswith("。") for sentence in found.sentences)
