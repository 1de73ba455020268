"""What services refuse in English, pages say in Chinese; nothing that code can say is left out."""

import re

import pytest
from pydantic import ValidationError

from app.accounts.invitation_schemas import InvitationIn
from app.desks.forms import Form
from app.desks.refusals import Refusal, in_chinese, refusal_of
from app.desks.texts import say
from app.kernel.errors import Conflict, Fault, Refused
from tests.house.code import APP
from tests.house.refusal_catalogue import UNSEEN, in_chinese_already, refusals, stored

BLANK = re.compile(r"\{\d+\}")


def test_every_refusal_of_the_code_has_its_chinese_with_known_blanks() -> None:
    told = {str(one.id): str(one.string) for one in stored() if one.id}
    assert told.keys() == refusals().keys(), "make texts"
    assert [
        text for text, chinese in told.items() if not re.search(r"[\u3400-\u9fff\uff00-\uffef]", chinese)
    ] == []
    unknown = {
        text: chinese
        for text, chinese in told.items()
        if set(BLANK.findall(chinese)) - set(BLANK.findall(text))
    }
    assert unknown == {}


def test_a_module_whose_english_is_passed_over_is_there_and_has_a_reason() -> None:
    names = [str(path.relative_to(APP)) for path in APP.rglob("*.py")]
    assert [unseen for unseen in UNSEEN if not any(name.startswith(unseen) for name in names)] == []
    assert all(UNSEEN.values())


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("There is no person 7.", "没有编号为 7 的人员。"),
        ("There is no pack a {b}; there are c, d.", "没有政策包 a {b}；现有 c, d。"),
        (
            "coordinator and administrator are separated duties (三权分立)",
            "coordinator 与 administrator 职责必须分离（三权分立）",
        ),
        ("no credit code given (GB 32100-2015)", "没有填写统一社会信用代码（GB 32100-2015）"),
        ("None of your roles allows “read_reviews” here.", "您的角色在这里不能执行“查看名单和待复核”。"),
        ("lies before the first day, 2023-11-07", "早于起始日 2023年11月7日"),
        ("缺少列：金额", "缺少列：金额"),
        ("2023-11", "2023-11"),
        ("Nobody wrote this sentence down.", None),
    ],
)
def test_a_sentence_is_found_with_what_fills_its_blanks(english: str, chinese: str | None) -> None:
    assert in_chinese(english) == chinese


def test_days_in_refusals_are_written_as_on_all_pages_unless_they_show_how_one_is_typed() -> None:
    late = Refusal("lies before the first day, 2023-11-07", "Draft 2023-11-01 begins on 2023-13-45.")
    assert say("en", late) == "Lies before the first day, 7 Nov 2023. Draft 1 Nov 2023 begins on 2023-13-45."
    shown = Refusal("Chain LY-01 is kept at /chains/LY-01/managers/leader/2023-11-07.")
    assert say("en", shown).endswith("leader/2023-11-07.")


@pytest.mark.parametrize("room", ["membership", "chains", "events"])
def test_rooms_refuse_in_english_and_leave_the_chinese_to_pages(room: str) -> None:
    assert in_chinese_already(room) == []


@pytest.mark.parametrize(
    "text", ["(" * 3_000, "There is no " * 200 + "x", "There is no person \n.", "a" * 100_000]
)
def test_nonsense_is_looked_up_in_no_time_and_shown_shortened(text: str) -> None:
    assert len(in_chinese(text) or "") <= 2_400


def test_a_form_says_what_a_service_refused_at_its_fields_in_the_language_of_the_reader() -> None:
    form = Form({"amount": "x", "until": ""})
    error = Refused(
        "The role was not given.",
        [
            Fault("need.amount", "missing", "Send it."),
            Fault("until", "lies before the first day"),
            Fault("until", "is taken", "Choose another."),
            Fault("elsewhere", "no such region"),
            Fault("elsewhere", "never heard of"),
        ],
    )
    told = form.refused(error, {"need.amount": "amount"})
    assert {place: say("zh", said) for place, said in told.faults.items()} == {
        "amount": "没有填写。请填写。",
        "until": "早于起始日。已被使用。请换一个。",
        "": "没有授予角色。没有这个行政区划代码。这一项不能接受。",
    }
    assert say("en", told.faults["amount"]) == "Missing. Send it."
    assert say("en", told.faults[""]) == "The role was not given. No such region. Never heard of."
    alone = form.refused(Conflict("The role has ended already."))
    assert (say("zh", alone.faults[""]), say("en", alone.faults[""])) == (
        "该角色已经结束。",
        "The role has ended already.",
    )
    assert say("zh", refusal_of(Fault("x", "说得明白", "请改正"))) == "说得明白。请改正"
    assert say("zh", Refusal("Nobody foresaw this.", otherwise="")) == ""


def test_a_form_says_what_a_schema_does_not_take() -> None:
    form = Form({"name": "", "until": "2023/11/07"})
    with pytest.raises(ValidationError) as error:
        InvitationIn.model_validate({"name": "", "role": "king", "until": "2023/11/07"})
    told = {place: say("zh", said) for place, said in form.misfit(error.value).faults.items()}
    assert told["name"] == "至少 1 个字符"
    assert told["until"] == "请把日期写成 YYYY-MM-DD"
    assert told[""].startswith("可选：'enterprise'")
