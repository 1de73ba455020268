"""A draft as a form, and a form as a draft: parts are tables of rows, as many as it takes; blank rows are left out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from pydantic import ValidationError

from app.chains.fields import MOST_ITEMS
from app.chains.schemas import PlanContent
from app.chains.targets import AMOUNTS, IN_BASIS_POINTS
from app.desks.forms import Form, day_typed, number_typed
from app.desks.naming import Choices
from app.desks.texts import Text
from app.kernel.money import fen_from_wan, wan_text, yuan_text
from app.plans.schemas import DraftIn
from app.policy.facts import CHAIN_ROLES

PARTS: Final[Mapping[str, Sequence[str]]] = {
    "contracted": ("institution", "quota"),
    "products": ("product",),
    "granted": ("text", "clause", "product", "amount_most", "term_most", "percent_most", "parameter"),
    "links": ("name", "industries"),
    "targets": ("measure", "bound", "base", "change", "value", "clause"),
    "bodies": ("name", "role", "task"),
}
"""The fields of a row of each part; roles of links are ticked."""
CHOSEN: Final = frozenset({"bound", "base", "role", "measure"})
"""What a row always says: alone it does not make a row."""
CLAUSES: Final = ("contracted", "priority_purposes", "products", "links", "bodies")
BLANK_ROWS: Final = 2
MORE_ROWS: Final = 5
MOST_FIELDS: Final = 50 + (MOST_ITEMS + MORE_ROWS) * (sum(map(len, PARTS.values())) + len(CHAIN_ROLES))
"""What a form of the longest plan has: more rows are refused with the plan, and more fields are not read."""
NOT_A_NUMBER: Final = Text("请填写数字，例如 500 或 12.5。")
NOT_A_DAY: Final = Text("请填写日期，例如 2024-01-01。")
HUNDRED: Final = 100
BETWEEN: Final = re.compile(r"[\s,;\u3001\uff0c\uff1b]+")
"""What stands between codes: blanks, commas and semicolons of both scripts."""
_ROW: Final = re.compile(r"([a-z]+)\.([0-9]{1,4})\.[a-z_]+")


@dataclass(frozen=True, slots=True)
class Known:
    """What a form offers by name: banks and products."""

    banks: Choices
    products: Choices

    def of(self, name: str) -> Choices | None:
        """Answer what a field of this name is chosen from, if it is."""
        return {"institution": self.banks, "product": self.products}.get(name)


@dataclass(frozen=True, slots=True)
class Written:
    """What a form says: a draft, or what is wrong with it; `fields` are those of the draft's places."""

    form: Form
    draft: DraftIn | None
    fields: Mapping[str, str]


def form_of(
    plan: PlanContent | None, known: Known, since: str, until: str, version: int | None = None
) -> Form:
    """Answer the form of a plan, or of none yet; banks and products stand in it by name."""
    values = {"since": since, "until": until, "version": "" if version is None else str(version)}
    several: dict[str, list[str]] = {}
    if plan is not None:
        values |= dict(_values(plan, known))
        several["priority_purposes"] = list(plan.priority_purposes)
        several |= {f"links.{i}.roles": list(link.roles) for i, link in enumerate(plan.links)}
    return Form(values, several)


def _values(plan: PlanContent, known: Known) -> Iterator[tuple[str, str]]:
    for i, product in enumerate(plan.products):
        yield f"products.{i}.product", known.products.shown(product)
    for part in CLAUSES:
        yield f"clauses.{part}", getattr(plan.clauses, part) or ""
    for i, bank in enumerate(plan.contracted):
        yield f"contracted.{i}.institution", known.banks.shown(bank.institution)
        yield f"contracted.{i}.quota", "" if bank.quota is None else str(bank.quota)
    for i, term in enumerate(plan.granted):
        amount = "" if term.amount_most is None else wan_text(term.amount_most)
        said: dict[str, Any] = {
            "text": term.text,
            "clause": term.clause,
            "product": None if term.product is None else known.products.shown(term.product),
            "amount_most": amount,
        }
        said |= {"term_most": term.term_most, "percent_most": term.percent_most, "parameter": term.parameter}
        yield from ((f"granted.{i}.{name}", "" if one is None else str(one)) for name, one in said.items())
    for i, link in enumerate(plan.links):
        yield f"links.{i}.name", link.name
        yield f"links.{i}.industries", "、".join(link.industries)
    for i, target in enumerate(plan.targets):
        value = "" if target.value is None else _shown(target.measure, target.value)
        change = "" if target.change_bp is None else f"{Decimal(target.change_bp) / HUNDRED:f}"
        for name in ("measure", "bound", "base", "clause"):
            yield f"targets.{i}.{name}", getattr(target, name)
        yield f"targets.{i}.value", value
        yield f"targets.{i}.change", change
    for i, body in enumerate(plan.bodies):
        for name in PARTS["bodies"]:
            yield f"bodies.{i}.{name}", getattr(body, name)


def _shown(measure: str, value: int) -> str:
    if measure in AMOUNTS:
        return wan_text(value)
    return f"{Decimal(value) / HUNDRED:f}" if measure in IN_BASIS_POINTS else str(value)


