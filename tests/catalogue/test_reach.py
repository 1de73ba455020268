"""What of institutions, chains and products whom reaches: just inside is done, just outside is refused."""

from collections.abc import Awaitable
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.catalogue import service
from app.catalogue.schemas import ProductIn, RevisionIn
from app.chains import service as chains
from app.chains.schemas import ChainIn, ManagerEnd, ManagerIn, PlanIn
from app.institutions import service as institutions
from app.institutions.schemas import InstitutionIn, InstitutionPatch
from app.kernel.errors import Forbidden
from tests.catalogue.test_products import imported
from tests.catalogue.test_products_api import PRODUCT, REVISION

MORE = """\
institutions:
  - {code: SJ-HRB-DL, name: 道里支行, short_name: 道里, parent: SJ-HRB, region: "230102", capacity: 5}
  - {code: LJ, name: 龙江银行, short_name: 龙江, kind: city_commercial, region: "230000"}
  - {code: GH, name: 国行, short_name: 国行, kind: large, region: "110000"}
"""


def who(role: Role, scope: str) -> Viewer:
    return Viewer(f"{role}-{scope}", "230000", (Grant(role, scope),), 1)


BRANCH = who(Role.BANK_ADMINISTRATOR, "SJ-HRB")
PROVINCE, HARBIN = who(Role.COORDINATOR, "230000"), who(Role.COORDINATOR, "230100")
GDZB, OTHER_CHAIN = who(Role.CHAIN_MANAGER, "GDZB"), who(Role.CHAIN_MANAGER, "LY")


@pytest.fixture
async def town(world: AsyncSession, viewer: Viewer, now: datetime) -> AsyncSession:
    await institutions.import_institutions(world, viewer, MORE, "more.yaml", now=now)
    await imported(world, viewer, now)
    return world


def anything(_version: Any) -> None:
    """Accept every version."""


async def is_done(work: Awaitable[Any]) -> bool:
    try:
        await work
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("viewer", "parent", "region", "expected"),
    [
        (BRANCH, "SJ-HRB", "230102", True),
        (BRANCH, "SJ-HRB-DL", "230102", True),
        (BRANCH, "SJ", "230102", False),
        (BRANCH, "LJ", "230102", False),
        (BRANCH, None, "230102", False),
        (HARBIN, "LJ", "230102", True),
        (HARBIN, "SJ-HRB", "230200", False),
        (PROVINCE, None, "110000", True),
        (HARBIN, None, "110000", False),
    ],
)
async def test_a_new_institution_stands_where_its_maker_reaches(
    town: AsyncSession,
    now: datetime,
    viewer: Viewer,
    parent: str | None,
    region: str,
    expected: bool,  # noqa: FBT001
) -> None:
    kind = None if parent else "village"
    body = InstitutionIn.model_validate(
        {"code": "NEW", "name": "新", "short_name": "新", "kind": kind, "parent": parent, "region": region}
    )
    assert await is_done(institutions.create_institution(town, viewer, body, now=now)) is expected


@pytest.mark.parametrize(
    ("viewer", "code", "patch", "expected"),
    [
        (BRANCH, "SJ-HRB", {"capacity": 9}, True),
        (BRANCH, "SJ-HRB-DL", {"capacity": 9}, True),
        (BRANCH, "SJ", {"capacity": 9}, False),
        (BRANCH, "LJ", {"capacity": 9}, False),
        (BRANCH, "SJ-HRB-DL", {"parent": "SJ"}, False),
        (BRANCH, "SJ-HRB", {"parent": "LJ"}, False),
        (BRANCH, "SJ-HRB", {"parent": "SJ"}, True),
        (HARBIN, "SJ-HRB", {"capacity": 9}, True),
        (HARBIN, "SJ", {"capacity": 9}, False),
        (HARBIN, "SJ-HRB-DL", {"region": "230103"}, True),
        (HARBIN, "SJ-HRB-DL", {"region": "230202"}, False),
        (PROVINCE, "GH", {"capacity": 9}, True),
    ],
)
async def test_an_institution_is_changed_by_who_reaches_it_before_and_after(
    town: AsyncSession,
    now: datetime,
    viewer: Viewer,
    code: str,
    patch: dict[str, Any],
    expected: bool,  # noqa: FBT001
) -> None:
    body = InstitutionPatch.model_validate(patch)
    work = institutions.change_institution(town, viewer, code, body, expect=anything, now=now)
    assert await is_done(work) is expected


