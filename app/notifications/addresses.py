"""Where messages may go: addresses of mail, of receivers, and of machines that nobody may make us talk to (pure)."""

import re
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from app.kernel.errors import Fault

MOST_URL: Final = 500
MOST_EMAIL: Final = 254
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN: Final = rf"^{_LOCAL}@{_LABEL}(?:\.{_LABEL})+$"
"""RFC 5321's plain mailboxes: no quotes, no comments, no line ends, a domain of two labels or more."""
_EMAIL: Final = re.compile(EMAIL_PATTERN, re.ASCII)
_MOST_LOCAL: Final = 64
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")

_CLOSED_TOO: Final = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
"""Where further clouds answer their machines about themselves; the second is special (RFC 6890), which not every Python knows."""
_NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
Address = IPv4Address | IPv6Address


def is_email(text: str) -> bool:
    """Tell whether a text is a mailbox to which mail can be sent without quoting."""
    return (
        len(text) <= MOST_EMAIL
        and len(text.partition("@")[0]) <= _MOST_LOCAL
        and _EMAIL.fullmatch(text) is not None
    )


def is_reachable(address: str, *, allows_loopback: bool) -> bool:
    """Tell whether a receiver may stand at an address: a public one, in development also this machine.

    Private, link-local (where clouds answer about themselves), shared, reserved and multicast addresses are
    refused, also where IPv6 wraps them.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_open(one, allows_loopback=allows_loopback) for one in _meant(found))


def _is_open(address: Address, *, allows_loopback: bool) -> bool:
    if address.is_loopback:
        return allows_loopback
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not is_special and not any(address in network for network in _CLOSED_TOO)


def _meant(address: Address) -> Collection[Address]:
    """Answer the address, or those that an IPv6 address carries inside: who forwards it goes there."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if address.teredo is not None:
        return (address, *address.teredo)
    if any(address in network for network in _NAT64):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)


def url_faults(url: str, *, is_development: bool) -> list[Fault]:
    """Answer what is wrong with a receiver's address, before anybody looks up where it leads."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return [Fault("url", "not an address", "Write https://host/path.")]
    faults = []
    if len(url) > MOST_URL or not _PRINTABLE.fullmatch(url):
        faults.append(
            Fault("url", f"not 1 to {MOST_URL} printable ASCII characters", "Encode others (RFC 3986).")
        )
    if parts.scheme != "https" and not (is_development and parts.scheme == "http"):
        faults.append(Fault("url", "not https", "Receivers are called through TLS."))
    if not host or port == 0:
        faults.append(Fault("url", "names no host", "Write https://host/path."))
    if parts.username is not None or parts.password is not None:
        faults.append(Fault("url", "holds a user name", "The signature shows who sends; leave it out."))
    if parts.fragment:
        faults.append(Fault("url", "holds a fragment", "Leave out what follows the #."))
    if not faults and _is_number(host) and not is_reachable(host, allows_loopback=is_development):
        faults.append(unreachable_fault())
    return faults


def unreachable_fault() -> Fault:
    """Make the fault of a receiver that does not stand at public addresses alone."""
    return Fault(
        "url", "leads to an address that is not public", "Name a host whose addresses are all public."
    )


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def host_of(address: str) -> str:
    """Answer the host of a receiver's address, or the domain of a mailbox: all that others are shown of it."""
    return address.rpartition("@")[2] if is_email(address) else urlsplit(address).hostname or ""
