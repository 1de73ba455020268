"""How candidates are measured, put into order and chosen, by published criteria, in exact fractions (pure).

Nothing but the frozen figures, ballots and criteria goes into a result, so that anybody who has them comes to the
same one: `verify` in deciding_service does. No criterion looks at who owns a bank or a firm.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from app.awards.observed import Figures

BEST_RATING: Final = 5
MOST_POINTS: Final = 10
HUNDRED: Final = 100


class Part(StrEnum):
    """What counts in an award."""

    REACH = "reach"
    APPROVAL = "approval"
    PROMISE = "promise"
    SATISFACTION = "satisfaction"
    JURY = "jury"


PART_LABELS: Final[Mapping[Part, str]] = {
    Part.REACH: "惠及企业",
    Part.APPROVAL: "授信通过",
    Part.PROMISE: "兑现承诺",
    Part.SATISFACTION: "企业评价",
    Part.JURY: "评委评分",
}
PART_FORMULAS: Final[Mapping[Part, str]] = {
    Part.REACH: "获授信企业（项目）数÷入围产品中的最高数",
    Part.APPROVAL: "首次答复为授信的次数÷首次答复次数",
    Part.PROMISE: "利率不高于申报上限的授信金额占比与申报时限内答复占比的平均；未申报时限的只计前者",
    Part.SATISFACTION: "（企业评价平均分－1）÷4",
    Part.JURY: "有效评审票平均分÷10，回避和弃权不计",
}
TIE_RULE: Final = "总分相同的，依次比较评委评分、企业评价、惠及企业、最早提名时间、产品编码。"
MEASURED: Final = tuple(part for part in Part if part is not Part.JURY)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is published before anybody is nominated. `weights` in percent; `most_per_bank` 0: no limit."""

    weights: Mapping[Part, int]
    places: int
    shortlist: int
    least_credits: int
    least_answers: int
    least_ratings: int
    least_ballots: int
    most_per_bank: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A nominated product with its frozen figures; `bank` is its head office's code, `first_at` the earliest nomination."""

    code: str
    bank: str
    figures: Figures
    first_at: datetime


class Why(StrEnum):
    """Why a candidate is where it is."""

    AWARDED = "awarded"
    BELOW = "below"
    FEW_CREDITS = "few_credits"
    FEW_ANSWERS = "few_answers"
    FEW_RATINGS = "few_ratings"
    NOT_SHORTLISTED = "not_shortlisted"
    SHORTLISTED = "shortlisted"
    FEW_BALLOTS = "few_ballots"
    BANK_FULL = "bank_full"
    STRUCK = "struck"


