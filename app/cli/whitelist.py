"""`rongqiao whitelist`: the roster's template, import, reviews, differences."""

from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli import edge
from app.cli.bodies import any_version
from app.cli.roster_taking import take
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.money import fen_from_yuan, wan_text
from app.kernel.paging import MOST_ROWS, PageRequest
from app.whitelist import import_service, review_service, service, withdrawal_service
from app.whitelist.early_decisions import read_decisions
from app.whitelist.import_rules import ImportOptions
from app.whitelist.import_service import ImportOutcome
from app.whitelist.roster_columns import BY_FACT
from app.whitelist.rules import Change, Decision, ReviewKind, edition_on
from app.whitelist.schemas import (
    EditionDiff,
    EditionDifferenceOut,
    EditionOut,
    EntryOut,
    ImportOut,
    QuestionOut,
    ReviewOut,
    ReviewState,
)

commands = typer.Typer(no_args_is_help=True)
EditionOption = Annotated[
    str | None, typer.Option(help="Edition such as 2023H2; by default the one in force today.")
]
COUNT_COLUMNS: Final = (
    "rows", "faulty", "new", "kept", "changed", "admitted", "review", "refused", "duplicates", "decided",
    "renamed",
)  # fmt: skip
MOST_SHOWN: Final = 20


Reader = Callable[[PageRequest], Awaitable[EditionDiff]]


@commands.command()
def template(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the empty roster (.xlsx).")],
) -> None:
    """Write the empty roster with drop-down lists, a sheet of notes and the code lists."""

    async def job() -> bytes:
        async with edge.work(writes=False) as (session, viewer):
            made = BytesIO()
            await import_service.make_template(session, viewer, made, on=shanghai_today())
            return made.getvalue()

    edge.write_file(out, edge.run(job))
    typer.echo(f"wrote {out}")


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The roster (.xlsx).")],
    *,
    edition: EditionOption = None,
    dry_run: Annotated[bool, typer.Option(help="Preview: check and count, write nothing.")] = False,
    accept_valid: Annotated[
        bool, typer.Option(help="Take the faultless rows although others have faults.")
    ] = False,
    amounts_confirmed: Annotated[
        bool, typer.Option(help="Somebody checked the amounts out of the usual range.")
    ] = False,
    sheet: Annotated[str | None, typer.Option(help="Sheet to read, by default 名单.")] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="What was decided on possible duplicates: a JSON list of entry, decision, reason and seen.",
        ),
    ] = None,
    errors: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Where to write the error workbook, by default beside FILE."),
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take a roster into an edition (opened if need be): all of it, or nothing with every fault named.

    With faults the sheet is written back with a column of them. Exit status 1 when refused.
    """
    code = edition or edition_on(shanghai_today())
    target = errors or file.with_name(f"{file.stem}-错误.xlsx")

    async def job() -> ImportOutcome:
        made = read_decisions(edge.read_text(decisions)) if decisions is not None else ()
        options = ImportOptions(
            dry_run, accept_valid, amounts_confirmed, sheet, opens_edition=True, decisions=made
        )
        with edge.progress(f"{file.name} → {code}") as progress:
            return await take(file, code, options, target, progress)

    outcome = edge.run(job)
    _show_import(outcome.out, as_json=as_json)
    if outcome.out.faults:
        typer.echo(f"faults beside each row: {target}", err=True)
        if dry_run:
            raise typer.Exit(edge.REFUSED)


def _show_import(found: ImportOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    counts = found.counts.model_dump()
    edge.print_table(
        f"{found.edition}: {_outcome(found)}", COUNT_COLUMNS, [tuple(counts[name] for name in COUNT_COLUMNS)]
    )
    if found.unknown_columns:
        typer.echo(
            f"columns that the template does not know, kept with the entries: {'、'.join(found.unknown_columns)}"
        )
    for note in found.notes[:MOST_SHOWN]:
        typer.echo(f"  {note}")
    if found.entries:
        shown = found.entries[:MOST_SHOWN]
        looked_at = [(*one.model_dump(exclude={"why"}).values(), "；".join(one.why)) for one in shown]
        title = f"{len(found.entries)} entries to look at"
        edge.print_table(title, ("row", "entry", "name", "change", "status", "why"), looked_at)
    if found.questions:
        asked = [
            (one.row, one.entry, one.name, _likest(one), one.seen) for one in found.questions[:MOST_SHOWN]
        ]
        title = f"{len(found.questions)} possible duplicates; --decisions decides on them with the import"
        edge.print_table(title, ("row", "entry", "name", "may be", "seen"), asked)
    if found.faults:
        rows = [(fault.where, fault.message, fault.remedy) for fault in found.faults[:MOST_SHOWN]]
        edge.print_table(f"faults: {found.counts.faults}", ("cell", "fault", "remedy"), rows)


def _likest(question: QuestionOut) -> str:
    return "；".join(f"{one.name} {one.uscc} {one.score:.2f}" for one in question.candidates)


def _outcome(found: ImportOut) -> str:
    if found.is_dry_run and found.faults:
        return "has faults; only --accept-valid takes the other rows"
    if found.is_unchanged:
        return "nothing changed, all of it is there already"
    return f"{'would be imported' if found.is_dry_run else 'imported'} from {found.sheet}"


@commands.command()
def edition(
    code: Annotated[str | None, typer.Argument(help="Edition to open or show; without it, list all.")] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Open an edition (or show it if it is open), or list the editions."""

    async def job() -> list[EditionOut]:
        async with edge.work(writes=code is not None) as (session, viewer):
            if code is None:
                return (await service.list_editions(session, viewer, PageRequest(limit=MOST_ROWS))).items
            await service.ensure_edition(session, viewer, code, now=utc_now())
            return [await service.get_edition(session, viewer, code)]

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    names = ("admitted", "review", "refused", "withdrawn")
    rows = [
        (item.code, item.in_force_from, item.in_force_until, *(item.entries.get(name, 0) for name in names))
        for item in found
    ]
    edge.print_table("Editions", ("edition", "from", "until", *names), rows)


