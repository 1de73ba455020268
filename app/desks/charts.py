"""Charts of pages: altair describes them, vl-convert draws them as SVG inside the page, scripts make them answer.

Everything in a chart also stands in a table beside it. Colours are the style sheet's own (light, dark, print): a
chart is described with the stand-ins below, which the drawing exchanges for the style sheet's names and the script
for what those names mean in this browser. No series is told by its colour alone.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import vl_convert
from markupsafe import Markup, escape

from app.desks.assets import CHARTS, asset

INK, SOFT, LINE, CARD = "#010101", "#020202", "#030303", "#040404"
FIRST, SECOND, THIRD, SUNK = "#050505", "#060606", "#070707", "#080808"
NAMES: Final[Mapping[str, str]] = {
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    CARD: "--card",
    FIRST: "--chart-1",
    SECOND: "--chart-2",
    THIRD: "--chart-3",
    SUNK: "--sunk",
}
"""What stands for which colour of the style sheet."""
FONT: Final = "Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, sans-serif"
MOST_KEPT: Final = 256
WIDTH: Final = 600
BAR: Final = 26
WHOLE: Final = 100.0
_ROOM: Final = 140.0
"""Bars of shares end so far before the edge that the numbers at their end have room."""
_NOT_OURS: Final = re.compile(
    r'</?a\b[^>]*>|\s(?:font-family|xmlns:xlink|role|aria-[a-z]+|version|class)="[^"]*"'
)
Specification = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a line, in percent; `text` says it exactly, `path` is the page that it opens."""

    place: str
    value: float
    text: str
    is_final: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in a page: the picture, and the description from which a script draws it anew."""

    name: str
    title: str
    picture: Markup
    specification: Specification


async def lines(name: str, title: str, about: str, drawn: Sequence[Line]) -> Drawing | None:
    """Draw shares over time as lines, each with its own dash and mark; None without a single point."""
    if not any(line.points for line in drawn):
        return None
    return await asyncio.to_thread(_drawing, name, title, about, _lines, tuple(drawn))


async def bars(name: str, title: str, about: str, drawn: Sequence[Point]) -> Drawing | None:
    """Draw shares as bars, their numbers at the end; None without a single one."""
    if not drawn:
        return None
    return await asyncio.to_thread(_drawing, name, title, about, _bars, tuple(drawn))


@lru_cache(maxsize=MOST_KEPT)
def _drawing(name: str, title: str, about: str, describe: Callable[[Any], Specification], of: Any) -> Drawing:
    asset(CHARTS)  # which takes its time once: here, beside the event loop
    specification = describe(of)
    svg = vl_convert.vegalite_to_svg(json.dumps(specification), allowed_base_urls=[])
    return Drawing(name, title, _as_part_of_page(name, title, about, svg), specification)


def _as_part_of_page(name: str, title: str, about: str, svg: str) -> Markup:
    """Answer a drawing without what belongs to no page: fonts and colours of its own, links, roles."""
    bare = _NOT_OURS.sub("", svg)
    for stand_in, colour in NAMES.items():
        bare = bare.replace(f'"{stand_in}"', f'"var({colour})"')
    bare = bare.replace('"#000"', '"var(--ink)"')
    bare = re.sub(r'(id="|url\(#)', rf"\1{name}-", bare)
    named = f'role="img" aria-labelledby="{name}-title {name}-about"'
    said = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-about">{escape(about)}</desc>'
    # From vl-convert, which escapes the texts that it writes.
    return Markup(re.sub(r"^<svg([^>]*)>", lambda tag: f"<svg {named}{tag[1]}>{said}", bare))  # noqa: S704


def _lines(drawn: tuple[Line, ...]) -> Specification:
    import altair as alt  # noqa: PLC0415 - a second that no start shall wait

    rows = [
        {
            "place": point.place,
            "series": line.name,
            "value": point.value,
            "text": point.text,
            "is_final": point.is_final,
            "path": point.path,
        }
        for line in drawn
        for point in line.points
    ]
    names = [line.name for line in drawn]
    chosen = alt.selection_point(fields=["series"], bind="legend")
    colours = alt.Scale(domain=names, range=[FIRST, SECOND, THIRD][: len(names)])
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("place:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(values=[0, 25, 50, 75, 100], labelExpr="datum.value + '%'")),
        color=alt.Color("series:N", title=None, sort=names, scale=colours),
        opacity=alt.condition(chosen, alt.value(1), alt.value(0.15)),
    )  # fmt: skip
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 3]][: len(names)])
    shapes = alt.Scale(domain=names, range=["circle", "square", "triangle-up"][: len(names)])
    stroked = base.mark_line(strokeWidth=2.5).encode(
        strokeDash=alt.StrokeDash("series:N", title=None, sort=names, scale=dashes)
    )
    told = {
        "shape": alt.Shape("series:N", title=None, sort=names, scale=shapes),
        "href": "path:N",
        "tooltip": ["place:O", "series:N", "text:N"],
    }
    # What may still change is hollow.
    full = base.transform_filter("datum.is_final").mark_point(size=70, filled=True).encode(**told)
    open_ = (
        base.transform_filter("!datum.is_final").mark_point(size=70, fill=CARD, strokeWidth=2).encode(**told)
    )
    whole = alt.layer(stroked, full, open_).add_params(chosen).properties(width=WIDTH, height=220)
    return _styled(whole)


def _bars(drawn: tuple[Point, ...]) -> Specification:
    import altair as alt  # noqa: PLC0415 - as above

    rows = [
        {"number": number, "place": one.place, "value": one.value, "text": one.text, "path": one.path, "whole": WHOLE}
        for number, one in enumerate(drawn)
    ]  # fmt: skip
    hovered = alt.selection_point(on="pointerover", empty=False, clear="pointerout")
    scale = alt.Scale(domain=[0, _ROOM], nice=False)
    labels = json.dumps([one.place for one in drawn], ensure_ascii=False)
    axis = alt.Axis(labelExpr=f"{labels}[datum.value]", labelLimit=170, ticks=False, domain=False)
    base = alt.Chart({"values": rows}).encode(y=alt.Y("number:O", title=None, axis=axis))
    linked = {"href": "path:N", "tooltip": ["place:N", "text:N"]}
    ground = base.mark_bar(color=SUNK, height=BAR * 0.6).encode(
        x=alt.X("whole:Q", title=None, axis=None, scale=scale, stack=None), **linked
    )
    filled = base.mark_bar(color=FIRST, height=BAR * 0.6).encode(
        x=alt.X("value:Q", title=None, axis=None, scale=scale, stack=None),
        opacity=alt.condition(hovered, alt.value(0.75), alt.value(1)),
        **linked,
    )
    said = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
        x=alt.X("whole:Q", title=None, axis=None, scale=scale, stack=None), text="text:N"
    )
    whole = alt.layer(ground, filled.add_params(hovered), said).properties(
        width=WIDTH - 120, height=BAR * len(rows)
    )
    return _styled(whole)


def _styled(chart: Any) -> Specification:
    axis = {
        "labelColor": SOFT,
        "labelFontSize": 12,
        "domainColor": LINE,
        "tickColor": LINE,
        "gridColor": LINE,
    }
    chart = chart.configure(font=FONT, background="transparent", padding=6)
    chart = chart.configure_view(stroke=None).configure_axis(**axis)
    found: Specification = chart.configure_legend(
        orient="top", labelColor=INK, labelFontSize=13, symbolStrokeWidth=2, symbolSize=90
    ).to_dict()
    found["config"]["aria"] = False  # the whole has a name; its parts stand in the table beside it
    return found
