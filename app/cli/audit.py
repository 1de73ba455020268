"""`rongqiao audit`: the trail of who did and saw what."""

import asyncio
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.accounts import audit_trail_service as service
from app.accounts.audit import Verdict
from app.accounts.audit_schemas import AuditEventOut
from app.cli import edge

commands = typer.Typer(no_args_is_help=True)
COLUMNS = ("number", "when (UTC)", "who", "roles", "did", "to", "via", "from", "request")


def _hash(text: str | None) -> str | None:
    if text is None or re.fullmatch(r"[0-9a-f]{64}", text.strip().lower()):
        return text and text.strip().lower()
    msg = "a head is 64 hexadecimal digits, as `audit verify` prints it"
    raise typer.BadParameter(msg)


@commands.command()
def verify(
    *,
    head: Annotated[
        str | None,
        typer.Option(
            help="Hash that was the head when you kept it: must still be a link of the chain.",
            callback=_hash,
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Verify this export, without a database.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Walk along the whole chain; name the first broken link. Exit status 1 if it is broken or lacks HEAD.

    Keep the head that it prints where the machine's administrators cannot reach it: it shows later
    that nothing before it was cut off or written anew.
    """

    async def job() -> Verdict:
        if file is not None:
            return await asyncio.to_thread(service.verify_file, file, head)
        async with edge.work(writes=False) as (session, _viewer):
            return await service.verify(session, head)

    verdict = edge.run(job)
    is_head_lost = verdict.broken is None and head is not None and verdict.head_at is None
    if as_json:
        edge.print_json(asdict(verdict) | {"holds": not verdict.broken and not is_head_lost})
    else:
        _tell(verdict, head, is_head_lost=is_head_lost)
    if verdict.broken or is_head_lost:
        raise typer.Exit(edge.REFUSED)


def _tell(verdict: Verdict, head: str | None, *, is_head_lost: bool) -> None:
    last = verdict.first + verdict.links - 1
    if verdict.broken is not None:
        typer.echo(f"BROKEN at link {verdict.broken.sequence}: {verdict.broken.reason}")
        typer.echo(f"the {verdict.links} links before it hold")
        return
    typer.echo(f"{verdict.links} links hold" + (f", {verdict.first} to {last}" if verdict.links else ""))
    typer.echo(f"head {verdict.head}")
    if is_head_lost:
        typer.echo(f"BROKEN: {head} is no link of it: its end was cut off, or it was written anew")
    elif head is not None:
        typer.echo(f"the head that you kept is link {verdict.head_at}: nothing up to it was changed")


@commands.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the trail (.jsonl).")],
) -> None:
    """Write the whole trail, one link a line with its hashes: `audit verify --file` needs no database."""

    async def job() -> tuple[int, str]:
        async with edge.work(writes=False) as (session, viewer):
            return await service.export_to(session, viewer, file)

    links, head = edge.run(job)
    typer.echo(f"wrote {links} links to {file}")
    typer.echo(f"head {head}")


@commands.command()
def show(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most events.")] = 20,
    actor: Annotated[str | None, typer.Option(help="Only what somebody of this name did.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as read_contacts.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only what touched this code.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show the last events, the newest first."""
    wanted = service.asked_events(actor=actor, action=action, subject=subject)

    async def job() -> list[AuditEventOut]:
        async with edge.work(writes=False) as (session, viewer):
            return await service.last_events(session, viewer, wanted, limit)

    events = edge.run(job)
    if as_json:
        edge.print_json(events)
        return
    rows = [_row(event) for event in events]
    edge.print_table("Audit trail 审计记录, the newest first", COLUMNS, rows)


def _row(event: AuditEventOut) -> tuple[object, ...]:
    when, to = f"{event.occurred_at:%Y-%m-%d %H:%M:%S}", f"{event.subject_kind} {event.subject}".strip()
    who = (event.actor, event.roles, event.action)
    return (event.sequence, when, *who, to, event.via, event.address, event.request_id[:8])
