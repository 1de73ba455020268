"""Packs from `seed/policies/<jurisdiction>/<pack>.yaml`; refused as a whole with every fault of every file."""

import hashlib
from functools import lru_cache
from pathlib import Path

from app.kernel.errors import Fault, Refused
from app.policy.pack_file import read_pack_file
from app.policy.pack_reader import PackReader
from app.policy.packs import Pack, Parameter, PolicyLibrary
from app.policy.yaml_lines import placed, read_yaml

FOLDER = "policies"
MOST_FILE_BYTES = 1_000_000
MOST_FILES = 500


@lru_cache(maxsize=4)
def load_policy_library(seed_dir: Path) -> PolicyLibrary:
    """Read every pack once for the life of the process.

    Raises:
        Refused: naming all faults of all files as "pack.yaml:12 rules[0].when".
    """
    faults: list[Fault] = []
    packs: list[Pack] = []
    digest = hashlib.sha256()
    for path in _pack_files(seed_dir / FOLDER, faults):
        name = f"{path.parent.name}/{path.name}"
        content = _read_file(path, name, faults)
        if content is None:
            continue
        digest.update(f"{name}\n{hashlib.sha256(content).hexdigest()}\n".encode())
        pack = read_pack(content, path.parent.name, path.name, faults)
        packs.extend([pack] if pack is not None else [])
    _check_agreement(packs, faults)
    if faults:
        raise Refused(f"The policy packs have {len(faults)} faults; none was loaded.", faults)
    return PolicyLibrary(tuple(sorted(packs, key=lambda pack: pack.code)), digest.hexdigest())


def _pack_files(folder: Path, faults: list[Fault]) -> list[Path]:
    found = sorted(folder.glob("*/*.yaml"))
    if not 0 < len(found) <= MOST_FILES:
        message = f"{len(found)} packs; expected 1 to {MOST_FILES} as <jurisdiction>/<pack>.yaml"
        faults.append(Fault(folder.name, message, "Set RONGQIAO_SEED_DIR to the folder that holds them."))
    return found[:MOST_FILES]


def _read_file(path: Path, name: str, faults: list[Fault]) -> bytes | None:
    try:
        if path.stat().st_size <= MOST_FILE_BYTES:
            return path.read_bytes()
    except OSError as error:
        faults.append(Fault(f"{name}:1", "cannot be read", "Expected a readable file.", str(error.strerror)))
        return None
    faults.append(Fault(f"{name}:1", f"more than {MOST_FILE_BYTES} bytes", "Split the pack."))
    return None


def _check_agreement(packs: list[Pack], faults: list[Fault]) -> None:
    """Check what packs may not say differently: codes are unique, a key has one type or kind everywhere."""
    codes: dict[str, str] = {}
    kinds: dict[str, tuple[str, str]] = {}
    for pack in packs:
        where = f"{pack.jurisdiction}/{pack.code}.yaml:1"
        first = codes.setdefault(pack.code, pack.jurisdiction)
        if first != pack.jurisdiction:
            faults.append(Fault(where, f"{first} has a pack of this name too", "Rename one of the files."))
        for item in pack.items:
            kind = item.type if isinstance(item, Parameter) else item.kind.value
            known, other = kinds.setdefault(item.key, (kind, pack.code))
            if known != kind:
                message = f"{item.key} is of type {known} in {other}"
                faults.append(
                    Fault(f"{where} {item.key}", message, f"Expected {known}; or use another key.", kind)
                )


def read_pack(content: bytes, folder: str, file_name: str, faults: list[Fault]) -> Pack | None:
    """Read one pack from a file's bytes; add every fault as "folder/file:line key" and answer None on any."""
    name = f"{folder}/{file_name}"
    known = len(faults)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        faults.append(Fault(f"{name}:1", "not UTF-8", "Save the file as UTF-8."))
        return None
    data, line_of = read_yaml(text, name, faults)
    if data is None and len(faults) > known:
        return None
    found: list[Fault] = []
    pack = PackReader(read_pack_file(data, found), folder, file_name.removesuffix(".yaml"), found).pack()
    faults.extend(placed(fault, name, line_of) for fault in found)
    return pack if len(faults) == known else None
