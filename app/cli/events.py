"""`rongqiao events`: docking events 对接活动, from the year's calendar to what followed."""

from datetime import datetime
from typing import Annotated

import typer

from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.events import (
    attendance_service,
    contact_service,
    guest_service,
    inviting_service,
    planning_service,
    results_service,
    service,
    timetable_service,
)
from app.events.guest_schemas import (
    AttendanceIn,
    AttendanceOut,
    ContactsIn,
    ContactsOut,
    GuestOut,
    GuestPlanOut,
    GuestsIn,
    ResultsOut,
    SendingIn,
    SentOut,
    TimetableIn,
    TimetableOut,
    YearResultsOut,
)
from app.events.schemas import EventChange, EventFilter, HostedEventOut, YearIn, YearPlanOut
from app.events.states import SIDE_LABELS, EventState
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.progress import reporting

commands = typer.Typer(no_args_is_help=True)
EventArgument = Annotated[str, typer.Argument(help="Code of the event, such as HD-000012.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be kept; store nothing.")]
DAY = ["%Y-%m-%d"]


@commands.command()
def plan(
    year: Annotated[int, typer.Argument(help="The year to plan, such as 2027.")],
    *,
    first_day: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Plan from this day on; left out: today or 1 January."),
    ] = None,
    conferences: Annotated[
        int | None, typer.Option(help="Conferences a year; left out: by the packs.")
    ] = None,
    fields: Annotated[
        int | None, typer.Option(help="Events of a field in a city, a quarter; left out: by the packs.")
    ] = None,
    chains: Annotated[
        int | None, typer.Option(help="Events of a chain, a month; left out: by the packs, else one.")
    ] = None,
    conference_month: Annotated[int | None, typer.Option(help="Month of the conference, 1 to 12.")] = None,
    dry_run: DryRun = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Plan a year's calendar: every chain has its turn, no event lies on a day off, each comes with its reasons."""
    fields_ = {
        "year": year,
        "first_day": first_day.date() if first_day else None,
        "conferences": conferences,
        "field_events_per_quarter": fields,
        "chain_events_per_month": chains,
        "conference_month": conference_month,
    }

    async def job() -> YearPlanOut:
        async with edge.work(writes=not dry_run) as (session, viewer):
            wanted = body_of(YearIn, fields_)
            act = planning_service.preview_year if dry_run else planning_service.keep_year
            return await act(session, viewer, wanted, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.code, one.day, one.name, one.place_name, one.reasons[-1]) for one in found.events]
    edge.print_table(f"{year}年对接活动计划", ("编号", "日期", "活动", "地点", "为何这一天"), rows)
    for question in found.questions:
        typer.echo(f"待定：{question}")
    for left in found.left_out:
        typer.echo(f"未轮到：{left.name}（{left.reason}）")


