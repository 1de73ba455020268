"""When mail is due, when a message is tried again, where messages may go: decided without a database."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.key_ring import KeyRing
from app.kernel.shanghai import SHANGHAI
from app.notifications.addresses import host_of, is_email, is_reachable, url_faults
from app.notifications.email_codes import email_code, is_email_code
from app.notifications.messages import Letterhead, confirmation_mail, title_of
from app.notifications.rules import (
    KIND_TITLES,
    DeliveryState,
    MailKind,
    NewNotice,
    NoticeKind,
    Verdict,
    Waiting,
    after_attempt,
    mail_due,
    slot_of,
)
from app.notifications.webhook_channel import judged

START = datetime(2024, 3, 1, 0, 0, tzinfo=UTC)
CLOSED = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4", "168.63.129.16/32",
    )
]  # fmt: skip
"""IANA's special-purpose registry (RFC 6890), written down apart from the code."""


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 400), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=60
    ),
    hour=st.integers(0, 23),
    wants_digest=st.booleans(),
    wants_urgent=st.booleans(),
)
def test_there_is_one_digest_a_day_after_its_hour_and_urgent_mail_at_most_once_an_hour(
    steps: list[tuple[int, int, int]], hour: int, *, wants_digest: bool, wants_urgent: bool
) -> None:
    now, plain, urgent = START, 0, 0
    mails: list[tuple[datetime, MailKind]] = []
    for minutes, new_plain, new_urgent in steps:
        now += timedelta(minutes=minutes)
        plain, urgent = plain + new_plain, urgent + new_urgent
        slots = [slot_of(kind, at) for at, kind in mails if kind is MailKind.DIGEST]
        last = mails[-1][0] if mails else None
        waiting = Waiting(
            1, plain + urgent, urgent, wants_digest, wants_urgent, max(slots, default=None), last
        )
        due = mail_due(waiting, now=now, digest_hour=hour)
        if due is not None:
            assert plain + urgent > 0
            plain, urgent = (0, 0) if due is MailKind.DIGEST else (plain, 0)
            mails.append((now, due))
        elif urgent and wants_urgent:
            assert last is not None
            assert now - last < timedelta(hours=1)
    digests = [at for at, kind in mails if kind is MailKind.DIGEST]
    days = [at.astimezone(SHANGHAI).date() for at in digests]
    assert len(days) == len(set(days))
    assert all(at.astimezone(SHANGHAI).hour >= hour for at in digests)
    for (before, _kind), (at, kind) in pairwise(mails):
        assert kind is MailKind.DIGEST or at - before >= timedelta(hours=1)
    kinds = {kind for _at, kind in mails}
    assert kinds <= {
        kind for kind, wants in zip(MailKind, (wants_digest, wants_urgent), strict=True) if wants
    }


@given(jitters=st.lists(st.floats(0, 1), min_size=20, max_size=20), offs=st.sets(st.integers(0, 19)))
def test_a_message_that_fails_is_tried_ever_more_seldom_for_three_days_and_then_dead(
    jitters: list[float], offs: set[int]
) -> None:
    now, attempts, since = START, 0, None
    waits = []
    for place, jitter in enumerate(jitters):
        verdict = Verdict.PUT_OFF if place in offs else Verdict.UNREACHABLE
        tried = after_attempt(verdict, attempts=attempts, tried_since=since, now=now, jitter=jitter)
        assert tried.attempts == attempts + (verdict is not Verdict.PUT_OFF)
        if tried.state is DeliveryState.DEAD:
            assert verdict is not Verdict.PUT_OFF
            assert now - START >= timedelta(days=3)
            assert tried.attempts <= 10
            break
        waits.append((attempts, tried.next_attempt_at - now))
        now, attempts, since = tried.next_attempt_at, tried.attempts, tried.tried_since
    else:
        assert len(offs) > 5
    assert all(later >= before * 0.9 for (_, before), (_, later) in pairwise(waits)), (
        "jitter is a tenth at most"
    )


@pytest.mark.parametrize(
    ("verdict", "state"),
    [(Verdict.SENT, DeliveryState.SENT), (Verdict.REFUSED, DeliveryState.DEAD), (Verdict.GONE, DeliveryState.DEAD), (Verdict.FAILED, DeliveryState.PENDING)],
)  # fmt: skip
def test_what_came_of_an_attempt_decides_how_a_message_stands(verdict: Verdict, state: DeliveryState) -> None:
    assert after_attempt(verdict, attempts=0, tried_since=None, now=START, jitter=0.5).state is state


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "sent"), (204, "sent"), (301, "failed"), (307, "failed"), (400, "failed"), (404, "failed"),
     (410, "gone"), (429, "unreachable"), (500, "unreachable"), (503, "unreachable")],
)  # fmt: skip
def test_a_status_says_whether_to_try_again(status: int, verdict: str) -> None:
    assert judged(status).verdict == verdict


@given(number=st.integers(0, 2**32 - 1) | st.sampled_from(CLOSED).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1]))))  # fmt: skip
def test_receivers_stand_at_public_addresses_also_where_ipv6_wraps_them(number: int) -> None:
    plain = IPv4Address(number)
    is_closed = any(plain in network for network in CLOSED)
    wraps = {
        IPv6Address((0xFFFF << 32) | number),  # mapped
        IPv6Address((0x0064FF9B << 96) | number),  # NAT64
        IPv6Address((0x2002 << 112) | (number << 80) | 1),  # 6to4
    }
    if is_closed:
        assert not any(is_reachable(str(one), allows_loopback=False) for one in (plain, *wraps))
    elif plain.is_global:
        assert is_reachable(str(plain), allows_loopback=False)
        assert is_reachable(f"::ffff:{plain}", allows_loopback=False)


