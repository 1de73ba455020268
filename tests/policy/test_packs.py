"""The shipped packs: every clause there, every item cited, nothing claimed that does not exist."""

from datetime import date
from decimal import Decimal

import pytest

from app.awards.rules import PLACES
from app.kernel.settings import PROJECT_ROOT
from app.policy.clause_numbers import plain_number
from app.policy.criteria import AllOf, AnyOf, Condition, Verdict, evaluate
from app.policy.facts import SOURCE_CLASSES, FactValue, Members
from app.policy.features import FEATURES
from app.policy.loading import load_policy_library
from app.policy.matrix import clause_numbered, matrix_rows
from app.policy.packs import FeeTier, LoadTier, Pack, PackStatus, RuleKind
from app.policy.precedence import Adoption, make_rule_book
from app.reference.book import load_reference_book

SEED = PROJECT_ROOT / "seed"
LIBRARY = load_policy_library(SEED)
ON = date(2024, 6, 1)


def _pack(code: str) -> Pack:
    pack = LIBRARY.pack(code)
    assert pack is not None
    return pack


@pytest.mark.parametrize(
    ("code", "count"),
    [("heilongjiang-2023-25", 21), ("qianjiang-2023-30", 13), ("national-2024-5", 17), ("luoyang-draft", 18)],
)
def test_every_numbered_clause_of_a_document_is_there_in_order(code: str, count: int) -> None:
    numbers = [plain_number(clause.number) for clause in _pack(code).clauses]
    assert numbers == [str(number) for number in range(1, count + 1)]


def test_dongzhi_is_numbered_as_its_own_text_is() -> None:
    goals = ["一·增量", "一·扩面", "一·提质", "一·降本"]
    parts = {"一": 4, "二": 3, "三": 2, "四": 3}
    measures = [f"二（{part}）{item}" for part, most in parts.items() for item in range(1, most + 1)]
    safeguards = [f"三（{number}）" for number in "一二三"]
    assert [clause.number for clause in _pack("dongzhi-2020").clauses] == goals + measures + safeguards


def test_each_clause_names_a_carrier_or_the_reason_for_none() -> None:
    rows = matrix_rows(LIBRARY)
    assert len(rows) == 21 + 13 + 17 + 18 + 19 + len(_pack("operator-defaults").clauses)
    assert all(row.carriers or row.clause.reason for row in rows)
    assert all(carrier.text and carrier.name for row in rows for carrier in row.carriers)


def test_every_rule_and_value_cites_a_clause_that_exists_and_so_does_each_part_of_a_condition() -> None:
    for pack in LIBRARY.packs:
        for item in pack.items:
            assert clause_numbered(pack, item.citation.clause) is not None
            assert item.citation.text.startswith(pack.cite_as)
        for rule in pack.rules:
            assert all(part.source for part in _parts(rule.condition))


def _parts(condition: Condition) -> list[Condition]:
    inner = condition.criteria if isinstance(condition, AnyOf | AllOf) else ()
    return [condition, *(part for whole in inner for part in _parts(whole))]


def test_packs_name_their_source_by_file_name_and_hash() -> None:
    for pack in LIBRARY.packs:
        if pack.source == "document":
            assert len(bytes.fromhex(pack.source_sha256)) == 32
            assert "/" not in pack.source_file
        else:
            assert pack.source_sha256 == pack.source_file == ""
    documents = [pack.source_sha256 for pack in LIBRARY.packs if pack.source == "document"]
    assert len(set(documents)) == 5


def test_packs_are_made_for_regions_that_exist() -> None:
    regions = load_reference_book(SEED).regions
    assert all(regions.get(pack.jurisdiction) is not None for pack in LIBRARY.packs)


def test_only_the_luoyang_text_is_a_draft_and_it_is_never_in_force() -> None:
    drafts = [pack for pack in LIBRARY.packs if pack.status is PackStatus.DRAFT]
    assert [pack.code for pack in drafts] == ["luoyang-draft"]
    assert not drafts[0].is_in_force(date(2030, 1, 1))


HEADS = {
    "heilongjiang-2023-25": ("黑银发〔2023〕25号", "230000", date(2023, 10, 12), date(2023, 10, 12), 7),
    "qianjiang-2023-30": ("黔江金融办发〔2023〕30号", "500114", date(2023, 12, 29), date(2023, 12, 29), 6),
    "national-2024-5": ("金发〔2024〕5号", "000000", None, date(2024, 4, 16), 3),
    "luoyang-draft": ("", "410300", None, None, 0),
    "dongzhi-2020": ("", "341721", date(2020, 9, 17), date(2020, 9, 17), 1),
}