@pytest.mark.parametrize(
    ("viewer", "institution", "expected"),
    [
        (BRANCH, "SJ-HRB", True),
        (BRANCH, "SJ-HRB-DL", True),
        (BRANCH, "SJ", False),
        (BRANCH, "LJ", False),
        (HARBIN, "SJ-HRB", True),
        (HARBIN, "SJ", False),
        (PROVINCE, "SJ", True),
    ],
)
async def test_a_product_is_made_by_who_reaches_its_institution(
    town: AsyncSession,
    now: datetime,
    viewer: Viewer,
    institution: str,
    expected: bool,  # noqa: FBT001
) -> None:
    body = ProductIn.model_validate(PRODUCT | {"code": "NEW", "institution": institution})
    assert await is_done(service.create_product(town, viewer, body, now=now)) is expected


@pytest.mark.parametrize(
    ("viewer", "code", "expected"),
    [
        (BRANCH, "SJ-HRB-DYD", True),
        (BRANCH, "SJ-KCED", False),
        (BRANCH, "DB-PL", False),
        (PROVINCE, "SJ-KCED", True),
    ],
)
async def test_a_product_is_revised_by_who_reaches_its_institution(
    town: AsyncSession,
    now: datetime,
    viewer: Viewer,
    code: str,
    expected: bool,  # noqa: FBT001
) -> None:
    body = RevisionIn.model_validate(REVISION)
    work = service.revise_product(town, viewer, code, body, expect=anything, now=now)
    assert await is_done(work) is expected


async def test_the_library_is_published_by_a_coordinator_of_the_whole(
    town: AsyncSession, now: datetime
) -> None:
    assert not await is_done(service.publish_library(town, HARBIN, "2023Q4", now=now))
    assert not await is_done(service.publish_library(town, BRANCH, "2023Q4", now=now))
    assert await is_done(service.publish_library(town, PROVINCE, "2023Q4", now=now))


async def test_a_chains_plan_is_its_managers_and_its_coordinators_and_the_rest_only_theirs(
    town: AsyncSession, now: datetime
) -> None:
    plan = PlanIn.model_validate(
        {"since": "2023-11-01", "priority_purposes": ["research"], "clauses": {"priority_purposes": "三"}}
    )
    leader = ManagerIn(role="leader", name="甲", body="省工信厅", since=date(2023, 11, 1), until=None)
    found = {}
    for viewer in (GDZB, OTHER_CHAIN, HARBIN, PROVINCE):
        found[viewer.name] = (
            await is_done(service.publish_chain_plan(town, viewer, "GDZB", plan, expect=anything, now=now)),
            await is_done(
                chains.create_chain(
                    town,
                    viewer,
                    ChainIn(code=f"N{viewer.name[-4:]}", name="新链", industries=("C34",)),
                    now=now,
                )
            ),
            await is_done(chains.appoint_manager(town, viewer, "GDZB", leader, now=now)),
        )
    assert found == {
        GDZB.name: (True, False, False),
        OTHER_CHAIN.name: (False, False, False),
        HARBIN.name: (False, False, False),
        PROVINCE.name: (True, True, True),
    }
    end = ManagerEnd(until=leader.since)
    for viewer, expected in ((GDZB, False), (HARBIN, False), (PROVINCE, True)):
        ending = chains.end_manager(town, viewer, "GDZB", "leader", leader.since, end, expect=anything)
        assert await is_done(ending) is expected
