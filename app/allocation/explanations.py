"""Why an entry has this responsible party, in words (Chinese) and as data: who, on which grounds, who was next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.allocation.model import NOBODY, UNLIMITED, AllocationSolution, IntArray
from app.allocation.objective import Room
from app.allocation.posing import Posed
from app.allocation.supporting import RunnerUp, WhyNot, runner_up
from app.bottlenecks.routing import Routing
from app.bottlenecks.rules import ClassFinding
from app.institutions.rules import InstitutionNode, InstitutionTree, areas_holding
from app.matching.explain import PartOfScore

UNITS_PER_POINT: Final = 10_000
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

    `plan` says what the chain's plan contributed, with its citations ("" and none if nothing);
    `is_relation` that the firm borrows from this bank already.
    """

    parts: tuple[tuple[str, int], ...]
    plan: str = ""
    citations: tuple[str, ...] = ()
    is_relation: bool = False

    @classmethod
    def of(cls, parts: Sequence[PartOfScore]) -> "FitGrounds":
        """Read the grounds from a score's parts."""
        by_part = {part.part: part for part in parts}
        largest = sorted(parts, key=lambda part: -part.points)
        plan = by_part["chain_plan"]
        return cls(
            tuple((part.name, part.points) for part in largest if part.points),
            plan.reason if plan.value else "",
            plan.citations if plan.value else (),
            by_part["existing_relation"].value > 0,
        )


@dataclass(frozen=True, eq=False)
class Explainer:
    """Explains the assignments of one solved problem; `room` is that of the whole solution."""

    posed: Posed
    solution: AllocationSolution
    room: Room
    tree: InstitutionTree
    products: Mapping[int, ProductLabel]

    def node(self, branch: int) -> InstitutionNode:
        """Answer the institution of a branch index."""
        return self.tree.node(int(self.posed.branch_ids[branch]))

    def matched(self, entry: int, region: str, grounds: FitGrounds, supports: Sequence[int]) -> Explanation:
        """Explain a fitting product's branch: product, parts of the fit, area, plan, relation, next, supports."""
        branch = int(self.solution.branch[entry])
        at = self.posed.candidate(entry, branch)
        score, label = int(self.posed.problem.score[at]), self._product(at)
        area, level = area_of(self.node(branch), region)
        parts = [
            {"part": name, "points": points_text(units)} for name, units in grounds.parts[:LEADING_PARTS]
        ]
        leading = "、".join(f"{part['part']}{part['points']}分" for part in parts)
        text = [
            f"{self.node(branch).short_name}以{level}机构服务企业所在地（{region}）",
            f"产品“{label.name}”（{label.code}）匹配度{points_text(score)}分，主要来自{leading}",
        ]
        if grounds.plan:
            text.append(f"一链一策：{grounds.plan}")
        if grounds.is_relation:
            text.append("企业在该行已有贷款，延续既有合作")
        after = self._next(entry)
        text.append(after["text"] if after else "没有其他候选机构")
        helping = [self._support(entry, one) for one in supports]
        if helping:
            text.append("协办：" + "、".join(f"{one['name']}（{one['score']}分）" for one in helping))
        return {
            "reason": "fit",
            "product": {"code": label.code, "name": label.name},
            "score": points_text(score),
            "parts": parts,
            "area": {"region": area, "level": level},
            "chain_plan": {"text": grounds.plan, "citations": list(grounds.citations)}
            if grounds.plan
            else None,
            "existing_relation": grounds.is_relation,
            "next": after,
            "supports": helping,
            "text": text,
        }

    def routed(self, entry: int, leading: ClassFinding, routing: Routing) -> Explanation:
        """Explain a receiver by bottleneck class that has a capacity: its place among the receivers."""
        node = self.node(int(self.solution.branch[entry]))
        place = next(k for k, one in enumerate(routing.receivers) if one.institution_id == node.id)
        explanation = by_class(leading, routing, place)
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
        found = [self._hindrance(int(problem.branch[at])) for at in order]
        shown = found[:MOST_HINDRANCES]
        what = "按堵点推送的机构" if self.posed.is_routed[entry] else "有合适产品，候选机构"
        text = [f"{what}共{len(found)}家，均没有余量，由统筹部门协调"]
        text += [one["text"] for one in shown]
        text.append("其中任一家增加1户承接能力（或放宽所列上限）即可重新分配")
        return {"reason": "capacity", "would_help": shown, "candidates": len(found), "text": text}

    def _product(self, at: int) -> ProductLabel:
        return self.products[int(self.posed.product_ids[at])]

    def _support(self, entry: int, branch: int) -> dict[str, Any]:
        at = self.posed.candidate(entry, branch)
        node, label = self.node(branch), self._product(at)
        score = points_text(int(self.posed.problem.score[at]))
        return {"institution": node.code, "name": node.short_name, "product": label.code, "score": score}

    def _next(self, entry: int) -> dict[str, Any] | None:
        found = runner_up(self.posed.problem, self.solution, entry, self.room)
        if found is None:
            return None
        node = self.node(found.branch)
        label = self._product(self.posed.candidate(entry, found.branch))
        return {
            "institution": node.code,
            "name": node.short_name,
            "product": label.code,
            "score": points_text(found.fit),
            "why_not": found.why_not.value,
            "fit_difference": points_text(found.fit_difference),
            "text": f"其次为{node.short_name}（“{label.name}”{points_text(found.fit)}分）：{self._why_not(found)}",
        }

    def _why_not(self, found: RunnerUp) -> str:
        match found.why_not:
            case WhyNot.LOWER_FIT:
                return f"匹配度低{points_text(found.fit_difference)}分"
            case WhyNot.EQUAL_FIT:
                return "匹配度相同，按负荷均衡和机构编码先后确定"
            case WhyNot.BRANCH_FULL | WhyNot.GROUP_FULL:
                return f"匹配度高{points_text(-found.fit_difference)}分，但{self._full_text(found.branch, found.group)}"
            case WhyNot.LOAD_PRICE:
                return "负荷较重，按负荷计价后不如责任机构"
            case _:
                return "责任机构已先行确定"

    def _hindrance(self, branch: int) -> dict[str, Any]:
        """Say which limit of a branch is used up: its own capacity, else the nearest group's."""
        node, problem = self.node(branch), self.posed.problem
        group = NOBODY
        if self.room.branch_load[branch] < problem.capacity[branch]:
            group = self._full_group(branch)
        limit = int(problem.capacity[branch] if group == NOBODY else problem.group_capacity[group])
        holder = node if group == NOBODY else self.tree.node(int(self.posed.group_ids[group]))
        text = f"{node.short_name}：{self._full_text(branch, group)}"
        return {"institution": node.code, "limit_of": holder.code, "limit": limit, "text": text}

    def _full_group(self, branch: int) -> int:
        problem, group = self.posed.problem, int(self.posed.problem.branch_group[branch])
        while group >= 0:
            if problem.group_capacity[group] != UNLIMITED and self.room.group_places[group] == 0:
                return group
            group = int(problem.group_parent[group])
        return NOBODY

    def _full_text(self, branch: int, group: int) -> str:
        problem = self.posed.problem
        if group == NOBODY:
            return f"承接能力{int(problem.capacity[branch])}户已满"
        holder = self.tree.node(int(self.posed.group_ids[group]))
        return f"{holder.short_name}合计上限{int(problem.group_capacity[group])}户已满"


