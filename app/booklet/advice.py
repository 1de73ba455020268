"""The chapters that lead on: how to apply, whom to ask, what words mean, and from what all this was made (pure)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from app.booklet.booklet import BookletColumn, BookletFact, BookletSection, BookletTable, Chapter, Entry
from app.booklet.fixed_words import ASKED_FOR, DEADLINES, GLOSSARY, STEPS
from app.booklet.material import Grounds, Material
from app.booklet.plain_reading import who_it_is_for
from app.booklet.policy_reading import cited_packs, documents
from app.kernel.shanghai import SHANGHAI, day_text
from app.policy.facts import FACTS

_DEADLINES: Final = "docking.deadlines"


def applying(material: Material) -> Chapter:
    """Answer how a need goes its way: steps, deadlines, who is admitted, what is asked, and what if nothing fits."""
    grounds = material.grounds
    steps = [f"第{place}步　{line}" for place, line in enumerate(STEPS, 1)]
    sections = [
        BookletSection(key="steps", heading="步骤", sentences=steps, tables=list(_deadlines(grounds))),
        BookletSection(key="admission", heading="谁能进白名单", tables=list(_admission(grounds))),
        BookletSection(
            key="asked",
            heading="要准备哪些情况",
            sentences=["不必提供的可以空着；下表是本季度产品实际要看的各项，以及有多少个产品看它。"],
            tables=[_asked(material)],
        ),
        BookletSection(key="blocked", heading="暂时贷不到怎么办", tables=list(_blocked(grounds))),
    ]
    return Chapter(
        key="apply",
        heading="怎样申请",
        sections=[one for one in sections if one.sentences or one.tables],
    )


def _deadlines(grounds: Grounds) -> Iterator[BookletTable]:
    if not grounds.book.sets(_DEADLINES):
        return
    found = grounds.book.parameter(_DEADLINES)
    assert isinstance(found.value, Mapping), "its type in the pack is `counts`"
    rows = [
        [name, str(found.value[key]), found.citation] for key, name in DEADLINES.items() if key in found.value
    ]
    yield _table("deadlines", "各步时限（工作日）", ("步骤", "#工作日", "依据"), rows)


def _admission(grounds: Grounds) -> Iterator[BookletTable]:
    rows = [
        [rule.name, who_it_is_for(rule.condition, grounds.naming), rule.citation]
        for rule in grounds.book.admission
    ]
    if rows:
        yield _table("classes", "白名单类别", ("类别", "条件", "依据"), rows)


def _asked(material: Material) -> BookletTable:
    asked = Counter(
        fact for one in material.products for fact in {f for c in one.terms.conditions() for f in c.facts()}
    )
    ordered = sorted(asked.items(), key=lambda item: (-item[1], item[0]))
    rows = [
        [FACTS[fact].chinese, str(count), ASKED_FOR.get(fact, "按产品补充条件判断")]
        for fact, count in ordered
    ]
    return _table("facts", "产品要看的情况", ("情况", "#产品数", "用来做什么"), rows)


def _blocked(grounds: Grounds) -> Iterator[BookletTable]:
    rules = {rule.data["class_code"]: rule for rule in grounds.book.bottlenecks}
    order = grounds.book.bottleneck_order if grounds.book.sets("bottlenecks.order") else ()
    codes = [*(code for code in order if code in rules), *(code for code in rules if code not in order)]
    rows = [
        [
            rules[code].name,
            rules[code].data["receiver"],
            rules[code].data["responsible_body"],
            rules[code].citation,
        ]
        for code in codes
    ]
    if rows:
        yield _table("blocks", "堵点与去处", ("情形", "转给谁", "负责单位", "依据"), rows)


def asking(material: Material) -> Chapter:
    """Answer who offers what, and which bodies carry which clauses; nobody's name or number stands here."""
    grounds = material.grounds
    offered = Counter(product.institution_id for product in material.products)
    nodes = sorted((grounds.tree.node(one) for one in offered), key=lambda node: node.code)
    offers = [
        [node.name, node.kind.chinese, grounds.naming.listed(node.areas) or "—", str(offered[node.id])]
        for node in nodes
    ]
    bodies = [
        [node.name, node.kind.chinese, grounds.naming.name(node.region)]
        for node in grounds.tree.nodes.values()
        if node.kind.is_body
    ]
    sections = [
        BookletSection(
            key="institutions",
            heading="提供产品的机构",
            tables=[_table("offers", "机构", ("机构", "类型", "服务区域", "#产品数"), offers)],
        ),
        BookletSection(
            key="bodies",
            heading="协调单位",
            tables=[_table("coordinators", "单位", ("单位", "类型", "地区"), bodies)] if bodies else [],
        ),
        BookletSection(key="duties", heading="各条由谁负责", tables=[_duties(grounds)]),
    ]
    return Chapter(
        key="ask",
        heading="问谁",
        sentences=[
            "进入白名单后，责任机构、客户经理和联系方式在企业自己的页面上；册子里不写任何人的姓名和电话。",
            "还没有责任机构的，问所在地统筹部门；对产品条款有疑问的，问提供机构。",
        ],
        sections=[one for one in sections if any(table.rows for table in one.tables)],
    )


