"""The monthly bulletin 月度通报 as a value: sections of sentences, tables and charts.

JSON, workbook and document show this value and nothing else, so that they cannot differ. Cells of a table
are typed by their column's unit; `shown` is the one way in which a cell becomes a text.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.kernel.money import fen_from_yuan, wan_text
from app.kernel.printing import plain

NOTHING: Final = "—"
"""How a cell reads that has no value: out of nothing, or not comparable."""
HIDDEN: Final = "*"
"""How a cell reads that would tell of a single firm."""

Text = Annotated[str, AfterValidator(plain)]
"""A text of a bulletin: names come from many hands, and a bulletin goes to many."""
Cell = Text | int | None
"""Texts, percentages and yuan are strings, counts and days integers; None: there is no value."""


class Unit(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"
    POINTS = "points"
    YUAN = "yuan"
    RATE = "rate"
    DAYS = "days"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Column(_Value):
    """A column of a table."""

    key: Text = Field(description="Name of the column.")
    label: Text = Field(description="Heading in Chinese; amounts are headed 万元, as documents show them.")
    unit: Unit = Field(
        description="text; count; percent; points (percentage points, signed); yuan (decimal string); "
        "rate (annual percent); days."
    )


class Row(_Value):
    """A row of a table."""

    cells: list[Cell] = Field(
        description="One cell for each column; null: there is no value, or it is hidden."
    )
    hidden: list[Text] = Field(
        default_factory=list,
        description="Keys of columns whose cell is withheld, because too few entries stand behind it.",
    )
    is_total: bool = Field(default=False, description="It sums up the table.")


class Table(_Value):
    """A table with its number in the bulletin."""

    key: Text = Field(description="Name of the table.")
    number: int = Field(description="Number in the bulletin (表).")
    title: Text = Field(description="Title in Chinese.")
    columns: list[Column] = Field(description="Columns.")
    rows: list[Row] = Field(description="Rows; empty: there is nothing to list.")
    note: Text = Field(default="", description="What the reader has to know, in Chinese.")


class Point(_Value):
    """One bar of a chart."""

    label: Text = Field(description="Label of the bar.")
    value: Text = Field(description="Length of the bar: a count, or percent with two places.")
    text: Text = Field(description="What stands at its end.")
    before: Text | None = Field(description="The month before's value, drawn as a mark; null: none.")


class Chart(_Value):
    """A bar chart; all that it shows stands in the table of the same number's section."""

    key: Text = Field(description="Name of the chart.")
    number: int = Field(description="Number in the bulletin (图).")
    title: Text = Field(description="Title in Chinese.")
    unit: Unit = Field(description="percent or count.")
    points: list[Point] = Field(description="Bars from top to bottom.")


class Section(_Value):
    """A section: what the figures say, and the figures."""

    key: Text = Field(description="Name of the section.")
    heading: Text = Field(description="Heading in Chinese, with its number.")
    title: Text = Field(description="Heading without the number.")
    sentences: list[Text] = Field(description="What the tables say; every number in them stands in a table.")
    tables: list[Table] = Field(description="Tables.")
    charts: list[Chart] = Field(description="Charts of the tables.")


class Fact(_Value):
    """One line of the last page."""

    label: Text = Field(description="What it is.")
    value: Text = Field(description="What it says.")


class Bulletin(_Value):
    """The bulletin of one month."""

    title: Text = Field(description="Title.")
    month: Text = Field(description="The month, in Asia/Shanghai.")
    month_name: Text = Field(description="The month as the text writes it.")
    jurisdiction: Text = Field(description="Region code of the government.")
    edition: Text = Field(description="Edition of the roster (名单版次).")
    mark: Text = Field(description="Set while the month is open: stands on every page and sheet.")
    dated: datetime = Field(description="When the month was closed; while it is open, when it ends.")
    facts_sha256: Text = Field(description="SHA-256 of the month's facts as canonical JSON.")
    sections: list[Section] = Field(description="Sections in their order.")
    method: list[Text] = Field(description="How the figures are made.")
    verification: list[Text] = Field(description="How anyone checks them.")
    particulars: list[Fact] = Field(description="Edition, instants and hash, as the last page lists them.")


def shown(cell: Cell, unit: Unit) -> str:
    """Answer a cell as documents write it: grouped counts, 万元, signed percentage points."""
    match cell, unit:
        case None, _:
            return NOTHING
        case int(), _:
            return f"{cell:,}"
        case _, Unit.YUAN:
            return wan_text(fen_from_yuan(cell))
        case _, Unit.POINTS:
            return f"{Decimal(cell):+.2f}" if Decimal(cell) else "0.00"
        case _:
            return cell


def texts_of(table: Table, row: Row) -> list[str]:
    """Answer a row as documents write it."""
    pairs = zip(table.columns, row.cells, strict=True)
    return [HIDDEN if column.key in row.hidden else shown(cell, column.unit) for column, cell in pairs]