OUT_BEFORE: Final = frozenset({Why.FEW_CREDITS, Why.FEW_ANSWERS, Why.FEW_RATINGS, Why.NOT_SHORTLISTED})
"""Outcomes of candidates that the jury never sees."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate: the value of each part from 0 to 1, total from 0 to 100, place, and why.

    `place` counts those that could be chosen. `have` and `need` are the numbers of which the reason speaks.
    """

    code: str
    why: Why
    values: Mapping[Part, Fraction] = field(default_factory=dict)
    total: Fraction | None = None
    place: int | None = None
    ballots: int = 0
    have: int = 0
    need: int = 0

    def as_data(self) -> dict[str, Any]:
        """Answer it as JSON whose hash tells results apart."""
        return {
            "code": self.code,
            "why": self.why.value,
            "values": {part.value: str(value) for part, value in sorted(self.values.items())},
            "total": None if self.total is None else str(self.total),
            "place": self.place,
            "ballots": self.ballots,
            "have": self.have,
            "need": self.need,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Outcome":
        """Read it back."""
        values = {Part(part): Fraction(value) for part, value in data["values"].items()}
        total = None if data["total"] is None else Fraction(data["total"])
        rest = {name: data[name] for name in ("code", "place", "ballots", "have", "need")}
        return cls(why=Why(data["why"]), values=values, total=total, **rest)


@dataclass(frozen=True, slots=True)
class Ballot:
    """Points from 0 to 10 for candidates, by code; whom it leaves out it abstains from."""

    juror: int
    points: Mapping[str, int]


def weight_faults(weights: Mapping[Part, int]) -> list[str]:
    """Answer what is wrong with weights."""
    total = sum(weights.values())
    return [] if total == HUNDRED else [f"the weights make {total}, not 100"]


def points_text(value: Fraction) -> str:
    """Write a score with two decimals, halves up; order is decided by the fraction itself."""
    cents = (2 * HUNDRED * value.numerator + value.denominator) // (2 * value.denominator)
    return f"{cents // HUNDRED}.{cents % HUNDRED:02d}"


def shortlisted(candidates: Iterable[Candidate], criteria: Criteria) -> list[Outcome]:
    """Answer what became of each candidate by figures alone, the best first; of equals at the border all go on."""
    found = sorted(candidates, key=lambda one: one.code)
    enough = [one for one in found if _lack(one.figures, criteria) is None]
    most = max((one.figures.credited_entries for one in enough), default=0)
    measured = [(one, _measure(one.figures, most)) for one in enough]
    ranked = sorted(
        ((_total(values, criteria, MEASURED), one, values) for one, values in measured), key=_by_figures
    )
    border = ranked[min(criteria.shortlist, len(ranked)) - 1][0] if ranked else Fraction(0)
    going = [
        Outcome(
            one.code,
            Why.SHORTLISTED if total >= border else Why.NOT_SHORTLISTED,
            values,
            total,
            have=number,
            need=criteria.shortlist,
        )
        for number, (total, one, values) in enumerate(ranked, start=1)
    ]
    lacking = []
    for one in found:
        lack = _lack(one.figures, criteria)
        if lack is not None:
            why, have, need = lack
            lacking.append(Outcome(one.code, why, have=have, need=need))
    return going + lacking


def _by_figures(row: tuple[Fraction, Candidate, Mapping[Part, Fraction]]) -> Any:
    total, candidate, _values = row
    return -total, candidate.code


def _lack(figures: Figures, criteria: Criteria) -> tuple[Why, int, int] | None:
    for why, have, need in (
        (Why.FEW_CREDITS, figures.credits, criteria.least_credits),
        (Why.FEW_ANSWERS, figures.answers, criteria.least_answers),
        (Why.FEW_RATINGS, figures.ratings, criteria.least_ratings),
    ):
        if have < need:
            return why, have, need
    return None


def _measure(figures: Figures, most: int) -> dict[Part, Fraction]:
    kept = Fraction(figures.within_fen, figures.credited_fen) if figures.credited_fen else Fraction(0)
    if figures.timed:
        kept = (kept + Fraction(figures.in_time, figures.timed)) / 2
    return {
        Part.REACH: Fraction(figures.credited_entries, most) if most else Fraction(0),
        Part.APPROVAL: Fraction(figures.approvals, figures.answers) if figures.answers else Fraction(0),
        Part.PROMISE: kept,
        Part.SATISFACTION: Fraction(figures.rated_sum - figures.ratings, figures.ratings * (BEST_RATING - 1))
        if figures.ratings
        else Fraction(0),
    }


def _total(values: Mapping[Part, Fraction], criteria: Criteria, parts: Sequence[Part]) -> Fraction:
    return sum((criteria.weights.get(part, 0) * values[part] for part in parts), Fraction(0))


def decided(
    candidates: Iterable[Candidate],
    criteria: Criteria,
    ballots: Iterable[Ballot],
    struck: Mapping[str, str] | frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Answer the result: what became of each candidate, places first.

    The order of candidates and ballots does not matter. `struck` are products (codes) against which an appeal was upheld.
    """
    found = {one.code: one for one in candidates}
    before = shortlisted(found.values(), criteria)
    cast = list(ballots)
    able: list[Outcome] = []
    unable: list[Outcome] = []
    for outcome in before:
        if outcome.why is not Why.SHORTLISTED:
            unable.append(outcome)
            continue
        points = [ballot.points[outcome.code] for ballot in cast if outcome.code in ballot.points]
        jury = Fraction(sum(points), len(points) * MOST_POINTS) if points else Fraction(0)
        values = {**outcome.values, Part.JURY: jury}
        judged = replace(
            outcome,
            values=values,
            total=_total(values, criteria, tuple(Part)),
            ballots=len(points),
            have=0,
            need=0,
        )
        if outcome.code in struck:
            unable.append(replace(judged, why=Why.STRUCK))
        elif len(points) < criteria.least_ballots:
            unable.append(replace(judged, why=Why.FEW_BALLOTS, have=len(points), need=criteria.least_ballots))
        else:
            able.append(judged)
    able.sort(key=lambda one: _order(one, found[one.code]))
    return [*_chosen(able, found, criteria), *sorted(unable, key=_behind)]


def _behind(outcome: Outcome) -> Any:
    """Order what could not be chosen: first what the jury saw, then by total, last what lacked figures."""
    return outcome.why in OUT_BEFORE, outcome.total is None, -(outcome.total or 0), outcome.code


def _order(outcome: Outcome, candidate: Candidate) -> Any:
    assert outcome.total is not None, "it was measured"
    by = (Part.JURY, Part.SATISFACTION, Part.REACH)
    return -outcome.total, *(-outcome.values[part] for part in by), candidate.first_at, outcome.code


def _chosen(able: Sequence[Outcome], found: Mapping[str, Candidate], criteria: Criteria) -> list[Outcome]:
    taken: dict[str, int] = {}
    places, chosen = 0, list[Outcome]()
    for place, outcome in enumerate(able, start=1):
        bank = found[outcome.code].bank
        if places >= criteria.places:
            why, have, need = Why.BELOW, place, criteria.places
        elif criteria.most_per_bank and taken.get(bank, 0) >= criteria.most_per_bank:
            why, have, need = Why.BANK_FULL, taken[bank], criteria.most_per_bank
        else:
            why, have, need = Why.AWARDED, place, criteria.places
            places, taken[bank] = places + 1, taken.get(bank, 0) + 1
        chosen.append(replace(outcome, why=why, place=place, have=have, need=need))
    return chosen


_REASONS: Final[Mapping[Why, str]] = {
    Why.FEW_CREDITS: "授信{have}笔，少于公布的最低{need}笔。",
    Why.FEW_ANSWERS: "答复{have}次，少于公布的最低{need}次。",
    Why.FEW_RATINGS: "企业评价{have}份，少于公布的最低{need}份。",
    Why.NOT_SHORTLISTED: "按使用情况列第{have}位，入围{need}个。",
    Why.SHORTLISTED: "按使用情况列第{have}位，入围。",
    Why.FEW_BALLOTS: "有效评审票{have}张，少于公布的最低{need}张。",
    Why.STRUCK: "异议成立，不列入评选结果。",
    Why.BANK_FULL: "同一机构已有{have}个产品入选，达到上限。",
    Why.BELOW: "未进入前{need}名。",
    Why.AWARDED: "入选。",
}
_PLACED: Final = frozenset({Why.BANK_FULL, Why.BELOW, Why.AWARDED})


def reason_of(outcome: Outcome, criteria: Criteria) -> str:
    """Say in Chinese why a candidate is where it is; what is published of it."""
    said = _REASONS[outcome.why].format(have=outcome.have, need=outcome.need)
    return _scored(outcome, criteria) + said if outcome.why in _PLACED else said


def _scored(outcome: Outcome, criteria: Criteria) -> str:
    assert outcome.total is not None, "it was measured"
    parts = "、".join(
        f"{PART_LABELS[part]}{points_text(criteria.weights[part] * outcome.values[part])}/{criteria.weights[part]}"
        for part in Part
        if criteria.weights.get(part)
    )
    return f"总分{points_text(outcome.total)}（{parts}），列第{outcome.place}名，"
