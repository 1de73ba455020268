"""Material of bulletins: random, and one month by hand with everything in it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from app.bulletins.material import (
    Changes,
    Closing,
    Group,
    LateCount,
    Material,
    MonthFigures,
    OpenClass,
    RestatedMonth,
    Share,
    Target,
)
from app.bulletins.selecting import Limits, all_chains, regions_below, whole_banks
from app.coverage.percentages import percent_text

UNTIL = datetime(2023, 11, 30, 16, tzinfo=UTC)
CLOSED = datetime(2023, 12, 1, 1, tzinfo=UTC)
HASH = "b89934315cb3" + "0" * 52
LEVEL_KEYS = ("assigned", "contacted", "answered", "credited", "disbursed")
LEVELS, FEN = len(LEVEL_KEYS), 1_000_000
LIMITS = Limits(smallest_cell=3, least_entries=10)


def share(part: int, whole: int) -> Share:
    return Share(part, whole, percent_text(part, whole))


def figures(entries: int, *reached: int, fen: int = 1_000_000) -> MonthFigures:
    """Make figures of entries of which so many reached each level; each credit is so much."""
    levels = [*reached, *([0] * (LEVELS - len(reached)))]
    assigned, contacted, answered, credited, disbursed = (share(count, entries) for count in levels)
    granted = credited.part * fen
    days = (3, 9) if contacted.part else (None, None)
    return MonthFigures(
        entries=entries,
        assigned=assigned,
        contacted=contacted,
        answered=answered,
        credited=credited,
        disbursed=disbursed,
        needed_fen=entries * 2 * fen,
        credited_fen=granted,
        disbursed_fen=disbursed.part * fen,
        rate="3.7726" if granted else None,
        first_loan=share(credited.part // 2, credited.part),
        first_loan_unknown=credited.part // 3,
        credit_loan=share(granted // 4, granted),
        medium_long_term=share(granted // 5, granted),
        contact_days=days,
        answer_days=days if answered.part else (None, None),
        uncounted=entries // 9,
        simulated=entries // 7,
    )


@st.composite
def some_figures(draw: st.DrawFn, most: int = 40, fen: int | None = None) -> MonthFigures:
    entries = draw(st.integers(0, most))
    reached, least = [], entries
    for _level in range(LEVELS):
        least = draw(st.integers(0, least))
        reached.append(least)
    return figures(entries, *reached, fen=fen or draw(st.integers(1, 10**13)))


names = st.sampled_from(("哈尔滨市", "第3分行", "=1+1", "<b>&", "九河银行", "2号链", "{{ 7*7 }}"))


@st.composite
def groups(draw: st.DrawFn, key: str) -> Group:
    return Group(
        key=key,
        name=f"{draw(names)}{key}",
        level="head_office",
        figures=draw(some_figures(20, fen=FEN)),
        restated=draw(st.none() | some_figures(20)),
        before=draw(st.none() | some_figures(20)),
    )


def together(parts: Sequence[Group], beyond: MonthFigures) -> MonthFigures:
    """Sum up groups, and what lies in none of them."""
    found = [*(part.figures for part in parts), beyond]
    entries = sum(one.entries for one in found)
    return figures(entries, *(sum(getattr(one, key).part for one in found) for key in LEVEL_KEYS), fen=FEN)


@st.composite
def materials(draw: st.DrawFn) -> Material:
    """A month, closed or open, beside the month before or not; what tells of a single firm is withheld."""
    parts = [draw(groups(str(n))) for n in range(draw(st.integers(0, 4)))]
    total = together(parts, draw(st.just(figures(0)) | some_figures(5, fen=FEN)))
    placed = [(part, None) for part in parts]
    before = draw(st.none() | some_figures())
    late = st.builds(LateCount, names, names, names, st.integers(1, 2_000), st.none() | st.integers(1, 400))
    blocked = st.builds(OpenClass, names, names, st.integers(1, 2_000), names, names, names)
    reasons = st.lists(st.tuples(names, st.integers(1, 3_000)), max_size=3, unique_by=lambda one: one[0])
    return Material(
        smallest_cell=LIMITS.smallest_cell,
        jurisdiction="230000",
        jurisdiction_name="黑龙江省",
        month="2023-11",
        edition="2023H2",
        until=UNTIL,
        closing=draw(st.none() | st.just(Closing(CLOSED, "统筹"))),
        facts_sha256=HASH,
        total=total,
        restated=draw(st.none() | some_figures()),
        before=before,
        incomparable="" if before else "上月（2023年10月）没有关账数，不作比较。",
        regions=regions_below([(part, "230000") for part in parts], "230000", total, LIMITS),
        chains=all_chains(placed, total, LIMITS),
        institutions=whole_banks(placed, total, LIMITS),
        targets=(),
        as_of=UNTIL,
        late=draw(st.lists(late, max_size=4)),
        open_classes=draw(st.lists(blocked, max_size=4)),
        changes=draw(st.builds(Changes, *[st.integers(0, 9_000)] * 4, reasons)),
        restated_months=[RestatedMonth("2023-10", draw(some_figures()), draw(some_figures()))],
        method=("口径一。", "口径二。"),
    )


def november(**changed: object) -> Material:
    """A closed month with everything in it; two of its four banks are too small to be shown."""
    total = figures(60, 52, 44, 30, 20, 10)
    before = figures(60, 50, 30, 20, 10, 5)
    odd = "<b>&{{ 7*7 }}\x0b"
    placed = [
        (
            Group(
                "A", "=SUM(A1)银行", "head_office", figures(36, 36, 32, 25, 15, 8), before=figures(40, 40, 25)
            ),
            None,
        ),
        (Group("B", odd, "head_office", figures(13, 13, 9, 5, 5, 2), figures(13, 13, 10, 5, 5, 2)), None),
        (Group("C", "小银行", "head_office", figures(1, 1, 1)), None),
        (Group("D", "微银行", "head_office", figures(2, 2, 2)), None),
        (Group("", "未落实责任银行", "", figures(8)), None),
    ]
    city = Group("230100", "哈尔滨市", "city", figures(45, 42, 36, 20, 12, 5), before=figures(45, 42, 28))
    other = Group("230200", "齐齐哈尔市", "city", figures(15, 10, 8, 10, 8, 5))
    made = Material(
        smallest_cell=LIMITS.smallest_cell,
        jurisdiction="230000",
        jurisdiction_name="黑龙江省",
        month="2023-11",
        edition="2023H2",
        until=UNTIL,
        closing=Closing(CLOSED, "统筹"),
        facts_sha256=HASH,
        total=total,
        restated=figures(60, 52, 45, 31, 20, 10),
        before=before,
        incomparable="",
        regions=(city, other),
        chains=(Group("aero", "航空航天产业链", "", total),),
        institutions=whole_banks(placed, total, LIMITS),
        targets=(Target("全覆盖", "100%", "44/60＝73.33%", "尚未达到", date(2023, 12, 31), "黑银发〔2023〕25号（十三）"),),
        as_of=UNTIL,
        late=(LateCount("=SUM(A1)银行", "哈尔滨市", "首次联系", 4, 12), LateCount("统筹部门", "哈尔滨市", "协调解决", 1, 3)),
        open_classes=(OpenClass("a", "轻资产、缺少抵押担保", 6, "省发改委", "信用贷款能力强的银行", "黑银发〔2023〕25号（十六）"),),
        changes=Changes(5, 1, 1, 2, (("缺少可接受的抵质押物", 2), ("涉案涉诉", 1))),
        restated_months=(RestatedMonth("2023-10", before, figures(60, 50, 33)),),
        method=("口径一。", "口径二。"),
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]  # tests name the fields that they change
