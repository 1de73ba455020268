"""An outcome in Chinese sentences: for each participant, for each side, and for the alternative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from app.selection.market import Side
from app.selection.outcome import Difference, EmptyPlaces, Obtained, Outcome, SideSummary, Verdict

SIDE_LABELS: Final[Mapping[Side, str]] = {Side.CHAINS: "产业链", Side.BANKS: "银行"}
_COUNTED: Final[Mapping[Side, str]] = {Side.CHAINS: "条产业链", Side.BANKS: "家银行"}
_VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.BETTER: "按其自身排序更好",
    Verdict.WORSE: "按其自身排序更差",
    Verdict.SAME: "按其自身排序并无高下",
    Verdict.MIXED: "按其自身排序有好有差",
}


def about_participant(obtained: Obtained, side: Side, names: Mapping[str, str]) -> list[str]:
    """Say what a participant of a side got and why places stayed empty; `names` by code, else the code stands."""
    name, counted = _name(obtained.code, names), _COUNTED[side.other]
    before = f"（另有{obtained.contracts}{counted}签约有效，不参加本轮）" if obtained.contracts else ""
    if not obtained.places:
        return [f"{name}本轮没有可用名额{before}。"]
    said = f"{name}可选定{obtained.places}{counted}，选定{len(obtained.partners)}{counted[0]}{before}"
    if obtained.partners:
        listed = "、".join(
            f"{_name(one.code, names)}（第{one.rank}位{'，并列' if one.is_tied else ''}）"
            for one in obtained.partners
        )
        said += f"：{listed}；平均第{mean_text(sum(obtained.ranks), len(obtained.ranks))}位"
    said += "。"
    return [said, _about_empty(obtained, obtained.empty, side)] if obtained.empty else [said]


def _about_empty(obtained: Obtained, empty: EmptyPlaces, side: Side) -> str:
    """Say why places stayed empty."""
    counted = _COUNTED[side.other]
    if not obtained.acceptable:
        return f"{empty.places}个名额未用：没有可接受的{SIDE_LABELS[side.other]}。"
    left = obtained.acceptable - len(obtained.partners)
    if not left:
        return f"{empty.places}个名额未用：可接受的{obtained.acceptable}{counted}已全部选定。"
    reasons = (
        (empty.refused, "未接受它"),
        (empty.placeless, "没有可用名额"),
        (empty.preferred_others, "名额已满且所选排位都更靠前"),
        (empty.lost_tie, "名额已满，与末位并列而按并列规则未入选"),
        (empty.unexplained, "仍有余地（结果不稳定，须复核）"),
    )
    told = "，".join(f"{count}{counted[0]}{reason}" for count, reason in reasons if count)
    return f"{empty.places}个名额未用：其余可接受的{left}{counted}中，{told}。"


def about_sides(outcome: Outcome) -> list[str]:
    """Say how each side fared as chosen, and how it would have fared had the other side proposed."""
    rule = "并列按事先公布的规则排定先后，在按此次序成对稳定的全部结果中"
    best = f"对{SIDE_LABELS[outcome.proposing]}一方最有利，名额未用满者选定的对象在其中任一结果里都相同。"
    sentences = [f"本轮由{SIDE_LABELS[outcome.proposing]}一方先提名；{rule}{best}"]
    for side in Side:
        now, then = outcome.of(side).summary, outcome.other_of(side)
        sentences.append(
            f"{SIDE_LABELS[side]}{now.participants}个，可用名额{now.places}个，选定{now.pairs}对，{_mean(now)}；"
            f"{now.without_partner}个未选定任何对象。若改由{SIDE_LABELS[outcome.proposing.other]}一方先提名，"
            f"选定{then.pairs}对，{_mean(then)}。"
        )
    if not outcome.differences:
        sentences.append("无论由哪一方先提名，结果相同。")
    return sentences


def about_differences(outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    """Say for each participant whom the alternative touches what it would have changed."""
    return [_about_difference(one, outcome.proposing.other, names) for one in outcome.differences]


def _about_difference(one: Difference, proposing: Side, names: Mapping[str, str]) -> str:
    changes = [
        f"{verb}{'、'.join(_name(code, names) for code in codes)}"
        for verb, codes in (("增加", one.added), ("失去", one.taken))
        if codes
    ]
    ranks = f"位次由{_ranks(one.ranks)}变为{_ranks(one.other_ranks)}"
    return f"若改由{SIDE_LABELS[proposing]}一方先提名，{_name(one.code, names)}将{'、'.join(changes)}，{ranks}，{_VERDICTS[one.verdict]}。"


def _ranks(ranks: Iterable[int]) -> str:
    return "、".join(f"第{rank}" for rank in ranks) or "无"


def _mean(summary: SideSummary) -> str:
    return f"平均第{mean_text(summary.rank_sum, summary.pairs)}位" if summary.pairs else "没有位次"


def mean_text(total: int, count: int) -> str:
    """Answer a mean to one decimal, halves rounded up."""
    tenths = (20 * total + count) // (2 * count)
    return f"{tenths // 10}.{tenths % 10}"


def _name(code: str, names: Mapping[str, str]) -> str:
    return names.get(code, code)
