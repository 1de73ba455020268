"""A backup: a zip with the canonical lines of each table (`tables/NAME.jsonl`) and `manifest.json`, written last.

Whoever has `unzip` and `sha256sum` can check one by hand: the manifest states for each table its columns,
rows, bytes and the SHA-256 of its file. Writing goes to a temporary name, and the file takes its own name only
when it is whole. Reading believes nothing: what a header claims is bounded and counted while it unpacks, and
all of it is checked before anything of it is used. It holds all that the database holds, password hashes and
contacts too, and is readable by its owner only.
"""

import errno
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, Self

from app.kernel.errors import Fault, Refused
from app.upkeep.rows import KINDS, BadValue, Lines, Row, TableShape, decoded, encoded, plain

FORMAT: Final = "rongqiao-backup/1"
MANIFEST: Final = "manifest.json"
MIB: Final = 1024 * 1024
MOST_MANIFEST_BYTES: Final = 4 * MIB
MOST_LINE_BYTES: Final = 512 * MIB
MOST_TABLES: Final = 500
MOST_TIMES_SMALLER: Final = 400
"""A table of rows that hardly differ shrinks fifty-fold; a bomb, a thousand-fold."""
ROWS_AT_ONCE: Final = 1_000
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Part:
    """One table of an archive: its shape, and what its lines come to."""

    shape: TableShape
    rows: int
    size: int
    sha256: str

    @property
    def file(self) -> str:
        """Answer the name of its file in the archive."""
        return f"tables/{self.shape.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself; parts stand in the order in which they can be restored."""

    revision: str
    jurisdiction: str
    taken_at: datetime
    database: str
    parts: tuple[Part, ...]

    def as_json(self) -> dict[str, Any]:
        """Answer the manifest as JSON members."""
        parts = [
            {
                "table": part.shape.name,
                "columns": [list(column) for column in part.shape.columns],
                "key": list(part.shape.key),
                "rows": part.rows,
                "bytes": part.size,
                "sha256": part.sha256,
            }
            for part in self.parts
        ]
        head = {name: value for name, value in asdict(self).items() if name != "parts"}
        return {"format": FORMAT, **head, "taken_at": self.taken_at.isoformat(), "tables": parts}

    @classmethod
    def of_json(cls, stated: Any) -> Self:
        """Read a manifest; whatever is not one is a ValueError, KeyError or TypeError."""
        if stated["format"] != FORMAT:
            raise ValueError(f"format {stated['format']!r}, not {FORMAT}")
        parts = tuple(_part(table) for table in stated["tables"])
        if len({part.shape.name for part in parts}) != len(parts) or len(parts) > MOST_TABLES:
            raise ValueError("tables that stand twice, or too many")
        return cls(
            revision=str(stated["revision"]),
            jurisdiction=str(stated["jurisdiction"]),
            taken_at=datetime.fromisoformat(stated["taken_at"]),
            database=str(stated["database"]),
            parts=parts,
        )


def _part(stated: Any) -> Part:
    columns = tuple((str(name), kind) for name, kind in stated["columns"])
    if any(kind not in KINDS for _, kind in columns) or not str(stated["table"]).isidentifier():
        raise ValueError(f"table {stated['table']!r}")
    shape = TableShape(str(stated["table"]), columns, tuple(map(str, stated["key"])))
    if not shape.key or not set(shape.key) <= set(shape.names):
        raise ValueError(f"key of table {shape.name}")
    return Part(shape, int(stated["rows"]), int(stated["bytes"]), str(stated["sha256"]))


