"""What a guarantee may cost: the cap on its fee where and when it is offered, with the clause (pure).

黑银发〔2023〕25号（十七）: for small and micro manufacturers at most 1 % up to 500万元 of guaranteed amount, 1.5 %
above, in principle; government guarantors bring their average below 1 %. The tiers and whom they are for stand
in the packs (`guarantee.fee_cap`, `guarantee.fee_average`, and the subsidy rules that name the cap); where no
text in force sets a cap there is none, and none is invented. Fees are basis points of the guaranteed amount a year.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from app.docking.rates import BP_PER_PERCENT, percent_text
from app.kernel.errors import Fault
from app.kernel.money import wan_text
from app.policy.criteria import Verdict, evaluate, missing_facts
from app.policy.derived import chinese_name
from app.policy.facts import Facts
from app.policy.packs import FeeTier, RuleKind
from app.policy.rulebook import AppliedParameter, RuleBook

FEE_CAP: Final = "guarantee.fee_cap"
FEE_AVERAGE: Final = "guarantee.fee_average"
BP_PER_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class AverageAim:
    """What guarantors' average fee shall come down to, by which clause; `wording` as the text puts it."""

    most_bp: int
    citation: str
    wording: str


@dataclass(frozen=True, slots=True)
class FeeCap:
    """The most that a guarantee of some amount may cost a year, and the clause that says so.

    The tier holds for amounts over `tier_above_fen` up to and with `tier_up_to_fen` (None: no end). `wording` is
    what the pack notes of the text's own words (原则上), `adopted` how another place's rule came to apply. `asks`
    names the facts that would tell whether the enterprise is among those for whom the clause is: those of the
    card alone, not the figures behind them, because guarantors read it too.
    """

    most_bp: int
    tier_above_fen: int
    tier_up_to_fen: int | None
    citation: str
    wording: str
    adopted: str
    average: AverageAim | None
    asks: tuple[str, ...] = ()

    @property
    def tier_text(self) -> str:
        """Say in Chinese for which guaranteed amounts it holds."""
        if self.tier_up_to_fen is not None:
            return f"单户担保金额{wan_text(self.tier_up_to_fen)}万元及以下"
        return f"单户担保金额{wan_text(self.tier_above_fen)}万元以上" if self.tier_above_fen else "不分金额"


def fee_cap(book: RuleBook, amount_fen: int, facts: Facts | None = None) -> FeeCap | None:
    """Answer the cap that applies to a guarantee of an amount by the rules of a place and day.

    None where nothing in force sets one, and where the enterprise (`facts`, derived ones included) is none of
    those for whom the text sets it; what is unknown of the enterprise does not lift the cap.
    """
    if not book.sets(FEE_CAP):
        return None
    parameter = book.parameter(FEE_CAP)
    verdict, asks = _concerns(book, parameter, {**(facts or {}), "amount": amount_fen})
    if verdict is Verdict.FAIL:
        return None
    above, tier = _tier_of(parameter, amount_fen)
    return FeeCap(
        most_bp=_most_bp(tier.percent),
        tier_above_fen=above,
        tier_up_to_fen=tier.up_to_fen,
        citation=parameter.citation,
        wording=parameter.note,
        adopted=parameter.adopted,
        average=average_aim(book),
        asks=asks,
    )


def average_aim(book: RuleBook) -> AverageAim | None:
    """Answer what the average fee shall come down to, or None where nothing in force says it."""
    if not book.sets(FEE_AVERAGE):
        return None
    parameter = book.parameter(FEE_AVERAGE)
    assert isinstance(parameter.value, Decimal), "its type in the pack is `percent`"
    return AverageAim(_most_bp(parameter.value), parameter.citation, parameter.note)


def check_offer(cap: FeeCap | None, amount_fen: int, fee_bp: int) -> list[Fault]:
    """Name what forbids a guarantee of an amount at a fee: above the cap, with the clause; nothing without a cap."""
    if cap is None or fee_bp <= cap.most_bp:
        return []
    most, offered = percent_text(cap.most_bp), percent_text(fee_bp)
    message = (
        f"{offered} % a year for {wan_text(amount_fen)}万元 is above the cap of {most} % "
        f"({cap.citation}: {cap.tier_text})"
    )
    asking = "、".join(chinese_name(name) for name in cap.asks)
    unless = f", or have {asking} stated: the clause is not for every enterprise" if asking else ""
    return [Fault("fee_rate", message, f"Offer at most {most} %{unless}.", offered)]


def fee_amount_fen(amount_fen: int, fee_bp: int) -> int:
    """Answer a year's fee in fen, half a fen rounded up."""
    exact = Decimal(amount_fen * fee_bp) / BP_PER_WHOLE
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee that was granted."""

    amount_fen: int
    fee_bp: int


@dataclass(frozen=True, slots=True)
class AverageFee:
    """What some guarantees cost on average, weighted by amount; exact."""

    guarantees: int
    amount_fen: int
    average_bp: Fraction

    def is_within(self, aim: AverageAim) -> bool:
        """Tell whether the average is down to the aim: 1%以下 holds 1 % itself (民法典 1259)."""
        return self.average_bp <= aim.most_bp


def average_fee(granted: Iterable[Guarantee]) -> AverageFee | None:
    """Answer the average of guarantees' fees, each weighted by its amount; None where none was granted."""
    all_granted = list(granted)
    amount = sum(one.amount_fen for one in all_granted)
    if not amount:
        return None
    weighted = sum(one.amount_fen * one.fee_bp for one in all_granted)
    return AverageFee(len(all_granted), amount, Fraction(weighted, amount))


def _concerns(book: RuleBook, parameter: AppliedParameter, facts: Facts) -> tuple[Verdict, tuple[str, ...]]:
    """Tell whether the cap's text is for this enterprise, and what to ask where that is open.

    The subsidy rules of the same pack that name the cap say whom it is for; a pack without any means everybody.
    """
    rules = [
        rule
        for rule in book.of_kind(RuleKind.SUBSIDY)
        if rule.pack == parameter.pack and rule.data.get("parameter") == FEE_CAP
    ]
    verdict = max((evaluate(rule.condition, facts) for rule in rules), default=Verdict.PASS)
    if verdict is not Verdict.UNKNOWN:
        return verdict, ()
    return verdict, tuple(sorted({name for rule in rules for name in missing_facts(rule.condition, facts)}))


def _tier_of(parameter: AppliedParameter, amount_fen: int) -> tuple[int, FeeTier]:
    """Answer the amount above which the tier of an amount begins, and the tier."""
    above = 0
    assert isinstance(parameter.value, tuple), "its type in the pack is `fee_tiers`"
    for tier in parameter.value:
        assert isinstance(tier, FeeTier)
        if tier.up_to_fen is None or amount_fen <= tier.up_to_fen:
            return above, tier
        above = tier.up_to_fen
    msg = "the last tier of a fee has no end (app/policy/parameter_types.py)"
    raise AssertionError(msg)


def _most_bp(percent: Decimal) -> int:
    """Answer the highest whole basis point that is not above a percentage."""
    return int(percent * BP_PER_PERCENT)
