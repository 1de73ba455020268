"""Results of two-sided selection as JSON: proof, sides, pairs, what each obtained, inputs, verification, contracts for plans."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.chains.fields import Clause, Closed, Day
from app.chains.plan_parts import ContractedBankIn
from app.selection.market import Side
from app.selection.stability import Notion


class ProofOut(Closed):
    """The published proof of a result 证明: every pair of a chain and a bank looked at anew."""

    notion: Notion = Field(description="稳定性：pairwise 成对稳定, weakly_pairwise 弱成对稳定（有并列时）")
    notion_label: str = Field(description="稳定性的说明")
    pairs_checked: int = Field(description="核验的对数")
    acceptable: int = Field(description="其中双方互相接受的")
    chosen: int = Field(description="选定的")
    blocking_count: int = Field(description="双方都更愿意另行结对的对数；0 为稳定")
    breach_count: int = Field(description="违反名额、名单或签约的处数")
    indifferent: int = Field(description="一方愿意、另一方无所谓的对数；弱稳定下不算不稳定")
    said: list[str] = Field(description="证明的文字")


class SideOut(Closed):
    """A side as a whole, as chosen and under the alternative."""

    side: Side = Field(description="chains 产业链, banks 银行")
    participants: int = Field(description="参加方数")
    places: int = Field(description="可用名额")
    pairs: int = Field(description="选定对数")
    without_partner: int = Field(description="未选定任何对象的")
    mean_rank: str | None = Field(description="平均位次（一位小数）", examples=["1.4"])
    other_pairs: int = Field(description="改由另一方先提名时的对数")
    other_mean_rank: str | None = Field(description="改由另一方先提名时的平均位次")


class ResultOut(Closed):
    """The result of a round 选定结果."""

    round: str = Field(description="轮次编码")
    number: int = Field(description="第几次计算")
    inputs_sha256: str = Field(description="全部输入的 SHA-256")
    market_sha256: str = Field(description="排序的 SHA-256")
    pairs_sha256: str = Field(description="选定名单的 SHA-256")
    measures_sha256: str = Field(description="测算数据的 SHA-256")
    measured_at: datetime = Field(description="测算时间")
    proof: ProofOut = Field(description="证明")
    sides: list[SideOut] = Field(description="双方总体")
    differences: int = Field(description="改由另一方先提名时会有变化的参加方数")
    said: list[str] = Field(description="总体说明")
    computed_by: str = Field(description="计算人")
    computed_at: datetime = Field(description="计算时间")
    published_at: datetime | None = Field(description="公布时间")


class PairOut(Closed):
    """A chosen pair, with how each ranks the other."""

    chain: str = Field(description="产业链编码")
    chain_name: str = Field(description="产业链名称")
    bank: str = Field(description="银行编码")
    bank_name: str = Field(description="银行名称")
    chain_rank: int = Field(description="银行在该链的位次")
    is_chain_tied: bool = Field(description="该位次是否并列")
    bank_rank: int = Field(description="产业链在该行的位次")
    is_bank_tied: bool = Field(description="该位次是否并列")


class OutcomeOut(Closed):
    """What a participant obtained."""

    participant: str = Field(description="参加方编码")
    name: str = Field(description="名称")
    side: Side = Field(description="chains 产业链, banks 银行")
    contracts: int = Field(description="已有签约")
    places: int = Field(description="可用名额")
    acceptable: int = Field(description="可接受的对方数")
    chosen: int = Field(description="选定数")
    mean_rank: str | None = Field(description="平均位次（一位小数）")
    said: list[str] = Field(description="说明，含名额未用的原因")
    alternative: str | None = Field(description="改由另一方先提名时的变化；为空即相同")


class InputsOut(Closed):
    """All that a result is computed from, and the result: enough to compute it again anywhere (`selection verify --file`)."""

    format: str = Field(description="格式", examples=["rongqiao-selection-result/1"])
    round: str = Field(description="轮次编码")
    inputs: dict[str, Any] = Field(
        description="全部输入；按键排序、无空格、UTF-8 写出后的 SHA-256 即 inputs_sha256"
    )
    measures: dict[str, Any] = Field(description="测算数据：各数组逐行")
    pairs: list[list[str]] = Field(description="选定名单：产业链编码、银行编码")
    inputs_sha256: str = Field(description="输入的 SHA-256")
    market_sha256: str = Field(description="排序的 SHA-256")
    pairs_sha256: str = Field(description="选定名单的 SHA-256")


class VerificationCheckOut(Closed):
    """One thing compared."""

    claim: str = Field(description="核对项", examples=["pairs"])
    name: str = Field(description="核对项名称")
    stored: str = Field(description="所存")
    found: str = Field(description="重算所得")
    is_equal: bool = Field(description="是否一致")


class RoundVerificationOut(Closed):
    """A result computed again from its inputs 复算."""

    round: str = Field(description="轮次编码")
    is_verified: bool = Field(description="是否全部一致")
    checks: list[VerificationCheckOut] = Field(description="各核对项")


class ContractsOut(Closed):
    """Whom a chain's plan would contract after a round, in the shape of a plan's `contracted`."""

    chain: str = Field(description="产业链编码")
    name: str = Field(description="产业链名称")
    plan_version: int = Field(description="现行一链一策版本；0 为尚无")
    added: list[str] = Field(description="本轮新选定的银行编码")
    contracted: list[ContractedBankIn] = Field(description="签约银行：现有的加上新选定的")


class PlansIn(Closed):
    """From when the drafted plans shall hold, and what their contracts rest on."""

    since: Day = Field(description="起始日", examples=["2099-01-01"])
    until: Day | None = Field(default=None, description="截止日（含）；空为持续")
    clause: Clause = Field(
        default="洛阳（征求意见稿）（二）",
        description="签约银行的依据；方案已注明的不改",
        examples=["洛阳（征求意见稿）（二）"],
    )


class DraftedPlanOut(Closed):
    """A plan that was drafted after a round, or why it was not."""

    chain: str = Field(description="产业链编码")
    name: str = Field(description="产业链名称")
    added: list[str] = Field(description="新签约的银行编码")
    draft: int | None = Field(description="草案编号；为空即没有起草")
    refused: list[str] = Field(description="没有起草的原因")