@pytest.mark.parametrize(
    "address",
    ["::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "2001:db8::1", "not-an-address", ""],
)
def test_ipv6_has_closed_addresses_too(address: str) -> None:
    assert not is_reachable(address, allows_loopback=False)
    assert is_reachable(address, allows_loopback=True) is (address == "::1")
    assert is_reachable("2606:4700::1111", allows_loopback=False)


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("https://hooks.bank.example.cn/rongqiao?x=1", True),
        ("https://hooks.bank.example.cn:8443", True),
        ("http://hooks.bank.example.cn/", False),
        ("https://10.1.2.3/", False),
        ("https://[::ffff:169.254.169.254]/", False),
        ("https://127.0.0.1/", False),
        ("https://user:pw@hooks.bank.example.cn/", False),
        ("https://hooks.bank.example.cn/#x", False),
        ("https://hooks.bank.example.cn/a b", False),
        ("https://hooks.bank.example.cn/\r\nHost: other", False),
        ("https:///path", False),
        ("https://hooks.bank.example.cn:0/", False),
        ("https://hooks.bank.example.cn:99999/", False),
        ("https://[::1/", False),
        ("ftp://hooks.bank.example.cn/", False),
        ("https://hooks.bank.example.cn/" + "a" * 500, False),
    ],
)
def test_an_address_of_a_receiver_is_https_and_plain(url: str, *, is_right: bool) -> None:
    assert (url_faults(url, is_development=False) == []) is is_right
    assert url_faults("http://127.0.0.1:8080/hook", is_development=True) == []
    assert url_faults("http://10.0.0.1/", is_development=True) != []


@given(
    text=st.text(max_size=30),
    glue=st.sampled_from(
        ("\r\nBcc: all@example.cn", "\n", "\r", ", b@example.cn", " ", "\0", "<b@example.cn>")
    ),
    place=st.integers(0, 12),
)
def test_no_text_becomes_an_address_that_says_more_than_an_address(text: str, glue: str, place: int) -> None:
    broken = "wang@bank.example.cn"[:place] + glue + "wang@bank.example.cn"[place:]
    assert not is_email(broken)
    if is_email(text):
        mail = confirmation_mail(Letterhead("a@example.cn", ""), text, "m1", "AAAA", date=START)
        assert mail["To"].addresses[0].addr_spec == text


def test_addresses_are_plain_mailboxes() -> None:
    right = ["wang@bank.example.cn", "a.b+c@x-y.gov.cn", "W_1@163.com"]
    wrong = ["", "wang", "wang@localhost", "@bank.cn", "wang@", "a..b@bank.cn", '"a b"@bank.cn', "王@bank.cn",
             "a@bank..cn", "a@-bank.cn", "a" * 65 + "@bank.cn", "a@" + "b" * 250 + ".cn", "wang@bank.cn\n"]  # fmt: skip
    assert [one for one in right if not is_email(one)] == []
    assert [one for one in wrong if is_email(one)] == []
    assert (host_of("wang@bank.example.cn"), host_of("https://h.example.cn:8443/x")) == (
        "bank.example.cn",
        "h.example.cn",
    )


def test_a_header_takes_no_line_end_even_if_an_address_passed() -> None:
    for receiver, sender in (("a@b.cn\r\nBcc: c@d.cn", "x@y.cn"), ("a@b.cn", "x@y.cn\nBcc: c@d.cn")):
        with pytest.raises(ValueError):  # noqa: PT011 - several of email's own, all ValueErrors
            confirmation_mail(Letterhead(sender, ""), receiver, "m1", "AAAA", date=START)


@given(
    ids=st.lists(st.integers(1, 5), min_size=2, max_size=2),
    emails=st.lists(st.sampled_from(["a@b.cn", "c@d.cn"]), min_size=2, max_size=2),
    minutes=st.lists(st.integers(0, 3), min_size=2, max_size=2),
)
def test_a_code_is_of_one_person_address_and_moment_and_survives_a_new_key(
    ids: list[int], emails: list[str], minutes: list[int]
) -> None:
    old, new = KeyRing(("old" * 12,)), KeyRing(("new" * 12, "old" * 12))
    first, second = zip(ids, emails, (START + timedelta(minutes=one) for one in minutes), strict=True)
    code = email_code(old, *first)
    assert is_email_code(new, code.lower().replace("-", " "), *first)
    assert is_email_code(old, code, *second) is (first == second)
    assert not is_email_code(KeyRing(("other" * 8,)), code, *first)


def test_every_kind_has_words_and_a_notice_leads_nowhere_else() -> None:
    assert set(KIND_TITLES) == set(NoticeKind)
    assert all(title_of(kind) for kind in NoticeKind)
    wrongs: tuple[dict[str, str], ...] = (
        {"link": "https://elsewhere.example"},
        {"link": "//elsewhere.example"},
        {"link": "/" + "x" * 300},
        {"title": "x" * 201},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match="characters"):
            NewNotice("e", NoticeKind.LATE, "", title=wrong.get("title", ""), link=wrong.get("link", ""))
    with pytest.raises(ValueError, match="characters"):
        NewNotice("", NoticeKind.LATE, "")
