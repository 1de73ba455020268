"""Why an entry has this responsible party, in words (Chinese) and as data: who, on which grounds, who was next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.allocation.model import NOBODY, UNLIMITED, AllocationSolution, IntArray
from app.allocation.objective import Room
from app.allocation.posing import Posed
from app.allocation.quotas import Quota
from app.allocation.supporting import RunnerUp, WhyNot, runner_up
from app.bottlenecks.routing import Routing
from app.bottlenecks.rules import ClassFinding
from app.institutions.rules import InstitutionNode, InstitutionTree, areas_holding
from app.matching.explain import PartOfScore
from app.matching.plan_influence import score_text
from app.policy.derived import chinese_name

LEADING_PARTS: Final = 3
MOST_HINDRANCES: Final = 3
Explanation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProductLabel:
    """How people know a product."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class FitGrounds:
    """What a fit consists of: part name (Chinese) and points in units, the largest first.

    `plan` says what the chain's plan contributed, with its citations ("" and none if nothing), `plan_units` how much;
    `grants` cite what the plan grants and without which the product would not fit; `is_relation` says that the firm
    borrows from this bank already.
    """

    parts: tuple[tuple[str, int], ...]
    plan: str = ""
    citations: tuple[str, ...] = ()
    is_relation: bool = False
    plan_units: int = 0
    grants: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[PartOfScore], grants: tuple[str, ...] = ()) -> "FitGrounds":
        """Read the grounds from a score's parts, and from what a plan grants."""
        by_part = {part.part: part for part in parts}
        largest = sorted(parts, key=lambda part: -part.points)
        plan = by_part["chain_plan"]
        return cls(
            tuple((part.name, part.points) for part in largest if part.points),
            plan.reason if plan.value else "",
            plan.citations if plan.value else (),
            by_part["existing_relation"].value > 0,
            plan.points,
            grants,
        )

    def plan_text(self) -> str:
        """Say what the chain's plan did: by how much and by which clause; "" if nothing."""
        told = [f"{self.plan}，合计{score_text(self.plan_units)}分"] if self.plan else []
        if self.grants:
            told.append(f"产品条件经放宽才符合（{'、'.join(self.grants)}）")
        return "；".join(told)

    def plan_data(self) -> dict[str, Any] | None:
        """Answer the same as data; None if the plan did nothing."""
        if not self.plan and not self.grants:
            return None
        return {
            "text": self.plan_text(),
            "points": score_text(self.plan_units if self.plan else 0),
            "citations": list(dict.fromkeys([*self.citations, *self.grants])),
            "grants": list(self.grants),
        }


