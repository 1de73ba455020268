"""Institutions stored, changed and imported: whole or not at all."""

from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.institutions import service
from app.institutions.rules import InstitutionKind, InstitutionTree
from app.institutions.schemas import InstitutionIn, InstitutionPatch
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.recording import Recorder, reading

FILE = """\
note: 测试用
institutions:
  - code: SJ-HRB-DL
    name: 松江银行道里支行
    short_name: 松江道里
    parent: SJ-HRB
    region: "230102"
    capacity: 4
  - code: SJ
    name: 松江银行
    short_name: 松江银行
    kind: city_commercial
    region: "230000"
    credit_loan_share: 32.5
    borrower_limit: 1.5亿元
    group_capacity: 30
  - code: SJ-HRB
    name: 松江银行哈尔滨分行
    short_name: 松江哈尔滨
    parent: SJ
    region: "230100"
    capacity: 10
"""


def anything(_version: int) -> None:
    """Accept every version."""


async def test_a_file_makes_the_tree_whatever_the_order_of_its_records(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    done = await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)
    assert (done.new, done.changed, done.same) == (["SJ", "SJ-HRB", "SJ-HRB-DL"], [], 0)
    tree = await service.institution_tree(session, viewer)
    head, leaf = tree.find("SJ"), tree.find("SJ-HRB-DL")
    assert head is not None
    assert leaf is not None
    assert leaf.kind is InstitutionKind.CITY_COMMERCIAL
    assert leaf.root == head.id
    assert leaf.areas == ("230102",)
    assert tree.borrower_limit_of(leaf.id) == 150_000_000_00
    assert tree.credit_loan_share_of(leaf.id) == 3_250
    assert [node.code for node in tree.serving(head.id, "230103")] == ["SJ-HRB"]


async def test_the_same_file_again_changes_nothing_and_a_dry_run_writes_nothing(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    preview = await service.import_institutions(session, viewer, FILE, "a.yaml", now=now, dry_run=True)
    assert preview.is_dry_run
    assert len(preview.new) == 3
    assert not (await service.institution_tree(session, viewer)).nodes
    await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)
    before = await service.get_institution(session, viewer, "SJ-HRB")
    again = await service.import_institutions(session, viewer, FILE, "a.yaml", now=now + timedelta(days=1))
    assert (again.new, again.changed, again.same) == ([], [], 3)
    assert await service.get_institution(session, viewer, "SJ-HRB") == before


async def test_every_fault_of_a_file_is_named_by_line_and_nothing_is_written(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    bad = FILE.replace("capacity: 4", "capacity: -4").replace('"230100"', "230100")
    with pytest.raises(Refused) as caught:
        await service.import_institutions(session, viewer, bad + "colour: red\n", "a.yaml", now=now)
    places = sorted(fault.where for fault in caught.value.faults)
    assert places == [
        "a.yaml:21 institutions[2].region",
        "a.yaml:23 colour",
        "a.yaml:8 institutions[0].capacity",
    ]
    assert not (await service.institution_tree(session, viewer)).nodes


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("parent: SJ\n", "parent: XX\n", "a.yaml:20 institutions[2].parent", "no such institution"),
        ("parent: SJ\n", "parent: SJ-HRB-DL\n", "a.yaml:6 institutions[0].parent", "ring"),
        ("parent: SJ\n", "kind: large\n    parent: SJ\n", "a.yaml:20 institutions[2].kind", "kind of its parent"),
        ("    kind: city_commercial\n", "", "a.yaml:9 institutions[1].kind", "needs its kind"),
        ('"230102"', '"230199"', "a.yaml:7 institutions[0].region", "no region"),
        ("code: SJ\n", "code: SJ-HRB\n", "a.yaml:17 institutions[2].code", "twice"),
        ('region: "230000"', 'uscc: "91230100765543210A"\n    region: "230000"', "a.yaml:13 institutions[1].uscc", "check character"),
    ],
)  # fmt: skip
async def test_a_contradiction_is_refused_at_its_place(
    session: AsyncSession, viewer: Viewer, now: datetime, old: str, new: str, place: str, message: str
) -> None:
    assert old in FILE
    with pytest.raises(Refused) as caught:
        await service.import_institutions(session, viewer, FILE.replace(old, new), "a.yaml", now=now)
    found = {fault.where: fault.message for fault in caught.value.faults}
    assert message in found[place]


async def test_a_branch_that_moves_takes_all_below_it_along(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)
    other = InstitutionIn(
        code="HS", name="黑松银行", short_name="黑松", kind=InstitutionKind.CITY_COMMERCIAL, region="230000"
    )
    await service.create_institution(session, viewer, other, now=now)
    moved = await service.change_institution(
        session, viewer, "SJ-HRB", InstitutionPatch(parent="HS"), expect=anything, now=now
    )
    assert (moved.parent, moved.root, moved.version) == ("HS", "HS", 2)
    tree = await service.institution_tree(session, viewer)
    leaf = tree.find("SJ-HRB-DL")
    assert leaf is not None
    assert [node.code for node in tree.path(leaf.id)] == ["HS", "SJ-HRB", "SJ-HRB-DL"]
    assert tree.node(leaf.root).code == "HS"


