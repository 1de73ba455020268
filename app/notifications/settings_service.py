"""Use cases of a person's mail: an address is named, a code is mailed to it, the code comes back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from app.accounts import audit_service
from app.accounts.key_ring import key_ring
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Conflict, Fault, Refused, TooMany
from app.kernel.settings import Settings
from app.notifications import receiver_queries as queries
from app.notifications.addresses import host_of, is_email
from app.notifications.email_codes import VALID_FOR, is_email_code
from app.notifications.mail_channel import is_mail_on
from app.notifications.mail_planning import EMAIL
from app.notifications.messages import CONFIRMATION
from app.notifications.rules import DeliveryState
from app.notifications.schemas import NoticeSettingsIn, NoticeSettingsOut
from app.notifications.service import new_message_id
from app.notifications.tables import Delivery, NoticeSettings

MOST_CODES_A_DAY: Final = 5
"""So many mails with a code may a person cause, to whatever addresses."""
_DAY: Final = timedelta(days=1)
Expect = Callable[[int], None]


async def shown(session: AsyncSession, viewer: Viewer, settings: Settings) -> NoticeSettingsOut:
    """Answer how the viewer gets mail."""
    return _out(await queries.settings_of(session, viewer.person or 0), settings)


async def change(
    session: AsyncSession,
    viewer: Viewer,
    body: NoticeSettingsIn,
    settings: Settings,
    *,
    expect: Expect,
    now: datetime,
) -> NoticeSettingsOut:
    """Set how the viewer gets mail; a new address counts once the code comes back that is mailed to it now.

    The address before it goes on until then; none (null) ends mail at once.

    Raises:
        Conflict: an address is named, and this installation sends no mail; or the viewer is no person.
        Refused: the address is none.
        TooMany: five codes were mailed for the viewer within a day.
    """
    if viewer.person is None:
        raise Conflict("Only persons get notices.", [Fault("viewer", "no person")])
    await hold(session, f"notice-settings:{viewer.person}")  # the first time there is no row to hold
    row = await queries.settings_of(session, viewer.person, is_for_change=True)
    expect(row.version if row is not None else 0)
    if row is None:
        row = NoticeSettings(
            person_id=viewer.person, wants_digest=True, wants_urgent=True, version=0, updated_at=now
        )
        await queries.add(session, row)
    row.wants_digest, row.wants_urgent = body.wants_digest, body.wants_urgent
    await _set_address(session, row, body.email, settings, now)
    row.version, row.updated_at = row.version + 1, now
    await session.flush()
    return _out(row, settings)


async def _set_address(
    session: AsyncSession, row: NoticeSettings, email: str | None, settings: Settings, now: datetime
) -> None:
    if email == row.email:
        row.pending_email = row.pending_since = None
        if email is None:
            row.confirmed_at = None
        return
    if email is None:
        row.email = row.confirmed_at = row.pending_email = row.pending_since = None
        return
    if not is_mail_on(settings):
        fault = Fault(
            "email", "this installation sends no mail", "Leave it null, or ask for RONGQIAO_SMTP_HOST."
        )
        raise Conflict("The address was not taken.", [fault])
    if not is_email(email):
        raise Refused("The address was not taken.", [Fault("email", "not an address", "Write name@host.")])
    if await queries.count_confirmations(session, row.person_id, now - _DAY) >= MOST_CODES_A_DAY:
        raise TooMany(
            "So many codes were mailed for you today; try again tomorrow.", headers={"Retry-After": "86400"}
        )
    row.pending_email, row.pending_since = email, now
    await queries.add(session, _with_code(row.person_id, email, now))


def _with_code(person_id: int, email: str, now: datetime) -> Delivery:
    return Delivery(
        message_id=new_message_id(),
        person_id=person_id,
        channel=EMAIL,
        kind=CONFIRMATION,
        address=email,
        state=DeliveryState.PENDING.value,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
    )


async def confirm(
    session: AsyncSession, viewer: Viewer, code: str, settings: Settings, *, now: datetime
) -> NoticeSettingsOut:
    """Take the code that was mailed to the viewer's new address: from now on mail goes there.

    Raises:
        Conflict: no address waits for its code, or it has waited for more than a day.
        Refused: it is another code.
    """
    row = await queries.settings_of(session, viewer.person or 0, is_for_change=True)
    if row is None or row.pending_email is None or row.pending_since is None:
        raise Conflict(
            "No address waits for a code.", [Fault("code", "not awaited", "Name an address first.")]
        )
    if now - row.pending_since > VALID_FOR:
        raise Conflict("The code is too old.", [Fault("code", "older than a day", "Name the address again.")])
    if not is_email_code(key_ring(settings), code, row.person_id, row.pending_email, row.pending_since):
        raise Refused("The address was not confirmed.", [Fault("code", "not the code in the last mail")])
    row.email, row.confirmed_at = row.pending_email, now
    row.pending_email = row.pending_since = None
    row.version, row.updated_at = row.version + 1, now
    await session.flush()
    detail = {"domain": host_of(row.email)}
    audit_service.note(session, "confirm_email", "person", str(row.person_id), now=now, detail=detail)
    return _out(row, settings)


def _out(row: NoticeSettings | None, settings: Settings) -> NoticeSettingsOut:
    return NoticeSettingsOut(
        is_mail_on=is_mail_on(settings),
        email=row.email if row is not None else None,
        confirmed_at=row.confirmed_at if row is not None else None,
        pending_email=row.pending_email if row is not None else None,
        wants_digest=row is None or row.wants_digest,
        wants_urgent=row is None or row.wants_urgent,
        version=row.version if row is not None else 0,
    )