@dataclass(frozen=True, slots=True)
class FitOffer:
    """A branch that answers with a product; `score` in units."""

    node: InstitutionNode
    label: ProductLabel
    score: int

    def as_data(self) -> dict[str, Any]:
        """Answer the offer as explanations list it."""
        return {
            "institution": self.node.code,
            "name": self.node.short_name,
            "product": self.label.code,
            "score": score_text(self.score),
        }


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains the assignments of one solved problem; `room` is that of the whole solution.

    `quota_losses` names the chains' quotas that took an offer from an entry (index).
    """

    posed: Posed
    solution: AllocationSolution
    room: Room
    tree: InstitutionTree
    products: Mapping[int, ProductLabel]
    quota_losses: Mapping[int, Sequence[Quota]] = field(default_factory=dict)

    def node(self, branch: int) -> InstitutionNode:
        """Answer the institution of a branch index."""
        return self.tree.node(int(self.posed.branch_ids[branch]))

    def matched(self, entry: int, region: str, grounds: FitGrounds, supports: Sequence[int]) -> Explanation:
        """Explain a fitting product's branch: product, parts of the fit, area, plan, relation, next, supports."""
        branch = int(self.solution.branch[entry])
        at = self.posed.candidate(entry, branch)
        offer = FitOffer(self.node(branch), self._product(at), int(self.posed.problem.score[at]))
        helping = [self._support(entry, one) for one in supports]
        explanation = by_fit("fit", offer, region, grounds, self._next(entry), helping)
        explanation["quotas"], quota_text = self.quotas(entry)
        explanation["text"] += quota_text
        return explanation

    def quotas(self, entry: int) -> tuple[list[dict[str, Any]], list[str]]:
        """Say which banks a chain's quota took from an entry's candidates: data and sentences, citing the plan."""
        data, text = [], []
        for quota in self.quota_losses.get(entry, ()):
            node = self.tree.find(quota.bank)
            name = quota.bank if node is None else node.short_name
            data.append({"institution": quota.bank, "quota": quota.places, "citation": quota.citation})
            text.append(f"一链一策：{name}签约额度{quota.places}户已用尽，未列入候选（{quota.citation}）")
        return data, text

    def routed(
        self, entry: int, leading: ClassFinding, routing: Routing, *, is_declined: bool
    ) -> Explanation:
        """Explain a receiver by bottleneck class that has a capacity: its place among the receivers."""
        node = self.node(int(self.solution.branch[entry]))
        place = next(k for k, one in enumerate(routing.receivers) if one.institution_id == node.id)
        explanation = by_class(leading, routing, place, is_declined=is_declined)
        if place:
            explanation["text"].append(f"排在前面的{place}家没有余量或曾婉拒本条目")
        return explanation

    def unserved(self, entry: int) -> Explanation:
        """Explain why an entry that fits somewhere has no institution, and what would help."""
        problem = self.posed.problem
        row = slice(int(problem.row_start[entry]), int(problem.row_start[entry + 1]))
        order = sorted(
            range(row.start, row.stop), key=lambda at: (-int(problem.score[at]), int(problem.branch[at]))
        )
        shown = [self._hindrance(int(problem.branch[at])) for at in order[:MOST_HINDRANCES]]
        what = "按堵点推送的机构" if self.posed.is_routed[entry] else "有合适产品，候选机构"
        quotas, quota_text = self.quotas(entry)
        text = [f"{what}共{len(order)}家，均没有余量，由统筹部门协调"]
        text += [one["text"] for one in shown]
        text.append("其中任一家将所列已满的上限各增加1户，即可重新分配")
        return {
            "reason": "capacity",
            "would_help": shown,
            "candidate_count": len(order),
            "quotas": quotas,
            "text": [*text, *quota_text],
        }

    def _product(self, at: int) -> ProductLabel:
        return self.products[int(self.posed.product_ids[at])]

    def _support(self, entry: int, branch: int) -> dict[str, Any]:
        at = self.posed.candidate(entry, branch)
        return FitOffer(self.node(branch), self._product(at), int(self.posed.problem.score[at])).as_data()

    def _next(self, entry: int) -> dict[str, Any] | None:
        found = runner_up(self.posed.problem, self.solution, entry, self.room)
        if found is None:
            return None
        label = self._product(self.posed.candidate(entry, found.branch))
        offer = FitOffer(self.node(found.branch), label, found.fit)
        return next_in_line(offer, found.why_not, found.fit_difference, self._why_not(found))

    def _why_not(self, found: RunnerUp) -> str:
        match found.why_not:
            case WhyNot.LOWER_FIT:
                return f"匹配度低{score_text(found.fit_difference)}分"
            case WhyNot.EQUAL_FIT:
                return "匹配度相同，按负荷均衡和机构编码先后确定"
            case WhyNot.BRANCH_FULL | WhyNot.GROUP_FULL:
                return f"匹配度高{score_text(-found.fit_difference)}分，但{self._full_text(found.branch, found.group)}"
            case WhyNot.LOAD_PRICE:
                return "负荷较重，按负荷计价后不如责任机构"
            case _:
                return "责任机构已先行确定"

    def _hindrance(self, branch: int) -> dict[str, Any]:
        """Name every limit of a branch that is used up: its own capacity and those of the groups above it."""
        node, problem = self.node(branch), self.posed.problem
        limits, texts = [], []
        if self.room.branch_load[branch] >= problem.capacity[branch]:
            limits.append({"of": node.code, "limit": int(problem.capacity[branch])})
            texts.append(self._full_text(branch, NOBODY))
        for group in self._full_groups(branch):
            holder = self.tree.node(int(self.posed.group_ids[group]))
            limits.append({"of": holder.code, "limit": int(problem.group_capacity[group])})
            texts.append(self._full_text(branch, group))
        return {
            "institution": node.code,
            "limits": limits,
            "text": f"{node.short_name}：{'，且'.join(texts)}",
        }

    def _full_groups(self, branch: int) -> Iterator[int]:
        problem, group = self.posed.problem, int(self.posed.problem.branch_group[branch])
        while group >= 0:
            if problem.group_capacity[group] != UNLIMITED and self.room.group_places[group] == 0:
                yield group
            group = int(problem.group_parent[group])

    def _full_text(self, branch: int, group: int) -> str:
        problem = self.posed.problem
        if group == NOBODY:
            return f"承接能力{int(problem.capacity[branch])}户已满"
        holder = self.tree.node(int(self.posed.group_ids[group]))
        return f"{holder.short_name}合计上限{int(problem.group_capacity[group])}户已满"


