"""A booklet's material, small enough to read: the real packs, one plan, two banks and a guarantor, four products."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from app.booklet.material import Grounds, Material
from app.catalogue.rules import ProductInForce, ProductTerms
from app.chains.naming import CodeNames
from app.chains.rules import ChainBook, ChainInForce, ContractedBank, GrantedTerm, PlanInForce
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.kernel.settings import get_settings
from app.policy.loading import load_policy_library
from app.policy.precedence import make_rule_book
from app.reference.book import load_reference_book

ON = date(2024, 1, 2)
TERMS: dict[str, Any] = {
    "form": "loan",
    "purposes": ["research", "working_capital"],
    "amount": {"least": "100000.00", "most": "10000000.00"},
    "term": {"least": 3, "most": 36},
    "rate": {"base": "lpr_1y", "least": -10, "most": 55},
    "guarantee_modes": ["credit"],
    "areas": ["230000"],
    "industries": ["C34"],
    "sizes": ["small", "micro"],
    "exclusions": ["litigation"],
    "declared_days": 5,
    "cites": [{"part": "policy_tools", "clause": "黑银发〔2023〕25号（四）"}],
    "policy_tools": ["relending"],
    "criteria": [{"fact": "exporter", "is_true": True}],
}


def product(code: str, name: str, bank: int, **terms: Any) -> ProductInForce:
    read = ProductTerms.model_validate(TERMS | terms)
    return ProductInForce(hash(code) % 1000, code, 1, name, bank, read, "0" * 64)


def node(number: int, code: str, name: str, kind: InstitutionKind) -> InstitutionNode:
    return InstitutionNode(number, code, name, name, kind, None, number, "230000", ("230000",), 5)


TREE = InstitutionTree.build(
    [
        node(1, "SJ", "松江银行", InstitutionKind.CITY_COMMERCIAL),
        node(2, "BF", "北方银行", InstitutionKind.LARGE),
        node(3, "DB", "龙原担保", InstitutionKind.GUARANTOR),
        node(4, "JG", "省金融监管局", InstitutionKind.REGULATOR),
    ]
)
PLAN = PlanInForce(
    "GDZB", "高端装备产业链", 2, date(2023, 10, 16), date(2024, 12, 31),
    (ContractedBank("SJ", 20),), ("research",), ("SJ-KCED",),
    (GrantedTerm("研发贷款额度上浮", "黑银发〔2023〕25号（六）", "SJ-KCED", 20_000_000_00, 48),),
    {"contracted": "黑银发〔2023〕25号（十四）"},
)  # fmt: skip
PRODUCTS = (
    product("BF-XD", "续贷通", 2, purposes=["renewal"], guarantee_modes=["real_estate"], industries=[]),
    product("DB-PL", "批量担保", 3, form="guarantee", rate={"base": "fixed", "least": 50, "most": 100}),
    product("SJ-KCED", "科创e贷", 1),
    product(
        "SJ-TX",
        "贴现\u202e快线",
        1,
        form="bill_discount",
        purposes=["bill_discount"],
        guarantee_modes=["bills"],
    ),
)


@cache
def january() -> Material:
    """Answer the material of 2024Q1 in Heilongjiang."""
    seed = get_settings().seed_dir
    book, packs = load_reference_book(seed), load_policy_library(seed)
    chains = ChainBook.build([ChainInForce("GDZB", "高端装备产业链", "230000", ("C34",), PLAN)])
    grounds = Grounds(
        jurisdiction="230000",
        library="2024Q1",
        library_sha256="a" * 64,
        published_at=datetime(2024, 1, 2, 2, tzinfo=UTC),
        on=ON,
        book=make_rule_book(packs, (), "230000", ON),
        packs=packs.packs,
        packs_sha256=packs.sha256,
        chains=chains,
        tree=TREE,
        lpr=book.lpr.on(ON),
        naming=CodeNames(book.regions, book.industries, {"GDZB": "高端装备产业链"}),
        observed_until="2023Q4",
        observed_sha256="",
    )
    return Material(grounds, PRODUCTS, {})