def rows_of(form: Form, part: str, more: str = "") -> list[int]:
    """Answer the places of a part's rows to show: those that say something, and blank ones to go on."""
    used = _used(form, part)
    blank = MORE_ROWS if more == part else BLANK_ROWS if not used else 1
    following = used[-1] + 1 if used else 0
    return [*used, *range(following, following + blank)]


def _used(form: Form, part: str) -> list[int]:
    """Answer the places of a part's rows that say something, in order."""
    named = (_ROW.fullmatch(name) for name in {**form.values, **form.several})
    rows = {int(found[2]) for found in named if found and found[1] == part}
    return sorted(row for row in rows if _says(form, part, row))


def _says(form: Form, part: str, row: int) -> bool:
    is_ticked = part == "links" and bool(form.all(f"links.{row}.roles"))
    return is_ticked or any(form[f"{part}.{row}.{name}"] for name in PARTS[part] if name not in CHOSEN)


def read(form: Form, known: Known) -> Written:
    """Read a draft from what was typed: banks and products by name or code."""
    faults: dict[str, Text | str] = {}
    fields: dict[str, str] = {}
    said: dict[str, Any] = {
        "priority_purposes": list(form.all("priority_purposes")),
        "clauses": {part: form[f"clauses.{part}"] or None for part in CLAUSES},
    }
    for name in ("since", "until"):
        day = day_typed(form[name])
        if (form[name] and day is None) or (name == "since" and day is None):
            faults[name] = NOT_A_DAY
        said[name] = day
    for part, names in PARTS.items():
        used = _used(form, part)
        said[part] = [_row(form, part, names, i, faults, known) for i in used]
        fields |= {f"{part}.{place}": f"{part}.{i}" for place, i in enumerate(used)}
    said["products"] = [row["product"] for row in said["products"]]
    if faults:
        return Written(form.with_faults(faults), None, {})
    if form["replaces"]:
        said["replaces"] = number_typed(form["replaces"]) or None
    try:
        draft = DraftIn.model_validate(said)
    except ValidationError as error:
        return Written(form.misfit(error, _places(fields, said, None)), None, {})
    return Written(form, draft, _places(fields, said, draft))


def _row(
    form: Form, part: str, names: Sequence[str], row: int, faults: dict[str, Text | str], known: Known
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        field = f"{part}.{row}.{name}"
        text = form[field]
        if not text:
            continue
        if (choices := known.of(name)) is not None:
            found[name], fault = choices.found(text)
            faults |= {} if fault is None else {field: fault}
            continue
        try:
            found |= _value(part, name, text, form[f"{part}.{row}.measure"])
        except (ValueError, InvalidOperation):
            faults[field] = NOT_A_NUMBER
    if part == "links":
        found["roles"] = list(form.all(f"links.{row}.roles"))
        found["industries"] = _listed(str(found.get("industries", "")))
    return found


def _listed(text: str) -> list[str]:
    return [one for one in BETWEEN.split(text) if one]


def _value(part: str, name: str, text: str, measure: str) -> dict[str, Any]:
    match part, name:
        case _, "quota" | "term_most":
            return {name: _whole(text)}
        case "granted", "amount_most":
            return {name: yuan_text(fen_from_wan(text.replace(",", "")))}
        case "targets", "value":
            return {name: _figure(measure, text)}
        case "targets", "change":
            return {"change_bp": _basis_points(text)}
        case _:
            return {name: text}


def _figure(measure: str, text: str) -> int:
    if measure in AMOUNTS:
        return fen_from_wan(text.replace(",", ""))
    return _basis_points(text) if measure in IN_BASIS_POINTS else _whole(text)


def _basis_points(text: str) -> int:
    points = Decimal(text.removesuffix("%")) * HUNDRED
    if not points.is_finite() or points != points.to_integral_value() or abs(points) > 10**9:
        raise ValueError(text)
    return int(points)


def _whole(text: str) -> int:
    if not number_typed(text):
        raise ValueError(text)
    return number_typed(text)


def _places(rows: Mapping[str, str], said: Mapping[str, Any], draft: DraftIn | None) -> dict[str, str]:
    """Answer the field of every place that a fault may name; banks and products are stored in order of their codes."""
    found = {}
    for place, row in rows.items():
        part = place.partition(".")[0]
        found[place] = f"{row}.{PARTS[part][0]}"
        found |= {f"{place}.{name}": f"{row}.{name}" for name in PARTS[part]}
        found |= {f"{place}.roles": f"{row}.name", f"{place}.change_bp": f"{row}.change"}
    if draft is not None:
        typed = [one["institution"] for one in said["contracted"]]
        for order, bank in enumerate(draft.contracted):
            row = rows[f"contracted.{typed.index(bank.institution)}"]
            found |= {f"contracted.{order}.{name}": f"{row}.{name}" for name in PARTS["contracted"]}
        for order, product in enumerate(draft.products):
            row = rows[f"products.{said['products'].index(product)}"]
            found[f"products.{order}"] = f"{row}.product"
    found |= {f"clauses.{part}": f"clauses.{part}" for part in CLAUSES}
    return found
