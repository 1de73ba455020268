"""Reads compose.yaml as compose does, as far as ours goes: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from app.kernel.settings import PROJECT_ROOT
from tests.container.dockerfile import DOCKERFILE, parse

COMPOSE: Final = PROJECT_ROOT / "compose.yaml"
MANUAL: Final = PROJECT_ROOT / "docs" / "operations.md"
_SECRETS: Final = re.compile(r"<!-- secrets -->\n```sh\n(.*?)```", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


class MissingError(Exception):
    """A variable that compose asks for is not set."""


@dataclass(frozen=True, slots=True)
class Composition:
    """The file with its variables filled in."""

    content: Mapping[str, Any]

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """Answer the services by name."""
        return dict(self.content["services"])

    def environment(self, service: str) -> dict[str, str]:
        """Answer the environment of one of our services: the image's, and what the file adds."""
        stated: dict[str, str] = self.services[service]["environment"]
        return parse(DOCKERFILE.read_text())[-1].environment | stated

    def secrets(self, service: str) -> dict[str, str]:
        """Answer the secret files of a service: name in the container → path of the file."""
        mounted = [
            {"source": one, "target": one} if isinstance(one, str) else one
            for one in self.services[service]["secrets"]
        ]
        return {one["target"]: self.content["secrets"][one["source"]]["file"] for one in mounted}


def compose(variables: Mapping[str, str]) -> Composition:
    """Answer the composition under some variables.

    Raises:
        MissingError: naming a variable that it needs.
    """

    def fill(found: re.Match[str]) -> str:
        name, how, rest = found[1], found[2], found[3]
        if variables.get(name):
            return variables[name]
        if how == "-":
            return str(rest)
        raise MissingError(f"{name}: {rest}")

    return Composition(yaml.safe_load(_VARIABLE.sub(fill, COMPOSE.read_text())))


def make_secrets(folder: Path) -> Path:
    """Make the secrets below a folder by the lines that docs/operations.md has the operator run; answer theirs."""
    told = _SECRETS.search(MANUAL.read_text())
    assert told is not None
    subprocess.run(["/bin/sh", "-euc", told[1]], cwd=folder, check=True)
    return folder / "secrets"
