"""All benchmarks, each in a process of its own (peak memory is the process's), printed as tables.

    python -m benchmarks [NAME ...] [--quick] [--write]

Every benchmark measures its peers in the same run and asserts that all sides give the same answer.
`--write` keeps the tables as docs/benchmarks.md with the machine described; of named benchmarks only their own.
"""

import argparse
import gc
import importlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.cli.edge import show_refusal
from app.kernel.errors import RongqiaoError
from app.kernel.memory import relax_collection

NAMES = (
    "matching",
    "matching_database",
    "plan_effect",
    "national",
    "membership",
    "allocation",
    "selection",
    "timetable",
    "name_resolution",
    "core_lists",
    "roster_import",
    "coverage_figures",
    "month_close",
    "clocks",
    "authentication",
    "storage",
    "pages",
    "load",
)
ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "benchmarks.md"
Row = dict[str, Any]


def _measured(name: str, *, quick: bool) -> list[Row] | None:
    """Answer its rows, or None when it failed and has said why."""
    command = [sys.executable, "-m", "benchmarks", name, "--rows"] + (["--quick"] if quick else [])
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return None
    rows: list[Row] = json.loads(done.stdout.splitlines()[-1])
    return rows


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _table(rows: list[Row]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(row.get(column, "")) for column in columns] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB memory, {system}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="leave out for all")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it runs")
    parser.add_argument("--write", action="store_true", help="keep the tables as docs/benchmarks.md")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.rows:
        _print_rows(asked.names[0], quick=asked.quick)
        return
    text, failed = f"# Benchmarks\n\nThe last run of `make bench`: {_machine()}.\n", []
    print(text)
    for name in asked.names or NAMES:
        rows = _measured(name, quick=asked.quick)
        failed += [name] if rows is None else []
        section = f"\n## {name}\n\n{_story(name)}\n\n{_table(rows) if rows else 'Did not run.'}\n"
        print(section, flush=True)
        text += section
    if failed:
        sys.exit(f"did not run: {', '.join(failed)}; nothing was written")
    if asked.write:
        kept = DOCUMENT.read_text(encoding="utf-8") if asked.names else ""
        DOCUMENT.write_text(_merged(kept, text), encoding="utf-8")


def _merged(kept: str, written: str) -> str:
    """Answer what was written, and of the document that is kept the sections that were not measured again."""
    old, new = _sections(kept), _sections(written)
    return new[""] + "".join(new.get(name, old.get(name, "")) for name in NAMES)


def _sections(text: str) -> dict[str, str]:
    head, *parts = re.split(r"^(?=\n## )", text, flags=re.MULTILINE)
    return {"": head} | {part.split("\n")[1].removeprefix("## "): part for part in parts}


def _story(name: str) -> str:
    module = importlib.import_module(f"benchmarks.{name}")
    return (module.__doc__ or name).strip().splitlines()[0]


def _print_rows(name: str, *, quick: bool) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    relax_collection()  # as the server and the commands do
    try:
        rows = module.run(quick=quick)
    except RongqiaoError as error:
        show_refusal(error)
        sys.exit(1)
    print(json.dumps(rows, ensure_ascii=False, default=float))
    gc.unfreeze()  # else a peer complains of what is left at the end


if __name__ == "__main__":
    main()
