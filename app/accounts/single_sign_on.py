"""Signing in with a government's single sign-on (OpenID Connect).

What is asked of the provider is kept in the browser that asks, sealed, for ten minutes: state, nonce, the
PKCE verifier and where to go afterwards. So an answer counts only in that browser, once (the cookie goes
with it, and the provider takes a code once), and nobody can start it for somebody else. Whom the
provider vouches for is let in if that identity is linked to a person: by that person when signed in, or
by an invitation taken up in the same flow. Nobody gets an account by being known to the provider.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.accounts import account_service, audit_service, invitation_service
from app.accounts import single_sign_on_queries as queries
from app.accounts.invitation_schemas import AcceptanceIn
from app.accounts.key_ring import KeyRing
from app.accounts.oidc_client import Provider
from app.accounts.oidc_protocol import AnswerRefused, Identity, check_answerer
from app.accounts.page_sign_in import Browser, let_in
from app.accounts.rules import Viewer
from app.accounts.sealing import SealBroken, seal, unseal
from app.accounts.tables import ExternalIdentity
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict, Fault, Forbidden, NotFound
from app.kernel.logs import get_logger
from app.kernel.settings import Settings

FLOW_SECONDS: Final = 600
PURPOSE: Final = "single sign-on"
RANDOM_BYTES: Final = 32
LOGIN_BYTES: Final = 6
NAMELESS: Final = "（未提供姓名）"
MOST_CODE_CHARACTERS: Final = 4_000
logger = get_logger(__name__)


class NotLinked(Forbidden):
    """Whom the provider vouches for has no account here."""

    code: ClassVar[str] = "identity_not_linked"


class LinkedAlready(Conflict):
    """An identity belongs to one account."""

    code: ClassVar[str] = "identity_linked"


class Flow(BaseModel):
    """One journey to the provider and back; sealed in the browser that makes it.

    `session_id` is set where somebody who is signed in links the identity, `invitation` where one is taken up.
    """

    model_config = ConfigDict(frozen=True)

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    next_path: str
    invitation: str = ""
    session_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider has a browser bring back."""

    state: str | None = None
    code: str | None = None
    error: str | None = None
    issuer: str | None = None


async def depart(
    provider: Provider,
    ring: KeyRing,
    *,
    redirect_uri: str,
    next_path: str,
    invitation: str = "",
    session_id: str = "",
    now: datetime,
) -> tuple[str, str]:
    """Answer the address at the provider to send a browser to, and the sealed flow for it to keep.

    Raises:
        Unavailable: the provider cannot be used.
    """
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    flow = Flow(
        state=state,
        nonce=nonce,
        verifier=verifier,
        redirect_uri=redirect_uri,
        next_path=next_path,
        invitation=invitation,
        session_id=session_id,
    )
    url = await provider.where_to_sign_in(
        redirect_uri=redirect_uri, state=state, nonce=nonce, verifier=verifier, now=now
    )
    return url, seal(ring, PURPOSE, flow.model_dump_json(), now=now)


async def arrive(
    provider: Provider, ring: KeyRing, kept: str | None, answer: Answer, *, now: datetime
) -> tuple[Flow, Identity] | None:
    """Answer whom the provider vouches for, and the flow that ends so; None if anything does not hold.

    What it was is logged, not told. To be asked outside of any transaction: it calls the provider.

    Raises:
        Unavailable: the provider cannot be used.
    """
    try:
        flow = _flow(ring, kept, now)
        code = _code(flow, answer)
        metadata = await provider.metadata(now=now)
        check_answerer(metadata, answer.issuer)
        identity = await provider.identity_of(
            code, redirect_uri=flow.redirect_uri, nonce=flow.nonce, verifier=flow.verifier, now=now
        )
    except AnswerRefused as error:
        logger.warning("single_sign_on_refused", why=str(error)[:200])
        return None
    return flow, identity


