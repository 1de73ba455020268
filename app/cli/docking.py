"""`rongqiao docking`: log what happened to an entry, see where it stands, simulate."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app.cli import edge
from app.docking import service
from app.docking.reasons import DeclineReason
from app.docking.rules import EventKind, Stage
from app.docking.schemas import DeadlineOut, DockingOut, EventIn, EventOut, SimulationOut
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused
from app.kernel.money import wan_text
from app.kernel.paging import MOST_ROWS, Page, PageRequest
from app.kernel.shanghai import SHANGHAI, shanghai_date

commands = typer.Typer(no_args_is_help=True)

EntryArgument = Annotated[str, typer.Argument(help="Code of the entry, such as 2023H2-91230199127041784E.")]
TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@commands.command()
def log(
    entry: EntryArgument,
    kind: Annotated[EventKind, typer.Argument(help="What happened.")],
    institution: Annotated[
        str | None, typer.Option(help="Institution that logs it; left out: the responsible one.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option(formats=TIME_FORMATS, help="When, Shanghai time; left out: now.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="Approved or paid out, in yuan, such as 5000000.00.")
    ] = None,
    rate: Annotated[str | None, typer.Option(help="Annual rate in percent, such as 3.45.")] = None,
    term: Annotated[int | None, typer.Option(help="Term in months.")] = None,
    credit_loan: Annotated[bool | None, typer.Option(help="Whether on credit alone.")] = None,
    exceeds_need: Annotated[
        bool, typer.Option("--exceeds-need", help="The approvals are meant to exceed the need.")
    ] = False,
    reason: Annotated[
        DeclineReason | None, typer.Option(help="Why it is declined; see `docking reasons`.")
    ] = None,
    evidence: Annotated[str | None, typer.Option(help="What proves the reason.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything else worth keeping.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Log one event; it is appended, and never changed or deleted."""
    fields = {
        "kind": kind,
        "institution": institution,
        "occurred_at": at.replace(tzinfo=SHANGHAI) if at else None,
        "amount": amount,
        "rate": rate,
        "term_months": term,
        "is_credit_loan": credit_loan,
        "exceeds_need": exceeds_need,
        "reason": reason,
        "evidence": evidence,
        "note": note,
    }

    async def job() -> EventOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.log_event(session, viewer, entry, _event_in(fields), now=utc_now())

    logged = edge.run(job)
    if as_json:
        edge.print_json(logged)
    else:
        edge.print_table(f"{entry} #{logged.sequence}", EVENT_COLUMNS, [_event_row(logged)])


def _event_in(fields: dict[str, Any]) -> EventIn:
    try:
        return EventIn.model_validate(fields)
    except ValidationError as error:
        faults = [
            Fault(".".join(map(str, item["loc"])), item["msg"], value=str(item.get("input", ""))[:80])
            for item in error.errors()
        ]
        raise Refused("The event cannot be logged as given.", faults) from error


@commands.command()
def show(entry: EntryArgument, as_json: edge.JsonFlag = False) -> None:
    """Show where an entry stands, its parties, what they may log next, and its events."""

    async def job() -> tuple[DockingOut, list[EventOut]]:
        async with edge.work(writes=False) as (session, viewer):
            state = await service.docking_state(session, viewer, entry, now=utc_now())
            events: list[EventOut] = []
            page = PageRequest(limit=MOST_ROWS)
            while True:
                found = await service.events_page(session, viewer, entry, page)
                events += found.items
                if found.next is None:
                    return state, events
                page = PageRequest(limit=MOST_ROWS, cursor=found.next)

    state, events = edge.run(job)
    if as_json:
        edge.print_json({"state": state, "events": events})
        return
    money = f"需求 {wan_text(state.needed)}、授信 {wan_text(state.approved)}、放款 {wan_text(state.disbursed)} 万元"
    parties = [
        (
            party.institution,
            "责任" if party.is_responsible else "协办",
            f"{shanghai_date(party.since)} 至 {shanghai_date(party.until) if party.until else '今'}",
            party.stage_label,
            ", ".join(kind.value for kind in party.possible),
        )
        for party in state.parties
        if party.until is None or party.stage is not Stage.WAITING
    ]
    edge.print_table(
        f"{entry} {state.stage_label}：{money}；责任主体 {state.owner or '未落实'}{_next_step(state)}",
        ("机构", "角色", "起止", "状态", "可登记"),
        parties,
    )
    edge.print_table("对接记录", EVENT_COLUMNS, [_event_row(event) for event in events])


@commands.command()
def due(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    institution: Annotated[str | None, typer.Option(help="Only what this institution owes.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is overdue.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most entries to show.")] = 25,
    as_json: edge.JsonFlag = False,
) -> None:
    """List what responsible institutions owe next and by when, the most urgent first."""

    async def job() -> Page[DeadlineOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            return await service.deadlines_page(
                session, viewer, page, edition, institution=institution, is_overdue=overdue, now=utc_now()
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.entry, one.institution, one.step_label, one.due_on, _left(one)) for one in found.items]
    more = f"，仅列最紧迫的 {limit} 条" if found.next else ""
    edge.print_table(f"{edition} 待办{more}", ("条目", "责任机构", "事项", "截止日", "工作日"), rows)


def _next_step(state: DockingOut) -> str:
    due = state.deadline
    if due is None:
        return ""
    return f"；应于 {due.due_on or '（工作日历未公布）'} 前{due.step_label}，{_left(due)}"


def _left(due: DeadlineOut) -> str:
    if due.days_left is None:
        return "工作日历未公布"
    return f"逾期 {-due.days_left} 日" if due.is_overdue else f"余 {due.days_left} 日"


EVENT_COLUMNS = ("#", "发生（北京时间）", "事项", "机构", "万元", "%", "月", "原因", "登记人")


def _event_row(event: EventOut) -> tuple[Any, ...]:
    return (
        event.sequence,
        event.occurred_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        event.kind_label,
        event.institution,
        wan_text(event.amount) if event.amount else "",
        f"{event.rate / 100:.2f}" if event.rate else "",
        event.term_months or "",
        event.reason_label or "",
        f"{event.actor}（模拟）" if event.is_simulated else event.actor,
    )


@commands.command()
def reasons(as_json: edge.JsonFlag = False) -> None:
    """List the closed list of reasons for a decline and the facts that each establishes."""
    listed = service.reasons()
    if as_json:
        edge.print_json(listed)
        return
    rows = [
        (
            item.reason.value,
            item.label,
            ", ".join(f"{name}={value}" for name, value in item.establishes.items()),
            item.clause,
        )
        for item in listed
    ]
    edge.print_table("婉拒原因", ("reason", "原因", "所确立的事实", "条款"), rows)


@commands.command()
def simulate(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day, Shanghai time; left out: now."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 1,
    as_json: edge.JsonFlag = False,
) -> None:
    """Log simulated docking (模拟数据), marked as such; going on later with the same seed only adds."""

    async def job() -> SimulationOut:
        now = utc_now()
        end = until.replace(tzinfo=SHANGHAI) + timedelta(days=1) if until else now
        async with edge.work(writes=True) as (session, viewer):
            return await service.simulate_edition(session, viewer, edition, seed=seed, until=end, now=now)

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        rows = list(done.events.items())
        edge.print_table(f"模拟对接 {edition}：{done.entries} 个条目", ("事项", "条数"), rows)
