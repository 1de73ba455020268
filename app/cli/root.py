"""The tree of commands. A room is loaded when one of its commands is asked for: half a second, not two."""

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from app.cli.bench import bench
from app.cli.edge import REFUSED, output_told, show_refusal
from app.cli.serve import serve
from app.cli.worker import worker
from app.kernel.errors import Fault, Refused
from app.kernel.memory import relax_collection
from app.kernel.settings import Settings, get_settings

TOLD_ANYWAY: Final = frozenset({"--help", "--version"})
DATABASES: Final = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
"""How the URL of a database begins; other drivers of either would answer otherwise, or not at all."""

ROOMS: Final = {
    "db": ("database", "Upkeep of the database."),
    "accounts": ("accounts", "People 人员, their roles 授权, invitations 邀请."),
    "seed": ("seed", "Fill an empty database with a demonstration (演示数据)."),
    "reference": ("reference", "Codes, working days, loan prime rate."),
    "policy": ("policy", "Policy packs, clause by clause, and adoptions."),
    "institutions": ("institutions", "Banks, branches, guarantors, public bodies 机构."),
    "chains": ("chains", "Chains 产业链, managers 链长, plans 一链一策."),
    "plans": ("plans", "Plans 一链一策 drafted, compared over an edition, published, archived."),
    "members": ("members", "Which firms belong to which chain 归链: confirmed, declined, questioned."),
    "catalogue": ("catalogue", "Products 产品 and the quarter's library 产品库."),
    "awards": ("awards", "The yearly ten best products 十佳评选: criteria, jury, result."),
    "whitelist": ("whitelist", "Half-year rosters 白名单: template, import, reviews, diff."),
    "match": ("matching", "Needs against products, with reasons (匹配)."),
    "bottlenecks": ("bottlenecks", "Classes and routes of what blocks a need (堵点)."),
    "allocate": ("allocation", "Responsible institutions (责任银行)."),
    "coordination": ("coordination", "Coordination cases 协调事项: raised, answered, commented."),
    "core-lists": ("core_lists", "Lists of suppliers and dealers that core firms provide 核心企业名单."),
    "notices": ("notifications", "What people are told 通知, and its delivery by mail and webhooks."),
    "docking": ("docking", "What happened to entries (对接记录)."),
    "events": ("events", "Docking events 对接活动: calendar, guests, timetable, door, results."),
    "selection": ("selection", "Chains and banks choose each other 双向选择: rounds, proof, verification."),
    "coverage": ("coverage", "Monthly docking coverage (对接覆盖率)."),
    "jobs": ("jobs", "Requests that workers carry out 后台任务: list, show, cancel."),
    "rounds": ("rounds", "What time makes due (巡检): reminders, escalations, library, closes, sending."),
    "bulletin": ("bulletins", "The month's bulletin 月度通报."),
    "booklet": ("booklet", "Policies and products of a quarter as one booklet 一本通."),
    "audit": ("audit", "The audit trail 审计记录: show, export, verify."),
}
"""Group of commands → the module below `app.cli` that holds them as `commands`, and what they are for."""


def tree(words: Sequence[str] = ()) -> typer.Typer:
    """Answer the commands; when words are given, only the group that they begin with is loaded."""
    commands = typer.Typer(
        name="rongqiao",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="融桥: whitelist, products, matching, responsible banks, docking and coverage.",
    )
    for group, (module, purpose) in ROOMS.items():
        is_asked = not words or words[0] == group
        room = importlib.import_module(f"app.cli.{module}").commands if is_asked else _closed_room()
        commands.add_typer(room, name=group, help=purpose)
    commands.callback()(_begun)
    commands.command()(serve)
    commands.command()(worker)
    commands.command()(bench)
    return commands


def _told_version(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(version("rongqiao"))
        raise typer.Exit


def _begun(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_told_version, help="Say which version this is."),
    ] = False,
) -> None:
    """Take what stands before any command."""


def _closed_room() -> typer.Typer:
    """Answer a group that is listed and not entered."""
    closed = typer.Typer()
    closed.callback()(lambda: None)
    return closed


def settings_faults() -> list[Fault]:
    """Answer which settings cannot be used, and what each is for."""
    try:
        settings = get_settings()
    except ValidationError as error:
        return [_fault_of(str(each["loc"][0]), each["msg"]) for each in error.errors(include_url=False)]
    is_known = settings.database_url.startswith(DATABASES)
    return [] if is_known else [_fault_of("database_url", "names no kind of database that can be used")]


def _fault_of(setting: str, message: str) -> Fault:
    meaning = str(Settings.model_fields[setting].description)
    return Fault(f"RONGQIAO_{setting.upper()}", message, meaning)


def main() -> None:
    """Run `rongqiao`."""
    words = sys.argv[1:]
    commands = tree(words)
    relax_collection()
    with output_told():
        if words and not TOLD_ANYWAY.intersection(words) and (faults := settings_faults()):
            show_refusal(Refused("The settings cannot be used; nothing was done.", faults))
            raise SystemExit(REFUSED)
        commands()
