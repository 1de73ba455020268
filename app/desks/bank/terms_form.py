"""A product's terms as a form has them: written out, and read back with what is wrong at each field. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import ValidationError

from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import ProductOut, RevisionIn
from app.catalogue.terms import PARTS
from app.desks.forms import Form, Said
from app.desks.texts import Text
from app.kernel.money import MOST_FEN, fen_from_wan, short_decimal, wan_text, yuan_text
from app.policy.parsing import condition_as_data

SETS: Final = (
    "purposes",
    "guarantee_modes",
    "chains",
    "sizes",
    "qualifications",
    "tax_grades",
    "exclusions",
    "policy_tools",
)
CODES: Final = ("areas", "industries")
BASIS_POINTS: Final = 100
MOST_TEXT: Final = 200
_BREAKS: Final = re.compile(r"[\s,，、;；]+")
_LINE: Final = re.compile(r"^(?P<part>[^：:]+)[：:]\s*(?P<clause>.+)$")
_PART_OF: Final = {name: part for part, name in PARTS.items()}

MISSING: Final = Text("请填写这一项。")
NOT_WAN: Final = Text("请填写以万元为单位的数字，例如 500 或 1200.5。")
NOT_MONTHS: Final = Text("请填写整月数，1 至 600。")
NOT_PERCENT: Final = Text("请填写百分点，最多两位小数，例如 3.45 或 -0.2。")
NOT_WHOLE: Final = Text("请填写整数。")
NOT_DAY: Final = Text("请选择日期，例如 2024-01-01。")
OUT_OF_ORDER: Final = Text("最低不能高于最高。")
DAYS_OUT_OF_ORDER: Final = Text("失效日不能早于生效日。")
NONE_CHOSEN: Final = Text("请至少选择一项。")
TOO_LONG: Final = Text("最多 200 个字。")
NOT_CITED: Final = Text("每行写“部分：依据”，部分用左边列出的名称，例如“金额：黑银发〔2023〕25号 六”。")
UNFIT: Final = Text("这一项不合要求，请检查。")


def form_of(product: ProductOut) -> Form:
    """Write a product's current revision into a form."""
    terms = product.terms
    values = {
        "revision": str(product.revision),
        "name": product.name,
        "form": terms.form,
        "amount_least": wan_text(terms.amount.least),
        "amount_most": wan_text(terms.amount.most),
        "term_least": str(terms.term.least),
        "term_most": str(terms.term.most),
        "rate_base": terms.rate.base,
        "rate_least": _percent(terms.rate.least),
        "rate_most": _percent(terms.rate.most),
        "areas": "、".join(terms.areas),
        "industries": "、".join(terms.industries),
        "years_least": "" if terms.years_least is None else str(terms.years_least),
        "declared_days": "" if terms.declared_days is None else str(terms.declared_days),
        "first_loan_only": "yes" if terms.first_loan_only else "",
        "note": terms.note,
        "cites": "\n".join(f"{PARTS[one.part]}：{one.clause}" for one in terms.cites),
        "valid_from": product.valid_from.isoformat(),
        "valid_until": product.valid_until.isoformat() if product.valid_until else "",
    }
    several = {name: list(getattr(terms, name)) for name in SETS}
    kept = [str(number) for number in range(len(terms.criteria))]
    return Form(values, several | {"criteria": kept})


def revision_of(form: Form, current: ProductOut) -> tuple[RevisionIn | None, Form]:
    """Read a form; None with the faults at their fields where it cannot be stored so.

    Further criteria are written by the API or a file; here those of the current revision stay or go.
    """
    faults: dict[str, Said] = {}
    amount = _range(form, "amount", faults, _yuan, "0.00")
    term = _range(form, "term", faults, _months, 1)
    rate = _range(form, "rate", faults, _points, 0)
    terms: dict[str, Any] = {
        "form": form["form"],
        "amount": {"least": amount[0], "most": amount[1]},
        "term": {"least": term[0], "most": term[1]},
        "rate": {"base": form["rate_base"], "least": rate[0], "most": rate[1]},
        "years_least": _optional(form, "years_least", faults),
        "declared_days": _optional(form, "declared_days", faults),
        "first_loan_only": form["first_loan_only"] == "yes",
        "note": form["note"],
        "cites": _cites(form, faults),
        "criteria": [
            condition_as_data(one)
            for number, one in enumerate(current.terms.criteria)
            if str(number) in form.all("criteria")
        ],
        **{name: list(form.all(name)) for name in SETS},
        **{name: [word for word in _BREAKS.split(form[name]) if word] for name in CODES},
    }
    faults |= _plain_faults(form, terms)
    days = {name: _day(form, name, faults, is_needed=name == "valid_from") for name in _DAYS}
    if days["valid_from"] and days["valid_until"] and days["valid_from"] > days["valid_until"]:
        faults["valid_until"] = DAYS_OUT_OF_ORDER
    if faults:
        return None, form.with_faults(faults)
    try:
        read = ProductTerms.model_validate(terms)
        body = RevisionIn(name=form["name"], terms=read, is_demo=current.is_demo, **days)
    except ValidationError as error:
        return None, form.with_faults(_told(error.errors()))
    return body, form


