"""Members and people of chains in the demonstration: proposed, partly decided, one objection; a team for a park."""

from datetime import date, datetime
from typing import Final

from app.accounts.rules import Grant, Role, Viewer
from app.chains import post_service
from app.chains.confirming import State
from app.chains.post_schemas import PlaceIn, PostIn, TeamPlace
from app.cli.bodies import any_version
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.membership import deciding_service, objection_service, run_service, service
from app.membership.schemas import (
    ChosenIn,
    DecisionsIn,
    DeclineIn,
    MembershipFilter,
    MembershipObjectionIn,
    MembershipOut,
)

CHAIN: Final = "HLJ-GDZB"
DECIDED: Final = (CHAIN, "HLJ-SWYY", "HLJ-NJZB")
SINCE: Final = date(2023, 10, 16)


async def seed_members(session: AsyncSession, viewer: Viewer, own: str, *, now: datetime) -> None:
    """Propose members for all firms, confirm what two witnesses carry on some chains; the firm `own` objects."""
    await _seed_people(session, viewer, now)
    await run_service.run(session, viewer, now=now)
    for chain in DECIDED:
        chosen = ChosenIn(
            chain=chain, confidence="industry_and_scope", decision="confirmed", reason="行业与经营范围一致（演示）",
            since=SINCE,
        )  # fmt: skip
        found = await _listed(session, viewer, MembershipFilter(chain=chain, state="proposed"), now)
        if any(one.confidence == chosen.confidence for one in found):
            seen = await deciding_service.preview_decisions(session, viewer, chosen, now=now)
            meant = DecisionsIn(**chosen.model_dump(), seen=seen.seen)
            await deciding_service.decide(session, viewer, meant, now=now)
    for one in (await _listed(session, viewer, MembershipFilter(chain=CHAIN, state="proposed"), now))[:2]:
        body = DeclineIn(reason="经核实只做销售（演示）", since=SINCE)
        await service.decline(session, viewer, one.id, body, expect=any_version, now=now)
    firm = Viewer("演示企业", viewer.jurisdiction, (Grant(Role.ENTERPRISE, own),), is_operator=True)
    for membership in await service.of_firm(session, firm, own, now=now):
        if membership.state != State.DECLINED:
            text = "本企业主要为整机配套，请核对环节（演示）。"
            await objection_service.object_to(
                session, firm, MembershipObjectionIn(membership=membership.id, text=text), now=now
            )
            break


async def _listed(
    session: AsyncSession, viewer: Viewer, wanted: MembershipFilter, now: datetime
) -> list[MembershipOut]:
    page = PageRequest(limit=MOST_ROWS)
    return (await service.list_memberships(session, viewer, page, wanted, now=now)).items


async def _seed_people(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    for kind, code, name, region in (
        ("cluster", "HLJ-JQ-01", "哈尔滨重型装备集群（演示）", "230100"),
        ("park", "HLJ-YQ-07", "松北智能制造产业园（演示）", "230109"),
    ):
        place = PlaceIn(kind=kind, code=code, name=name, region=region, since=SINCE)
        await post_service.add_place(session, viewer, CHAIN, place, now=now)
    for post, holder, body, team in (
        ("lead_department", "省工业和信息化厅装备处（演示）", "省工业和信息化厅（演示）", None),
        ("adviser", "云砚（演示）", "松江银行股份有限公司（演示）", None),
        ("butler_team", "松北金融管家团队（演示）", "松江银行股份有限公司（演示）", "HLJ-YQ-07"),
    ):
        given = PostIn(
            post=post, holder=holder, body=body, since=SINCE,
            place=TeamPlace(kind="park", code=team) if team else None,
        )  # fmt: skip
        await post_service.appoint_to_post(session, viewer, CHAIN, given, now=now)