@commands.command()
def diff(
    before: Annotated[str, typer.Argument(help="The older edition, such as 2023H1.")],
    after: Annotated[str, typer.Argument(help="The newer edition, such as 2023H2.")],
    *,
    change: Annotated[Change | None, typer.Option(help="Only this change; by default all but kept.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Needs to show at most.")] = 1_000,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compare two editions: kept, new, removed, and changed with the changed facts."""

    async def job() -> EditionDiff:
        async with edge.work(writes=False) as (session, viewer):
            return await _all_differences(
                lambda page: service.diff_editions(session, viewer, before, after, page, change=change), limit
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    counts = "  ".join(f"{name} {count}" for name, count in sorted(found.counts.items()))
    rows = [(item.change, item.need, item.name, _changes(item)) for item in found.items]
    edge.print_table(f"{before} → {after}: {counts}", ("change", "need", "name", "facts"), rows)


async def _all_differences(read: Reader, limit: int) -> EditionDiff:
    """Read page after page until `limit` needs are there."""
    found = await read(PageRequest(limit=min(limit, MOST_ROWS)))
    while found.next is not None and len(found.items) < limit:
        page = PageRequest(limit=min(limit - len(found.items), MOST_ROWS), cursor=found.next)
        more = await read(page)
        found.items += more.items
        found.next = more.next
    return found


def _changes(item: EditionDifferenceOut) -> str:
    return "；".join(
        f"{fact.chinese} {_written(fact.fact, fact.before)} → {_written(fact.fact, fact.after)}"
        for fact in item.facts
    )


def _written(name: str, value: object) -> str:
    """Answer a fact's value in the roster's own words: 万元 for money, Chinese for listed words."""
    column = BY_FACT.get(name)
    words = column.values if column is not None else {}
    if value is None:
        return "未知"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(words.get(str(one), str(one)) for one in value) or "无"
    if column is not None and column.kind in {"money", "asked_money"}:
        return f"{wan_text(fen_from_yuan(str(value)))}万元"
    return words.get(str(value), str(value))


@commands.command()
def reviews(
    *,
    edition: EditionOption = None,
    kind: Annotated[ReviewKind | None, typer.Option(help="Only this kind.")] = None,
    state: Annotated[ReviewState, typer.Option(help="open or decided.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Items to show at most.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List what waits for a person: unknown admissions and firms that may be the same one."""

    async def job() -> list[ReviewOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = await review_service.list_reviews(
                session, viewer, PageRequest(limit=limit), edition_code=edition, kind=kind, state=state
            )
            return page.items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(item.id, item.entry, item.name, item.kind, _question(item), item.decision) for item in found]
    edge.print_table(f"Reviews, {state}", ("id", "entry", "name", "kind", "question", "decision"), rows)


def _question(item: ReviewOut) -> str:
    if item.kind == "duplicate_name":
        return "；".join(
            f"{one['name']} {one['uscc']} {one['score']:.2f}" for one in item.detail["candidates"]
        )
    asked = "、".join(fact["chinese"] for fact in item.detail["ask"])
    return f"须询问：{asked}" if asked else str(item.detail.get("problem", ""))


@commands.command()
def decide(
    item: Annotated[int, typer.Argument(min=1, help="Number of the review item.")],
    decision: Annotated[Decision, typer.Argument(help="admit, refuse, same_firm or different_firm.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Decide a review item; its entry moves to where that leaves it."""

    async def job() -> tuple[ReviewOut, EntryOut]:
        async with edge.work(writes=True) as (session, viewer):
            decided = await review_service.decide(
                session, viewer, item, decision, reason, expect=any_version, now=utc_now()
            )
            return decided, await service.get_entry(session, viewer, decided.entry)

    decided, entry = edge.run(job)
    if as_json:
        edge.print_json(decided)
    else:
        typer.echo(f"{decided.entry} {decided.name}: {decided.decision}; the entry is {entry.status}")


@commands.command()
def withdraw(
    entry: Annotated[str, typer.Argument(help="Code of the entry, such as 2023H2-91230199MA1BQXYE20.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the entry.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Take an entry off the roster; it stays on record and later imports leave it withdrawn."""

    async def job() -> EntryOut:
        async with edge.work(writes=True) as (session, viewer):
            return await withdrawal_service.withdraw(
                session, viewer, entry, reason, expect=any_version, now=utc_now()
            )

    _show_standing(edge.run(job), "withdrawn", as_json=as_json)


@commands.command()
def reopen(
    entry: Annotated[str, typer.Argument(help="Code of the entry, such as 2023H2-91230199MA1BQXYE20.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the entry.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Bring a withdrawn entry back to the roster as it stood; both stay on record."""

    async def job() -> EntryOut:
        async with edge.work(writes=True) as (session, viewer):
            return await withdrawal_service.reopen(
                session, viewer, entry, reason, expect=any_version, now=utc_now()
            )

    found = edge.run(job)
    _show_standing(found, f"reopened, {found.status}", as_json=as_json)


def _show_standing(found: EntryOut, standing: str, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
    else:
        typer.echo(f"{found.code} {found.name}: {standing}")
