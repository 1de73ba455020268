"""`rongqiao accounts`: people, their roles and invitations, by whoever works at the machine itself."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from app.accounts import (
    account_service,
    invitation_service,
    own_second_factor,
    people_service,
    second_factor,
)
from app.accounts.invitation_schemas import InvitationIn, InvitationMade
from app.accounts.key_ring import key_ring
from app.accounts.logins import login_key
from app.accounts.people_schemas import GrantIn, GrantOut, PersonFilter, PersonOut
from app.accounts.rules import Role, Viewer
from app.cli import edge
from app.cli.bodies import any_version
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings
from app.notifications import webhook_service
from app.visibility.places import StoredPlaces

commands = typer.Typer(no_args_is_help=True)
Result = TypeVar("Result")
Login = Annotated[str, typer.Argument(help="Name to sign in with 登录名.")]
RoleOf = Annotated[Role, typer.Argument(help="角色.")]
ScopeOf = Annotated[
    str,
    typer.Argument(
        help="Where the role holds: credit code, institution's, region's or chain's code; none for auditor and administrator."
    ),
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the role; open by default 截止日.")
]
PLACES = StoredPlaces()


def _person(login: str, work: Callable[[AsyncSession, Viewer, PersonOut], Awaitable[Result]]) -> Result:
    """Do something to the person of a login, in one transaction."""

    async def job() -> Result:
        async with edge.work(writes=True) as (session, viewer):
            found = await people_service.person_by_login(session, viewer, login, now=utc_now())
            return await work(session, viewer, found)

    return edge.run(job)


@commands.command("create-admin")
def create_admin(
    login: Login,
    *,
    name: Annotated[str, typer.Option(help="The person's name 姓名.")],
    password_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the password from its first line, do not ask."),
    ] = None,
    another: Annotated[bool, typer.Option("--another", help="Although there is an administrator.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Make the first administrator; the next ones are invited, or made with --another."""
    with edge.refusals_shown():
        password = _password(password_file)

    async def job() -> PersonOut:
        key = login_key(login)
        hashed = await account_service.hashed_password(password, login=key, name=name)
        async with edge.work(writes=True) as (session, viewer):
            return await account_service.make_administrator(
                session, viewer, key, name, hashed, is_another=another, now=utc_now()
            )

    made = edge.run(job)
    if as_json:
        edge.print_json(made)
        return
    edge.screen.print(f"{made.login} manages accounts now.", highlight=False)


def _password(file: Path | None) -> str:
    if file is not None:
        return edge.read_text(file).partition("\n")[0].rstrip("\r")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


