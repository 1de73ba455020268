"""The door of a worker: what comes in was let in before, when it was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from app.accounts import standings
from app.accounts.door import Sight, let_in, record
from app.accounts.rules import Viewer, local_operator
from app.jobs.tables import Job
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import Forbidden

SCOPE: Final = "rongqiao.job"
"""Where a worker puts the ticket into the ASGI scope; no client can reach that."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """Which job a request carries out, and on whose behalf."""

    code: str
    start: int
    person_id: int | None
    key_id: int | None
    grants: tuple[tuple[str, str], ...]
    address: str
    request_id: str

    @classmethod
    def of(cls, job: Job) -> "Ticket":
        """Answer the ticket of a job that was begun."""
        grants = tuple((role, scope) for role, scope in job.grants)
        return cls(job.code, job.start, job.person_id, job.key_id, grants, job.address, job.request_id)

    @property
    def key(self) -> str:
        """Answer the idempotency key of the job's request, and whom it is kept for: nobody else has it."""
        return f"job:{self.code}"


class JobDoor:
    """Lets a job's request in as whoever asked for it, with what of their roles is still in force."""

    def __init__(self, jurisdiction: str, sight: Sight) -> None:
        self.jurisdiction, self.sight = jurisdiction, sight

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        """Let the asker in.

        Raises:
            Forbidden: the roles, the person or the key with which the job was asked for hold no more.
        """
        ticket: Ticket = request.scope[SCOPE]
        request.state.is_counted = True
        request.state.address, request.state.request_id = ticket.address, ticket.request_id
        viewer = await self._viewer(session, ticket)
        let_in(request, session, marks, viewer, sight=self.sight, via="job")
        return ticket.key

    async def record(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
        """Note what was done."""
        record(request, session, marks)

    async def leave(self, request: Request) -> None:
        """Nothing is left to do."""

    async def _viewer(self, session: AsyncSession, ticket: Ticket) -> Viewer:
        if ticket.person_id is None:
            return local_operator(self.jurisdiction)
        found = await standings.of_absent(
            session,
            ticket.person_id,
            ticket.key_id,
            ticket.grants,
            jurisdiction=self.jurisdiction,
            now=utc_now(),
        )
        if found is None:
            raise Forbidden("The role, the person or the key with which it was asked for holds no more.")
        return found
