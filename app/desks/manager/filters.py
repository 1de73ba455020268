"""What the address of a work list asks for, and what its filters offer. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.desks.forms import Form
from app.desks.texts import Text
from app.docking.working_time import STEP_LABELS, Step
from app.docking.worklist import PILE_LABELS, WHOSE_LABELS, Pile, Tallies, Whose, WorkFilter
from app.kernel.money import MOST_FEN, fen_from_wan

FIELDS: Final = ("edition", "pile", "step", "region", "chain", "whose", "late", "least", "most")
NOT_AN_AMOUNT: Final = Text("请填写以万元为单位的数字，例如 500 或 1200.5")
STEPS: Final = (Step.ACCEPT, Step.CONTACT, Step.ANSWER, Step.DISBURSE, Step.RESOLVE, Step.REFRESH)
Options = Sequence[tuple[str, Text]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for: the filter, and the form that says so, with what it does not understand."""

    wanted: WorkFilter
    form: Form


def asked(values: Mapping[str, str]) -> Asked:
    """Read an address; a word that is none of ours filters nothing, an amount that is none is told."""
    stated = {name: values.get(name, "").strip() for name in FIELDS}
    faults: dict[str, Text | str] = {}
    amounts: dict[str, int | None] = {}
    for name in ("least", "most"):
        try:
            amounts[name] = _fen(stated[name])
        except ValueError:
            amounts[name], faults[name] = None, NOT_AN_AMOUNT
    pile = stated["pile"] or Pile.TODO.value
    form = Form(stated | {"pile": pile}, faults=faults)
    wanted = WorkFilter(
        pile=Pile(pile) if pile in set(Pile) else Pile.TODO,
        step=Step(stated["step"]) if stated["step"] in set(Step) else None,
        region=stated["region"] or None,
        chain=stated["chain"] or None,
        whose=Whose(stated["whose"]) if stated["whose"] in set(Whose) else None,
        is_late=stated["late"] == "1",
        least_fen=amounts["least"],
        most_fen=amounts["most"],
    )
    return Asked(wanted, form)


def _fen(text: str) -> int | None:
    if not text:
        return None
    fen = fen_from_wan(text.replace(",", ""))
    if not 0 <= fen <= MOST_FEN:
        msg = "no amount of ours"
        raise ValueError(msg)
    return fen


@dataclass(frozen=True, slots=True)
class Offered:
    """What each filter offers, each value with how many entries it would leave."""

    piles: Sequence[tuple[Pile, str, int]]
    steps: Options
    regions: Options
    chains: Options
    whose: Options


def offered(
    tallies: Tallies, wanted: WorkFilter, region: Callable[[str], str], chain: Callable[[str], str]
) -> Offered:
    """Answer what filters offer: values that would leave something, and the one that is chosen."""
    return Offered(
        piles=[(pile, PILE_LABELS[pile], tallies.piles.get(pile, 0)) for pile in Pile],
        steps=_options({one.value: tallies.steps.get(one, 0) for one in STEPS}, wanted.step, _step_name),
        regions=_options(tallies.regions, wanted.region, region),
        chains=_options(tallies.chains, wanted.chain, chain),
        whose=_options({one.value: tallies.whose.get(one, 0) for one in Whose}, wanted.whose, _whose_name),
    )


def _options(counts: Mapping[str, int], chosen: str | None, name: Callable[[str], Text | str]) -> Options:
    kept = {value: count for value, count in counts.items() if count or value == chosen}
    if chosen is not None:
        kept.setdefault(str(chosen), 0)
    return [
        (value, Text("%(name)s（%(count)s）", name=name(value), count=count)) for value, count in kept.items()
    ]


def _step_name(value: str) -> Text:
    return Text(STEP_LABELS[Step(value)])


def _whose_name(value: str) -> Text:
    return Text(WHOSE_LABELS[Whose(value)])
