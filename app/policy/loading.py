"""Packs from `seed/policies/<jurisdiction>/<pack>.yaml`; refused as a whole with every fault of every file."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from app.kernel.errors import Fault, Refused
from app.policy.agreement import PlacedPack, agreement_faults
from app.policy.pack_file import read_pack_file
from app.policy.pack_reader import PackReader
from app.policy.packs import PolicyLibrary
from app.policy.yaml_lines import placed, read_yaml
from app.reference.book import ReferenceBook, load_reference_book

FOLDER = "policies"
MOST_FILE_BYTES = 1_000_000
MOST_FILES = 500


@lru_cache(maxsize=4)
def load_policy_library(seed_dir: Path) -> PolicyLibrary:
    """Read every pack once for the life of the process.

    Raises:
        Refused: naming all faults of all files as "230000/pack.yaml:12 rules[0].when", or those of the
            reference tables that the packs are held to.
    """
    book = load_reference_book(seed_dir)
    faults: list[Fault] = []
    found: list[PlacedPack] = []
    digest = hashlib.sha256()
    for path in _pack_files(seed_dir / FOLDER, faults):
        name = f"{path.parent.name}/{path.name}"
        content = _read_file(path, name, faults)
        if content is None:
            continue
        digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
        pack = read_pack(content, path.parent.name, path.name, book, faults)
        found.extend([pack] if pack is not None else [])
    faults.extend(agreement_faults(found))
    if faults:
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise Refused(f"The policy packs have {number}; none was loaded.", faults)
    packs = sorted((each.pack for each in found), key=lambda pack: pack.code)
    return PolicyLibrary(tuple(packs), digest.hexdigest())


def _pack_files(folder: Path, faults: list[Fault]) -> list[Path]:
    found = sorted(folder.glob("*/*.yaml"))
    if not 0 < len(found) <= MOST_FILES:
        message = f"{len(found)} packs; expected 1 to {MOST_FILES} as <jurisdiction>/<pack>.yaml"
        faults.append(Fault(folder.name, message, "Set RONGQIAO_SEED_DIR to the folder that holds them."))
    faults.extend(_strays(folder, found))
    return found[:MOST_FILES]


def _strays(folder: Path, found: Iterable[Path]) -> Iterable[Fault]:
    """Name YAML files that would be passed over in silence."""
    for path in sorted({*folder.rglob("*.yaml"), *folder.rglob("*.yml")} - set(found)):
        where = f"{path.relative_to(folder).as_posix()}:1"
        yield Fault(where, "a pack does not stand here", "Expected <jurisdiction>/<pack>.yaml.", path.name)


def _read_file(path: Path, name: str, faults: list[Fault]) -> bytes | None:
    try:
        if path.stat().st_size <= MOST_FILE_BYTES:
            return path.read_bytes()
    except OSError as error:
        faults.append(Fault(f"{name}:1", "cannot be read", "Expected a readable file.", str(error.strerror)))
        return None
    faults.append(Fault(f"{name}:1", f"more than {MOST_FILE_BYTES} bytes", "Split the pack."))
    return None


def read_pack(
    content: bytes, folder: str, file_name: str, book: ReferenceBook, faults: list[Fault]
) -> PlacedPack | None:
    """Read one pack from a file's bytes; add every fault as "folder/file:line key" and answer None on any."""
    name = f"{folder}/{file_name}"
    known = len(faults)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault(f"{name}:{line}", "not UTF-8", "Save the file as UTF-8."))
        return None
    data, line_of = read_yaml(text, name, faults)
    if data is None and len(faults) > known:
        return None
    found: list[Fault] = []
    code = file_name.removesuffix(".yaml")
    pack = PackReader(read_pack_file(data, found), folder, code, book, found).pack()
    faults.extend(placed(fault, name, line_of) for fault in found)
    if pack is None or len(faults) > known:
        return None
    return PlacedPack(pack, lambda fault: placed(fault, name, line_of))