@pytest.mark.parametrize("code", HEADS)
def test_a_document_has_the_number_region_dates_and_issuers_that_it_prints(code: str) -> None:
    pack = _pack(code)
    printed = (pack.number, pack.jurisdiction, pack.issued_on, pack.effective_on, len(pack.issuers))
    assert printed == HEADS[code]


def test_each_clause_names_its_bodies_where_the_text_has_a_list_of_them() -> None:
    for code in ("heilongjiang-2023-25", "luoyang-draft", "qianjiang-2023-30"):
        assert all(clause.responsible for clause in _pack(code).clauses)


def test_what_is_kept_as_printed_is_noted() -> None:
    def said(code: str) -> str:
        pack = _pack(code)
        return "".join(pack.notes) + "".join(clause.summary for clause in pack.clauses)

    assert all(words in said("heilongjiang-2023-25") for words in ("借贷待售", "9月底前", "重叠", "空缺"))
    assert all(words in said("luoyang-draft") for words in ("高效技术", "一、二、二、三、五", "500万元美元"))
    assert "没有标题" in said("dongzhi-2020")


VALUES = {
    ("230000", "whitelist.min_entries"): 3000,
    ("230000", "whitelist.refresh_months"): 6,
    ("230000", "whitelist.source_classes"): tuple(SOURCE_CLASSES.values()),
    ("230000", "industries.system"): "4567",
    ("230000", "events.conferences_per_year"): 1,
    ("230000", "events.activities_per_quarter"): 1,
    ("230000", "assessment.months"): 3,
    ("230000", "finance.forms"): ("贷款", "商票", "银票", "信用证"),
    ("230000", "conduct.cost_raising"): ("借贷待售", "转嫁成本", "存贷挂钩"),
    ("230000", "library.refresh_months"): 3,
    ("230000", "coverage.report_months"): 1,
    ("230000", "targets.coverage"): Decimal(100),
    ("230000", "targets.mlt_loan_growth"): Decimal(25),
    ("230000", "guarantee.fee_cap"): (FeeTier(500_000_000, Decimal(1)), FeeTier(None, Decimal("1.5"))),
    ("230000", "guarantee.fee_average"): Decimal(1),
    ("230000", "clusters.advanced_manufacturing"): 15,
    ("230000", "zones.national_high_tech"): 3,
    ("230000", "library.award_products"): PLACES,
    ("410300", "talent_loan.most"): 2_000_000_000,
    ("410300", "inclusive_small_micro.threshold"): 2_000_000_000,
    ("410300", "inclusive_small_micro.threshold_before"): 1_000_000_000,
    ("410300", "targets.new_mfg_loans"): 2_000_000_000_000,
    ("410300", "targets.new_mfg_loans_years"): 3,
    ("410300", "foreign_debt.most"): 5_000_000,
    ("410300", "guarantee.fee_cap"): (FeeTier(None, Decimal(1)),),
    ("410300", "insurance.first_set_rate_most"): Decimal(3),
    ("410300", "insurance.first_set_share"): Decimal(80),
    ("410300", "insurance.first_set_years_most"): 3,
    ("410300", "insurance.first_software_rate_most"): Decimal(3),
    ("410300", "insurance.first_software_share"): Decimal(80),
    ("410300", "insurance.first_software_years_most"): 1,
    ("410300", "funds.first_due"): date(2024, 6, 30),
    ("410300", "funds.clusters"): 5,
    ("410300", "assessment.notice_months"): 3,
    ("410300", "assessment.months"): 12,
    ("341721", "baseline.day"): date(2020, 6, 30),
    ("500114", "industries.system"): "2366",
    ("500114", "chains.focus"): ("新材料", "蚕桑", "食品加工", "生物医药"),
    ("410300", "chains.count"): 17,
    ("341721", "targets.borrower_growth"): Decimal(10),
    ("341721", "baseline.mfg_loans"): 142_400_000_000,
    ("341721", "baseline.mfg_loan_share"): Decimal("9.88"),
    ("500114", "conduct.no_blind"): ("停贷", "压贷", "抽贷", "断贷"),
    ("230000", "conduct.equal_treatment"): True,
    ("230000", "allocation.load_tiers"): (LoadTier(60, 0), LoadTier(25, 1), LoadTier(15, 3)),
    ("230000", "bottlenecks.order"): ("elements", "c", "b", "d", "a"),
}


