"""The software bill of materials (CycloneDX 1.6, JSON): what the image installs, with licences and hashes.

`make sbom` writes build/rongqiao.cdx.json. Versions and hashes are those of requirements.runtime.lock; what is
installed here must be equal, and tells licences and who needs whom. Validated against CycloneDX's schema; the same
inputs give the same bytes, and nothing of the machine or of a package index is in it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "requirements.runtime.lock"
PIN: Final = re.compile(r"^(\S+==[^\\]+?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)
HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
Pins = dict[str, tuple[str, list[str]]]


def pins(text: str) -> Pins:
    """Answer version and hashes of each pin that applies to this kind of machine, by canonical name."""
    found: Pins = {}
    for line, hashes in PIN.findall(text):
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            version = next(iter(wanted.specifier)).version
            found[canonicalize_name(wanted.name)] = (version, HASH.findall(hashes))
    return found


def installed() -> dict[str, Any]:
    """Answer the bill of everything that is installed beside this program, tools of tests included."""
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        sys.executable,
        "--no-validate",
        "--output-reproducible",
    ]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), "--sv", "1.6", "--of", "JSON"]
    said = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own words
    return dict(json.loads(said.stdout))


def reduced(bill: dict[str, Any], shipped: Pins) -> dict[str, Any]:
    """Answer the part of a bill that is shipped, with hashes and without addresses of elsewhere.

    Raises:
        SystemExit: something that is shipped is not installed here, or in another version.
    """
    kept: dict[str, Any] = {canonicalize_name(one["name"]): one for one in bill["components"]}
    wrong = {name for name, (version, _) in shipped.items() if kept.get(name, {}).get("version") != version}
    if wrong:
        raise SystemExit(f"not installed as requirements.runtime.lock says: {', '.join(sorted(wrong))}")
    components = [
        {key: value for key, value in kept[name].items() if key not in {"externalReferences", "evidence"}}
        | {"hashes": [{"alg": "SHA-256", "content": each} for each in hashes]}
        for name, (_, hashes) in sorted(shipped.items())
    ]
    refs = {one["bom-ref"] for one in components} | {bill["metadata"]["component"]["bom-ref"]}
    dependencies = [
        one | {"dependsOn": [ref for ref in one["dependsOn"] if ref in refs]} if "dependsOn" in one else one
        for one in bill["dependencies"]
        if one["ref"] in refs
    ]
    for tool in bill["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    return bill | {"components": components, "dependencies": dependencies}


def main(target: Path) -> None:
    """Write the bill.

    Raises:
        SystemExit: it does not keep to CycloneDX's schema.
    """
    bill = reduced(installed(), pins(LOCK.read_text()))
    text = json.dumps(bill, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise SystemExit(f"not a CycloneDX bill: {fault}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    licensed = sum(bool(one.get("licenses")) for one in bill["components"])
    sys.stdout.write(
        f"{target}: {len(bill['components'])} components, {licensed} with licences, valid CycloneDX 1.6\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
