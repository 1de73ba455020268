"""Commands of `rongqiao chains` about people of chains and what chains cover, and the run that proposes members."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import typer

from app.chains import post_service, profile_service
from app.chains.post_schemas import (
    PlaceIn,
    PlaceOut,
    PostEnd,
    PostHandOver,
    PostIn,
    PostOut,
    ProfileIn,
    VacancyOut,
)
from app.chains.schemas import ChainOut
from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.cli.members import DAYS, print_runs
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.progress import reporting
from app.membership import run_service
from app.membership.schemas import MembershipRunOut
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryFilter

CodeArgument = Annotated[str, typer.Argument(help="Chain code 产业链编码.")]
SinceOption = Annotated[datetime, typer.Option(formats=DAYS, help="First day.")]
UntilOption = Annotated[datetime | None, typer.Option(formats=DAYS, help="Last day; left out: still.")]
Ending = TypeVar("Ending")
COLUMNS = ("编号", "职责", "姓名或名称", "单位", "起", "止", "今日在任")


def add_to(commands: typer.Typer) -> None:
    """Have a group offer these commands."""
    for name, command in (
        ("people", people), ("appoint", appoint), ("hand-over", hand_over), ("end", end), ("places", places),
        ("cover", cover), ("uncover", uncover), ("profiles", profiles), ("profile", profile), ("propose", propose),
    ):  # fmt: skip
        commands.command(name)(command)


def people(
    code: Annotated[str | None, typer.Argument(help="Chain code 产业链编码.")] = None,
    *,
    vacant: Annotated[bool, typer.Option("--vacant", help="Chains without 链长, now or soon.")] = False,
    ahead: Annotated[int, typer.Option(min=0, max=366, help="Days to look ahead.")] = 30,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show who holds posts of a chain, or with --vacant which chains have no 链长."""

    async def job() -> tuple[list[PostOut], list[VacancyOut]]:
        now = utc_now()
        async with edge.work(writes=False) as (session, viewer):
            if code is None:
                return [], await post_service.list_vacancies(session, viewer, now=now, ahead=ahead)
            return await post_service.list_posts(session, viewer, code, now=now), []

    if code is None and not vacant:
        raise typer.BadParameter("Name a chain, or ask for --vacant.")
    posts, vacancies = edge.run(job)
    if as_json:
        edge.print_json(vacancies if code is None else posts)
    elif code is None:
        rows = [
            (one.chain, one.chain_name, one.since, one.until or "—", one.last or "—") for one in vacancies
        ]
        edge.print_table(f"{len(rows)} 条产业链没有链长", ("编码", "产业链", "自", "至", "上一任"), rows)
    else:
        edge.print_table(f"{code} 任职", COLUMNS, [_row(one) for one in posts])