@commands.command("list")
def list_people(
    *,
    search: Annotated[str | None, typer.Option(help="Part of login or name.")] = None,
    role: Annotated[Role | None, typer.Option(help="Only who has this role 角色.")] = None,
    scope: Annotated[str | None, typer.Option(help="Only who has a role in this scope 作用范围.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """List people with the roles that they have today."""

    async def job() -> list[PersonOut]:
        found: list[PersonOut] = []
        page: PageRequest | None = PageRequest(limit=MOST_ROWS)
        async with edge.work(writes=False) as (session, viewer):
            while page is not None:
                rows = await people_service.list_people(
                    session, viewer, page, PersonFilter(search, role, scope), now=utc_now()
                )
                found += rows.items
                page = PageRequest(limit=MOST_ROWS, cursor=rows.next) if rows.next else None
        return found

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.id, one.login, one.name, "停用" if one.is_disabled else "", "、".join(map(_short, one.grants)))
        for one in found
    ]
    edge.print_table(f"{len(found)} people", ("编号", "登录名", "姓名", "状态", "角色（授权编号）"), rows)


def _short(grant: GrantOut) -> str:
    place = f" {grant.scope}" if grant.scope else ""
    mark = "" if grant.is_in_force else "，不在有效期"
    return f"{grant.role}{place}（{grant.id}{mark}）"


@commands.command()
def invite(
    name: Annotated[str, typer.Argument(help="Whom the invitation is meant for 姓名.")],
    role: RoleOf,
    scope: ScopeOf = "",
    *,
    until: Until = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Invite somebody to a role; print the token, which is shown this once and can be taken up for seven days."""

    async def job() -> InvitationMade:
        body = InvitationIn(name=name, role=role, scope=scope, until=until.date() if until else None)
        async with edge.work(writes=True) as (session, viewer):
            return await invitation_service.invite(session, viewer, body, PLACES, now=utc_now())

    made = edge.run(job)
    if as_json:
        edge.print_json(made)
        return
    typer.echo(made.token)
    edge.notes.print(f"POST /api/v1/invitations/accept takes it until {made.expires_at:%Y-%m-%d %H:%M} UTC")


@commands.command()
def grant(
    login: Login,
    role: RoleOf,
    scope: ScopeOf = "",
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; today by default 起始日.")
    ] = None,
    until: Until = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Give a person a role within a scope; separated duties (三权分立) are refused."""
    body = GrantIn(
        role=role,
        scope=scope,
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    given = _person(
        login,
        lambda session, viewer, person: people_service.give_grant(
            session, viewer, person.id, body, PLACES, now=utc_now()
        ),
    )
    if as_json:
        edge.print_json(given)
        return
    edge.screen.print(f"{login}: {_short(given)}", highlight=False)


@commands.command("end-grant")
def end_grant(
    login: Login,
    number: Annotated[int, typer.Argument(min=1, help="Number of the grant, as `list` shows it 授权编号.")],
) -> None:
    """End a role now; it stays on record."""
    _person(
        login,
        lambda session, viewer, person: people_service.end_grant(
            session, viewer, person.id, number, expect=any_version, now=utc_now()
        ),
    )
    edge.screen.print(f"{login}: role {number} has ended.", highlight=False)


@commands.command()
def disable(login: Login) -> None:
    """Lock a person out: sessions, keys and open invitations end at once."""
    _set_disabled(login, is_disabled=True)
    edge.screen.print(f"{login} is locked out.", highlight=False)


@commands.command()
def enable(login: Login) -> None:
    """Let a person in again."""
    _set_disabled(login, is_disabled=False)
    edge.screen.print(f"{login} may sign in.", highlight=False)


def _set_disabled(login: str, *, is_disabled: bool) -> None:
    _person(
        login,
        lambda session, viewer, person: account_service.set_disabled(
            session, viewer, person.id, is_disabled=is_disabled, expect=any_version, now=utc_now()
        ),
    )


@commands.command("reset-password")
def reset_password(login: Login) -> None:
    """Print a token with which the person sets a new password within a day; then all sessions end."""
    token = _person(
        login,
        lambda session, viewer, person: account_service.begin_reset(
            session, viewer, person.id, now=utc_now()
        ),
    )
    typer.echo(token)
    edge.notes.print("POST /api/v1/password-resets takes it with the new password, once")


@commands.command("end-second-factor")
def end_second_factor(login: Login) -> None:
    """Take a lost second factor away; the person signs in with the password and enrols anew."""
    _person(
        login,
        lambda session, viewer, person: own_second_factor.take_away(
            session, viewer, person.id, now=utc_now()
        ),
    )
    edge.screen.print(f"{login} has no second factor any more.", highlight=False)


@commands.command()
def reseal() -> None:
    """Seal second factors and webhook secrets anew under the first of RONGQIAO_SECRET_KEYS; older keys can go then."""

    async def job() -> int:
        ring = key_ring(get_settings())
        async with edge.work(writes=True) as (session, _viewer):
            return await second_factor.reseal(session, ring) + await webhook_service.reseal(session, ring)

    count = edge.run(job)
    edge.screen.print(f"{count} secrets are sealed under the first key.", highlight=False)


@commands.command("end-sessions")
def end_sessions(login: Login) -> None:
    """Sign a person out everywhere."""
    count = _person(
        login,
        lambda session, viewer, person: account_service.end_sessions(
            session, viewer, person.id, now=utc_now()
        ),
    )
    edge.screen.print(f"{login}: {count} sessions ended.", highlight=False)
