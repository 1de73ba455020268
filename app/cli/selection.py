"""`rongqiao selection`: rounds of two-sided selection 双向选择, from the call to the close, and their proof."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from app.accounts.rules import Viewer
from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.progress import reporting
from app.selection import deciding_service as deciding
from app.selection import objections_service as objections
from app.selection import results_service as results
from app.selection import service
from app.selection.deferred_acceptance import TieRule
from app.selection.market import Side
from app.selection.result_schemas import ContractsOut, OutcomeOut, PairOut, ResultOut, RoundVerificationOut
from app.selection.round_states import RoundState
from app.selection.schemas import ComputeIn, LockIn, ObjectionAnswerIn, ReopenIn, RoundIn, RoundOut
from app.selection.wording import SIDE_LABELS

commands = typer.Typer(no_args_is_help=True)
Result = TypeVar("Result")
RoundArgument = Annotated[str, typer.Argument(help="Code of the round, such as 2024Q2.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would come of it; nothing is kept.")]
COLUMNS = ("编码", "名称", "状态", "名单截止", "产业链", "银行", "待答复异议")


class _Rehearsed(Exception):
    """Takes back what a rehearsal did."""


def _change(
    work: Callable[[AsyncSession, Viewer], Awaitable[Result]], *, dry_run: bool = False, label: str = ""
) -> Result:
    """Do something in one transaction, with progress if it has a label; a rehearsal keeps nothing."""

    async def job() -> Result:
        made: list[Result] = []
        with suppress(_Rehearsed):
            async with edge.work(writes=True) as (session, viewer):
                made.append(await work(session, viewer))
                if dry_run:
                    raise _Rehearsed
        return made[0]

    if not label:
        return edge.run(job)
    with edge.progress(label) as advance, reporting(lambda _stage, done, total: advance(done, total)):
        return edge.run(job)


def _look(work: Callable[[AsyncSession, Viewer], Awaitable[Result]]) -> Result:
    async def job() -> Result:
        async with edge.work(writes=False) as (session, viewer):
            return await work(session, viewer)

    return edge.run(job)


@commands.command("list")
def list_(
    *,
    state: Annotated[RoundState | None, typer.Option(help="Only rounds in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most rounds to show.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List rounds, the newest first."""
    found = _look(
        lambda session, viewer: service.list_rounds(
            session, viewer, PageRequest(limit=limit), state=state, now=utc_now()
        )
    )
    if as_json:
        edge.print_json(found)
    else:
        edge.print_table("双向选择", COLUMNS, [_row(one) for one in found.items])


