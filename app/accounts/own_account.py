"""What the account page shows: who somebody is here, where they are signed in, and what else opens their account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts import api_keys, own_second_factor, people_service, sessions, single_sign_on
from app.accounts.auth_schemas import ApiKeyOut, SessionOut
from app.accounts.rules import Grant
from app.accounts.second_factor import Standing as SecondFactor
from app.accounts.standings import Standing
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest
from app.kernel.settings import Settings
from app.kernel.shanghai import shanghai_date

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """An account as its person sees it; `grants` are those that hold today, whether or not they may be used now."""

    login: str
    name: str
    grants: tuple[Grant, ...]
    sessions: Sequence[SessionOut]
    second_factor: SecondFactor
    api_keys: Sequence[ApiKeyOut]
    identities: Sequence[str]
    has_password: bool


async def own_account(
    session: AsyncSession, standing: Standing, settings: Settings, *, now: datetime
) -> OwnAccount:
    """Answer the account of whoever is signed in.

    Raises:
        Forbidden: nobody is: the operator has no account.
    """
    viewer, page = standing.viewer, PageRequest(limit=MOST_SHOWN)
    person, second_factor = await own_second_factor.shown(session, viewer, settings, now=now)
    today = shanghai_date(now)
    held = await people_service.held_by(session, person.id)
    own_sessions = await sessions.list_own(session, viewer, standing.session_id, page, now=now)
    own_keys = await api_keys.list_keys(session, viewer.only(), page)
    identities = await single_sign_on.identities_of(session, person.id)
    return OwnAccount(
        login=person.login,
        name=person.name,
        grants=tuple(sorted(grant for grant in held if grant.is_in_force(today))),
        sessions=own_sessions.items,
        second_factor=second_factor,
        api_keys=own_keys.items,
        identities=[identity.issuer for identity in identities],
        has_password=person.password_hash is not None,
    )