def by_fit(
    reason: str,
    offer: FitOffer,
    region: str,
    grounds: FitGrounds | None,
    after: Mapping[str, Any] | None,
    helping: Sequence[Mapping[str, Any]],
) -> Explanation:
    """Explain a fitting product's branch: area, parts of the fit, chain plan, relation, who was next, who supports.

    Without `grounds` (the product is no longer in force) the fit stands as it was, without its parts.
    """
    node, label, score = offer.node, offer.label, score_text(offer.score)
    area, level = area_of(node, region)
    known = grounds or FitGrounds(())
    parts = [{"part": name, "points": score_text(units)} for name, units in known.parts[:LEADING_PARTS]]
    leading = "、".join(f"{part['part']}{part['points']}分" for part in parts)
    mainly = f"，主要来自{leading}" if leading else ""
    text = [
        f"{node.short_name}以{level}机构服务企业所在地（{region}）",
        f"产品“{label.name}”（{label.code}）匹配度{score}分{mainly}",
    ]
    if told := known.plan_text():
        text.append(f"一链一策：{told}")
    if known.is_relation:
        text.append("企业在该行已有贷款，延续既有合作")
    text.append(after["text"] if after else "没有其他候选机构")
    if helping:
        text.append("协办：" + "、".join(f"{one['name']}（{one['score']}分）" for one in helping))
    return {
        "reason": reason,
        "product": {"code": label.code, "name": label.name},
        "score": score,
        "parts": parts,
        "area": {"region": area, "level": level},
        "chain_plan": known.plan_data(),
        "existing_relation": known.is_relation,
        "next": after,
        "supports": list(helping),
        "text": text,
    }


def by_class(leading: ClassFinding, routing: Routing, place: int | None, *, is_declined: bool) -> Explanation:
    """Explain a party by bottleneck class; `place` among the receivers, None for a body that is not listed.

    `for_institutions` leaves out that another institution declined: that is shown to who sees the whole entry.
    """
    receiver = routing.receivers[place] if place is not None else None
    cause = "责任机构已婉拒，" if is_declined else "没有可用的匹配产品，"
    sent = f"按堵点“{leading.name}”推送{leading.receiver}（{leading.citation}）"
    reasons = [*(receiver.reasons if receiver else ()), *([leading.adopted] if leading.adopted else [])]
    return {
        "reason": "bottleneck",
        "class_code": leading.class_code,
        "citation": leading.citation,
        "adopted": leading.adopted,
        "through": routing.through,
        "receivers": len(routing.receivers),
        "place": None if place is None else place + 1,
        "text": [f"{cause}{sent}", *reasons],
        "for_institutions": [f"{'' if is_declined else cause}{sent}", *reasons],
    }


def for_coordinator(reason: str, sentences: Sequence[str], asks: Sequence[str] = ()) -> Explanation:
    """Explain an entry that the coordinator keeps; `asks` names fields of the need to ask for."""
    asking = [f"须询问：{'、'.join(chinese_name(name) for name in asks)}"] if asks else []
    return {"reason": reason, "asks": list(asks), "text": [*sentences, *asking]}


def area_of(node: InstitutionNode, region: str) -> tuple[str, str]:
    """Answer the finest area of an institution that holds a region, and its level in Chinese."""
    area = next((one for one in areas_holding(region) if one in node.areas), "")
    if area == "000000":
        return area, "全国"
    return area, "省级" if area.endswith("0000") else "市级" if area.endswith(
        "00"
    ) else "区县级" if area else "上级"


def next_in_line(offer: FitOffer, why_not: WhyNot, fit_difference: int, text: str) -> dict[str, Any]:
    """Say who was next and why not; `fit_difference` is what the responsible branch fits better by, in units."""
    known = f"其次为{offer.node.short_name}（“{offer.label.name}”{score_text(offer.score)}分）"
    return offer.as_data() | {
        "why_not": why_not.value,
        "fit_difference": score_text(fit_difference),
        "text": f"{known}：{text}",
    }


def support_rows(helpers: IntArray) -> list[int]:
    """Answer the branch indexes of an entry's row of supporting branches, best first."""
    return [int(branch) for branch in helpers if branch != NOBODY]
