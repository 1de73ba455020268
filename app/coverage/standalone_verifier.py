"""Recomputes a month of docking coverage (对接覆盖率) from its facts alone, and compares it with what was published.

    python standalone_verifier.py facts.json figures.json

`facts.json` is GET /api/v1/coverage/{month}/facts, `figures.json` is GET /api/v1/coverage/{month}/figures.
This file needs Python 3.11 or later and nothing else: it shares no code with the application, so that an error
there cannot hide here. It reads plainly, one entry after the other, and counts with whole numbers (fen, basis
points). What is counted is defined in docs/decisions/0003.

Exit status: 0 the facts have the hash, are sound and give the figures; 1 they differ, each difference is named;
2 wrong usage, or a file cannot be read.
"""

import hashlib
import json
import re
import sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

FACTS, FIGURES = "rongqiao-coverage-facts/1", "rongqiao-coverage-figures/1"
SHANGHAI = timezone(timedelta(hours=8))
NATION = "000000"
CUTS = ("region", "chain", "institution", "source_class", "size_class")
LEVELS = ("assigned_at", "contacted_at", "answered_at", "credited_at", "disbursed_at")
ARGUMENTS = 3
Json = dict[str, Any]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fen(yuan: str) -> int:
    if not re.fullmatch(r"\d+\.\d\d", yuan):
        raise ValueError(f"{yuan!r} is no amount")
    return int(yuan.replace(".", ""))


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def percent(part: int, whole: int, places: str = "0.01") -> str | None:
    return (
        None
        if whole == 0
        else str((Decimal(part) * 100 / Decimal(whole)).quantize(Decimal(places), ROUND_HALF_UP))
    )


