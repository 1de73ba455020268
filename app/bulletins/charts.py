"""Charts of a bulletin as pictures, drawn offline (altair describes, vl-convert draws).

Chinese labels need a Chinese font on the machine. Without one a chart would come out with blanks for
labels, so none is drawn: the document says so, and the table of the same section holds every number of it.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import vl_convert

from app.bulletins.bulletin import Bulletin, Chart
from app.kernel.logs import get_logger

SCALE: Final = 2
MOST_KEPT: Final = 64
"""Pictures that are kept, of some 40 kB each."""
_PROBES: Final = ("融", "桥")

log = get_logger(__name__)


def pictures(bulletin: Bulletin, font: str) -> Mapping[str, bytes]:
    """Answer the PNG of each chart by its key; none at all where the machine has no Chinese font."""
    charts = [chart for section in bulletin.sections for chart in section.charts]
    if not draws_chinese(font):
        log.warning("charts_left_out", reason="no Chinese font", remedy="install fonts-noto-cjk")
        return {}
    return {chart.key: png(chart, font) for chart in charts}


@lru_cache(maxsize=8)
def draws_chinese(font: str) -> bool:
    """Tell whether this machine can draw Chinese, in a font or in what stands in for it.

    Glyphs that no font has are left blank: two different characters then look the same.
    """
    drawn = {vl_convert.svg_to_png(_probe(character, font)) for character in _PROBES}
    return len(drawn) == len(_PROBES)


def _probe(character: str, font: str) -> str:
    family = font.replace("&", "").replace("<", "").replace("'", "").replace('"', "")
    text = f"<text x='2' y='26' font-size='24' font-family=\"'{family}', sans-serif\">{character}</text>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' width='32' height='32'>{text}</svg>"


def png(chart: Chart, font: str) -> bytes:
    """Answer a chart as PNG; the same chart gives the same bytes."""
    from app.bulletins.vega import specification  # noqa: PLC0415 - altair: seconds that no start shall wait

    return _drawn(json.dumps(specification(chart, font)))


@lru_cache(maxsize=MOST_KEPT)
def _drawn(specification: str) -> bytes:
    """Draw a chart; those of a closed month are asked for again and again, and never change."""
    drawn: bytes = vl_convert.vegalite_to_png(specification, scale=SCALE, allowed_base_urls=[])
    return drawn
