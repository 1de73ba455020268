"""The whole line of work on a roster of real manufacturers, with generated needs, terms and docking.

    python -m benchmarks.real_roster [--data DIR] [--entries N] [--seed N] [--out DIR] [--database URL]

Names, credit codes, places and business scopes of firms and bank branches are real (registration
data, test input only). Needs, product terms, capacities and docking are generated from the seed.
Everything goes through the services into a fresh temporary database; nothing is kept but what `--out` asks for.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any, Final

from alembic import command

from app.accounts.rules import Viewer, local_operator
from app.bulletins.following import follow_all
from app.cli.database import alembic_config
from app.cli.edge import show_refusal
from app.cli.line import HalfYear, LinePlan, SeedText, stages_of, walk
from app.cli.rosters import Recipe, chain_book_of
from app.coverage import service as coverage
from app.coverage.rules import Cut
from app.coverage.schemas import CoverageOut, FiguresOut
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.errors import RongqiaoError
from app.kernel.memory import relax_collection
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book
from app.reference.regions import Level
from app.whitelist import review_service as reviews
from benchmarks.real_banks import RealBanks, read_banks
from benchmarks.real_firms import PROVINCE, PROVINCE_NAME, RealFirms, check_data, default_data_dir, read_firms
from benchmarks.real_loop import issue, loop_summary, paces
from benchmarks.real_products import as_yaml, deal_chains, deal_products
from benchmarks.real_summary import STORY, show

EDITION, MONTHS = "2024H1", ("2024-01", "2024-02", "2024-03", "2024-04", "2024-05")
SINCE: Final = date(2024, 1, 2)
SEED, ENTRIES = 20240102, 3_200
Summary = dict[str, Any]


def run(
    data_dir: Path,
    *,
    entries: int = ENTRIES,
    database_url: str | None = None,
    seed: int = SEED,
    out: Path | None = None,
) -> Summary:
    """Walk the line once and answer its summary; without a URL in a temporary SQLite file.

    The last month's facts, figures and bulletin are written to `out`, by default a folder that is removed.

    Raises:
        Refused: the real data is not in the folder.
    """
    check_data(data_dir)
    with tempfile.TemporaryDirectory(prefix="rongqiao-real-") as folder:
        url = database_url or f"sqlite+aiosqlite:///{folder}/real.db"
        command.upgrade(alembic_config(url), "head")
        return asyncio.run(_run(data_dir, url, entries, seed, out or Path(folder) / "issued"))


async def _run(data: Path, url: str, entries: int, seed: int, out: Path) -> Summary:
    began = time.perf_counter()
    plan, firms, banks = prepare(data, entries=entries, seed=seed)
    seconds: dict[str, float] = {"reading the real data": time.perf_counter() - began}
    engine = make_engine(url)
    try:
        sessions, viewer = make_sessions(engine), local_operator(PROVINCE)
        results = await _walk(sessions, viewer, plan, seconds)
        summary = await _summary(sessions, viewer, results)
        began = time.perf_counter()
        issued = await issue(sessions, viewer, MONTHS[-1], out, utc_now())
        seconds["issuing the last month"] = time.perf_counter() - began
        loop = loop_summary(results) | {
            "slowest to contact": await paces(sessions, viewer, EDITION, utc_now())
        }
    finally:
        await engine.dispose()
    return summary | {
        "loop": loop,
        "issued": issued,
        "seed": seed,
        "firms": {"taken": len(firms.firms), "left out": dict(firms.left_out)},
        "places told by": dict(firms.places),
        "industry told to": dict(firms.confidence),
        "institutions": dict(banks.counts),
        "seconds": {name: round(took, 2) for name, took in seconds.items()},
        "peak memory MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def prepare(data: Path, *, entries: int, seed: int) -> tuple[LinePlan, RealFirms, RealBanks]:
    """Read the real data and generate what it lacks; equal data and seed, equal plans."""
    settings = get_settings()
    book = load_reference_book(settings.seed_dir)
    firms = read_firms(data, book, entries=entries, seed=seed)
    demand = Counter(f"{firm.region[:4]}00" for firm in firms.firms)
    banks = read_banks(data, book.regions, demand, seed=seed)
    demo = settings.seed_dir / "demo"
    products = deal_products(demo, banks.records, seed=seed)
    chains = deal_chains(demo, banks.records, products, seed=seed)
    notes = (
        "企业名称、统一社会信用代码、行政区划、成立日期取自真实登记资料；行业由经营范围推定。",
        f"融资需求、从业人员、营业收入、资质、联系人等其余各列均由固定种子 {seed} 生成，与企业实际无关。",
    )
    recipe = Recipe(seed, chain_book_of(chains, PROVINCE), banks.lender_names(), notes, has_blemishes=False)
    half = HalfYear(EDITION, recipe.roster(firms.firms), SINCE, MONTHS)
    institutions = SeedText(as_yaml({"institutions": list(banks.records)}), "real-institutions.yaml")
    return LinePlan(institutions, chains, products, (half,), seed, is_demo=False), firms, banks


async def _walk(
    sessions: Sessions, viewer: Viewer, plan: LinePlan, seconds: dict[str, float]
) -> dict[str, list[Any]]:
    results: dict[str, list[Any]] = defaultdict(list)
    began = time.perf_counter()
    async for done in walk(sessions, viewer, stages_of(plan)):
        name = done.stage.name.split()[0]
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began
        results[name].append(done.result)
        began = time.perf_counter()
    return results


async def _summary(sessions: Sessions, viewer: Viewer, results: dict[str, list[Any]]) -> Summary:
    roster, match, check = results["roster"][0], results["match"][0], results["check"][0]
    first, last = results["allocate"][0], results["allocate"][-1]
    docked = sum((Counter(one.events) for one in results["docking"]), Counter[str]())
    async with transaction(sessions, writes=False) as session:
        months = {
            month: await coverage.show(session, viewer, month, by=Cut.REGION, now=utc_now())
            for month in MONTHS
        }
        waiting = Counter[str]()
        page: PageRequest | None = PageRequest(limit=MOST_ROWS)
        while page is not None:
            found = await reviews.list_reviews(session, viewer, page, edition_code=EDITION)
            waiting.update(item.kind for item in found.items)
            page = PageRequest(limit=MOST_ROWS, cursor=found.next) if found.next else None
    return {
        "roster": roster.counts.model_dump(),
        "faults": [f"{fault.where} {fault.message}" for fault in roster.faults],
        "review queue": dict(waiting),
        "match": match.counts.model_dump(),
        "without product, by route": results["bottlenecks"][0].routes,
        "assignments": {"first": first.counts.model_dump(), "last": last.counts.model_dump()},
        "objective": first.objective.model_dump(),
        "check": check.model_dump(include={"feasible", "optimal", "optimality_gap", "is_sound"}),
        "docking events": dict(docked),
        "restated": {month: _restated(shown) for month, shown in months.items()},
        "levels": {month: _levels(shown.total) for month, shown in months.items()},
        "coverage": {
            month: {PROVINCE_NAME: _covered(shown.total)}
            | {row.name: _covered(row.figures) for row in shown.rows if row.level == Level.CITY}
            for month, shown in months.items()
        },
    }


def _restated(shown: CoverageOut) -> str:
    if shown.restated is None:
        return "as closed"
    return f"{shown.total.contacted.numerator} → {shown.restated.contacted.numerator}"


def _levels(figures: FiguresOut) -> dict[str, int]:
    names = ("assigned", "contacted", "answered", "credited", "disbursed")
    return {"entries": figures.entries} | {name: getattr(figures, name).numerator for name in names}


def _covered(figures: FiguresOut) -> tuple[int, int]:
    return figures.coverage.numerator, figures.coverage.denominator


def main() -> None:
    """Print the summary of one run; exit 1 when the real data is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_data_dir(), help="folder with the real data")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="manufacturers to take")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of all that is generated")
    parser.add_argument("--out", type=Path, help="folder for the last month's facts, figures and bulletin")
    parser.add_argument("--database", help="SQLAlchemy URL of an empty database; left out: a temporary file")
    asked = parser.parse_args()
    relax_collection()  # as the commands do
    follow_all()  # as both doors do
    print(STORY.format(seed=asked.seed), flush=True)
    try:
        summary = run(
            asked.data, entries=asked.entries, database_url=asked.database, seed=asked.seed, out=asked.out
        )
    except RongqiaoError as error:
        show_refusal(error)
        sys.exit(1)
    show(summary)


if __name__ == "__main__":
    main()
