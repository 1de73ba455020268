"""The door of the service: who asks, whether it is theirs to ask, and the record of it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from fastapi import Request

from app.accounts import api_keys, audit_service, page_sessions, standings
from app.accounts.audit import Origin
from app.accounts.credentials import sent_credential, unauthenticated
from app.accounts.key_ring import KeyRing
from app.accounts.permissions import ANYBODY, Action, acting, forbidden, may_try
from app.accounts.rules import Role, Viewer, anonymous
from app.accounts.second_factor import required_roles
from app.accounts.standings import Standing, StandingCache, TokenReader
from app.accounts.tokens import PURPOSE, KeyText, TokenRefused
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, DBAPIError, transaction
from app.kernel.errors import Forbidden, OutcomeUnknown, Unauthenticated
from app.kernel.limits import address_of, count_request
from app.kernel.logs import get_logger
from app.kernel.requests import READING_METHODS
from app.kernel.settings import Settings
from app.kernel.troubles import trouble_of

CASE_PARAMETERS: Final = (
    "edition", "region", "uscc", "month", "institution", "chain", "status", "on", "by", "library",
)  # fmt: skip
"""Query parameters that go on record as sent; of the others only the name does."""
logger = get_logger(__name__)
MOST_ASKED: Final = 30
"""So many query parameters go on record; no route has as many."""

_NO_HASH: Final = "0" * 64

Sight = Callable[[AsyncSession, Viewer, date, str | None], None]
"""Lets a session see no more than a viewer may see on a day, or of institutions' entries one (visibility/service.py)."""


