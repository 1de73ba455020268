"""The demonstration: what goes into it, whether it is there, and what is worth trying in it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any, Final

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter
from app.catalogue import service as catalogue
from app.chains import service as chains
from app.cli.line import HalfYear, LinePlan, SeedText
from app.cli.rosters import Recipe, chain_book_of, counties_served, lender_names
from app.coverage import service as coverage
from app.docking import history_service
from app.enterprises import service as enterprises
from app.institutions import service as institutions
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import MOST_ROWS, Page, PageRequest
from app.kernel.settings import get_settings
from app.matching import service as matching
from app.reference.book import load_reference_book
from app.whitelist import review_service as reviews
from app.whitelist import service as whitelist
from app.whitelist.simulation import invent_firms

FIRST, SECOND = "2023H2", "2024H1"
# The rules of 黑银发〔2023〕25号 are in force from 2023-10-12: no roster could be admitted before.
FIRST_SINCE, FIRST_MONTHS = date(2023, 10, 16), ("2023-10", "2023-11", "2023-12")
SECOND_SINCE, SECOND_MONTHS = date(2024, 1, 2), ("2024-01", "2024-02")
NOTES: Final = (
    "演示名单：企业、需求、联系人均为虚构，由固定种子 {seed} 生成，与真实企业无关。",
    "其中少量行带有常见填报错误（校验位、金额单位、资质缺漏、疑似重名），用于演示校验与复核。",
)


def demo_plan(seed: int, entries: int) -> LinePlan:
    """Answer what the demonstration puts into the line; equal arguments, equal plans.

    The second roster is the first with the changes of half a year: firms that left, came or ask anew.
    """
    settings = get_settings()
    banks, chains, products = (
        SeedText((settings.seed_dir / "demo" / name).read_text("utf-8"), f"seed/demo/{name}")
        for name in ("institutions.yaml", "chains.yaml", "products.yaml")
    )
    regions = load_reference_book(settings.seed_dir).regions
    counties = counties_served(banks, regions, settings.jurisdiction)
    firms = invent_firms(entries, counties, seed)
    recipe = Recipe(
        seed,
        chains=chain_book_of(chains, settings.jurisdiction),
        banks=lender_names(banks, regions, settings.jurisdiction),
        notes=[note.format(seed=seed) for note in NOTES],
        has_blemishes=True,
    )
    first, second = recipe.roster(firms), recipe.next_roster(firms, counties)
    half_years = (
        HalfYear(FIRST, first, FIRST_SINCE, FIRST_MONTHS),
        HalfYear(SECOND, second, SECOND_SINCE, SECOND_MONTHS),
    )
    return LinePlan(banks, chains, products, half_years, seed, is_demo=True)


async def is_demo_there(session: AsyncSession, viewer: Viewer, *, now: datetime) -> bool:
    """Tell whether the demonstration was seeded before.

    Raises:
        Conflict: the database holds data that is no demonstration, or another edition of the same half-year.
    """
    for name, listed in _STOCKS.items():
        if not await _are_demo(partial(listed, session, viewer)):
            raise _occupied(f"it holds {name} that are no demonstration")
    try:
        await whitelist.edition(session, viewer, FIRST)
    except NotFound:
        return False
    last = await coverage.show(session, viewer, FIRST_MONTHS[-1], edition=FIRST, now=now)
    if last.closed is None:
        raise _occupied(f"it holds an edition {FIRST} that is not the demonstration's")
    return True


_Listed = Callable[[AsyncSession, Viewer, PageRequest], Awaitable[Page[Any]]]
_STOCKS: Final[Mapping[str, _Listed]] = {
    "institutions": institutions.list_institutions,
    "chains": chains.list_chains,
    "products": catalogue.list_products,
    "enterprises": enterprises.list_enterprises,
}


def _occupied(why: str) -> Conflict:
    fault = Fault("database", why, "Name an empty one in RONGQIAO_DATABASE_URL, then `rongqiao db upgrade`.")
    return Conflict("The demonstration goes into an empty database only; nothing was changed.", [fault])


async def _are_demo(listed: Callable[[PageRequest], Awaitable[Page[Any]]]) -> bool:
    page: PageRequest | None = PageRequest(limit=MOST_ROWS)
    while page is not None:
        found = await listed(page)
        if not all(item.is_demo for item in found.items):
            return False
        page = PageRequest(limit=MOST_ROWS, cursor=found.next) if found.next else None
    return True


async def worth_trying(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[tuple[str, str]]:
    """Answer what is worth opening in the demonstration, with codes that are really there."""
    found = [
        (
            "coverage of a closed month, and what came later",
            f"rongqiao coverage show {FIRST_MONTHS[1]} --by region",
        ),
        ("that a closed month still holds", f"rongqiao coverage verify {FIRST_MONTHS[0]}"),
    ]
    found += await _match_tips(session, viewer)
    found += await _blocked_tips(session, viewer)
    found += await _declined_tips(session, viewer, now=now)
    items = await reviews.list_reviews(session, viewer, _FIRST, kind="duplicate_name", state="open")
    found += [("two firms that may be one", f"/api/v1/whitelist/reviews/{item.id}") for item in items.items]
    return found


_FIRST: Final = PageRequest(limit=1)


async def _match_tips(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str]]:
    runs = await matching.list_runs(session, viewer, _FIRST, edition=FIRST)
    allocations = await allocation.list_runs(session, viewer, _FIRST, edition=FIRST)
    found = [
        (
            f"why {best.product_name} fits {entry.enterprise}",
            f"rongqiao match explain {entry.entry.removeprefix(FIRST + '-')} {best.product}",
        )
        for run in runs.items
        for entry in (await matching.run_results(session, viewer, run.id, PageRequest(limit=20))).items
        for best in entry.best[:1]
    ][:1]
    found += [
        ("proof of the last allocation", f"rongqiao allocate check {run.id}") for run in allocations.items
    ]
    return found


async def _blocked_tips(session: AsyncSession, viewer: Viewer) -> list[tuple[str, str]]:
    found = []
    counts = (await bottlenecks.list_cases(session, viewer, _FIRST, CaseFilter(edition=FIRST))).counts
    for route in sorted(counts):
        wanted = CaseFilter(edition=FIRST, route=route)
        page = await bottlenecks.list_cases(session, viewer, _FIRST, wanted)
        found += [
            (f"blocked: {case.route_name}", f"/api/v1/needs/{case.need}/bottlenecks") for case in page.items
        ]
    return found


async def _declined_tips(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[tuple[str, str]]:
    states = await history_service.docking_states(session, viewer, FIRST, now=now)
    declined = (one for one in states if any(party.reason is not None for party in one.parties))
    return [
        ("declined, and who took it over", f"/api/v1/whitelist/entries/{one.entry}/docking-events")
        for one in islice(declined, 1)
    ]