async def test_no_institution_may_stand_below_itself(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)
    with pytest.raises(Refused) as caught:
        await service.change_institution(
            session, viewer, "SJ", InstitutionPatch(parent="SJ-HRB-DL"), expect=anything, now=now
        )
    assert [fault.where for fault in caught.value.faults] == ["parent"]


async def test_lists_filter_by_kind_place_and_parent_and_page_by_code(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)

    async def codes(**filters: str) -> list[str]:
        kind = InstitutionKind(filters.pop("kind")) if "kind" in filters else None
        page = await service.list_institutions(session, viewer, PageRequest(), kind=kind, **filters)
        return [item.code for item in page.items]

    assert await codes(region="230100") == ["SJ-HRB", "SJ-HRB-DL"]
    assert await codes(parent="SJ") == ["SJ-HRB"]
    assert await codes(kind="large") == []
    first = await service.list_institutions(session, viewer, PageRequest(limit=2))
    rest = await service.list_institutions(session, viewer, PageRequest(limit=2, cursor=first.next))
    assert [item.code for item in (*first.items, *rest.items)] == ["SJ", "SJ-HRB", "SJ-HRB-DL"]
    assert rest.next is None


async def test_unknown_codes_are_not_found_and_taken_ones_conflict(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    with pytest.raises(NotFound):
        await service.get_institution(session, viewer, "SJ")
    data = InstitutionIn(code="SJ", name="松", short_name="松", kind=InstitutionKind.LARGE, region="230000")
    await service.create_institution(session, viewer, data, now=now)
    with pytest.raises(Conflict):
        await service.create_institution(session, viewer, data, now=now)

    def stale(version: int) -> None:
        raise PreconditionFailed(str(version))

    with pytest.raises(PreconditionFailed):
        await service.change_institution(session, viewer, "SJ", InstitutionPatch(), expect=stale, now=now)


async def test_over_http_an_institution_is_created_once_and_changed_by_etag(
    client: httpx.AsyncClient,
) -> None:
    body = {"code": "SJ", "name": "松江银行", "short_name": "松江", "kind": "city_commercial",
            "region": "230000", "credit_loan_share": "32.5", "borrower_limit": "150000000.00"}  # fmt: skip
    key = {"Idempotency-Key": "one"}
    made = await client.post("/institutions", json=body, headers=key)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == "/api/v1/institutions/SJ"
    replayed = await client.post("/institutions", json=body, headers=key)
    assert replayed.json() == made.json()
    assert made.json()["borrower_limit"] == "150000000.00"
    assert made.json()["credit_loan_share"] == "32.50"
    assert (await client.post("/institutions", json=body)).status_code == 409
    etag = (await client.get("/institutions/SJ")).headers["etag"]
    patch = {"capacity": 9, "credit_loan_share": None}
    assert (await client.patch("/institutions/SJ", json=patch)).status_code == 428
    changed = await client.patch("/institutions/SJ", json=patch, headers={"If-Match": etag})
    assert changed.json()["capacity"] == 9
    assert changed.json()["credit_loan_share"] is None
    assert changed.json()["borrower_limit"] == "150000000.00"
    stale = await client.patch("/institutions/SJ", json=patch, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert [item["code"] for item in (await client.get("/institutions?kind=city_commercial")).json()["items"]] == ["SJ"]  # fmt: skip


BAD_MEMBERS: list[tuple[dict[str, object], str]] = [
    ({"region": "239999"}, "region"),
    ({"areas": ["230102", "xx"]}, "areas.1"),
    ({"capacity": 10**12}, "capacity"),
    ({"colour": "red"}, "colour"),
    ({"name": "a\x00b"}, "name"),
    ({"parent": "NOBODY"}, "parent"),
    ({"uscc": "91230100765543210A"}, "uscc"),
    ({"borrower_limit": 5}, "borrower_limit"),
]


async def test_over_http_a_bad_member_is_refused_by_its_name(client: httpx.AsyncClient) -> None:
    body = {
        "code": "SJ",
        "name": "松江银行",
        "short_name": "松江",
        "kind": "city_commercial",
        "region": "230000",
    }
    for change, where in BAD_MEMBERS:
        answer = await client.post("/institutions", json=body | change)
        assert answer.status_code == 422, change
        assert [fault["where"] for fault in answer.json()["errors"]] == [where]
    assert (await client.get("/institutions")).json()["items"] == []


async def test_who_only_reads_is_shown_the_tree_as_it_is_now(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    async def shown() -> InstitutionTree:
        async with reading(sessions, Recorder()) as session:
            return await service.institution_tree(session, viewer)

    async with transaction(sessions) as session:
        await service.import_institutions(session, viewer, FILE, "a.yaml", now=now)
    before = await shown()
    assert await shown() is before
    async with transaction(sessions) as session:
        patch = InstitutionPatch(areas=["230103"])
        await service.change_institution(session, viewer, "SJ-HRB-DL", patch, expect=anything, now=now)
    leaf = (await shown()).find("SJ-HRB-DL")
    assert leaf is not None
    assert leaf.areas == ("230103",)
