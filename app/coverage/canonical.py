"""The facts of a month as canonical JSON: the same facts always give the same bytes.

Keys are sorted, there are no spaces, text is UTF-8, amounts are decimal yuan strings, rates
percent strings, instants UTC with `Z`. The SHA-256 of a closed month is that of these bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from app.coverage.facts import Credit, EntryFacts, MonthFacts, Party, Place
from app.docking.rates import bp_from_percent, percent_text
from app.kernel.money import fen_from_yuan, yuan_text

FORMAT: Final = "rongqiao-coverage-facts/1"


def sha256_of(data: bytes) -> str:
    """Answer the hash under which facts are published."""
    return hashlib.sha256(data).hexdigest()


def to_bytes(facts: MonthFacts) -> bytes:
    """Answer the canonical JSON of the facts."""
    body = {
        "format": FORMAT,
        "jurisdiction": facts.jurisdiction,
        "edition": facts.edition,
        "month": facts.month,
        "until": instant_text(facts.until),
        "entries": [_entry_json(entry) for entry in facts.entries],
        "regions": {code: asdict(place) for code, place in facts.regions.items()},
        "institutions": {code: asdict(place) for code, place in facts.institutions.items()},
        "chains": dict(facts.chains),
    }
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


def _optional_text(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _optional_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _entry_json(entry: EntryFacts) -> dict[str, Any]:
    return {
        "entry": entry.entry,
        "region": entry.region,
        "chain": entry.chain,
        "source_class": entry.source_class,
        "size_class": entry.size_class,
        "amount": yuan_text(entry.amount_fen),
        "first_loan": entry.first_loan,
        "admitted_at": instant_text(entry.admitted_at),
        "parties": [_party_json(party) for party in entry.parties],
        "strays": entry.strays,
        "is_simulated": entry.is_simulated,
    }


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


def _party_json(party: Party) -> dict[str, Any]:
    return {
        "institution": party.institution,
        "assigned_at": instant_text(party.assigned_at),
        "is_current": party.is_current,
        "contacted_at": _optional_text(party.contacted_at),
        "answered_at": _optional_text(party.answered_at),
        "credited_at": _optional_text(party.credited_at),
        "disbursed_at": _optional_text(party.disbursed_at),
        "credits": [
            {
                "amount": yuan_text(credit.amount_fen),
                "rate": percent_text(credit.rate_bp),
                "term_months": credit.term_months,
                "is_credit_loan": credit.is_credit_loan,
            }
            for credit in party.credits
        ],
        "disbursed": yuan_text(party.disbursed_fen),
        "uncounted": party.uncounted,
    }


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
