"""`rongqiao members`: which firms belong to which chain 归链, as proposed and as people say."""

from datetime import date, datetime
from typing import Annotated, Any, Final

import typer

from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.membership import deciding_service, objection_service, question_service, run_service, service
from app.membership.rules import CONFIDENCES, ROLES
from app.membership.schemas import (
    ChosenIn,
    ConfirmIn,
    DecisionsIn,
    DecisionsOut,
    DecisionsPreview,
    DeclineIn,
    DismissIn,
    MembershipAnswerIn,
    MembershipDetailOut,
    MembershipEndIn,
    MembershipFilter,
    MembershipHandOverIn,
    MembershipObjectionOut,
    MembershipOut,
    MembershipPage,
    MembershipQuestionOut,
    MembershipRunOut,
    QuestionFilter,
)

commands = typer.Typer(no_args_is_help=True)
NumberArgument = Annotated[int, typer.Argument(min=1, help="Number of the membership.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept with the membership.")]
ChainOption = Annotated[str | None, typer.Option(help="Only this chain (code).")]
StateOption = Annotated[str | None, typer.Option(help="proposed, confirmed, declined or over.")]
DAYS: Final = ["%Y-%m-%d"]
COLUMNS = ("编号", "企业", "产业链", "环节", "角色", "状态", "依据", "起")


