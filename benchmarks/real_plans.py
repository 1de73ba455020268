"""Chains in full on the roster of real manufacturers: membership, a two-sided round, plans, and what the plans changed.

    python -m benchmarks.real_plans [--data DIR] [--entries N] [--seed N] [--months N] [--sample N] [--write]

The line of work is walked twice over the same roster in two temporary databases: once without plans, and there a round
is held between all chains and all banks; once with the plans that its outcome contracts. Names, credit codes, places and
business scopes are real (registration data, test input only). Needs, product terms, capacities and docking are generated
from the seed. `--sample` prints proposals to be read by hand; `--write` keeps the figures in docs/plans-on-the-real-roster.md.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from alembic import command

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Viewer, local_operator
from app.bulletins.following import follow_all
from app.chains.evidence import Traits
from app.chains.membership import Answer, Proposal
from app.chains.membership_batch import propose_all
from app.chains.profile_files import load_profiles
from app.chains.profiles import ROLE_NAMES, ChainProfile
from app.cli.database import alembic_config
from app.cli.edge import show_refusal
from app.cli.line import HalfYear, LinePlan, SeedText, stages_of, walk
from app.cli.rosters import Recipe, chain_book_of
from app.coverage import service as coverage
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.errors import RongqiaoError
from app.kernel.memory import relax_collection
from app.kernel.settings import PROJECT_ROOT, get_settings
from app.plans import comparing_service
from app.plans import service as drafts
from app.plans.schemas import ComparisonOut, DraftIn
from app.reference.book import load_reference_book
from app.whitelist.simulation import Firm, Row, generate_rows
from benchmarks.real_banks import RealBanks, Record, read_banks
from benchmarks.real_chains import read_traits
from benchmarks.real_firms import FIRMS, PROVINCE, check_data, default_data_dir, read_firms, rows_of
from benchmarks.real_plan_figures import Figures, compared, figures_of, page_of, placements
from benchmarks.real_products import as_yaml, chain_profiles, deal_products, for_chains, read_yaml_text
from benchmarks.real_roster import EDITION, ENTRIES, MONTHS, SEED, SINCE
from benchmarks.real_round import Held, hold_round

LEAST_MEMBERS: Final = 30
"""Chains with fewer firms on the roster get no plan: a round over a handful of needs would say nothing."""
MOST_PRODUCTS: Final = 2
GENERAL: Final = frozenset({"equipment", "technical_upgrade", "green"})
"""Purposes that (三) names for all of manufacturing."""
OWN_WORDS: Final = "黑银发〔2023〕25号"
DOCUMENT: Final = PROJECT_ROOT / "docs" / "plans-on-the-real-roster.md"
BEGIN, END = "<!-- computed -->\n", "<!-- end of what is computed -->\n"


@dataclass(frozen=True, slots=True)
class MemberRecipe(Recipe):
    """A roster whose chains and roles are those of membership, not of the industry alone."""

    members: Mapping[str, tuple[str, str]]
    """Name of the chain and role by credit code."""

    def _rows(self, firms: Iterable[Firm]) -> Iterator[Row]:
        for row in generate_rows(firms, self.seed, banks=self.banks):
            chain, role = self.members.get(row["统一社会信用代码"], ("", ""))
            yield row | {"产业链": chain, "链上角色": role}


@dataclass(frozen=True, slots=True)
class Prepared:
    """Both walks' common ground."""

    firms: Sequence[Firm]
    banks: RealBanks
    products: SeedText
    chains: Sequence[ChainProfile]
    answers: Mapping[str, Answer]
    roster: bytes