@commands.command("list")
def list_(
    *,
    year: Annotated[int | None, typer.Option(help="Only this year.")] = None,
    chain: Annotated[str | None, typer.Option(help="Only this chain (code).")] = None,
    state: Annotated[EventState | None, typer.Option(help="Only events in this state.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """List events by day."""

    async def job() -> list[HostedEventOut]:
        async with edge.work(writes=False) as (session, viewer):
            wanted, found = EventFilter(year=year, chain=chain, state=state), list[HostedEventOut]()
            page: PageRequest | None = PageRequest(limit=MOST_ROWS)
            while page is not None:
                more = await service.list_events(session, viewer, page, wanted, now=utc_now())
                found += more.items
                page = PageRequest(limit=MOST_ROWS, cursor=more.next) if more.next else None
            return found

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.code, one.day, one.name, one.place_name, one.state_label) for one in found]
    edge.print_table("对接活动", ("编号", "日期", "活动", "地点", "状态"), rows)


@commands.command()
def show(event: EventArgument, as_json: edge.JsonFlag = False) -> None:
    """Show an event with its reasons, its guests and their answers."""

    async def job() -> tuple[HostedEventOut, list[GuestOut]]:
        async with edge.work(writes=False) as (session, viewer):
            found, guests = await service.get_event(session, viewer, event, now=utc_now()), list[GuestOut]()
            page: PageRequest | None = PageRequest(limit=MOST_ROWS)
            while page is not None:
                more = await guest_service.list_guests(session, viewer, event, page, now=utc_now())
                guests += more.items
                page = PageRequest(limit=MOST_ROWS, cursor=more.next) if more.next else None
            return found, guests

    found, guests = edge.run(job)
    if as_json:
        edge.print_json({"event": found, "guests": guests})
        return
    typer.echo(
        f"{found.code} {found.name} {found.day} {found.venue or found.place_name}（{found.state_label}）"
    )
    for reason in found.reasons:
        typer.echo(f"  {reason}")
    rows = [
        (one.id, SIDE_LABELS[one.side], one.name, one.state_label, one.attendance_code, len(one.meetings))
        for one in guests
    ]
    edge.print_table("来宾", ("编号", "类别", "名称", "邀请", "签到码", "洽谈"), rows)


@commands.command()
def move(
    event: EventArgument,
    day: Annotated[datetime, typer.Argument(formats=DAY, help="The new day, such as 2027-03-18.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; needed on a day off, and kept with the event.")] = "",
    as_json: edge.JsonFlag = False,
) -> None:
    """Move an event to another day; its guests are told."""

    async def job() -> HostedEventOut:
        async with edge.work(writes=True) as (session, viewer):
            wanted = body_of(EventChange, {"day": day.date(), "reason": reason})
            return await service.change_event(
                session, viewer, event, wanted, expect=any_version, now=utc_now()
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        typer.echo(f"{found.code}: {found.day} {found.reasons[-1]}")


@commands.command()
def invite(
    event: EventArgument,
    *,
    tables: Annotated[int, typer.Option(min=1, max=20, help="Tables of each bank.")] = 1,
    send_by: Annotated[
        datetime | None,
        typer.Option("--send", formats=DAY, help="Send the invitations too, to be answered by this day."),
    ] = None,
    dry_run: DryRun = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compute who is invited to meet whom from open needs and fitting banks, keep it, and send it out."""

    async def job() -> tuple[GuestPlanOut, SentOut | None]:
        async with edge.work(writes=not dry_run) as (session, viewer):
            wanted = body_of(GuestsIn, {"tables": tables})
            if dry_run:
                return await inviting_service.preview_guests(session, viewer, event, wanted), None
            made = await inviting_service.keep_guests(
                session, viewer, event, wanted, expect=any_version, now=utc_now()
            )
            if send_by is None:
                return made, None
            sent = await inviting_service.send_invitations(
                session,
                viewer,
                event,
                SendingIn(answer_by=send_by.date()),
                expect=any_version,
                now=utc_now(),
            )
            return made, sent

    made, sent = edge.run(job)
    if as_json:
        edge.print_json({"guests": made, "sent": sent})
        return
    rows = [
        (one.name, "、".join(meet.bank_name for meet in one.meets) or "不邀请", one.reason)
        for one in made.firms
    ]
    edge.print_table(
        f"企业{made.invited_firms}家、银行{made.invited_banks}家、洽谈{made.meetings}场",
        ("企业", "洽谈银行", "理由"),
        rows,
    )
    if sent is not None:
        typer.echo(f"{sent.sent} invitations sent, {sent.told} people told")


@commands.command()
def timetable(
    event: EventArgument,
    *,
    at_once: Annotated[int | None, typer.Option(help="Most meetings that the hall holds at once.")] = None,
    show_only: Annotated[bool, typer.Option("--show", help="Show the timetable that is there.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Make the timetable, without clashes and with the fewest idle slots; made again, it changes the fewest."""

    async def job() -> TimetableOut:
        with (
            edge.progress("timetable") as advance,
            reporting(lambda _stage, done, total: advance(done, total)),
        ):
            wanted = body_of(TimetableIn, {"most_at_once": at_once})
            async with edge.work(writes=False) as (session, viewer):
                if show_only:
                    return await timetable_service.get_timetable(session, viewer, event)
                problem = await timetable_service.pose(session, viewer, event, wanted, now=utc_now())
            made = await timetable_service.compute(problem)
            async with edge.work(writes=True) as (session, viewer):
                return await timetable_service.save(
                    session, viewer, event, wanted, problem, made, now=utc_now()
                )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.id, one.starts, one.bank, one.table, one.firm) for one in found.meetings]
    reached = "，".join(f"{one.label}{one.value}" for one in found.reached)
    edge.print_table(
        f"洽谈时间表：{found.outcome_label or '还没有排'}（{reached}）",
        ("编号", "时段", "银行", "桌", "企业"),
        rows,
    )


@commands.command()
def attend(
    event: EventArgument,
    code: Annotated[str, typer.Argument(help="Attendance code that a guest shows.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Write down that the guest came whose code it is."""

    async def job() -> AttendanceOut:
        async with edge.work(writes=True) as (session, viewer):
            wanted = body_of(AttendanceIn, {"code": code})
            return await attendance_service.attend(session, viewer, event, wanted, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        typer.echo(f"{found.name}{'（此前已签到）' if found.was_there else '：已签到'}")


@commands.command()
def log(
    event: EventArgument,
    meetings: Annotated[list[int], typer.Argument(help="Numbers of the meetings that took place.")],
    *,
    note: Annotated[str, typer.Option(help="What to keep of them in the docking record.")] = "",
    as_json: edge.JsonFlag = False,
) -> None:
    """Write down which meetings took place: docking events for banks that are parties, interests for others."""

    async def job() -> ContactsOut:
        async with edge.work(writes=True) as (session, viewer):
            sent = {"meetings": [{"meeting": number, "note": note} for number in meetings]}
            wanted = body_of(ContactsIn, sent)
            return await contact_service.log_contacts(session, viewer, event, wanted, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    typer.echo(f"{event}: {found.met} meetings, {found.logged} docking events")
    for interest in found.interests:
        typer.echo(f"  {interest}")


@commands.command()
def results(
    what: Annotated[str, typer.Argument(help="Code of an event, or a year for all of its events.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Show what followed within thirty and ninety days; a window that is over is kept with its hash."""

    async def job() -> ResultsOut | YearResultsOut:
        async with edge.work(writes=True) as (session, viewer):
            if what.isascii() and what.isdecimal():
                year = int(what[:6])
                return await results_service.year_results(session, viewer, year, now=utc_now())
            return await results_service.event_results(session, viewer, what, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    if isinstance(found, YearResultsOut):
        figures = [
            (
                f"{one.days}日",
                one.met,
                one.contacted,
                one.credited,
                one.credited_amount,
                one.disbursed,
                one.disbursed_amount,
            )
            for one in found.sums
        ]
    else:
        figures = [
            (
                f"{one.days}日{'' if one.is_complete else '（未满）'}",
                one.met,
                one.contacted,
                one.credited,
                one.credited_amount,
                one.disbursed,
                one.disbursed_amount,
            )
            for one in found.results
        ]
    columns = ("活动后", "洽谈", "首次对接", "首笔授信", "授信（元）", "首笔放款", "放款（元）")
    edge.print_table("活动成效", columns, figures)
