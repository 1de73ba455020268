"""What two walks over the same roster came to, with and without plans, entry by entry, and the page that tells it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from app.accounts.rules import Viewer
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.matching import service as matching
from app.plans.schemas import ComparisonOut
from app.whitelist import service as whitelist
from benchmarks.real_round import Held

_FULL: Final = 10_000
"""Units of a score in one point."""
_PLACED: Final = """
    SELECT e.code, e.chain_code, a.kind, a.institution_id, p.code
    FROM assignments a
    JOIN whitelist_entries e ON e.id = a.entry_id
    LEFT JOIN product_revisions r ON r.id = a.product_revision_id
    LEFT JOIN products p ON p.id = r.product_id
    WHERE a.run_id = (SELECT min(id) FROM allocation_runs)
"""
_CODES: Final = "SELECT id, code FROM whitelist_entries"
_PRODUCTS: Final = "SELECT r.id, p.code FROM product_revisions r JOIN products p ON p.id = r.product_id"


@dataclass(frozen=True, slots=True)
class Placed:
    """Who answers for an entry: codes from the head office down, and the product; nobody: no codes."""

    chain: str | None
    kind: str
    banks: tuple[str, ...]
    product: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """An edition's first allocation: placements, and the score of every eligible pair, both by entry code."""

    placed: Mapping[str, Placed]
    scores: Mapping[str, Mapping[str, int]]

    @property
    def pairs(self) -> int:
        """Eligible pairs of an entry and a product."""
        return sum(map(len, self.scores.values()))


async def figures_of(session: AsyncSession, viewer: Viewer, edition_code: str) -> Figures:
    """Read what the first allocation of an edition assigned, and the scores that it chose among."""
    tree = await institution_tree(session, viewer)
    placed = {
        row[0]: Placed(
            row[1], row[2], tuple(one.code for one in tree.path(row[3])) if row[3] is not None else (), row[4]
        )
        for row in await session.execute(text(_PLACED))
    }
    edition = await whitelist.edition(session, viewer, edition_code)
    run = await matching.latest_run(session, viewer, edition.id)
    assert run is not None, "the line has matched"
    found = await matching.eligible_candidates(session, viewer, run.id)
    codes = {row[0]: row[1] for row in await session.execute(text(_CODES))}
    products = {row[0]: row[1] for row in await session.execute(text(_PRODUCTS))}
    scores = {}
    for place, entry in enumerate(found.entry_ids.tolist()):
        part = slice(found.indptr[place], found.indptr[place + 1])
        revisions = found.product_revision_ids[part].tolist()
        scores[codes[entry]] = {
            products[revision]: score
            for revision, score in zip(revisions, found.scores[part].tolist(), strict=True)
        }
    return Figures(placed, scores)


@dataclass(frozen=True, slots=True)
class Side:
    """One walk's first allocation in figures."""

    entries: int
    served: int
    on_chains: int
    contracted: int
    pairs: int
    mean_fit: float
    mean_plain_fit: float

    @property
    def contracted_share(self) -> float:
        """Of the served entries on chains with a plan, those whose party is contracted (or would be)."""
        return self.contracted / self.on_chains if self.on_chains else 0.0


def compared(
    without: Figures, with_plans: Figures, contracted: Mapping[str, frozenset[str]]
) -> tuple[Side, Side]:
    """Answer both sides; the plain fit is scored without any plan, so that both are measured alike."""
    return (_side(without, without, contracted), _side(with_plans, without, contracted))


def _side(figures: Figures, plain: Figures, contracted: Mapping[str, frozenset[str]]) -> Side:
    served = {code: one for code, one in figures.placed.items() if one.banks}
    on_chains = [one for one in served.values() if one.chain in contracted]
    matched = [(code, one.product) for code, one in served.items() if one.product is not None]
    fits = [figures.scores[code][product] for code, product in matched if product in figures.scores[code]]
    plain_fits = [plain.scores[code][product] for code, product in matched if product in plain.scores[code]]
    return Side(
        entries=len(figures.placed),
        served=len(served),
        on_chains=len(on_chains),
        contracted=sum(not contracted[one.chain].isdisjoint(one.banks) for one in on_chains if one.chain),
        pairs=figures.pairs,
        mean_fit=sum(fits) / max(1, len(fits)) / _FULL,
        mean_plain_fit=sum(plain_fits) / max(1, len(plain_fits)) / _FULL,
    )


def placements(without: Figures, with_plans: Figures) -> Counter[str]:
    """Count what the plans did to each entry's party."""
    found: Counter[str] = Counter()
    for code, before in without.placed.items():
        after = with_plans.placed.get(code)
        if after is None:
            found["no longer on the roster"] += 1
        elif before.banks[:1] != after.banks[:1]:
            found["another bank answers" if before.banks and after.banks else "served or not"] += 1
        elif before.banks != after.banks:
            found["another branch of the same bank answers"] += 1
        elif before.product != after.product:
            found["the same branch with another product"] += 1
        else:
            found["as without plans"] += 1
    return found


