"""Kinds of supply-chain products 供应链产品: those that rest on the core firm, and those that do not (脱核). Pure.

A kind is read from a product's own terms, never from its name. One product may be of several kinds: a loan that takes
receivables as security and credit alone too.
"""

from enum import StrEnum
from typing import Final

from app.catalogue.rules import ProductTerms
from app.core_lists.rules import CITATION, LIST_CITATION, Relation


class ProductKind(StrEnum):
    """What finance of a core firm's suppliers and dealers rests on."""

    RECEIVABLES = "receivables"
    BILLS = "bills"
    PAYABLES = "payables"
    GOODS = "goods"
    CREDIT = "credit"
    BATCH = "batch"


KIND_NAMES: Final = {
    ProductKind.RECEIVABLES: "应收账款融资",
    ProductKind.BILLS: "票据融资",
    ProductKind.PAYABLES: "确权应付账款融资",
    ProductKind.GOODS: "存货、仓单、订单融资",
    ProductKind.CREDIT: "信用授信",
    ProductKind.BATCH: "批量担保授信",
}
KIND_NOTE_LABELS: Final = {
    ProductKind.RECEIVABLES: "以对核心企业的应收账款作质押。",
    ProductKind.BILLS: "核心企业签发或承兑的商票、供应链票据及其贴现。",
    ProductKind.PAYABLES: "核心企业确认付款的保理、福费廷。",
    ProductKind.GOODS: "以企业自己的存货、仓单或订单作担保，不需核心企业承诺。",
    ProductKind.CREDIT: "按名单和经营数据预授信，信用放款，不需核心企业承诺。",
    ProductKind.BATCH: "担保机构总对总批量担保，不需核心企业承诺。",
}
ON_CORE: Final = (ProductKind.RECEIVABLES, ProductKind.BILLS, ProductKind.PAYABLES)
DECOUPLED: Final = (ProductKind.CREDIT, ProductKind.BATCH, ProductKind.GOODS)
KIND_CITATIONS: Final = {
    kind: CITATION if kind in {*ON_CORE, ProductKind.GOODS} else LIST_CITATION for kind in ProductKind
}
_BILLS: Final = frozenset({"commercial_bill", "supply_chain_bill", "bill_discount"})
_PAYABLES: Final = frozenset({"factoring", "forfaiting"})
_GOODS: Final = frozenset({"inventory", "warehouse_receipts", "orders"})
_LENDING: Final = frozenset({"loan"})
_SERVED: Final = frozenset({"supply_chain", "working_capital", "bill_discount"})
BATCH_TOOL: Final = "batch_guarantee"


def rests_on_core(kind: ProductKind) -> bool:
    """Tell whether a kind needs an undertaking of the core firm: a debt, a bill, a confirmed payment."""
    return kind in ON_CORE


def kinds_of(terms: ProductTerms) -> tuple[ProductKind, ...]:
    """Answer the kinds of a product, in their order; none for what is no supply-chain finance."""
    if not _SERVED & set(terms.purposes):
        return ()
    return tuple(kind for kind in ProductKind if _is(kind, terms))


def _is(kind: ProductKind, terms: ProductTerms) -> bool:
    modes, is_lending = set(terms.guarantee_modes), terms.form in _LENDING
    match kind:
        case ProductKind.RECEIVABLES:
            return is_lending and "receivables" in modes
        case ProductKind.BILLS:
            return terms.form in _BILLS
        case ProductKind.PAYABLES:
            return terms.form in _PAYABLES
        case ProductKind.GOODS:
            return is_lending and bool(_GOODS & modes)
        case ProductKind.CREDIT:
            return is_lending and "credit" in modes
        case ProductKind.BATCH:
            return is_lending and BATCH_TOOL in terms.policy_tools


def fits_relation(kind: ProductKind, relation: Relation) -> bool:
    """Tell whether firms of a relation can use a kind: a dealer owes the core firm, and has nothing to claim from it."""
    return relation is not Relation.DEALER or kind not in {ProductKind.RECEIVABLES, ProductKind.PAYABLES}
