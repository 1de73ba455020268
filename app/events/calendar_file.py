"""iCalendar files (RFC 5545) of appointments (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

MOST_OCTETS: Final = 75
_ESCAPED: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True, slots=True)
class Appointment:
    """One entry of a calendar; `uid` is the same whenever it is made again."""

    uid: str
    begins: datetime
    ends: datetime
    title: str
    place: str


def calendar_file(appointments: Iterable[Appointment], *, made_at: datetime) -> bytes:
    """Answer the file, in UTF-8, its lines folded at 75 octets."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Rongqiao//Events//ZH", "METHOD:PUBLISH"]
    for one in appointments:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_escaped(one.uid)}",
            f"DTSTAMP:{_utc(made_at)}",
            f"DTSTART:{_utc(one.begins)}",
            f"DTEND:{_utc(one.ends)}",
            f"SUMMARY:{_escaped(one.title)}",
            f"LOCATION:{_escaped(one.place)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line))


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def _folded(line: str) -> Iterator[bytes]:
    """Cut a line so that no part is longer than 75 octets and no character is cut."""
    part = b""
    for character in line:
        written = character.encode()
        if len(part) + len(written) > MOST_OCTETS:
            yield part
            part = b" "
        part += written
    yield part
