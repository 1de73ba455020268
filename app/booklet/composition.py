"""From the material of an edition to its booklet (pure): equal material gives an equal booklet."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.booklet.advice import applying, asking, sources, words
from app.booklet.booklet import Booklet, BookletSection, Chapter, Entry, Link
from app.booklet.fixed_words import USE
from app.booklet.material import Grounds, Material
from app.booklet.parts import NEED
from app.booklet.policy_reading import (
    clause_entry,
    documents,
    plan_entry,
    plans,
    support_entry,
    support_link,
    supports,
    supports_of_purpose,
)
from app.booklet.product_reading import GUARANTEE, product_entry, product_link
from app.catalogue.rules import ProductInForce
from app.catalogue.terms import FORMS
from app.kernel.shanghai import day_text
from app.policy.facts import PURPOSES, SECURITY
from app.policy.packs import Pack

ORDINALS: Final = "一二三四五六七八九十"
NO_POLICY: Final = "这一用途没有专门的支持政策；面向各类用途的支持见第三章第一节。"
NOTHING: Final = "本季度产品库里没有这样的产品。"


def compose(material: Material) -> Booklet:
    """Answer the booklet of an edition."""
    grounds, products = material.grounds, material.products
    drafts = (
        Chapter(key="use", heading="怎样用这本册子", sentences=[*USE, _contents(material)], sections=[]),
        _by_need(material),
        _policies(material),
        _products(material),
        applying(material),
        asking(material),
        words(grounds),
        sources(grounds),
    )
    return Booklet(
        title=f"{grounds.naming.name(grounds.jurisdiction)}制造业金融政策产品一本通",
        jurisdiction=grounds.jurisdiction,
        library=grounds.library,
        on=grounds.on,
        published_at=grounds.published_at,
        is_demo=any(product.is_demo for product in products),
        products=len(products),
        institutions=len({product.institution_id for product in products}),
        supports=len(supports(grounds.book)),
        inputs_sha256=grounds.sha256(),
        chapters=[_numbered(chapter, place) for place, chapter in enumerate(drafts)],
    )


def _numbered(chapter: Chapter, place: int) -> Chapter:
    """Answer a chapter with its number, and its sections with theirs."""
    sections = [
        section.model_copy(update={"heading": f"{place + 1}.{number} {section.heading}"})
        for number, section in enumerate(chapter.sections, 1)
    ]
    heading = f"{ORDINALS[place]}、{chapter.heading}"
    return chapter.model_copy(update={"heading": heading, "sections": sections})


def _contents(material: Material) -> str:
    products, grounds = material.products, material.grounds
    banks = len({product.institution_id for product in products})
    told = (
        f"本版收入{banks}家机构的{len(products)}个产品（产品库{grounds.library}）、"
        f"{len(supports(grounds.book))}项支持政策、{len(documents(grounds))}份现行政策文件。"
    )
    return told + ("标有“演示数据”的产品为虚构，不可申请。" if any(one.is_demo for one in products) else "")


def _by_need(material: Material) -> Chapter:
    sections = [
        *(_purpose(material, word, name) for word, name in PURPOSES.items()),
        *(_security(material, word, name) for word, name in SECURITY.items()),
    ]
    return Chapter(
        key="needs",
        heading="按需要查找",
        sentences=["先按资金用途、再按手里能提供的增信方式列出；点名称看全部条件。"],
        sections=[one for one in sections if one.links],
    )


def _purpose(material: Material, word: str, name: str) -> BookletSection:
    given = [support_link(rule) for rule in supports_of_purpose(material.grounds.book, word)]
    found = _links(material.grounds, [one for one in material.products if word in one.terms.purposes])
    said = [
        f"{len(given)}项专门的支持政策。" if given else NO_POLICY,
        f"{len(found)}个产品。" if found else NOTHING,
    ]
    return BookletSection(
        key=NEED + word, heading=f"资金用于{name}", sentences=["".join(said)], links=[*given, *found]
    )


def _security(material: Material, word: str, name: str) -> BookletSection:
    lent = (one for one in material.products if one.terms.form != GUARANTEE)
    found = [one for one in lent if word in one.terms.guarantee_modes]
    asked = {"credit": "只凭信用", "guarantee": "有担保人或担保机构担保"}.get(word, f"有{name}可以抵押或质押")
    return BookletSection(
        key=f"security-{word}",
        heading=asked,
        sentences=[f"{len(found)}个产品接受。"],
        links=_links(material.grounds, found),
    )


def _links(grounds: Grounds, products: Sequence[ProductInForce]) -> list[Link]:
    return [product_link(one, grounds) for one in _in_order(products, grounds)]


def _in_order(products: Sequence[ProductInForce], grounds: Grounds) -> list[ProductInForce]:
    """Answer products by institution and name: no product stands before another on any merit."""
    return sorted(products, key=lambda one: (grounds.tree.node(one.institution_id).code, one.name, one.code))


def _policies(material: Material) -> Chapter:
    grounds = material.grounds
    given = [support_entry(rule, grounds) for rule in supports(grounds.book)]
    names = [(product.code, product.name) for product in material.products]
    planned = [plan_entry(plan, grounds, names) for plan in plans(grounds)]
    sections = [
        BookletSection(
            key="supports",
            heading="能享受的支持",
            sentences=[] if given else ["没有现行政策给出可逐户判断的支持。"],
            entries=given,
        ),
        *_plans(planned),
        *(_document(pack) for pack in documents(grounds)),
    ]
    return Chapter(
        key="policies",
        heading="现行政策",
        sentences=[f"以{day_text(grounds.on)}有效的为准；各条为摘要，以文件原文为准。"],
        sections=sections,
    )


def _plans(planned: list[Entry]) -> Iterator[BookletSection]:
    if planned:
        said = "属于这些产业链的企业，优先由签约机构对接；方案给的条件也写在这里。"
        yield BookletSection(key="plans", heading="一链一策", sentences=[said], entries=planned)


def _document(pack: Pack) -> BookletSection:
    dated = f"，{day_text(pack.effective_on)}起施行" if pack.effective_on else ""
    return BookletSection(
        key=f"document-{pack.code}",
        heading=f"{pack.name}（{pack.cite_as}）" if pack.cite_as else pack.name,
        sentences=[f"{'、'.join(pack.issuers)}发布{dated}。"],
        entries=[clause_entry(pack, clause) for clause in pack.clauses],
    )


def _products(material: Material) -> Chapter:
    grounds, sections = material.grounds, []
    for form, name in FORMS.items():
        found = [one for one in material.products if one.terms.form == form]
        if found:
            entries = [
                product_entry(one, grounds, material.observed.get(one.code))
                for one in _in_order(found, grounds)
            ]
            sections.append(
                BookletSection(
                    key=f"form-{form}", heading=name, sentences=[f"{len(found)}个产品。"], entries=entries
                )
            )
    lpr = grounds.lpr
    quoted = (
        [
            f"折合年利率按{lpr.published.isoformat()}公布的LPR计：1年期{lpr.rate_1y}%，5年期以上{lpr.rate_5y}%。"
        ]
        if lpr
        else []
    )
    return Chapter(
        key="products",
        heading=f"产品库{grounds.library}",
        sentences=[
            "按融资形式、机构排列，不分先后；没有写出的条件即为不限。",
            *quoted,
            *_observing(material),
        ],
        sections=sections,
    )


def _observing(material: Material) -> Iterator[str]:
    if material.observed:
        yield (
            "“实际办理”是本地名单内的对接记录，不是承诺；笔数少于规定的不列，以免透露单户。"
            "同一产品对不同企业的价格和时间会不同。"
        )
