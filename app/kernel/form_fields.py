"""Small text fields of a form that a page sends, read before the handler reads the form itself. Pure."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

MOST_FORM_BYTES: Final = 512 * 1024
MOST_FIELDS: Final = 11_000
"""The longest form of ours, that of a chain's plan with as many rows as a plan may have."""
ONCE: Final = "once"
"""The field by which a form that is sent twice is carried out once."""
_URL_ENCODED: Final = "application/x-www-form-urlencoded"
_BOUNDARY: Final = re.compile(r"^multipart/form-data;.*\bboundary=\"?([^\s\";]{1,200})", re.IGNORECASE)
_LEADING: Final = re.compile(
    rb'Content-Disposition: form-data; name="(\w{1,40})"\r\n\r\n([^\r\n]{0,500})\r\n'
)
_MOST_LEADING: Final = 4


def form_fields(content_type: str, body: bytes) -> Mapping[str, list[str]]:
    """Answer the fields of a form by name; of a form with files only the small ones that stand before any file.

    What is no form of a page, or larger than any form of ours, has none.
    """
    found: dict[str, list[str]] = {}
    boundary = _BOUNDARY.match(content_type)
    if boundary is not None:
        for name, value in _leading(boundary[1].encode(), body):
            found.setdefault(name, []).append(value)
    elif (
        content_type.split(";", maxsplit=1)[0].strip().lower() == _URL_ENCODED
        and len(body) <= MOST_FORM_BYTES
    ):
        try:
            pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError:  # more fields than any form of ours
            return {}
        for name, value in pairs:
            found.setdefault(name, []).append(value)
    return found


def only(fields: Mapping[str, list[str]], name: str) -> str | None:
    """Answer the value of a field that stands there once."""
    values = fields.get(name, [])
    return values[0] if len(values) == 1 else None


def _leading(boundary: bytes, body: bytes) -> list[tuple[str, str]]:
    """Answer the plain fields with which a body of several parts begins."""
    mark, at, found = b"--" + boundary + b"\r\n", 0, list[tuple[str, str]]()
    while len(found) < _MOST_LEADING and body.startswith(mark, at):
        part = _LEADING.match(body, at + len(mark))
        if part is None:
            break
        found.append((part[1].decode(), part[2].decode("utf-8", "replace")))
        at = part.end()
    return found
