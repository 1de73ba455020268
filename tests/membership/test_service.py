"""Memberships proposed, decided, handed over, objected to and questioned, on both databases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.accounts.rules import Grant, Role, Viewer
from app.chains.profiles import Role as ChainRole
from app.enterprises import service as enterprises
from app.enterprises.need_facts import NeedFacts
from app.enterprises.schemas import NeedIn
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Forbidden, Refused
from app.kernel.paging import PageRequest
from app.membership import (
    deciding_service,
    listing_service,
    objection_service,
    question_service,
    run_service,
    service,
)
from app.membership.schemas import (
    ChosenIn,
    ConfirmIn,
    DecisionsIn,
    DeclineIn,
    DismissIn,
    MembershipAnswerIn,
    MembershipEndIn,
    MembershipHandOverIn,
    MembershipObjectionIn,
    MembershipQuestionOut,
    QuestionFilter,
)
from tests.membership.town import NOW, build, listed, proposed

PAGE = PageRequest(limit=100)


def anything(_version: int) -> None:
    """Accept any version."""


async def questions(session: AsyncSession, viewer: Viewer) -> list[MembershipQuestionOut]:
    found = await question_service.list_questions(
        session, viewer, PAGE, QuestionFilter(state="open"), now=NOW
    )
    return found.items


async def test_who_makes_is_proposed_with_a_reason_and_who_only_sells_is_not(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    dry = await run_service.run(session, viewer, now=NOW, is_dry=True)
    assert await listed(session, viewer, "proposed") == {}
    found = await proposed(session, viewer)
    assert {name: one.chain for name, one in found.items()} == {
        "拖拉机厂": "NJ", "农机厂": "NJ", "药厂": "YY", "饮片厂": "YY",
    }  # fmt: skip
    assert (dry.added, dry.id, dry.firms) == (4, None, 5)
    assert "农业机械" in found["农机厂"].reason
    assert found["饮片厂"].confidence == "scope_words"
    again = await run_service.run(session, viewer, now=NOW)
    assert (again.added, again.withdrawn, again.kept, again.input_hash) == (0, 0, 4, dry.input_hash)


async def test_what_people_said_outlives_every_run_and_what_speaks_against_it_becomes_a_question(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    found = await proposed(session, viewer)
    await service.confirm(session, viewer, found["药厂"].id, ConfirmIn(), expect=anything, now=NOW)
    corrected = ConfirmIn(role="core", reason="本地龙头")
    await service.confirm(session, viewer, found["农机厂"].id, corrected, expect=anything, now=NOW)
    declined = DeclineIn(reason="已停产")
    await service.decline(session, viewer, found["拖拉机厂"].id, declined, expect=anything, now=NOW)
    for uscc, scope in (("药厂", "农业机械制造"), ("饮片厂", "农业机械制造")):
        firm = await session.scalar(select(Enterprise).where(Enterprise.name == uscc))
        assert firm is not None
        firm.business_scope, firm.industry, firm.version = scope, "C3572", firm.version + 1
    await session.flush()
    after = await run_service.run(session, viewer, now=NOW)
    confirmed = await listed(session, viewer, "confirmed")
    assert {name: (one.chain, one.role) for name, one in confirmed.items()} == {
        "药厂": ("YY", found["药厂"].role), "农机厂": ("NJ", "core"),
    }  # fmt: skip
    assert set(await listed(session, viewer, "declined")) == {"拖拉机厂"}
    # The firm that nobody spoke of goes where its scope points now; the confirmed one is proposed there beside it.
    assert {name: one.chain for name, one in (await listed(session, viewer, "proposed")).items()} == {
        "药厂": "NJ", "饮片厂": "NJ",
    }  # fmt: skip
    assert after.withdrawn == 1
    # What somebody has corrected knowingly is not asked about.
    assert await questions(session, viewer) == []


async def test_a_correction_needs_a_reason_and_a_link_of_the_chain_and_all_faults_are_named(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    number = (await proposed(session, viewer))["农机厂"].id
    with pytest.raises(Refused) as refused:
        await service.confirm(session, viewer, number, ConfirmIn(link="nowhere"), expect=anything, now=NOW)
    assert {one.where for one in refused.value.faults} == {"link", "reason"}
    await service.confirm(session, viewer, number, ConfirmIn(), expect=anything, now=NOW)
    with pytest.raises(Refused):
        await service.decline(session, viewer, number, DeclineIn(reason="误"), expect=anything, now=NOW)


async def test_days_that_are_turned_round_are_refused_at_the_field_that_was_sent(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    number = (await proposed(session, viewer))["农机厂"].id
    turned = ConfirmIn(since=NOW.date(), until=NOW.date() - timedelta(days=1))
    with pytest.raises(Refused) as refused:
        await service.confirm(session, viewer, number, turned, expect=anything, now=NOW)
    assert [one.where for one in refused.value.faults] == ["until"]


async def test_a_need_that_states_another_chain_is_asked_about_and_stays_as_it_is(
    session: AsyncSession, viewer: Viewer
) -> None:
    codes = await build(session, viewer)
    facts = NeedFacts.model_validate(
        {
            "amount": "5000000.00", "term_months": 12, "purposes": ["working_capital"], "region": "230102",
            "chain": "YY", "chain_role": "upstream",
        }
    )  # fmt: skip
    await enterprises.submit_need(session, viewer, NeedIn(uscc=codes["农机厂"], facts=facts), now=NOW)
    number = (await proposed(session, viewer))["农机厂"].id
    await service.confirm(session, viewer, number, ConfirmIn(), expect=anything, now=NOW)
    [asked] = await questions(session, viewer)
    assert (asked.kind, asked.membership.id) == ("statement", number)
    assert "医药产业链" in asked.text
    await run_service.run(session, viewer, now=NOW)
    assert [one.id for one in await questions(session, viewer)] == [asked.id]
    done = await question_service.dismiss(
        session, viewer, asked.id, DismissIn(reason="两业兼营"), expect=anything, now=NOW
    )
    assert done.state == "dismissed"
    with pytest.raises(Conflict):
        await question_service.dismiss(
            session, viewer, asked.id, DismissIn(reason="再次"), expect=anything, now=NOW
        )
    await run_service.run(session, viewer, now=NOW)
    assert await questions(session, viewer) == []
    need = await enterprises.need_by_code(session, viewer, codes["农机厂"])
    assert (need.facts.chain, need.facts.chain_role) == ("YY", "upstream")


async def test_many_are_decided_as_the_preview_showed_or_not_at_all(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    found = await proposed(session, viewer)
    chosen = ChosenIn(chain="NJ", decision="confirmed")
    seen = await deciding_service.preview_decisions(session, viewer, chosen, now=NOW)
    assert (seen.count, {one.enterprise for one in seen.first}) == (2, {"拖拉机厂", "农机厂"})
    await service.decline(
        session, viewer, found["拖拉机厂"].id, DeclineIn(reason="停产"), expect=anything, now=NOW
    )
    meant = DecisionsIn(**chosen.model_dump(), seen=seen.seen)
    with pytest.raises(Conflict):
        await deciding_service.decide(session, viewer, meant, now=NOW)
    seen = await deciding_service.preview_decisions(session, viewer, chosen, now=NOW)
    done = await deciding_service.decide(
        session, viewer, DecisionsIn(**chosen.model_dump(), seen=seen.seen), now=NOW
    )
    assert done.count == 1
    session.expire_all()
    assert set(await listed(session, viewer, "confirmed")) == {"农机厂"}
    shown = await service.get_membership(session, viewer, found["农机厂"].id, now=NOW)
    assert ([one.kind for one in shown.acts], shown.said_by) == (["confirmed"], viewer.name)
    for other in (chosen, ChosenIn(chain="NJ", memberships=(found["药厂"].id,), decision="confirmed")):
        with pytest.raises(Refused):
            await deciding_service.preview_decisions(session, viewer, other, now=NOW)


async def test_a_membership_goes_over_to_another_chain_without_a_gap(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build(session, viewer)
    number = (await proposed(session, viewer))["农机厂"].id
    await service.confirm(
        session, viewer, number, ConfirmIn(since=date(2024, 1, 1)), expect=anything, now=NOW
    )
    body = MembershipHandOverIn(on=date(2024, 3, 1), chain="YY", role="supporting", reason="转产制药设备")
    new = await service.hand_over_membership(session, viewer, number, body, expect=anything, now=NOW)
    old = await service.get_membership(session, viewer, number, now=NOW)
    assert (new.chain, new.since, old.until, old.is_over) == ("YY", date(2024, 3, 1), date(2024, 2, 29), True)
    with pytest.raises(Refused):
        await service.hand_over_membership(session, viewer, number, body, expect=anything, now=NOW)
    ended = MembershipEndIn(until=date(2024, 12, 31), reason="停产")
    assert (await service.end(session, viewer, new.id, ended, expect=anything, now=NOW)).until == ended.until


async def test_a_firm_objects_to_its_own_and_is_right_only_once_it_was_put_right(
    session: AsyncSession, viewer: Viewer
) -> None:
    codes = await build(session, viewer)
    number = (await proposed(session, viewer))["农机厂"].id
    firm = Viewer("农机厂", "230000", (Grant(Role.ENTERPRISE, codes["农机厂"]),), 1)
    other = Viewer("药厂", "230000", (Grant(Role.ENTERPRISE, codes["药厂"]),), 2)
    body = MembershipObjectionIn(membership=number, text="我司只维修")
    with pytest.raises(Forbidden):
        await objection_service.object_to(session, other, body, now=NOW)
    made = await objection_service.object_to(session, firm, body, now=NOW)
    with pytest.raises(Conflict):
        await objection_service.object_to(session, firm, body, now=NOW)
    upheld = MembershipAnswerIn(outcome="upheld", answer="已更正")
    with pytest.raises(Refused):
        await objection_service.answer(session, viewer, made.id, upheld, expect=anything, now=NOW)
    await service.decline(session, viewer, number, DeclineIn(reason="只维修"), expect=anything, now=NOW)
    done = await objection_service.answer(session, viewer, made.id, upheld, expect=anything, now=NOW)
    assert (done.state, done.membership.state) == ("upheld", "declined")
    with pytest.raises(Conflict):
        await objection_service.answer(session, viewer, made.id, upheld, expect=anything, now=NOW)


async def test_a_firm_deals_with_the_office_and_learns_no_names_of_accounts(
    session: AsyncSession, viewer: Viewer
) -> None:
    codes = await build(session, viewer)
    number = (await proposed(session, viewer))["农机厂"].id
    firm = Viewer("农机厂", "230000", (Grant(Role.ENTERPRISE, codes["农机厂"]),), 1)
    [unsaid] = await service.of_firm(session, firm, codes["农机厂"], now=NOW)
    assert unsaid.said_by == ""
    body = MembershipObjectionIn(membership=number, text="我司只维修")
    made = await objection_service.object_to(session, firm, body, now=NOW)
    await service.decline(session, viewer, number, DeclineIn(reason="只维修"), expect=anything, now=NOW)
    upheld = MembershipAnswerIn(outcome="upheld", answer="已更正")
    await objection_service.answer(session, viewer, made.id, upheld, expect=anything, now=NOW)
    shown = await service.get_membership(session, firm, number, now=NOW)
    objection = await objection_service.get_objection(session, firm, made.id, now=NOW)
    assert [one.by for one in shown.acts] == ["农机厂", "统筹部门或链办", "统筹部门或链办"]
    assert (objection.raised_by, objection.answered_by) == ("农机厂", "统筹部门或链办")
    assert viewer.name not in f"{shown}{objection}"
    auditor = Viewer("审计", "230000", (Grant(Role.AUDITOR),), 2)
    assert (await service.get_membership(session, auditor, number, now=NOW)).said_by == viewer.name


async def test_what_a_core_firm_lists_is_proposed_and_its_next_list_replaces_the_last(
    session: AsyncSession, viewer: Viewer
) -> None:
    codes = await build(session, viewer)
    members = {codes["贸易行"]: ChainRole.DOWNSTREAM, "91230199MA1BQXYE20": ChainRole.UPSTREAM}
    came = await listing_service.keep_listing(session, viewer, "NJ", "北方拖拉机", members, now=NOW)
    assert (came.firms, came.added) == (1, 1)
    [one] = (await listed(session, viewer, "proposed")).values()
    assert (one.role, one.confidence) == ("downstream", "core_list")
    later = NOW + timedelta(days=1)
    await listing_service.keep_listing(session, viewer, "NJ", "北方拖拉机", {}, now=later)
    await run_service.run(session, viewer, now=later)
    assert "贸易行" not in await listed(session, viewer, "proposed")
