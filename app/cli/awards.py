"""`rongqiao awards`: the yearly ten best products 十佳, from the announcement to the result and its verification."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from app.accounts.rules import Viewer
from app.awards import service
from app.awards.rules import USUAL_NAME
from app.awards.schemas import AwardCandidateOut, AwardIn, AwardOut, BallotIn, JurorIn, NominationIn
from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Fault, Refused
from app.kernel.paging import MOST_ROWS, Page, PageRequest

commands = typer.Typer(no_args_is_help=True)
YearArgument = Annotated[int, typer.Argument(min=2000, max=2999, help="Year of the award, such as 2024.")]
DryRun = Annotated[bool, typer.Option(help="Show what would come of it, keep nothing.")]
Step = Callable[[AsyncSession, Viewer], Awaitable[AwardOut]]


class _LookedAt(Exception):
    """What a dry run came to: all of it is taken back."""


@commands.command()
def announce(
    year: YearArgument,
    *,
    nominations_until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of nominations 提名截止日.")
    ],
    votes_until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of the votes 评审截止日.")
    ],
    name: Annotated[str | None, typer.Option(help="Name of the award; left out: made of the year.")] = None,
    quarter: Annotated[
        str | None, typer.Option(help="Quarter with which the figures end; left out: the year's fourth.")
    ] = None,
    criteria: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="JSON file with `weights`, `places`, `least_credits` and so on."
        ),
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Announce an award with its criteria; they never change afterwards."""
    stated: dict[str, Any] = {
        "year": year,
        "name": name or USUAL_NAME.format(year=year),
        "quarter": quarter,
        "nominations_until": nominations_until.date().isoformat(),
        "votes_until": votes_until.date().isoformat(),
    }

    async def job() -> AwardOut:
        if criteria is not None:
            stated["criteria"] = _json_of(criteria)
        async with edge.work(writes=True) as (session, viewer):
            return await service.announce(session, viewer, body_of(AwardIn, stated), now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def appoint(
    year: YearArgument,
    login: Annotated[str, typer.Argument(help="Login of the person.")],
    *,
    affiliation: Annotated[str, typer.Option(help="Where the juror works, and as what.")],
    recused: Annotated[
        list[str] | None,
        typer.Option(help="Institution (code) whose products are not the juror's to judge; again for more."),
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Appoint a juror 评委; banks for which the person works are left out by themselves."""
    stated = {"login": login, "affiliation": affiliation, "recused": recused or []}

    async def job() -> BaseModel:
        async with edge.work(writes=True) as (session, viewer):
            return await service.appoint(session, viewer, year, body_of(JurorIn, stated), now=utc_now())

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"{login} is on the jury of {year}")


@commands.command()
def nominate(
    year: YearArgument,
    product: Annotated[str, typer.Argument(help="Product (code) to put forward.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the nomination.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Put a product forward on behalf of the coordinator 提名."""

    async def job() -> BaseModel:
        async with edge.work(writes=True) as (session, viewer):
            body = body_of(NominationIn, {"product": product, "reason": reason})
            return await service.nominate(session, viewer, year, body, now=utc_now())

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"{product} is put forward for {year}")


@commands.command()
def shortlist(year: YearArgument, *, dry_run: DryRun = False, as_json: edge.JsonFlag = False) -> None:
    """Close nominations and find by observed figures which products go before the jury 入围."""

    async def step(session: AsyncSession, viewer: Viewer) -> AwardOut:
        return await service.shortlist(session, viewer, year, expect=any_version, now=utc_now())

    _step(year, step, dry_run=dry_run, as_json=as_json)


@commands.command()
def vote(
    year: YearArgument,
    ballot: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help='JSON file: {"points": [{"product": "…", "points": 9}]}.'
        ),
    ],
    *,
    juror: Annotated[int, typer.Option(min=1, help="Number of the person whose paper ballot this is.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Enter a ballot that a juror gave on paper; jurors vote by themselves on the page."""

    async def job() -> BaseModel:
        body = body_of(BallotIn, _json_of(ballot))
        async with edge.work(writes=True) as (session, viewer):
            return await service.cast_ballot(
                session, viewer, year, body, expect=any_version, now=utc_now(), juror=juror
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"the ballot of person {juror} is sealed")


@commands.command()
def decide(year: YearArgument, *, dry_run: DryRun = False, as_json: edge.JsonFlag = False) -> None:
    """Open the ballots and find the result 评定."""

    async def step(session: AsyncSession, viewer: Viewer) -> AwardOut:
        return await service.decide(session, viewer, year, expect=any_version, now=utc_now())

    _step(year, step, dry_run=dry_run, as_json=as_json)


@commands.command()
def publish(year: YearArgument, *, as_json: edge.JsonFlag = False) -> None:
    """Publish the result with all reasons; appeals are open from then on 公布."""

    async def step(session: AsyncSession, viewer: Viewer) -> AwardOut:
        return await service.publish(session, viewer, year, expect=any_version, now=utc_now())

    _step(year, step, dry_run=False, as_json=as_json)


@commands.command()
def verify(year: YearArgument, *, as_json: edge.JsonFlag = False) -> None:
    """Find the result anew from what is stored, and say whether it is the same; status 1 if it is not 复核."""

    async def job() -> Any:
        async with edge.work(writes=False) as (session, viewer):
            return await service.verify(session, viewer, year)

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        rows = [
            ("一致", "是" if found.is_same else "否"),
            ("所存结果", found.stored_hash),
            ("重算结果", found.computed_hash),
            ("所存依据", found.stored_inputs_hash),
            ("现有依据", found.computed_inputs_hash),
            ("封签不符的评委", "、".join(map(str, found.broken_seals)) or "无"),
            ("评定后有追补的产品", "、".join(found.restated) or "无"),
        ]
        edge.print_table(f"{year} 复核", ("事项", "结果"), rows)
    if not found.is_same:
        raise typer.Exit(edge.REFUSED)


@commands.command()
def show(
    year: Annotated[
        int | None, typer.Argument(min=2000, max=2999, help="Year; left out: all awards.")
    ] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show an award with its candidates, or list all awards."""

    async def job() -> tuple[list[AwardOut], list[AwardCandidateOut]]:
        async with edge.work(writes=False) as (session, viewer):
            now = utc_now()
            if year is None:
                return (
                    await service.list_awards(session, viewer, PageRequest(limit=MOST_ROWS), now=now)
                ).items, []
            found = await service.award(session, viewer, year, now=now)
            return [found], await _candidates(session, viewer, year)

    awards, candidates = edge.run(job)
    if as_json:
        edge.print_json({"awards": awards, "candidates": candidates})
        return
    _print_awards(awards)
    if candidates:
        _print_candidates(candidates)


async def _candidates(session: AsyncSession, viewer: Viewer, year: int) -> list[AwardCandidateOut]:
    found: list[AwardCandidateOut] = []
    page: PageRequest | None = PageRequest(limit=MOST_ROWS)
    while page is not None:
        listed: Page[AwardCandidateOut] = await service.candidates(session, viewer, year, page)
        found += listed.items
        page = PageRequest(limit=MOST_ROWS, cursor=listed.next) if listed.next else None
    return found


def _step(year: int, step: Step, *, dry_run: bool, as_json: bool) -> None:
    async def job() -> tuple[AwardOut, list[AwardCandidateOut]]:
        async with edge.work(writes=True) as (session, viewer):
            found: list[tuple[AwardOut, list[AwardCandidateOut]]] = []
            try:
                async with attempt(session):
                    found.append((await step(session, viewer), await _candidates(session, viewer, year)))
                    if dry_run:
                        raise _LookedAt  # noqa: TRY301 - what was done is taken back by it
            except _LookedAt:
                pass
            return found[0]

    award, candidates = edge.run(job)
    if as_json:
        edge.print_json({"award": award, "candidates": candidates})
        return
    if dry_run:
        typer.echo("Nothing was kept.")
    _print_awards([award])
    _print_candidates(candidates)


def _json_of(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(edge.read_text(file))
    except json.JSONDecodeError as error:
        fault = Fault(f"{file.name}:{error.lineno}", error.msg, "Save it as JSON.")
        raise Refused("The file cannot be read.", [fault]) from error
    if not isinstance(found, dict):
        raise Refused("The file cannot be read.", [Fault(file.name, "is no JSON object")])
    return found


def _show(found: AwardOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
    else:
        _print_awards([found])


def _print_awards(found: list[AwardOut]) -> None:
    columns = ("年度", "名称", "状态", "提名截止", "评审截止", "提名", "评委", "已投票", "参评")
    rows = [
        (
            one.year,
            one.name,
            one.state_label,
            one.nominations_until,
            one.votes_until,
            one.nominations,
            one.jurors,
            one.ballots,
            one.candidates,
        )
        for one in found
    ]
    edge.print_table("十佳评选", columns, rows)


def _print_candidates(found: list[AwardCandidateOut]) -> None:
    columns = ("名次", "产品", "机构", "总分", "入选", "理由")
    rows = [
        (
            one.place,
            one.name,
            one.institution_name,
            one.total,
            "是" if one.is_awarded else "",
            one.reason,
        )
        for one in found
    ]
    edge.print_table("参评产品", columns, rows)