class OpenDoor:
    """Lets everybody in as one viewer: for tests, and for tools that run on the machine itself."""

    def __init__(self, viewer: Viewer, sight: Sight) -> None:
        self.viewer, self.sight = viewer, sight

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        """Let the viewer in if the action is theirs."""
        return let_in(request, session, marks, self.viewer, sight=self.sight, via="api")

    async def record(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
        """Note what was done."""
        record(request, session, marks)

    async def leave(self, request: Request) -> None:
        """Nothing is left to do."""


class AccountsDoor:
    """Lets in whoever shows who they are: by access token, by API key, or by a page's cookie.

    A token or key that is sent counts alone, whatever cookie comes along. Where nobody needs to sign
    in, what does not hold is passed over.
    """

    def __init__(self, settings: Settings, ring: KeyRing, sight: Sight) -> None:
        self.settings, self.sight = settings, sight
        self.cache = StandingCache(settings.viewer_cache_seconds)
        self._tokens = TokenReader(ring.keys(PURPOSE))
        self._required = required_roles(settings)
        self._noted: dict[int, datetime] = {}

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        """Find out who asks, and let them in if the action is theirs.

        Raises:
            Unauthenticated: nobody is known, and the action is not for everybody.
            Forbidden: no role allows it, a key may not, or a page's form proves nothing.
        """
        standings.bind(session, self.cache)
        standing = await self._shown(request, session, marks)
        if standing is None:
            if Action(marks["x-action"]) not in ANYBODY:
                raise unauthenticated()
            nobody = anonymous(self.settings.jurisdiction)
            via = "api" if request.url.path.startswith("/api/") else "page"
            return let_in(request, session, marks, nobody, sight=self.sight, via=via)
        request.state.standing = standing
        if standing.key_id:
            request.state.used_key = standing
            _check_key(request, standing, marks)
        counted = f"key:{standing.key_id}" if standing.key_id else ""
        return let_in(
            request, session, marks, standing.viewer, sight=self.sight, via=standing.via, credential=counted
        )

    async def record(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
        """Note what was done."""
        record(request, session, marks)

    async def leave(self, request: Request) -> None:
        """Note that an API key was used, at most once a minute, in a transaction of its own."""
        used: Standing | None = getattr(request.state, "used_key", None)
        if used is None:
            return
        now = utc_now()
        noted = max(used.last_used_at, self._noted.get(used.key_id, used.last_used_at))
        if now - noted < api_keys.NOTED_EVERY:
            return
        self._noted[used.key_id] = now
        try:
            async with transaction(request.app.state.sessions) as session:
                await api_keys.note_use(session, used.key_id, address_of(request), now=now)
        except Exception as error:
            if trouble_of(error) is None and not isinstance(error, DBAPIError | OutcomeUnknown):
                raise
            del self._noted[used.key_id]  # the request itself was answered; the next one notes it
            logger.warning("key_use_not_noted", key=used.key_id, error=type(error).__name__)

    async def _shown(
        self, request: Request, session: AsyncSession, marks: Mapping[str, Any]
    ) -> Standing | None:
        # Read before the transaction first looks: what it sees may be over when it is remembered.
        now, changes = utc_now(), self.cache.changes
        is_for_anybody = Action(marks["x-action"]) in ANYBODY
        try:
            sent = sent_credential(request.headers)
            if isinstance(sent, str):
                return await self._of_token(session, sent, now, changes)
            if isinstance(sent, KeyText):
                return None if is_for_anybody else await self._of_key(session, sent, now, changes)
        except Unauthenticated:
            if is_for_anybody:
                return None
            raise
        found = await page_sessions.admitted(
            request, session, settings=self.settings, now=now, needs_proof=not is_for_anybody
        )
        return None if found is None else await self._of_session(session, found.id, "page", now, changes)

    async def _of_token(self, session: AsyncSession, text: str, now: datetime, changes: int) -> Standing:
        try:
            claims = self._tokens.read(text, now=now)
        except TokenRefused:
            raise unauthenticated() from None
        standing = await self._of_session(session, claims.session_id, "token", now, changes)
        if standing is None or standing.viewer.person != claims.person:
            raise unauthenticated()
        return standing

    async def _of_key(self, session: AsyncSession, key: KeyText, now: datetime, changes: int) -> Standing:
        look_up = partial(
            standings.of_key, session, key.prefix, jurisdiction=self.settings.jurisdiction, now=now
        )
        standing = await self._known(f"key:{key.prefix}", look_up, now, changes)
        if not key.proves(_NO_HASH if standing is None else standing.secret_hash) or standing is None:
            raise unauthenticated()
        return standing

    async def _of_session(
        self, session: AsyncSession, session_id: str, via: str, now: datetime, changes: int
    ) -> Standing | None:
        look_up = partial(
            standings.of_session,
            session,
            session_id,
            via=via,
            jurisdiction=self.settings.jurisdiction,
            is_lacking=self._is_lacking,
            now=now,
        )
        return await self._known(f"{via}:{session_id}", look_up, now, changes)

    async def _known(
        self, credential: str, look_up: Callable[[], Awaitable[Standing | None]], now: datetime, changes: int
    ) -> Standing | None:
        standing = self.cache.find(credential, now)
        if standing is None:
            standing = await look_up()
            if standing is not None:
                self.cache.keep(credential, standing, changes=changes, now=now)
        # Everybody knows the password of who was invented for demonstration.
        if standing is not None and standing.is_demo and self.settings.environment == "production":
            return None
        return standing

    def _is_lacking(self, roles: Collection[Role], is_in_force: bool, was_given: bool) -> bool:  # noqa: FBT001
        return not was_given and (is_in_force or not self._required.isdisjoint(roles))


def _check_key(request: Request, standing: Standing, marks: Mapping[str, Any]) -> None:
    is_change = request.method not in READING_METHODS and not marks.get("x-reads-only")
    if is_change and standing.is_read_only:
        raise Forbidden("This API key may only read.")
    if is_change and marks["x-action"] == Action.OWN_ACCOUNT:
        raise Forbidden("An API key changes nothing about its owner's account; sign in yourself.")


def let_in(
    request: Request,
    session: AsyncSession,
    marks: Mapping[str, Any],
    viewer: Viewer,
    *,
    sight: Sight,
    via: str,
    credential: str = "",
) -> str:
    """Bind a viewer to a request and its transaction; answer the key of their idempotency records.

    `credential` names an API key, whose requests are counted apart from its owner's.

    Raises:
        TooMany: the viewer, or whoever is not signed in at this address, asked too often.
        Forbidden: no role of the viewer allows the route's action.
    """
    if not viewer.is_operator:
        count_request(request, credential or (f"person:{viewer.person}" if viewer.is_signed_in else None))
    action = Action(marks["x-action"])
    if not may_try(viewer, action):
        raise forbidden(action)
    request.state.viewer = viewer
    entry = request.path_params.get(marks.get("x-of-entry", ""))
    sight(session, acting(viewer, action), shanghai_today(), entry)
    request_id = getattr(request.state, "request_id", "")
    audit_service.begin(session, Origin(viewer, via, address_of(request), request_id))
    return viewer.key


def record(request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
    """Note a request that was answered: the route, what its path names, and what was asked for."""
    route = request.scope["route"]
    named = request.path_params
    detail: dict[str, Any] = {"method": request.method, "route": route.path}
    if request.query_params:
        detail["asked"] = {
            key[:60]: value[:60] if key in CASE_PARAMETERS else "…"
            for key, value in islice(request.query_params.items(), MOST_ASKED)
        }
    audit_service.note(
        session,
        marks["x-action"],
        "/".join(named) or "list",
        "/".join(str(value) for value in named.values()),
        now=utc_now(),
        detail=detail,
    )
