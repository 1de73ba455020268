"""A chain with firms, banks and a plan in force, and drafts of its next plan."""

from typing import Any

from app.kernel.database import AsyncSession
from app.plans.schemas import DraftIn
from tests.bottlenecks.world import World, add_plan, banks, build_world

CHAIN, CLAUSE = "HK", "金发〔2024〕5号（九）"
OF_CHAIN: dict[str, Any] = {"chain": CHAIN}
NEEDS: dict[str, dict[str, Any]] = {
    "small": OF_CHAIN,
    "other": OF_CHAIN,
    "large": OF_CHAIN | {"amount": "15000000.00"},
    "huge": OF_CHAIN | {"amount": "90000000.00"},
    "apart": {},
    "unstated": {"amount": "15000000.00"},
}
"""Products lend up to 10 million: what is larger fits none, unless a plan grants more."""


async def build(session: AsyncSession) -> World:
    """Store six banks, six needs and a plan in force that contracts the first bank."""
    world = await build_world(session, NEEDS, banks(4, count=6))
    await add_plan(session, CHAIN, [{"institution": "B1", "quota": 4}], CLAUSE)
    return world


def drafted(**members: Any) -> DraftIn:
    """Answer a draft that contracts the second bank and grants more of its product."""
    said: dict[str, Any] = {
        "since": "2023-11-20",
        "contracted": [{"institution": "B2", "quota": 5}],
        "products": ["B2-P"],
        "granted": [{"text": "提高额度", "clause": CLAUSE, "product": "B2-P", "amount_most": "20000000.00"}],
        "targets": [{"measure": "granted", "base": "last_year", "clause": CLAUSE}],
        "bodies": [{"name": "市工信局", "role": "lead", "task": "统筹"}],
        "clauses": {"contracted": CLAUSE, "products": CLAUSE, "bodies": CLAUSE},
    }
    return DraftIn.model_validate(said | members)


def anything(_version: int) -> None:
    """Accept every version."""
