"""What an institution has to do: which entries to list, and how many there are by each filter (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from app.docking.clock import Turn
from app.docking.working_time import Step


class Pile(StrEnum):
    """What becomes of an entry next, as its institution sees it."""

    TODO = "todo"
    WAITING = "waiting"
    FINANCED = "financed"
    ALL = "all"


PILE_LABELS: Final[Mapping[Pile, str]] = {
    Pile.TODO: "待我方办理",
    Pile.WAITING: "等待协调",
    Pile.FINANCED: "已放款",
    Pile.ALL: "全部",
}


class Whose(StrEnum):
    """Who handles an entry within its institution."""

    MINE = "mine"
    UNCLAIMED = "unclaimed"
    COLLEAGUES = "colleagues"


WHOSE_LABELS: Final[Mapping[Whose, str]] = {
    Whose.MINE: "本人经办",
    Whose.UNCLAIMED: "无人经办",
    Whose.COLLEAGUES: "同事经办",
}


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which entries to list; None is any. Amounts are fen, both ends included."""

    pile: Pile = Pile.ALL
    step: Step | None = None
    region: str | None = None
    chain: str | None = None
    whose: Whose | None = None
    is_late: bool = False
    least_fen: int | None = None
    most_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """So many entries (`count`) that are alike in all by which lists are filtered, amounts aside."""

    turn: Turn
    step: Step
    is_late: bool
    region: str
    chain: str | None
    whose: Whose
    count: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """How many entries there are by each value of each filter, the other filters being as they are."""

    shown: int = 0
    late: int = 0
    piles: Mapping[Pile, int] = field(default_factory=dict)
    steps: Mapping[Step, int] = field(default_factory=dict)
    regions: Mapping[str, int] = field(default_factory=dict)
    chains: Mapping[str, int] = field(default_factory=dict)
    whose: Mapping[Whose, int] = field(default_factory=dict)


def pile_of(turn: Turn, step: Step) -> Pile:
    """Answer the pile on which an entry lies."""
    if step is Step.REFRESH:
        return Pile.FINANCED
    return Pile.TODO if turn is Turn.INSTITUTION else Pile.WAITING


def is_wanted(cell: Cell, wanted: WorkFilter) -> bool:
    """Tell whether a filter leaves a cell in, amounts aside."""
    return (
        wanted.pile in {Pile.ALL, pile_of(cell.turn, cell.step)}
        and wanted.step in {None, cell.step}
        and wanted.region in {None, cell.region}
        and wanted.chain in {None, cell.chain}
        and wanted.whose in {None, cell.whose}
        and (cell.is_late or not wanted.is_late)
    )


def tallied(cells: Iterable[Cell], wanted: WorkFilter) -> Tallies:
    """Count cells by each filter's values, the other filters being as they are wanted."""
    known = list(cells)

    def left(without: WorkFilter) -> list[Cell]:
        return [cell for cell in known if is_wanted(cell, without)]

    piles = Counter[Pile]()
    for cell in left(replace(wanted, pile=Pile.ALL)):
        piles[pile_of(cell.turn, cell.step)] += cell.count
        piles[Pile.ALL] += cell.count
    steps, regions, chains, whose = Counter[Step](), Counter[str](), Counter[str](), Counter[Whose]()
    for cell in left(replace(wanted, step=None)):
        steps[cell.step] += cell.count
    for cell in left(replace(wanted, region=None)):
        regions[cell.region] += cell.count
    for cell in left(replace(wanted, chain=None)):
        chains[cell.chain or ""] += cell.count
    for cell in left(replace(wanted, whose=None)):
        whose[cell.whose] += cell.count
    return Tallies(
        shown=sum(cell.count for cell in left(wanted)),
        late=sum(cell.count for cell in left(replace(wanted, is_late=False)) if cell.is_late),
        piles=dict(piles),
        steps=dict(steps),
        regions=dict(sorted(regions.items())),
        chains=dict(sorted((code, count) for code, count in chains.items() if code)),
        whose=dict(whose),
    )
