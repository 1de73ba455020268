"""The README's tour: console blocks whose output is what the commands print.

A block marked `console` holds lines `$ command` and what came of them; a line `…` says that the rest is
left out. `python -m tests.house.tour` runs the commands on a fresh demonstration and writes the README.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.kernel.settings import PROJECT_ROOT

README: Final = PROJECT_ROOT / "README.md"
LEFT_OUT: Final = "…"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def prepared(folder: Path) -> dict[str, str]:
    """Seed the demonstration as `make run` does; answer the environment in which to run the tour."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RONGQIAO_")}
    environment["RONGQIAO_DATABASE_URL"] = f"sqlite+aiosqlite:///{folder / 'tour.db'}"
    for command in ("rongqiao db upgrade", "rongqiao seed demo"):
        _output(command, environment)
    return environment


def with_real_output(readme: str, environment: Mapping[str, str]) -> str:
    """Answer the text with every console block's output replaced by what its commands print now."""
    return _BLOCK.sub(lambda block: _run_block(block[0], environment), readme)


def _run_block(block: str, environment: Mapping[str, str]) -> str:
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return "".join(
        f"$ {command}\n{_shown(_output(command, environment), said)}"
        for command, said in zip(parts[::2], parts[1::2], strict=True)
    )


def _shown(output: str, said: str) -> str:
    lines, kept = output.splitlines(), said.splitlines()
    if LEFT_OUT in kept:
        lines = [*lines[: kept.index(LEFT_OUT)], LEFT_OUT]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _output(command: str, environment: Mapping[str, str]) -> str:
    program, *words = shlex.split(command)
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *words],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
    )
    return done.stdout


def main() -> None:
    """Write the README with real output."""
    with tempfile.TemporaryDirectory() as folder:
        README.write_text(with_real_output(README.read_text(), prepared(Path(folder))))


if __name__ == "__main__":
    main()
