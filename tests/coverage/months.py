"""Random facts of a month, and its figures computed plainly, entry by entry."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from app.coverage.facts import Credit, EntryFacts, MonthFacts, Party, Place
from app.coverage.rules import Figures

START = datetime(2023, 10, 9, 1, 0, tzinfo=UTC)
UNTIL = datetime(2023, 11, 30, 16, 0, tzinfo=UTC)
REGIONS = {
    "230000": Place("黑龙江省", "000000", "province"),
    "230100": Place("哈尔滨市", "230000", "city"),
    "230102": Place("道里区", "230100", "county"),
    "230103": Place("南岗区", "230100", "county"),
    "230200": Place("齐齐哈尔市", "230000", "city"),
}
INSTITUTIONS = {
    "icbc": Place("工行", None, "head_office"),
    "icbc-hrb": Place("工行哈尔滨", "icbc", "branch"),
    "icbc-dl": Place("工行道里", "icbc-hrb", "sub_branch"),
    "icbc-ng": Place("工行南岗", "icbc-hrb", "sub_branch"),
    "lj": Place("龙江银行", None, "head_office"),
}
LEAVES = ("icbc-dl", "icbc-ng", "icbc", "lj")
CHAINS = {"aero": "航空产业链", "food": "食品产业链"}

credit_facts = st.builds(
    Credit, st.integers(1, 10**15), st.integers(1, 3_600), st.integers(1, 60), st.booleans()
)


@st.composite
def party_facts(draw: st.DrawFn, institution: str) -> Party:
    """A party that reached some level, each no earlier than the one before."""
    levels = draw(st.integers(0, 4))
    waits = draw(st.lists(st.integers(0, 400), min_size=levels, max_size=levels))
    assigned = START + timedelta(hours=draw(st.integers(0, 300)))
    instants: list[datetime | None] = []
    at = assigned
    for wait in waits:
        at += timedelta(hours=wait, microseconds=draw(st.integers(0, 1)))
        instants.append(at)
    reached = [*instants, None, None, None, None]
    return Party(
        institution,
        assigned,
        draw(st.booleans()),
        contacted_at=reached[0],
        answered_at=reached[1],
        credited_at=reached[2],
        disbursed_at=reached[3],
        credits=tuple(draw(st.lists(credit_facts, min_size=1, max_size=3))) if reached[2] else (),
        disbursed_fen=draw(st.integers(1, 10**15)) if reached[3] else 0,
        uncounted=draw(st.integers(0, 2)),
    )


@st.composite
def entry_facts(draw: st.DrawFn, number: int) -> EntryFacts:
    names = draw(st.lists(st.sampled_from(LEAVES), max_size=3, unique=True))
    return EntryFacts(
        entry=f"2023H2-{number:03d}",
        region=draw(st.sampled_from(list(REGIONS))),
        chain=draw(st.sampled_from((None, *CHAINS))),
        source_class=draw(st.sampled_from(("srdi", "above_scale"))),
        size_class=draw(st.sampled_from((None, "small", "large"))),
        amount_fen=draw(st.integers(1, 10**15)),
        first_loan=draw(st.sampled_from((None, True, False))),
        admitted_at=START,
        parties=tuple([draw(party_facts(name)) for name in sorted(names)]),
        strays=draw(st.integers(0, 1)),
        is_simulated=draw(st.booleans()),
    )


@st.composite
def month_facts(draw: st.DrawFn, most: int = 6) -> MonthFacts:
    count = draw(st.integers(0, most))
    entries = tuple([draw(entry_facts(number)) for number in range(count)])
    return MonthFacts("230000", "2023H2", "2023-11", UNTIL, entries, REGIONS, INSTITUTIONS, CHAINS)


def plain_figures(
    entries: Iterable[EntryFacts], is_counted: Callable[[Party], bool] = lambda _party: True
) -> Figures:
    """Compute the figures of some entries, of their parties only those that count."""
    chosen = [(entry, [party for party in entry.parties if is_counted(party)]) for entry in entries]
    owned = [(entry, parties) for entry, parties in chosen if parties]
    parties = [party for _entry, some in owned for party in some]
    approvals = [credit for party in parties for credit in party.credits]
    lucky = [entry for entry, some in owned if any(p.credited_at for p in some)]
    contact_days = _days(owned, lambda party: party.contacted_at)
    answer_days = _days(owned, lambda party: party.answered_at)
    return Figures(
        entries=len(chosen),
        assigned=len(owned),
        contacted=sum(any(p.contacted_at for p in some) for _entry, some in owned),
        answered=sum(any(p.answered_at for p in some) for _entry, some in owned),
        credited=len(lucky),
        disbursed=sum(any(p.disbursed_at for p in some) for _entry, some in owned),
        needed_fen=sum(entry.amount_fen for entry, _some in chosen),
        credited_fen=sum(credit.amount_fen for credit in approvals),
        disbursed_fen=sum(party.disbursed_fen for party in parties),
        rate_weight=sum(credit.amount_fen * credit.rate_bp for credit in approvals),
        credit_loan_fen=sum(credit.amount_fen for credit in approvals if credit.is_credit_loan),
        mlt_fen=sum(credit.amount_fen for credit in approvals if credit.term_months > 12),
        first_loan=sum(entry.first_loan is True for entry in lucky),
        first_loan_unknown=sum(entry.first_loan is None for entry in lucky),
        contact_days_p50=_nearest_rank(contact_days, 0.5),
        contact_days_p90=_nearest_rank(contact_days, 0.9),
        answer_days_p50=_nearest_rank(answer_days, 0.5),
        answer_days_p90=_nearest_rank(answer_days, 0.9),
        uncounted=sum(bool(entry.strays or any(p.uncounted for p in some)) for entry, some in chosen),
        simulated=sum(entry.is_simulated for entry, _some in chosen),
    )


def _days(
    owned: list[tuple[EntryFacts, list[Party]]], reached_at: Callable[[Party], datetime | None]
) -> list[int]:
    days = []
    for _entry, parties in owned:
        reached = [(at, party.assigned_at) for party in parties if (at := reached_at(party))]
        if reached:
            at, assigned = min(reached, key=lambda pair: pair[0])
            zone = ZoneInfo("Asia/Shanghai")
            days.append((at.astimezone(zone).date() - assigned.astimezone(zone).date()).days)
    return sorted(days)


def _nearest_rank(days: list[int], share: float) -> int | None:
    return days[math.ceil(round(share * len(days), 6)) - 1] if days else None
