"""Clause × carrier: what carries each provision of each document, or why software carries nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.policy.clause_numbers import plain_number
from app.policy.criteria import condition_text
from app.policy.features import FEATURES
from app.policy.packs import Clause, Pack, PackStatus, Parameter, PolicyLibrary, Rule
from app.policy.parameter_types import value_text


@dataclass(frozen=True, slots=True)
class Carrier:
    """One thing that carries a clause: a parameter with its value, a rule with what it asks, a feature with its door."""

    kind: str
    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One clause with its carriers, and what is left to people."""

    pack: str
    status: PackStatus
    clause: Clause
    carriers: tuple[Carrier, ...]


@dataclass(frozen=True, slots=True)
class CitedClause:
    """A clause that a citation means, with code and name of its pack."""

    pack: str
    pack_name: str
    clause: Clause


def matrix_rows(library: PolicyLibrary) -> tuple[MatrixRow, ...]:
    """Answer a row for every clause of every pack, in the documents' order."""
    return tuple(row for pack in library.packs for row in pack_rows(pack))


def pack_rows(pack: Pack) -> Iterator[MatrixRow]:
    """Answer a row for every clause of one pack, in the document's order."""
    for clause in pack.clauses:
        yield MatrixRow(pack.code, pack.status, clause, carriers_of(pack, clause))


def carriers_of(pack: Pack, clause: Clause) -> tuple[Carrier, ...]:
    """Answer what carries a clause, in words for people (Chinese)."""
    return tuple(_carrier(pack, written) for written in clause.carried_by)


def clause_numbered(pack: Pack, number: str) -> Clause | None:
    """Answer the clause that a person means by 十六, （十六） or 16, or None."""
    wanted = plain_number(number)
    return next((clause for clause in pack.clauses if plain_number(clause.number) == wanted), None)


def _carrier(pack: Pack, written: str) -> Carrier:
    kind, _, key = written.partition(":")
    if kind == "feature":
        feature = FEATURES[key]
        door = f"rongqiao {feature.door}" if not feature.door.startswith("/") else feature.door
        return Carrier(kind, key, feature.chinese, door)
    item = pack.item(key)
    assert item is not None  # the reader has checked it
    return Carrier(kind, key, item.name, _item_text(item))


def _item_text(item: Parameter | Rule) -> str:
    if isinstance(item, Rule):
        return condition_text(item.condition)
    texts = [(dated.since, value_text(dated.value, item.type, item.unit)) for dated in item.values]
    if len(texts) == 1:
        return texts[0][1]
    return "；".join(f"{since.isoformat()}起 {text}" for since, text in texts)
