"""What is typed to give or change a consent, checked before it is sent, and what withdrawing one does. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.desks.forms import Form, Said, day_typed
from app.desks.texts import Text
from app.enterprises.consent_schemas import ChosenGroup, ConsentIn, ConsentOut
from app.enterprises.consents import CHOSEN_GROUPS, PURPOSE_NAMES, FieldGroup, Purpose, latest_until
from app.enterprises.disclosure_service import LastLook

GROUP_TITLES: Final[Mapping[FieldGroup, Text]] = {
    FieldGroup.CARD: Text("需求卡片"),
    FieldGroup.IDENTITY: Text("企业身份"),
    FieldGroup.CONTACT: Text("联系方式"),
    FieldGroup.FINANCIAL: Text("财务信息"),
    FieldGroup.JUDICIAL: Text("司法和征信信息"),
}
GROUP_HINTS: Final[Mapping[FieldGroup, Text]] = {
    FieldGroup.CARD: Text("金额、期限、用途、地区、行业、规模；不含名称"),
    FieldGroup.IDENTITY: Text("企业和项目名称、成立日期、资质、人数、缺失要素"),
    FieldGroup.CONTACT: Text("联系人和电话；同一时间最多三家机构持有"),
    FieldGroup.FINANCIAL: Text("营业收入、抵质押物、纳税等级、现有贷款、现有贷款银行"),
    FieldGroup.JUDICIAL: Text("是否涉诉、有无征信不良"),
}
PURPOSE_HINTS: Final[Mapping[Purpose, Text]] = {
    Purpose.FINANCING_DOCKING: Text("与您联系、了解需求、推荐产品"),
    Purpose.CREDIT_REVIEW: Text("审查是否给予授信"),
    Purpose.GUARANTEE_REVIEW: Text("担保机构审查是否承保"),
}
MONTHS_AT_FIRST: Final = 6


def purpose_options() -> list[tuple[str, str, Text]]:
    """Answer the purposes as radio buttons show them."""
    return [(one.value, PURPOSE_NAMES[one], PURPOSE_HINTS[one]) for one in Purpose]


def group_options() -> list[tuple[str, Text, Text]]:
    """Answer the groups that a consent may leave out, as boxes show them."""
    return [(one.value, GROUP_TITLES[one], GROUP_HINTS[one]) for one in CHOSEN_GROUPS]


def first_form(today: date) -> Form:
    """Answer what the form to give a consent shows at first: docking, contacts, half a year."""
    month = today.month - 1 + MONTHS_AT_FIRST
    year, month = today.year + month // 12, month % 12 + 1
    until = date(year, month, min(today.day, 28))
    values = {"purpose": Purpose.FINANCING_DOCKING.value, "institution": "", "until": until.isoformat()}
    return Form(values, {"groups": [FieldGroup.CONTACT.value]})


def form_of(consent: ConsentOut) -> Form:
    """Answer the form to change a consent, as it stands."""
    values = {
        "purpose": consent.purpose.value,
        "institution": consent.institution or "",
        "until": consent.until.isoformat(),
    }
    return Form(values, {"groups": list(consent.groups)})


def consent_faults(form: Form, institutions: Collection[str], today: date) -> dict[str, Said]:
    """Answer what is wrong with a typed consent, field by field."""
    faults: dict[str, Said] = {}
    if form["purpose"] not in set(Purpose):
        faults["purpose"] = Text("请选择授权的用途")
    if not set(form.all("groups")) <= {one.value for one in CHOSEN_GROUPS}:
        faults["groups"] = Text("请在列出的信息中选择")
    if form["institution"] not in institutions:
        faults["institution"] = Text("请在列出的机构中选择")
    until = day_typed(form["until"])
    if until is None:
        faults["until"] = Text("请填写日期，例如 %(day)s", day=latest_until(today).isoformat())
    elif not today <= until <= latest_until(today):
        faults["until"] = Text(
            "截止日期须在 %(first)s 至 %(last)s 之间：授权最长一年",
            first=today.isoformat(),
            last=latest_until(today).isoformat(),
        )
    return faults


def consent_typed(form: Form) -> ConsentIn:
    """Answer the consent that a sound form states."""
    chosen: dict[str, ChosenGroup] = {"contact": "contact", "financial": "financial", "judicial": "judicial"}
    return ConsentIn(
        purpose=Purpose(form["purpose"]),
        groups=[chosen[one] for one in dict.fromkeys(form.all("groups"))],
        institution=form["institution"] or None,
        until=date.fromisoformat(form["until"]),
    )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What withdrawing a consent does: who looked by it and when last, what nobody sees any more, what others keep."""

    looks: Sequence[LastLook]
    lost: Sequence[FieldGroup]
    kept: Sequence[ConsentOut]
    is_last: bool


def withdrawal_of(
    consent: ConsentOut, consents: Iterable[ConsentOut], looks: Iterable[LastLook]
) -> Withdrawal:
    """Answer what withdrawing a consent does, of all consents and looks of its need."""
    kept = [one for one in consents if one.is_live and one.id != consent.id]
    others = {group for one in kept for group in one.groups}
    shown = [group for group in CHOSEN_GROUPS if group.value in consent.groups]
    lost = [group for group in shown if group.value not in others]
    if not kept:
        lost = [FieldGroup.IDENTITY, *lost]
    return Withdrawal([one for one in looks if one.consent == consent.id], lost, kept, not kept)
