"""JSON routes of signing in and of one's own sessions."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from pydantic import BaseModel, Field

from app.accounts import auth_service, sessions
from app.accounts.api import ViewerDep
from app.accounts.auth_schemas import EndedOut, MeOut, PasswordIn, SessionOut, TokenOut
from app.accounts.credentials import unauthenticated
from app.accounts.page_sessions import visitor_of
from app.accounts.permissions import Action, does
from app.accounts.sign_in import Attempt, Gate
from app.accounts.standings import Standing
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS, UNAVAILABLE_PROBLEMS
from app.kernel.requests import BeginDep, IdempotencyKey, SessionDep, TransactionRoute
from app.kernel.settings import Settings

router = APIRouter(route_class=TransactionRoute, tags=["signing in"], responses=PROBLEMS)
SessionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Public name of a session 会话编号")]


async def _standing_of(request: Request) -> Standing:
    standing: Standing | None = getattr(request.state, "standing", None)
    if standing is None:
        raise unauthenticated()
    return standing


async def _gate_of(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


async def _settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


StandingDep = Annotated[Standing, Depends(_standing_of)]
"""What the credential of a request stands for; 401 where there is none."""
GateDep = Annotated[Gate, Depends(_gate_of)]
SettingsDep = Annotated[Settings, Depends(_settings_of)]


class TokenForm(BaseModel):
    """OAuth 2.0 password flow (RFC 6749 §4.3) or refresh (§6); other fields of the flow are passed over."""

    grant_type: Literal["password", "refresh_token"] = Field(
        default="password", description="`password`, or `refresh_token` to exchange one."
    )
    username: str | None = Field(default=None, description="Login 登录名 (password flow).")
    password: str | None = Field(default=None, description="Password 口令 (password flow).")
    totp: str | None = Field(
        default=None,
        description="Code of the second factor, or a recovery code, if one is in force 动态口令.",
    )
    refresh_token: str | None = Field(default=None, description="The refresh token that was answered last.")

    def needed(self, *names: str) -> tuple[str, ...]:
        """Answer the values of fields that the flow needs.

        Raises:
            Refused: one is missing or empty.
        """
        values = [getattr(self, name) for name in names]
        missing = [name for name, value in zip(names, values, strict=True) if not value]
        if missing:
            raise Refused(
                f"Missing for {self.grant_type}: {', '.join(missing)}.",
                [Fault(name, "missing", "Send it as a form field.") for name in missing],
            )
        return tuple(values)


@router.post(
    "/auth/token",
    responses=UNAVAILABLE_PROBLEMS,
    openapi_extra=does(Action.SIGN_IN, own_transactions=True, shows_secret=True),
)
async def get_token(
    _viewer: ViewerDep,
    request: Request,
    begin: BeginDep,
    gate: GateDep,
    settings: SettingsDep,
    form: Annotated[TokenForm, Form()],
) -> TokenOut:
    """Sign in with login and password, or exchange a refresh token; each refresh token works once."""
    now = utc_now()
    if form.grant_type == "refresh_token":
        (token,) = form.needed("refresh_token")
        issued = await auth_service.refresh(begin, gate, settings, token, now=now)
    else:
        login, password = form.needed("username", "password")
        attempt = Attempt(login, password, visitor_of(request))
        issued = await auth_service.sign_in(begin, gate, settings, attempt, form.totp, now=now)
    return TokenOut(access_token=issued.access, refresh_token=issued.refresh, expires_in=issued.seconds)


@router.get("/auth/me", openapi_extra=does(Action.OWN_ACCOUNT))
async def get_me(session: SessionDep, _viewer: ViewerDep, standing: StandingDep) -> MeOut:
    """Read who you are to this service, and which roles you have within what, until when."""
    return await auth_service.me(session, standing)


@router.get("/auth/sessions", openapi_extra=does(Action.OWN_ACCOUNT))
async def list_sessions(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, page: PageQuery
) -> Page[SessionOut]:
    """List your sessions that are not over, the newest first: look for one that is not yours."""
    return await sessions.list_own(session, viewer, standing.session_id, page, now=utc_now())


@router.delete(
    "/auth/sessions/{session_id}", status_code=204, openapi_extra=does(Action.OWN_ACCOUNT, is_final=True)
)
async def end_session(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, session_id: SessionId
) -> Response:
    """End one of your sessions; its tokens stop holding at once."""
    auth_service.check_code_given(standing)
    await sessions.end_own(session, viewer, session_id, now=utc_now())
    return Response(status_code=204)


@router.post("/auth/sign-out", status_code=204, openapi_extra=does(Action.OWN_ACCOUNT))
async def sign_out(
    session: SessionDep,
    viewer: ViewerDep,
    standing: StandingDep,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> Response:
    """End the session with which you ask."""
    await sessions.end_own(session, viewer, standing.session_id, now=utc_now())
    return Response(status_code=204)


@router.post("/auth/sign-out-everywhere", openapi_extra=does(Action.OWN_ACCOUNT))
async def sign_out_everywhere(
    session: SessionDep,
    viewer: ViewerDep,
    standing: StandingDep,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> EndedOut:
    """End all your sessions, by token and by page, this one too; API keys go on until they are revoked."""
    auth_service.check_code_given(standing)
    return EndedOut(ended=await sessions.end_all_own(session, viewer, now=utc_now()))


@router.post("/auth/password", status_code=204, openapi_extra=does(Action.OWN_ACCOUNT, own_transactions=True))
async def change_password(
    viewer: ViewerDep,
    standing: StandingDep,
    request: Request,
    begin: BeginDep,
    gate: GateDep,
    body: PasswordIn,
) -> Response:
    """Change your password; all your other sessions end."""
    attempt = Attempt(viewer.name, body.old, visitor_of(request))
    await auth_service.change_password(begin, gate, standing, attempt, body, now=utc_now())
    return Response(status_code=204)
