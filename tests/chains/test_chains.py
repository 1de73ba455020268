"""Chains, managers and plans stored and imported: plans never change, contradictions are refused."""

from datetime import date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer, local_operator
from app.chains import service
from app.chains.schemas import ManagerEnd, ManagerIn, PlanIn
from app.institutions.service import import_institutions
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import PageRequest

INSTITUTIONS = """\
institutions:
  - {code: SJ, name: 松江银行, short_name: 松江, kind: city_commercial, region: "230000"}
  - {code: JG, name: 监管局, short_name: 监管局, kind: regulator, region: "230000"}
"""
FILE = """\
chains:
  - code: GDZB
    name: 高端装备产业链
    industries: [C34, C35]
    source: 黑银发〔2023〕25号（二）
  - code: LY
    name: 新能源产业链
    jurisdiction: "410300"
    industries: [C38]
managers:
  - {chain: GDZB, role: leader, name: 甲, since: 2023-01-01, until: 2023-09-30}
  - {chain: GDZB, role: leader, name: 乙, since: 2023-10-01}
  - {chain: GDZB, role: office, name: 丙, since: 2023-01-01}
plans:
  - chain: GDZB
    since: 2023-10-16
    contracted: [{institution: SJ, quota: 5}]
    priority_purposes: [equipment]
    products: [SJ-1]
    clauses: {contracted: 十四, priority_purposes: 三, products: 六}
"""
ON = date(2023, 11, 15)


@pytest.fixture
async def world(session: AsyncSession, viewer: Viewer, now: datetime) -> AsyncSession:
    await import_institutions(session, viewer, INSTITUTIONS, "i.yaml", now=now)
    return session


def plan(**members: Any) -> PlanIn:
    values: dict[str, Any] = {
        "since": "2023-11-01", "priority_purposes": ["research"], "clauses": {"priority_purposes": "三"},
    }  # fmt: skip
    return PlanIn.model_validate(values | members)


async def test_a_file_makes_chains_managers_and_plans_and_again_changes_nothing(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    preview = await service.import_chains(world, viewer, FILE, "c.yaml", now=now, dry_run=True)
    assert await service.chain_codes(world, viewer) == frozenset()
    done = await service.import_chains(world, viewer, FILE, "c.yaml", now=now)
    assert (
        (done.new, done.managers, done.plans) == (preview.new, 3, ["GDZB"]) == (["GDZB", "LY"], 3, ["GDZB"])
    )
    again = await service.import_chains(world, viewer, FILE, "c.yaml", now=now)
    assert (again.new, again.changed, again.same, again.managers, again.plans) == ([], [], 2, 0, [])
    book = await service.chain_book(world, viewer, ON)
    found = book.plan_of("GDZB")
    assert found is not None
    assert {bank.institution: bank.quota for bank in found.contracted}["SJ"] == 5
    assert found.citation("contracted") == "高端装备产业链一链一策第1版，十四"
    assert "LY" not in book.chains
    assert set((await service.chain_book(world, local_operator("410302"), ON)).chains) == {"LY"}
    assert await service.planned_products(world, viewer) == {"GDZB": ("SJ-1",)}


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("institution: SJ,", "institution: XX,", "c.yaml:17 plans[0].contracted[0].institution", "no such institution"),
        ("institution: SJ,", "institution: JG,", "c.yaml:17 plans[0].contracted[0].institution", "public body"),
        ("quota: 5", "quota: -5", "c.yaml:17 plans[0].contracted[0].quota", "greater than or equal to 1"),
        ("quota: 5}", "quota: 5}, {institution: SJ}", "c.yaml:17 plans[0].contracted", "contracted twice"),
        ("    since: 2023-10-16", "    since: 2023-10-16\n    until: 2023-10-01", "c.yaml:15 plans[0]", "lies after"),
        (", products: 六", "", "c.yaml:15 plans[0]", "no clause is cited for products"),
        ("[SJ-1]", "[SJ-1, SJ-9]", "c.yaml:19 plans[0].products[1]", "no such product"),
        ("chain: GDZB\n", "chain: XX\n", "c.yaml:15 plans[0].chain", "no such chain"),
        ("name: 乙, since: 2023-10-01", "name: 乙, since: 2023-09-30", "c.yaml:12 managers[1].since", "overlaps 链长 甲"),
        ("role: office", "role: king", "c.yaml:13 managers[2].role", "'leader'"),
        ("[C34, C35]", "[C34, C99]", "c.yaml:4 chains[0].industries", "GB/T 4754"),
        ('"410300"', '"410399"', "c.yaml:8 chains[1].jurisdiction", "no region"),
    ],
)  # fmt: skip
async def test_a_contradiction_is_refused_at_its_place_and_nothing_is_written(
    world: AsyncSession, viewer: Viewer, now: datetime, old: str, new: str, place: str, message: str
) -> None:
    assert old in FILE
    with pytest.raises(Refused) as caught:
        await service.import_chains(
            world, viewer, FILE.replace(old, new), "c.yaml", now=now, known_products=frozenset({"SJ-1"})
        )
    found = {fault.where: fault.message for fault in caught.value.faults}
    assert message in found[place]
    assert await service.chain_codes(world, viewer) == frozenset()


