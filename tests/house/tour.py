"""The README's tour: console blocks whose output is what the commands print.

A block marked `console` holds lines `$ command` and what came of them; a line `…` says that the rest is
left out. `python -m tests.house.tour` runs the commands on a fresh demonstration and writes the README.

Each command runs in a process of its own, as from a shell, but of one program that has loaded the
house already: loading it takes ten times as long as most commands take.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.kernel.settings import PROJECT_ROOT

README: Final = PROJECT_ROOT / "README.md"
LEFT_OUT: Final = "…"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


_LOADED: Final = """
import json, os, sys
from app.cli.root import main, tree

tree()
for line in sys.stdin:
    if (child := os.fork()) == 0:
        sys.argv = json.loads(line)
        with open("output.txt", "w") as output:
            os.dup2(output.fileno(), 1)
        main()
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Shell:
    """Runs commands on a database in a folder that is the shell's own."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output.txt"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RONGQIAO_")}
        environment["RONGQIAO_DATABASE_URL"] = f"sqlite+aiosqlite:///{folder / 'tour.db'}"
        self._loaded = subprocess.Popen(
            [sys.executable, "-c", _LOADED],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
        )  # fmt: skip

    def run(self, command: str) -> str:
        """Answer what a command prints; one that fails raises."""
        assert self._loaded.stdin is not None
        assert self._loaded.stdout is not None
        self._loaded.stdin.write(json.dumps(shlex.split(command)) + "\n")
        self._loaded.stdin.flush()
        status = int(self._loaded.stdout.readline())
        if status:
            raise subprocess.CalledProcessError(status, command)
        return self.output.read_text()

    def close(self) -> None:
        """End the program."""
        self._loaded.communicate()


@contextmanager
def prepared(folder: Path) -> Iterator[Shell]:
    """Seed the demonstration as `make run` does; give the shell in which to run the tour."""
    shell = Shell(folder)
    try:
        for command in ("rongqiao db upgrade", "rongqiao seed demo"):
            shell.run(command)
        yield shell
    finally:
        shell.close()


def with_real_output(readme: str, shell: Shell) -> str:
    """Answer the text with every console block's output replaced by what its commands print now."""
    return _BLOCK.sub(lambda block: _run_block(block[0], shell), readme)


def _run_block(block: str, shell: Shell) -> str:
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return "".join(
        f"$ {command}\n{_shown(shell.run(command), said)}"
        for command, said in zip(parts[::2], parts[1::2], strict=True)
    )


def _shown(output: str, said: str) -> str:
    lines, kept = output.splitlines(), said.splitlines()
    if LEFT_OUT in kept:
        lines = [*lines[: kept.index(LEFT_OUT)], LEFT_OUT]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def main() -> None:
    """Write the README with real output."""
    with tempfile.TemporaryDirectory() as folder, prepared(Path(folder)) as shell:
        README.write_text(with_real_output(README.read_text(), shell))


if __name__ == "__main__":
    main()
