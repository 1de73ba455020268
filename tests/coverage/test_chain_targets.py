"""Support targets of a chain's plan beside its figures."""

from typing import Any

import httpx
import pytest

from app.chains.targets import SupportTarget
from app.coverage.chain_targets import base_month, figure_of, measured
from app.coverage.schemas import FiguresOut

CLAUSE = "黔江金融办发〔2023〕30号（8）"


def figures(credited: int, long_term: int = 0) -> FiguresOut:
    ratio: dict[str, Any] = {"numerator": 3, "denominator": 10, "percent": "30.00"}
    shares: dict[str, Any] = {"numerator": long_term, "denominator": credited, "percent": None}
    names = ("coverage", "assigned", "contacted", "answered", "credited", "disbursed", "first_loan")
    said: dict[str, Any] = dict.fromkeys(names, ratio)
    days = {"count": 0, "p50": None, "p90": None}
    rate = {"numerator": "0", "denominator": "0", "percent": "3.4550"}
    amounts = {"needed_amount": 0, "credited_amount": credited, "disbursed_amount": 0}
    counts = {"entries": 10, "first_loan_unknown": 0, "uncounted": 0, "simulated": 0}
    return FiguresOut.model_validate(
        said | amounts | counts | {"rate": rate, "credit_loan": shares, "medium_long_term": shares}
        | {"days_to_contact": days, "days_to_answer": days}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "month", "expected"),
    [
        ("last_year", "2024-02", "2023-12"), ("same_period", "2024-02", "2023-02"), ("last_quarter", "2024-02", "2023-12"),
        ("last_quarter", "2024-03", "2023-12"), ("last_quarter", "2024-04", "2024-03"), ("fixed", "2024-02", None),
    ],
)  # fmt: skip
def test_a_base_period_ends_with_a_month(base: str, month: str, expected: str | None) -> None:
    assert base_month(base, month) == expected


def test_not_lower_than_last_year_is_met_not_met_or_not_to_be_told() -> None:
    target = SupportTarget("granted", "at_least", "last_year", CLAUSE)
    for now, before, expected in ((100, 100, True), (99, 100, False), (100, None, None), (None, 100, None)):
        found = {
            "2024-02": None if now is None else figures(now),
            "2023-12": None if before is None else figures(before),
        }
        assert measured(target, "2024-02", found).is_met is expected
    share = SupportTarget("medium_long_share", "at_least", "fixed", CLAUSE, value=3_000)
    assert measured(share, "2024-02", {"2024-02": figures(1_000, 300)}).is_met is True
    assert measured(share, "2024-02", {"2024-02": figures(1_000, 299)}).is_met is False
    assert measured(share, "2024-02", {"2024-02": figures(0)}).is_met is None
    assert [figure_of(one, figures(5)) for one in ("weighted_rate", "firms", "covered", "balance")] == [
        346,
        3,
        3,
        None,
    ]


async def test_of_a_chain_without_plan_no_targets_are_told(client: httpx.AsyncClient) -> None:
    assert (await client.get("/coverage/2023-11/chains/NONE/targets")).status_code == 404
