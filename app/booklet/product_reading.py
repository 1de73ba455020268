"""A product's declared terms as a firm reads them: only what limits it, each line with the clause it rests on (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from app.awards.observed import Figures, percent_of
from app.booklet.booklet import BookletFact, Entry, Link
from app.booklet.material import Grounds
from app.catalogue.rules import OWN_TERMS, ProductInForce, ProductTerms, Rate
from app.catalogue.terms import EXCLUSIONS, PARTS, POLICY_TOOLS, RATE_BASES
from app.kernel.money import FEN_PER_WAN, wan_text
from app.policy.criteria import Condition, condition_text
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES
from app.reference.lpr import LprQuote

GUARANTEE: Final = "guarantee"
DEMO: Final = "（演示数据）"
_BASIS_POINTS: Final = 100


def product_key(code: str) -> str:
    """Answer the anchor of a product."""
    return f"product-{code}"


def product_link(product: ProductInForce, grounds: Grounds) -> Link:
    """Answer the pointer to a product, with what helps to choose."""
    return Link(
        text=product.name,
        target=product_key(product.code),
        note=f"{_offerer(product, grounds)}，{_amount(product.terms)}",
    )


def product_entry(product: ProductInForce, grounds: Grounds, observed: Figures | None = None) -> Entry:
    """Answer a product with its terms, what is not limited left out, and what was observed of it."""
    return Entry(
        key=product_key(product.code),
        title=product.name + (DEMO if product.is_demo else ""),
        subtitle=f"{_offerer(product, grounds)} · {product.code}",
        institution=grounds.tree.node(product.institution_id).code,
        facts=[*_facts(product.terms, grounds), *_observed(observed, grounds.observed_until)],
    )


def _observed(figures: Figures | None, until: str) -> Iterator[BookletFact]:
    """Answer what came of a product; nothing where too few stand behind it."""
    if figures is None:
        return
    said = []
    if figures.rates:
        low, middle, high = (f"{Decimal(rate) / _BASIS_POINTS:.2f}%" for rate in figures.rates)
        said.append(
            f"利率中位{middle}（一成不高于{low}，九成不高于{high}，按{figures.credits}笔授信金额加权）"
        )
    if figures.days:
        said.append(f"答复用时中位{figures.days[1]}个工作日，九成不超过{figures.days[2]}个")
    if figures.answers:
        share = percent_of(figures.approvals, figures.answers)
        said.append(f"{figures.answers}次答复中授信{figures.approvals}次（{share}%）")
    if said:
        yield BookletFact(label="实际办理", value=f"{'；'.join(said)}。统计至{until}的四个季度")


def rate_text(rate: Rate, lpr: LprQuote | None, *, is_fee: bool) -> str:
    """Answer a rate as declared, and what that comes to by the LPR in force."""
    least, most = Decimal(rate.least) / _BASIS_POINTS, Decimal(rate.most) / _BASIS_POINTS
    if rate.base == "fixed":
        return f"{'年费率' if is_fee else '年利率'}{_range(f'{least:.2f}%', f'{most:.2f}%')}"
    said = f"{RATE_BASES[rate.base]}{_range(f'{least:+.2f}', f'{most:+.2f}')}个百分点"
    if lpr is None:
        return said
    base = lpr.rate_1y if rate.base == "lpr_1y" else lpr.rate_5y
    return f"{said}，折合年利率{_range(f'{base + least:.2f}%', f'{base + most:.2f}%')}"


def _offerer(product: ProductInForce, grounds: Grounds) -> str:
    return grounds.tree.node(product.institution_id).name


def _amount(terms: ProductTerms) -> str:
    least, most = terms.amount.least, terms.amount.most
    if least % FEN_PER_WAN == 1:  # a tier that begins where another ends
        return f"超过{wan_text(least - 1)}至{wan_text(most)}万元"
    return f"{_range(wan_text(least), wan_text(most))}万元"


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least}至{most}"


def _facts(terms: ProductTerms, grounds: Grounds) -> Iterator[BookletFact]:
    clauses = {cite.part: cite.clause for cite in terms.cites}
    for part, label, value in _lines(terms, grounds):
        if value:
            yield BookletFact(label=label or PARTS[part], value=value, clause=clauses.get(part, ""))
    if "product" in clauses:
        yield BookletFact(label="产品依据", value=clauses["product"])


def _lines(terms: ProductTerms, grounds: Grounds) -> Iterator[tuple[str, str, str]]:
    """Answer part, label (empty: the part's own name) and text; an empty text says that nothing is limited."""
    named, is_fee = grounds.naming, terms.form == GUARANTEE
    yield "amount", "", _amount(terms)
    yield "term", "", f"{_range(str(terms.term.least), str(terms.term.most))}个月"
    yield "rate", "担保费率" if is_fee else "", rate_text(terms.rate, grounds.lpr, is_fee=is_fee)
    yield "purposes", "", _listed(PURPOSES, terms.purposes)
    yield "guarantee_modes", "", _listed(SECURITY, terms.guarantee_modes)
    yield "areas", "", named.listed(terms.areas)
    yield "industries", "", named.listed(terms.industries)
    yield "chains", "", named.listed(terms.chains)
    yield "sizes", "", _listed(SIZE_CLASSES, terms.sizes)
    yield "qualifications", "资质（任一）", _listed(QUALIFICATIONS, terms.qualifications)
    yield "years_least", "", "" if terms.years_least is None else f"满{terms.years_least}年"
    yield "tax_grades", "", "、".join(f"{grade}级" for grade in terms.tax_grades)
    yield "first_loan_only", "", "仅限首贷户" if terms.first_loan_only else ""
    yield "exclusions", "不受理", _listed(EXCLUSIONS, terms.exclusions)
    yield "policy_tools", "", _listed(POLICY_TOOLS, terms.policy_tools)
    yield "", "补充条件", "；".join(_own_condition(one, grounds) for one in terms.criteria)
    yield "", "承诺办结", "" if terms.declared_days is None else f"{terms.declared_days}个工作日"
    yield "", "备注", terms.note


def _own_condition(one: Condition, grounds: Grounds) -> str:
    said = grounds.naming.in_words(condition_text(one))
    return f"{said}（{one.source}）" if one.source and one.source != OWN_TERMS else said


def _listed(words: Mapping[str, str], chosen: Sequence[str]) -> str:
    return "、".join(words[one] for one in chosen)
