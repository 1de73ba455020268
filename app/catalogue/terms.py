"""Words of a product's terms that are no facts of a need: forms, rate bases, policy tools, parts."""

from typing import Final

FORMS: Final = {
    "loan": "贷款",
    "commercial_bill": "商票",
    "bank_bill": "银票",
    "bill_discount": "贴现",
    "letter_of_credit": "信用证",
    "forfaiting": "福费廷",
    "factoring": "保理",
    "supply_chain_bill": "供应链票据",
    "leasing": "融资租赁",
    "guarantee": "担保",
}
"""Forms of finance (黑银发〔2023〕25号 六、八; 黔江金融办发〔2023〕30号 8、9); a guarantor's is `guarantee`."""

RATE_BASES: Final = {"lpr_1y": "LPR（1年期）", "lpr_5y": "LPR（5年期以上）", "fixed": "固定利率"}

POLICY_TOOLS: Final = {
    "relending": "再贷款",
    "rediscount": "再贴现",
    "inclusive_small_loans": "普惠小微贷款支持工具",
    "carbon_reduction": "碳减排支持工具",
    "clean_coal": "煤炭清洁高效利用专项再贷款",
    "risk_compensation": "风险补偿基金",
    "job_stability_fund": "双稳基金",
    "batch_guarantee": "总对总批量担保",
    "policy_onlending": "政策性转贷款",
    "interest_subsidy": "贷款贴息",
    "export_credit_insurance": "出口信用保险",
}
"""Tools of the policy texts that a product is said to use; they cheapen or secure it, they bar nobody."""

EXCLUSIONS: Final = {
    "litigation": "涉诉",
    "adverse_credit": "征信不良",
    "single_bank_limit_reached": "已达单户限额",
    "missing_elements": "要素缺失",
}
"""Facts of a need that exclude it from a product."""

PARTS: Final = {
    "product": "产品",
    "form": "融资形式",
    "purposes": "资金用途",
    "amount": "金额",
    "term": "期限",
    "rate": "利率",
    "guarantee_modes": "增信方式",
    "areas": "服务区域",
    "industries": "行业",
    "chains": "产业链",
    "sizes": "企业规模",
    "qualifications": "资质",
    "years_least": "成立年限",
    "tax_grades": "纳税等级",
    "first_loan_only": "首贷",
    "exclusions": "排除情形",
    "policy_tools": "政策工具",
}
"""Parts of the terms that may rest on a clause; `product` is the product as a whole."""
