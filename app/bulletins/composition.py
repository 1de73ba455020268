"""From the material of a month to its bulletin (pure): equal material gives an equal bulletin."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from app.bulletins.bulletin import Bulletin, Fact
from app.bulletins.drafting import numbered
from app.bulletins.groups import Cut, by_group
from app.bulletins.material import Material
from app.bulletins.open_matters import blocked, changes, late
from app.bulletins.overview import overview
from app.bulletins.wording import month_name
from app.kernel.shanghai import SHANGHAI

DRAFT_MARK: Final = "未关账 草稿"
REGIONS: Final = Cut("regions", "按地区", "地区")
CHAINS: Final = Cut("chains", "按产业链", "产业链", "未归入产业链")
INSTITUTIONS: Final = Cut("institutions", "按机构", "机构", "尚未落实责任机构", is_ranked=True)


def compose(material: Material) -> Bulletin:
    """Answer the bulletin of a month; while the month is open, every page of it is marked a draft."""
    cuts = (
        (REGIONS, material.regions),
        (CHAINS, material.chains),
        (INSTITUTIONS, material.institutions),
    )
    drafts = (
        overview(material),
        *(by_group(cut, groups, material.total, material.smallest_cell) for cut, groups in cuts),
        late(material),
        blocked(material),
        changes(material),
    )
    closing = material.closing
    return Bulletin(
        title=f"{material.jurisdiction_name}融资对接情况月度通报",
        month=material.month,
        month_name=month_name(material.month),
        jurisdiction=material.jurisdiction,
        edition=material.edition,
        mark="" if closing else DRAFT_MARK,
        dated=closing.at if closing else material.until,
        facts_sha256=material.facts_sha256,
        sections=numbered(drafts),
        method=list(material.method),
        verification=list(_verification(material)),
        particulars=list(_particulars(material)),
    )


def _particulars(material: Material) -> Iterator[Fact]:
    closing = material.closing
    yield Fact(label="月份", value=month_name(material.month))
    yield Fact(label="辖区", value=f"{material.jurisdiction_name}（{material.jurisdiction}）")
    yield Fact(label="名单版次", value=material.edition)
    yield Fact(label="事实截止（不含）", value=_moment(material.until))
    yield Fact(label="逾期与堵点截至", value=_moment(material.as_of))
    yield Fact(label="关账时间", value=_moment(closing.at) if closing else DRAFT_MARK)
    yield Fact(label="关账人", value=closing.by if closing else "—")
    yield Fact(label="事实文件 SHA-256", value=material.facts_sha256)


def _moment(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def _verification(material: Material) -> Iterator[str]:
    month = material.month
    if material.closing is None:
        yield "本月尚未关账：以上为目前所知，数字会变；关账后方为正式通报。"
    yield (
        f"取得事实文件与数字文件：GET /api/v1/coverage/{month}/facts 与 /figures，或 rongqiao coverage export {month} "
        "-o facts.json，加 --figures 再导出 figures.json。事实文件的 SHA-256 应与上列一致。"
    )
    yield (
        "以独立核验程序复算，该程序不含本系统代码（GET /api/v1/coverage/verifier.py，或 rongqiao coverage verifier）："
        "python verifier.py facts.json figures.json。"
    )
