"""Regions by name, for the suggestions of import messages; never to decide on a region silently."""

import re
import unicodedata

from rapidfuzz import fuzz, process

from app.reference.regions import NATION, Region, Regions

LEAST_LIKENESS = 60.0  # of 100: one wrong character in a name of three (道理区 for 道里区)
_KIND = re.compile(
    r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|自治旗|地区|林区|[省市区县旗盟])$"
)


def find_by_name(regions: Regions, text: str, *, within: str = NATION, limit: int = 5) -> tuple[Region, ...]:
    """Answer today's divisions that a name may mean, the likeliest first, at most `limit`.

    In turn: the name; the name with what lies above it (开封鼓楼区); the name without its kind
    (道里); a former name (呼兰县 → 呼兰区); then the most alike. Several divisions may share a name: all of them are answered, by code. `within` narrows to an area.
    """
    name = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    if not name:
        return ()
    found: dict[str, Region] = {}
    for tier in (_exact, _by_path, _bare, _former, _alike):
        if not found or tier is _by_path:
            for region in tier(regions, name):
                if regions.is_within(region.code, within):
                    found.setdefault(region.code, region)
    return tuple(found.values())[:limit]


def _exact(regions: Regions, name: str) -> list[Region]:
    return [region for region in regions.by_code.values() if region.name == name]


def _by_path(regions: Regions, name: str) -> list[Region]:
    return [
        region
        for region in regions.by_code.values()
        if len(name) > len(region.name)
        and name.endswith(region.name)
        and _is_above(regions, region, name[: -len(region.name)])
    ]


def _is_above(regions: Regions, region: Region, text: str) -> bool:
    """Say whether a text is the path above, its end, or one division of it without kind."""
    above = regions.ancestors(region.code)
    path = "".join(part.name for part in reversed(above) if part.code != NATION)
    return path.endswith(text) or any(_KIND.sub("", part.name) == text for part in above)


def _bare(regions: Regions, name: str) -> list[Region]:
    bare = _KIND.sub("", name)
    return [region for region in regions.by_code.values() if _KIND.sub("", region.name) == bare]


def _former(regions: Regions, name: str) -> list[Region]:
    codes = [
        change.old_code
        for changes in regions.changes.values()
        for change in changes
        if change.old_name == name
    ]
    resolved = [regions.resolve(code) for code in sorted(set(codes))]
    return [region for found in resolved if found for region in found.candidates]


def _alike(regions: Regions, name: str) -> list[Region]:
    names = {code: region.name for code, region in regions.by_code.items()}
    best = process.extract(name, names, scorer=fuzz.ratio, score_cutoff=LEAST_LIKENESS, limit=20)
    return [regions.by_code[code] for _, _, code in sorted(best, key=lambda hit: (-hit[1], hit[2]))]
