"""Which address a request comes from: what a client writes itself is never believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.addresses import UNKNOWN, client_address, limited_address

ADDRESSES = st.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "client"),
    [
        ("198.51.100.1", (), 0, "198.51.100.1"),
        ("198.51.100.1", ("192.0.2.9",), 0, "198.51.100.1"),  # no proxy of ours: it was forged
        ("10.0.0.1", ("203.0.113.5",), 1, "203.0.113.5"),
        ("10.0.0.1", ("192.0.2.9, 203.0.113.5",), 1, "203.0.113.5"),  # the first was forged
        ("10.0.0.1", ("192.0.2.9", "203.0.113.5"), 1, "203.0.113.5"),  # in a header of its own
        ("10.0.0.1", ("192.0.2.9, 203.0.113.5, 10.0.0.2",), 2, "203.0.113.5"),
        ("10.0.0.1", ("203.0.113.5",), 2, "203.0.113.5"),  # came in at the inner proxy
        ("10.0.0.1", (), 1, "10.0.0.1"),
        ("10.0.0.1", ("unknown",), 1, "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.5:4711",), 1, "203.0.113.5"),
        ("10.0.0.1", ("[2001:db8::1]:4711",), 1, "2001:db8::1"),
        ("::ffff:203.0.113.5", (), 0, "203.0.113.5"),
        ("fe80::1%eth0", (), 0, "fe80::1"),
        ("", ("x" * 10_000,), 1, UNKNOWN),
        ("testclient", (), 0, UNKNOWN),
    ],
)
def test_the_client_is_whom_the_outermost_proxy_of_ours_saw(
    peer: str, forwarded: tuple[str, ...], proxies: int, client: str
) -> None:
    assert client_address(peer, forwarded, proxies) == client


@given(
    forged=st.lists(ADDRESSES | st.text(max_size=20), max_size=4), client=ADDRESSES, proxies=st.integers(1, 3)
)
def test_whatever_a_client_forges_changes_nothing(forged: list[str], client: str, proxies: int) -> None:
    ours = [client, *(f"10.0.0.{number}" for number in range(1, proxies))]
    honest = client_address("10.0.0.9", [", ".join(ours)], proxies)
    assert client_address("10.0.0.9", [", ".join([*forged, *ours])], proxies) == honest


def test_a_subscriber_of_ipv6_is_counted_as_one_and_ipv4_each() -> None:
    assert (
        limited_address("2001:db8:1:2::1") == limited_address("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    )
    assert limited_address("2001:db8:1:3::1") != limited_address("2001:db8:1:2::1")
    assert (limited_address("203.0.113.5"), limited_address(UNKNOWN)) == ("203.0.113.5", UNKNOWN)
