"""Notices, settings, receivers and the outbox over HTTP: everybody's own, an administrator's states, no contents."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.accounts.rules import Role
from app.enterprises.tables import Consent, Disclosure
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions, transaction
from app.notifications import service
from app.notifications.tables import Delivery
from tests.accounts.offices import client_as, person
from tests.docking.world import ASSIGNED, build_world, entry_code
from tests.notifications.posts import TELLING, clerk, deliver, hook, notice, outbox, tell
from tests.notifications.servers import receiving


async def test_what_a_notice_tells_of_an_entry_is_shown_while_the_entry_is_seen(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "ccb"))
        consent = Consent(
            need_id=1, purpose="financing", shows_contact=False, shows_financial=False, shows_judicial=False,
            institution_id=None, until=shanghai_today() + timedelta(days=30), given_by="test", given_at=ASSIGNED, version=1,
        )  # fmt: skip
        session.add(consent)
    wang = await clerk(sessions)
    async with transaction(sessions) as session:
        ids = [world.entries[entry_code(number)] for number in (0, 1)]
        told = [notice(place, wang, entry_id=entry) for place, entry in enumerate((*ids, None))]
        await service.post(session, told, now=utc_now())

    async def listed() -> dict[int, dict[str, Any]]:
        async with client_as(sessions, wang) as client:
            items = (await client.get("/notices")).json()["items"]
        return {item["id"] % 10 - 1: item for item in items}

    shown = await listed()
    assert (shown[0]["entry"], shown[0]["body"]) == (entry_code(0), "、".join(TELLING))
    assert shown[2]["body"] == "、".join(TELLING), "about no entry: for its person, always"
    hidden = shown[1]
    assert (hidden["is_withheld"], hidden["title"]) == (True, "办理事项逾期")
    assert (hidden["body"], hidden["entry"], hidden["link"]) == (None, None, None)
    async with transaction(sessions) as session:
        shown_to = (await session.scalars(select(Disclosure.shown_to))).all()
        assert list(shown_to) == ["wang"]
        await session.execute(update(Consent).values(revoked_at=utc_now(), revoked_by="test"))
    assert (await listed())[0]["is_withheld"] is True


async def test_notices_are_ones_own_read_in_pages_and_marked_read(sessions: Sessions) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    await tell(sessions, wang, range(5))
    await tell(sessions, zhao, range(2))
    async with client_as(sessions, wang) as client:
        first = (await client.get("/notices", params={"limit": 3})).json()
        rest = (await client.get("/notices", params={"limit": 3, "cursor": first["next"]})).json()
        ids = [item["id"] for item in first["items"] + rest["items"]]
        assert (ids == sorted(ids, reverse=True), len(ids), rest["next"]) == (True, 5, None)
        marked = await client.post("/notices/read", json={"ids": [*ids[:2], 10**6]})
        assert marked.json() == {"marked": 2, "unread": 3}
        assert (await client.get("/notices/unread")).json() == {"unread": 3}
        unread = (await client.get("/notices", params={"unread": True})).json()["items"]
        assert [item["id"] for item in unread] == ids[2:]
        assert (await client.post("/notices/read", json={"up_to": ids[0]})).json() == {
            "marked": 3,
            "unread": 0,
        }
        wrongs: tuple[dict[str, Any], ...] = ({}, {"ids": []}, {"ids": [1], "up_to": 1}, {"ids": [0]})
        for wrong in wrongs:
            assert (await client.post("/notices/read", json=wrong)).status_code == 422
        one = (await client.get(f"/notices/{ids[0]}")).json()
        assert one["read_at"] is not None
    async with client_as(sessions, zhao) as client:
        assert (await client.get(f"/notices/{ids[0]}")).status_code == 404
        assert (await client.post("/notices/read", json={"ids": ids})).json() == {"marked": 0, "unread": 2}


async def test_receivers_are_added_with_a_secret_shown_once_changed_tested_and_removed(
    sessions: Sessions,
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    async with client_as(sessions, wang) as client:
        made = await client.post(
            "/webhooks", json={"url": "http://127.0.0.1:9/hook", "kinds": ["late", "late"]}
        )
        assert (made.status_code, made.json()["secret"][:6], made.json()["kinds"]) == (
            201,
            "whsec_",
            ["late"],
        )
        path = made.headers["location"].removeprefix("/api/v1")
        read = await client.get(path)
        assert "secret" not in read.text
        assert read.headers["etag"] == '"1"'
        assert (await client.patch(path, json={"kinds": []})).status_code == 428
        off = await client.patch(path, json={"is_enabled": False}, headers={"If-Match": '"1"'})
        assert (off.json()["is_enabled"], off.json()["disabled_reason"], off.json()["kinds"]) == (
            False,
            "owner",
            ["late"],
        )
        assert (await client.post(f"{path}/test")).status_code == 409
        on = await client.patch(path, json={"is_enabled": True, "kinds": []}, headers={"If-Match": '"2"'})
        assert (on.json()["is_enabled"], on.json()["kinds"]) == (True, [])
        assert (await client.post(f"{path}/test")).status_code == 202
        listed = (await client.get("/webhooks")).json()["items"]
        assert [item["id"] for item in listed] == [made.json()["id"]]
    async with client_as(sessions, zhao) as client:
        assert (await client.get("/webhooks")).json()["items"] == []
        for method in ("GET", "PATCH", "DELETE"):
            assert (await client.request(method, path, json={}, headers={"If-Match": "*"})).status_code == 404
    async with client_as(sessions, wang) as client:
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        for _receiver in range(10):
            assert (await client.post("/webhooks", json={"url": "http://127.0.0.1:9/"})).status_code == 201
        assert (await client.post("/webhooks", json={"url": "http://127.0.0.1:9/"})).status_code == 409


CLOSED = (
    "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[fd00::1]/", "http://0.0.0.0/",
    "http://a:b@127.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1/ x", "http://no-such-host.invalid/",
)  # fmt: skip
STRANGE = ("a@b.cn\r\nBcc: all@b.cn", "a@b.cn,c@d.cn", "a b@c.cn", "<a@b.cn>", "a@localhost", "王@b.cn", "")


async def test_receivers_that_lead_inside_and_addresses_that_say_more_than_one_are_refused_by_name(
    sessions: Sessions,
) -> None:
    told = []
    async with client_as(sessions, await clerk(sessions)) as client:
        for url in CLOSED:
            answer = await client.post("/webhooks", json={"url": url})
            told.append((answer.status_code, answer.json()["errors"][0]["where"]))
        for email in STRANGE:
            answer = await client.put("/notice-settings", json={"email": email}, headers={"If-Match": '"0"'})
            told.append((answer.status_code, answer.json()["errors"][0]["where"]))
    assert told == [(422, "url")] * len(CLOSED) + [(422, "email")] * len(STRANGE)


async def test_settings_say_whether_mail_is_on_and_change_by_version(sessions: Sessions) -> None:
    async with client_as(sessions, await clerk(sessions)) as client:
        found = await client.get("/notice-settings")
        assert (found.json()["is_mail_on"], found.json()["wants_digest"], found.headers["etag"]) == (
            False,
            True,
            '"0"',
        )
        body = {"email": None, "wants_digest": False}
        assert (await client.put("/notice-settings", json=body)).status_code == 428
        done = await client.put("/notice-settings", json=body, headers={"If-Match": '"0"'})
        assert (done.json()["wants_digest"], done.headers["etag"]) == (False, '"1"')
        off = await client.put("/notice-settings", json={"email": "a@b.cn"}, headers={"If-Match": '"1"'})
        assert (off.status_code, "sends no mail" in off.text) == (409, True)
        assert (await client.post("/notice-settings/confirmation", json={"code": "A"})).status_code == 409


async def test_administrators_see_states_of_the_outbox_retry_what_is_dead_and_read_nothing_of_it(
    sessions: Sessions,
) -> None:
    wang = await clerk(sessions)
    root = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    with receiving("410") as gone, receiving("404") as strange:
        for one in (gone, strange):
            await hook(sessions, wang, one.url)
        await tell(sessions, wang, range(1))
        await deliver(sessions, utc_now())
    async with client_as(sessions, wang) as client:
        assert (await client.get("/notices/deliveries")).status_code == 403
        assert (await client.post("/notices/deliveries/1/retry")).status_code == 403
    async with client_as(sessions, root) as client:
        every = await client.get("/notices/deliveries")
        assert [item["state"] for item in every.json()["items"]] == ["pending", "dead"]
        [dead] = (await client.get("/notices/deliveries", params={"state": "dead"})).json()["items"]
        assert (dead["host"], dead["kind"], dead["last_error"], dead["attempts"]) == (
            "127.0.0.1",
            "late",
            "HTTP 410",
            1,
        )
        assert not any(word in every.text for word in (*TELLING, "/hook", "wang"))
        refused = await client.post(f"/notices/deliveries/{dead['id']}/retry")
        assert (refused.status_code, "Its receiver" in refused.text) == (409, True)
        pending = every.json()["items"][0]["id"]
        assert (await client.post(f"/notices/deliveries/{pending}/retry")).status_code == 409
        assert (await client.post("/notices/deliveries/999/retry")).status_code == 404
        async with transaction(sessions) as session:
            await session.execute(
                update(Delivery).where(Delivery.id == pending).values(state="dead", attempts=10)
            )
        again = (await client.post(f"/notices/deliveries/{pending}/retry")).json()
        assert (again["state"], again["attempts"], again["last_error"]) == ("pending", 0, None)
    assert sorted(one.state for one in await outbox(sessions)) == ["dead", "pending"]
