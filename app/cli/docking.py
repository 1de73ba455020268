"""`rongqiao docking`: log what happened to an entry, see where it stands, simulate."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from app.cli import edge
from app.cli.bodies import body_of
from app.docking import clock_service, history_service, service, simulation_service
from app.docking.clock import TURN_LABELS
from app.docking.kinds import EventKind, PauseReason
from app.docking.reasons import DeclineReason
from app.docking.rules import Stage
from app.docking.schemas import ClockOut, DockingOut, EventIn, EventOut, LateOut, PaceOut, SimulationOut
from app.docking.working_time import STEP_LABELS
from app.kernel.clock import utc_now
from app.kernel.money import wan_text
from app.kernel.paging import MOST_ROWS, Page, PageRequest
from app.kernel.shanghai import SHANGHAI, shanghai_date

commands = typer.Typer(no_args_is_help=True)

EntryArgument = Annotated[str, typer.Argument(help="Code of the entry, such as 2023H2-91230199127041784E.")]
TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


AtOption = Annotated[
    datetime | None, typer.Option(formats=TIME_FORMATS, help="When, Shanghai time; left out: now.")
]
PartyOption = Annotated[
    str | None, typer.Option(help="Institution that logs it; left out: the responsible one.")
]
AmountOption = Annotated[
    str | None, typer.Option(help="Approved, paid out or guaranteed, in yuan, such as 5000000.00.")
]
ExceedsOption = Annotated[
    bool, typer.Option("--exceeds-need", help="The approvals are meant to exceed the need.")
]
ReasonOption = Annotated[
    DeclineReason | None, typer.Option(help="Why it is declined; see `docking reasons`.")
]
PauseOption = Annotated[
    PauseReason | None, typer.Option(help="What the enterprise owes while time stands still.")
]
FeeOption = Annotated[str | None, typer.Option(help="Yearly guarantee fee in percent, such as 0.80.")]


@commands.command()
def log(
    entry: EntryArgument,
    kind: Annotated[EventKind, typer.Argument(help="What happened.")],
    institution: PartyOption = None,
    at: AtOption = None,
    amount: AmountOption = None,
    rate: Annotated[str | None, typer.Option(help="Annual rate in percent, such as 3.45.")] = None,
    term: Annotated[int | None, typer.Option(help="Term in months.")] = None,
    credit_loan: Annotated[bool | None, typer.Option(help="Whether on credit alone.")] = None,
    exceeds_need: ExceedsOption = False,
    reason: ReasonOption = None,
    evidence: Annotated[str | None, typer.Option(help="What proves the reason.")] = None,
    note: Annotated[str | None, typer.Option(help="Anything else worth keeping.")] = None,
    fee_rate: FeeOption = None,
    pause_reason: PauseOption = None,
    score: Annotated[int | None, typer.Option(help="The enterprise's rating, 1 to 5.")] = None,
    corrects: Annotated[int | None, typer.Option(help="Number of the event that it voids.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Log one event; it is appended, and never changed or deleted. With --at the same command logs it once only."""
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
        "fee_rate": fee_rate,
        "pause_reason": pause_reason,
        "score": score,
        "corrects": corrects,
    }

    async def job() -> EventOut:
        event = body_of(EventIn, fields, "The event cannot be logged as given.")
        async with edge.work(writes=True) as (session, viewer):
            # A command has no idempotency key: who was not told how it ended gives it again.
            return await service.log_event(
                session, viewer, entry, event, now=utc_now(), may_be_repetition=at is not None
            )

    logged = edge.run(job)
    if as_json:
        edge.print_json(logged)
    else:
        edge.print_table(f"{entry} #{logged.sequence}", EVENT_COLUMNS, [_event_row(logged)])