def prepare(data: Path, *, entries: int, seed: int) -> Prepared:
    """Read firms and banks, propose members by industry and scope, and write the roster."""
    book = load_reference_book(get_settings().seed_dir)
    firms = read_firms(data, book, entries=entries, seed=seed).firms
    demand = Counter(f"{firm.region[:4]}00" for firm in firms)
    banks = read_banks(data, book.regions, demand, seed=seed)
    scopes = {row["uscc"]: row["business_scope"] for row in rows_of(data / FIRMS)}
    profiles = [
        one.adopted(f"HLJ-{one.code}", one.name, PROVINCE) for one in load_profiles(get_settings().seed_dir)
    ]
    traits = [
        Traits(firm.uscc, firm.name, firm.region, f"C{firm.industry}", is_industry_inferred=True, scope=scopes[firm.uscc])
        for firm in firms
    ]  # fmt: skip
    answers = {one.subject: answer for one, answer in zip(traits, propose_all(traits, profiles), strict=True)}
    counts = Counter(main.chain for main in mains(answers.values()))
    chains = [one for one in profiles if counts[one.code] >= LEAST_MEMBERS]
    names = {one.code: one.name for one in chains}
    members = {
        uscc: (names[answer.main.chain], ROLE_NAMES[answer.main.role])
        for uscc, answer in answers.items()
        if answer.main is not None and answer.main.chain in names
    }
    without_plans = chains_file(chains, ())
    notes = (
        "企业名称、统一社会信用代码、行政区划、成立日期、经营范围取自真实登记资料；行业由经营范围推定，产业链及角色由行业和经营范围提议。",
        f"融资需求及其余各列均由固定种子 {seed} 生成，与企业实际无关。",
    )
    recipe = MemberRecipe(
        seed,
        chain_book_of(without_plans, PROVINCE),
        banks.lender_names(),
        notes,
        has_blemishes=False,
        members=members,
    )
    demo = get_settings().seed_dir / "demo"
    ours = {one.code.removeprefix("HLJ-"): one.code for one in chains}
    codes = {old: ours[profile] for old, profile in chain_profiles(demo).items() if profile in ours}
    products = for_chains(deal_products(demo, banks.records, seed=seed), codes)
    return Prepared(firms, banks, products, chains, answers, recipe.roster(firms))


def mains(answers: Iterable[Answer]) -> Iterator[Proposal]:
    """Answer the main proposals of those that have one."""
    return (answer.main for answer in answers if answer.main is not None)


def chains_file(chains: Sequence[ChainProfile], plans: Sequence[Record]) -> SeedText:
    """Write chains with the industries of their links, and plans, as an import file."""
    written = [
        {
            "code": one.code,
            "name": one.name,
            "jurisdiction": PROVINCE,
            "industries": sorted({code for link in one.links for code in link.industries}),
            "source": "、".join(source.citation for source in one.sources)[:200],
            "profile": one.code.removeprefix("HLJ-"),
        }
        for one in chains
    ]
    return SeedText(as_yaml({"chains": written, "plans": list(plans)}), "real-chains.yaml")


def plans_of(prepared: Prepared, held: Held) -> list[Record]:
    """Answer a plan for each chain: banks of the round, purposes and products, and what the province's text grants."""
    products = read_yaml_text(prepared.products)["products"]
    return [_plan(chain, held.banks_of(chain.code), products) for chain in prepared.chains]


def _plan(chain: ChainProfile, banks: Sequence[str], products: Sequence[Record]) -> Record:
    own = [one["code"] for bank in banks for one in _of_chain(chain, bank, products)[:MOST_PRODUCTS]]
    stated = [
        one.purpose for link in chain.links for one in link.purposes if one.clause.startswith(OWN_WORDS)
    ]
    plan: Record = {
        "chain": chain.code,
        "since": SINCE.isoformat(),
        "until": f"{SINCE.year}-12-31",
        "contracted": [{"institution": bank} for bank in banks],
        "priority_purposes": sorted(GENERAL.union(stated)),
        "products": own,
        "granted": [
            {"text": "开通绿色审批通道，优先办理审批", "clause": f"{OWN_WORDS}（十）"},
            {
                "text": "制造业小微企业担保费率原则上不超过1%（单户担保金额500万元及以下）",
                "clause": f"{OWN_WORDS}（十七）",
                "percent_most": "1",
                "parameter": "guarantee.fee_cap",
            },
        ],
        "clauses": {"priority_purposes": f"{OWN_WORDS}（三）"},
    }
    plan["clauses"] |= {"contracted": f"{OWN_WORDS}（十四）"} if banks else {}
    plan["clauses"] |= {"products": f"{OWN_WORDS}（六）"} if own else {}
    return plan


