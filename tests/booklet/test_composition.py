"""What the booklet says, of the packs as they are."""

from dataclasses import replace

import pytest

from app.awards.observed import Figures
from app.booklet.booklet import Booklet, BookletSection, Entry, entries_saying
from app.booklet.composition import compose
from app.booklet.policy_reading import supports
from app.institutions.rules import InstitutionKind, InstitutionTree
from tests.booklet.materials import PRODUCTS, TREE, january, node


@pytest.fixture(scope="module")
def made() -> Booklet:
    return compose(january())


def sections(made: Booklet) -> dict[str, BookletSection]:
    return {section.key: section for chapter in made.chapters for section in chapter.sections}


def entries(made: Booklet) -> dict[str, Entry]:
    return {entry.key: entry for section in sections(made).values() for entry in section.entries}


def facts(entry: Entry) -> dict[str, str]:
    return {fact.label: fact.value for fact in entry.facts}


def test_every_pointer_leads_to_an_entry_and_every_anchor_is_its_own(made: Booklet) -> None:
    keys = [chapter.key for chapter in made.chapters]
    keys += [*sections(made)]
    keys += [entry.key for section in sections(made).values() for entry in section.entries]
    assert len(keys) == len(set(keys))
    targets = {link.target for section in sections(made).values() for link in section.links}
    assert targets <= entries(made).keys()
    assert {f"product-{one.code}" for one in PRODUCTS} <= targets


def test_a_need_finds_the_supports_that_name_it_and_the_products_that_serve_it(made: Booklet) -> None:
    renewal = sections(made)["need-renewal"]
    assert [link.target for link in renewal.links] == ["support-support.renewal", "product-BF-XD"]
    research = sections(made)["need-research"]
    assert [link.target for link in research.links] == ["product-DB-PL", "product-SJ-KCED"]
    assert "没有专门的支持政策" in research.sentences[0]
    assert "need-merger" not in sections(made)


def test_what_secures_a_loan_lists_who_lends_on_it_and_no_guarantor(made: Booklet) -> None:
    assert [link.target for link in sections(made)["security-credit"].links] == ["product-SJ-KCED"]


def test_a_product_is_told_with_what_limits_it_alone(made: Booklet) -> None:
    told = entries(made)["product-SJ-KCED"]
    assert (told.title, told.subtitle) == ("科创e贷", "松江银行 · SJ-KCED")
    assert facts(told) == {
        "金额": "10至1,000万元",
        "期限": "3至36个月",
        "利率": "LPR（1年期）-0.10至+0.55个百分点，折合年利率3.35%至4.00%",
        "资金用途": "研发投入、流动资金",
        "增信方式": "信用",
        "服务区域": "黑龙江省",
        "行业": "通用设备制造业",
        "企业规模": "微型、小型",
        "不受理": "涉诉",
        "政策工具": "再贷款",
        "补充条件": "出口：是",
        "承诺办结": "5个工作日",
    }
    assert [fact.clause for fact in told.facts if fact.clause] == ["黑银发〔2023〕25号（四）"]
    assert facts(entries(made)["product-DB-PL"])["担保费率"] == "年费率0.50%至1.00%"


def test_a_support_says_what_it_gives_to_whom_by_which_clause_and_who_is_responsible(made: Booklet) -> None:
    told = entries(made)["support-subsidy.guarantee_fee_above_5m"]
    assert told.subtitle == "黑银发〔2023〕25号（十七）"
    said = facts(told)
    assert said["给谁"] == "行业属于制造业；微型、小型企业；融资金额超过500万元"
    assert said["给什么"] == "担保费率原则上不超过1.5%"
    assert said["现行数值"].startswith("制造业小微企业担保费率上限（年）：")
    assert "省地方金融监管局" in said["找谁办"]
    assert len(sections(made)["supports"].entries) == len(supports(january().grounds.book)) == made.supports


def test_documents_in_force_are_told_clause_by_clause_and_drafts_are_not(made: Booklet) -> None:
    assert len(sections(made)["document-heilongjiang-2023-25"].entries) == 21
    assert not [key for key in sections(made) if key.startswith("document-") and "heilongjiang" not in key]
    told = entries(made)["clause-heilongjiang-2023-25-二十"]
    assert "一本通" in told.sentences[0]
    assert "省地方金融监管局" in facts(told)["责任单位"]


