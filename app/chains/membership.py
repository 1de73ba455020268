"""Which chains a firm belongs to, in which link and role: proposed with a confidence and a reason, for people to confirm.

Rules, in the order in which they decide:

1. Only chains that cover the firm's region: regions that they name, else their jurisdiction.
2. Within a chain the link with the best evidence. Evidence ranks: a core firm's list (洛阳（征求意见稿）（四）) before
   industry and words together, industry of group or class rank, words alone, industry of division rank alone.
   Words alone need a thing made or the firm's name. An industry that was itself read from the scope is no
   second witness: with words it only moves its link one item forward, alone it proposes nothing.
3. Ties: words of things made before the name before what is left unsaid; what the scope says first; the
   narrower industry; more words; the narrower jurisdiction; code of the chain; order of the links.
4. At most three chains, the best first; beside a better one the industry of a division alone adds no other.
5. Nobody is a 链主 by industry or words: only when named, or the largest of its link (`largest_of_links`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.chains.evidence import (
    CoreRelation,
    Hit,
    ScopeReading,
    Traits,
    Weight,
    industry_within,
    is_narrow,
    is_wider,
    read_plainly,
)
from app.chains.profiles import ROLE_NAMES, ChainProfile, Link, Role

MOST_CHAINS: Final = 3
LIST_CLAUSE: Final = "洛阳（征求意见稿）（四）核心企业名单"


class Confidence(StrEnum):
    """What carried a proposal."""

    LIST = "core_list"
    BOTH = "industry_and_scope"
    NARROW = "industry_narrow"
    SCOPE = "scope_words"
    BROAD = "industry_broad"


CONFIDENCE_NAMES: Final = {
    Confidence.LIST: "核心企业名单",
    Confidence.BOTH: "行业与经营范围一致",
    Confidence.NARROW: "行业中小类",
    Confidence.SCOPE: "经营范围用词",
    Confidence.BROAD: "行业大类",
}
INFERRED_LEAD: Final = 1
"""Items of the scope by which an industry read from that scope moves its link forward."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A firm's place in one chain; `link` is None when only a core firm's list speaks for it."""

    chain: str
    link: str | None
    role: Role
    confidence: Confidence
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The proposals of a firm, the main chain first; without any, `why_none` says why."""

    subject: str
    proposals: tuple[Proposal, ...]
    why_none: str = ""

    @property
    def main(self) -> Proposal | None:
        """Answer the first proposal, or None."""
        return self.proposals[0] if self.proposals else None


@dataclass(frozen=True, slots=True)
class LinkOfChain:
    """A link with its chain; `order` is its place among the links of all chains, by code of the chain."""

    order: int
    chain: ChainProfile
    link: Link


@dataclass(frozen=True, slots=True)
class _Case:
    at: LinkOfChain | None
    chain: ChainProfile
    confidence: Confidence
    code: str | None
    hits: tuple[Hit, ...]
    relation: CoreRelation | None
    is_wide: bool = False
    """Whether the firm's industry is told so widely that one of the link's codes lies in it."""

    def rank(self, *, is_inferred: bool) -> tuple[int | str, ...]:
        weight, place = min(((-hit.weight, hit.place) for hit in self.hits), default=(0, 0))
        tier = _tier(self.confidence, is_inferred=is_inferred)
        lead = INFERRED_LEAD if is_inferred and self.code is not None else 0
        return (
            tier,
            weight,
            place - lead,
            -(len(self.code) if self.code else int(self.is_wide)),
            -len({hit.word for hit in self.hits}),
            -len(self.chain.jurisdiction.rstrip("0")),
            self.chain.code,
            self.at.order if self.at else -1,
        )


def _tier(confidence: Confidence, *, is_inferred: bool) -> int:
    if confidence is Confidence.SCOPE:
        return 1 if is_inferred else 3
    order = (Confidence.LIST, Confidence.BOTH, Confidence.NARROW, Confidence.SCOPE, Confidence.BROAD)
    return next(i for i, one in enumerate(order) if one is confidence)


def links_of(chains: Iterable[ChainProfile]) -> tuple[LinkOfChain, ...]:
    """Answer the links of all chains, chains by code; the number of a link in readings is its place here."""
    pairs = ((chain, link) for chain in sorted(chains, key=lambda one: one.code) for link in chain.links)
    return tuple(LinkOfChain(order, chain, link) for order, (chain, link) in enumerate(pairs))


def propose(traits: Traits, chains: Iterable[ChainProfile]) -> Answer:
    """Propose the chains of one firm; `propose_all` answers the same for many at once."""
    links = links_of(chains)
    return decide(traits, links, read_plainly(traits, [at.link for at in links]))


def decide(traits: Traits, links: Sequence[LinkOfChain], reading: ScopeReading) -> Answer:
    """Propose the chains of a firm whose scope has been read against these links."""
    inferred = traits.is_industry_inferred
    best: dict[str, _Case] = {}
    for case in sorted(_cases(traits, links, reading), key=lambda case: case.rank(is_inferred=inferred)):
        best.setdefault(case.chain.code, case)
    ranked = list(best.values())
    kept = [case for i, case in enumerate(ranked) if i == 0 or case.confidence is not Confidence.BROAD]
    proposals = tuple(_proposal(traits, case) for case in kept[:MOST_CHAINS])
    return Answer(traits.subject, proposals, "" if proposals else why_none(traits, links, reading))


def _cases(traits: Traits, links: Sequence[LinkOfChain], reading: ScopeReading) -> Iterable[_Case]:
    listed = {relation.chain: relation for relation in sorted(traits.relations, key=_relation_key)}
    linked: set[str] = set()
    for number, at in enumerate(links):
        hits = () if reading.is_only_traded else reading.hits.get(number, ())
        code = industry_within(at.link, traits.industry)
        confidence = _confidence(traits, code, hits)
        if confidence is not None and _holds(at.chain, traits.region):
            relation = listed.get(at.chain.code)
            linked.add(at.chain.code)
            yield _Case(
                at, at.chain, Confidence.LIST if relation else confidence, code, hits, relation,
                is_wide=code is None and is_wider(at.link, traits.industry),
            )  # fmt: skip
    if not listed:
        return
    for chain in {at.chain.code: at.chain for at in links if at.chain.code in listed}.values():
        if chain.code not in linked and _holds(chain, traits.region):
            yield _Case(None, chain, Confidence.LIST, None, (), listed[chain.code])


def _holds(chain: ChainProfile, region: str | None) -> bool:
    return region is None or chain.covers(region)


def _relation_key(relation: CoreRelation) -> tuple[str, str, str]:
    return (relation.chain, relation.core_firm, relation.role)


def _confidence(traits: Traits, code: str | None, hits: tuple[Hit, ...]) -> Confidence | None:
    if code is not None and hits:
        return Confidence.BOTH
    if code is not None and not traits.is_industry_inferred:
        return Confidence.NARROW if is_narrow(code) else Confidence.BROAD
    return Confidence.SCOPE if any(hit.weight >= Weight.NAME for hit in hits) else None


def _proposal(traits: Traits, case: _Case) -> Proposal:
    naming = next((one for one in traits.namings if one.chain == case.chain.code), None)
    role, role_reason = _role(case, naming.by if naming else None)
    carried = [_industry_reason(traits, case), _words_reason(case), _relation_reason(case), role_reason]
    place = f"{case.chain.name}“{case.at.link.name}”环节" if case.at else case.chain.name
    reason = f"{place}：{'；'.join(filter(None, carried))}。"
    return Proposal(case.chain.code, case.at.link.code if case.at else None, role, case.confidence, reason)


def _role(case: _Case, named_by: str | None) -> tuple[Role, str]:
    if named_by is not None:
        return Role.CORE, f"{named_by}提名为链主"
    if case.relation is not None:
        return case.relation.role, ""
    assert case.at is not None
    if case.at.link.role is Role.CORE:
        return Role.SUPPORTING, "链主须经提名或为环节内规模最大，仅凭行业和用词先按配套提出"
    return case.at.link.role, ""


def _industry_reason(traits: Traits, case: _Case) -> str:
    if case.code is None:
        return ""
    rank = "中小类" if is_narrow(case.code) else "大类"
    inferred = "（由经营范围推定）" if traits.is_industry_inferred else ""
    return f"行业{traits.industry}{inferred}属该环节的{rank}{case.code}"


def _words_reason(case: _Case) -> str:
    if not case.hits:
        return ""
    best = min(case.hits, key=lambda hit: (-hit.weight, hit.place))
    words = "、".join(dict.fromkeys(hit.word for hit in case.hits if hit.weight is best.weight))
    said = {
        Weight.MADE: "经营范围写明生产加工",
        Weight.NAME: "企业名称含",
        Weight.UNSAID: "经营范围列有（未写明产销）",
    }
    return f"{said[best.weight]}“{words}”"


def _relation_reason(case: _Case) -> str:
    if case.relation is None:
        return ""
    kind = "供应商" if case.relation.role is Role.UPSTREAM else "经销商"
    return f"{case.relation.core_firm}名单所列{kind}（{LIST_CLAUSE}），角色{ROLE_NAMES[case.relation.role]}"


def why_none(traits: Traits, links: Sequence[LinkOfChain], reading: ScopeReading) -> str:
    """Answer in Chinese why nothing is proposed for a firm."""
    if not any(_holds(at.chain, traits.region) for at in links):
        return "所在地区没有已建产业链。"
    if reading.is_only_traded:
        return "经营范围只有销售、服务，没有生产加工内容。"
    if traits.industry is None and not traits.scope.strip():
        return "行业代码和经营范围都缺，无从提出。"
    told = "没有行业代码"
    if traits.industry:
        told = f"行业{traits.industry}{'由经营范围推定，不单独作为依据' if traits.is_industry_inferred else '不属任何链的环节'}"
    return f"{told}，经营范围也没有写明任何环节的产品。"
