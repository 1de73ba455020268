"""What people call the device that a User-Agent stands for. Pure; it is a hint for the eye and proves nothing."""

from typing import Final

_PROGRAMS: Final = (
    ("MicroMessenger/", "微信"),
    ("DingTalk/", "钉钉"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("HarmonyOS", "鸿蒙"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
MOST_CHARACTERS: Final = 40


def device_name(user_agent: str) -> str:
    """Answer program and system, such as `Chrome · Windows`; of what is not known, how it begins."""
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    found = " · ".join(name for name in (program, system) if name)
    return found or user_agent.strip()[:MOST_CHARACTERS] or "未知设备"