def by_class(leading: ClassFinding, routing: Routing, place: int | None) -> Explanation:
    """Explain a party by bottleneck class; `place` among the receivers, None for a body that is not listed."""
    receiver = routing.receivers[place] if place is not None else None
    text = [f"没有可用的匹配产品，按堵点“{leading.name}”推送{leading.receiver}（{leading.citation}）"]
    text += receiver.reasons if receiver else ()
    text += [leading.adopted] if leading.adopted else []
    return {
        "reason": "bottleneck",
        "class_code": leading.class_code,
        "citation": leading.citation,
        "adopted": leading.adopted,
        "through": routing.through,
        "receivers": len(routing.receivers),
        "place": None if place is None else place + 1,
        "text": text,
    }


def for_coordinator(reason: str, sentences: Sequence[str], asks: Sequence[str] = ()) -> Explanation:
    """Explain an entry that the coordinator keeps; `asks` names facts to ask for."""
    return {"reason": reason, "asks": list(asks), "text": list(sentences)}


def area_of(node: InstitutionNode, region: str) -> tuple[str, str]:
    """Answer the finest area of an institution that holds a region, and its level in Chinese."""
    area = next((one for one in areas_holding(region) if one in node.areas), "")
    if area == "000000":
        return area, "全国"
    return area, "省级" if area.endswith("0000") else "市级" if area.endswith(
        "00"
    ) else "区县级" if area else "上级"


def points_text(units: int) -> str:
    """Write units (1/10,000 point) as points with two places, rounded towards zero."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    hundredths = units * 100 // UNITS_PER_POINT
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"


def support_rows(helpers: IntArray) -> list[int]:
    """Answer the branch indexes of an entry's row of supporting branches, best first."""
    return [int(branch) for branch in helpers if branch != NOBODY]
