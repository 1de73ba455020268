"""Posts and places of chains as they are kept: appointed, handed over, covered; and chains without 链长."""

from datetime import date
from typing import Any

import pytest

from app.accounts.rules import Grant, Role, Viewer
from app.chains import post_service, service
from app.chains.post_schemas import PlaceIn, PostEnd, PostHandOver, PostIn
from app.chains.schemas import ChainIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Forbidden, PreconditionFailed, Refused
from tests.membership.town import NOW

FIRST = date(2024, 1, 1)


@pytest.fixture
async def chain(session: AsyncSession, viewer: Viewer) -> str:
    made = ChainIn(code="NJ", name="农机产业链", industries=("C357",))
    return (await service.create_chain(session, viewer, made, now=NOW)).code


def anything(_version: str) -> None:
    """Accept any version."""


async def appointed(session: AsyncSession, viewer: Viewer, chain: str, **more: Any) -> Any:
    body = PostIn.model_validate({"post": "leader", "holder": "甲", "since": FIRST} | more)
    return await post_service.appoint_to_post(session, viewer, chain, body, now=NOW)


async def test_a_chain_without_leader_is_an_alarm_until_somebody_is_appointed(
    session: AsyncSession, viewer: Viewer, chain: str
) -> None:
    [vacant] = await post_service.list_vacancies(session, viewer, now=NOW)
    assert (vacant.is_now, vacant.last, "此前从未有人" in vacant.sentence) == (True, None, True)
    await appointed(session, viewer, chain, until="2024-03-10")
    [soon] = await post_service.list_vacancies(session, viewer, now=NOW)
    assert (soon.is_now, soon.since, soon.last) == (False, date(2024, 3, 11), "甲")
    assert await post_service.list_vacancies(session, viewer, now=NOW, ahead=5) == []


async def test_the_vacancies_of_one_chain_are_those_that_the_list_of_all_has(
    session: AsyncSession, viewer: Viewer, chain: str
) -> None:
    other = await service.create_chain(
        session, viewer, ChainIn(code="SP", name="食品产业链", industries=("C13",)), now=NOW
    )
    await appointed(session, viewer, chain, until="2024-03-10")
    every = await post_service.list_vacancies(session, viewer, now=NOW)
    assert {one.chain for one in every} == {chain, other.code}
    for code in (chain, other.code):
        found = await post_service.list_vacancies(session, viewer, code=code, now=NOW)
        assert found == [one for one in every if one.chain == code]
    assert await post_service.list_vacancies(session, viewer, code="NONE", now=NOW) == []


async def test_a_hand_over_leaves_a_gap_only_with_its_reason(
    session: AsyncSession, viewer: Viewer, chain: str
) -> None:
    first = await appointed(session, viewer, chain)
    with pytest.raises(Refused):
        await appointed(session, viewer, chain, holder="乙", since="2024-02-01")
    gap = {"holder": "乙", "on": "2024-02-01", "gap_until": "2024-02-10"}

    async def hand(expect: Any = anything, **fields: Any) -> Any:
        body = PostHandOver.model_validate(fields)
        return await post_service.hand_over_post(
            session, viewer, chain, first.id, body, expect=expect, now=NOW
        )

    with pytest.raises(Refused) as refused:
        await hand(**gap)
    assert refused.value.faults[0].where == "gap_reason"

    def stale(_version: str) -> None:
        raise PreconditionFailed("stale")

    with pytest.raises(PreconditionFailed):
        await hand(stale, **gap, gap_reason="人选待定")
    following = await hand(**gap, gap_reason="人选待定")
    assert (following.since, following.gap_reason) == (date(2024, 2, 10), "人选待定")
    listed = await post_service.list_posts(session, viewer, chain, now=NOW)
    assert [(one.holder, one.until, one.is_in_office) for one in listed] == [
        ("甲", date(2024, 1, 31), False), ("乙", None, True),
    ]  # fmt: skip
    assert [one.name for one in await service.list_managers(session, viewer, chain)] == ["甲", "乙"]


async def test_a_butler_team_is_for_a_place_that_the_chain_covers(
    session: AsyncSession, viewer: Viewer, chain: str
) -> None:
    team = {"post": "butler_team", "holder": "管家一队", "place": {"kind": "park", "code": "P1"}}
    for wrong in (team, team | {"place": None}, {"post": "adviser", "place": team["place"]}):
        with pytest.raises(Refused):
            await appointed(session, viewer, chain, **wrong)
    place = PlaceIn(kind="park", code="P1", name="正阳园区", since=FIRST)
    made = await post_service.add_place(session, viewer, chain, place, now=NOW)
    found = await appointed(session, viewer, chain, **team)
    assert (found.title, found.place_name) == ("重点产业园区正阳园区金融管家团队", "正阳园区")
    assert [one.role for one in await service.list_managers(session, viewer, chain)] == []
    ended = PostEnd(until=date(2024, 6, 30))
    done = await post_service.end_place(session, viewer, chain, made.id, ended, expect=anything, now=NOW)
    assert done.until == ended.until
    with pytest.raises(Refused):
        await post_service.add_place(session, viewer, chain, place, now=NOW)


@pytest.mark.parametrize(
    ("region", "word"), [("999999", "no such region"), ("110101", "is not within 230000")]
)
async def test_a_region_elsewhere_is_not_covered(
    session: AsyncSession, viewer: Viewer, chain: str, region: str, word: str
) -> None:
    with pytest.raises(Refused) as refused:
        await post_service.add_place(
            session, viewer, chain, PlaceIn(kind="region", code=region, since=FIRST), now=NOW
        )
    assert word in refused.value.faults[0].message


async def test_the_manager_of_a_chain_does_not_appoint(session: AsyncSession, chain: str) -> None:
    manager = Viewer("链办", "230000", (Grant(Role.CHAIN_MANAGER, chain),), 1)
    with pytest.raises(Forbidden):
        await appointed(session, manager, chain)
