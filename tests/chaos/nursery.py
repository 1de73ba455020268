"""Where children come from: a process that has imported the whole application and forks for each command.

A child is a process of its own that runs `rongqiao` with its arguments and environment and dies by SIGKILL
like any other; it only saves the seconds that importing takes. Talks by lines of JSON: `python -m
tests.chaos.nursery` reads requests on standard input, and writes which child began and which ended.
"""

import json
import os
import select
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from tests.chaos import tampering

TICK_SECONDS = 0.01


def main() -> None:
    """Serve requests until standard input ends; then no child is left."""
    tampering.install()
    _import_everything()
    _tell({"ready": os.getpid()})
    children: set[int] = set()
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], TICK_SECONDS)
        if readable:
            line = sys.stdin.buffer.readline()
            if not line:
                break
            children.add(_bear(json.loads(line)))
        children -= _reap()
    for child in children:
        os.kill(child, 9)


def _import_everything() -> None:
    import app.main  # noqa: F401, PLC0415 - after the clock is exchanged
    from app.cli.root import tree  # noqa: PLC0415
    from app.kernel.settings import PROJECT_ROOT  # noqa: PLC0415
    from app.reference.book import load_reference_book  # noqa: PLC0415

    tree()
    tampering.let_queues_time_pass()
    load_reference_book(PROJECT_ROOT / "seed")


def _bear(wanted: dict[str, Any]) -> int:
    child = os.fork()
    if not child:
        _live(wanted)
    _tell({"began": child, "name": wanted["name"]})
    return child


def _live(wanted: dict[str, Any]) -> NoReturn:
    """Be `rongqiao`, and nothing else of what this process was."""
    out = os.open(wanted["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, out), (2, out)):
        os.dup2(source, target)
    os.environ.update(wanted["environment"])
    tampering.obey(Path(wanted["switchboard"]))
    sys.argv = ["rongqiao", *wanted["arguments"]]
    code = 1
    try:
        from app.cli.root import main as rongqiao  # noqa: PLC0415 - imported before the fork

        rongqiao()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter itself would tell it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _reap() -> set[int]:
    ended = set[int]()
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not child:
            return ended
        ended.add(child)
        _tell({"ended": child, "code": os.waitstatus_to_exitcode(status)})


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
