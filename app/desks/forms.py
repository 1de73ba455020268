"""What was typed into a form, kept as it was typed, and what is wrong with it, field by field."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Self

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from app.desks.refusals import Refusal, Several, refusal_of
from app.desks.texts import Speaking, Text
from app.kernel.errors import Fault, PreconditionFailed, Refused, RongqiaoError
from app.kernel.requests import check_if_match, etag_of

MOST_CHARACTERS: Final = 20_000
MOST_FIELDS: Final = 400
MOST_DIGITS: Final = 18
CHANGED_MEANWHILE: Final = Text(
    "在您打开本页之后，已有人修改，您的操作没有生效。下面是现在的内容，请核对后再提交。"
)
Said = Text | Speaking | str


@dataclass(frozen=True, slots=True)
class Form:
    """The values of a form by field, and the faults to show: at a field, or (under "") above all."""

    values: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Mapping[str, Said] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Answer what was typed into a field, without spaces around it; "" where nothing was."""
        return self.values.get(name, "").strip()

    def all(self, name: str) -> Sequence[str]:
        """Answer what was chosen where several may be."""
        return self.several.get(name, ())

    def fault(self, name: str) -> Said | None:
        """Answer what is wrong at a field."""
        return self.faults.get(name)

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing is known to be wrong."""
        return not self.faults

    def with_faults(self, faults: Mapping[str, Said]) -> Self:
        """Answer the same values with what is wrong with them."""
        return replace(self, faults=faults)

    def refused(self, error: RongqiaoError, fields: Mapping[str, str] | None = None) -> Self:
        """Answer the same values with what a service said: at the field that its `where` names, else above all.

        `fields` answers the field for a fault's place where they differ, such as `amount` for `need.amount`.
        Of versions, which a form carries unseen, it says that somebody was faster.
        """
        if isinstance(error, PreconditionFailed):
            return self.with_faults({"": CHANGED_MEANWHILE})
        found: dict[str, list[Speaking]] = {}
        for fault in error.faults:
            place = self._place(fault.where, fields or {})
            found.setdefault(place, [] if place else [Refusal(error.detail)]).append(refusal_of(fault))
        return replace(
            self, faults={place: Several(tuple(said)) for place, said in found.items()} or _above(error)
        )

    def misfit(self, error: ValidationError, fields: Mapping[str, str] | None = None) -> Self:
        """Answer the same values with what a schema of a service does not take, at its fields as above."""
        found: dict[str, list[Speaking]] = {}
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            place = self._place(".".join(map(str, item["loc"])), fields or {})
            found.setdefault(place, []).append(Refusal(item["msg"].removeprefix("Value error, ")))
        return replace(self, faults={place: Several(tuple(said)) for place, said in found.items()})

    def _place(self, where: str, fields: Mapping[str, str]) -> str:
        name = fields.get(where, where)
        is_ours = name in self.values or name in self.several or name in fields.values()
        return name if is_ours else ""


def _above(error: RongqiaoError) -> Mapping[str, Said]:
    return {"": Refusal(error.detail)}


async def typed(request: Request, most_fields: int = MOST_FIELDS) -> Form:
    """Read the form that a page has sent; files are read by the handler itself.

    Raises:
        Refused: a field is longer than any of ours.
    """
    data = await request.form(max_fields=most_fields)
    values, several = dict[str, str](), dict[str, list[str]]()
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            continue
        if len(value) > MOST_CHARACTERS:
            raise Refused("A field is too long.", [Fault(name, f"more than {MOST_CHARACTERS} characters")])
        values[name] = value
        several.setdefault(name, []).append(value)
    return Form(values, several)


def expected(form: Form, field_name: str = "version") -> Callable[[int], None]:
    """Refuse (PreconditionFailed) unless the version that a form carries is the stored one."""
    stated = etag_of(form[field_name])
    return lambda stored: check_if_match(stated, stored)


def number_typed(text: str) -> int:
    """Answer the number of something that a form names; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0


def day_typed(text: str) -> date | None:
    """Answer a day that was typed as 2023-11-01; None for what is none."""
    try:
        return date.fromisoformat(text) if len(text) == len("2023-11-01") else None
    except ValueError:
        return None
