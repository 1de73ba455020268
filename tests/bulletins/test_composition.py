import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from app.bulletins.bulletin import Bulletin, Section, Unit, texts_of
from app.bulletins.composition import DRAFT_MARK, compose
from app.bulletins.material import Material
from app.bulletins.overview_tables import RESTATED
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
def test_no_cell_rests_on_one_or_two_entries_nor_can_such_a_one_be_worked_out_from_the_total(
    material: Material,
) -> None:
    for section, cut in zip(
        compose(material).sections[1:4],
        (material.regions, material.chains, material.institutions),
        strict=True,
    ):
        table, fewest = section.tables[0], material.smallest_cell
        rows = [one for one in table.rows if not one.is_total and one.cells[0] != RESTATED]
        for measure, others in (
            ("entries", ("assigned", "percent")), ("assigned", ()), ("contacted", ("percent",)), ("answered", ()),
            ("credited", ("credited_amount",)), ("disbursed", ("disbursed_amount",)),
        ):  # fmt: skip
            if section.key == "institutions" and measure == "assigned":
                continue  # an institution's entries are those that it was assigned
            counts = [getattr(group.figures, measure) for group in cut]
            counts = [count if isinstance(count, int) else count.part for count in counts]
            listed = iter(rows)  # a group whose entries are withheld has no row at all
            told = [
                measure not in next(listed).hidden if "entries" not in one.hidden else False for one in cut
            ]
            assert next(listed, None) is None
            hidden = [count for count, is_told in zip(counts, told, strict=True) if not is_told]
            total = getattr(
                material.total,
                "assigned" if section.key == "institutions" and measure == "entries" else measure,
            )
            rest = (total if isinstance(total, int) else total.part) - sum(counts)
            assert not {1, 2} & (Counter(counts) - Counter(hidden)).keys()
            assert not sum(hidden) or sum(hidden) + max(rest, 0) >= fewest or len(hidden) == len(cut)
            assert all(other in row.hidden for row in rows if measure in row.hidden for other in others)


@SOME
@given(materials())
def test_what_is_withheld_is_in_no_cell_sentence_or_chart(material: Material) -> None:
    for section in compose(material).sections[1:4]:
        table = section.tables[0]
        keys = [column.key for column in table.columns]
        for row in table.rows:
            assert all(row.cells[keys.index(key)] is None for key in row.hidden if key in keys)
            if "percent" in row.hidden:
                assert row.cells[0] not in {point.label for chart in section.charts for point in chart.points}


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
        "各地区中，对接覆盖率最高的为“哈尔滨市”80.00%（36/45），最低的为“齐齐哈尔市”53.33%（8/15）。"
    ]
    assert chains == []
    assert banks[0].startswith(
        "参与排名的机构中，对接覆盖率最高的为“=SUM(A1)银行”88.89%（32/36），最低的为“<b>&{{ 7*7 }}"
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
    assert rows[1:3] == [["已对接（对接覆盖率）", "44", "60", "73.33"], [RESTATED, "45", "60", "75.00"]]
    assert [column.unit for column in levels.columns][-1] is Unit.POINTS
