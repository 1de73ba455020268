"""What an enterprise itself can do after a decline, for each reason and each route: a closed list (pure).

Advice promises no credit, blames nobody and invents no policy: it names what the enterprise may prepare, state or
ask. A clause is cited only where it says what the advice says, and only where its pack applies on that day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from app.bottlenecks.rules import ASK, POLICY_GAP
from app.docking.guarantees import FeeCap
from app.docking.rates import percent_text
from app.docking.reasons import DeclineReason
from app.policy.derived import chinese_name
from app.policy.rulebook import AppliedParameter, AppliedRule, RuleBook

ClauseKey = tuple[str, str]
"""Code of a pack and number of its clause."""
_PLEDGES: Final[tuple[ClauseKey, ...]] = (("heilongjiang-2023-25", "六"), ("national-2024-5", "八"))
_CREDIT_RECORD: Final = "《征信业管理条例》第二十五条"


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that the enterprise can do; `clauses` say so where their packs apply, `law` everywhere."""

    text: str
    clauses: tuple[ClauseKey, ...] = ()
    law: str = ""


@dataclass(frozen=True, slots=True)
class AdviceLine:
    """Advice as it is given, with the clause that says so here and now; "" where none does."""

    text: str
    citation: str = ""


_PERMIT: Final = Advice("手续办妥或主管部门有答复后，更新需求中的“缺失要素”，并告知接手单位")
_CLARIFY: Final = Advice("情况与上述原因不符的，请告知统筹部门核实")
_BRING_GUARANTOR: Final = Advice("能找到担保人或反担保措施的，在需求中补报“可否担保”")
_LIST_ASSETS: Final = Advice(
    "盘点生产设备、订单、存货、应收账款、知识产权等可作抵质押的资产，在需求中补报“抵质押物”", _PLEDGES
)
_STATE_ANEW: Final = Advice("金额、期限、用途可以调整的，修订需求后重新匹配")

BY_REASON: Final[Mapping[DeclineReason, tuple[Advice, ...]]] = {
    DeclineReason.NO_COLLATERAL: (_LIST_ASSETS, _BRING_GUARANTOR),
    DeclineReason.LIGHT_ASSETS_NO_COLLATERAL: (
        Advice("在需求中补报资质和纳税等级，备好发票、纳税、订单等经营数据，供信用贷款审查使用"),
        _LIST_ASSETS,
    ),
    DeclineReason.CREDIT_INELIGIBLE: (
        Advice("向婉拒机构询问信用贷款授信条件中尚未满足的各项"),
        _LIST_ASSETS,
        _BRING_GUARANTOR,
    ),
    DeclineReason.LITIGATION: (
        Advice("整理起诉状、裁判文书、和解或执行情况等材料，说明案件进展和对经营的影响"),
        Advice("案件已经了结的，更新需求中的“涉诉”"),
    ),
    DeclineReason.ADVERSE_CREDIT: (
        Advice(
            "查询本企业信用报告；认为有错误、遗漏的，可向征信机构或信息提供者提出异议", law=_CREDIT_RECORD
        ),
        Advice("欠款已经还清的，备好还款凭证和情况说明，供银行核实"),
    ),
    DeclineReason.SINGLE_BANK_LIMIT: (
        Advice("核对并补报“现有贷款银行”“现有贷款余额”，便于其他银行核算可用额度"),
    ),
    DeclineReason.MISSING_ELEMENTS_LAND: (
        Advice("向自然资源部门了解用地、规划手续尚缺什么、如何补办，备好已有的批准文件和权属材料"),
        _PERMIT,
    ),
    DeclineReason.MISSING_ELEMENTS_ENVIRONMENT: (
        Advice("向生态环境部门了解环评的类别和尚缺的材料，备好已有的报告和批复"),
        _PERMIT,
    ),
    DeclineReason.MISSING_ELEMENTS_CONSTRUCTION: (
        Advice("向住房城乡建设部门了解施工许可尚缺的前置手续，备好已有的证件"),
        _PERMIT,
    ),
    DeclineReason.MISSING_ELEMENTS_PUBLIC_GUARANTEE: (
        Advice("备好项目立项（备案）文件、资金来源和反担保措施的说明，供政府性融资担保机构审查"),
        _PERMIT,
    ),
    DeclineReason.OUTSIDE_PRODUCT_TERMS: (
        Advice("查看需求的产品匹配结果，逐条了解哪些条件不符、改变什么可以符合"),
        _STATE_ANEW,
    ),
    DeclineReason.OUTSIDE_SERVICE_AREA: (Advice("核对需求中的“行政区划”是否为实际经营地，有误的予以修订"),),
    DeclineReason.INSUFFICIENT_REPAYMENT: (
        Advice("备好订单、合同、纳税申报和银行流水，说明还款来源；项目可附现金流测算"),
        _STATE_ANEW,
    ),
    DeclineReason.RESTRICTED_INDUSTRY: (
        Advice("核对需求中的“行业”和“资金用途”是否与实际一致，有误的予以修订"),
    ),
    DeclineReason.OVER_LENDING: (Advice("整理各家金融机构的授信、余额和用途，说明本次融资的必要性"),),
    DeclineReason.FINANCED_ELSEWHERE: (
        Advice("需求已经解决的，请告知统筹部门撤回条目；仍有缺口的，按缺口修订需求金额"),
        _CLARIFY,
    ),
    DeclineReason.ENTERPRISE_UNREACHABLE: (Advice("核对并更新联系人和联系电话"), _CLARIFY),
    DeclineReason.ENTERPRISE_WITHDREW_INTEREST: (
        Advice("仍需融资的，请告知统筹部门；需求有变化的，予以修订"),
        _CLARIFY,
    ),
}
"""By the reason that the institution gave."""

