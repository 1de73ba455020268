"""What the software does, as a closed list: a clause may say that one of these carries it.

A feature is listed only while its door exists (a test walks the doors), so that the matrix of clauses and
carriers never claims what is merely planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that the software does; `door` is a command (`match run`) or a route (`/needs`)."""

    key: str
    package: str
    door: str
    chinese: str


_LISTED = (
    Feature("policy.clauses", "app.policy", "policy show", "政策条款入库、查询，规则与参数逐条引用"),
    Feature(
        "policy.fair_credit", "app.policy", "policy check", "任何条件不得使用所有制（公平授信），载入时拒绝"
    ),
    Feature("reference.size_class", "app.reference", "reference load", "按国统字〔2017〕213号划分大中小微"),
    Feature("reference.lpr", "app.reference", "reference load", "按日期取贷款市场报价利率（LPR）"),
    Feature(
        "institutions.tree",
        "app.institutions",
        "/institutions",
        "机构树：类型、服务区域、承接能力、信用贷款占比",
    ),
    Feature(
        "catalogue.products",
        "app.catalogue",
        "catalogue import",
        "产品库：额度、期限、利率、担保方式等条件逐项入库",
    ),
    Feature("catalogue.library", "app.catalogue", "/library/editions", "特色信贷产品库按季分版发布"),
    Feature(
        "awards.observed",
        "app.awards",
        "/library/observations",
        "产品申报与实际对照：利率、办结时限、授信通过率，按季统计",
    ),
    Feature(
        "awards.selection",
        "app.awards",
        "awards announce",
        "年末“十佳”评选：公布标准、提名、评审、结果及理由",
    ),
    Feature(
        "selection.rounds",
        "app.selection",
        "selection open",
        "双向选择：银行与产业链密封互选，按名额得出稳定签约名单，结果附证明可复算",
    ),
    Feature("enterprises.needs", "app.enterprises", "/needs", "融资需求采集，修改留痕"),
    Feature(
        "whitelist.editions",
        "app.whitelist",
        "whitelist import",
        "半年一版的融资需求白名单，导入、准入与复核",
    ),
    Feature("whitelist.diff", "app.whitelist", "whitelist diff", "白名单版次比较（保留、新增、移出、变更）"),
    Feature("matching.match", "app.matching", "match run", "需求与产品逐条匹配、评分"),
    Feature("matching.explain", "app.matching", "match explain", "逐条说明匹配与不匹配的原因及出处"),
    Feature("bottlenecks.classes", "app.bottlenecks", "bottlenecks list", "融资堵点分类与推送路径"),
    Feature("chains.plans", "app.chains", "/chains/{code}/plan", "一链一策：签约银行、重点用途、链上产品"),
    Feature("chains.managers", "app.chains", "/chains/{code}/managers", "链长与链办任职记录"),
    Feature("allocation.responsible", "app.allocation", "allocate run", "逐户落实责任银行，最多两家协办"),
    Feature("allocation.limits", "app.allocation", "allocate check", "承接能力与集中度上限，独立复核"),
    Feature(
        "coordination.cases",
        "app.coordination",
        "coordination list",
        "协调事项：缺失要素和担保需求交责任单位限期答复",
    ),
    Feature("docking.events", "app.docking", "docking log", "对接记录只增不改，婉拒须有理由和证据"),
    Feature("docking.deadlines", "app.docking", "docking due", "每一步的工作日时限、暂停与逾期"),
    Feature(
        "docking.guarantees",
        "app.docking",
        "/docking/guarantee-fees",
        "担保费率上限按日按地取用并校验报价，承保后重新匹配；平均费率逐机构计算",
    ),
    Feature("docking.escalation", "app.docking", "rounds make", "到期提醒与逾期逐级升级"),
    Feature(
        "coverage.monthly", "app.coverage", "coverage show", "按月对接覆盖率，分地区、产业链、机构、类别"
    ),
    Feature("coverage.shares", "app.coverage", "coverage show", "加权平均利率，首贷、信用、中长期占比"),
    Feature(
        "coverage.ranking",
        "app.coverage",
        "coverage ranking",
        "机构排名，列明分母，不透露单户；目标、漏斗、逐月走势",
    ),
    Feature(
        "booklet.booklet",
        "app.booklet",
        "booklet write",
        "金融政策产品“一本通”：现行政策和当季产品库合编成册",
    ),
    Feature(
        "events.calendar",
        "app.events",
        "events plan",
        "年度大会、一领域一地市、一月一链的活动日程，逐场写明理由",
    ),
    Feature(
        "events.meetings",
        "app.events",
        "events invite",
        "邀请名单、一对一洽谈时间表、签到、洽谈登记与三十日九十日成效",
    ),
    Feature("coverage.export", "app.coverage", "coverage export", "覆盖率报表导出，列明分子分母"),
)

FEATURES: Final[Mapping[str, Feature]] = {feature.key: feature for feature in _LISTED}