_DAYS: Final = ("valid_from", "valid_until")


def _plain_faults(form: Form, terms: Mapping[str, Any]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    if not form["name"]:
        found["name"] = MISSING
    for name in ("purposes", "guarantee_modes"):
        if not terms[name]:
            found[name] = NONE_CHOSEN
    if not terms["areas"]:
        found["areas"] = MISSING
    for name, most in (("name", 120), ("note", MOST_TEXT)):
        if len(form[name]) > most:
            found[name] = TOO_LONG
    return found


def _range(form: Form, name: str, faults: dict[str, Said], read: Any, spare: Any) -> tuple[Any, Any]:
    found = []
    for end in (f"{name}_least", f"{name}_most"):
        try:
            found.append(read(form[end]))
        except ValueError:
            faults[end] = _SAID[read] if form[end] else MISSING
            found.append(None)
    least, most = found
    if least is None or most is None:
        return spare, spare
    if Decimal(least) > Decimal(most):
        faults[f"{name}_most"] = OUT_OF_ORDER
    return least, most


def _yuan(text: str) -> str:
    fen = fen_from_wan(text.replace(",", "").replace("，", ""))
    if not 0 <= fen <= MOST_FEN:
        msg = "no amount of ours"
        raise ValueError(msg)
    return yuan_text(fen)


def _months(text: str) -> int:
    months = _whole(text)
    if not 0 <= months <= 600:  # noqa: PLR2004 - as the terms' own bounds
        msg = "no term of ours"
        raise ValueError(msg)
    return months


def _points(text: str) -> int:
    try:
        points = short_decimal(text) * BASIS_POINTS
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not points.is_finite() or points != points.to_integral_value() or abs(points) > 3_600:  # noqa: PLR2004 - as above
        raise ValueError(text)
    return int(points)


_SAID: Final[Mapping[Any, Text]] = {_yuan: NOT_WAN, _months: NOT_MONTHS, _points: NOT_PERCENT}


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _optional(form: Form, name: str, faults: dict[str, Said]) -> int | None:
    if not form[name]:
        return None
    try:
        return _whole(form[name])
    except ValueError:
        faults[name] = NOT_WHOLE
        return None


def _day(form: Form, name: str, faults: dict[str, Said], *, is_needed: bool) -> date | None:
    if not form[name]:
        if is_needed:
            faults[name] = MISSING
        return None
    try:
        return date.fromisoformat(form[name])
    except ValueError:
        faults[name] = NOT_DAY
        return None


def _cites(form: Form, faults: dict[str, Said]) -> list[dict[str, str]]:
    found = []
    for line in filter(None, map(str.strip, form["cites"].splitlines())):
        read = _LINE.match(line)
        part = _PART_OF.get(read["part"].strip()) if read else None
        if read is None or part is None:
            faults["cites"] = NOT_CITED
            continue
        found.append({"part": part, "clause": read["clause"]})
    return found


def _told(errors: Sequence[Any]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for error in errors:
        place = [part for part in error["loc"] if isinstance(part, str)]
        name = place[0] if place else ""
        if name in {"amount", "term", "rate"}:
            name = (
                f"{name}_{place[1]}" if len(place) > 1 and place[1] in {"least", "most"} else f"{name}_most"
            )
        found.setdefault(name, UNFIT)
    return found


def _percent(points: int) -> str:
    return f"{(Decimal(points) / BASIS_POINTS).normalize():f}"
