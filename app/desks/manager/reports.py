"""Reads what was typed into a form of an entry: what to log, or what is wrong with it, field by field. Pure."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from app.desks.forms import Form, number_typed
from app.desks.texts import CHINESE, Text, say
from app.docking.kinds import ALLOWED, REQUIRED, EventKind, PauseReason
from app.docking.legality import SHORTEST_EVIDENCE
from app.docking.rates import HIGHEST_RATE_BP, bp_from_percent, percent_text
from app.docking.reasons import DeclineReason
from app.docking.schemas import EventIn
from app.kernel.money import MOST_FEN, fen_from_wan, wan_text, yuan_text
from app.kernel.shanghai import SHANGHAI, shanghai_date

NOON: Final = time(12)
LONGEST_MONTHS: Final = 600
MOST_CHARACTERS: Final = 1_800
MOST_PRODUCT: Final = 100
FIELDS: Final = {
    "occurred_at": "on",
    "amount": "amount",
    "rate": "rate",
    "fee_rate": "fee",
    "term_months": "term",
    "is_credit_loan": "credit",
    "exceeds_need": "exceeds",
    "reason": "reason",
    "pause_reason": "reason",
    "evidence": "evidence",
    "note": "note",
    "corrects": "corrects",
}
"""What a field of an event is called in a form, behind the kind and a hyphen."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a form wants to log, or its faults; one of both."""

    event: EventIn | None
    form: Form


@dataclass(frozen=True, slots=True)
class Occasion:
    """When something is reported: the present, since when the party has the entry, and what it logged before (instants)."""

    now: datetime
    since: datetime | None
    before: tuple[datetime, ...] = ()


class _Wrong(Exception):
    def __init__(self, said: Text) -> None:
        self.said = said


def report_of(form: Form, kind: EventKind, institution: str | None, when: Occasion) -> Report:
    """Read the form of a kind of event; amounts are typed in 万元, rates in percent, days are Shanghai's."""
    faults: dict[str, Text | str] = {}
    fields: dict[str, Any] = {}

    def read(name: str, how: Callable[[str], Any]) -> None:
        place = f"{kind.value}-{FIELDS[name]}"
        try:
            value = how(form[place])
        except _Wrong as error:
            faults[place] = error.said
        else:
            if value is not None and value != "":
                fields[name] = value

    if kind is not EventKind.CORRECTED:
        read("occurred_at", lambda text: _instant(text, when))
    for name in sorted(ALLOWED[kind], key=list(FIELDS).index):
        read(name, _READERS[name](name in REQUIRED[kind]))
    if product := form[f"{kind.value}-product"]:
        fields["note"] = _noted(product[:MOST_PRODUCT], fields.get("note"))
    if faults:
        return Report(None, form.with_faults(faults))
    return Report(EventIn.model_validate(fields | {"kind": kind, "institution": institution}), form)


def _noted(product: str, note: str | None) -> str:
    """Answer the note of an approval by a product, in Chinese: records are not translated."""
    named = Text("产品：%(name)s", name=product)
    return say(CHINESE, Text("%(first)s；%(rest)s", first=named, rest=note) if note else named)


def place_of(kind: EventKind) -> dict[str, str]:
    """Answer the form's field for each field of an event that a service may find wrong."""
    known = {name: f"{kind.value}-{field}" for name, field in FIELDS.items() if name in ALLOWED[kind]}
    return known | {"occurred_at": f"{kind.value}-on"}


def _instant(text: str, when: Occasion) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _Wrong(Text("请填写日期，例如 2023-11-07")) from None
    today, first = shanghai_date(when.now), shanghai_date(when.since) if when.since else None
    if day > today:
        raise _Wrong(Text("日期不能晚于今天"))
    if first is not None and day < first:
        raise _Wrong(Text("日期不能早于本机构接手之日（%(day)s）", day=first.isoformat()))
    if day == today:
        return when.now
    return _within(day, [when.since] if when.since else [], when.before)


def _within(day: date, since: Iterable[datetime], before: Iterable[datetime]) -> datetime:
    """Answer an instant of a day: noon, or behind what happened on that day."""
    known = [one for one in (*since, *before) if shanghai_date(one) == day]
    return max([datetime.combine(day, NOON, SHANGHAI).astimezone(UTC), *known])


