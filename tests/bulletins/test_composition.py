import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulletins.bulletin import Bulletin, Section, Unit, texts_of
from app.bulletins.composition import DRAFT_MARK, compose
from app.bulletins.concealing import FEWEST, concealed
from app.bulletins.material import Material
from app.bulletins.wording import compared
from tests.bulletins.materials import figures, materials, november, share

SOME = settings(max_examples=40)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def numbers(*texts: str) -> set[str]:
    return {found for text in texts for found in NUMBER.findall(text)}


def tabled(section: Section) -> set[str]:
    """All numbers in a section's tables, read as the documents write them."""
    return numbers(*(text for table in section.tables for row in table.rows for text in texts_of(table, row)))


@SOME
@given(materials())
def test_every_number_in_a_sentence_stands_in_a_table_of_its_section(material: Material) -> None:
    made = compose(material)
    dates = numbers(*(fact.value for fact in made.particulars), "2023年10月")
    for section in made.sections:
        assert numbers(*section.sentences) - dates - tabled(section) == set()


@SOME
@given(materials())
def test_every_number_in_a_chart_stands_in_a_table_of_its_section(material: Material) -> None:
    for section in compose(material).sections:
        told = numbers(*(point.text for chart in section.charts for point in chart.points))
        on_top = numbers(f"{material.total.entries:,}")
        assert told - tabled(section) - (on_top if section.key == "overview" else set()) == set()


@SOME
@given(materials())
def test_a_row_of_one_or_two_entries_shows_nothing_but_its_name(material: Material) -> None:
    made = compose(material)
    for section, cut in zip(
        made.sections[1:4], (material.regions, material.chains, material.institutions), strict=True
    ):
        small = {group.name for group in cut if 0 < group.figures.entries < FEWEST}
        charted = {point.label for chart in section.charts for point in chart.points}
        assert not small & charted
        for row in section.tables[0].rows:
            if row.cells[0] in small:
                assert set(row.cells[1:]) == {None}


@SOME
@given(materials())
def test_no_amount_rests_on_one_or_two_entries_nor_can_such_a_one_be_worked_out_from_the_total(
    material: Material,
) -> None:
    for section in compose(material).sections[1:4]:
        table = section.tables[0]
        keys = [column.key for column in table.columns]
        for counted, amount in (("credited", "credited_amount"), ("disbursed", "disbursed_amount")):
            cut = {"regions": material.regions, "chains": material.chains}.get(
                section.key, material.institutions
            )
            named = {group.name: getattr(group.figures, counted).part for group in cut}
            listed = [row for row in table.rows if row.cells[0] in named]
            hidden = [named[str(row.cells[0])] for row in listed if amount in row.hidden]
            open_counts = [named[str(row.cells[0])] for row in listed if amount not in row.hidden]
            assert not {1, 2} & set(open_counts)
            assert sum(hidden) == 0 or sum(hidden) >= FEWEST or not any(open_counts)
            again = [
                row for row in table.rows if str(row.cells[0]).startswith("↳") and amount not in row.hidden
            ]
            assert not [row for row in again if row.cells[keys.index(counted)] in {1, 2}]


@given(st.lists(st.integers(0, 30), max_size=9))
def test_what_is_withheld_rests_on_three_entries_and_two_cells_where_that_can_be(counts: list[int]) -> None:
    hidden = concealed(counts)
    assert all(place in hidden for place, count in enumerate(counts) if 0 < count < FEWEST)
    assert all(counts[place] > 0 for place in hidden)
    rest = [count for place, count in enumerate(counts) if place not in hidden and count]
    if hidden and rest:
        assert len(hidden) >= 2
        assert sum(counts[place] for place in hidden) >= FEWEST
    if not any(0 < count < FEWEST for count in counts):
        assert hidden == frozenset()


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (share(219, 281), share(189, 281), "，较上月上升10.68个百分点（上月67.26%，189/281）"),
        (share(1, 3), share(2, 3), "，较上月下降33.34个百分点（上月66.67%，2/3）"),
        (share(1, 2), share(2, 4), "，较上月持平（上月50.00%，2/4）"),
        (share(1, 2), share(0, 0), ""),
        (share(0, 0), share(1, 2), ""),
    ],
)
def test_a_comparison_is_the_difference_of_what_was_published(now: object, before: object, said: str) -> None:
    assert compared(now, before) == said  # type: ignore[arg-type]  # shares, as parametrize hands them on


@SOME
@given(materials())
def test_the_direction_of_a_comparison_is_that_of_the_figures(material: Material) -> None:
    said = "".join(compose(material).sections[0].sentences)
    before, now = material.before, material.total.coverage.percent
    known = before.coverage.percent if before else None
    moved = None if known is None or now is None else Decimal(now) - Decimal(known)
    assert ("较上月上升" in said, "较上月下降" in said, "较上月持平" in said) == (
        moved is not None and moved > 0,
        moved is not None and moved < 0,
        moved is not None and moved == 0,
    )


@SOME
@given(materials())
def test_equal_material_gives_equal_bytes_and_an_open_month_is_marked(material: Material) -> None:
    made, again = compose(material), compose(replace(material))
    assert made.model_dump_json() == again.model_dump_json()
    assert made.mark == ("" if material.closing else DRAFT_MARK)
    assert Bulletin.model_validate_json(made.model_dump_json()) == made


def test_tables_and_charts_are_numbered_through_and_rows_fit_their_columns() -> None:
    made = compose(november())
    tables = [table for section in made.sections for table in section.tables]
    charts = [chart for section in made.sections for chart in section.charts]
    assert [table.number for table in tables] == list(range(1, len(tables) + 1))
    assert [chart.number for chart in charts] == list(range(1, len(charts) + 1))
    assert all(len(row.cells) == len(table.columns) for table in tables for row in table.rows)
    assert [section.heading[0] for section in made.sections] == list("一二三四五六七")


def test_the_highest_and_the_lowest_are_named_of_the_rows_that_are_shown() -> None:
    regions, chains, banks = (section.sentences for section in compose(november()).sections[1:4])
    assert regions == [
        "各地区中，对接覆盖率最高的为“哈尔滨市”80.00%（40/50），最低的为“齐齐哈尔市”10.00%（1/10）。"
    ]
    assert chains == []
    assert banks[0].startswith(
        "各机构中，对接覆盖率最高的为“=SUM(A1)银行”80.00%（32/40），最低的为“<b>&{{ 7*7 }}"
    )
    assert "小银行" not in "".join(banks)


def test_a_month_without_entries_lateness_or_obstacles_says_so() -> None:
    nothing = figures(0)
    empty = november(total=nothing, restated=None, before=None, regions=(), chains=(), institutions=(), late=(),
                     open_classes=(), targets=(), restated_months=())  # fmt: skip
    sections = {section.key: section for section in compose(empty).sections}
    assert "对接覆盖率无从计算（0/0）" in "".join(sections["overview"].sentences)
    assert sections["regions"].sentences == ["本月没有可列示的条目。"]
    assert sections["late"].sentences == ["截至2023年11月末，没有逾期条目。"]
    assert sections["blocked"].sentences == ["截至2023年11月末，没有未解决的堵点。"]


def test_what_was_restated_stands_below_what_was_closed() -> None:
    levels = compose(november()).sections[0].tables[0]
    rows = [texts_of(levels, row)[:4] for row in levels.rows]
    assert rows[1:3] == [["已对接（对接覆盖率）", "41", "60", "68.33"], ["↳ 重述数", "43", "60", "71.67"]]
    assert [column.unit for column in levels.columns][-1] is Unit.POINTS