def page_of(told: Mapping[str, Any], held: Held, sides: tuple[Side, Side], moved: Counter[str]) -> str:
    """Tell it as a page's text."""
    register, roster = told["register"], told["roster"]
    without, with_plans = sides
    lines = [
        (
            f"Roster: {roster[0]:,} manufacturers of Heilongjiang, seed {told['seed']}. "
            f"Reading, proposing and writing the roster took {told['reading']:.0f} s, "
            f"the two walks {told['seconds'][0]:.0f} and {told['seconds'][1]:.0f} s (two cores, SQLite)."
        ),
        "",
        "### Membership",
        "",
        f"- of the roster {roster[1]:,} of {roster[0]:,} have a proposal ({roster[1] / roster[0]:.1%});",
        f"- of all {register[0]:,} manufacturers of the register {register[1]:,} ({register[1] / register[0]:.1%}).",
        "",
        "### The round",
        "",
        (
            f"{held.round.chains} chains × {held.round.banks} banks, {held.round.absent_places} places each, all by measured "
            f"preferences, chains proposing; opened, locked, computed, published and closed by the services."
        ),
        "",
        (
            f"- {len(held.pairs)} pairs; {held.result.proof.blocking_count} blocking pairs and "
            f"{held.result.proof.breach_count} breaches among {held.result.proof.pairs_checked:,} pairs looked at anew "
            f"({held.result.proof.notion_label});"
        ),
        (
            f"- recomputed from stored inputs: {'all hashes equal' if held.is_verified else 'HASHES DIFFER'}; "
            f"pairs SHA-256 `{held.result.pairs_sha256}`;"
        ),
        f"- banks proposing instead would change something for {held.result.differences} participants.",
        "",
        "| chain | named by | members on the roster | banks | chain's ranks of them | bank's ranks of the chain |",
        "| --- | --- | ---: | ---: | --- | --- |",
    ]
    for chain in told["chains"]:
        own = [pair for pair in held.pairs if pair.chain == chain.code]
        ranks = [
            ", ".join(map(str, sorted(getattr(pair, side) for pair in own)))
            for side in ("chain_rank", "bank_rank")
        ]
        named = "a text" if chain.is_named_by_a_text else "the classification"
        lines.append(
            f"| {chain.name} | {named} | {told['members'][chain.code]} | {len(own)} | {ranks[0]} | {ranks[1]} |"
        )
    lines += _effect(told, without, with_plans, moved)
    return "\n".join(lines) + "\n"


def _effect(told: Mapping[str, Any], without: Side, with_plans: Side, moved: Counter[str]) -> Sequence[str]:
    rows: list[tuple[str, str, str]] = [
        ("entries", f"{without.entries:,}", f"{with_plans.entries:,}"),
        ("with a responsible institution", f"{without.served:,}", f"{with_plans.served:,}"),
        ("eligible pairs of a need and a product", f"{without.pairs:,}", f"{with_plans.pairs:,}"),
        ("served entries on chains with a plan", f"{without.on_chains:,}", f"{with_plans.on_chains:,}"),
        (
            "… of them with a bank that the round contracted",
            f"{without.contracted:,} ({without.contracted_share:.1%})",
            f"{with_plans.contracted:,} ({with_plans.contracted_share:.1%})",
        ),
        ("mean fit as each run scores it", f"{without.mean_fit:.2f}", f"{with_plans.mean_fit:.2f}"),
        ("mean fit, plans left out of the score", f"{without.mean_plain_fit:.2f}", f"{with_plans.mean_plain_fit:.2f}"),
    ]  # fmt: skip
    rows += [
        (f"coverage of {month}, closed", _ratio(before), _ratio(after))
        for month, before, after in told["months"]
    ]
    plans = told["plans"]
    return [
        "",
        "### Plans, and what they changed",
        "",
        (
            f"{len(plans)} plans: {sum(len(plan['contracted']) for plan in plans)} contracts, "
            f"{sum(len(plan['products']) for plan in plans)} chain products, "
            f"{sum(len(plan['granted']) for plan in plans)} granted terms, each with its clause. Both allocations were solved to "
            "optimality and proven by the independent checker."
        ),
        "",
        *_compared(told["comparisons"]),
        "",
        "| | without plans | with plans |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {before} | {after} |" for name, before, after in rows),
        "",
        "Who answers for the entries, beside the run without plans: "
        + "; ".join(f"{what} {count:,}" for what, count in moved.most_common())
        + ".",
        "",
    ]


def _ratio(covered: tuple[int, int]) -> str:
    return f"{covered[0]:,}/{covered[1]:,} ({covered[0] / covered[1]:.1%})" if covered[1] else "—"


def _compared(comparisons: Sequence[ComparisonOut]) -> Sequence[str]:
    counts = [one.counts for one in comparisons]
    kept = all(one.holds for one in comparisons)
    summed = {
        name: sum(getattr(one, name) for one in counts)
        for name in (
            "judged",
            "changed",
            "rescored_pairs",
            "another_best",
            "reordered",
            "gaining",
            "losing",
            "worse",
        )
    }
    return (
        (
            f"Each was drafted and compared over the whole edition before the second walk ({len(counts)} comparisons, "
            f"{'all' if kept else 'NOT all'} still holding right after): {summed['judged']:,} needs judged, {summed['changed']:,} change, "
            f"{summed['rescored_pairs']:,} scores move, {summed['another_best']:,} get another best product, {summed['reordered']:,} another "
            f"order of what is kept; {summed['gaining']:,} gain and {summed['losing']:,} lose a product, for {summed['worse']:,} the best score falls."
        ),
    )