async def test_a_plan_is_replaced_and_never_changed(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await service.import_chains(world, viewer, FILE, "c.yaml", now=now)
    seen: list[int] = []

    async def publish(given: PlanIn) -> int:
        done = await service.publish_plan(
            world, viewer, "GDZB", given, expect=seen.append, known_products=frozenset(), now=now
        )
        return done.version

    assert await publish(plan()) == 2
    assert await publish(plan()) == 2
    assert seen == [1, 2]
    assert (await service.get_plan(world, viewer, "GDZB")).priority_purposes == ("research",)
    first = await service.get_plan(world, viewer, "GDZB", on=date(2023, 10, 31))
    assert (first.version, first.priority_purposes) == (1, ("equipment",))
    assert first == await service.get_plan(world, viewer, "GDZB", version=1)
    with pytest.raises(Refused) as caught:
        await publish(plan(since="2023-10-31", priority_purposes=["green"]))
    assert [fault.where for fault in caught.value.faults] == ["since"]
    book = await service.chain_book(world, viewer, date(2023, 10, 15))
    assert book.plan_of("GDZB") is None


async def test_a_role_is_held_by_one_person_at_a_time(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await service.import_chains(world, viewer, FILE, "c.yaml", now=now)
    successor = ManagerIn(role="leader", name="丁", since=date(2024, 1, 1))
    with pytest.raises(Conflict):
        await service.appoint_manager(world, viewer, "GDZB", successor, now=now)
    end = ManagerEnd(until=date(2023, 12, 31))
    since = date(2023, 10, 1)
    versions: list[str] = []
    await service.end_manager(world, viewer, "GDZB", "leader", since, end, expect=versions.append)
    assert versions == ["open"]
    await service.appoint_manager(world, viewer, "GDZB", successor, now=now)
    with pytest.raises(Conflict):
        await service.end_manager(
            world, viewer, "GDZB", "leader", since, ManagerEnd(until=None), expect=versions.append
        )
    early = ManagerEnd(until=date(2023, 9, 1))
    with pytest.raises(Refused):
        await service.end_manager(world, viewer, "GDZB", "leader", since, early, expect=versions.append)
    people = await service.list_managers(world, viewer, "GDZB")
    assert [(one.name, one.until) for one in people if one.role == "leader"] == [
        ("甲", date(2023, 9, 30)),
        ("乙", date(2023, 12, 31)),
        ("丁", None),
    ]


async def test_chains_are_listed_by_jurisdiction(world: AsyncSession, viewer: Viewer, now: datetime) -> None:
    await service.import_chains(world, viewer, FILE, "c.yaml", now=now)
    everything = await service.list_chains(world, viewer, PageRequest())
    assert [(one.code, one.jurisdiction, one.plan_version) for one in everything.items] == [
        ("GDZB", "230000", 1),
        ("LY", "410300", 0),
    ]
    henan = await service.list_chains(world, viewer, PageRequest(), jurisdiction="410000")
    assert [one.code for one in henan.items] == ["LY"]


async def test_a_stale_reader_publishes_nothing(world: AsyncSession, viewer: Viewer, now: datetime) -> None:
    await service.import_chains(world, viewer, FILE, "c.yaml", now=now)

    def stale(version: int) -> None:
        raise PreconditionFailed(str(version))

    with pytest.raises(PreconditionFailed):
        await service.publish_plan(
            world, viewer, "GDZB", plan(), expect=stale, known_products=frozenset(), now=now
        )
    assert (await service.get_plan(world, viewer, "GDZB")).version == 1


async def test_over_http_a_chain_gets_managers_and_a_plan_by_etag(client: httpx.AsyncClient) -> None:
    bank = {
        "code": "SJ",
        "name": "松江银行",
        "short_name": "松江",
        "kind": "city_commercial",
        "region": "230000",
    }
    assert (await client.post("/institutions", json=bank)).status_code == 201
    chain = {"code": "GDZB", "name": "高端装备产业链", "industries": ["C34"]}
    made = await client.post("/chains", json=chain)
    assert (made.status_code, made.json()["jurisdiction"]) == (201, "230000")
    assert (await client.post("/chains", json=chain)).status_code == 409
    assert (await client.get("/chains/GDZB/plan")).status_code == 404

    body = {
        "since": "2023-10-16",
        "contracted": [{"institution": "SJ", "quota": 3}],
        "clauses": {"contracted": "九"},
    }
    assert (await client.put("/chains/GDZB/plan", json=body)).status_code == 428
    published = await client.put("/chains/GDZB/plan", json=body, headers={"If-Match": '"0"'})
    assert (published.status_code, published.json()["version"]) == (200, 1)
    assert (await client.put("/chains/GDZB/plan", json=body, headers={"If-Match": '"0"'})).status_code == 412
    bad = body | {"products": ["NONE"], "clauses": {"contracted": "九", "products": "六"}}
    refused = await client.put("/chains/GDZB/plan", json=bad, headers={"If-Match": '"1"'})
    assert [fault["where"] for fault in refused.json()["errors"]] == ["products.0"]
    assert (await client.get("/chains/GDZB/plan?on=2023-10-15")).status_code == 404
    assert (await client.get("/chains/GDZB/plan?on=2023-10-16")).headers["etag"] == '"1"'

    manager = {"role": "leader", "name": "甲", "since": "2023-01-01"}
    appointed = await client.post("/chains/GDZB/managers", json=manager)
    assert appointed.status_code == 201
    assert (await client.post("/chains/GDZB/managers", json=manager)).status_code == 409
    place = appointed.headers["location"].removeprefix("/api/v1")
    assert (await client.get(place)).json()["role_name"] == "链长"
    ended = await client.patch(place, json={"until": "2023-12-31"}, headers={"If-Match": '"open"'})
    assert (ended.status_code, ended.headers["etag"]) == (200, '"2023-12-31"')
    assert len((await client.get("/chains/GDZB/managers")).json()) == 1
    assert [one["plan_version"] for one in (await client.get("/chains")).json()["items"]] == [1]