def _flow(ring: KeyRing, kept: str | None, now: datetime) -> Flow:
    try:
        return Flow.model_validate_json(unseal(ring, PURPOSE, kept or "", now=now, seconds=FLOW_SECONDS))
    except (SealBroken, ValidationError) as error:
        msg = "no flow of this browser is under way"
        raise AnswerRefused(msg) from error


def _code(flow: Flow, answer: Answer) -> str:
    if not hmac.compare_digest(flow.state.encode(), (answer.state or "").encode(errors="replace")):
        msg = "the state is another one's"
        raise AnswerRefused(msg)
    if answer.error is not None or not answer.code or len(answer.code) > MOST_CODE_CHARACTERS:
        msg = "the provider gave no code"
        raise AnswerRefused(msg)
    return answer.code


async def identities_of(session: AsyncSession, person_id: int) -> Sequence[ExternalIdentity]:
    """Answer the identities that a person is linked to, the oldest first."""
    return await queries.identities_of(session, person_id)


async def enter(
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    flow: Flow,
    identity: Identity,
    browser: Browser,
    *,
    session_id: str,
    now: datetime,
) -> str:
    """Do what a flow was begun for; answer the cookie of a new page session, "" where one goes on.

    `session_id` is the session that the browser is signed in with now. What the provider asked for to
    sign somebody in is not known here, so a second factor counts as not given.

    Raises:
        NotLinked: nobody here is known by this identity, or they cannot sign in any more.
        LinkedAlready: it was to be linked, and is linked to somebody.
        NotFound: no open invitation has the token that was to be taken up.
        Forbidden, Conflict: it cannot be taken up by this person.
    """
    if flow.session_id:
        if flow.session_id != session_id or viewer.person is None:
            raise NotLinked("Whoever wanted to link this identity is not signed in any more.")
        await link(session, identity, viewer.person, now=now)
        return ""
    if flow.invitation:
        await take_up(session, viewer, flow.invitation, identity, now=now)
    person = await queries.person_of_identity(session, identity)
    if person is None or person.disabled_at is not None:
        raise NotLinked("No account is linked to this identity.")
    return await let_in(session, settings, browser, person, has_second_factor=False, now=now)


async def link(session: AsyncSession, identity: Identity, person_id: int, *, now: datetime) -> None:
    """Link an identity to a person.

    Raises:
        LinkedAlready: it is linked to a person already.
    """
    session.add(
        ExternalIdentity(
            person_id=person_id, issuer=identity.issuer, subject=identity.subject, created_at=now
        )
    )
    try:
        await session.flush()
    except IntegrityError as error:
        fault = Fault("identity", "linked already", "Sign in with it, or ask an administrator.")
        raise LinkedAlready(
            "This identity of the single sign-on is linked to an account.", [fault]
        ) from error
    detail = {"issuer": identity.issuer}
    audit_service.note(session, "link_identity", "person", str(person_id), now=now, detail=detail)


async def take_up(
    session: AsyncSession, viewer: Viewer, token: str, identity: Identity, *, now: datetime
) -> None:
    """Take an invitation up by single sign-on: as whom the identity is linked to, or with a new account.

    Raises:
        NotFound: no open invitation has this token.
        Forbidden, Conflict: it cannot be taken up by this person.
    """
    try:
        body = AcceptanceIn(token=token)
    except ValidationError as error:
        raise NotFound("No open invitation has this token.") from error
    await invitation_service.check_open(session, token, now=now)
    known = await queries.person_of_identity(session, identity)
    person = known or await account_service.make_person(
        session, f"sso-{secrets.token_hex(LOGIN_BYTES)}", identity.name or NAMELESS, None, now=now
    )
    guest = Viewer(person.login, viewer.jurisdiction, person=person.id)
    audit_service.acting_as(session, guest)
    if known is None:
        await link(session, identity, person.id, now=now)
    await invitation_service.accept(session, guest, body, None, now=now)
