"""Chains with profiles, and firms whose business scopes say where they belong."""

from datetime import UTC, datetime
from typing import Final

from app.accounts.rules import Viewer
from app.chains import service as chains
from app.chains.schemas import ChainIn
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest
from app.membership import run_service, service
from app.membership.schemas import MembershipFilter, MembershipOut
from app.whitelist.simulation import invent_firms

NOW: Final = datetime(2024, 3, 1, 2, tzinfo=UTC)
FIRMS: Final = (
    ("拖拉机厂", "C3571", "拖拉机制造、销售"),
    ("农机厂", "C3572", "农业机械制造；农机具销售"),
    ("药厂", "C2710", "化学药品原料药制造"),
    ("贸易行", "F5175", "农业机械销售"),
    ("饮片厂", None, "生物制品生产"),
)


async def build(session: AsyncSession, viewer: Viewer) -> dict[str, str]:
    """Store two chains and five firms; answer credit codes by name."""
    for code, name, profile, industries in (
        ("NJ", "农机产业链", "NJZB", ("C357",)),
        ("YY", "医药产业链", "SWYY", ("C27",)),
    ):
        await chains.create_chain(
            session, viewer, ChainIn(code=code, name=name, profile=profile, industries=industries), now=NOW
        )
    invented = invent_firms(len(FIRMS), {"230102": "哈尔滨"}, 5)
    for firm, (name, industry, scope) in zip(invented, FIRMS, strict=True):
        session.add(
            Enterprise(
                uscc=firm.uscc, name=name, name_key=name, spelling="", region_code="230102", industry=industry,
                business_scope=scope, is_demo=False, version=1, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
    await session.flush()
    return {name: firm.uscc for firm, (name, _industry, _scope) in zip(invented, FIRMS, strict=True)}


async def proposed(session: AsyncSession, viewer: Viewer) -> dict[str, MembershipOut]:
    """Propose, and answer what is proposed by name of the firm."""
    await run_service.run(session, viewer, now=NOW)
    return await listed(session, viewer, "proposed")


async def listed(session: AsyncSession, viewer: Viewer, state: str) -> dict[str, MembershipOut]:
    """Answer the memberships in a state by name of the firm."""
    wanted = MembershipFilter(state=state)
    found = await service.list_memberships(session, viewer, PageRequest(limit=100), wanted, now=NOW)
    return {one.enterprise: one for one in found.items}
