"""The chain book and its periods, against plain readings day by day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.chains.rules import (
    ChainBook,
    ChainInForce,
    ContractedBank,
    Period,
    PlanInForce,
    version_in_force,
)

FIRST = date(2023, 10, 1)
DAYS = st.integers(0, 20).map(lambda n: FIRST + timedelta(days=n))
CALENDAR = [FIRST + timedelta(days=n) for n in range(-1, 30)]


@st.composite
def periods(draw: st.DrawFn) -> Period:
    since = draw(DAYS)
    return Period(since, draw(st.none() | st.integers(0, 6).map(lambda n: since + timedelta(days=n))))


@given(periods(), periods())
def test_periods_overlap_when_they_share_a_day(one: Period, other: Period) -> None:
    shares = any(one.holds(day) and other.holds(day) for day in CALENDAR)
    assert one.overlaps(other) == other.overlaps(one) == shares


@given(st.lists(periods(), max_size=5), DAYS)
def test_the_newest_version_that_has_begun_holds_unless_it_has_ended(
    written: list[Period], day: date
) -> None:
    expected = None
    for number, period in enumerate(written, 1):
        if period.since <= day:
            expected = number if period.until is None or day <= period.until else None
    assert version_in_force(enumerate(written, 1), day) == expected


def chain(code: str, *industries: str, jurisdiction: str = "230000") -> ChainInForce:
    return ChainInForce(code, code, jurisdiction, industries)


def test_the_narrowest_industry_proposes_the_chain() -> None:
    book = ChainBook.build(
        [
            chain("B", "C34", "C35"),
            chain("A", "C357"),
            chain("C", "C35"),
            chain("L", "C35", jurisdiction="410300"),
        ]
    )
    assert book.propose_chain("C3572") == "A"
    assert book.propose_chain("C3511", "230102") == "B"
    assert book.propose_chain("C3511", "410302") == "L"
    assert book.propose_chain("C1311") is None
    assert book.propose_chain("C3511", "500114") is None


def plan(**members: object) -> PlanInForce:
    values: dict[str, object] = {
        "chain": "A", "chain_name": "高端装备产业链", "version": 2, "since": FIRST, "until": None,
        "contracted": (ContractedBank("SJ", 5), ContractedBank("JH")), "priority_purposes": ("equipment",),
        "products": ("SJ-1",), "granted": (), "clauses": {"contracted": "金发〔2024〕5号（九）"},
    }  # fmt: skip
    return PlanInForce(**(values | members))  # type: ignore[arg-type]


def test_a_reason_cites_the_plan_and_the_clause_of_its_part() -> None:
    assert plan().citation("contracted") == "高端装备产业链一链一策第2版，金发〔2024〕5号（九）"
    assert plan().citation("products") == "高端装备产业链一链一策第2版"


def test_a_plan_contracts_a_branch_by_itself_or_by_what_stands_above_it() -> None:
    assert plan().contracts(["SJ-HRB-DL", "SJ-HRB", "SJ"])
    assert not plan().contracts(["AY-HRB", "AY"])


def test_the_book_has_one_hash_for_one_content() -> None:
    one = ChainInForce("A", "甲", "230000", ("C34",), plan())
    other = ChainInForce("A", "甲", "230000", ("C34",), plan(products=("SJ-2",)))
    assert ChainBook.build([one, chain("B")]).sha256 == ChainBook.build([chain("B"), one]).sha256
    assert ChainBook.build([one]).sha256 != ChainBook.build([other]).sha256
    assert ChainBook.build([one]).plan_of("A") == plan()
    assert ChainBook.build([one]).plan_of(None) is None
