"""What the harness prints: kills survived by step and process, faults by kind, differences, and how to repeat a case."""

from collections import Counter
from itertools import groupby

from rich.console import Console
from rich.table import Table

from tests.chaos.walks import Report

WIDTH = 110
MOST_FINDINGS = 6
"""Of each sort in a case: a row that is lost shows beside what came in its place."""
MOST_CHARACTERS = 700


def show(report: Report, seed: int, seconds: float) -> None:
    """Print a report."""
    screen = Console(width=WIDTH)
    kills = [case for case in report.cases if case.kind.startswith("SIGKILL")]
    faults = [case for case in report.cases if not case.kind.startswith("SIGKILL")]
    screen.print(_kills(Counter((case.step, f"{case.store} {case.role}") for case in kills)))
    screen.print(_faults(Counter((case.kind, case.store) for case in faults)))
    for where, findings in groupby(report.findings, lambda one: one.where):
        told = [one.what for one in findings]
        screen.print(f"[bold red]{where}[/bold red]: {len(told)}", highlight=False)
        lost = [one for one in told if " lost: " in one]
        others = [one for one in told if " lost: " not in one]
        for what in (*lost[:MOST_FINDINGS], *others[:MOST_FINDINGS]):
            told_of = what if what.startswith("Traceback") else what[:MOST_CHARACTERS]
            screen.print(f"  {told_of}", markup=False, highlight=False, soft_wrap=True)
    screen.print(
        f"{report.walks} disturbed walks in {seconds:.0f} s: kills survived {len(kills)}, faults injected {len(faults)}, "
        f"messages repeated under their id {report.repetitions}, differences found {len(report.findings)}",
        highlight=False,
    )
    where = report.findings[0].where if report.findings else "postgresql/http/1/allocate"
    screen.print(
        f"seed {seed}; repeat one: python -m tests.chaos --seed {seed} --only {where}", highlight=False
    )


def _kills(counts: Counter[tuple[str, str]]) -> Table:
    return _table("SIGKILLs survived, by step and process", "step", counts)


def _faults(counts: Counter[tuple[str, str]]) -> Table:
    return _table("Other faults injected", "fault", counts)


def _table(title: str, head: str, counts: Counter[tuple[str, str]]) -> Table:
    table = Table(title=title, title_justify="left", min_width=60)
    columns = sorted({column for _row, column in counts})
    table.add_column(head)
    for column in (*columns, "all"):
        table.add_column(column, justify="right")
    for row in dict.fromkeys(row for row, _column in counts):
        numbers = [counts[row, column] for column in columns]
        table.add_row(row, *(str(number or "") for number in numbers), str(sum(numbers)))
    return table
