"""What people call the device that a User-Agent stands for. Pure; it is a hint for the eye and proves nothing."""

from collections.abc import Callable
from typing import Final

_PROGRAM_NAMES: Final = (
    ("MicroMessenger/", "微信"),
    ("DingTalk/", "钉钉"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEM_NAMES: Final = (
    ("HarmonyOS", "鸿蒙"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_UNKNOWN_NAMES: Final = ("未知设备",)
MOST_CHARACTERS: Final = 40


def device_name(user_agent: str, said: Callable[[str], str] = str) -> str:
    """Answer program and system, such as `Chrome · Windows`; of what is not known, how it begins.

    `said` answers a name in the language of the reader.
    """
    program = next((name for mark, name in _PROGRAM_NAMES if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEM_NAMES if mark in user_agent), None)
    found = " · ".join(said(name) for name in (program, system) if name)
    return found or user_agent.strip()[:MOST_CHARACTERS] or said(*_UNKNOWN_NAMES)
