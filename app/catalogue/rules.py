"""What a product says: its terms, the conditions that they put to a need, and when they hold.

Terms are a frozen value; the same content always has the same hash, whatever the order in which
its sets were written. Sets that are empty ask nothing (all industries, all sizes, …).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from app.catalogue.terms import EXCLUSIONS, FORMS, PARTS, POLICY_TOOLS, RATE_BASES
from app.kernel.errors import Fault
from app.kernel.money import Yuan
from app.policy.criteria import Condition, Criterion
from app.policy.facts import PURPOSES, QUALIFICATIONS, SECURITY, SIZE_CLASSES, TAX_GRADES
from app.policy.fields import OneOf
from app.policy.parsing import condition_as_data, parse_condition

OWN_TERMS: Final = "产品条款"
NATION: Final = "000000"
MOST_MONTHS: Final = 600
MOST_BASIS_POINTS: Final = 3_600
MOST_CODES: Final = 400
MOST_CRITERIA: Final = 30
PLAIN_TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
Range = TypeVar("Range", bound=BaseModel)


def _sorted_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


def _not_empty(words: tuple[str, ...]) -> tuple[str, ...]:
    # pydantic's own min_length counts valid items only, and would add a second, misleading fault.
    if not words:
        msg = "name at least one"
        raise ValueError(msg)
    return words


def _read_condition(data: Any) -> Condition:
    faults: list[Fault] = []
    found = parse_condition(data, "criterion", faults)
    if found is None:
        msg = "; ".join(f"{fault.where}: {fault.message} {fault.remedy}".strip() for fault in faults)
        raise ValueError(msg)
    return found


Text = Annotated[str, Field(max_length=200, pattern=PLAIN_TEXT)]
RegionCode = Annotated[str, Field(pattern=r"^[0-9]{6}$", examples=["230100"])]
IndustryCode = Annotated[str, Field(pattern=r"^[A-T]([0-9]{2,4})?$", examples=["C34"])]
ChainCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$", examples=["HLJ-ZBZZ"])]
Sorted = AfterValidator(_sorted_words)
NotEmpty = AfterValidator(_not_empty)
AT_LEAST_ONE: Final[JsonDict] = {"minItems": 1}
WrittenCondition = Annotated[
    Any,
    PlainValidator(_read_condition),
    PlainSerializer(condition_as_data, return_type=dict[str, Any]),
    WithJsonSchema(
        {
            "type": "object",
            "examples": [{"fact": "exporter", "is_true": True}],
            "description": "One condition in the criteria vocabulary.",
        }
    ),
]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AmountRange(_Value):
    """Least and most amount of one loan, inclusive."""

    least: Yuan = Field(description="最低金额（元）", examples=["100000.00"])
    most: Yuan = Field(description="最高金额（元）", examples=["20000000.00"])

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        return _in_order(self, self.least, self.most)


class TermRange(_Value):
    """Shortest and longest term in months, inclusive."""

    least: int = Field(ge=0, le=MOST_MONTHS, description="最短期限（月）", examples=[1])
    most: int = Field(ge=1, le=MOST_MONTHS, description="最长期限（月）", examples=[36])

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        return _in_order(self, self.least, self.most)


class Rate(_Value):
    """Annual rate in basis points: a spread over LPR, or fixed; a guarantor's yearly fee is fixed."""

    base: Annotated[str, OneOf(RATE_BASES)] = Field(description="利率基准", examples=["lpr_1y"])
    least: int = Field(
        ge=-MOST_BASIS_POINTS, le=MOST_BASIS_POINTS, description="最低加点或固定利率（基点）", examples=[-20]
    )
    most: int = Field(
        ge=-MOST_BASIS_POINTS, le=MOST_BASIS_POINTS, description="最高加点或固定利率（基点）", examples=[55]
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.base == "fixed" and self.least < 0:
            msg = "a fixed rate is not negative"
            raise ValueError(msg)
        return _in_order(self, self.least, self.most)

    def bounds(self, lpr_1y: int, lpr_5y: int) -> tuple[int, int]:
        """Answer least and most annual rate in basis points, given the LPR quotes in basis points."""
        base = {"lpr_1y": lpr_1y, "lpr_5y": lpr_5y, "fixed": 0}[self.base]
        return base + self.least, base + self.most


class Cite(_Value):
    """The clause on which a part of the terms rests."""

    part: Annotated[str, OneOf(PARTS)] = Field(description="所依据的条款部分", examples=["amount"])
    clause: Text = Field(min_length=1, description="依据", examples=["洛阳（征求意见稿）（四）"])


def _sorted_cites(cites: tuple[Cite, ...]) -> tuple[Cite, ...]:
    if len({cite.part for cite in cites}) < len(cites):
        msg = "a part is cited once; write several clauses into one text"
        raise ValueError(msg)
    return tuple(sorted(cites, key=lambda cite: cite.part))


class ProductTerms(_Value):
    """All terms of one product revision. Amounts in fen (JSON: yuan), terms in months, rates in basis points."""

    form: Annotated[str, OneOf(FORMS)] = Field(description="融资形式", examples=["loan"])
    purposes: Annotated[tuple[Annotated[str, OneOf(PURPOSES)], ...], NotEmpty, Sorted] = Field(
        description="资金用途", examples=[["working_capital"]], json_schema_extra=AT_LEAST_ONE
    )
    amount: AmountRange = Field(description="金额")
    term: TermRange = Field(description="期限")
    rate: Rate = Field(description="利率")
    guarantee_modes: Annotated[tuple[Annotated[str, OneOf(SECURITY)], ...], NotEmpty, Sorted] = Field(
        description="可接受的增信方式（任一）",
        examples=[["credit", "guarantee"]],
        json_schema_extra=AT_LEAST_ONE,
    )
    areas: Annotated[tuple[RegionCode, ...], Field(max_length=MOST_CODES), NotEmpty, Sorted] = Field(
        description="服务区域；000000 为全国", examples=[["230000"]], json_schema_extra=AT_LEAST_ONE
    )
    industries: Annotated[tuple[IndustryCode, ...], Field(max_length=MOST_CODES), Sorted] = Field(
        default=(), description="行业（GB/T 4754-2017，带门类字母）；空为不限", examples=[["C"]]
    )
    chains: Annotated[tuple[ChainCode, ...], Field(max_length=MOST_CODES), Sorted] = Field(
        default=(), description="产业链编码；空为不限"
    )
    sizes: Annotated[tuple[Annotated[str, OneOf(SIZE_CLASSES)], ...], Sorted] = Field(
        default=(), description="企业规模；空为不限", examples=[["small", "micro"]]
    )
    qualifications: Annotated[tuple[Annotated[str, OneOf(QUALIFICATIONS)], ...], Sorted] = Field(
        default=(), description="资质（任一）；空为不限", examples=[["srdi"]]
    )
    years_least: int | None = Field(
        default=None, ge=0, le=100, description="最低成立年限（整年）", examples=[2]
    )
    tax_grades: Annotated[tuple[Annotated[str, OneOf(TAX_GRADES)], ...], Sorted] = Field(
        default=(), description="纳税等级；空为不限", examples=[["A", "B"]]
    )
    first_loan_only: bool = Field(default=False, description="仅限首贷户")
    exclusions: Annotated[tuple[Annotated[str, OneOf(EXCLUSIONS)], ...], Sorted] = Field(
        default=(), description="排除情形", examples=[["litigation", "adverse_credit"]]
    )
    policy_tools: Annotated[tuple[Annotated[str, OneOf(POLICY_TOOLS)], ...], Sorted] = Field(
        default=(), description="运用的政策工具"
    )
    declared_days: int | None = Field(
        default=None, ge=0, le=365, description="承诺办结时限（工作日）", examples=[5]
    )
    cites: Annotated[tuple[Cite, ...], AfterValidator(_sorted_cites)] = Field(
        default=(), max_length=len(PARTS), description="依据"
    )
    criteria: tuple[WrittenCondition, ...] = Field(
        default=(), max_length=MOST_CRITERIA, description="补充条件"
    )
    note: Text = Field(default="", description="备注")

    def citation(self, part: str) -> str:
        """Answer the clause on which a part rests, or `产品条款` when the bank's own terms say so."""
        return next((cite.clause for cite in self.cites if cite.part == part), OWN_TERMS)

    def conditions(self) -> tuple[Condition, ...]:
        """Answer what a need has to meet, all of it, each with its source.

        A need may name several purposes for one amount; it qualifies when the product serves at
        least one of them. Asking for all would leave a need for equipment *and* working capital
        without any bank to talk to, although both banks would; whoever docks with it sees the rest
        (`unserved_purposes`) and structures it. Security likewise: one accepted mode is enough.
        """
        own = (replace(written, source=written.source or OWN_TERMS) for written in self.criteria)
        return (*self._demands(), *own)

    def unserved_purposes(self, purposes: Iterable[str]) -> tuple[str, ...]:
        """Answer those of a need's purposes that this product does not finance."""
        return tuple(sorted(set(purposes) - set(self.purposes)))

    def _demands(self) -> Iterable[Condition]:
        def ask(part: str, fact: str, operator: str, *operand: Any) -> Criterion:
            return Criterion(fact, operator, operand, self.citation(part))

        yield ask("purposes", "purposes", "any_of", *self.purposes)
        yield ask("amount", "amount", "between", self.amount.least, self.amount.most)
        yield ask("term", "term_months", "between", self.term.least, self.term.most)
        yield ask("guarantee_modes", "security", "any_of", *self.guarantee_modes)
        if NATION not in self.areas:
            yield ask("areas", "region", "within_region", *self.areas)
        if self.years_least is not None:
            yield ask("years_least", "years_established", "at_least", self.years_least)
        if self.first_loan_only:
            yield ask("first_loan_only", "first_loan", "is_true")
        for part, fact, operator in _SET_DEMANDS:
            words = getattr(self, part)
            if words:
                yield ask(part, fact, operator, *words)
        for fact in self.exclusions:
            yield ask("exclusions", fact, "is_empty" if fact == "missing_elements" else "is_false")


@dataclass(frozen=True, slots=True)
class ProductInForce:
    """One product as it holds on a day: the revision in force, by whom it is offered, what it says."""

    product_revision_id: int
    code: str
    revision: int
    name: str
    institution_id: int
    terms: ProductTerms
    content_hash: str
    is_demo: bool = False


_SET_DEMANDS: Final = (
    ("industries", "industry", "within_industry"),
    ("chains", "chain", "in"),
    ("sizes", "size_class", "in"),
    ("qualifications", "qualifications", "any_of"),
    ("tax_grades", "tax_grade", "in"),
)


def _in_order(value: Range, least: int, most: int) -> Range:
    if least > most:
        msg = "least is above most"
        raise ValueError(msg)
    return value