def test_a_chains_plan_is_told_with_what_it_grants(made: Booklet) -> None:
    told = entries(made)["plan-GDZB"]
    assert (told.title, told.subtitle) == (
        "高端装备产业链：一链一策第2版",
        "2023年10月16日起至2024年12月31日",
    )
    assert facts(told) | {"签约机构": "松江银行", "链上产品": "科创e贷"} == facts(told)
    assert facts(told)["给链上企业"] == "研发贷款额度上浮（科创e贷，金额可至2,000万元，期限可至48个月）"


def test_the_way_of_a_need_comes_from_the_rule_book(made: Booklet) -> None:
    steps = sections(made)["steps"].tables[0]
    assert steps.rows[0] == ["入选后落实责任机构", "5", "经办方设定5"]
    blocked = sections(made)["blocked"].tables[0]
    assert [row[3] for row in blocked.rows] == [
        "黑银发〔2023〕25号（十五）",
        *["黑银发〔2023〕25号（十六）"] * 4,
    ]
    asked = {row[0]: row[1] for row in sections(made)["asked"].tables[0].rows}
    assert (asked["融资金额"], asked["行业"], asked["出口"]) == ("4", "3", "4")


def test_whom_to_ask_names_institutions_and_bodies_and_nobody(made: Booklet) -> None:
    offers = sections(made)["institutions"].tables[0].rows
    assert [(row[0], row[3]) for row in offers] == [("北方银行", "1"), ("龙原担保", "1"), ("松江银行", "2")]
    assert sections(made)["bodies"].tables[0].rows == [["省金融监管局", "地方金融监管局", "黑龙江省"]]


def test_names_from_many_hands_cannot_turn_the_text_round(made: Booklet) -> None:
    assert entries(made)["product-SJ-TX"].title == "贴现 快线"


def test_a_text_is_found_wherever_it_stands(made: Booklet) -> None:
    assert [link.target for link in entries_saying(made, "再贷款")] == [
        "clause-heilongjiang-2023-25-四", *[f"product-{code}" for code in ("BF-XD", "SJ-KCED", "SJ-TX", "DB-PL")],
        "word-12",
    ]  # fmt: skip
    assert entries_saying(made, "SJ-kced")[0].target == "product-SJ-KCED"
    assert not entries_saying(made, "没有这些字")


def test_equal_material_makes_an_equal_booklet_and_another_name_another_hash(made: Booklet) -> None:
    material = january()
    assert compose(material) == made
    renamed = InstitutionTree.build(
        [
            *(one for one in TREE.nodes.values() if one.code != "SJ"),
            node(1, "SJ", "新松江银行", InstitutionKind.LARGE),
        ]
    )
    others = [
        replace(material.grounds, tree=renamed),
        replace(material.grounds, library_sha256="b" * 64),
        replace(material.grounds, lpr=None),
        replace(material.grounds, packs_sha256="c"),
        replace(material.grounds, observed_sha256="d"),
    ]
    hashes = {made.inputs_sha256, *(one.sha256() for one in others)}
    assert len(hashes) == len(others) + 1


def test_what_was_observed_stands_below_what_is_declared_and_few_cases_are_not_told() -> None:
    figures = Figures(answers=20, approvals=15, days=(2, 4, 9), credits=12, rates=(345, 372, 401))
    observed = {"SJ-KCED": figures, "BF-XD": Figures()}
    told = entries(compose(replace(january(), observed=observed)))
    assert facts(told["product-SJ-KCED"])["实际办理"] == (
        "利率中位3.72%（一成不高于3.45%，九成不高于4.01%，按12笔授信金额加权）；答复用时中位4个工作日，九成不超过9个；"
        "20次答复中授信15次（75.0%）。统计至2023Q4的四个季度"
    )
    assert "实际办理" not in facts(told["product-BF-XD"])


def test_without_a_quotation_of_that_day_rates_stand_as_declared() -> None:
    material = january()
    made = compose(replace(material, grounds=replace(material.grounds, lpr=None)))
    assert facts(entries(made)["product-SJ-KCED"])["利率"] == "LPR（1年期）-0.10至+0.55个百分点"
