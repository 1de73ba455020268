"""Coverage of 100,000 entries by one cut: columns in numpy against a plain loop over entries, equal answers asserted."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from app.coverage.facts import Credit, EntryFacts, MonthFacts, Party, Place, path_of
from app.coverage.rules import NATION, Cut, Figures, compute
from app.kernel.shanghai import SHANGHAI

SEED = 20231130
START = datetime(2023, 10, 9, 1, tzinfo=UTC)
UNTIL = datetime(2023, 11, 30, 16, tzinfo=UTC)
Row = dict[str, Any]
T = TypeVar("T")


def facts_of(count: int) -> MonthFacts:
    """Facts of a made-up province: 13 cities, 130 counties, 40 banks with 4,000 branches."""
    rng = random.Random(SEED)
    regions = {"230000": Place("省", NATION, "province")}
    for city in range(13):
        regions[f"23{city:02d}00"] = Place("市", "230000", "city") if city else regions["230000"]
        regions |= {f"23{city:02d}{n:02d}": Place("县", f"23{city:02d}00", "county") for n in range(1, 11)}
    banks = {f"bank-{n}": Place("行", None, "head_office") for n in range(40)}
    banks |= {f"branch-{n}": Place("支行", f"bank-{n % 40}", "branch") for n in range(4_000)}
    counties = [code for code, place in regions.items() if place.level == "county"]
    entries = tuple(_entry(rng, number, rng.choice(counties)) for number in range(count))
    return MonthFacts("230000", "2023H2", "2023-11", UNTIL, entries, regions, banks, {})


def _entry(rng: random.Random, number: int, county: str) -> EntryFacts:
    amount = rng.randrange(10**8, 10**11)
    party = Party(f"branch-{rng.randrange(4_000)}", START, is_current=True)
    if rng.random() < 0.8:
        contacted = START + timedelta(hours=rng.randrange(500))
        answered = contacted + timedelta(hours=rng.randrange(400))
        credit = Credit(amount, rng.randrange(300, 600), rng.randrange(6, 60), rng.random() < 0.4)
        party = Party(
            party.institution, START, True, contacted, answered, answered, answered, (credit,), amount // 2
        )
    return EntryFacts(f"e{number:06d}", county, None, "srdi", "small", amount, None, START, (party,))


def plain(facts: MonthFacts, cut: Cut) -> dict[str, Figures]:
    """The same figures by a loop over entries (each has one party here) and one over groups."""
    groups: dict[str, list[EntryFacts]] = {}
    for entry in facts.entries:
        if cut is Cut.REGION:
            path = [code for code in path_of(entry.region, facts.regions) if code != NATION]
        else:
            path = list(path_of(entry.parties[0].institution, facts.institutions))
        for code in path:
            groups.setdefault(code, []).append(entry)
    return {code: _figures(entries) for code, entries in groups.items()}


def _figures(entries: list[EntryFacts]) -> Figures:
    sums, contact_days, answer_days = [0] * 16, [], []
    for entry in entries:
        party = entry.parties[0]
        is_credited = party.credited_at is not None
        steps = (party, party.contacted_at, party.answered_at, party.credited_at, party.disbursed_at)
        credit = party.credits[0] if party.credits else Credit(0, 0, 0, is_credit_loan=False)
        row = (
            1, *(step is not None for step in steps), entry.amount_fen, credit.amount_fen, party.disbursed_fen,
            credit.amount_fen * credit.rate_bp, credit.amount_fen * credit.is_credit_loan,
            credit.amount_fen * (credit.term_months > 12), is_credited and entry.first_loan is True,
            is_credited and entry.first_loan is None, party.uncounted > 0, entry.is_simulated,
        )  # fmt: skip
        sums = [total + value for total, value in zip(sums, row, strict=True)]
        assigned = party.assigned_at.astimezone(SHANGHAI).date()
        if party.contacted_at:
            contact_days.append((party.contacted_at.astimezone(SHANGHAI).date() - assigned).days)
        if party.answered_at:
            answer_days.append((party.answered_at.astimezone(SHANGHAI).date() - assigned).days)
    ranks = [_rank(days, percent) for days in (contact_days, answer_days) for percent in (50, 90)]
    return Figures(*sums[:14], *ranks, *sums[14:])


def _rank(days: list[int], percent: int) -> int | None:
    return sorted(days)[-(-percent * len(days) // 100) - 1] if days else None


def ours(facts: MonthFacts, cut: Cut) -> dict[str, Figures]:
    """The figures of the cut by the service's own rules."""
    return {group.key: group.figures for group in compute(facts, [cut]).cuts[cut]}


def _timed(job: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    answer = job()
    return time.perf_counter() - start, answer


def run(*, quick: bool = False) -> list[Row]:
    """Measure a cut with few and one with many groups."""
    facts = facts_of(2_000 if quick else 100_000)
    rows = []
    for cut in (Cut.REGION, Cut.INSTITUTION):
        mine, answer = _timed(lambda cut=cut: ours(facts, cut))  # type: ignore[misc]  # mypy: lambda default
        loop, expected = _timed(lambda cut=cut: plain(facts, cut))  # type: ignore[misc]  # as above
        assert answer == expected
        shape = {"entries": len(facts.entries), "cut": cut.value, "groups": len(answer)}
        rows.append(shape | {"side": "ours", "seconds": mine, "times_ours": 1.0})
        rows.append(shape | {"side": "plain loop", "seconds": loop, "times_ours": loop / mine})
    return rows
