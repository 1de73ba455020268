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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

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
_RANK: Final = attrgetter("rank")


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
    last: tuple[int, str, int]
    """What decides at last between cases that are equal: as `_last` has it."""


def _last(chain: ChainProfile, order: int) -> tuple[int, str, int]:
    return (-len(chain.jurisdiction.rstrip("0")), chain.code, order)


class Ground:
    """What firms are weighed against: the links of all chains.

    What an industry or a region finds among them is kept: rosters repeat both.
    """

    def __init__(self, chains: Iterable[ChainProfile]) -> None:
        """Number the links, chains by code."""
        self.chains: Final = {chain.code: chain for chain in sorted(chains, key=lambda one: one.code)}
        pairs = ((chain, link) for chain in self.chains.values() for link in chain.links)
        self.links: Final = tuple(
            LinkOfChain(order, chain, link, _last(chain, order)) for order, (chain, link) in enumerate(pairs)
        )
        self._within: dict[str | None, dict[int, str]] = {None: {}}
        self._wider: dict[str | None, frozenset[int]] = {None: frozenset()}
        self._covering: dict[str | None, frozenset[str]] = {None: frozenset(self.chains)}

    def within(self, industry: str | None) -> Mapping[int, str]:
        """Answer the narrowest code in which an industry lies, by number of the link."""
        found = self._within.get(industry)
        if found is None:
            codes = ((at.order, industry_within(at.link, industry)) for at in self.links)
            found = self._within[industry] = {order: code for order, code in codes if code is not None}
        return found

    def wider(self, industry: str | None) -> frozenset[int]:
        """Answer the links of which a code lies in an industry that is told widely."""
        found = self._wider.get(industry)
        if found is None:
            wide = (at.order for at in self.links if is_wider(at.link, industry))
            found = self._wider[industry] = frozenset(wide)
        return found

    def covering(self, region: str | None) -> frozenset[str]:
        """Answer the chains that cover a region; all of them where it is not known."""
        found = self._covering.get(region)
        if found is None:
            assert region is not None
            found = frozenset(code for code, chain in self.chains.items() if chain.covers(region))
            self._covering[region] = found
        return found


_LIST, _BOTH, _NARROW, _SCOPE, _BROAD = Confidence
_NAME, _CORE, _SUPPORTING = Weight.NAME, Role.CORE, Role.SUPPORTING
# Members of an enumeration are looked up by a call: these are, very many times.


class _Case(NamedTuple):
    """Something that speaks for a firm in a chain; `rank` is what it is compared by, the least the best."""

    rank: tuple[int, int, int, int, int, tuple[int, str, int]]
    at: LinkOfChain | None
    chain: ChainProfile
    confidence: Confidence
    code: str | None
    hits: tuple[Hit, ...]
    relation: CoreRelation | None


_TIERS: Final = {one: tier for tier, one in enumerate((_LIST, _BOTH, _NARROW, _SCOPE, _BROAD))}
_TIERS_INFERRED: Final = {**_TIERS, _SCOPE: _TIERS[_BOTH]}
"""Where the industry was itself read from the scope, words weigh as much without it as with it."""


def _ranked(
    traits: Traits,
    at: LinkOfChain,
    confidence: Confidence,
    code: str | None,
    hits: tuple[Hit, ...],
    relation: CoreRelation | None,
    ground: Ground,
) -> _Case:
    if len(hits) == 1:
        place, weight, words = hits[0].place, -hits[0].weight, 1
    else:
        weight, place = min([(-hit.weight, hit.place) for hit in hits], default=(0, 0))
        words = len({hit.word for hit in hits})
    is_inferred = traits.is_industry_inferred
    if code is None:
        narrowness = int(at.order in ground.wider(traits.industry))
    else:
        narrowness = len(code)
        place -= INFERRED_LEAD if is_inferred else 0
    tier = (_TIERS_INFERRED if is_inferred else _TIERS)[confidence]
    rank = (tier, weight, place, -narrowness, -words, at.last)
    return _Case(rank, at, at.chain, confidence, code, hits, relation)


def propose(traits: Traits, chains: Iterable[ChainProfile]) -> Answer:
    """Propose the chains of one firm; `propose_all` answers the same for many at once."""
    ground = Ground(chains)
    return decide(traits, ground, read_plainly(traits, [at.link for at in ground.links]))


def decide(traits: Traits, ground: Ground, reading: ScopeReading) -> Answer:
    """Propose the chains of a firm whose scope has been read against the links of the ground."""
    best: dict[str, _Case] = {}
    for case in _cases(traits, ground, reading):
        known = best.get(case.chain.code)
        if known is None or case.rank < known.rank:
            best[case.chain.code] = case
    ranked = sorted(best.values(), key=_RANK)
    kept = [case for i, case in enumerate(ranked) if i == 0 or case.confidence is not _BROAD]
    proposals = tuple([_proposal(traits, case) for case in kept[:MOST_CHAINS]])
    return Answer(traits.subject, proposals, "" if proposals else why_none(traits, ground, reading))


