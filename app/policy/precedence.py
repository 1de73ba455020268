"""Which pack's rule applies where: the most specific jurisdiction that has one in force.

Precedence holds key by key: a county's `bottleneck.b` replaces the province's and leaves its other classes.
At one level a document's rule comes before an operator's setting, the jurisdiction's own before an adopted
one, an item adopted by its name before one that came with a whole pack, then the later before the earlier.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from app.policy.criteria import AllOf, Condition, Criterion
from app.policy.packs import Pack, PackStatus, Parameter, PolicyLibrary, Rule
from app.policy.rulebook import AppliedParameter, AppliedRule, RuleBook

NATION = "000000"
WHOLE_PACK = "*"


@dataclass(frozen=True, slots=True)
class Adoption:
    """An operator put `item` of a pack (`*`: all of it) in force for a jurisdiction; `until` is exclusive."""

    id: int
    jurisdiction: str
    pack: str
    item: str
    since: date
    until: date | None
    reason: str
    adopted_by: str

    def is_in_force(self, on: date) -> bool:
        """Say whether it applies on a day."""
        return self.since <= on and (self.until is None or on < self.until)

    @property
    def text(self) -> str:
        """Say for people how the item came to apply."""
        what = "整份" if self.item == WHOLE_PACK else "本条"
        return f"{self.adopted_by}自{self.since.isoformat()}起为{self.jurisdiction}采用{what}：{self.reason}"


@dataclass(frozen=True, slots=True)
class _Offer:
    """An item of a pack at the level (jurisdiction) at which it would apply."""

    pack: Pack
    item: Parameter | Rule
    level: str
    adoption: Adoption | None

    def rank(self, levels: tuple[str, ...]) -> tuple[int, bool, bool, bool, date, int, str]:
        by_name = self.adoption is not None and self.adoption.item != WHOLE_PACK
        since = self.adoption.since if self.adoption else self.pack.effective_on or date.min
        return (
            -levels.index(self.level),
            self.pack.source == "document",
            self.adoption is None,
            by_name,
            since,
            self.adoption.id if self.adoption else 0,
            self.pack.code,
        )


def lineage(jurisdiction: str) -> tuple[str, ...]:
    """Answer a region code and what lies above it by its digits, the nation last: 500114, 500100, 500000, 000000."""
    codes = (jurisdiction, f"{jurisdiction[:4]}00", f"{jurisdiction[:2]}0000", NATION)
    return tuple(dict.fromkeys(codes))


def make_rule_book(
    library: PolicyLibrary,
    adoptions: Iterable[Adoption],
    jurisdiction: str,
    on: date,
    keys: Container[str] | None = None,
) -> RuleBook:
    """Answer everything that applies to a jurisdiction on a day, one item for each key; of some keys alone, if named."""
    levels = lineage(jurisdiction)
    best: dict[str, _Offer] = {}
    for offer in _offers(library, tuple(adoptions), levels, on):
        if keys is not None and offer.item.key not in keys:
            continue
        known = best.get(offer.item.key)
        if known is None or offer.rank(levels) > known.rank(levels):
            best[offer.item.key] = offer
    chosen = [best[key] for key in sorted(best)]
    rules = tuple(_applied_rule(offer, offer.item, on) for offer in chosen if isinstance(offer.item, Rule))
    parameters = tuple(
        _applied_parameter(offer, offer.item, on) for offer in chosen if isinstance(offer.item, Parameter)
    )
    return RuleBook(jurisdiction, on, rules, parameters)


def _offers(
    library: PolicyLibrary, adoptions: tuple[Adoption, ...], levels: tuple[str, ...], on: date
) -> Iterator[_Offer]:
    for pack in library.packs:
        if pack.is_in_force(on) and pack.jurisdiction in levels:
            yield from (_Offer(pack, item, pack.jurisdiction, None) for item in _items(pack, on))
    for adoption in adoptions:
        adopted = library.pack(adoption.pack)
        if adopted is None or adoption.jurisdiction not in levels or not adoption.is_in_force(on):
            continue
        for item in _items(adopted, max(on, adopted.effective_on or on)):
            if adoption.item in {WHOLE_PACK, item.key}:
                yield _Offer(adopted, item, adoption.jurisdiction, adoption)


def _items(pack: Pack, on: date) -> Iterator[Parameter | Rule]:
    yield from (parameter for parameter in pack.parameters if parameter.on(on) is not None)
    yield from pack.rules


def _adopted_text(offer: _Offer, on: date) -> str:
    if offer.adoption is None:
        return ""
    return f"{offer.adoption.text}{_standing(offer.pack, on)}"


def _standing(pack: Pack, on: date) -> str:
    if pack.status is PackStatus.DRAFT:
        return "（征求意见稿）"
    if pack.effective_until is not None and on >= pack.effective_until:
        return f"（原文件{pack.effective_until.isoformat()}起失效）"
    return ""


def _applied_rule(offer: _Offer, rule: Rule, on: date) -> AppliedRule:
    return AppliedRule(
        key=rule.key,
        name=rule.name,
        condition=_in_area(rule, offer.level),
        citation=rule.citation.text,
        data=rule.data,
        adopted=_adopted_text(offer, on),
        kind=rule.kind,
        pack=offer.pack.code,
        clause=rule.citation.clause,
        jurisdiction=offer.level,
        source=offer.pack.source,
    )


def _in_area(rule: Rule, level: str) -> Condition:
    if not rule.is_regional or level == NATION:
        return rule.condition
    area = Criterion("region", "within_region", (level,), rule.citation.text)
    if isinstance(rule.condition, AllOf):
        return replace(rule.condition, criteria=(area, *rule.condition.criteria))
    return AllOf((area, rule.condition), rule.citation.text)


def _applied_parameter(offer: _Offer, parameter: Parameter, on: date) -> AppliedParameter:
    dated = parameter.on(max(on, offer.pack.effective_on or on))
    assert dated is not None
    return AppliedParameter(
        key=parameter.key,
        value=dated.value,
        citation=parameter.citation.text,
        adopted=_adopted_text(offer, on),
        name=parameter.name,
        type=parameter.type,
        unit=parameter.unit,
        since=offer.adoption.since if offer.adoption else dated.since,
        pack=offer.pack.code,
        clause=parameter.citation.clause,
        jurisdiction=offer.level,
        source=offer.pack.source,
        note=parameter.note,
    )