class ArchiveWriter:
    """Writes tables, one after the other, into an archive that is not yet there."""

    def __init__(self, zipped: zipfile.ZipFile, taken_at: datetime) -> None:
        self._zip, self._taken_at = zipped, taken_at
        self.parts: list[Part] = []

    @contextmanager
    def table(self, shape: TableShape) -> Iterator["TableWriter"]:
        """Open the file of a table; its rows are written in the order of their key."""
        lines = Lines()
        with self._zip.open(self._info(Part(shape, 0, 0, "").file), "w", force_zip64=True) as out:
            yield TableWriter(shape, out, lines)
        self.parts.append(Part(shape, lines.rows, lines.size, lines.sha256))

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which makes an archive of it."""
        text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1)
        self._zip.writestr(self._info(MANIFEST), text)

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._taken_at.timetuple()[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        return info


class TableWriter:
    """Writes the rows of one table."""

    def __init__(self, shape: TableShape, out: IO[bytes], lines: Lines) -> None:
        self._shape, self._out, self._lines = shape, out, lines

    def write(self, rows: Sequence[Row]) -> None:
        """Write the next rows."""
        piece = encoded(self._shape, plain(self._shape, rows))
        self._lines.take(piece, len(rows))
        self._out.write(piece)


@contextmanager
def new_archive(file: Path, taken_at: datetime) -> Iterator[ArchiveWriter]:
    """Write an archive that takes its name when all of it is on the disk; nothing of it stays otherwise.

    Raises:
        Refused: there is a file of that name, none can be written there, or the disk is full.
    """
    if file.exists() or file.is_symlink():
        raise _exists(file)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    except OSError as error:
        raise _unwritable(file, error) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as zipped:
                yield ArchiveWriter(zipped, taken_at)
            out.flush()
            os.fsync(out.fileno())
        _take_name(draft, file)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise _unwritable(file, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _take_name(draft: Path, file: Path) -> None:
    try:
        file.hardlink_to(draft)  # refuses, where a rename would overwrite, what came meanwhile
    except FileExistsError as error:
        raise _exists(file) from error
    except OSError:  # a file system without second names
        draft.replace(file)


def _exists(file: Path) -> Refused:
    fault = Fault(str(file), "there is a file of that name", "Choose another name: no backup is overwritten.")
    return Refused("No backup was made.", [fault])


def _unwritable(file: Path, error: OSError) -> Refused:
    fault = Fault(str(file), error.strerror or "cannot be written", "Name a place that can be written to.")
    return Refused("No backup was made.", [fault])


class Archive:
    """An archive that was opened to be read, its manifest believed only as far as `faults` finds it true."""

    def __init__(self, zipped: zipfile.ZipFile, manifest: Manifest, name: str) -> None:
        self._zip, self.manifest, self._name = zipped, manifest, name

    def faults(self, progress: Any = None) -> Iterator[Fault]:
        """Read all of it and answer what is wrong with it, table by table; nothing when it is whole."""
        for number, part in enumerate(self.manifest.parts):
            if progress is not None:
                progress(number, len(self.manifest.parts))
            try:
                for _rows in self.batches(part):
                    pass
            except Refused as error:
                yield from error.faults

    def batches(self, part: Part) -> Iterator[list[list[Any]]]:
        """Yield the rows of a table, some thousand at a time, counted and hashed while they pass.

        Raises:
            Refused: damaged, altered, or not what the manifest states; told at the latest after the last rows.
        """
        lines, batch = Lines(), []
        try:
            for line in self._lines(part):
                lines.take(line, 1)
                batch.append(decoded(part.shape, line))
                if len(batch) == ROWS_AT_ONCE:
                    yield batch
                    batch = []
        except (*_DAMAGE, BadValue) as error:
            raise self._refusal(part.file, f"damaged: {error or type(error).__name__}") from error
        if (lines.rows, lines.size, lines.sha256) != (part.rows, part.size, part.sha256):
            found = f"{lines.rows} rows, {lines.size} bytes, SHA-256 {lines.sha256}"
            stated = f"{part.rows} rows, {part.size} bytes, SHA-256 {part.sha256}"
            raise self._refusal(part.file, f"it holds {found}; the manifest states {stated}")
        if batch:
            yield batch

    def _lines(self, part: Part) -> Iterator[bytes]:
        seen = 0
        with self._zip.open(part.file) as stream:
            while line := stream.readline(MOST_LINE_BYTES):
                seen += len(line)
                if seen > part.size or not line.endswith(b"\n"):
                    raise BadValue("longer than the manifest states, or a line that does not end")
                yield line

    def _refusal(self, where: str, message: str) -> Refused:
        return refusal(f"{self._name}: {where}", message)


def refusal(where: str, message: str) -> Refused:
    """Make the refusal of an archive."""
    fault = Fault(where, message, "Take another backup: this one was damaged or altered, or is none.")
    return Refused("The backup cannot be used; nothing was changed.", [fault])


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """Open an archive; its manifest is read, and its files are as many and as large as can be.

    Raises:
        Refused: no backup, one of another format, or one that would unpack to more than it can hold.
    """
    try:
        zipped = zipfile.ZipFile(file)
    except (*_DAMAGE, ValueError) as error:
        raise refusal(file.name, f"no backup, or cut off: {error}") from error
    with zipped:
        yield Archive(zipped, _manifest(zipped, file), file.name)


def _manifest(zipped: zipfile.ZipFile, file: Path) -> Manifest:
    infos = zipped.infolist()
    if len(infos) > MOST_TABLES + 1 or len({info.filename for info in infos}) != len(infos):
        raise refusal(file.name, "too many files in it, or some that stand twice")
    if sum(info.compress_size for info in infos) > file.stat().st_size:
        raise refusal(file.name, "files in it that overlap")
    for info in infos:
        most = MOST_MANIFEST_BYTES if info.filename == MANIFEST else info.compress_size * MOST_TIMES_SMALLER
        if info.file_size > most + MIB:
            raise refusal(f"{file.name}: {info.filename}", f"would unpack to {info.file_size // MIB} MiB")
    try:
        manifest = Manifest.of_json(json.loads(zipped.read(MANIFEST)))
    except (*_DAMAGE, ValueError, KeyError, TypeError, RecursionError) as error:
        raise refusal(f"{file.name}: {MANIFEST}", f"no manifest of a backup: {error}") from error
    expected = {part.file for part in manifest.parts} | {MANIFEST}
    if {info.filename for info in infos} != expected:
        raise refusal(file.name, "other files in it than its manifest states")
    return manifest