@commands.command("open")
def open_(
    code: RoundArgument,
    *,
    name: Annotated[str, typer.Option(help="What the round is called.")],
    edition: Annotated[str, typer.Option(help="Roster that preferences are measured over, such as 2024H1.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on which lists are taken.")],
    chain: Annotated[
        list[str] | None, typer.Option(help="A chain (code) that takes part; again for more. Left out: all.")
    ] = None,
    bank: Annotated[
        list[str] | None,
        typer.Option(help="A bank (code) that takes part. Left out: each bank's highest here."),
    ] = None,
    proposing: Annotated[Side, typer.Option(help="Which side proposes and fares best.")] = Side.CHAINS,
    ties: Annotated[TieRule, typer.Option(help="How equals are put in order.")] = TieRule.CODE,
    lottery_source: Annotated[
        str, typer.Option(help="Announced source of a lottery's seed; needed for one.")
    ] = "",
    objection_days: Annotated[int, typer.Option(help="Working days for objections.")] = 5,
    absent_places: Annotated[
        int, typer.Option(help="New partners of who hands in no list, by computed preference.")
    ] = 0,
    dry_run: DryRun = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Open a round: fix its terms, measure, and tell who takes part."""
    stated = {
        "code": code, "name": name, "edition": edition, "submit_until": until.replace(tzinfo=UTC).date(), "chains": chain,
        "banks": bank, "proposing": proposing, "tie_rule": ties, "lottery_source": lottery_source,
        "objection_days": objection_days, "absent_places": absent_places,
    }  # fmt: skip

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        return await service.open_round(session, viewer, body_of(RoundIn, stated), now=utc_now())

    _show(_change(work, dry_run=dry_run, label="measuring"), as_json=as_json, dry_run=dry_run)


@commands.command()
def status(code: RoundArgument, as_json: edge.JsonFlag = False) -> None:
    """Show how far a round is: who has handed in (never what), what was done, what can be done today."""

    async def work(session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
        many = PageRequest(limit=MOST_ROWS)
        missing = await service.list_participants(session, viewer, code, many, has_submitted=False)
        return {
            "round": await service.get_round(session, viewer, code, now=utc_now()),
            "missing": missing.items,
            "steps": (await service.list_steps(session, viewer, code, many)).items,
        }

    found = _look(work)
    if as_json:
        edge.print_json(found)
        return
    one: RoundOut = found["round"]
    _show(one, as_json=False)
    if one.state is RoundState.OPEN:
        edge.print_table(
            "尚未提交名单",
            ("编码", "名称", "一方"),
            [(each.code, each.name, SIDE_LABELS[each.side]) for each in found["missing"]],
        )
    edge.print_table(
        "经过",
        ("时间", "操作", "操作人", "备注"),
        [(f"{each.at:%Y-%m-%d %H:%M}", each.name, each.by, each.note) for each in found["steps"]],
    )


@commands.command()
def lock(
    code: RoundArgument,
    *,
    seed: Annotated[str, typer.Option(help="What the announced source drew; only for a lottery.")] = "",
    as_json: edge.JsonFlag = False,
) -> None:
    """Lock a round: lists are fixed, and what the computation rests on is measured."""

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        body = LockIn(seed=seed)
        return await deciding.lock(session, viewer, code, body, expect=any_version, now=utc_now())

    _show(_change(work, label="measuring"), as_json=as_json)


@commands.command()
def reopen(
    code: RoundArgument,
    *,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="New last day for lists.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the round.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Take lists again until another day; a seed that was drawn is void."""

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        body = ReopenIn(submit_until=until.replace(tzinfo=UTC).date(), reason=reason)
        return await deciding.reopen(session, viewer, code, body, expect=any_version, now=utc_now())

    _show(_change(work), as_json=as_json)


@commands.command()
def compute(
    code: RoundArgument,
    *,
    measure_anew: Annotated[
        bool, typer.Option("--measure-anew", help="Measure again before, as after an upheld objection.")
    ] = False,
    dry_run: DryRun = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compute a locked round and prove the result; one that is not proven is not kept."""

    async def work(session: AsyncSession, viewer: Viewer) -> tuple[ResultOut, list[PairOut]]:
        body = ComputeIn(measure_anew=measure_anew)
        await deciding.compute_round(session, viewer, code, body, expect=any_version, now=utc_now())
        pairs = await results.pairs(session, viewer, code, PageRequest(limit=MOST_ROWS))
        return await results.result(session, viewer, code), pairs.items

    found, pairs = _change(work, dry_run=dry_run, label="computing")
    if as_json:
        edge.print_json({"result": found, "pairs": pairs})
        return
    rows = [
        (one.chain_name, one.bank_name, _rank(one.chain_rank, tied=one.is_chain_tied), _rank(one.bank_rank, tied=one.is_bank_tied))
        for one in pairs
    ]  # fmt: skip
    more = f"；仅列前{MOST_ROWS}对" if found.proof.chosen > len(rows) else ""
    title = f"选定{found.proof.chosen}对{more}{'（试算，未保存）' if dry_run else ''}"
    edge.print_table(title, ("产业链", "银行", "银行在该链", "该链在银行"), rows)
    for sentence in (*found.said, *found.proof.said):
        typer.echo(sentence)


def _rank(rank: int, *, tied: bool) -> str:
    return f"第{rank}位{'（并列）' if tied else ''}"


@commands.command()
def publish(code: RoundArgument, as_json: edge.JsonFlag = False) -> None:
    """Publish the result with its proof; the objection period begins."""

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        return await deciding.publish(session, viewer, code, expect=any_version, now=utc_now())

    _show(_change(work), as_json=as_json)


@commands.command()
def answer(
    code: RoundArgument,
    number: Annotated[int, typer.Argument(min=1, help="Number of the objection.")],
    *,
    upheld: Annotated[
        bool, typer.Option("--upheld/--refused", help="Whether it is upheld: the result is void then.")
    ],
    reason: Annotated[str, typer.Option(help="Why; published with the objection.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Answer an objection; one that is upheld voids the result, and the round is locked again."""

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        body = ObjectionAnswerIn(is_upheld=upheld, reason=reason)
        await objections.answer(session, viewer, code, number, body, expect=any_version, now=utc_now())
        return await service.get_round(session, viewer, code, now=utc_now())

    _show(_change(work), as_json=as_json)


@commands.command()
def close(code: RoundArgument, as_json: edge.JsonFlag = False) -> None:
    """Close a round once the objection period is over and every objection is answered."""

    async def work(session: AsyncSession, viewer: Viewer) -> RoundOut:
        return await deciding.close(session, viewer, code, expect=any_version, now=utc_now())

    _show(_change(work), as_json=as_json)


@commands.command()
def outcomes(
    code: RoundArgument,
    *,
    side: Annotated[Side | None, typer.Option(help="Only this side.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show what each participant obtained, why places stayed empty, and what the alternative would have been."""

    async def work(session: AsyncSession, viewer: Viewer) -> list[OutcomeOut]:
        found: list[OutcomeOut] = []
        page: PageRequest | None = PageRequest(limit=MOST_ROWS)
        while page is not None:
            more = await results.outcomes(session, viewer, code, page, side=side)
            found += more.items
            page = PageRequest(limit=MOST_ROWS, cursor=more.next) if more.next else None
        return found

    found = _look(work)
    if as_json:
        edge.print_json(found)
        return
    for one in found:
        for sentence in (*one.said, *([one.alternative] if one.alternative else [])):
            typer.echo(sentence)


@commands.command()
def verify(
    code: Annotated[str | None, typer.Argument(help="Code of the round; left out with --file.")] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An exported result instead; no database is read."),
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compute a result again from its inputs alone and compare every hash; exit 1 if one differs."""
    if (code is None) == (file is None):
        raise typer.BadParameter("name a round, or a file with --file")
    if file is not None:
        with edge.refusals_shown():
            found = results.verify_file(edge.read_text(file))
    else:
        found = _look(lambda session, viewer: results.verification(session, viewer, code or ""))
    _print_checks(found, as_json=as_json)
    if not found.is_verified:
        raise typer.Exit(edge.REFUSED)


def _print_checks(found: RoundVerificationOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.name, "一致" if one.is_equal else "不一致", one.stored, one.found) for one in found.checks]
    edge.print_table(f"{found.round} 复算", ("核对项", "结论", "所存", "重算所得"), rows)
    typer.echo("全部一致。" if found.is_verified else "有不一致之处：结果或输入被改动过。")


@commands.command()
def export(
    code: RoundArgument,
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="File to write (JSON).")],
) -> None:
    """Write the result with all its inputs into a file that `selection verify --file` computes again."""
    found = _look(lambda session, viewer: results.inputs(session, viewer, code))
    text = json.dumps(found.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    edge.write_file(out, text.encode())
    typer.echo(f"{out}: {len(found.pairs)} pairs, {found.inputs_sha256}")


@commands.command()
def contracts(code: RoundArgument, as_json: edge.JsonFlag = False) -> None:
    """Show whom each chain's plan would contract after a closed round: those in force and those chosen."""
    found: list[ContractsOut] = _look(
        lambda session, viewer: results.contracts(session, viewer, code, now=utc_now())
    )
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.chain, one.name, "、".join(each.institution for each in one.contracted), "、".join(one.added))
        for one in found
    ]
    edge.print_table("一链一策签约银行", ("产业链", "名称", "签约银行", "其中新增"), rows)


def _show(one: RoundOut, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        edge.print_json(one)
        return
    title = f"{one.name}{'（试行，未保存）' if dry_run else ''}"
    edge.print_table(title, COLUMNS, [_row(one)])
    if one.objection_until is not None:
        typer.echo(f"异议截止：{one.objection_until}")
    if one.possible:
        typer.echo(f"今日可做：{'、'.join(act.value for act in one.possible)}")


def _row(one: RoundOut) -> tuple[Any, ...]:
    return (
        one.code,
        one.name,
        one.state_label,
        one.submit_until.isoformat(),
        f"{one.chains_submitted}/{one.chains}",
        f"{one.banks_submitted}/{one.banks}",
        one.open_objections,
    )
