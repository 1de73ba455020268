"""A random day: many people do what they do, all at once, each after the other's answer has come."""

import asyncio
import io
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx
from sqlalchemy import select

from app.allocation.tables import Assignment
from app.cli.demo import demo_plan
from app.coordination.rules import case_code
from app.coordination.tables import CoordinationCase
from app.docking.round_service import remind_and_escalate
from app.enterprises.tables import Consent, Need
from app.institutions.tables import Institution
from app.kernel.database import transaction
from app.whitelist.tables import ReviewItem, WhitelistEntry
from tests.concurrency.invariants import OPERATOR
from tests.concurrency.town import EDITION, ENTRIES, NOW, SEED, Town

REASONS: Final = (
    "no_collateral",
    "outside_product_terms",
    "insufficient_repayment",
    "missing_elements_land",
    "litigation",
)
EVENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "accepted": {}, "contacted": {}, "visited": {},
    "credit_approved": {"amount": "100000.00", "rate": "3.85", "term_months": 12, "is_credit_loan": True},
    "disbursed": {"amount": "60000.00"},
    "paused": {"pause_reason": "materials", "evidence": "材料未齐，见清单"},
    "resumed": {}, "resolved": {"note": "已督办"},
}  # fmt: skip


@dataclass
class Mix:
    """Who does what to whom, drawn by a seed; only so many entries that people meet all the time."""

    town: Town
    chance: random.Random
    entries: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    rosters: list[bytes] = field(default_factory=list)

    async def prepare(self, entries: int) -> None:
        """Choose what the day is about."""
        statement = (
            select(WhitelistEntry.code, Need.code)
            .join(Need, Need.id == WhitelistEntry.need_id)
            .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
            .where(
                WhitelistEntry.code.startswith(EDITION),
                Assignment.ended_at.is_(None),
                Assignment.institution_id.is_not(None),
            )
            .order_by(WhitelistEntry.code)
        )
        rows = await self.town.rows(statement)
        used = [row for row in rows if row[0] in self.town.taken]
        chosen = self.chance.sample(used if len(used) >= entries else rows, entries)
        self.town.taken |= {row[0] for row in chosen}
        self.entries, self.needs = [row[0] for row in chosen], [row[1] for row in chosen]
        self.rosters = [one.roster for one in demo_plan(SEED, ENTRIES).half_years]

    async def live(self, people: int, steps: int) -> list[httpx.Response]:
        """Let people do so many things each; answer all answers."""
        acts = list(ACTS)
        weights = [ACTS[act] for act in acts]

        async def one(chance: random.Random) -> list[httpx.Response]:
            found = []
            for _ in range(steps):
                act = chance.choices(acts, weights)[0]
                answer = await act(self, chance)
                if answer is not None:
                    self.town.answers[act.__name__, answer.status_code] += 1
                    found.append(answer)
            return found

        lives = [one(random.Random(self.chance.random())) for _ in range(people)]
        return [answer for life in await asyncio.gather(*lives) for answer in life]

    def entry(self, chance: random.Random) -> str:
        """Answer an entry's code."""
        return chance.choice(self.entries)

    async def change(self, read: str, write: str, body: Any, *, method: str = "PUT") -> httpx.Response:
        """Read something, and change it as it was read, if nobody did meanwhile."""
        found = await self.town.ask("operator", "GET", read)
        if found.status_code != 200:
            return found
        if callable(body):
            body = body(found.json())
        return await self.town.ask("operator", method, write, json=body, etag=found.headers["etag"])


Act = Callable[[Mix, random.Random], Awaitable[httpx.Response | None]]


async def log(mix: Mix, chance: random.Random) -> httpx.Response:
    kind = chance.choice(list(EVENTS))
    path = f"/whitelist/entries/{mix.entry(chance)}/docking-events"
    return await mix.town.ask("operator", "POST", path, json={"kind": kind, **EVENTS[kind]})


