"""Notices are posted to who holds a role today, once for an event, whatever happens, and few statements at that."""

from datetime import timedelta

from sqlalchemy import event, select

from app.accounts.rules import Role
from app.accounts.tables import Person, RoleGrant
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.notifications import service
from app.notifications.rules import NewNotice, NoticeKind
from app.notifications.tables import Delivery, Notice, WebhookEndpoint
from tests.accounts.offices import person, person_in, working
from tests.notifications.posts import clerk, hook, notice, outbox, tell

MANAGER, COORDINATOR = Role.RELATIONSHIP_MANAGER, Role.COORDINATOR


async def told(session: AsyncSession) -> list[tuple[str, int]]:
    rows = await session.execute(
        select(Notice.event_key, Notice.person_id).order_by(Notice.event_key, Notice.person_id)
    )
    return [(row[0], row[1]) for row in rows]


async def test_an_audience_is_who_has_the_role_in_exactly_that_scope_today_and_can_sign_in(
    session: AsyncSession,
) -> None:
    wang = await person_in(session, "wang", (MANAGER, "icbc-dl"), (COORDINATOR, "230100"))
    zhao = await person_in(session, "zhao", (MANAGER, "icbc-hrb"))
    gone = await person_in(session, "gone", (MANAGER, "icbc-dl"))
    later = await person_in(session, "later", (MANAGER, "icbc-dl"))
    (await session.scalars(select(Person).where(Person.id == gone.person))).one().disabled_at = utc_now()
    grant = (await session.scalars(select(RoleGrant).where(RoleGrant.person_id == later.person))).one()
    grant.since = shanghai_today() + timedelta(days=1)
    await session.flush()
    posted = [
        NewNotice("a", NoticeKind.LATE, "…", audience=((MANAGER, "icbc-dl"), (COORDINATOR, "230100"))),
        NewNotice("b", NoticeKind.LATE, "…", audience=((MANAGER, "230100"), (COORDINATOR, "icbc-dl"))),
        NewNotice(
            "c", NoticeKind.LATE, "…", audience=((MANAGER, "nowhere"),), persons=(gone.person or 0, 10**9)
        ),
        NewNotice("d", NoticeKind.LATE, "…", audience=((MANAGER, "icbc-hrb"),), persons=(wang.person or 0,)),
    ]
    assert await service.post(session, posted, now=utc_now()) == 3
    assert await told(session) == [("a", wang.person), ("d", wang.person), ("d", zhao.person)]


async def test_an_event_is_told_a_person_once_however_often_and_whatever_else_it_says(
    sessions: Sessions,
) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    assert await tell(sessions, wang, range(3)) == 3
    async with transaction(sessions) as session:
        again = [
            notice(1, wang, body="anew"),
            notice(2, zhao),
            notice(2, zhao, body="twice"),
            notice(9, wang),
        ]
        assert await service.post(session, again, now=utc_now()) == 2
        bodies = await session.scalars(select(Notice.body).where(Notice.event_key == "event:1"))
        assert all(body != "anew" for body in bodies)


async def test_what_is_not_kept_was_not_told_and_nothing_of_it_goes_out(sessions: Sessions) -> None:
    wang = await clerk(sessions)
    await hook(sessions, wang, "http://127.0.0.1:9/hook")
    async with sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": True})
        assert await service.post(session, [notice(1, wang)], now=utc_now()) == 1
        await session.rollback()
    assert await outbox(sessions) == []
    async with transaction(sessions, writes=False) as session:
        assert await told(session) == []


async def test_a_receiver_gets_the_kinds_that_it_wants_of_its_person_once(sessions: Sessions) -> None:
    wang, zhao = await clerk(sessions), await clerk(sessions, "zhao")
    every = await hook(sessions, wang, "http://127.0.0.1:9/every")
    late = await hook(sessions, wang, "http://127.0.0.1:9/late", NoticeKind.LATE)
    await tell(sessions, wang, range(2))
    await tell(sessions, wang, range(2))
    await tell(sessions, wang, range(2, 3), kind=NoticeKind.DECLINED)
    await tell(sessions, zhao, range(3))
    found = [(one.endpoint_id, one.kind) for one in await outbox(sessions)]
    assert sorted(found) == sorted(
        [(every.id, "late"), (every.id, "late"), (every.id, "declined")] + [(late.id, "late")] * 2
    )


async def test_ten_thousand_notices_take_hardly_more_statements_than_a_hundred(session: AsyncSession) -> None:
    scopes = [f"branch-{place}" for place in range(50)]
    for place, scope in enumerate(scopes):
        viewer = await person_in(session, f"clerk{place}", (MANAGER, scope))
        session.add(
            WebhookEndpoint(person_id=viewer.person, url="https://h.example.cn/", sealed_secret="", kinds=[], version=1, created_at=utc_now())
        )  # fmt: skip
    await session.flush()
    seen: list[str] = []
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *words: seen.append(words[2]))

    async def statements(name: str, many: int) -> int:
        seen.clear()
        posted = [
            NewNotice(
                f"{name}:{number}", NoticeKind.REMINDED, "…", audience=((MANAGER, scopes[number % 50]),)
            )
            for number in range(many)
        ]
        assert await service.post(session, posted, now=utc_now()) == many
        return len(seen)

    few, many = await statements("few", 100), await statements("many", 10_000)
    assert few <= 6
    assert many <= few + 2 * 10
    assert len((await session.scalars(select(Delivery.id))).all()) == 10_100


async def test_nobody_to_tell_is_no_error(session: AsyncSession) -> None:
    assert await service.post(session, [], now=utc_now()) == 0
    nobody = NewNotice("n", NoticeKind.LATE, "…", audience=((MANAGER, "nowhere"),))
    assert await service.post(session, [nobody], now=utc_now()) == 0


async def test_a_viewer_who_sees_little_tells_others_all_the_same(sessions: Sessions) -> None:
    wang = await clerk(sessions)
    other = await person(sessions, "boss", (COORDINATOR, "230100"))
    await hook(sessions, other, "http://127.0.0.1:9/hook")
    async with working(sessions, wang) as session:
        assert await service.post(session, [notice(1, other)], now=utc_now()) == 1
        assert await told(session) == []
    assert len(await outbox(sessions)) == 1
