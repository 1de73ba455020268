"""A chart described as Vega-Lite (altair). Altair takes seconds to load: only who draws a chart loads this."""

import json
from typing import Any, Final

import altair as alt

from app.bulletins.bulletin import Chart, Point, Unit

WIDTH: Final = 430
BAR: Final = 24
BLUE, GROUND, INK = "#2F6DB5", "#E8EDF3", "#1F2933"
WHOLE: Final = 100.0
_MOST_SIGNS: Final = 30
"""Longest label, Chinese characters counting double."""
_ROOM: Final = 1.36
"""Bars end so far before the right edge that what stands at their end has room."""
_ASCII: Final = 0x7F


def specification(chart: Chart, font: str) -> dict[str, Any]:
    """Answer a chart as Vega-Lite: bars with their values, and the month before as a mark on each.

    Of percentages the light ground is the whole.
    """
    rows = [_row(place, point) for place, point in enumerate(chart.points)]
    is_share = chart.unit is Unit.PERCENT
    most = WHOLE if is_share else max((row["value"] for row in rows), default=0) or 1
    scale = alt.Scale(domain=[0, most * _ROOM], nice=False)
    base = alt.Chart({"values": rows}).encode(
        y=alt.Y("place:O", title=None, axis=_axis([_shortened(point.label) for point in chart.points]))
    )
    layers = (
        [base.mark_bar(color=GROUND, height=BAR * 0.58).encode(x=_length("whole", scale))] if is_share else []
    )
    layers.append(base.mark_bar(color=BLUE, height=BAR * 0.58).encode(x=_length("value", scale)))
    if any("before" in row for row in rows):
        marked = base.transform_filter("isValid(datum.before)")
        layers.append(
            marked.mark_tick(color=INK, thickness=2, height=BAR * 0.8).encode(x=_length("before", scale))
        )
    at_end = base.mark_text(align="left", dx=6, fontSize=11, color=INK)
    layers.append(at_end.encode(x=_length("whole" if is_share else "value", scale), text="text:N"))
    drawn = alt.layer(*layers).properties(width=WIDTH, height=BAR * len(rows))
    styled = drawn.configure(font=font, background="white", padding=6).configure_view(stroke=None)
    found: dict[str, Any] = styled.to_dict()
    return found


def _row(place: int, point: Point) -> dict[str, Any]:
    row: dict[str, Any] = {"place": place, "text": point.text, "value": float(point.value), "whole": WHOLE}
    return row if point.before is None else row | {"before": float(point.before)}


def _length(field: str, scale: alt.Scale) -> alt.X:
    return alt.X(f"{field}:Q", title=None, axis=None, scale=scale, stack=None)


def _shortened(label: str) -> str:
    """Answer a label that fits; Vega itself would cut characters beyond the first plane in halves."""
    signs = 0
    for place, character in enumerate(label):
        signs += 1 if ord(character) <= _ASCII else 2
        if signs > _MOST_SIGNS:
            return f"{label[: place - 1]}…"
    return label


def _axis(labels: list[str]) -> alt.Axis:
    """Answer an axis that writes labels by place: two bars may have the same name."""
    return alt.Axis(
        labelExpr=f"{json.dumps(labels)}[datum.value]",
        labelLimit=0,
        labelFontSize=11,
        labelColor=INK,
        ticks=False,
        domain=False,
        labelPadding=8,
    )
