"""Tables, charts and sections as they are drafted; the finished bulletin numbers them (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.bulletins.bulletin import Cell, Chart, Column, Point, Row, Section, Table, Unit

NUMERALS = "一二三四五六七八九十"


@dataclass(slots=True)
class Draft:
    """A section before its tables and charts have their numbers."""

    key: str
    title: str
    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)

    def say(self, *sentences: str) -> None:
        """Add sentences; empty ones say nothing."""
        self.sentences.extend(sentence for sentence in sentences if sentence)


def column(key: str, label: str, unit: Unit = Unit.COUNT) -> Column:
    """Make a column."""
    return Column(key=key, label=label, unit=unit)


def row(*cells: Cell, hidden: Iterable[str] = (), is_total: bool = False) -> Row:
    """Make a row; hidden cells hold nothing."""
    return Row(cells=list(cells), hidden=sorted(hidden), is_total=is_total)


def table(key: str, title: str, columns: Sequence[Column], rows: Iterable[Row], note: str = "") -> Table:
    """Make a table, to be numbered; the cells of hidden columns are taken out of it."""
    kept = [_without_hidden(one, columns) for one in rows]
    return Table(key=key, number=0, title=title, columns=list(columns), rows=kept, note=note)


def _without_hidden(found: Row, columns: Sequence[Column]) -> Row:
    pairs = zip(columns, found.cells, strict=True)
    cells = [None if one.key in found.hidden else cell for one, cell in pairs]
    return found.model_copy(update={"cells": cells})


def chart(key: str, title: str, unit: Unit, points: Iterable[Point]) -> Chart:
    """Make a chart, to be numbered."""
    return Chart(key=key, number=0, title=title, unit=unit, points=list(points))


def numbered(drafts: Sequence[Draft]) -> list[Section]:
    """Answer sections whose headings, tables and charts are numbered through."""
    tables, charts, sections = 0, 0, []
    for place, draft in enumerate(drafts):
        own_tables = [one.model_copy(update={"number": tables + i}) for i, one in enumerate(draft.tables, 1)]
        own_charts = [one.model_copy(update={"number": charts + i}) for i, one in enumerate(draft.charts, 1)]
        tables, charts = tables + len(own_tables), charts + len(own_charts)
        sections.append(
            Section(
                key=draft.key,
                heading=f"{NUMERALS[place]}、{draft.title}",
                title=draft.title,
                sentences=draft.sentences,
                tables=own_tables,
                charts=own_charts,
            )
        )
    return sections
