"""A catalogue's surroundings, small enough to read."""

from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.chains.service import import_chains
from app.institutions.service import import_institutions

INSTITUTIONS = """\
institutions:
  - {code: SJ, name: 松江银行, short_name: 松江, kind: city_commercial, region: "230000"}
  - {code: SJ-HRB, name: 松江银行哈尔滨分行, short_name: 松江哈尔滨, parent: SJ, region: "230100", capacity: 5}
  - {code: DB, name: 龙原担保, short_name: 龙原, kind: guarantor, region: "230000", capacity: 5}
  - {code: JG, name: 监管局, short_name: 监管局, kind: regulator, region: "230000"}
"""
CHAINS = """\
chains:
  - {code: GDZB, name: 高端装备产业链, industries: [C34]}
"""


@pytest.fixture
async def world(session: AsyncSession, viewer: Viewer, now: datetime) -> AsyncSession:
    """A session with a bank, its branch, a guarantor, a public body and a chain."""
    await import_institutions(session, viewer, INSTITUTIONS, "institutions.yaml", now=now)
    await import_chains(session, viewer, CHAINS, "chains.yaml", now=now)
    return session
