"""Two firms beside each other, field by field and in words, with what differs. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any, Final

from app.desks.texts import Text
from app.policy.facts import QUALIFICATIONS, SOURCE_CLASSES
from app.reference.book import ReferenceBook

FIELDS: Final[Sequence[tuple[str, Text]]] = (
    ("name", Text("企业名称")),
    ("uscc", Text("统一社会信用代码")),
    ("region", Text("注册地")),
    ("industry", Text("行业")),
    ("established_on", Text("成立日期")),
    ("staff", Text("从业人员")),
    ("revenue", Text("营业收入（万元）")),
    ("qualifications", Text("资质")),
    ("source_class", Text("名单类别")),
    ("amount", Text("融资金额（万元）")),
    ("term_months", Text("期限（月）")),
)
SPELLED: Final = frozenset({"name", "uscc"})
"""Fields in which single characters tell; other fields differ as a whole, lists item by item."""
LISTED: Final = frozenset({"qualifications"})
MOST_MARKED: Final = 200
Piece = tuple[str, bool]
"""Part of a text, and whether it differs from the other side."""


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both firms; pieces that differ are marked. `is_alike` is None where a side says nothing."""

    name: Text
    one: Sequence[Piece]
    other: Sequence[Piece]
    is_alike: bool | None


def compared(one: Mapping[str, Any], other: Mapping[str, Any], book: ReferenceBook) -> list[Line]:
    """Set the fields of two firms beside each other, codes by their names; what neither states is left out."""
    lines = []
    for key, name in FIELDS:
        mine, yours = (_text(_in_words(key, firm.get(key), book)) for firm in (one, other))
        if mine or yours:
            is_alike = mine == yours if mine and yours else None
            lines.append(Line(name, *_marked(key, mine, yours), is_alike))
    return lines


def _in_words(key: str, value: Any, book: ReferenceBook) -> Any:
    if value is None or key not in _WORDS:
        return value
    say = _WORDS[key]
    return [say(one, book) for one in value] if isinstance(value, list) else say(value, book)


def _region(code: str, book: ReferenceBook) -> str:
    return f"{code} {book.regions.full_name(code)}".rstrip()


def _industry(code: str, book: ReferenceBook) -> str:
    found = book.industries.parse(code)
    return f"{code} {found.name}" if found is not None else code


def _in_wan(yuan: str, _book: ReferenceBook) -> str:
    return f"{(Decimal(yuan) / 10_000).normalize():,f}"


_WORDS: Final[Mapping[str, Callable[[str, ReferenceBook], str]]] = {
    "region": _region,
    "industry": _industry,
    "revenue": _in_wan,
    "amount": _in_wan,
    "qualifications": lambda word, _book: QUALIFICATIONS.get(word, word),
    "source_class": lambda word, _book: SOURCE_CLASSES.get(word, word),
}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _marked(key: str, one: str, other: str) -> tuple[Sequence[Piece], Sequence[Piece]]:
    """Mark what stands on one side only; texts of which one is empty are not marked."""
    if not one or not other or len(one) > MOST_MARKED or len(other) > MOST_MARKED:
        return [(one, False)] if one else [], [(other, False)] if other else []
    if key in LISTED:
        return _items(one, other), _items(other, one)
    if key not in SPELLED:
        return [(one, one != other)], [(other, one != other)]
    left, right = list[Piece](), list[Piece]()
    for kind, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        is_other = kind != "equal"
        left += [(one[a:b], is_other)] if b > a else []
        right += [(other[c:d], is_other)] if d > c else []
    return left, right


def _items(one: str, other: str) -> list[Piece]:
    """Mark the items of one list that the other has not."""
    theirs = other.split("、")
    pieces = list[Piece]()
    for item in one.split("、"):
        pieces += [("、", False)] if pieces else []
        pieces.append((item, item not in theirs))
    return pieces
