"""`python -m tests.chaos`: kill and break it for a while, over both databases; print what came of it.

`--minutes N` (or CHAOS_MINUTES) bounds the time, `--seed N` draws other mischief, `--only sqlite/http/3` repeats one walk,
`--only sqlite/http/3/allocate` one step of it. Exit status 1 if anything was lost, doubled or changed.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests.chaos.children import Nursery
from tests.chaos.stores import SqliteStore, Store, own_postgres
from tests.chaos.table import show
from tests.chaos.walks import MANNERS, Finding, Lane, Reference, Report
from tests.chaos.world import make_world
from tests.notifications.servers import mailing, receiving

ENTRIES = 100
STORES = ("sqlite", "postgresql")


def main() -> int:
    """Run the harness."""
    wanted = _wanted()
    report, began = Report(), time.monotonic()
    until = began + wanted.minutes * 60
    only = wanted.only.split("/") if wanted.only else []
    stores = [one for one in STORES if not only or only[0] == one]
    with tempfile.TemporaryDirectory(prefix="chaos", ignore_cleanup_errors=True) as folder:
        threads = [
            threading.Thread(target=_lane, args=(name, Path(folder) / name, wanted, only[1:], until, report))
            for name in stores
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    show(report, wanted.seed, time.monotonic() - began)
    return 1 if report.findings else 0


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    minutes = float(os.environ.get("CHAOS_MINUTES", "5"))
    parser.add_argument(
        "--minutes", type=float, default=minutes, help="how long (default: CHAOS_MINUTES, or 5)"
    )
    parser.add_argument("--seed", type=int, default=2023, help="what is drawn")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="firms on the roster")
    parser.add_argument(
        "--only", default="", help="STORE[/DOOR[/WALK[/STEP]]], such as postgresql/http/3/allocate"
    )
    return parser.parse_args()


def _lane(
    name: str, folder: Path, wanted: argparse.Namespace, only: list[str], until: float, report: Report
) -> None:
    """Walk over one database until the time is over; whatever stops it is a finding."""
    try:
        folder.mkdir()
        with ExitStack() as stack:
            receiver, mails = stack.enter_context(receiving()), stack.enter_context(mailing())
            store: Store = (
                SqliteStore(folder) if name == "sqlite" else stack.enter_context(own_postgres(folder))
            )
            nursery = stack.enter_context(Nursery(folder))
            world = make_world(store, folder, entries=wanted.entries, hook=receiver.url, mail_port=mails.port)
            _walks(Lane(world, nursery, folder, receiver, mails, wanted.seed, report), only, until)
    except Exception:  # noqa: BLE001 - a harness that breaks has shown nothing
        report.findings.append(Finding(name, traceback.format_exc()[-3000:]))


def _walks(lane: Lane, only: list[str], until: float) -> None:
    doors = [one for one in MANNERS if not only or only[0] == one]
    references: dict[str, Reference] = {}
    numbers = [int(only[1])] if len(only) > 1 else count(1)
    step = only[2] if len(only) > 2 else None
    for number in numbers:
        for door in doors:
            if time.monotonic() > until and references:
                return
            if door not in references:
                references[door] = lane.reference(door)
            lane.disturbed(door, number, references[door], only=step)


if __name__ == "__main__":
    sys.exit(main())
