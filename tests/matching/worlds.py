"""Random products and needs over the whole vocabulary, small enough that verdicts of all kinds occur."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from app.chains.rules import ChainLink
from app.matching.products import Bank, IndexedProduct, MatchNeed, PlanGrant, PlanTerms
from app.matching.scoring import PARTS, ScoreSettings
from app.policy.criteria import OPERATORS, AllOf, AnyOf, Condition, Criterion
from app.policy.facts import FACTS, SECURITY, Fact, FactValue, Members

REGIONS = ("000000", "230000", "230100", "230102", "230103", "230200", "230202", "410000", "410305")
INDUSTRIES = ("C", "C34", "C341", "C3412", "C3411", "C35", "A", "A01")
CHAINS = ("chain-1", "chain-2", "chain-3")
NUMBERS = st.integers(1, 12).map(lambda step: step * 10_000_000)
SMALL_NUMBERS = st.integers(0, 6)
INSTITUTIONS = ("north", "north-1", "north-2", "south", "south-1")


def operands(fact: Fact) -> st.SearchStrategy[Any]:
    match fact.kind:
        case "money":
            return NUMBERS
        case "number":
            return SMALL_NUMBERS
        case "region":
            return st.sampled_from(REGIONS)
        case "industry":
            return st.sampled_from(INDUSTRIES)
        case "name":
            return st.sampled_from(CHAINS)
        case _:
            return st.sampled_from(list(fact.values)[:5])


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    fact = draw(st.sampled_from(list(FACTS.values())))
    word = draw(
        st.sampled_from([word for word, operator in OPERATORS.items() if fact.kind in operator.kinds])
    )
    operator = OPERATORS[word]
    if operator.most == 0:
        return Criterion(fact.name, word)
    values = draw(st.lists(operands(fact), min_size=operator.fewest, max_size=min(operator.most, 3)))
    return Criterion(fact.name, word, tuple(sorted(values)), draw(st.sampled_from(["", "产品条款"])))


def _combined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(AnyOf, several) | st.builds(AllOf, several)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(criteria(), _combined, max_leaves=4)


def known_values(fact: Fact) -> st.SearchStrategy[FactValue]:  # noqa: PLR0911 - one for each kind
    match fact.kind:
        case "flag":
            return st.booleans()
        case "choices":
            members = st.frozensets(st.sampled_from(list(fact.values)[:5]), max_size=3)
            return st.builds(Members, members, st.booleans())
        case "name":
            return st.sampled_from([*CHAINS, "chain-4"])
        case "money":
            return NUMBERS | st.integers(1, 10**13)
        case "number":
            return SMALL_NUMBERS
        case "region":
            return st.sampled_from([*REGIONS, "230104", "650000"])
        case _:
            return operands(fact)


NEEDS = st.builds(
    MatchNeed,
    st.fixed_dictionaries({}, optional={fact.name: known_values(fact) for fact in FACTS.values()}),
    st.frozensets(st.sampled_from(["north", "south", "nowhere"]), max_size=2),
)
BANKS = st.builds(
    Bank,
    code=st.sampled_from(INSTITUTIONS),
    root=st.sampled_from(["north", "south"]),
    family=st.frozensets(st.sampled_from(INSTITUTIONS), min_size=1, max_size=3),
    outlets=st.frozensets(st.sampled_from(REGIONS[1:]), max_size=3),
)


def _two(values: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int | None, int | None]]:
    pairs = st.tuples(values, values).map(sorted)
    return pairs.flatmap(lambda pair: st.tuples(st.none() | st.just(pair[0]), st.none() | st.just(pair[1])))


@st.composite
def products(draw: st.DrawFn, code: str) -> IndexedProduct:
    amount_least, amount_most = draw(_two(NUMBERS | st.just(0)))
    term_least, term_most = draw(_two(SMALL_NUMBERS))
    return IndexedProduct(
        code=code,
        revision_id=draw(st.integers(1, 99)),
        bank=draw(BANKS),
        conditions=tuple(draw(st.lists(CONDITIONS, max_size=5))),
        amount_least=amount_least,
        amount_most=amount_most,
        term_least=term_least,
        term_most=term_most,
        price_bp=draw(st.none() | st.integers(0, 1_000)),
        guarantee_modes=draw(st.frozensets(st.sampled_from(list(SECURITY)), max_size=3)),
        purposes=draw(st.frozensets(st.sampled_from(["working_capital", "equipment", "construction"]))),
    )


CATALOGUES = st.integers(1, 6).flatmap(lambda count: st.tuples(*(products(f"p{i:03}") for i in range(count))))


def repeated(few: Sequence[IndexedProduct], count: int = 70) -> list[IndexedProduct]:
    """Repeat a few products under new codes, so that their bits fill more than one word."""
    return [replace(few[i % len(few)], code=f"p{i:03}") for i in range(count)]


LINKS = st.builds(
    ChainLink,
    st.just("环节"),
    st.sampled_from([(), ("core",), ("upstream", "downstream")]),
    st.sampled_from([(), ("C34", "A"), ("C3411",)]),
)
GRANTS = st.builds(
    PlanGrant,
    st.sampled_from(["p000", "p001", "p002"]),
    st.none() | NUMBERS,
    st.none() | SMALL_NUMBERS,
    st.just("一链一策"),
)
PLANS = st.lists(
    st.builds(
        PlanTerms,
        chain=st.sampled_from(CHAINS),
        contracted=st.frozensets(st.sampled_from(INSTITUTIONS), max_size=2),
        products=st.frozensets(st.sampled_from(["p000", "p001", "p999"]), max_size=2),
        purposes=st.frozensets(st.sampled_from(["working_capital", "equipment"])),
        links=st.lists(LINKS, max_size=1).map(tuple),
        grants=st.lists(GRANTS, max_size=2).map(tuple),
    ),
    max_size=3,
).map(lambda plans: {plan.chain: plan for plan in plans})


@st.composite
def settings_of_score(draw: st.DrawFn) -> ScoreSettings:
    cuts = sorted(draw(st.lists(st.integers(0, 1000), min_size=6, max_size=6)))
    shares = [after - before for before, after in zip([0, *cuts], [*cuts, 1000], strict=True)]
    best = draw(st.integers(-100, 400))
    return ScoreSettings(dict(zip(PARTS, shares, strict=True)), best, best + draw(st.integers(1, 700)))
