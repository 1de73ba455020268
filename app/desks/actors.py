"""What pages call whoever did something and is no person: the command line, the clock, a rule. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from app.desks.texts import Text

SYSTEM_ACTORS: Final[Mapping[str, Text]] = {
    "local-operator": Text("系统操作员"),
    "clock": Text("系统定时处理"),
    "docking": Text("系统"),
    "simulation": Text("模拟"),
}


def who(name: str | None, said: Callable[[Text], str]) -> str:
    """Answer by what name somebody is shown: people by theirs, the service's own hands in words, nobody as nothing."""
    if not name:
        return ""
    return said(SYSTEM_ACTORS[name]) if name in SYSTEM_ACTORS else name