def _plain(text: str) -> str:
    """Answer what was typed in full width, as Chinese keyboards do, in plain digits and marks."""
    return unicodedata.normalize("NFKC", text).strip()


def _amount(required: bool) -> Callable[[str], str | None]:  # noqa: FBT001 - one of the readers below
    def read(text: str) -> str | None:
        if not text and not required:
            return None
        try:
            fen = fen_from_wan(_plain(text).replace(",", ""))
        except ValueError:
            raise _Wrong(Text("请填写以万元为单位的金额，例如 500 或 1200.5")) from None
        if not 0 < fen <= MOST_FEN:
            raise _Wrong(Text("金额应大于 0，且不超过 %(most)s 万元", most=wan_text(MOST_FEN)))
        return yuan_text(fen)

    return read


def _percent(required: bool, least: int) -> Callable[[str], str | None]:  # noqa: FBT001 - as above
    def read(text: str) -> str | None:
        if not text and not required:
            return None
        try:
            points = bp_from_percent(_plain(text).rstrip("%"))
        except ValueError:
            raise _Wrong(Text("请填写百分数，至多两位小数，例如 3.45")) from None
        if not least <= points <= HIGHEST_RATE_BP:
            raise _Wrong(
                Text(
                    "应在 %(least)s 至 %(most)s 之间",
                    least=percent_text(least),
                    most=percent_text(HIGHEST_RATE_BP),
                )
            )
        return percent_text(points)

    return read


def _months(required: bool) -> Callable[[str], int | None]:  # noqa: FBT001 - as above
    def read(text: str) -> int | None:
        if not text and not required:
            return None
        months = number_typed(text)
        if not 1 <= months <= LONGEST_MONTHS:
            raise _Wrong(Text("请填写月数，1 至 600 的整数"))
        return months

    return read


def _yes_or_no(required: bool) -> Callable[[str], bool | None]:  # noqa: FBT001 - as above
    def read(text: str) -> bool | None:
        if text not in {"yes", "no"}:
            if required:
                raise _Wrong(Text("请选择是或否"))
            return None
        return text == "yes"

    return read


def _one_of(words: Iterable[str]) -> Callable[[bool], Callable[[str], str | None]]:
    known = frozenset(words)

    def reader(required: bool) -> Callable[[str], str | None]:  # noqa: FBT001 - as above
        def read(text: str) -> str | None:
            if text not in known:
                if required:
                    raise _Wrong(Text("请从清单中选择"))
                return None
            return text

        return read

    return reader


def _sentences(shortest: int) -> Callable[[bool], Callable[[str], str | None]]:
    def reader(required: bool) -> Callable[[str], str | None]:  # noqa: FBT001 - as above
        def read(text: str) -> str | None:
            if required and len(text) < shortest:
                raise _Wrong(Text("请写明依据，至少 4 个字，例如材料名称和页码"))
            if len(text) > MOST_CHARACTERS:
                raise _Wrong(Text("不超过 1,800 字"))
            if any((ord(one) < ord(" ") and one not in "\n\r\t") or one == "\x7f" for one in text):
                raise _Wrong(Text("含有不能显示的字符，请删去后重填"))
            return text or None

        return read

    return reader


def _number(_required: bool) -> Callable[[str], int | None]:  # noqa: FBT001 - as above
    def read(text: str) -> int | None:
        number = number_typed(text)
        if not 0 < number < 2**31:
            raise _Wrong(Text("请选择要更正的记录"))
        return number

    return read


_READERS: Final[dict[str, Callable[[bool], Callable[[str], Any]]]] = {
    "amount": _amount,
    "rate": lambda required: _percent(required, 1),
    "fee_rate": lambda required: _percent(required, 0),
    "term_months": _months,
    "is_credit_loan": _yes_or_no,
    "exceeds_need": lambda _required: lambda text: text == "1",
    "reason": _one_of(reason.value for reason in DeclineReason),
    "pause_reason": _one_of(reason.value for reason in PauseReason),
    "evidence": _sentences(SHORTEST_EVIDENCE),
    "note": _sentences(0),
    "corrects": _number,
}
