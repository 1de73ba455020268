"""Two-sided selection in the demonstration: a round of the past that is closed, with its proof, and one that takes lists now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from app.accounts.rules import Role, Viewer
from app.cli.bodies import any_version
from app.cli.demo_people import DemoPerson
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.selection import deciding_service as deciding
from app.selection import lists_service as lists
from app.selection import objections_service as objections
from app.selection import service
from app.selection.measuring import own_banks
from app.selection.measuring_service import contracts_in_force
from app.selection.schemas import ComputeIn, ListIn, LockIn, ObjectionAnswerIn, ObjectionIn, RoundIn

PAST, PRESENT = "2023Q4", "SX-YS"
CHAINS: Final = ("HLJ-GDZB", "HLJ-NJZB", "HLJ-HKHT", "HLJ-QCZZ", "HLJ-DLZB", "HLJ-SWYY")
OPENED, LOCKED, OVER = date(2023, 11, 20), date(2023, 12, 1), date(2023, 12, 15)
DAYS_OPEN: Final = 30
RANKED: Final = 3


async def seed_selection(
    session: AsyncSession, viewer: Viewer, editions: tuple[str, str], people: Sequence[DemoPerson], *, now: datetime
) -> None:  # fmt: skip
    """Live through a round, and open another one, unless they are there."""
    try:
        await service.get_round(session, viewer, PAST, now=now)
    except NotFound:
        banks = await _banks(session, viewer, people)
        chains = (*CHAINS, *(one.scope for one in people if one.role is Role.CHAIN_MANAGER))
        chains = tuple(dict.fromkeys(chains))
        await _past(session, viewer, editions[0], chains, banks)
        await _present(session, viewer, editions[1], chains, banks, now)


async def _banks(session: AsyncSession, viewer: Viewer, people: Sequence[DemoPerson]) -> tuple[str, ...]:
    """Answer the banks that take part; the one that somebody of the demonstration administers stands for its head office."""
    tree = await institution_tree(session, viewer)
    scopes = (tree.find(one.scope) for one in people if one.role is Role.BANK_ADMINISTRATOR)
    instead = {tree.root_of(node.id).code: node.code for node in scopes if node is not None}
    return tuple(instead.get(code, code) for code in own_banks(tree, viewer.jurisdiction))


async def _lists(
    session: AsyncSession, viewer: Viewer, chains: Sequence[str], banks: Sequence[str], on: date
) -> Mapping[str, ListIn]:
    """Answer a list of every chain and of every other bank: each begins with another one, the second and third are equals."""
    contracts = await contracts_in_force(session, viewer, chains, banks, on)
    held = Counter(code for pair in contracts for code in pair)
    sides = ((chains, banks, 2), (banks[::2], chains, 1))
    return {
        code: ListIn(quota=held[code] + places, tiers=_tiers(others, place))
        for own, others, places in sides
        for place, code in enumerate(own)
    }


def _tiers(others: Sequence[str], place: int) -> list[list[str]]:
    chosen = [others[(place * 2 + step) % len(others)] for step in range(min(RANKED, len(others)))]
    return [chosen[:1], chosen[1:]] if chosen[1:] else [chosen]


async def _past(
    session: AsyncSession, viewer: Viewer, edition: str, chains: Sequence[str], banks: Sequence[str]
) -> None:
    opened, locked, over = (_noon(day) for day in (OPENED, LOCKED, OVER))
    terms = {
        "code": PAST, "name": "2023年第四季度银链双选（演示）", "edition": edition, "chains": list(chains), "banks": list(banks),
        "submit_until": LOCKED - timedelta(days=1), "absent_places": 1,
    }  # fmt: skip
    await service.open_round(session, viewer, RoundIn.model_validate(terms), now=opened)
    for code, body in (await _lists(session, viewer, chains, banks, OPENED)).items():
        await lists.hand_in(session, viewer, PAST, code, body, expect=any_version, now=opened)
    await deciding.lock(session, viewer, PAST, LockIn(), expect=any_version, now=locked)
    await deciding.compute_round(session, viewer, PAST, ComputeIn(), expect=any_version, now=locked)
    await deciding.publish(session, viewer, PAST, expect=any_version, now=locked)
    said = ObjectionIn(participant=chains[0], text="请说明响应速度按哪些名单版次统计（演示）")
    await objections.object_to(session, viewer, PAST, said, now=locked)
    reason = "按本期和上一期名单的首次联系记录统计，与测算数据一致（演示）"
    answered = ObjectionAnswerIn(is_upheld=False, reason=reason)
    await objections.answer(session, viewer, PAST, 1, answered, expect=any_version, now=locked)
    await deciding.close(session, viewer, PAST, expect=any_version, now=over)


async def _present(
    session: AsyncSession,
    viewer: Viewer,
    edition: str,
    chains: Sequence[str],
    banks: Sequence[str],
    now: datetime,
) -> None:
    """Open a round in which a few have handed in already, and nobody of the demonstration's people."""
    terms = {
        "code": PRESENT, "name": "银链双选（演示，征集中）", "edition": edition, "chains": list(chains), "banks": list(banks),
        "submit_until": shanghai_date(now) + timedelta(days=DAYS_OPEN), "proposing": "banks",
    }  # fmt: skip
    await service.open_round(session, viewer, RoundIn.model_validate(terms), now=now)
    written = await _lists(session, viewer, chains, banks, shanghai_date(now))
    for code, body in list(written.items())[1:3]:
        await lists.hand_in(session, viewer, PRESENT, code, body, expect=any_version, now=now)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), SHANGHAI)