def _of_chain(chain: ChainProfile, bank: str, products: Sequence[Record]) -> list[Record]:
    """Answer a bank's products that serve the plans' purposes and are offered to firms of a chain."""
    return [
        one
        for one in products
        if one["institution"] == bank
        and not GENERAL.isdisjoint(one["terms"]["purposes"])
        and chain.code in (one["terms"].get("chains") or [chain.code])
    ]


@dataclass(frozen=True, slots=True)
class Walked:
    """What one walk left: figures of its first allocation, coverage by month, and the round, if one was held."""

    figures: Figures
    months: Mapping[str, tuple[int, int]]
    held: Held | None
    plans: Sequence[Record]
    comparisons: Sequence[ComparisonOut]
    seconds: float


async def _walked(url: str, plan: LinePlan, prepared: Prepared | None) -> Walked:
    """Walk the line; with what was prepared hold a round on the way, and draft and compare a plan for each chain."""
    engine = make_engine(url)
    began, held, figures = time.perf_counter(), None, None
    plans: list[Record] = []
    comparisons: list[ComparisonOut] = []
    try:
        sessions, viewer = make_sessions(engine), local_operator(PROVINCE)
        async for done in walk(sessions, viewer, stages_of(plan)):
            if done.stage.name == "check" and figures is None:
                assert done.result.is_sound, "an independent checker proves each allocation"
                async with transaction(sessions, writes=False) as session:
                    figures = await figures_of(session, viewer, EDITION)
                if prepared is not None:
                    held = await _round(sessions, viewer, done.stage.at)
                    plans = plans_of(prepared, held)
                    comparisons = [await _drafted(sessions, viewer, one, held.closed_at) for one in plans]
        assert figures is not None, "the line has allocated"
        async with transaction(sessions, writes=False) as session:
            months = {month: await _covered(session, viewer, month) for month in plan.half_years[0].months}
    finally:
        await engine.dispose()
    return Walked(figures, months, held, plans, comparisons, time.perf_counter() - began)


async def _drafted(sessions: Sessions, viewer: Viewer, plan: Record, now: datetime) -> ComparisonOut:
    """Draft a plan and compare it over the whole edition, as people do before they publish it."""
    content = {key: value for key, value in plan.items() if key != "chain"}
    data = DraftIn.model_validate(content | {"since": now.date().isoformat()})
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via="line"))
        draft = await drafts.create_draft(session, viewer, plan["chain"], data, now=now)
        return await comparing_service.compare_draft(session, viewer, plan["chain"], draft.number, now=now)


async def _round(sessions: Sessions, viewer: Viewer, at: datetime) -> Held:
    async def act(work: Any, now: datetime) -> Any:
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(viewer, via="line"))
            return await work(session, viewer, now)

    return await hold_round(act, EDITION, at)


async def _covered(session: AsyncSession, viewer: Viewer, month: str) -> tuple[int, int]:
    shown = await coverage.show(session, viewer, month, now=utc_now())
    return shown.total.coverage.numerator, shown.total.coverage.denominator


