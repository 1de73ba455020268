"""Files that somebody asked for: whole under their name or not there, and what hinders them is said."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kernel.errors import Fault, Refused, RongqiaoError, Unavailable
from app.kernel.troubles import Trouble, trouble_of


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """Write to the path that is answered; it takes the file's name, in the place of an older one, when all of it is on the disk.

    Raises:
        Unavailable: there is no room for it.
        Refused: it cannot be written for another reason; what stood under its name is as it was.
    """
    try:
        goal = file.resolve()  # a link stays one
        if goal.exists() and not goal.is_file():
            yield goal  # a pipe, or a device: it takes what comes
        else:
            with _draft_of(goal) as draft:
                yield draft
    except OSError as error:
        if trouble_of(error) not in {None, Trouble.FULL}:
            raise  # of a database that was read meanwhile
        raise _unwritable(file, error) from error


@contextmanager
def _draft_of(goal: Path) -> Iterator[Path]:
    draft = goal.with_name(f".{secrets.token_hex(4)}.part")
    try:
        yield draft
        _take_name(draft, goal)
    finally:
        draft.unlink(missing_ok=True)


def _take_name(draft: Path, goal: Path) -> None:
    with draft.open("rb+") as written:
        os.fsync(written.fileno())  # a full disk may show only now
    if goal.exists():
        draft.chmod(goal.stat().st_mode)
    draft.replace(goal)


def _unwritable(file: Path, error: OSError) -> RongqiaoError:
    reason, detail = error.strerror or "cannot be written", "The file cannot be written."
    if trouble_of(error) is Trouble.FULL:
        remedy = "Make room there and in the folder of temporary files, or choose another place."
        return Unavailable(detail, [Fault(str(file), reason, remedy)])
    return Refused(detail, [Fault(str(file), reason, "Choose another place.")])


def make_folder(folder: Path) -> None:
    """Create the folder of a database unless it is there.

    Raises:
        Unavailable: it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "cannot be created"
        fault = Fault(str(folder), reason, "Name a file in a folder that can be written to.")
        raise Unavailable("The folder of the database cannot be created.", [fault]) from error