@commands.command("list")
def list_(
    *,
    chain: ChainOption = None,
    state: StateOption = "proposed",
    every_state: Annotated[bool, typer.Option("--all", help="All states.")] = False,
    role: Annotated[str | None, typer.Option(help=f"Only this role: {', '.join(ROLES)}.")] = None,
    confidence: Annotated[
        str | None, typer.Option(help=f"Only what is carried by: {', '.join(CONFIDENCES)}.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Only firms of this region (code) and below.")] = None,
    uscc: Annotated[str | None, typer.Option(help="Only this firm (credit code).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most to show.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List memberships, with counts by state."""
    wanted = MembershipFilter(
        chain=chain, state=None if every_state else state, role=role, confidence=confidence, region=region,
        uscc=uscc,
    )  # fmt: skip

    async def job() -> MembershipPage:
        async with edge.work(writes=False) as (session, viewer):
            return await service.list_memberships(
                session, viewer, PageRequest(limit=limit), wanted, now=utc_now()
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    counts = "，".join(f"{name} {count}" for name, count in found.counts.items())
    edge.print_table(f"归链：{counts}", COLUMNS, [_row(one) for one in found.items])


@commands.command()
def show(number: NumberArgument, as_json: edge.JsonFlag = False) -> None:
    """Show a membership with its reason and what was done with it."""

    async def job() -> MembershipDetailOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.get_membership(session, viewer, number, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def confirm(
    number: NumberArgument,
    *,
    reason: Annotated[str | None, typer.Option(help="Needed where link or role are corrected.")] = None,
    link: Annotated[str | None, typer.Option(help="Another link (code).")] = None,
    role: Annotated[str | None, typer.Option(help=f"Another role: {', '.join(ROLES)}.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="First day; left out: today.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Confirm a proposal, as it is or corrected."""

    async def job() -> MembershipDetailOut:
        body = body_of(ConfirmIn, {"reason": reason, "link": link, "role": role, "since": _day(since)})
        async with edge.work(writes=True) as (session, viewer):
            return await service.confirm(session, viewer, number, body, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def decline(number: NumberArgument, *, reason: ReasonOption, as_json: edge.JsonFlag = False) -> None:
    """Decline a proposal: the firm does not belong to the chain."""

    async def job() -> MembershipDetailOut:
        body = body_of(DeclineIn, {"reason": reason})
        async with edge.work(writes=True) as (session, viewer):
            return await service.decline(session, viewer, number, body, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command("decide")
def decide_many(
    chain: Annotated[str, typer.Argument(help="Chain code 产业链编码.")],
    decision: Annotated[str, typer.Argument(help="confirmed or declined.")],
    *,
    role: Annotated[str | None, typer.Option(help=f"Only this role: {', '.join(ROLES)}.")] = None,
    link: Annotated[str | None, typer.Option(help="Only this link (code).")] = None,
    confidence: Annotated[str | None, typer.Option(help="Only what is carried by this.")] = None,
    region: Annotated[str | None, typer.Option(help="Only firms of this region (code) and below.")] = None,
    reason: Annotated[str | None, typer.Option(help="Needed to decline.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Preview, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Decide on all proposals of a chain that filters leave."""
    fields = {
        "chain": chain, "decision": decision, "role": role, "link": link, "confidence": confidence,
        "region": region, "reason": reason,
    }  # fmt: skip

    async def job() -> tuple[DecisionsPreview, DecisionsOut | None]:
        body, now = body_of(ChosenIn, fields), utc_now()
        async with edge.work(writes=not dry_run) as (session, viewer):
            seen = await deciding_service.preview_decisions(session, viewer, body, now=now)
            if dry_run:
                return seen, None
            meant = DecisionsIn(**body.model_dump(), seen=seen.seen)
            return seen, await deciding_service.decide(session, viewer, meant, now=now)

    seen, done = edge.run(job)
    if as_json:
        edge.print_json(done or seen)
        return
    rows = [
        (name, count) for group in (seen.roles, seen.links, seen.confidences) for name, count in group.items()
    ]
    edge.print_table(f"{'办理' if done else '试算'} {seen.count} 户", ("类别", "户数"), rows)


@commands.command("hand-over")
def hand_over(
    number: NumberArgument,
    *,
    on: Annotated[datetime, typer.Option(formats=DAYS, help="First day of the next membership.")],
    role: Annotated[str, typer.Option(help=f"Its role: {', '.join(ROLES)}.")],
    reason: ReasonOption,
    chain: Annotated[str | None, typer.Option(help="Another chain (code).")] = None,
    link: Annotated[str | None, typer.Option(help="Its link (code).")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Hand a confirmed membership over to another link, role or chain."""

    async def job() -> MembershipDetailOut:
        fields = {"on": _day(on), "role": role, "reason": reason, "chain": chain, "link": link}
        body = body_of(MembershipHandOverIn, fields)
        async with edge.work(writes=True) as (session, viewer):
            return await service.hand_over_membership(
                session, viewer, number, body, expect=any_version, now=utc_now()
            )

    _show(edge.run(job), as_json=as_json)


@commands.command()
def end(
    number: NumberArgument,
    *,
    until: Annotated[datetime, typer.Option(formats=DAYS, help="Last day.")],
    reason: ReasonOption,
    as_json: edge.JsonFlag = False,
) -> None:
    """Set the last day of what was confirmed or declined."""

    async def job() -> MembershipDetailOut:
        body = body_of(MembershipEndIn, {"until": _day(until), "reason": reason})
        async with edge.work(writes=True) as (session, viewer):
            return await service.end(session, viewer, number, body, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def questions(
    *, chain: ChainOption = None, as_json: edge.JsonFlag = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most to show.")] = 50,
) -> None:  # fmt: skip
    """List what speaks against confirmed memberships: new evidence, and what needs state."""

    async def job() -> list[MembershipQuestionOut]:
        async with edge.work(writes=False) as (session, viewer):
            wanted = QuestionFilter(chain=chain, state="open")
            page = PageRequest(limit=limit)
            return (await question_service.list_questions(session, viewer, page, wanted, now=utc_now())).items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.id, one.membership.enterprise, one.kind_name, one.text) for one in found]
    edge.print_table("归链差异", ("编号", "企业", "类别", "差异"), rows)


@commands.command()
def dismiss(
    number: Annotated[int, typer.Argument(min=1, help="Number of the question.")],
    *,
    reason: ReasonOption,
    as_json: edge.JsonFlag = False,
) -> None:
    """Leave a membership as it is although something speaks against it."""

    async def job() -> MembershipQuestionOut:
        body = body_of(DismissIn, {"reason": reason})
        async with edge.work(writes=True) as (session, viewer):
            return await question_service.dismiss(
                session, viewer, number, body, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"{done.id}: {done.state}")


@commands.command()
def objections(
    *,
    chain: ChainOption = None,
    every_state: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """List objections of firms to their memberships."""

    async def job() -> list[MembershipObjectionOut]:
        async with edge.work(writes=False) as (session, viewer):
            page, state = PageRequest(limit=MOST_ROWS), None if every_state else "open"
            found = await objection_service.list_objections(
                session, viewer, page, chain=chain, state=state, now=utc_now()
            )
            return found.items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.id, one.membership.enterprise, one.membership.chain_name, one.state, one.text) for one in found
    ]
    edge.print_table("归链异议", ("编号", "企业", "产业链", "状态", "异议"), rows)


@commands.command()
def answer(
    number: Annotated[int, typer.Argument(min=1, help="Number of the objection.")],
    outcome: Annotated[str, typer.Argument(help="upheld or rejected.")],
    *,
    text: Annotated[str, typer.Option(help="What the firm is answered.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Answer an objection; to uphold it, put the membership right first."""

    async def job() -> MembershipObjectionOut:
        body = body_of(MembershipAnswerIn, {"outcome": outcome, "answer": text})
        async with edge.work(writes=True) as (session, viewer):
            return await objection_service.answer(
                session, viewer, number, body, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        typer.echo(f"{done.id}: {done.state}")


@commands.command()
def runs(as_json: edge.JsonFlag = False) -> None:
    """List runs that proposed memberships, the newest first."""

    async def job() -> list[MembershipRunOut]:
        async with edge.work(writes=False) as (session, viewer):
            return (await run_service.list_runs(session, viewer, PageRequest())).items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    print_runs("归链提议运行", found)


def print_runs(title: str, found: list[MembershipRunOut]) -> None:
    """Show runs as a table."""
    rows = [
        (one.id or "—", one.firms, one.with_proposal, one.added, one.withdrawn, one.kept, one.questions)
        for one in found
    ]
    edge.print_table(title, ("编号", "企业", "有提议", "新增", "撤回", "不变", "差异"), rows)


def _day(at: datetime | None) -> date | None:
    return at.date() if at is not None else None


def _show(found: MembershipDetailOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    edge.print_table(f"{found.enterprise}", COLUMNS, [_row(found)])
    typer.echo(f"理由：{found.reason}")
    for act in found.acts:
        typer.echo(f"{act.at:%Y-%m-%d} {act.by} {act.kind_name}：{act.reason}")


def _row(one: MembershipOut) -> tuple[Any, ...]:
    return (
        one.id, one.enterprise, one.chain_name, one.link_name or "—", one.role_name, one.state_name,
        one.confidence_name or "—", one.since,
    )  # fmt: skip
