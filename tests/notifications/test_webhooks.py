"""Signed messages reach receivers that work, survive those that do not, and go nowhere else."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.key_ring import key_ring
from app.accounts.rules import Viewer
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Refused
from app.kernel.paging import PageRequest
from app.kernel.settings import Settings
from app.notifications import delivery, delivery_service, webhook_channel, webhook_service
from app.notifications import delivery_queries as queries
from app.notifications.rules import KIND_TITLES, DeliveryState, NoticeKind, Verdict, after_attempt
from app.notifications.schemas import DeliveryCounts, WebhookChange
from tests.accounts.offices import OPERATOR, working
from tests.notifications.posts import (
    KEY,
    SETTINGS,
    TELLING,
    clerk,
    deliver,
    hook,
    outbox,
    readdress,
    receivers,
    tell,
)
from tests.notifications.servers import Receiver, receiving, said


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def states(counts: DeliveryCounts) -> tuple[int, int, int]:
    return counts.sent, counts.failed, counts.dead


async def test_a_receiver_gets_signed_messages_once_that_name_no_firm_entry_or_amount(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    told_at = utc_now()
    await tell(sessions, wang, range(3), kind=NoticeKind.ESCALATED, now=told_at)
    assert states(await deliver(sessions, utc_now())) == (3, 0, 0)
    assert states(await deliver(sessions, utc_now() + timedelta(days=9))) == (0, 0, 0)
    events = receiver.events(made.secret)
    assert [event["type"] for event in events] == ["notice.escalated"] * 3
    assert {event["timestamp"] for event in events} == {told_at.isoformat()}
    assert events[0]["data"].keys() == {"notice", "kind", "title", "url"}
    assert events[0]["data"]["title"] == KIND_TITLES[NoticeKind.ESCALATED]
    assert events[0]["data"]["url"].startswith("https://rongqiao.example.gov.cn/api/v1/notices/")
    assert [one.message_id for one in await outbox(sessions)] == receiver.ids
    assert not any(word in said(receiver) for word in (*TELLING, made.secret))
    [stored] = await receivers(sessions)
    assert made.secret not in stored.sealed_secret
    assert (stored.last_error, stored.last_sent_at is not None) == (None, True)


async def test_two_workers_at_once_send_each_message_once_and_one_at_a_time_to_a_receiver(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    receiver.manner = "slow"
    with receiving("slow") as second:
        await hook(sessions, wang, receiver.url)
        await hook(sessions, zhao, second.url)
        for who in (wang, zhao):
            await tell(sessions, who, range(30))
        done = await asyncio.gather(*(deliver(sessions, utc_now()) for _worker in range(3)))
        left = await deliver(sessions, utc_now())
        assert sum(one.sent for one in (*done, left)) == 60
        for one in (receiver, second):
            assert len(one.ids) == len(set(one.ids)) == 30
            assert one.most_at_once == 1


async def test_who_breaks_off_before_recording_leaves_a_lease_and_the_message_comes_again_with_its_id(
    sessions: Sessions, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = await clerk(sessions)
    await hook(sessions, wang, receiver.url)
    await tell(sessions, wang, range(1))
    now = utc_now()

    async def crash(*_what: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as broken:
        broken.setattr(queries, "record", crash)
        with pytest.raises(asyncio.CancelledError):
            await deliver(sessions, now)
    assert states(await deliver(sessions, now + timedelta(minutes=4))) == (0, 0, 0)
    assert states(await deliver(sessions, now + delivery.LEASE + timedelta(seconds=1))) == (1, 0, 0)
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


async def test_a_database_that_fails_at_one_receiver_s_message_marks_none_of_another_s_as_failed(
    sessions: Sessions, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    record = queries.record

    async def fail_once(*what: Any) -> None:
        monkeypatch.setattr(queries, "record", record)
        raise ConnectionError(*what[1:2])

    with receiving("slow") as second:
        await hook(sessions, wang, receiver.url)
        await hook(sessions, zhao, second.url)
        for who in (wang, zhao):
            await tell(sessions, who, range(3))
        monkeypatch.setattr(queries, "record", fail_once)
        with pytest.raises(ConnectionError):
            await deliver(sessions, utc_now())
        await deliver(sessions, utc_now() + delivery.LEASE + timedelta(seconds=1))
        assert {(one.state, one.attempts) for one in await outbox(sessions)} == {("sent", 1)}
        assert sorted(len(one.ids) for one in (receiver, second)) == [3, 4], "one came again, with its id"


async def test_who_lost_the_lease_meanwhile_records_nothing(sessions: Sessions, receiver: Receiver) -> None:
    wang = await clerk(sessions)
    await hook(sessions, wang, receiver.url)
    await tell(sessions, wang, range(1))
    start = utc_now()
    for place, claim in enumerate(("slow worker", "next worker")):
        at = start + place * delivery.LEASE
        async with transaction(sessions) as session:
            found = await queries.claim(
                session, claim, now=at, until=at + delivery.LEASE, is_mail_on=True, most=9, most_of_receiver=9
            )
        assert len(found) == 1
    [leased] = await outbox(sessions)
    failed = after_attempt(Verdict.REFUSED, attempts=0, tried_since=None, now=start, jitter=0)
    async with transaction(sessions) as session:
        await queries.record(session, leased.id, "slow worker", failed, "HTTP 400")
    [stored] = await outbox(sessions)
    assert (stored.state, stored.claim, stored.last_error) == ("pending", "next worker", None)


async def test_receivers_that_hang_break_lie_or_send_elsewhere_hold_up_nobody(
    sessions: Sessions, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_channel, "TOTAL_SECONDS", 0.5)
    wang = await clerk(sessions)
    with ExitStack() as stack:
        manners = ("hang", "break", "lie", "redirect", "404")
        strange = {manner: stack.enter_context(receiving(manner)) for manner in manners}
        for one in (*strange.values(), receiver):
            await hook(sessions, wang, one.url)
        await tell(sessions, wang, range(3))
        assert states(await deliver(sessions, utc_now())) == (6, 12, 0)
        assert len(receiver.requests) == len(strange["lie"].requests) == 3
        counts = {manner: len(one.requests) for manner, one in strange.items()}
        assert counts == {"hang": 1, "break": 1, "lie": 3, "redirect": 3, "404": 3}
    told = dict(zip((*manners, "ok"), await receivers(sessions), strict=True))
    assert {manner: one.last_error for manner, one in told.items()} == {
        "hang": "no answer within 0.5 s",
        "break": "no sound answer (RemoteProtocolError)",
        "lie": None,
        "redirect": "HTTP 307",
        "404": "HTTP 404",
        "ok": None,
    }
    untried = [
        one for one in await outbox(sessions) if one.state == DeliveryState.PENDING and not one.attempts
    ]
    assert len(untried) == 4, "behind a receiver that takes nothing the others wait, without an attempt"


async def test_a_receiver_that_answers_500_for_a_day_loses_nothing_and_shows_it(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    receiver.manner = "500"
    start = now = utc_now()
    await tell(sessions, wang, range(2), now=start)
    while now < start + timedelta(days=1):
        await deliver(sessions, now)
        now += timedelta(minutes=30)
    waiting = await outbox(sessions)
    assert {(one.state, one.last_error) for one in waiting} == {("pending", "HTTP 500")}
    assert max(one.attempts for one in waiting) < 10
    async with working(sessions, wang) as session:
        assert (await webhook_service.get(session, wang, made.id)).last_error == "HTTP 500"
    failed = len(receiver.requests)
    receiver.manner = "ok"
    while any(one.state == DeliveryState.PENDING for one in await outbox(sessions)):
        now += timedelta(hours=1)
        await deliver(sessions, now)
    assert sorted(receiver.ids[failed:]) == sorted(one.message_id for one in waiting)
    bodies = {headers["webhook-id"]: set[bytes]() for headers, _body in receiver.requests}
    for headers, body in receiver.requests:
        bodies[headers["webhook-id"]].add(body)
    assert all(len(found) == 1 for found in bodies.values()), "each attempt says the same"


async def test_what_is_given_up_after_three_days_is_listed_and_tried_again_by_hand(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    await hook(sessions, wang, receiver.url)
    receiver.manner = "503"
    start = now = utc_now()
    await tell(sessions, wang, range(1), now=start)
    while (await outbox(sessions))[0].state == DeliveryState.PENDING:
        await deliver(sessions, now)
        now += timedelta(hours=6)
    assert now - start > timedelta(days=3)
    async with working(sessions) as session:
        page = await delivery_service.list_deliveries(session, OPERATOR, PageRequest(), DeliveryState.DEAD)
        [dead] = page.items
        assert (dead.host, dead.last_error, dead.kind) == ("127.0.0.1", "HTTP 503", "late")
        await delivery_service.retry(session, OPERATOR, dead.id, now=now)
    receiver.manner = "ok"
    assert states(await deliver(sessions, now)) == (1, 0, 0)
    assert set(receiver.ids) == {dead.message_id}


async def test_a_receiver_that_is_gone_is_disabled_and_what_waits_for_it_is_dead(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    receiver.manner = "410"
    await tell(sessions, wang, range(4))
    await deliver(sessions, utc_now())
    assert len(receiver.requests) == 1
    assert [one.state for one in await outbox(sessions)] == ["dead"] * 4
    [stored] = await receivers(sessions)
    assert (stored.disabled_reason, stored.disabled_at is not None) == ("HTTP 410", True)
    await tell(sessions, wang, range(4, 6))
    assert len(await outbox(sessions)) == 4
    receiver.manner = "ok"
    async with working(sessions, wang) as session:
        change = WebhookChange(is_enabled=True)
        await webhook_service.change(session, wang, made.id, change, expect=lambda _v: None, now=utc_now())
    await tell(sessions, wang, range(6, 7))
    assert states(await deliver(sessions, utc_now())) == (1, 0, 0)


async def test_messages_of_who_left_or_removed_the_receiver_are_not_sent(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    await tell(sessions, wang, range(2))
    async with working(sessions, wang) as session:
        await webhook_service.remove(session, wang, made.id, now=utc_now())
    assert states(await deliver(sessions, utc_now())) == (0, 0, 0)
    assert {one.last_error for one in await outbox(sessions)} == {"its receiver was removed"}
    assert [one.sealed_secret for one in await receivers(sessions)] == [""]
    assert receiver.requests == []


async def test_the_connection_goes_to_the_address_that_was_judged_and_the_name_stays_in_the_request(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    port = receiver.url.split(":")[2].split("/")[0]
    await readdress(sessions, made.id, f"http://hooks.bank.example:{port}/hook")
    await tell(sessions, wang, range(1))
    assert states(await deliver(sessions, utc_now(), resolve=_leading_to("127.0.0.1"))) == (1, 0, 0)
    assert receiver.requests[0][0]["host"] == f"hooks.bank.example:{port}"


async def test_a_name_that_leads_inside_by_now_is_not_called(sessions: Sessions, receiver: Receiver) -> None:
    wang = await clerk(sessions)
    await hook(sessions, wang, receiver.url)
    await tell(sessions, wang, range(1))
    now = utc_now()
    for inside in ("10.0.0.7", "169.254.169.254", "::ffff:192.168.1.1"):
        resolve = _leading_to("127.0.0.1", inside)
        assert states(await deliver(sessions, now, resolve=resolve)) == (0, 1, 0)
        assert (await outbox(sessions))[0].last_error == "the host leads to an address that is not public"
        now += timedelta(days=1)
    assert receiver.requests == []


async def test_in_production_this_machine_is_no_receiver(sessions: Sessions, receiver: Receiver) -> None:
    production = Settings(environment="production", secret_keys=KEY)
    wang = await clerk(sessions)
    await hook(sessions, wang, receiver.url)
    await tell(sessions, wang, range(1))
    assert states(await deliver(sessions, utc_now(), production)) == (0, 1, 0)
    assert receiver.requests == []
    for url, address in (
        ("https://hooks.bank.example/", "127.0.0.1"), ("https://hooks.bank.example/", "10.1.1.1"),
        ("http://hooks.bank.example/", "93.184.216.34"),
    ):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            await webhook_service.check_address(url, production, _leading_to(address))
        assert refusal.value.faults[0].where == "url"
    await webhook_service.check_address(
        "https://hooks.bank.example/", production, _leading_to("93.184.216.34")
    )


def _leading_to(*addresses: str) -> webhook_channel.Resolver:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve


async def test_a_test_message_goes_the_same_way(sessions: Sessions, receiver: Receiver) -> None:
    wang: Viewer = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    async with working(sessions, wang) as session:
        put = await webhook_service.send_test(session, wang, made.id, now=utc_now())
    assert (put.state, put.kind) == (DeliveryState.PENDING, "test")
    assert states(await deliver(sessions, utc_now())) == (1, 0, 0)
    [event] = receiver.events(made.secret)
    assert (event["type"], receiver.ids) == ("test", [put.message_id])


async def test_secrets_are_sealed_anew_and_a_key_that_is_gone_is_told(
    sessions: Sessions, receiver: Receiver
) -> None:
    wang = await clerk(sessions)
    made = await hook(sessions, wang, receiver.url)
    new = Settings(secret_keys=f"{KEY[::-1]},{KEY}")
    async with working(sessions) as session:
        assert await webhook_service.reseal(session, key_ring(new)) == 1
    await tell(sessions, wang, range(1))
    now: datetime = utc_now()
    assert states(await deliver(sessions, now)) == (0, 1, 0)
    assert "not there" in str((await outbox(sessions))[0].last_error)
    only_new = Settings(secret_keys=KEY[::-1])
    assert states(await deliver(sessions, now + timedelta(minutes=2), only_new)) == (1, 0, 0)
    assert len(receiver.events(made.secret)) == 1
    async with working(sessions) as session:
        with pytest.raises(Refused):
            await webhook_service.reseal(session, key_ring(SETTINGS))