def _cases(traits: Traits, ground: Ground, reading: ScopeReading) -> Iterator[_Case]:
    """Yield what speaks for the firm in each link that its industry or its words touch, and each list of a core firm."""
    relations = sorted(traits.relations, key=_relation_key) if traits.relations else ()
    listed = {relation.chain: relation for relation in relations}
    found = {} if reading.is_only_traded else reading.hits
    within, covering = ground.within(traits.industry), ground.covering(traits.region)
    linked: set[str] = set()
    for number in {**within, **found} if found else within:
        at = ground.links[number]
        if at.chain.code not in covering:
            continue
        hits, code = found.get(number, ()), within.get(number)
        confidence = _confidence(traits, code, hits)
        if confidence is None:
            continue
        relation = listed.get(at.chain.code)
        linked.add(at.chain.code)
        if relation is not None:
            confidence = _LIST
        yield _ranked(traits, at, confidence, code, hits, relation, ground)
    for code, relation in listed.items():
        if code in covering and code not in linked:
            chain = ground.chains[code]
            rank = (_TIERS[_LIST], 0, 0, 0, 0, _last(chain, -1))
            yield _Case(rank, None, chain, _LIST, None, (), relation)


def _relation_key(relation: CoreRelation) -> tuple[str, str, str]:
    return (relation.chain, relation.core_firm, relation.role)


def _confidence(traits: Traits, code: str | None, hits: tuple[Hit, ...]) -> Confidence | None:
    if code is not None and hits:
        return _BOTH
    if code is not None and not traits.is_industry_inferred:
        return _NARROW if is_narrow(code) else _BROAD
    for hit in hits:
        if hit.weight >= _NAME:
            return _SCOPE
    return None


def _proposal(traits: Traits, case: _Case) -> Proposal:
    role, role_reason = _role(case, traits)
    carried = (
        _industry_reason(traits, case) if case.code else "",
        _words_reason(case.hits) if case.hits else "",
        _relation_reason(case.relation) if case.relation else "",
        role_reason,
    )
    place = f"{case.chain.name}“{case.at.link.name}”环节" if case.at else case.chain.name
    reason = f"{place}：{'；'.join([one for one in carried if one])}。"
    return Proposal(case.chain.code, case.at.link.code if case.at else None, role, case.confidence, reason)


def _role(case: _Case, traits: Traits) -> tuple[Role, str]:
    for naming in traits.namings:
        if naming.chain == case.chain.code:
            return _CORE, f"{naming.by}提名为链主"
    if case.relation is not None:
        return case.relation.role, ""
    assert case.at is not None
    if case.at.link.role is _CORE:
        return _SUPPORTING, "链主须经提名或为环节内规模最大，仅凭行业和用词先按配套提出"
    return case.at.link.role, ""


def _industry_reason(traits: Traits, case: _Case) -> str:
    assert case.code is not None
    rank = "中小类" if is_narrow(case.code) else "大类"
    inferred = "（由经营范围推定）" if traits.is_industry_inferred else ""
    return f"行业{traits.industry}{inferred}属该环节的{rank}{case.code}"


_SAID: Final = {
    Weight.MADE: "经营范围写明生产加工",
    Weight.NAME: "企业名称含",
    Weight.UNSAID: "经营范围列有（未写明产销）",
}


def _words_reason(hits: tuple[Hit, ...]) -> str:
    if len(hits) == 1:
        return f"{_SAID[hits[0].weight]}“{hits[0].word}”"
    most = max([hit.weight for hit in hits])
    words = "、".join(dict.fromkeys([hit.word for hit in hits if hit.weight is most]))
    return f"{_SAID[most]}“{words}”"


def _relation_reason(relation: CoreRelation) -> str:
    kind = "供应商" if relation.role is Role.UPSTREAM else "经销商"
    return f"{relation.core_firm}名单所列{kind}（{LIST_CLAUSE}），角色{ROLE_NAMES[relation.role]}"


def why_none(traits: Traits, ground: Ground, reading: ScopeReading) -> str:
    """Answer in Chinese why nothing is proposed for a firm."""
    if not ground.covering(traits.region):
        return "所在地区没有已建产业链。"
    if reading.is_only_traded:
        return "经营范围只有销售、服务，没有生产加工内容。"
    if traits.industry is None and not traits.scope.strip():
        return "行业代码和经营范围都缺，无从提出。"
    told = "没有行业代码"
    if traits.industry:
        told = f"行业{traits.industry}{'由经营范围推定，不单独作为依据' if traits.is_industry_inferred else '不属任何链的环节'}"
    return f"{told}，经营范围也没有写明任何环节的产品。"
