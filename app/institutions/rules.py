"""The tree head office → branch → sub-branch, as pure values.

A node of the tree answers for entries when it has a capacity; it serves the regions of its areas
with all that lies below them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.institutions.kinds import KINDS, InstitutionKind

__all__ = [
    "KINDS",
    "InstitutionKind",
    "InstitutionNode",
    "InstitutionTree",
    "TreeError",
    "areas_holding",
    "digits_of",
    "lineage_below",
]

_FIRST_LINEAGE: Final = "/"
MOST_LINEAGE_CHARACTERS: Final = 120


class TreeError(ValueError):
    """The nodes form no tree: a parent is missing, or parents form a ring; `codes` are concerned."""

    def __init__(self, message: str, codes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.codes = codes


@dataclass(frozen=True, slots=True)
class InstitutionNode:
    """One institution; `areas` are the region codes that it serves, each with all below it.

    `capacity` counts the entries that the node itself may answer for in one edition (None: it answers
    for none); `group_capacity` bounds the sum of the node and all below it (None: no bound).
    `credit_loan_share` is in basis points of its loans.
    """

    id: int
    code: str
    name: str
    short_name: str
    kind: InstitutionKind
    parent: int | None
    root: int
    region: str
    areas: tuple[str, ...]
    capacity: int | None = None
    group_capacity: int | None = None
    credit_loan_share: int | None = None
    borrower_limit_fen: int | None = None
    is_demo: bool = False

    @property
    def is_responsible(self) -> bool:
        """Tell whether entries may be assigned to it."""
        return self.capacity is not None


@dataclass(frozen=True, eq=False, slots=True)
class InstitutionTree:
    """All institutions with their lines of descent; build it with `InstitutionTree.build`.

    A tree equals itself alone: what is derived from one is remembered by it.
    """

    nodes: Mapping[int, InstitutionNode]
    """By id, in the order of codes."""
    _ids: Mapping[str, int]
    _paths: Mapping[int, tuple[int, ...]]
    _children: Mapping[int, tuple[int, ...]]
    _serving: Mapping[tuple[int, str], tuple[InstitutionNode, ...]]
    _roots: tuple[InstitutionNode, ...]

    @classmethod
    def build(cls, nodes: Iterable[InstitutionNode]) -> "InstitutionTree":
        """Build the tree.

        Raises:
            TreeError: a parent is not among the nodes, or the parents form a ring.
        """
        by_id = {node.id: node for node in sorted(nodes, key=lambda node: node.code)}
        paths = _paths_of(by_id)
        children: dict[int, list[int]] = defaultdict(list)
        serving: dict[tuple[int, str], list[InstitutionNode]] = defaultdict(list)
        for node in by_id.values():
            if node.parent is not None:
                children[node.parent].append(node.id)
            for area in node.areas if node.is_responsible else ():
                serving[paths[node.id][0], area].append(node)
        return cls(
            by_id,
            {node.code: node.id for node in by_id.values()},
            paths,
            {parent: tuple(below) for parent, below in children.items()},
            {key: tuple(found) for key, found in serving.items()},
            tuple(node for node in by_id.values() if node.parent is None),
        )

    def node(self, institution_id: int) -> InstitutionNode:
        """Answer the node of an id.

        Raises:
            KeyError: there is none.
        """
        return self.nodes[institution_id]

    def find(self, code: str) -> InstitutionNode | None:
        """Answer the node of a code, or None."""
        found = self._ids.get(code)
        return self.nodes[found] if found is not None else None

    def roots(self) -> tuple[InstitutionNode, ...]:
        """Answer the head offices and free-standing institutions, by code."""
        return self._roots

    def root_of(self, institution_id: int) -> InstitutionNode:
        """Answer the head office above a node, or the node itself when nothing is above it."""
        return self.nodes[self._paths[institution_id][0]]

    def path(self, institution_id: int) -> tuple[InstitutionNode, ...]:
        """Answer the nodes from the head office down to the node, both included."""
        return tuple(self.nodes[above] for above in self._paths[institution_id])

    def children(self, institution_id: int) -> tuple[InstitutionNode, ...]:
        """Answer the nodes directly below, by code."""
        return tuple(self.nodes[child] for child in self._children.get(institution_id, ()))

    def descendants(self, institution_id: int) -> tuple[InstitutionNode, ...]:
        """Answer every node strictly below, in the order of a walk from the top, by code."""
        below: list[InstitutionNode] = []
        waiting = list(reversed(self.children(institution_id)))
        while waiting:
            node = waiting.pop()
            below.append(node)
            waiting.extend(reversed(self.children(node.id)))
        return tuple(below)

    def is_within(self, institution_id: int, above: int) -> bool:
        """Tell whether a node is `above` or stands below it."""
        return above in self._paths[institution_id]

    def serving(self, institution_id: int, region: str) -> tuple[InstitutionNode, ...]:
        """Answer who, at or below a node, answers for a region: by code, at the finest level only.

        A node whose area is the county goes before one whose area is the city, the city before the
        province, the province before the nation; the coarser ones are answered only when there is
        no finer one. Empty when nobody below serves the region.
        """
        root = self._paths[institution_id][0]
        for area in areas_holding(region):
            found = tuple(
                node for node in self._serving.get((root, area), ()) if institution_id in self._paths[node.id]
            )
            if found:
                return found
        return ()

    def serving_of(
        self, is_wanted: Callable[[InstitutionKind], bool], region: str
    ) -> tuple[InstitutionNode, ...]:
        """Answer the responsible nodes of each wanted head office that serve a region.

        Each head office is asked by itself for its finest level; of all answers those with the
        finest area come first, then by code.
        """
        order = {area: rank for rank, area in enumerate(areas_holding(region))}
        found = [
            node for root in self._roots if is_wanted(root.kind) for node in self.serving(root.id, region)
        ]
        return tuple(sorted(found, key=lambda node: (_finest(node, order), node.code)))

    def banks_serving(self, region: str) -> tuple[InstitutionNode, ...]:
        """Answer the responsible bank nodes that serve a region, the nearest first."""
        return self.serving_of(lambda kind: kind.is_bank, region)

    def local_legal_person_banks(self, region: str) -> tuple[InstitutionNode, ...]:
        """Answer those of local legal-person banks, for (十六) b, the nearest first."""
        return self.serving_of(lambda kind: kind.is_local_legal_person, region)

    def guarantors_serving(self, region: str) -> tuple[InstitutionNode, ...]:
        """Answer the responsible guarantors that serve a region, for (十六) d, the nearest first."""
        return self.serving_of(lambda kind: kind is InstitutionKind.GUARANTOR, region)

    def bodies_serving(self, kind: InstitutionKind, region: str) -> tuple[InstitutionNode, ...]:
        """Answer the public bodies of a kind whose area holds a region, the nearest first.

        Bodies need no capacity: they coordinate and are not assigned entries by matching.
        """
        order = {area: rank for rank, area in enumerate(areas_holding(region))}
        found = [
            node
            for node in self.nodes.values()
            if node.kind is kind and not order.keys().isdisjoint(node.areas)
        ]
        return tuple(sorted(found, key=lambda node: (_finest(node, order), node.code)))

    def credit_loan_share_of(self, institution_id: int) -> int | None:
        """Answer the credit-loan share (basis points) of a node, else of the nearest above it."""
        return self._inherited(institution_id, lambda node: node.credit_loan_share)

    def borrower_limit_of(self, institution_id: int) -> int | None:
        """Answer the most that may be lent to one borrower (fen), else that of the nearest above."""
        return self._inherited(institution_id, lambda node: node.borrower_limit_fen)

    def _inherited(self, institution_id: int, read: Callable[[InstitutionNode], int | None]) -> int | None:
        stated = (read(self.nodes[above]) for above in reversed(self._paths[institution_id]))
        return next((value for value in stated if value is not None), None)


def areas_holding(region: str) -> tuple[str, ...]:
    """Answer the codes of a region and of what holds it, the finest first and the nation last.

    GB/T 2260 codes nest by pairs of digits: 230102 lies in 230100, 230000 and 000000.
    """
    return tuple(dict.fromkeys((region, region[:4] + "00", region[:2] + "0000", "000000")))


def digits_of(region: str) -> str:
    """Answer the digits with which the codes of a region and of all below it begin."""
    while region.endswith("00"):
        region = region[:-2]
    return region


def lineage_below(parent_lineage: str | None, institution_id: int) -> str:
    """Answer the stored path of ids `/1/17/204/` of a node below a parent (None: a head office)."""
    return f"{parent_lineage or _FIRST_LINEAGE}{institution_id}/"


def _finest(node: InstitutionNode, order: Mapping[str, int]) -> int:
    return min(order[area] for area in node.areas if area in order)


def _paths_of(nodes: Mapping[int, InstitutionNode]) -> dict[int, tuple[int, ...]]:
    paths: dict[int, tuple[int, ...]] = {}
    for node in nodes.values():
        trail: dict[int, None] = {}
        here: InstitutionNode | None = node
        while here is not None and here.id not in paths:
            if here.id in trail:
                codes = tuple(sorted(nodes[step].code for step in _ring(tuple(trail), here.id)))
                raise TreeError(f"parents form a ring: {'、'.join(codes)}", codes)
            trail[here.id] = None
            here = _parent_of(here, nodes)
        above = paths[here.id] if here is not None else ()
        for step in reversed(trail):
            above = (*above, step)
            paths[step] = above
    return paths


def _ring(trail: tuple[int, ...], met: int) -> tuple[int, ...]:
    return trail[trail.index(met) :]


def _parent_of(node: InstitutionNode, nodes: Mapping[int, InstitutionNode]) -> InstitutionNode | None:
    if node.parent is None:
        return None
    parent = nodes.get(node.parent)
    if parent is None:
        raise TreeError(f"{node.code}: its parent is not among the institutions", (node.code,))
    return parent
