"""From where a request comes: addresses behind proxies, believed only as far as we know the proxies. Pure."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

UNKNOWN: Final = "unknown"
_V6_PREFIX: Final = 64
_V4_WITH_PORT_COLONS: Final = 1


def client_address(peer: str, forwarded: Sequence[str], trusted_proxies: int) -> str:
    """Answer the address of the client, in its canonical form.

    `peer` is who is connected; `forwarded` are the values of all `X-Forwarded-For` headers in their
    order; `trusted_proxies` is how many proxies of ours stand in front, each of which appends whom it
    saw. So the last that many entries were written by us, and whatever stands before them by anybody.
    An entry of ours that is no address at all leaves the peer.
    """
    connected = _canonical(peer) or UNKNOWN
    entries = [entry.strip() for value in forwarded for entry in value.split(",") if entry.strip()]
    if not trusted_proxies or not entries:
        return connected
    ours = entries[-trusted_proxies:]
    return _canonical(ours[0]) or connected


@lru_cache(maxsize=4_096)
def limited_address(address: str) -> str:
    """Answer what is counted as one sender: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - of the protocol
        return address
    network = ipaddress.ip_network((int(parsed), _V6_PREFIX), strict=False)
    return str(network)


@lru_cache(maxsize=4_096)
def _canonical(text: str) -> str | None:
    """Answer an address without port and zone, IPv4 also where it comes wrapped in IPv6; None if it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == _V4_WITH_PORT_COLONS:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    wrapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(wrapped or parsed)