@pytest.mark.parametrize(("jurisdiction", "key"), VALUES)
def test_a_value_is_the_one_that_the_text_prints(jurisdiction: str, key: str) -> None:
    adopted = [Adoption(1, "410300", "luoyang-draft", "*", date(2024, 1, 1), None, "cases", "tester")]
    found = make_rule_book(LIBRARY, adopted, jurisdiction, ON).parameter(key)
    assert found.value == VALUES[jurisdiction, key]
    assert bool(found.adopted) == (jurisdiction == "410300")


@pytest.mark.parametrize("jurisdiction", ["230000", "500114", "410300", "341721", "000000"])
def test_every_jurisdiction_has_the_settings_that_matching_and_allocation_need(jurisdiction: str) -> None:
    book = make_rule_book(LIBRARY, [], jurisdiction, ON)
    needed = (
        "score.weights", "score.kept", "score.price_range", "allocation.concentration_limit", "allocation.load_tiers",
        "allocation.supporting_most", "allocation.default_capacity", "docking.deadlines", "amount.sensible_range",
    )  # fmt: skip
    assert all(book.parameter(key).source == "operator" for key in needed)
    assert book.bottleneck_order == ("elements", "c", "b", "d", "a")
    assert [rule.data["fact"] for rule in book.derived] == ["light_assets"]


def test_the_bottleneck_classes_of_heilongjiang_have_their_routes_and_bodies() -> None:
    book = make_rule_book(LIBRARY, [], "230000", date(2023, 11, 15))
    assert {rule.data["class_code"]: rule.data["route"] for rule in book.bottlenecks} == {
        "elements": "coordination",
        "a": "banks_credit_loan",
        "b": "banks_legal_person",
        "c": "banks_concerned",
        "d": "guarantors",
    }
    assert {rule.data["source_class"] for rule in book.admission} == {
        "key_industry_project", "mlt_project", "above_scale", "srdi", "single_champion",
    }  # fmt: skip
    assert set(book.bottleneck_order) == {rule.data["class_code"] for rule in book.bottlenecks}


def _established(**facts: FactValue) -> set[str]:
    book = make_rule_book(LIBRARY, [], "230000", date(2023, 11, 15))
    verdicts = {rule.data["class_code"]: evaluate(rule.condition, facts) for rule in book.bottlenecks}
    return {code for code, verdict in verdicts.items() if verdict is Verdict.PASS}


def test_the_overlap_of_a_and_d_gives_both_and_the_gap_of_the_text_gives_none() -> None:
    bare: dict[str, FactValue] = {
        "collateral": Members.of(),
        "credit_eligible": False,
        "litigation": False,
        "adverse_credit": False,
    }
    assert _established(**bare, size_class="small", light_assets=True) == {"a", "d"}
    assert _established(**bare, size_class="medium", light_assets=False) == set()
    assert _established(**bare, size_class="large", light_assets=False) == set()


def test_luoyang_has_no_bottleneck_classes_until_it_adopts_them() -> None:
    assert make_rule_book(LIBRARY, [], "410300", ON).bottlenecks == ()
    adopted = Adoption(
        7, "410300", "heilongjiang-2023-25", "bottleneck.a", date(2024, 1, 1), None, "本市没有", "tester"
    )
    (only,) = make_rule_book(LIBRARY, [adopted], "410300", ON).bottlenecks
    assert (only.key, only.citation) == ("bottleneck.a", "黑银发〔2023〕25号（十六）")
    assert "本市没有" in only.adopted


def test_no_rule_speaks_of_ownership_and_each_kind_of_rule_is_used() -> None:
    rules = [rule for pack in LIBRARY.packs for rule in pack.rules]
    assert all("ownership" not in rule.condition.facts() for rule in rules)
    assert {rule.kind for rule in rules} == set(RuleKind)


def test_no_feature_is_listed_that_no_clause_names() -> None:
    named = {carrier for pack in LIBRARY.packs for clause in pack.clauses for carrier in clause.carried_by}
    assert {f"feature:{key}" for key in FEATURES} <= named