BY_ROUTE: Final[Mapping[str, tuple[Advice, ...]]] = {
    "banks_credit_loan": (Advice("接手银行按信用贷款审查，请配合提供经营数据和查询授权"),),
    "banks_legal_person": (Advice("向接手的法人银行提供存量贷款合同、余额和还款记录"),),
    "banks_concerned": (Advice("向接手的银行提供案件或征信记录的说明和证明材料，配合核实确认"),),
    "guarantors": (Advice("备好担保申请材料和反担保措施，配合接手的担保机构调查"),),
    "coordination": (Advice("向协调机制说明所缺手续、已办进度和主管部门的答复"),),
    ASK: (),
    POLICY_GAP: (Advice("可向统筹部门补充企业情况和其他可能的增信方式，供研究时参考"),),
}
"""By where the rule of the leading class sends the need, `ask` and `policy_gap` included."""


def advise(
    reason: DeclineReason,
    route: str | None,
    book: RuleBook,
    *,
    asks: Sequence[str] = (),
    cap: FeeCap | None = None,
) -> tuple[AdviceLine, ...]:
    """Answer what the enterprise can do about a decline: what was asked for first, then the route, then the reason.

    `route` is that of the leading class's rule (None: not known to whoever asks); `asks` names the fields of the need
    that would decide open classes; `cap` is what a guarantee may cost, told where guarantors have the need.
    """
    given = [*_asked(asks), *_lines(BY_ROUTE.get(route or "", ()), book)]
    given += _capped(cap) if cap is not None and route == "guarantors" else ()
    return tuple(dict.fromkeys([*given, *_lines(BY_REASON[reason], book)]))


def _lines(advice: Iterable[Advice], book: RuleBook) -> Iterator[AdviceLine]:
    for one in advice:
        yield AdviceLine(
            one.text, one.law or next(filter(None, (_cited(book, key) for key in one.clauses)), "")
        )


def _cited(book: RuleBook, key: ClauseKey) -> str:
    """Answer how people write a clause of a pack, "" where nothing of it applies."""
    items = chain[AppliedRule | AppliedParameter](book.rules, book.parameters)
    return next((item.citation for item in items if (item.pack, item.clause) == key), "")


def _asked(asks: Sequence[str]) -> Iterator[AdviceLine]:
    if asks:
        names = "、".join(f"“{chinese_name(name)}”" for name in asks)
        yield AdviceLine(f"在需求中补报{names}，以便判定还有哪些堵点、由谁办理")


def _capped(cap: FeeCap) -> Iterator[AdviceLine]:
    yield AdviceLine(
        f"核对担保报价：{cap.tier_text}，年担保费率不超过{percent_text(cap.most_bp)}%，高于上限的报价不予登记",
        cap.citation,
    )
