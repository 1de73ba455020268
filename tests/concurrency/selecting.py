"""Rounds of two-sided selection for the town: one chain and one bank that both have handed in, as far as a change needs it."""

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import update

from app.accounts.rules import Grant, Role, Viewer
from app.kernel.clock import shanghai_today
from app.kernel.database import transaction
from app.selection.tables import SelectionRound
from tests.concurrency.town import EDITION, JURISDICTION, Town

CHAIN, BANK = "HLJ-DLZB", "BJFZ"
REASON: Final = "核对后认为如此"
ACTS: Final = ("lock", "computation", "publication")


def speaker(town: Town) -> str:
    """Answer who speaks for the chain and for the bank: nobody else reads their lists while they are sealed."""
    grants = (Grant(Role.CHAIN_MANAGER, CHAIN), Grant(Role.BANK_ADMINISTRATOR, BANK))
    town.viewers["speaker"] = Viewer("speaker", JURISDICTION, grants, town.person("second"))
    return "speaker"


async def _done(town: Town, method: str, path: str, body: Any) -> Any:
    who = speaker(town) if method == "PUT" else "operator"
    read = await town.ask(who, "GET", path.rpartition("/")[0] if method == "POST" else path)
    answer = await town.ask(who, method, path, json=body, etag=read.headers["etag"])
    assert answer.is_success, answer.text
    return answer.json()


async def round_of(town: Town, acts: int = 0, *, is_filled: bool = True) -> str:
    """Open a round, have both hand in, and take the first of the acts; answer its address."""
    until = shanghai_today() + timedelta(days=9)
    code = f"R{town.asked}"
    body = {
        "code": code, "name": "双选", "edition": EDITION, "chains": [CHAIN], "banks": [BANK], "submit_until": until.isoformat(),
    }  # fmt: skip
    made = await town.ask("operator", "POST", "/selection/rounds", json=body)
    assert made.status_code == 201, made.text
    path = f"/selection/rounds/{code}"
    for one in (CHAIN, BANK) if is_filled else ():
        await _done(town, "PUT", f"{path}/participants/{one}/list", {"quota": 1})
    for act in ACTS[:acts]:
        await _done(town, "POST", f"{path}/{act}", {})
    return path


async def objected(town: Town) -> str:
    """Have an objection raised to a published result; answer its address."""
    path = await round_of(town, 3)
    body = {"participant": CHAIN, "text": REASON}
    made = await town.ask(speaker(town), "POST", f"{path}/objections", json=body)
    assert made.status_code == 201, made.text
    return f"{path}/objections/1"


async def over(town: Town) -> str:
    """Answer the address of a round whose objection period is over."""
    path = await round_of(town, 3)
    ended = shanghai_today() - timedelta(days=1)
    async with transaction(town.sessions[0]) as session:
        statement = update(SelectionRound).where(SelectionRound.code == path.rpartition("/")[2])
        await session.execute(statement.values(objection_until=ended))
    return path