def _duties(grounds: Grounds) -> BookletTable:
    duties: dict[str, list[str]] = {}
    for pack in documents(grounds):
        for clause in pack.clauses:
            for body in dict.fromkeys((*clause.lead, *clause.responsible)):
                duties.setdefault(body, []).append(f"{pack.cite_as} {clause.number}")
    rows = [[body, "；".join(_gathered(clauses))] for body, clauses in duties.items()]
    return _table("bodies", "责任单位", ("单位", "负责的条款"), rows)


def _gathered(clauses: list[str]) -> Iterator[str]:
    """Answer citations with each document named once."""
    by_pack: dict[str, list[str]] = {}
    for one in clauses:
        pack, _, number = one.rpartition(" ")
        by_pack.setdefault(pack, []).append(number)
    for pack, numbers in by_pack.items():
        yield f"{pack} {'、'.join(numbers)}".strip()


def words(grounds: Grounds) -> Chapter:
    """Answer the words with their meaning; a clause is cited where its document is told of."""
    cited = tuple(pack.cite_as for pack in cited_packs(grounds) if pack.cite_as)
    entries = [
        Entry(
            key=f"word-{place}",
            title=word,
            subtitle=citation if cited and citation.startswith(cited) else "",
            sentences=[meaning],
        )
        for place, (word, meaning, citation) in enumerate(GLOSSARY, 1)
    ]
    return Chapter(
        key="words",
        heading="名词",
        sections=[BookletSection(key="glossary", heading="释义", entries=entries)],
    )


def sources(grounds: Grounds) -> Chapter:
    """Answer from what the booklet was made, with hashes, and how anyone makes it again."""
    published = grounds.published_at.astimezone(SHANGHAI).isoformat(timespec="seconds")
    facts = [
        ("产品库版次", grounds.library),
        ("产品库发布时间", published),
        ("产品库内容 SHA-256", grounds.library_sha256),
        ("政策截至", day_text(grounds.on)),
        ("适用规则 SHA-256", grounds.book.sha256),
        ("政策包 SHA-256", grounds.packs_sha256),
        ("产业链与方案 SHA-256", grounds.chains.sha256),
        (f"实际办理（至{grounds.observed_until}）SHA-256", grounds.observed_sha256 or "未统计"),
        ("本册输入 SHA-256", grounds.sha256()),
    ]
    rows = [
        [
            pack.name,
            pack.number or "—",
            pack.effective_on.isoformat() if pack.effective_on else "—",
            pack.source_sha256 or "—",
        ]
        for pack in cited_packs(grounds)
    ]
    made = BookletSection(
        key="particulars",
        heading="本册所据",
        entries=[
            Entry(
                key="hashes",
                title="版次与校验值",
                facts=[BookletFact(label=label, value=value) for label, value in facts],
            )
        ],
        tables=[_table("documents", "政策文件", ("文件", "文号", "生效日期", "来源文件 SHA-256"), rows)],
    )
    again = (
        f"同样的输入得到同样的册子：rongqiao booklet write 一本通.docx --library {grounds.library}，"
        f"或 GET /api/v1/booklet/{grounds.library}.docx；两次所得文件逐字节相同。"
    )
    check = "来源文件的 SHA-256 与 rongqiao policy show 所列一致；产品库的与 GET /api/v1/library/editions 所列一致。"
    return Chapter(key="sources", heading="来源与核验", sentences=[again, check], sections=[made])


def _table(key: str, title: str, labels: tuple[str, ...], rows: list[list[str]]) -> BookletTable:
    """Answer a table; a label that begins with # heads a column of numbers."""
    columns = [BookletColumn(label=one.removeprefix("#"), is_number=one.startswith("#")) for one in labels]
    return BookletTable(key=key, title=title, columns=columns, rows=rows)
