"""Who receives a need by its bottleneck class, best first, each with why it is there.

Routes are those of 黑银发〔2023〕25号（十五）（十六）: banks strong in credit loans, local legal-person banks,
the banks concerned, guarantors through the financial regulator, and the coordination mechanism.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.bottlenecks.rules import ClassFinding
from app.institutions.naming import InstitutionNames
from app.institutions.rules import InstitutionKind, InstitutionNode, InstitutionTree
from app.kernel.money import wan_text


@dataclass(frozen=True, slots=True)
class RoutedNeed:
    """What routing asks of a need; amounts in fen, None is unknown; banks as the firm stated them."""

    region: str
    amount_fen: int
    existing_loans_fen: int | None = None
    existing_banks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """One institution that the need goes to; `reasons` are Chinese sentences."""

    institution_id: int
    code: str
    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """Receivers, best first; empty when nobody is known, and `note` then says why.

    `body` answers for the route when no receiver takes it; `through` names who passes it on (the regulator).
    `is_body` tells that the receivers are public bodies, which need no capacity. `asks` names facts
    without which nobody can be named.
    """

    receivers: tuple[Receiver, ...]
    body: str
    through: str = ""
    note: str = ""
    is_body: bool = False
    asks: tuple[str, ...] = ()


Router = Callable[[RoutedNeed, ClassFinding, InstitutionTree, InstitutionNames], Routing]


def route(need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, names: InstitutionNames) -> Routing:
    """Answer who receives a need that a class leads; the order of receivers is stable."""
    return ROUTERS[leading.route](need, leading, tree, names)


def routing_key(need: RoutedNeed, leading: ClassFinding) -> tuple[object, ...]:
    """Answer a key that is equal only for needs that `route` answers alike, so that answers can be kept."""
    own: tuple[object, ...] = ()
    if leading.route == "banks_legal_person":
        own = (need.amount_fen, need.existing_loans_fen, need.existing_banks)
    elif leading.route == "banks_concerned":
        own = (need.existing_banks,)
    return (leading.route, leading.responsible_body, leading.receiver, leading.citation, need.region, *own)


def _by_credit_loans(
    need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, _names: InstitutionNames
) -> Routing:
    """(十六) a: banks serving the region by their share of credit loans, then by code."""
    shares = {node.id: tree.credit_loan_share_of(node.id) for node in tree.banks_serving(need.region)}
    ranked = sorted(shares, key=lambda node_id: (-(shares[node_id] or 0), tree.node(node_id).code))
    receivers = (
        _receiver(
            tree.node(node_id), _share_text(shares[node_id]), *_area_text(tree.node(node_id), need.region)
        )
        for node_id in ranked
    )
    return _of_receivers(receivers, leading, "没有服务该地区的银行机构")


def _by_headroom(
    need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, names: InstitutionNames
) -> Routing:
    """(十六) b: local legal-person banks whose limit for one borrower holds the loans there are and the new one.

    Those that the firm does not borrow from yet come first (a present bank's limit is what is used up),
    then the nearest; banks whose limit is not recorded come last and say so.
    """
    wanted = need.amount_fen + (need.existing_loans_fen or 0)
    present = {tree.root_of(node.id).id for node in _present_banks(need, names)}
    offers = []
    for place, node in enumerate(tree.local_legal_person_banks(need.region)):
        limit = tree.borrower_limit_of(node.id)
        if limit is None or limit >= wanted:
            reasons = (_limit_text(limit, need), *_area_text(node, need.region))
            offers.append(
                (limit is None, tree.root_of(node.id).id in present, place, _receiver(node, *reasons))
            )
    note = f"服务该地区的法人银行单户限额均低于{wan_text(wanted)}万元"
    return _of_receivers((offer[3] for offer in sorted(offers, key=lambda offer: offer[:3])), leading, note)


def _banks_concerned(
    need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, names: InstitutionNames
) -> Routing:
    """(十六) c: the banks that the firm borrows from, at the branch that serves it."""
    if not need.existing_banks:
        note = "企业没有现有贷款银行" if need.existing_banks is not None else "现有贷款银行未知，须先询问"
        asks = () if need.existing_banks is not None else ("existing_banks",)
        return Routing((), leading.responsible_body, note=note, asks=asks)
    found: dict[int, Receiver] = {}
    present = _present_banks(need, names)
    for bank in present:
        for node in _at_work(bank, need.region, tree):
            found.setdefault(node.id, _receiver(node, f"企业现有贷款银行：{bank.short_name}"))
    unknown = [text for text in need.existing_banks if names.find(text) is None]
    notes = [f"现有贷款银行（{'、'.join(unknown)}）不在机构库中"] if unknown else []
    if present:
        notes.append(
            f"现有贷款银行（{'、'.join(bank.short_name for bank in present)}）没有服务该地区的责任机构"
        )
    return _of_receivers(found.values(), leading, "，".join(notes))


def _guarantors(
    need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, _names: InstitutionNames
) -> Routing:
    """(十六) d: guarantors that serve the region, the nearest first, through the financial regulator."""
    regulators = tree.bodies_serving(InstitutionKind.REGULATOR, need.region)
    through = "、".join(node.name for node in regulators) or leading.responsible_body
    receivers = [
        _receiver(node, f"经{through}推送融资担保机构", *_area_text(node, need.region))
        for node in tree.guarantors_serving(need.region)
    ]
    return _of_receivers(receivers, leading, "没有服务该地区的融资担保机构", through)


def _coordination(
    need: RoutedNeed, leading: ClassFinding, tree: InstitutionTree, _names: InstitutionNames
) -> Routing:
    """(十五): the coordination mechanism of the development and reform side, the nearest first."""
    bodies = tree.bodies_serving(InstitutionKind.COORDINATOR_BODY, need.region)
    receivers = tuple(
        _receiver(node, f"{leading.receiver}，牵头：{leading.responsible_body}") for node in bodies
    )
    body = receivers[0].name if receivers else f"{leading.receiver}（{leading.responsible_body}）"
    return Routing(receivers, body, is_body=True)


ROUTERS: Final[Mapping[str, Router]] = {
    "banks_credit_loan": _by_credit_loans,
    "banks_legal_person": _by_headroom,
    "banks_concerned": _banks_concerned,
    "guarantors": _guarantors,
    "coordination": _coordination,
}


def _of_receivers(
    receivers: Iterable[Receiver], leading: ClassFinding, note: str, through: str = ""
) -> Routing:
    found = tuple(receivers)
    return Routing(found, leading.responsible_body, through, "" if found else note)


def _receiver(node: InstitutionNode, *reasons: str) -> Receiver:
    return Receiver(node.id, node.code, node.short_name, tuple(reason for reason in reasons if reason))


def _present_banks(need: RoutedNeed, names: InstitutionNames) -> list[InstitutionNode]:
    found = (names.find(text) for text in need.existing_banks or ())
    return list({node.id: node for node in found if node is not None}.values())


def _at_work(bank: InstitutionNode, region: str, tree: InstitutionTree) -> tuple[InstitutionNode, ...]:
    """Answer the stated branch itself if it is responsible for entries, else who of its bank serves the region."""
    if bank.is_responsible and bank.parent is not None:
        return (bank,)
    return tree.serving(bank.id, region) or tree.serving(tree.root_of(bank.id).id, region)


def _area_text(node: InstitutionNode, region: str) -> tuple[str, ...]:
    levels = {region: "区县", f"{region[:4]}00": "市级", f"{region[:2]}0000": "省级", "000000": "全国"}
    level = next((name for area, name in levels.items() if area in node.areas), None)
    return (f"服务区域覆盖企业所在地（{level}）",) if level else ()


def _share_text(share: int | None) -> str:
    return "信用贷款占比未登记" if share is None else f"信用贷款占比{share // 100}.{share % 100:02d}%"


def _limit_text(limit: int | None, need: RoutedNeed) -> str:
    if limit is None:
        return "单户限额未登记，须先核实"
    loans = need.existing_loans_fen
    existing = "现有贷款余额未知，只按申请金额核对" if loans is None else f"现有贷款{wan_text(loans)}万元"
    return f"地方法人银行，单户限额{wan_text(limit)}万元，申请{wan_text(need.amount_fen)}万元，{existing}"
