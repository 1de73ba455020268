"""A product's terms in plain words, part by part, each with the clause on which it rests. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.catalogue.rules import NATION, ProductTerms
from app.catalogue.terms import EXCLUSIONS, FORMS, PARTS, POLICY_TOOLS, RATE_BASES
from app.chains.naming import CodeNames
from app.desks.texts import Text
from app.kernel.money import wan_text
from app.policy.criteria import condition_text
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES

Said = Text | str
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "purposes": PURPOSES,
    "guarantee_modes": SECURITY,
    "sizes": SIZE_CLASSES,
    "qualifications": QUALIFICATIONS,
    "exclusions": EXCLUSIONS,
    "policy_tools": POLICY_TOOLS,
}
UNLIMITED: Final = Text("不限")
NONE: Final = Text("无")


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the terms: its key, its name, what it says (parts to be listed), and its clause, if it names one."""

    key: str
    name: Said
    says: Sequence[Said]
    clause: str = ""


def lines_of(terms: ProductTerms, names: CodeNames) -> list[Line]:
    """Answer the terms in words."""
    clauses = {cite.part: cite.clause for cite in terms.cites}

    def line(part: str, *says: Said, name: Said = "") -> Line:
        return Line(part, name or PARTS[part], says, clauses.get(part, ""))

    return [
        Line("product", Text("整个产品的依据"), [clauses.get("product") or NONE]),
        line("form", FORMS[terms.form]),
        line("purposes", *_words("purposes", terms)),
        line(
            "amount",
            Text(
                "%(least)s 至 %(most)s 万元",
                least=wan_text(terms.amount.least),
                most=wan_text(terms.amount.most),
            ),
        ),
        line("term", Text("%(least)s 至 %(most)s 个月", least=terms.term.least, most=terms.term.most)),
        line("rate", _rate(terms)),
        line("guarantee_modes", *_words("guarantee_modes", terms)),
        line("areas", *(Text("全国") if code == NATION else names.name(code) for code in terms.areas)),
        line("industries", *(map(names.name, terms.industries) if terms.industries else [UNLIMITED])),
        line("chains", *(map(names.name, terms.chains) if terms.chains else [UNLIMITED])),
        line("sizes", *(_words("sizes", terms) or [UNLIMITED])),
        line("qualifications", *(_words("qualifications", terms) or [UNLIMITED])),
        line(
            "years_least",
            UNLIMITED if terms.years_least is None else Text("满 %(years)s 年", years=terms.years_least),
        ),
        line(
            "tax_grades",
            *([Text("%(grade)s 级", grade=grade) for grade in terms.tax_grades] or [UNLIMITED]),
        ),
        line("first_loan_only", Text("仅限首贷户") if terms.first_loan_only else UNLIMITED),
        line("exclusions", *(_words("exclusions", terms) or [NONE])),
        line("policy_tools", *(_words("policy_tools", terms) or [NONE])),
        Line(
            "declared_days",
            Text("承诺办结时限"),
            [NONE if terms.declared_days is None else Text("%(days)s 个工作日", days=terms.declared_days)],
        ),
        Line(
            "criteria",
            Text("补充条件"),
            [names.in_words(condition_text(one)) for one in terms.criteria] or [NONE],
        ),
        Line("note", Text("备注"), [terms.note or NONE]),
    ]


def changed_lines(before: Sequence[Line], after: Sequence[Line]) -> list[tuple[Line, Line]]:
    """Answer the parts that two revisions say differently, each as it was and as it is."""
    pairs = zip(before, after, strict=True)
    return [
        (old, new) for old, new in pairs if (_told(old.says), old.clause) != (_told(new.says), new.clause)
    ]


def _told(says: Sequence[Said]) -> list[str]:
    return [
        one if isinstance(one, str) else f"{one.chinese}|{sorted(map(str, one.values.items()))}"
        for one in says
    ]


def _words(part: str, terms: ProductTerms) -> list[Said]:
    return [_WORDS[part][word] for word in getattr(terms, part)]


def _rate(terms: ProductTerms) -> Said:
    rate = terms.rate
    least, most = Decimal(rate.least) / 100, Decimal(rate.most) / 100
    if rate.base == "fixed":
        return Text("年利率 %(least)s%% 至 %(most)s%%", least=f"{least:.2f}", most=f"{most:.2f}")
    return Text(
        "%(base)s %(least)s 至 %(most)s 个百分点",
        base=Text(RATE_BASES[rate.base]),
        least=f"{least:+.2f}",
        most=f"{most:+.2f}",
    )
