"""Guarantee fees in and out: the cap that applies, and what guarantors ask for on average."""

from pydantic import BaseModel, Field

from app.docking.guarantees import AverageAim, FeeCap
from app.docking.rates import FeeRate
from app.kernel.money import Yuan
from app.policy.derived import chinese_name


class FeeAimOut(BaseModel):
    """What guarantors' average fee shall come down to."""

    most: FeeRate = Field(description="Average fee (平均担保费率), percent a year, at most.")
    citation: str = Field(description="Clause that says so.", examples=["黑银发〔2023〕25号（十七）"])
    wording: str = Field(description="What is noted of the text's own words (原文措辞).")

    @classmethod
    def of(cls, aim: AverageAim) -> "FeeAimOut":
        """Describe an aim."""
        return cls.model_construct(most=aim.most_bp, citation=aim.citation, wording=aim.wording)


class FeeCapOut(BaseModel):
    """The most that a guarantee of the amount asked for may cost a year, where and when it is looked at (担保费率上限)."""

    most: FeeRate = Field(description="Fee (担保费率), percent of the guaranteed amount a year, at most.")
    tier: str = Field(description="For which guaranteed amounts.", examples=["单户担保金额500万元及以下"])
    above: Yuan = Field(description="The tier begins above this guaranteed amount, yuan.")
    up_to: Yuan | None = Field(description="The tier ends with this guaranteed amount, yuan; null: no end.")
    citation: str = Field(description="Clause that sets it.", examples=["黑银发〔2023〕25号（十七）"])
    wording: str = Field(description="What is noted of the text's own words (原文措辞).")
    adopted: str = Field(
        description="How another place's rule came to apply (采用说明); empty for the own one."
    )
    asks: list[str] = Field(
        description="Facts (Chinese names) that would tell whether the clause is for this enterprise; it holds meanwhile."
    )
    average: FeeAimOut | None = Field(
        description="What the average fee shall come down to; null: no text says."
    )

    @classmethod
    def of(cls, cap: FeeCap) -> "FeeCapOut":
        """Describe a cap."""
        return cls.model_construct(
            most=cap.most_bp,
            tier=cap.tier_text,
            above=cap.tier_above_fen,
            up_to=cap.tier_up_to_fen,
            citation=cap.citation,
            wording=cap.wording,
            adopted=cap.adopted,
            asks=[chinese_name(name) for name in cap.asks],
            average=FeeAimOut.of(cap.average) if cap.average else None,
        )


class GuarantorFeeOut(BaseModel):
    """What a guarantor asks for on average, over the guarantees that the viewer is shown or made itself."""

    institution: str = Field(description="Code of the guarantor (担保机构).")
    name: str = Field(description="Its name.")
    guarantees: int = Field(description="Guarantees granted (承保笔数).")
    amount: Yuan = Field(description="Guaranteed amount (担保金额), yuan.")
    average: str = Field(
        description="Average fee (平均担保费率), percent a year weighted by amount, rounded to four places.",
        examples=["0.8750"],
    )
    aim: FeeAimOut | None = Field(description="What it shall come down to here and now; null: no text says.")
    is_within_aim: bool | None = Field(description="The exact average is down to the aim; null without one.")