def run(data: Path, *, entries: int, seed: int, months: int) -> tuple[Prepared, str]:
    """Walk twice, compare, and answer the story as a page's text."""
    check_data(data)
    began = time.perf_counter()
    prepared = prepare(data, entries=entries, seed=seed)
    register = read_traits(data)
    whole = propose_all(register, load_profiles(get_settings().seed_dir))
    reading = time.perf_counter() - began
    institutions = SeedText(as_yaml({"institutions": list(prepared.banks.records)}), "real-institutions.yaml")
    half = HalfYear(EDITION, prepared.roster, SINCE, MONTHS[:months])

    def line(chains: SeedText) -> LinePlan:
        return LinePlan(institutions, chains, prepared.products, (half,), seed, is_demo=False)

    def walked(name: str, plans: Sequence[Record], ground: Prepared | None) -> Walked:
        with tempfile.TemporaryDirectory(prefix="rongqiao-plans-") as folder:
            url = f"sqlite+aiosqlite:///{folder}/{name}.db"
            command.upgrade(alembic_config(url), "head")
            found = asyncio.run(_walked(url, line(chains_file(prepared.chains, plans)), ground))
        print(f"walked {name} plans in {found.seconds:.0f} s", file=sys.stderr, flush=True)
        return found

    without = walked("without", (), prepared)
    plans = without.plans
    with_plans = walked("with", plans, None)
    assert without.held is not None, "the first walk held it"
    found = compared(without.figures, with_plans.figures, {plan["chain"]: _codes(plan) for plan in plans})
    told = {
        "reading": reading,
        "seed": seed,
        "entries": entries,
        "register": (len(whole), sum(one.main is not None for one in whole)),
        "roster": (len(prepared.answers), sum(1 for _ in mains(prepared.answers.values()))),
        "members": Counter(main.chain for main in mains(prepared.answers.values())),
        "chains": prepared.chains,
        "plans": plans,
        "comparisons": without.comparisons,
        "months": [(month, without.months[month], with_plans.months[month]) for month in without.months],
        "seconds": (without.seconds, with_plans.seconds),
    }
    return prepared, page_of(told, without.held, found, placements(without.figures, with_plans.figures))


def _codes(plan: Record) -> frozenset[str]:
    return frozenset(one["institution"] for one in plan["contracted"])


def sample(data: Path, *, count: int, seed: int) -> Iterator[str]:
    """Answer main proposals of firms of the whole register by chance of the seed, with what a reader needs to judge them."""
    firms = read_traits(data)
    answers = propose_all(firms, load_profiles(get_settings().seed_dir))
    proposed = [
        (firm, answer) for firm, answer in zip(firms, answers, strict=True) if answer.main is not None
    ]
    names = {one.code: one for one in load_profiles(get_settings().seed_dir)}
    for number, (firm, answer) in enumerate(
        random.Random(seed).sample(proposed, min(count, len(proposed))), 1
    ):
        assert answer.main is not None, "only those are drawn"
        chain = names[answer.main.chain]
        yield f"{number}|{firm.name}|{firm.scope[:140]}|{chain.name}|{answer.main.reason}"


def write(text: str) -> None:
    """Keep the figures in the document; what people wrote around them stays."""
    kept = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else f"{BEGIN}{END}"
    head, _, rest = kept.partition(BEGIN)
    _old, _, tail = rest.partition(END)
    DOCUMENT.write_text(head + BEGIN + text + END + tail, "utf-8")


def main() -> None:
    """Print the story of both walks; exit 1 when the real data is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=default_data_dir(), help="folder with the real data")
    parser.add_argument("--entries", type=int, default=ENTRIES, help="manufacturers to take")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of all that is generated")
    parser.add_argument("--months", type=int, default=2, help="months of docking to live through")
    parser.add_argument("--sample", type=int, default=0, help="only print so many proposals to read by hand")
    parser.add_argument("--write", action="store_true", help="keep the figures in the document")
    asked = parser.parse_args()
    relax_collection()  # as the commands do
    follow_all()  # as both doors do
    try:
        if asked.sample:
            print("\n".join(sample(asked.data, count=asked.sample, seed=asked.seed)))
            return
        _prepared, text = run(asked.data, entries=asked.entries, seed=asked.seed, months=asked.months)
    except RongqiaoError as error:
        show_refusal(error)
        sys.exit(1)
    print(text)
    if asked.write:
        write(text)


if __name__ == "__main__":
    main()
