"""Ids of requests: our own, or that of a proxy of ours, so that its log and ours can be read together."""

import re
import uuid
from collections.abc import Sequence
from typing import Final

STATED: Final = re.compile(r"[0-9A-Za-z_.-]{8,32}")
UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
"""W3C Trace Context, version 00: version, trace id, parent id, flags."""


def request_id_of(stated: Sequence[str], traceparents: Sequence[str], trusted_proxies: int) -> str:
    """Answer a request's id of at most 32 characters.

    Behind proxies of ours it is what `X-Request-Id` states, else the trace id of `traceparent`, if there is
    one of it and it is well-formed; everybody else gets a new one.
    """
    if trusted_proxies:
        if len(stated) == 1 and UUID.fullmatch(stated[0]):
            return stated[0].replace("-", "").lower()
        if len(stated) == 1 and STATED.fullmatch(stated[0]):
            return stated[0]
        trace = trace_of(traceparents)
        if trace:
            return trace
    return uuid.uuid4().hex


def trace_of(traceparents: Sequence[str]) -> str:
    """Answer the trace id of the one well-formed `traceparent`; empty if there is none."""
    found = TRACEPARENT.fullmatch(traceparents[0]) if len(traceparents) == 1 else None
    return found["trace"] if found else ""
