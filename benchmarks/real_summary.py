"""Prints what the run on real names came to."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

STORY: Final = (
    "Real names, codes, places and scopes of manufacturers and bank branches; "
    "needs, product terms, capacities and docking are generated with seed {seed}."
)
_MOST_FAULTS: Final = 8


def show(summary: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the summary of a run as tables."""
    screen = console or Console(width=120)
    counts, match, last = summary["roster"], summary["match"], summary["assignments"]["last"]
    check, objective = summary["check"], summary["objective"]
    rows = [
        ("firms taken", summary["firms"]["taken"]),
        ("left out", _listed(summary["firms"]["left out"])),
        ("places told by", _listed(summary["places told by"])),
        ("industry told to", _listed(summary["industry told to"])),
        ("institutions", _listed(summary["institutions"])),
        ("rows / with faults", f"{counts['rows']} / {counts['faulty']}"),
        (
            "entries admitted / review / refused",
            f"{counts['admitted']} / {counts['review']} / {counts['refused']}",
        ),
        ("review queue", _listed(summary["review queue"])),
        (
            "products / pairs / eligible pairs",
            f"{match['products']} / {match['pairs']} / {match['eligible_pairs']}",
        ),
        ("needs without a product", match["without_product"]),
        ("… by class", _listed(summary["without product, by route"])),
        ("served entries", objective["served"]),
        ("kinds of assignment", _listed({kind: last[kind] for kind in ("matched", "routed", "coordinator")})),
        ("mean fit", objective["mean_fit"]),
        (
            "optimality gap",
            f"{check['optimality_gap']} (checked: {'sound' if check['is_sound'] else 'NOT SOUND'})",
        ),
        ("simulated docking events", _listed(summary["docking events"])),
        *((name, _loop_text(value)) for name, value in summary["loop"].items()),
        *((name, _loop_text(value)) for name, value in summary["issued"].items()),
        ("peak memory", f"{summary['peak memory MiB']} MiB"),
    ]
    screen.print(_table("From roster to coverage", ("", ""), rows))
    for fault in summary["faults"][:_MOST_FAULTS]:
        screen.print(f"  row refused: {fault}", highlight=False)
    screen.print(_coverage(summary["coverage"]))
    heads = ("month", *next(iter(summary["levels"].values())), "contacted, restated")
    screen.print(_table("Levels, as closed", heads, [
        (month, *levels.values(), summary["restated"][month]) for month, levels in summary["levels"].items()
    ]))  # fmt: skip
    screen.print(_table("Seconds by stage", ("stage", "s"), list(summary["seconds"].items())))


def _coverage(months: Mapping[str, Mapping[str, Sequence[int]]]) -> Table:
    cities = dict.fromkeys(city for found in months.values() for city in found)
    rows = [(city, *(_ratio(found.get(city)) for found in months.values())) for city in cities]
    return _table("Coverage (contacted / entries)", ("", *months), rows)


def _ratio(covered: Sequence[int] | None) -> str:
    if covered is None or not covered[1]:
        return ""
    return f"{covered[0]}/{covered[1]} {100 * covered[0] / covered[1]:.1f}%"


def _listed(counts: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1]) if count
    )


def _loop_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return _listed(value)
    if isinstance(value, list):
        return "; ".join(f"{name}: {taken} taken, p50 {p50}, p90 {p90}" for name, taken, p50, p90 in value)
    return str(value)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    return table
