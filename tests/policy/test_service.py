"""Adoptions are recorded, shown with each use, and refused where they make no sense."""

from datetime import date, datetime

import pytest

from app.accounts.rules import Viewer, local_operator
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import PageRequest
from app.policy import service
from app.policy.schemas import AdoptionEndIn, AdoptionIn

LUOYANG = local_operator("410300")
DAY = date(2023, 11, 15)
CLASSES = AdoptionIn(pack="heilongjiang-2023-25", reason="本市没有堵点分类")


async def test_an_adopted_pack_fills_what_the_jurisdiction_lacks_and_shows_how(
    session: AsyncSession, now: datetime
) -> None:
    assert (await service.rule_book(session, "410300", DAY)).bottlenecks == ()
    made = await service.adopt(session, LUOYANG, CLASSES, now=now)
    book = await service.rule_book(session, "410300", DAY)
    assert {rule.data["class_code"] for rule in book.bottlenecks} == {"a", "b", "c", "d", "elements"}
    assert all(
        "本市没有堵点分类" in rule.adopted and "local-operator" in rule.adopted for rule in book.bottlenecks
    )
    assert made.since == DAY
    county = await service.rule_book(session, "410311", DAY)
    assert [rule.key for rule in county.bottlenecks] == [rule.key for rule in book.bottlenecks]
    assert (await service.rule_book(session, "410000", DAY)).bottlenecks == ()
    assert (await service.rule_book(session, "410300", date(2023, 11, 14))).bottlenecks == ()


async def test_an_adopted_value_of_the_own_draft_answers_with_clause_and_adoption(
    session: AsyncSession, now: datetime
) -> None:
    with pytest.raises(NotFound, match=r"talent_loan\.most"):
        await service.parameter(session, LUOYANG, "talent_loan.most", None, DAY)
    wanted = AdoptionIn(pack="luoyang-draft", item="talent_loan.most", reason="先行先试")
    await service.adopt(session, LUOYANG, wanted, now=now)
    found = await service.parameter(session, LUOYANG, "talent_loan.most", None, DAY)
    assert (found.value, found.citation) == (2_000_000_000, "洛阳（征求意见稿）（四）")
    assert "先行先试" in found.adopted
    assert "征求意见稿" in found.adopted


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("talent_loan.most", "Set by luoyang-draft (draft for 410300); adopt it"),
        ("targets.coverage", "Set by heilongjiang-2023-25 (in_force for 230000 since 2023-10-12)"),
        ("talent_loans.most", "Perhaps talent_loan.most?"),
        ("zz.qq", "policy show PACK"),
    ],
)
async def test_a_value_that_is_not_set_comes_with_where_it_is_or_what_it_may_be_called(
    session: AsyncSession, key: str, remedy: str
) -> None:
    with pytest.raises(NotFound) as refused:
        await service.parameter(session, LUOYANG, key, None, DAY)
    (fault,) = refused.value.faults
    assert (fault.where, fault.value) == ("key", key)
    assert remedy in fault.remedy


async def test_an_ended_adoption_applies_no_more_but_stays_on_record(
    session: AsyncSession, now: datetime
) -> None:
    made = await service.adopt(session, LUOYANG, CLASSES, now=now)
    last = AdoptionEndIn(until=date(2023, 12, 1))
    ended = await service.end_adoption(session, LUOYANG, made.id, last, now=now)
    assert ended.until == date(2023, 12, 1)
    assert (await service.rule_book(session, "410300", date(2023, 11, 30))).bottlenecks != ()
    assert (await service.rule_book(session, "410300", date(2023, 12, 1))).bottlenecks == ()
    assert (await service.adoption(session, LUOYANG, made.id)) == ended
    with pytest.raises(Conflict, match="ended"):
        await service.end_adoption(session, LUOYANG, made.id, last, now=now)
    early = CLASSES.model_copy(update={"since": date(2023, 11, 20)})
    with pytest.raises(Conflict, match="begin on 2023-12-01 or later"):
        await service.adopt(session, LUOYANG, early, now=now)
    again = CLASSES.model_copy(update={"since": date(2023, 12, 1)})
    assert (await service.adopt(session, LUOYANG, again, now=now)).id != made.id


async def test_an_adoption_does_not_end_before_it_began(session: AsyncSession, now: datetime) -> None:
    made = await service.adopt(session, LUOYANG, CLASSES, now=now)
    with pytest.raises(Refused, match="before it began"):
        await service.end_adoption(session, LUOYANG, made.id, AdoptionEndIn(until=date(2023, 1, 1)), now=now)


async def test_every_fault_of_a_wish_is_named_at_once(session: AsyncSession, now: datetime) -> None:
    wanted = AdoptionIn(pack="heilongjiang-2023-25", item="no.such", jurisdiction="999999", reason="x")
    with pytest.raises(Refused) as refused:
        await service.adopt(session, LUOYANG, wanted, now=now)
    assert [fault.where for fault in refused.value.faults] == ["item", "jurisdiction"]
    former = wanted.model_copy(update={"item": "*", "jurisdiction": "410322"})
    with pytest.raises(Refused) as refused:
        await service.adopt(session, LUOYANG, former, now=now)
    assert [fault.remedy for fault in refused.value.faults] == ["It became 410308 孟津区."]
    with pytest.raises(Refused) as refused:
        await service.adopt(session, LUOYANG, wanted.model_copy(update={"pack": "none"}), now=now)
    assert refused.value.faults[0].where == "pack"


async def test_nobody_adopts_for_another_region(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    for_luoyang = CLASSES.model_copy(update={"jurisdiction": "410300"})
    with pytest.raises(Refused) as refused:
        await service.adopt(session, viewer, for_luoyang, now=now)
    assert refused.value.faults[0].message == "lies outside 230000"
    made = await service.adopt(session, LUOYANG, CLASSES, now=now)
    with pytest.raises(NotFound):
        await service.end_adoption(session, viewer, made.id, AdoptionEndIn(), now=now)


async def test_what_applies_already_is_not_adopted_again(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    with pytest.raises(Conflict, match="in force in 230000 already"):
        await service.adopt(session, viewer, CLASSES, now=now)
    own = AdoptionIn(pack="luoyang-draft", item="guarantee.fee_cap", reason="x")
    with pytest.raises(Conflict, match=r"its own guarantee\.fee_cap"):
        await service.adopt(session, viewer, own, now=now)
    await service.adopt(session, LUOYANG, CLASSES, now=now)
    with pytest.raises(Conflict, match="adopted for 410300 already"):
        await service.adopt(session, LUOYANG, CLASSES, now=now)


async def test_adoptions_are_listed_page_by_page_to_those_whom_they_bind(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    for item in ("bottleneck.a", "bottleneck.b", "bottleneck.c"):
        await service.adopt(session, LUOYANG, CLASSES.model_copy(update={"item": item}), now=now)
    first = await service.adoptions_page(session, local_operator("410311"), PageRequest(limit=2))
    rest = await service.adoptions_page(
        session, local_operator("410311"), PageRequest(limit=2, cursor=first.next)
    )
    assert [row.item for row in first.items + rest.items] == ["bottleneck.a", "bottleneck.b", "bottleneck.c"]
    assert rest.next is None
    assert (await service.adoptions_page(session, viewer, PageRequest())).items == []


async def test_a_region_that_does_not_exist_has_no_rule_book(session: AsyncSession, viewer: Viewer) -> None:
    with pytest.raises(Refused, match="not known"):
        await service.rule_book_of_region(session, viewer, "999999", DAY)