@commands.command()
def show(entry: EntryArgument, as_json: edge.JsonFlag = False) -> None:
    """Show where an entry stands, its parties, what they may log next, and its events."""

    async def job() -> tuple[DockingOut, list[EventOut]]:
        async with edge.work(writes=False) as (session, viewer):
            state = await history_service.docking_state(session, viewer, entry, now=utc_now())
            events: list[EventOut] = []
            page = PageRequest(limit=MOST_ROWS)
            while True:
                found = await history_service.events_page(session, viewer, entry, page)
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

    async def job() -> Page[ClockOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            return await clock_service.clocks_page(
                session, viewer, page, edition, institution=institution, is_overdue=overdue, now=utc_now()
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.entry, one.owner, one.step_label, one.due_on, _left(one), _raised(one)) for one in found.items
    ]
    more = f"，仅列最紧迫的 {limit} 条" if found.next else ""
    heads = ("条目", "责任主体", "事项", "截止日", "工作日", "升级")
    edge.print_table(f"{edition} 待办{more}", heads, rows)


@commands.command()
def late(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Count what is late by institution, region and step."""

    async def job() -> list[LateOut]:
        async with edge.work(writes=False) as (session, viewer):
            return await clock_service.late_entries(session, viewer, edition, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (
            one.institution_name or TURN_LABELS[one.turn],
            one.region,
            STEP_LABELS[one.step],
            one.entries,
            one.earliest_due_on,
            one.days_late,
        )
        for one in found
    ]
    edge.print_table(
        f"{edition} 逾期", ("责任主体", "地区", "事项", "条目", "最早截止日", "逾期工作日"), rows
    )


@commands.command()
def pace(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Show how fast institutions take their steps: p50 and p90 of working days, what is open and late."""

    async def job() -> list[PaceOut]:
        async with edge.work(writes=False) as (session, viewer):
            return await clock_service.institution_pace(session, viewer, edition, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.name, STEP_LABELS[one.step], one.taken, one.p50, one.p90, one.open, one.late) for one in found
    ]
    edge.print_table(f"{edition} 各机构用时", ("机构", "事项", "已办", "p50", "p90", "在办", "逾期"), rows)


@commands.command()
def clocks(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Make the clocks of an edition's entries anew from their histories: after a new year's working days are loaded."""

    async def job() -> int:
        async with edge.work(writes=True) as (session, viewer):
            return await clock_service.rebuild(session, viewer, edition, now=utc_now())

    count = edge.run(job)
    if as_json:
        edge.print_json({"edition": edition, "entries": count})
    else:
        edge.print_table("时限重算", ("版次", "条目"), [(edition, count)])


def _next_step(state: DockingOut) -> str:
    due = state.clock
    if due is None:
        return ""
    return f"；轮到{due.owner}，应于 {due.due_on or '（工作日历未公布）'} 前{due.step_label}，{_left(due)}"


def _left(due: ClockOut) -> str:
    if due.days_left is None:
        return "工作日历未公布"
    paused = "，暂停中" if due.paused_since else ""
    return (f"逾期 {-due.days_left} 日" if due.is_overdue else f"余 {due.days_left} 日") + paused


def _raised(due: ClockOut) -> str:
    return due.level_label or ""


EVENT_COLUMNS = ("#", "发生（北京时间）", "事项", "机构", "万元", "%", "月", "原因", "登记人")


def _event_row(event: EventOut) -> tuple[Any, ...]:
    return (
        event.sequence,
        event.occurred_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        event.kind_label,
        event.institution or "",
        wan_text(event.amount) if event.amount else "",
        _percent(event),
        event.term_months or "",
        event.reason_label or (f"更正第{event.corrects}条" if event.corrects else ""),
        f"{event.actor}（模拟）" if event.is_simulated else event.actor,
    )


def _percent(event: EventOut) -> str:
    points = event.rate if event.rate is not None else event.fee_rate
    return "" if points is None else f"{points / 100:.2f}"


@commands.command()
def reasons(as_json: edge.JsonFlag = False) -> None:
    """List the closed list of reasons for a decline and the facts that each establishes."""
    listed = history_service.reasons()
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
            return await simulation_service.simulate_edition(
                session, viewer, edition, seed=seed, until=end, now=now
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        rows = list(done.events.items())
        edge.print_table(f"模拟对接 {edition}：{done.entries} 个条目", ("事项", "条数"), rows)
