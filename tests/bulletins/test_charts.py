import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.bulletins import charts, vega
from app.bulletins.bulletin import Chart, Point, Unit
from app.bulletins.composition import compose
from tests.bulletins.materials import november

FONT = "Noto Sans CJK SC"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chart(*points: Point) -> Chart:
    return Chart(key="a", number=1, title="覆盖率", unit=Unit.PERCENT, points=list(points))


def point(label: str, value: str, before: str | None = None) -> Point:
    return Point(label=label, value=value, text=f"{value}%", before=before)


def test_a_chart_is_drawn_and_the_same_chart_gives_the_same_bytes() -> None:
    same = []
    for _time in range(2):
        charts._drawn.cache_clear()
        same.append(charts.png(chart(point("甲", "79.17", "60.00"), point("乙", "0.00")), FONT))
    assert same[0] == same[1]
    assert same[0].startswith(SIGNATURE)
    assert charts.png(chart(point("甲", "80.00")), FONT) != same[0]


def test_bars_of_the_same_name_stay_apart_and_labels_are_only_labels() -> None:
    labels = ["同名", "同名", '"];alert(1)//']
    made = vega.specification(chart(*(point(label, "50.00") for label in labels)), FONT)
    layer = made["layer"][0]["encoding"]["y"]
    assert layer["field"] == "place"
    assert json.loads(layer["axis"]["labelExpr"].removesuffix("[datum.value]")) == labels


def test_nothing_is_fetched() -> None:
    found = json.dumps(
        [vega.specification(one, FONT) for s in compose(november()).sections for one in s.charts]
    )
    assert '"url"' not in found


def test_the_month_before_is_marked_where_it_is_known() -> None:
    marks = [
        layer["mark"]["type"]
        for layer in vega.specification(chart(point("甲", "1.00", "2.00")), FONT)["layer"]
    ]
    assert "tick" in marks
    marks = [layer["mark"]["type"] for layer in vega.specification(chart(point("甲", "1.00")), FONT)["layer"]]
    assert "tick" not in marks


@pytest.mark.parametrize("drawn", [True, False])
def test_without_a_chinese_font_no_chart_is_drawn_and_the_log_says_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, *, drawn: bool
) -> None:
    def svg_to_png(svg: str) -> bytes:
        """Draw what a machine draws: a blank where no font has the character."""
        return svg.encode() if drawn else b"blank"

    monkeypatch.setattr("vl_convert.svg_to_png", svg_to_png)
    monkeypatch.setattr(charts, "png", lambda _chart, _font: SIGNATURE)
    charts.draws_chinese.cache_clear()
    with capture_logs() as logs:
        found: Any = charts.pictures(compose(november()), FONT)
    charts.draws_chinese.cache_clear()
    assert bool(found) == drawn
    assert [log["remedy"] for log in logs if log["event"] == "charts_left_out"] == (
        [] if drawn else ["install fonts-noto-cjk"]
    )


@pytest.mark.parametrize("name", ["甲\x0b\x00\x1f", "\u202e2023\u2066", "𬭎" * 60, "", "\uffff", "é" * 400])
def test_no_name_breaks_a_chart(name: str) -> None:
    assert charts.png(chart(point(name, "50.00"), point(name, "49.00")), FONT).startswith(SIGNATURE)
