"""`rongqiao coordination`: coordination cases 协调事项, raised, answered and commented."""

from typing import Annotated, Any

import typer

from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.coordination import service
from app.coordination.rules import CaseKind, CaseState
from app.coordination.schemas import (
    CaseFilter,
    CaseIn,
    CommentIn,
    CommentOut,
    CoordinationCaseOut,
    CoordinationCasePage,
    OutcomeIn,
)
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.shanghai import SHANGHAI

commands = typer.Typer(no_args_is_help=True)
CaseArgument = Annotated[str, typer.Argument(help="Code of the case, such as XT-000123.")]
OutcomeOption = Annotated[str, typer.Option(help="What was settled or why not; kept with the case.")]
AnswererOption = Annotated[
    str | None,
    typer.Option("--body", help="Institution (code) that answered; left out: the responsible body."),
]
COLUMNS = ("编号", "条目", "企业", "事项", "状态", "责任单位", "期限")


@commands.command("list")
def list_(
    *,
    edition: Annotated[str | None, typer.Option(help="Only this edition, such as 2023H2.")] = None,
    entry: Annotated[str | None, typer.Option(help="Only this entry (code).")] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this region (code) and what lies below it.")
    ] = None,
    kind: Annotated[CaseKind | None, typer.Option(help="Only this kind.")] = None,
    state: Annotated[CaseState | None, typer.Option(help="Only cases in this state.")] = CaseState.OPEN,
    every_state: Annotated[bool, typer.Option("--all", help="Closed cases too.")] = False,
    body: Annotated[str | None, typer.Option(help="Only cases of this responsible body (code).")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most cases to show.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List coordination cases, the most urgent first, with counts by state and kind."""
    wanted = CaseFilter(
        edition=edition,
        entry=entry,
        region=region,
        kind=kind,
        state=None if every_state else state,
        body=body,
        is_overdue=overdue,
    )

    async def job() -> CoordinationCasePage:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            return await service.list_cases(session, viewer, page, wanted, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    counts = "，".join(f"{name} {count}" for name, count in found.counts.states.items())
    more = f"；仅列最紧迫的 {limit} 项" if found.next else ""
    edge.print_table(
        f"协调事项：{counts or '无'}，逾期 {found.counts.overdue}{more}",
        COLUMNS,
        [_row(one) for one in found.items],
    )


@commands.command()
def show(code: CaseArgument, as_json: edge.JsonFlag = False) -> None:
    """Show a case with its question, its outcome and its comments."""

    async def job() -> tuple[CoordinationCaseOut, list[CommentOut]]:
        async with edge.work(writes=False) as (session, viewer):
            found = await service.case(session, viewer, code, now=utc_now())
            comments: list[CommentOut] = []
            page = PageRequest(limit=MOST_ROWS)
            while True:
                more = await service.comments(session, viewer, code, page)
                comments += more.items
                if more.next is None:
                    return found, comments
                page = PageRequest(limit=MOST_ROWS, cursor=more.next)

    found, comments = edge.run(job)
    if as_json:
        edge.print_json({"case": found, "comments": comments})
        return
    _print(found)
    rows = [
        (one.created_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"), one.written_by, one.text)
        for one in comments
    ]
    edge.print_table("留言", ("时间（北京时间）", "留言人", "内容"), rows)


@commands.command("raise")
def raise_(
    entry: Annotated[str, typer.Argument(help="Code of the entry, such as 2023H2-91230199MA1BQXYE20.")],
    kind: Annotated[CaseKind, typer.Argument(help="What has to be settled.")],
    *,
    question: Annotated[str, typer.Option(help="What is asked of the responsible body.")],
    body: Annotated[
        str | None, typer.Option(help="Responsible body (code); left out: the one of the clause.")
    ] = None,
    institution: Annotated[
        str | None, typer.Option(help="Institution (code) on whose behalf it is raised.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Raise a case of an admitted entry; an entry has at most one open of each kind."""
    fields = {"entry": entry, "kind": kind, "question": question, "body": body, "institution": institution}

    async def job() -> CoordinationCaseOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.raise_case(session, viewer, body_of(CaseIn, fields), now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def resolve(
    code: CaseArgument, *, outcome: OutcomeOption, body: AnswererOption = None, as_json: edge.JsonFlag = False
) -> None:
    """Close a case as settled; an element is no longer missing then."""

    async def job() -> CoordinationCaseOut:
        async with edge.work(writes=True) as (session, viewer):
            answer = body_of(OutcomeIn, {"outcome": outcome, "body": body})
            return await service.resolve(session, viewer, code, answer, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def refuse(
    code: CaseArgument, *, outcome: OutcomeOption, body: AnswererOption = None, as_json: edge.JsonFlag = False
) -> None:
    """Close a case as not to be settled, and say why; what is missing stays missing."""

    async def job() -> CoordinationCaseOut:
        async with edge.work(writes=True) as (session, viewer):
            answer = body_of(OutcomeIn, {"outcome": outcome, "body": body})
            return await service.refuse(session, viewer, code, answer, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def comment(
    code: CaseArgument,
    text: Annotated[str, typer.Argument(help="What to add; whoever sees the case reads it.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Add to a case, open or closed; nothing of it is ever changed or deleted."""

    async def job() -> CommentOut:
        async with edge.work(writes=True) as (session, viewer):
            written = body_of(CommentIn, {"text": text})
            return await service.comment(session, viewer, code, written, now=utc_now())

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"{code}: comment {done.id}")


def _show(found: CoordinationCaseOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
    else:
        _print(found)


def _print(found: CoordinationCaseOut) -> None:
    edge.print_table(f"{found.code} {found.kind_label}（{found.clause}）", COLUMNS, [_row(found)])
    typer.echo(f"问题：{found.question}")
    if found.outcome is not None:
        typer.echo(f"结果（{found.answered_by}）：{found.outcome}")


def _row(one: CoordinationCaseOut) -> tuple[Any, ...]:
    due = one.due_on.isoformat() if one.due_on else "工作日历未公布"
    late = "（逾期）" if one.is_overdue else ""
    return (one.code, one.entry, one.enterprise, one.kind_label, one.state_label, one.body, f"{due}{late}")