async def decline(mix: Mix, chance: random.Random) -> httpx.Response:
    body = {"kind": "declined", "reason": chance.choice(REASONS), "evidence": "尽调报告第3页"}
    path = f"/whitelist/entries/{mix.entry(chance)}/docking-events"
    return await mix.town.ask("operator", "POST", path, json=body)


async def correct(mix: Mix, chance: random.Random) -> httpx.Response | None:
    path = f"/whitelist/entries/{mix.entry(chance)}/docking-events"
    logged = (await mix.town.ask("operator", "GET", path)).json()["items"]
    if not logged:
        return None
    wrong = chance.choice(logged[-4:])["sequence"]
    body = {"kind": "corrected", "corrects": wrong, "evidence": "录入有误，见更正单"}
    return await mix.town.ask("operator", "POST", path, json=body)


async def withdraw(mix: Mix, chance: random.Random) -> httpx.Response:
    path = f"/whitelist/entries/{mix.entry(chance)}"
    return await mix.change(path, f"{path}/withdrawal", {"reason": "企业已迁出"})


async def reopen(mix: Mix, chance: random.Random) -> httpx.Response:
    path = f"/whitelist/entries/{mix.entry(chance)}"
    return await mix.change(path, f"{path}/reopening", {"reason": "企业已迁回"}, method="POST")


async def reroute(mix: Mix, chance: random.Random) -> httpx.Response:
    codes = sorted(set(chance.choices(mix.entries, k=3)))
    body = {"edition": EDITION, "entries": codes, "reason": "逾期未对接", "dry_run": False}
    return await mix.town.ask("operator", "POST", "/docking/reroutes", json=body)


async def allocate(mix: Mix, chance: random.Random) -> httpx.Response:
    body = {"edition": EDITION, "keep_settled": chance.random() < 0.6}
    return await mix.town.ask("operator", "POST", "/allocations", json=body)


async def match(mix: Mix, chance: random.Random) -> httpx.Response:
    body = {"edition": EDITION, "on": "2023-10-16", "library": "2023Q4"}
    return await mix.town.ask("operator", "POST", "/matches/runs", json=body)


async def bring_roster(mix: Mix, chance: random.Random) -> httpx.Response:
    roster = chance.choice(mix.rosters)
    return await mix.town.ask(
        "operator",
        "POST",
        "/whitelist/imports",
        data={"edition": EDITION, "accept_valid": "true"},
        files={"file": ("roster.xlsx", io.BytesIO(roster))},
    )


async def review(mix: Mix, chance: random.Random) -> httpx.Response | None:
    items = await mix.town.rows(select(ReviewItem.id, ReviewItem.kind).where(ReviewItem.decision.is_(None)))
    if not items:
        return None
    number, kind = chance.choice(items)
    decision = "different_firm" if kind == "duplicate_name" else chance.choice(("admit", "refuse"))
    path = f"/whitelist/reviews/{number}"
    return await mix.change(path, path, {"decision": decision, "reason": "核对后认为如此"})


async def restate(mix: Mix, chance: random.Random) -> httpx.Response:
    path = f"/needs/{chance.choice(mix.needs)}"

    def stated(need: Any) -> Any:
        return {"facts": need["facts"] | {"term_months": chance.randint(6, 36)}}

    return await mix.change(path, path, stated)


async def hand(mix: Mix, chance: random.Random) -> httpx.Response | None:
    path = f"/whitelist/entries/{mix.entry(chance)}/handler"
    found = await mix.town.ask("operator", "GET", path)
    if found.status_code != 200:
        return found
    person = f"{found.json()['institution'].lower()}-{chance.choice((1, 2))}"
    if person not in mix.town.viewers:
        return None
    body = {"person": mix.town.person(person)}
    return await mix.town.ask("operator", "PUT", path, json=body, etag=found.headers["etag"])


