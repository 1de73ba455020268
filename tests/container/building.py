"""Carries a Dockerfile's steps out below a folder, without an engine: its paths are put below that folder.

What installs Debian's packages is left out, and said: it would change this machine. Everything else is done as it
is written: the environment from the lock by hashes, the copies, the launcher, the compiled program.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kernel.settings import PROJECT_ROOT
from tests.container.dockerfile import Instruction, Stage

OURS: Final = re.compile(r"(?<![\w.])(/opt/venv|/opt/rongqiao|/data)\b")
LEFT_OUT: Final = "apt-get"
PYTHON: Final = re.compile(r"(?<![\w./])python(?= -m )")
OWNED: Final = re.compile(r" -o \d+ -g \d+")
UNCOPIED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


class StepFailedError(Exception):
    """A step of the Dockerfile failed; says which, and what it printed."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The folder that stands for the image's `/`."""

    root: Path

    def moved(self, text: str) -> str:
        """Answer a text with the image's paths put below the root."""
        return OURS.sub(lambda found: f"{self.root}{found[1]}", text)

    def at(self, path: str) -> Path:
        """Answer where a path of the image is."""
        return self.root / path.removeprefix("/")


def reachable_python(user: str) -> Path:
    """Answer a Python that the image's user may run too: one below root's home would not do.

    Raises:
        StepFailedError: there is none of a version that the project takes.
    """
    here, number = Path(os.path.realpath(sys.executable)), int(user.partition(":")[0])
    others = (shutil.which(f"python3.{minor}", path="/usr/local/bin:/usr/bin") for minor in (11, 12, 13))
    for found in (here, *(Path(other) for other in others if other)):
        command = [str(found), "-c", "import ensurepip, venv"]
        try:
            asked = {"user": number} if os.geteuid() == 0 else {}
            subprocess.run(command, check=True, capture_output=True, cwd="/", **asked)  # type: ignore[call-overload]  # one option more or less
        except (OSError, subprocess.CalledProcessError):
            continue
        return found
    raise StepFailedError(f"no python that user {number} may run, with venv and ensurepip")


def build(stage: Stage, tree: Tree, python: Path) -> Iterator[str]:
    """Carry out the steps of a stage with a `python`; answer what was done, step by step.

    Raises:
        StepFailedError: naming the step.
    """
    folder = tree.root
    for one in stage.instructions:
        if one.keyword == "WORKDIR":
            folder = tree.at(one.rest)
            folder.mkdir(parents=True, exist_ok=True)
        elif one.keyword == "COPY":
            _copy(one, folder)
        elif one.keyword == "RUN" and LEFT_OUT in one.rest:
            yield f"line {one.line}: left out: {one.rest}"
            continue
        elif one.keyword == "RUN":
            _run(tree.moved(one.rest), folder, python)
        yield f"line {one.line}: {one.keyword} {one.rest.split(' && ')[0][:100]}"


def _copy(one: Instruction, folder: Path) -> None:
    *sources, target = one.rest.split()
    for source in sources:
        found = PROJECT_ROOT / source
        if found.is_dir():
            shutil.copytree(found, folder / target, ignore=UNCOPIED)
        else:
            shutil.copy(found, folder / target)


def _run(command: str, folder: Path, python: Path) -> None:
    # Who is not root cannot give files to somebody else.
    command = command if os.geteuid() == 0 else OWNED.sub("", command)
    command = PYTHON.sub(str(python), command)
    done = subprocess.run(
        ["/bin/sh", "-euc", command],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise StepFailedError(f"{command}\n{done.stdout}")


@dataclass(frozen=True, slots=True)
class Confinement:
    """How the program runs: as the image's user, and unable to write but where it may."""

    tree: Tree
    user: str

    @property
    def writable(self) -> Sequence[Path]:
        """Answer the folders that stand for /data and /tmp."""
        return self.tree.at("/data"), self.tree.at("/tmp")  # noqa: S108 - below the root of the tree

    @property
    def is_whole(self) -> bool:
        """Tell whether this machine can confine wholly: root, with unshare and setpriv."""
        return os.geteuid() == 0 and bool(shutil.which("unshare")) and bool(shutil.which("setpriv"))

    def prepare(self) -> str:
        """Make what stands for /tmp, and answer in words how the program will be confined."""
        data, tmp = self.writable
        tmp.mkdir(mode=0o1777, exist_ok=True)
        tmp.chmod(0o1777)
        if self.is_whole:
            return f"user {self.user} without capabilities, / read-only but for {data.name} and {tmp.name} (tmpfs)"
        for path in (self.tree.at("/opt"), *self.tree.at("/opt").rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        return "the user who runs this, the program's tree without write permissions (root could do more)"

    def around(self, command: Sequence[str]) -> list[str]:
        """Answer a command within the confinement."""
        if not self.is_whole:
            return list(command)
        data, tmp = self.writable
        uid, gid = self.user.split(":")
        script = (
            'mount --bind "$1" "$1"; mount -t tmpfs -o mode=1777,size=512m tmpfs "$2"; mount -o remount,bind,ro /; '
            f"shift 2; exec setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs --bounding-set=-all "
            '--inh-caps=-all "$@"'
        )
        return [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "/bin/sh",
            "-euc",
            script,
            "sh",
            str(data),
            str(tmp),
            *command,
        ]
