"""How the work goes, gathered from the database; and whether this process is ready for more."""

from datetime import datetime
from typing import Final

from app.accounts import start_service
from app.accounts.rules import Viewer
from app.coverage import service as coverage
from app.coverage.months import month_of
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.draining import Drain
from app.kernel.errors import Fault
from app.kernel.shanghai import shanghai_date
from app.kernel.troubles import trouble_of
from app.operations import queries
from app.operations.asking import Asked
from app.operations.gathered import Gathered, open_months

NAME: Final = "operations"


async def gather(sessions: Sessions, jurisdiction: str) -> Gathered:
    """Gather the totals of the whole house, in one transaction that only reads."""
    now = utc_now()
    async with transaction(sessions, writes=False) as session:
        queued, (waiting, due) = await queries.queued_since(session), await queries.outbox(session)
        return Gathered(
            jobs=await queries.jobs(session),
            queue_age=_age(queued, now),
            late_entries=await queries.late_entries(session, jurisdiction, shanghai_date(now)),
            open_months=await _open_months(session, jurisdiction, now),
            outbox_waiting=waiting,
            outbox_age=_age(due, now),
            match_run_seconds=await queries.last_match_run(session),
        )


async def _open_months(session: AsyncSession, jurisdiction: str, now: datetime) -> int:
    viewer = Viewer(name=NAME, jurisdiction=jurisdiction, is_operator=True)
    first = (await coverage.next_close(session, viewer)).month
    return open_months(first, month_of(shanghai_date(now)))


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())


async def stored_migration(sessions: Sessions) -> str | None:
    """Answer the number of the migration at which the database's tables are."""
    async with transaction(sessions, writes=False) as session:
        return await start_service.stored_migration(session)


async def obstacles(drain: Drain, migration: Asked[str | None], newest: str) -> list[Fault]:
    """Answer why this process should get no requests; nothing if it should."""
    found = []
    if drain.is_draining:
        found.append(Fault("process", "is about to end", "Send requests to another one."))
    try:
        stored = await migration.answer()
    except TimeoutError:
        found.append(Fault("database", "does not answer in time"))
    except Exception as error:  # noqa: BLE001 - whatever it is: who asks whether we are ready hears that we are not
        found.append(Fault("database", _said(error)))
    else:
        if (stored or "") < newest:
            message = f"its tables are at migration {stored or 'none'}, this version needs {newest}"
            found.append(Fault("migrations", message, "Run `rongqiao db upgrade`."))
    return found


def _said(error: Exception) -> str:
    """Say what is the matter without its words, which name hosts and roles."""
    trouble = trouble_of(error)
    return "cannot be used" if trouble is None else f"cannot be used now ({trouble})"
