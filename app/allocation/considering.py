"""Whom a reroute considered, in which order, and why each was not chosen (pure).

What is said of other institutions here (who declined, for what) is for those who see the whole entry; `views`
leaves it out for institutions.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.allocation.arrivals import assign_arrival
from app.allocation.explanations import FitGrounds, FitOffer, ProductLabel, next_in_line
from app.allocation.model import IntArray
from app.allocation.planning import BlockedEntry, RunEntry
from app.allocation.refusals import Refusal
from app.allocation.standing import Standing
from app.allocation.supporting import WhyNot
from app.bottlenecks.routing import Receiver, Routing
from app.matching.plan_influence import score_text

MOST_CONSIDERED: Final = 10
Considered = dict[str, Any]
Hindrance = tuple[str, str]
"""Why a candidate cannot be chosen, as a word and in Chinese."""
TAKEN_FROM: Final[Hindrance] = ("taken_from", "本次改派即由其转出")
NO_ROOM: Final[Hindrance] = ("no_room", "没有余量")
NOT_NAMED: Final[Hindrance] = (WhyNot.NOT_NAMED.value, "统筹部门指定了另一机构")


@dataclass(frozen=True, slots=True)
class BranchOffer:
    """A branch (index) that can answer with a product (revision id); `score` in units."""

    branch: int
    score: int
    product: int


@dataclass(frozen=True, slots=True)
class Leaving:
    """An entry that needs its next party: what blocks it, what fits it now, who declined it and who shall not have it.

    `refused` holds standing refusals by head office, `barred` institutions that it is taken from, `named` those
    alone to whom a coordinator gives it (None: whoever is next); `grounds` says what the fit of a product
    (revision id) consists of.
    """

    entry: RunEntry
    blocked: BlockedEntry | None
    offers: Sequence[BranchOffer]
    refused: Mapping[int, Refusal]
    grounds: Callable[[int], FitGrounds | None]
    barred: Collection[int] = field(default_factory=frozenset)
    named: Collection[int] | None = None

    def may_go_to(self, institution_id: int) -> bool:
        """Tell whether an institution is among those that are named, if any are."""
        return self.named is None or institution_id in self.named


@dataclass(frozen=True, eq=False)
class OpenRow:
    """The branches that fit an entry, ranked by fit less shadow price, with the places they have left."""

    leaving: Leaving
    standing: Standing
    products: Mapping[int, ProductLabel]
    ranked: Sequence[BranchOffer]
    left: IntArray

    @classmethod
    def of(cls, leaving: Leaving, standing: Standing, products: Mapping[int, ProductLabel]) -> "OpenRow":
        """Rank the offers of an entry; equals go by branch order."""
        ranked = sorted(
            leaving.offers, key=lambda one: (int(standing.prices[one.branch]) - one.score, one.branch)
        )
        return cls(leaving, standing, products, ranked, standing.remaining())

    def institution(self, offer: BranchOffer) -> int:
        """Answer the institution (id) of an offer."""
        return int(self.standing.branch_ids[offer.branch])

    def head(self, offer: BranchOffer) -> int:
        """Answer the head office (id) of an offer."""
        return self.standing.tree.root_of(self.institution(offer)).id

    def fit(self, offer: BranchOffer) -> FitOffer:
        """Answer an offer as explanations name it."""
        return FitOffer(
            self.standing.tree.node(self.institution(offer)), self.products[offer.product], offer.score
        )

    def is_willing(self, offer: BranchOffer) -> bool:
        """Tell whether an institution may be asked at all, room or not."""
        return (
            self.institution(offer) not in self.leaving.barred
            and self.head(offer) not in self.leaving.refused
        )

    def hindrance(self, offer: BranchOffer) -> Hindrance | None:
        """Say why an offer cannot be taken, or None."""
        if self.institution(offer) in self.leaving.barred:
            return TAKEN_FROM
        refusal = self.leaving.refused.get(self.head(offer))
        if refusal is not None:
            return "declined", refusal.told()
        quota = self.standing.used_up(self.leaving.entry.chain, offer.branch)
        if quota is not None:
            return "quota", f"签约额度{quota.places}户已用尽（{quota.citation}）"
        return NO_ROOM if self.left[offer.branch] <= 0 else None

    def choose(self) -> BranchOffer | None:
        """Answer the offer that can be taken and has the best fit less shadow price, or None."""
        asked = (one for one in self.ranked if self.leaving.may_go_to(self.institution(one)))
        free = [one for one in asked if self.hindrance(one) is None]
        branches = [one.branch for one in free]
        chosen = assign_arrival(branches, [one.score for one in free], self.left, self.standing.prices)
        return None if chosen is None else free[branches.index(chosen)]

    def others(self, chosen: BranchOffer) -> list[BranchOffer]:
        """Answer the other offers of those who may be asked, the best fit first."""
        rest = [one for one in self.ranked if one is not chosen and self.is_willing(one)]
        return sorted(rest, key=lambda one: (-one.score, one.branch))

    def after(self, chosen: BranchOffer) -> dict[str, Any] | None:
        """Say which other candidate fits best, and why it is not the one."""
        following = next(iter(self.others(chosen)), None)
        if following is None:
            return None
        word, text = self._why_not(following, chosen)
        why_not = WhyNot.BRANCH_FULL if word in {"no_room", "quota"} else WhyNot(word)
        return next_in_line(self.fit(following), why_not, chosen.score - following.score, text)

    def supports(self, chosen: BranchOffer, most: int) -> list[BranchOffer]:
        """Answer the best offers of other banks than the chosen one's and each other's."""
        found = {self.head(chosen): chosen}
        for one in self.others(chosen):
            found.setdefault(self.head(one), one)
        return list(found.values())[1 : most + 1]

    def considered(self, chosen: BranchOffer | None) -> list[Considered]:
        """Answer the candidates in order, the chosen one always among them."""
        return _first_ten(
            (self._candidate(place, one, chosen) for place, one in enumerate(self.ranked, 1)),
            has_chosen=chosen is not None,
        )

    def _candidate(self, place: int, offer: BranchOffer, chosen: BranchOffer | None) -> Considered:
        fit, price = self.fit(offer), int(self.standing.prices[offer.branch])
        word, text = ("", "选定") if offer is chosen else self._why_not(offer, chosen)
        priced = f"，影子价格{score_text(price)}分" if price else ""
        what = f"“{fit.label.name}”{score_text(fit.score)}分{priced}"
        own = {"place": place, "price": score_text(price), "reasons": [], "why_not": word or None}
        return fit.as_data() | own | {"text": f"第{place}位{fit.node.short_name}（{what}）：{text}"}

    def _why_not(self, offer: BranchOffer, chosen: BranchOffer | None) -> Hindrance:
        found = self.hindrance(offer)
        if found is not None or chosen is None:
            return found or NO_ROOM
        if self.leaving.named is not None:
            return NOT_NAMED
        difference = chosen.score - offer.score
        if difference > 0:
            return WhyNot.LOWER_FIT.value, f"匹配度低{score_text(difference)}分"
        if difference == 0:
            return WhyNot.EQUAL_FIT.value, "匹配度相同，按影子价格和机构编码先后确定"
        text = f"匹配度高{score_text(-difference)}分，但按上次分配的影子价格，其名额宜留给其他条目"
        return WhyNot.SHADOW_PRICE.value, text


@dataclass(frozen=True, eq=False)
class ClassRow:
    """The receivers of an entry's class, best first; `is_open`: also who declined is asked (to verify)."""

    leaving: Leaving
    standing: Standing
    routing: Routing
    is_open: bool
    left: IntArray

    @classmethod
    def of(cls, leaving: Leaving, standing: Standing, routing: Routing, *, is_open: bool) -> "ClassRow":
        """Set the receivers of a class beside the room that there is."""
        return cls(leaving, standing, routing, is_open, standing.remaining())

    def hindrance(self, receiver: Receiver) -> Hindrance | None:
        """Say why a receiver cannot take the entry, or None; public bodies need no room."""
        if receiver.institution_id in self.leaving.barred:
            return TAKEN_FROM
        head = self.standing.tree.root_of(receiver.institution_id).id
        if not self.is_open and head in self.leaving.refused:
            return "declined", self.leaving.refused[head].told()
        if self.routing.is_body:
            return None
        branch = self.standing.index.get(receiver.institution_id)
        return None if branch is not None and self.left[branch] > 0 else NO_ROOM

    def choose(self) -> int | None:
        """Answer the place (from 0) of the first receiver that can take the entry, or None."""
        receivers = enumerate(self.routing.receivers)
        asked = (
            place for place, one in receivers
            if self.leaving.may_go_to(one.institution_id) and self.hindrance(one) is None
        )  # fmt: skip
        return next(asked, None)

    def considered(self, chosen: int | None) -> list[Considered]:
        """Answer the receivers in order, the chosen one always among them."""
        receivers = enumerate(self.routing.receivers)
        return _first_ten(
            (self._candidate(place, one, chosen) for place, one in receivers), has_chosen=chosen is not None
        )

    def _candidate(self, place: int, receiver: Receiver, chosen: int | None) -> Considered:
        is_named = self.leaving.named is not None and chosen is not None
        later = NOT_NAMED if is_named else ("later_in_class", "按本堵点类别的次序在后")
        word, text = ("", "选定") if place == chosen else self.hindrance(receiver) or later
        because = f"（{'，'.join(receiver.reasons)}）" if receiver.reasons else ""
        return {
            "place": place + 1,
            "institution": receiver.code,
            "name": receiver.name,
            "product": None,
            "score": None,
            "price": None,
            "reasons": list(receiver.reasons),
            "why_not": word or None,
            "text": f"第{place + 1}位{receiver.name}{because}：{text}",
        }


def _first_ten(candidates: Iterable[Considered], *, has_chosen: bool) -> list[Considered]:
    """Answer the first ten; a chosen one that comes later takes the last place of the list."""
    found: list[Considered] = []
    for one in candidates:
        is_full = len(found) == MOST_CONSIDERED
        if is_full and one["why_not"] is None:
            return [*found[:-1], one]
        if not is_full:
            found.append(one)
            has_chosen &= one["why_not"] is not None
        if len(found) == MOST_CONSIDERED and not has_chosen:
            break
    return found
