"""What a firm has done and does next; what withdrawing a consent leaves."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.desks.enterprise.consent_forms import first_form, withdrawal_of
from app.desks.enterprise.progress import next_step, to_do
from app.desks.enterprise.tasks import NeedLine, state_of, tasks_of
from app.desks.texts import say
from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.rules import Stage
from app.docking.schemas import ClockOut, DockingOut, PartyOut
from app.docking.working_time import Step
from app.enterprises.consent_schemas import ConsentOut
from app.enterprises.consents import FieldGroup
from app.enterprises.schemas import NeedOut
from app.whitelist.schemas import EntrySummary

NOW = datetime(2023, 9, 1, tzinfo=UTC)


def entry(**more: Any) -> EntrySummary:
    """Answer an entry that was admitted."""
    return EntrySummary.model_construct(**{"status": "admitted", "withdrawn_at": None} | more)


def docking(stage: Stage, owner: str | None = "松江银行", **party: Any) -> DockingOut:
    """Answer where an entry with one party stands."""
    one = PartyOut.model_construct(**{"possible": [], "until": None, "stage": stage, "score": None} | party)
    fields: dict[str, Any] = {"stage": stage, "owner": owner, "parties": [one], "clock": None}
    return DockingOut.model_construct(**fields)


def line(entry_: EntrySummary | None, state: DockingOut | None, consents: int = 0) -> NeedLine:
    """Answer a need of the firm."""
    stated: dict[str, Any] = {"code": "91230199MA1BQXYE20", "revised_at": NOW}
    need = NeedOut.model_construct(**stated)
    return NeedLine(need, entry_, state, consents)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((None, None), "已提交，尚未列入名单"),
        ((entry(withdrawn_at=NOW), None), "已退出名单"),
        ((entry(status="review"), None), "名单待复核"),
        ((entry(status="refused"), None), "未获准入"),
        ((entry(), docking(Stage.WAITING, None)), "已入选，待落实责任机构"),
        ((entry(), docking(Stage.CONTACTED)), "已对接"),
    ],
)
def test_a_need_says_how_far_it_has_come(given: Any, told: str) -> None:
    assert say("zh", state_of(*given)[0]) == told


def test_tasks_follow_the_way_and_the_last_one_opens_with_an_answer() -> None:
    def told(*lines: NeedLine, has_draft: bool = False) -> list[str]:
        return [say("zh", one.state) for one in tasks_of(lines, has_draft=has_draft, draft_path="/x")]

    later = "填写需求后开始"
    assert told() == ["已完成", "未开始", later, later, later, later]
    assert told(has_draft=True)[1] == "有未提交的草稿"
    contacted = line(entry(), docking(Stage.CONTACTED), 1)
    assert told(contacted)[3:] == ["已授权", "已对接", "机构答复后再评价"]
    answered = docking(Stage.CREDITED, possible=[EventKind.RATED])
    assert told(line(entry(), answered))[3:] == ["未授权", "已授信", "待评价"]
    rated = docking(Stage.CREDITED, possible=[EventKind.RATED], score=4)
    assert told(line(entry(), rated))[5] == "已评价"
    gone = docking(Stage.DECLINED, until=NOW)
    assert told(line(entry(), gone))[5] == "待评价"


def test_each_step_has_its_sentence_and_what_to_do_begins_with_consent() -> None:
    def clock(step: Step, **more: Any) -> ClockOut:
        fields = {"step": step, "turn": Turn.INSTITUTION, "pause_reason": None, "is_overdue": False}
        return ClockOut.model_construct(**fields | more)

    assert all(next_step(clock(step)) for step in Step)
    late = clock(Step.CONTACT, is_overdue=True)
    found = [where for _text, where in to_do(late, (), consent_path="/consents", unknown=2)]
    assert found == ["/consents", "#asks", "#progress"]
    assert [where for _text, where in to_do(None, (), consent_path="", unknown=0)] == [""]


def consent(number: int, *groups: str) -> ConsentOut:
    """Answer a consent that holds."""
    fields: dict[str, Any] = {"id": number, "groups": list(groups), "is_live": True}
    return ConsentOut.model_construct(**fields)


def test_withdrawing_a_consent_takes_what_no_other_shows() -> None:
    own, other = consent(1, "contact", "financial"), consent(2, "financial")
    assert withdrawal_of(own, [own, other], []).lost == [FieldGroup.CONTACT]
    last = withdrawal_of(own, [own], [])
    assert last.is_last
    assert last.lost == [FieldGroup.IDENTITY, FieldGroup.CONTACT, FieldGroup.FINANCIAL]


@pytest.mark.parametrize(
    ("today", "until"),
    [(date(2023, 8, 31), "2024-02-28"), (date(2023, 3, 15), "2023-09-15"), (date(2023, 12, 1), "2024-06-01")],
)
def test_a_new_consent_lasts_half_a_year_unless_said_otherwise(today: date, until: str) -> None:
    assert first_form(today)["until"] == until