def appoint(
    code: CodeArgument,
    post: Annotated[
        str, typer.Argument(help="leader, deputy, office, liaison, lead_department, adviser, butler_team.")
    ],
    holder: Annotated[str, typer.Argument(help="Who: a name 姓名或名称.")],
    *,
    since: SinceOption,
    until: UntilOption = None,
    body: Annotated[str, typer.Option(help="Their body 单位.")] = "",
    place: Annotated[
        str | None, typer.Option(help="Of a butler team: kind:code of a place that the chain covers.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Have somebody hold a post of a chain."""
    kind, _colon, place_code = (place or "").partition(":")
    fields = {
        "post": post, "holder": holder, "body": body, "since": since.date(), "until": _day(until),
        "place": {"kind": kind, "code": place_code} if place else None,
    }  # fmt: skip

    async def job() -> PostOut:
        async with edge.work(writes=True) as (session, viewer):
            return await post_service.appoint_to_post(
                session, viewer, code, body_of(PostIn, fields), now=utc_now()
            )

    _show(edge.run(job), as_json=as_json)


def hand_over(
    code: CodeArgument,
    number: Annotated[int, typer.Argument(min=1, help="Number of the present period.")],
    holder: Annotated[str, typer.Argument(help="Who is next: a name 姓名或名称.")],
    *,
    on: Annotated[datetime, typer.Option(formats=DAYS, help="Day after the present one's last.")],
    body: Annotated[str, typer.Option(help="Their body 单位.")] = "",
    gap_until: Annotated[
        datetime | None, typer.Option(formats=DAYS, help="First day of the next, where a gap is meant.")
    ] = None,
    gap_reason: Annotated[str | None, typer.Option(help="Why nobody is meant in between.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Hand a post over; without a gap, unless its reason is told."""
    fields = {
        "holder": holder, "body": body, "on": on.date(), "gap_until": _day(gap_until), "gap_reason": gap_reason,
    }  # fmt: skip

    async def job() -> PostOut:
        async with edge.work(writes=True) as (session, viewer):
            return await post_service.hand_over_post(
                session, viewer, code, number, body_of(PostHandOver, fields), expect=any_version,
                now=utc_now(),
            )  # fmt: skip

    _show(edge.run(job), as_json=as_json)


LastDayOption = Annotated[
    datetime | None, typer.Option("--until", formats=DAYS, help="Last day; left out: no end any more.")
]


def end(
    code: CodeArgument,
    number: Annotated[int, typer.Argument(min=1, help="Number of the period; `chains people` shows it.")],
    *,
    until: LastDayOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Set or clear the last day of a post's period."""
    _show(_ended(post_service.end_post, code, number, until), as_json=as_json)


def places(code: CodeArgument, as_json: edge.JsonFlag = False) -> None:
    """Show what a chain covers: regions, clusters, zones, parks."""

    async def job() -> list[PlaceOut]:
        async with edge.work(writes=False) as (session, viewer):
            return await post_service.list_places(session, viewer, code, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.id, one.kind_name, one.code, one.name, one.since, one.until or "—") for one in found]
    edge.print_table(f"{code} 覆盖范围", ("编号", "类别", "代码", "名称", "起", "止"), rows)


def cover(
    code: CodeArgument,
    kind: Annotated[str, typer.Argument(help="region, cluster, zone or park.")],
    place: Annotated[
        str, typer.Argument(help="Code of the region, or of the place in the jurisdiction's list.")
    ],
    *,
    since: SinceOption,
    until: UntilOption = None,
    name: Annotated[str | None, typer.Option(help="Its name; a region's is known.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Code of the region in which a cluster, zone or park lies.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Have a chain cover a region, cluster, zone or park."""
    fields = {
        "kind": kind,
        "code": place,
        "name": name,
        "region": region,
        "since": since.date(),
        "until": _day(until),
    }

    async def job() -> PlaceOut:
        async with edge.work(writes=True) as (session, viewer):
            return await post_service.add_place(
                session, viewer, code, body_of(PlaceIn, fields), now=utc_now()
            )

    _show_place(edge.run(job), as_json=as_json)


def uncover(
    code: CodeArgument,
    number: Annotated[int, typer.Argument(min=1, help="Number of the place; `chains places` shows it.")],
    *,
    until: LastDayOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Set or clear the last day on which a chain covers a place."""
    _show_place(_ended(post_service.end_place, code, number, until), as_json=as_json)


def profiles(as_json: edge.JsonFlag = False) -> None:
    """List the shipped profiles by which members of chains are proposed."""
    found = profile_service.list_profiles()
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.code, one.name, "、".join(one.links), "；".join(one.sources)) for one in found]
    edge.print_table(f"{len(found)} profiles", ("编码", "名称", "环节", "依据"), rows)


def profile(
    code: CodeArgument,
    shipped: Annotated[
        str | None, typer.Argument(help="Code of a shipped profile; left out: its industries alone speak.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Say by which shipped profile members of a chain are proposed."""
    fields = {"profile": shipped}

    async def job() -> ChainOut:
        async with edge.work(writes=True) as (session, viewer):
            return await profile_service.set_profile(
                session, viewer, code, body_of(ProfileIn, fields), expect=any_version
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        typer.echo(f"{found.code}: {found.profile or '只按行业'}")


def propose(
    *,
    edition: Annotated[
        str | None, typer.Option(help="Keep what comes of firms of this edition, such as 2023H2.")
    ] = None,
    every_firm: Annotated[bool, typer.Option("--all", help="Keep what comes of all firms.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Count what would change, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Propose members from industry, business scope and core firms' lists; what people said is never changed."""
    if (edition is None) is not every_firm:
        raise typer.BadParameter("Name an --edition, or ask for --all.")

    async def job() -> MembershipRunOut:
        async with edge.work(writes=not dry_run) as (session, viewer):
            only: set[str] | None = None
            if edition is not None:
                only = set()
                page: PageRequest | None = PageRequest(limit=MOST_ROWS)
                while page is not None:
                    found = await whitelist.list_entries(session, viewer, page, EntryFilter(edition=edition))
                    only |= {one.code.split("-")[1] for one in found.items}
                    page = PageRequest(limit=MOST_ROWS, cursor=found.next) if found.next else None
            return await run_service.run(session, viewer, now=utc_now(), only=only, is_dry=dry_run)

    with edge.progress("归链提议") as told, reporting(lambda _stage, done, total: told(done, total)):
        found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        print_runs("试运行（未写入）" if dry_run else "归链提议", [found])


def _ended(
    keep_end: Callable[..., Coroutine[Any, Any, Ending]], code: str, number: int, until: datetime | None
) -> Ending:
    """Have a service set or clear the last day of something of a chain; answer how that stands then."""
    body = {"until": _day(until)}

    async def job() -> Ending:
        async with edge.work(writes=True) as (session, viewer):
            stated = body_of(PostEnd, body)
            return await keep_end(session, viewer, code, number, stated, expect=any_version, now=utc_now())

    return edge.run(job)


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None


def _show_place(found: PlaceOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
    else:
        typer.echo(
            f"{found.id}: {found.kind_name} {found.name}，自 {found.since} 起{f'，至 {found.until}' if found.until else ''}"
        )


def _show(found: PostOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
    else:
        edge.print_table(f"{found.chain} 任职", COLUMNS, [_row(found)])


def _row(one: PostOut) -> tuple[object, ...]:
    return (
        one.id or "—", one.title, one.holder, one.body, one.since, one.until or "—",
        "是" if one.is_in_office else "否",
    )  # fmt: skip
