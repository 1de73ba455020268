"""`rongqiao policy`: packs, clause × carrier, values by date, adoptions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from app.cli import edge
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.errors import Fault, Refused
from app.kernel.paging import PageRequest
from app.policy import service
from app.policy.rulebook import AppliedParameter
from app.policy.schemas import (
    AdoptionEndIn,
    AdoptionIn,
    AdoptionOut,
    AppliedParameterOut,
    ClauseOut,
    PackCounts,
    PackOut,
)

commands = typer.Typer(no_args_is_help=True)

ADOPTION_COLUMNS = ("id", "for", "pack", "status", "item", "since", "until", "by", "reason")
NO_PACK = "no such pack any more"
Jurisdiction = Annotated[
    str | None, typer.Option(help="Six-digit region code; default: this installation's.")
]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today in Shanghai.")]


@commands.command()
def check(*, as_json: edge.JsonFlag = False) -> None:
    """Load every pack and count what is in it; name every fault by file, line and key."""
    with edge.refusals_shown():
        library = service.library()
    counts = [PackCounts.of(pack) for pack in library.packs]
    if as_json:
        edge.print_json({"sha256": library.sha256, "packs": counts})
        return
    columns = ("pack", "region", "status", "clauses", "carried", "reason only", "parameters", "rules")
    rows = [
        (c.pack, c.jurisdiction, c.status.value, c.clauses, c.carried, c.reasons, c.parameters, _kinds(c))
        for c in counts
    ]
    edge.print_table(f"{len(counts)} packs, sha256 {library.sha256[:12]}", columns, rows)


def _kinds(counts: PackCounts) -> str:
    return " ".join(f"{kind} {number}" for kind, number in counts.rules.items())


@commands.command()
def matrix(*, as_json: edge.JsonFlag = False) -> None:
    """Print clause × carrier; a clause that names neither a carrier nor a reason is refused."""
    with edge.refusals_shown():
        clauses = [ClauseOut.of(row) for row in service.matrix()]
    if as_json:
        edge.print_json(clauses)
        return
    rows = [
        (c.pack, c.number, c.heading, "\n".join(f"{part.kind} {part.key}" for part in c.carried_by), c.reason)
        for c in clauses
    ]
    edge.print_table(f"{len(rows)} clauses", ("pack", "clause", "heading", "carried by", "reason"), rows)


@commands.command()
def show(
    pack: Annotated[str, typer.Argument(help="Code of a pack, such as heilongjiang-2023-25.")],
    number: Annotated[str | None, typer.Argument(help="Clause: 十六, （十六） or 16.")] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show one clause with who answers for it and what carries it; without a number, the pack."""
    with edge.refusals_shown():
        if number is None:
            _show_pack(pack, as_json=as_json)
        else:
            _show_clause(ClauseOut.of(service.clause_of(pack, number)), as_json=as_json)


def _show_pack(code: str, *, as_json: bool) -> None:
    described = PackOut.of(service.pack_of(code), shanghai_today())
    clauses = [ClauseOut.of(row) for row in service.clauses_of(code)]
    if as_json:
        edge.print_json(described.model_dump(mode="json") | {"clauses": clauses})
        return
    facts = described.model_dump(mode="json", exclude={"notes"})
    edge.print_table(described.name, ("", ""), [(key, _cell(value)) for key, value in facts.items()])
    edge.print_table("notes", ("",), [(note,) for note in described.notes])
    edge.print_table("clauses", ("number", "heading"), [(c.number, c.heading) for c in clauses])


def _cell(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _show_clause(clause: ClauseOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(clause)
        return
    rows = [
        ("摘要", clause.summary),
        ("牵头单位", "、".join(clause.lead)),
        ("责任单位", "、".join(clause.responsible)),
        ("说明", clause.reason),
    ]
    edge.print_table(
        f"{clause.pack} {clause.number} {clause.heading}", ("", ""), [row for row in rows if row[1]]
    )
    carriers = [(part.kind, part.key, part.name, part.text) for part in clause.carried_by]
    edge.print_table("carried by", ("", "key", "name", "value, condition or door"), carriers)


@commands.command()
def value(
    key: Annotated[str, typer.Argument(help="Key of a parameter, such as whitelist.min_entries.")],
    *,
    jurisdiction: Jurisdiction = None,
    on: DayOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Answer the value that applies to a region on a day, with its clause and adoption."""
    day = on.date() if on else shanghai_today()

    async def job() -> AppliedParameter:
        async with edge.work(writes=False) as (session, viewer):
            return await service.parameter(session, viewer, key, jurisdiction, day)

    found = AppliedParameterOut.of(edge.run(job))
    if as_json:
        edge.print_json(found)
        return
    rows = [("value", found.text), ("clause", found.citation), ("since", found.since.isoformat())]
    rows += [("adopted", found.adopted)] if found.adopted else []
    edge.print_table(f"{found.key} {found.name}", ("", ""), rows)


@commands.command()
def adopt(
    pack: Annotated[str, typer.Argument(help="Pack that has the item.")],
    item: Annotated[str, typer.Argument(help="Key of a rule or parameter, or * for the whole pack.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    jurisdiction: Jurisdiction = None,
    since: DayOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Put another jurisdiction's or a draft's rule in force, on record."""
    day = since.date() if since else None
    given = {"pack": pack, "item": item, "reason": reason, "jurisdiction": jurisdiction, "since": day}

    async def job() -> AdoptionOut:
        wanted = _wanted(given)
        async with edge.work(writes=True) as (session, viewer):
            return await service.adopt(session, viewer, wanted, now=utc_now())

    _print_adoptions([edge.run(job)], as_json=as_json)


def _wanted(given: Mapping[str, object]) -> AdoptionIn:
    try:
        return AdoptionIn.model_validate(given)
    except ValidationError as error:
        found = [(str(fault["loc"][0]), fault["msg"], str(fault["input"])) for fault in error.errors()]
        faults = [Fault(name, message, _expected(name), value) for name, message, value in found]
        raise Refused("This cannot be adopted.", faults) from error


def _expected(name: str) -> str:
    return f"Expected: {AdoptionIn.model_fields[name].description}"


@commands.command()
def end(
    adoption: Annotated[int, typer.Argument(help="Number of the adoption.", min=1)],
    *,
    until: DayOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """End an adoption: say the first day on which it no longer applies."""

    async def job() -> AdoptionOut:
        wanted = AdoptionEndIn(until=until.date() if until else None)
        async with edge.work(writes=True) as (session, viewer):
            return await service.end_adoption(session, viewer, adoption, wanted, now=utc_now())

    _print_adoptions([edge.run(job)], as_json=as_json)


@commands.command()
def adoptions(*, as_json: edge.JsonFlag = False) -> None:
    """List what was adopted for this installation's region and those above it."""

    async def job() -> list[AdoptionOut]:
        found: list[AdoptionOut] = []
        async with edge.work(writes=False) as (session, viewer):
            page = await service.adoptions_page(session, viewer, PageRequest())
            found += page.items
            while page.next is not None:
                page = await service.adoptions_page(session, viewer, PageRequest(cursor=page.next))
                found += page.items
        return found

    _print_adoptions(edge.run(job), as_json=as_json)


def _print_adoptions(found: list[AdoptionOut], *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (a.id, a.jurisdiction, a.pack, a.status or NO_PACK, a.item, a.since, a.until, a.adopted_by, a.reason)
        for a in found
    ]
    edge.print_table("Adoptions", ADOPTION_COLUMNS, rows)
