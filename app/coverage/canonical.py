"""The facts of a month as canonical JSON: the same facts always give the same bytes.

Keys are sorted, there are no spaces, text is UTF-8, amounts are decimal yuan strings, rates
percent strings, instants UTC with `Z`. The SHA-256 of a closed month is that of these bytes.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any, Final

from app.coverage.facts import Credit, EntryFacts, MonthFacts, Party, Place
from app.docking.rates import bp_from_percent, percent_text
from app.kernel.batches import in_batches
from app.kernel.money import fen_from_yuan, yuan_text

FORMAT: Final = "rongqiao-coverage-facts/1"
_ENTRIES_A_PIECE: Final = 1_000
_WORDS: Final = {None: "null", True: "true", False: "false"}


def sha256_of(data: bytes) -> str:
    """Answer the hash under which facts are published."""
    return hashlib.sha256(data).hexdigest()


def to_bytes(facts: MonthFacts) -> bytes:
    """Answer the canonical JSON of the facts."""
    return b"".join(pieces(facts))


def pieces(facts: MonthFacts) -> Iterator[bytes]:
    """Answer the canonical JSON of the facts piece by piece, so that a large month need not be held twice."""
    head = {"chains": dict(facts.chains), "edition": facts.edition}
    tail = {
        "format": FORMAT,
        "institutions": {code: asdict(place) for code, place in facts.institutions.items()},
        "jurisdiction": facts.jurisdiction,
        "month": facts.month,
        "regions": {code: asdict(place) for code, place in facts.regions.items()},
        "until": instant_text(facts.until),
    }
    yield _dumped(head)[:-1] + b',"entries":['
    separator = ""
    for piece in in_batches(facts.entries, _ENTRIES_A_PIECE):
        yield (separator + ",".join(map(_entry_text, piece))).encode()
        separator = ","
    yield b"]," + _dumped(tail)[1:]


def pack(facts: MonthFacts) -> tuple[bytes, str]:
    """Answer the canonical JSON compressed with zlib, and the SHA-256 of what was compressed."""
    digest, packer, packed = hashlib.sha256(), zlib.compressobj(), []
    for piece in pieces(facts):
        digest.update(piece)
        packed.append(packer.compress(piece))
    packed.append(packer.flush())
    return b"".join(packed), digest.hexdigest()


def _dumped(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> MonthFacts:
    """Answer the facts in their canonical JSON.

    Raises:
        ValueError: it is not JSON of this format.
    """
    body = json.loads(data)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        msg = f"not facts of the format {FORMAT}"
        raise ValueError(msg)
    try:
        return MonthFacts(
            jurisdiction=body["jurisdiction"],
            edition=body["edition"],
            month=body["month"],
            until=datetime.fromisoformat(body["until"]),
            entries=tuple(_entry(entry) for entry in body["entries"]),
            regions={code: Place(**place) for code, place in body["regions"].items()},
            institutions={code: Place(**place) for code, place in body["institutions"].items()},
            chains=body["chains"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        msg = f"the facts lack or garble {error}"
        raise ValueError(msg) from error


def instant_text(at: datetime) -> str:
    """Answer an instant in UTC as ISO 8601 with `Z`."""
    return at.isoformat().replace("+00:00", "Z")


# Written out by hand: an entry's keys are always the same, and are here in their order.
def _entry_text(entry: EntryFacts) -> str:
    return (
        f'{{"admitted_at":"{instant_text(entry.admitted_at)}","amount":"{yuan_text(entry.amount_fen)}",'
        f'"chain":{_text(entry.chain)},"entry":{_text(entry.entry)},'
        f'"first_loan":{_WORDS[entry.first_loan]},"is_simulated":{_WORDS[entry.is_simulated]},'
        f'"parties":[{",".join(map(_party_text, entry.parties))}],"region":{_text(entry.region)},'
        f'"size_class":{_text(entry.size_class)},"source_class":{_text(entry.source_class)},'
        f'"strays":{entry.strays}}}'
    )


def _party_text(party: Party) -> str:
    return (
        f'{{"answered_at":{_instant(party.answered_at)},"assigned_at":{_instant(party.assigned_at)},'
        f'"contacted_at":{_instant(party.contacted_at)},"credited_at":{_instant(party.credited_at)},'
        f'"credits":[{",".join(map(_credit_text, party.credits))}],'
        f'"disbursed":"{yuan_text(party.disbursed_fen)}","disbursed_at":{_instant(party.disbursed_at)},'
        f'"institution":{_text(party.institution)},"is_current":{_WORDS[party.is_current]},'
        f'"uncounted":{party.uncounted}}}'
    )


def _credit_text(credit: Credit) -> str:
    return (
        f'{{"amount":"{yuan_text(credit.amount_fen)}","is_credit_loan":{_WORDS[credit.is_credit_loan]},'
        f'"rate":"{percent_text(credit.rate_bp)}","term_months":{credit.term_months}}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _instant(at: datetime | None) -> str:
    return "null" if at is None else f'"{instant_text(at)}"'


def _optional_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _entry(body: Mapping[str, Any]) -> EntryFacts:
    return EntryFacts(
        entry=body["entry"],
        region=body["region"],
        chain=body["chain"],
        source_class=body["source_class"],
        size_class=body["size_class"],
        amount_fen=fen_from_yuan(body["amount"]),
        first_loan=body["first_loan"],
        admitted_at=datetime.fromisoformat(body["admitted_at"]),
        parties=tuple(_party(party) for party in body["parties"]),
        strays=body["strays"],
        is_simulated=body["is_simulated"],
    )


def _party(body: Mapping[str, Any]) -> Party:
    return Party(
        institution=body["institution"],
        assigned_at=datetime.fromisoformat(body["assigned_at"]),
        is_current=body["is_current"],
        contacted_at=_optional_instant(body["contacted_at"]),
        answered_at=_optional_instant(body["answered_at"]),
        credited_at=_optional_instant(body["credited_at"]),
        disbursed_at=_optional_instant(body["disbursed_at"]),
        credits=tuple(_credit(credit) for credit in body["credits"]),
        disbursed_fen=fen_from_yuan(body["disbursed"]),
        uncounted=body["uncounted"],
    )


def _credit(body: Mapping[str, Any]) -> Credit:
    return Credit(
        fen_from_yuan(body["amount"]),
        bp_from_percent(body["rate"]),
        body["term_months"],
        body["is_credit_loan"],
    )
