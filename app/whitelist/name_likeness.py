"""Why two names are taken for one firm's, in Chinese. Pure."""

from collections.abc import Iterator

from app.whitelist.name_sounds import sound_of
from app.whitelist.names import NameParts, RegionPrefixes, normalise_company_name


def likeness_reasons(one: str, other: str, regions: RegionPrefixes) -> list[str]:
    """Answer what makes two names alike, and what still tells them apart, the weightiest first."""
    mine, yours = normalise_company_name(one, regions), normalise_company_name(other, regions)
    if mine.exact_key == yours.exact_key:
        return ["名称相同（不计空格、括号和标点）"]
    return [*_alike(mine, yours), *_apart(mine, yours)]


def _alike(mine: NameParts, yours: NameParts) -> Iterator[str]:
    short, long = sorted((mine.core, yours.core), key=len)
    if mine.core == yours.core:
        yield f"字号和行业用词相同：“{mine.core}”"
    elif sound_of(mine.core) == sound_of(yours.core):
        yield f"读音相同：“{mine.core}”与“{yours.core}”"
    elif short in long:
        yield f"“{short}”可能是“{long}”的简称"
    else:
        yield f"用词相近：“{mine.core}”与“{yours.core}”"


def _apart(mine: NameParts, yours: NameParts) -> Iterator[str]:
    if mine.regions != yours.regions:
        yield f"行政区划写法不同：{_written(mine.regions)}／{_written(yours.regions)}"
    if mine.legal_form != yours.legal_form:
        yield f"组织形式写法不同：{mine.legal_form or '未写'}／{yours.legal_form or '未写'}"


def _written(regions: tuple[str, ...]) -> str:
    return "".join(regions) or "未写"