async def hand_over(mix: Mix, chance: random.Random) -> httpx.Response:
    pair = [name for name in mix.town.viewers if name[-2:] == "-1"]
    name = chance.choice(pair)[:-2]
    people = [mix.town.person(f"{name}-1"), mix.town.person(f"{name}-2")]
    chance.shuffle(people)
    body = {"from": people[0], "to": people[1], "reason": "岗位调整", "dry_run": False}
    return await mix.town.ask("operator", "POST", "/handovers", json=body)


async def raise_case(mix: Mix, chance: random.Random) -> httpx.Response:
    body = {
        "entry": mix.entry(chance),
        "kind": chance.choice(("land", "environment", "guarantee", "other")),
        "question": "请协调",
    }
    return await mix.town.ask("operator", "POST", "/coordination/cases", json=body)


async def close_case(mix: Mix, chance: random.Random) -> httpx.Response | None:
    cases = await mix.town.rows(select(CoordinationCase.id).where(CoordinationCase.state == "open"))
    if not cases:
        return None
    path = f"/coordination/cases/{case_code(chance.choice(cases)[0])}"
    how = chance.choice(("resolution", "refusal"))
    return await mix.change(path, f"{path}/{how}", {"outcome": "已办"}, method="POST")


async def change_capacity(mix: Mix, chance: random.Random) -> httpx.Response:
    banks = await mix.town.rows(select(Institution.code).where(Institution.capacity.is_not(None)))
    path = f"/institutions/{chance.choice(banks)[0]}"
    return await mix.change(path, path, {"capacity": chance.randint(1, 40)}, method="PATCH")


async def revise_product(mix: Mix, chance: random.Random) -> httpx.Response:
    code = chance.choice(("HYCX-KCED", "JHYH-GDZB"))

    def revised(product: Any) -> Any:
        kept = {name: product[name] for name in ("name", "terms", "valid_from", "valid_until", "is_demo")}
        return kept | {"name": f"{product['name'].split('·')[0]}·{chance.randint(1, 99)}"}

    return await mix.change(f"/products/{code}", f"/products/{code}/revisions", revised, method="POST")


async def consent(mix: Mix, chance: random.Random) -> httpx.Response:
    body = {
        "purpose": "financing_docking",
        "groups": ["contact", "financial", "judicial"],
        "until": "2024-09-30",
        "evidence": "纸质授权书",
    }
    return await mix.town.ask("operator", "POST", f"/needs/{chance.choice(mix.needs)}/consents", json=body)


async def revoke(mix: Mix, chance: random.Random) -> httpx.Response | None:
    statement = (
        select(Consent.id, Need.code)
        .join(Need, Need.id == Consent.need_id)
        .where(Consent.revoked_at.is_(None))
    )
    given = await mix.town.rows(statement)
    if not given:
        return None
    number, need = chance.choice(given)
    path = f"/needs/{need}/consents/{number}"
    return await mix.change(path, f"{path}/revocation", {})


async def ring(mix: Mix, chance: random.Random) -> None:
    """Make a part of a round of some days later, as each worker does."""
    async with transaction(chance.choice(mix.town.sessions)) as session:
        await remind_and_escalate(session, OPERATOR, now=NOW + timedelta(days=chance.randint(1, 12)))


async def look(mix: Mix, chance: random.Random) -> httpx.Response:
    who = chance.choice(sorted(mix.town.viewers.keys() - {"chief", "deputy"}))
    return await mix.town.ask(who, "GET", f"/whitelist/entries/{mix.entry(chance)}")


ACTS: Final[dict[Act, int]] = {
    log: 24, decline: 8, correct: 6, withdraw: 3, reopen: 4, reroute: 4, allocate: 3, match: 3, bring_roster: 2, review: 3,
    restate: 4, hand: 5, hand_over: 2, raise_case: 3, close_case: 4, change_capacity: 3, revise_product: 2, consent: 2,
    revoke: 2, ring: 4, look: 4,
}  # fmt: skip
