"""A firm with a need that a bank holds, and the browser of whoever looks at its pages."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx

from app.accounts.rules import Viewer
from app.docking import service
from app.docking.schemas import EventIn
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import OPERATOR
from tests.docking.world import ASSIGNED, entry_code
from tests.enterprises.consent_world import FIRM, USCC, client_of

PAGE = f"/enterprise/needs/{USCC}"
CONSENTS = f"/enterprise/consents?need={USCC}"
APPROVED = {"amount": "4000000.00", "rate": "3.85", "term_months": 24, "is_credit_loan": True}


class Pages:
    """Opens pages and sends their forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.shown = ""

    async def get(self, path: str, status: int = 200) -> str:
        """Open a page; answer what it shows."""
        answer = await self.client.get(f"http://127.0.0.1{path}")
        assert answer.status_code == status, answer.text
        self.shown = answer.text
        return self.shown

    async def post(self, path: str, status: int = 303, **fields: Any) -> str:
        """Send a form; answer what is shown, or where it leads."""
        answer = await self.client.post(f"http://127.0.0.1{path}", data=fields)
        assert answer.status_code == status, answer.text
        self.shown = answer.text
        leads_to: str = answer.headers.get("location", answer.text)
        return leads_to

    def hidden(self, name: str) -> str:
        """Answer the first hidden field of a name on the page shown last."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.shown)
        assert found, f"no field {name}"
        return html.unescape(found[1])


@asynccontextmanager
async def pages_of(
    sessions: Sessions, viewer: Viewer = FIRM, day: date | None = None
) -> AsyncIterator[Pages]:
    """Open a browser in whose requests a viewer looks, on a day (today)."""
    async with client_of(sessions, viewer, day) as client:
        yield Pages(client)


async def log(sessions: Sessions, **fields: Any) -> None:
    """Let it be logged on the firm's entry, five days after its assignment."""
    async with transaction(sessions) as session:
        event = EventIn.model_validate({"occurred_at": "2023-09-09T09:00:00+08:00", **fields})
        await service.log_event(session, OPERATOR, entry_code(0), event, now=ASSIGNED.replace(day=20))
