"""Workbooks that are written: what hinders it is an error of the system's own kind, and no piece stays behind."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError


class _Made(BytesIO):
    """The archive: xlsxwriter leaves it open when it fails, and whoever collects it closes it after its bytes are gone."""

    def close(self) -> None:
        """Stay readable to the last."""


@contextmanager
def new_workbook(target: str | IO[bytes], options: dict[str, Any]) -> Iterator[xlsxwriter.Workbook]:
    """Write a workbook (`options` as of xlsxwriter); nothing comes to the target before all of it is made.

    Raises:
        OSError: it, or a piece of it on disk, cannot be written.
    """
    made = _Made()
    with TemporaryDirectory() as pieces:
        book = xlsxwriter.Workbook(made, {**options, "tmpdir": pieces})
        try:
            yield book
            book.close()
        except FileCreateError as error:
            [cause] = error.args
            raise cause from error
        finally:
            _let_go(book)
    if isinstance(target, str):
        Path(target).write_bytes(made.getbuffer())
    else:
        target.write(made.getbuffer())


def _let_go(book: Any) -> None:
    """Close the files of sheets that were not made to their end."""
    for sheet in book.worksheets():
        for file in (sheet.fh, sheet.row_data_fh):
            if file is not None:
                with suppress(OSError):
                    file.close()
