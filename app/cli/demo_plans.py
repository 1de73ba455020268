"""A draft of one chain's plan in the demonstration, compared with the plan in force on the day of seeding."""

from datetime import datetime
from typing import Any, Final

import yaml

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.plans import comparing_service, service
from app.plans.schemas import DraftIn

FILE: Final = "demo/plan_drafts.yaml"


async def seed_draft(session: AsyncSession, viewer: Viewer, *, now: datetime) -> None:
    """Draft the plan of the file from today on, and compare it over the newest edition."""
    said: dict[str, Any] = yaml.safe_load((get_settings().seed_dir / FILE).read_text("utf-8"))
    chain = said.pop("chain")
    data = DraftIn.model_validate(said | {"since": shanghai_date(now).isoformat()})
    made = await service.create_draft(session, viewer, chain, data, now=now)
    await comparing_service.compare_draft(session, viewer, chain, made.number, now=now)
