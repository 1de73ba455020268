"""Files that somebody asked for: all of it under its name, or what stood there, and no piece of anything."""

import os
import tempfile
import threading
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest

from app.kernel.errors import Refused, RongqiaoError, Unavailable
from app.kernel.files import whole_file
from app.kernel.workbook_making import new_workbook
from tests.full_disk import full_disk

LONG = "a thousand letters " * 1_000


def write(file: Path, text: str) -> None:
    with whole_file(file) as draft:
        draft.write_text(text)


def refused(file: Path, text: str = "new") -> RongqiaoError:
    with pytest.raises(RongqiaoError) as told:
        write(file, text)
    assert [fault.where for fault in told.value.faults] == [str(file)]
    return told.value


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    file, link = tmp_path / "a.txt", tmp_path / "link.txt"
    write(file, "first")
    file.chmod(0o640)
    link.symlink_to(file)
    write(link, "second")
    assert (file.read_text(), file.stat().st_mode & 0o777, link.is_symlink()) == ("second", 0o640, True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt", "link.txt"]


def test_without_room_the_older_file_stays_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write(file, "first")
    with full_disk():
        told = refused(file, LONG)
    assert isinstance(told, Unavailable)
    assert (told.faults[0].message, "Make room" in told.faults[0].remedy) == ("File too large", True)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.txt", "first")]


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    places = [tmp_path / "none" / "a.txt", tmp_path / "taken", tmp_path / "file" / "a.txt"]
    told = [refused(place) for place in places]
    assert [type(one) for one in told] == [Refused] * 3
    assert [one.faults[0].message for one in told] == [
        "No such file or directory", "Is a directory", "Not a directory",
    ]  # fmt: skip


def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    def fail(draft: Path) -> None:
        draft.write_text("half")
        raise KeyError(draft.name)

    with pytest.raises(KeyError), whole_file(tmp_path / "a.txt") as draft:
        fail(draft)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_takes_what_comes(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(pipe, "through")
    reader.join()
    assert (got, pipe.is_fifo()) == (["through"], True)


@pytest.mark.parametrize("is_full_from", ["the start", "the end"])
def test_a_workbook_without_room_is_an_error_of_the_system_and_leaves_no_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_full_from: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = BytesIO()

    def make(full: ExitStack) -> None:
        with new_workbook(target, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("名单")
            if is_full_from == "the start":
                full.enter_context(full_disk())
            for row in range(2_000):
                sheet.write_string(row, 0, LONG[: row % 90 + 1])
            if is_full_from == "the end":
                full.enter_context(full_disk(32 * 1024))

    with ExitStack() as full, pytest.raises(OSError, match="File too large"):
        make(full)
    assert (list(tmp_path.iterdir()), target.getvalue()) == ([], b"")
