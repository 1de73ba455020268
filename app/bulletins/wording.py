"""How sentences of a bulletin are worded: templates around the numbers of one figure (pure).

No sentence says more than its figure: a comparison comes from two published percentages, a superlative
from all rows of a table.
"""

from collections.abc import Sequence
from decimal import Decimal

from app.bulletins.bulletin import Unit, shown
from app.bulletins.material import Group, Share, points
from app.kernel.money import yuan_text

MOST_NAMED = 3
"""So many places share a highest or lowest figure at most; more are not named."""


def wan(fen: int) -> str:
    """Answer an amount as the tables show it, with its unit."""
    return f"{shown(yuan_text(fen), Unit.YUAN)}万元"


def count(number: int) -> str:
    """Answer a number of entries with its unit."""
    return f"{number:,}户（个）"


def percent(share: Share) -> str:
    """Answer a share with numerator and denominator."""
    fraction = f"{share.part:,}/{share.whole:,}"
    return f"{share.percent}%（{fraction}）" if share.percent is not None else f"无从计算（{fraction}）"


def quoted(name: str) -> str:
    """Answer a name set apart from the number that follows it: names may end in one."""
    return f"“{name}”"


def compared(now: Share, before: Share) -> str:
    """Answer how a share moved since the month before; empty where it cannot be compared."""
    moved = points(now.percent, before.percent)
    if moved is None:
        return ""
    change = Decimal(moved)
    since = f"（上月{before.percent}%，{before.part:,}/{before.whole:,}）"
    if change == 0:
        return f"，较上月持平{since}"
    return f"，较上月{'上升' if change > 0 else '下降'}{abs(change)}个百分点{since}"


def extremes(rows: Sequence[Group]) -> str:
    """Answer a sentence that names who has the highest and the lowest coverage of some rows.

    It is empty when there are not two rows to compare, or when too many share both places.
    """
    rated = [(Decimal(row.figures.coverage.percent), row) for row in rows if row.figures.coverage.percent]
    shares = {share for share, _row in rated}
    if len(rated) <= 1:
        return ""
    if len(shares) == 1:
        return f"对接覆盖率均为{rated[0][1].figures.coverage.percent}%。"
    named = (("最高", max(shares)), ("最低", min(shares)))
    parts = [(label, [row for share, row in rated if share == most]) for label, most in named]
    told = [f"{label}的为{_named(found)}" for label, found in parts if len(found) <= MOST_NAMED]
    return f"对接覆盖率{'，'.join(told)}。" if told else ""


def _named(rows: Sequence[Group]) -> str:
    return "、".join(f"{quoted(row.name)}{percent(row.figures.coverage)}" for row in rows)


def month_name(month: str) -> str:
    """Answer a month `2023-11` as Chinese texts write it."""
    return f"{month[:4]}年{int(month[5:])}月"