def next_month(month: str) -> datetime:
    """Answer the first instant after a month in Shanghai."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]), 12)
    return datetime(year, number + 1, 1, tzinfo=SHANGHAI)


# Are the facts sound?


def faults_of(facts: Json) -> list[str]:
    """Answer what is wrong with the facts in themselves."""
    until = instant(facts["until"])
    is_whole = until == next_month(facts["month"])
    found = [] if is_whole else [f"until {facts['until']} does not end {facts['month']}"]
    seen: set[str] = set()
    for entry in facts["entries"]:
        name = entry["entry"]
        if name in seen:
            found.append(f"entry {name} stands in the facts twice")
        seen.add(name)
        if instant(entry["admitted_at"]) >= until or fen(entry["amount"]) <= 0:
            found.append(f"entry {name} was admitted after the month, or asks for nothing")
        found += faults_of_parties(name, entry["parties"], until, facts["institutions"])
    for kind in ("institution", "region"):
        found += faults_of_tree(kind, facts[kind + "s"])
    return found


def faults_of_parties(name: str, parties: list[Json], until: datetime, institutions: Json) -> list[str]:
    found: list[str] = []
    codes = [party["institution"] for party in parties]
    for code, party in zip(codes, parties, strict=True):
        faults = faults_of_levels(party, until) + faults_of_amounts(party)
        faults += ["stands there twice"] if codes.count(code) > 1 else []
        faults += [] if code in institutions else ["is not among the institutions"]
        found += [f"entry {name}, institution {code}: {fault}" for fault in faults]
    return found


def faults_of_levels(party: Json, until: datetime) -> list[str]:
    found, before = [], party[LEVELS[0]]
    for level in LEVELS[1:]:
        if party[level] is not None and before is None:
            found.append(f"{level} without the level before it")
        elif party[level] is not None and instant(party[level]) < instant(before):
            found.append(f"{level} is before the level that it follows")
        before = party[level]
    if any(party[level] is not None and instant(party[level]) >= until for level in LEVELS):
        found.append("something happened after the month")
    return found


def faults_of_amounts(party: Json) -> list[str]:
    facts = {
        "credits and credited_at go together": bool(party["credits"]) == (party["credited_at"] is not None),
        "disbursed and disbursed_at go together": (fen(party["disbursed"]) > 0) == (party["disbursed_at"] is not None),
        "every credit is of something": all(fen(one["amount"]) > 0 < one["term_months"] for one in party["credits"]),
    }  # fmt: skip
    return [f"it is not so that {what}" for what, is_so in facts.items() if not is_so]


def faults_of_tree(kind: str, places: Json) -> list[str]:
    found = []
    for code, place in places.items():
        way, above = {code}, place["parent"]
        while above in places and above not in way:
            way.add(above)
            above = places[above]["parent"]
        if above in way:
            found.append(f"{kind} {code} lies in itself")
    return found


# What do they give?


def path(code: str, places: Json) -> list[str]:
    """Answer a place and all in which it lies."""
    found = [code]
    while found[-1] in places and places[found[-1]]["parent"] is not None:
        found.append(places[found[-1]]["parent"])
    return found


def count(members: list[tuple[Json, list[Json]]]) -> Json:
    """Answer the figures of some entries, each with those of its parties that count in this group."""
    reached = dict.fromkeys(LEVELS, 0)
    credited = disbursed = weight = on_credit = long_term = first = unknown = uncounted = 0
    days: dict[str, list[int]] = {"contacted_at": [], "answered_at": []}
    for entry, parties in members:
        for level in LEVELS:
            reached[level] += any(party[level] is not None for party in parties)
        for level in days:
            days[level] += first_days(parties, level)
        for party in parties:
            disbursed += fen(party["disbursed"])
            for credit in party["credits"]:
                amount = fen(credit["amount"])
                credited += amount
                weight += amount * fen(credit["rate"])
                on_credit += amount if credit["is_credit_loan"] else 0
                long_term += amount if credit["term_months"] > 12 else 0  # noqa: PLR2004 - over a year
        if any(party["credited_at"] is not None for party in parties):
            first += entry["first_loan"] is True
            unknown += entry["first_loan"] is None
        uncounted += bool(entry["strays"] or any(party["uncounted"] for party in parties))
    ratios = {level[:-3]: ratio(number, len(members)) for level, number in reached.items()}
    return {
        "entries": len(members),
        "coverage": ratios["contacted"],
        **ratios,
        "needed_amount": yuan(sum(fen(entry["amount"]) for entry, _parties in members)),
        "credited_amount": yuan(credited),
        "disbursed_amount": yuan(disbursed),
        "rate": {
            "numerator": f"{weight // 10_000}.{weight % 10_000:04d}",
            "denominator": yuan(credited),
            "percent": percent(weight, credited * 10_000, "0.0001"),
        },
        "first_loan": ratio(first, reached["credited_at"]),
        "first_loan_unknown": unknown,
        "credit_loan": ratio(on_credit, credited, yuan),
        "medium_long_term": ratio(long_term, credited, yuan),
        "days_to_contact": ranks(days["contacted_at"]),
        "days_to_answer": ranks(days["answered_at"]),
        "uncounted": uncounted,
        "simulated": sum(entry["is_simulated"] for entry, _parties in members),
    }


def ratio(part: int, whole: int, shown: Any = int) -> Json:
    return {"numerator": shown(part), "denominator": shown(whole), "percent": percent(part, whole)}


def first_days(parties: list[Json], level: str) -> list[int]:
    """Answer the calendar days in Shanghai from assignment to level, of the party that reached it first."""
    reached = [party for party in parties if party[level] is not None]
    if not reached:
        return []
    party = min(reached, key=lambda party: instant(party[level]))
    since, at = (instant(party[key]).astimezone(SHANGHAI).date() for key in ("assigned_at", level))
    return [(at - since).days]


def ranks(days: list[int]) -> Json:
    """Answer percentiles by nearest rank: of n days in order the ⌈percent × n / 100⌉-th."""
    ordered = sorted(days)
    p50, p90 = (ordered[-(-share * len(days) // 100) - 1] if days else None for share in (50, 90))
    return {"count": len(days), "p50": p50, "p90": p90}


def recomputed(facts: Json) -> tuple[Json, dict[str, Json]]:
    """Answer the figures of all entries, and of each group of each cut by key."""
    cuts: dict[str, dict[str, list[tuple[Json, list[Json]]]]] = {cut: {} for cut in CUTS}
    for entry in facts["entries"]:
        parties = entry["parties"]
        for code in path(entry["region"], facts["regions"]):
            if code != NATION:
                cuts["region"].setdefault(code, []).append((entry, parties))
        for cut in ("chain", "source_class", "size_class"):
            cuts[cut].setdefault(entry[cut] or "", []).append((entry, parties))
        below: dict[str, list[Json]] = {} if parties else {"": []}
        for party in parties:
            for code in path(party["institution"], facts["institutions"]):
                below.setdefault(code, []).append(party)
        for code, own in below.items():
            cuts["institution"].setdefault(code, []).append((entry, own))
    total = count([(entry, entry["parties"]) for entry in facts["entries"]])
    return total, {cut: {key: count(rows) for key, rows in groups.items()} for cut, groups in cuts.items()}


# Is that what was published?


def differences(facts: Json, published: Json) -> list[str]:
    """Answer how the published figures differ from what the facts give."""
    total, cuts = recomputed(facts)
    found = unlike("", {key: facts[key] for key in ("jurisdiction", "edition", "month")}, published)
    found += unlike("total", total, published["total"])
    for cut in sorted({*cuts, *published["cuts"]}):
        rows = published["cuts"].get(cut, [])
        shown, groups = {row["key"]: row for row in rows}, cuts.get(cut, {})
        found += [f"{cut}: a row is published twice"] if len(shown) < len(rows) else []
        for key in sorted(groups.keys() | shown.keys()):
            where = f"{cut} {key or '(none)'}"
            if key not in shown or key not in groups:
                found.append(f"{where}: " + ("nothing is in it" if key in shown else "is not published"))
            else:
                found += unlike(where, groups[key], shown[key]["figures"])
                found += unlike(where, named(cut, key, facts), shown[key])
    return found


def named(cut: str, key: str, facts: Json) -> Json:
    """Answer what the facts say of a row beside its figures: name, level, what it lies in."""
    places: Json = facts[cut + "s"] if cut in {"region", "institution"} else {}
    known: Json = {"name": facts["chains"][key]} if cut == "chain" and key in facts["chains"] else {}
    known.update(places.get(key, {}))
    return known


def unlike(where: str, expected: Json, shown: Json) -> list[str]:
    """Answer where what was published is not what is expected."""
    found = []
    for key, value in expected.items():
        if isinstance(value, dict) and isinstance(shown.get(key), dict):
            found += unlike(f"{where} {key}", value, shown[key])
        elif key not in shown or shown[key] != value:
            found.append(f"{where} {key}: the facts give {value}, published is {shown.get(key)}")
    return found


def examined(data: bytes, facts: Json, published: Json) -> list[str]:
    """Answer everything that is wrong: the hash, the facts in themselves, the figures."""
    sha256 = hashlib.sha256(data).hexdigest()
    found = unlike("hash of the facts", {"facts_sha256": sha256}, published)
    try:
        faults = faults_of(facts)
        return found + (faults or differences(facts, published))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        return [*found, f"facts or figures are garbled: {type(error).__name__} {error}"]


def main(arguments: list[str]) -> int:
    if len(arguments) != ARGUMENTS:
        sys.stderr.write((__doc__ or "").split("\n\n")[1] + "\n")
        return 2
    try:
        data = Path(arguments[1]).read_bytes()
        facts, published = json.loads(data), json.loads(Path(arguments[2]).read_bytes())
        if (facts["format"], published["format"]) != (FACTS, FIGURES):
            raise KeyError(f"{FACTS} and {FIGURES}")  # noqa: TRY301 - all that cannot be read ends alike
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"cannot be read: {type(error).__name__} {error}\n")
        return 2
    found = examined(data, facts, published)
    what = f"{facts.get('month')}, {len(facts.get('entries') or ())} entries"
    for line in [*found, f"DIFFERS in {len(found)}: {what}" if found else f"AGREES: {what}"]:
        sys.stdout.write(line + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
