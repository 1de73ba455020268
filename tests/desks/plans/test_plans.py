"""A plan by pages: drafted in the form, compared by a worker, seen need by need, published after a confirmation, archived."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.accounts.rules import Role, local_operator
from app.desks.forms import Form
from app.desks.naming import Choices, Offer
from app.desks.plans import writing
from app.desks.plans.writing import Known, form_of, read, rows_of
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.running import JobRunner
from app.kernel import form_fields
from app.kernel.clock import utc_now
from app.kernel.settings import Settings
from app.matching import service as matching
from app.visibility.service import narrow
from tests.accounts.offices import working
from tests.accounts.signing import Installation
from tests.apps import create_app
from tests.bottlenecks.world import EDITION
from tests.desks.visits import Visit
from tests.plans.town import CHAIN, CLAUSE, build, drafted


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    async with working(house.sessions) as session:
        await build(session)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("li.na", (Role.CHAIN_MANAGER, "QT"))
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


FIELDS = {
    "since": "2026-01-01", "contracted.0.institution": "B2", "contracted.0.quota": "5", "clauses.contracted": CLAUSE,
    "products.0.product": "B2-P", "products.3.product": "B1-P", "clauses.products": CLAUSE, "granted.1.text": "提高额度", "granted.1.clause": CLAUSE,
    "granted.1.product": "B2-P", "granted.1.amount_most": "2,000", "targets.0.measure": "granted", "targets.0.base": "last_year",
    "targets.0.bound": "at_least", "targets.0.change": "10", "targets.0.clause": CLAUSE, "bodies.0.name": "市工信局",
    "bodies.0.role": "lead", "clauses.bodies": CLAUSE,
}  # fmt: skip


NOTHING = Choices(())
KNOWN = Known(NOTHING, NOTHING)
NAMED = Known(
    Choices([Offer("B1", "第一银行"), Offer("SJ", "松江银行股份有限公司", ("松江银行",))]),
    Choices([Offer("B1-P", "设备贷"), Offer("B2-P", "设备贷"), Offer("B3-P", "订单贷")]),
)


async def test_a_plan_is_drafted_compared_published_and_archived_by_pages(
    house: Installation, visit: Visit, tmp_path: Path
) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/queue.db")
    app = create_app(settings, house.sessions, JobDoor("230000", narrow))
    runner = JobRunner(app, house.sessions, JobQueue(settings), worker="w", host="127.0.0.1")
    plans, draft = f"/chain/{CHAIN}/plans", f"/chain/{CHAIN}/drafts/1"

    async def done(path: str) -> str:
        sent = (await visit.post(path)).headers["location"]
        assert await runner.run(sent.rpartition("/")[2]) is State.DONE
        return (await visit.get(sent)).headers["location"]

    assert "还没有草案" in (await visit.get(plans)).text
    assert 'value="B1机构"' in (await visit.get(f"{plans}/new")).text, "it begins as the version in force"
    more = await visit.post(f"{plans}/new", **FIELDS, more="bodies")
    assert "bodies.5.name" in more.text
    wrong = await visit.post(
        f"{plans}/new", **FIELDS | {"contracted.0.institution": "NO", "granted.1.amount_most": "x"}
    )
    assert (wrong.status_code, "请填写数字" in wrong.text) == (422, True)
    wrong = await visit.post(
        f"{plans}/new", **FIELDS | {"contracted.0.institution": "NO", "clauses.bodies": "某文件"}
    )
    assert wrong.status_code == 422
    assert 'id="contracted.0.institution-fault"' in wrong.text
    assert 'id="clauses.bodies-fault"' in wrong.text
    made = await visit.post(f"{plans}/new", **FIELDS)
    assert made.headers["location"] == draft, made.text
    await visit.get(draft)
    compared = await done(f"{draft}/comparisons")
    assert compared == f"{draft}/comparisons/1"
    seen = (await visit.get(f"{compared}?effect=gains")).text
    assert ("large公司" in seen, "small公司" in seen, "放宽条件" in seen) == (True, False, True)
    async with working(house.sessions) as session:
        await matching.run_match(session, local_operator("230000"), EDITION, now=utc_now())
    await visit.get(compared)
    assert await done(f"{compared}/allocation") == f"{compared}#allocation"
    assert "有机构承接" in (await visit.get(compared)).text
    assert "large公司" in (await visit.get(f"{compared}/entries")).text
    assert "仍然有效" in (await visit.get(f"{draft}/publication")).text
    stale = await visit.post(f"{draft}/publication", version="1")
    assert stale.status_code == 412
    await visit.get(f"{draft}/publication")
    published = await visit.post(f"{draft}/publication", version="2")
    assert published.headers["location"] == f"{plans}/2", published.text
    assert "授信金额不低于上年的110%" in (await visit.get(f"{plans}/2")).text
    await visit.get(f"{plans}/1")
    assert (await visit.post(f"{plans}/1/archive", version="1", reason="")).status_code == 422
    await visit.get(f"{plans}/1")
    assert (await visit.post(f"{plans}/1/archive", version="1", reason="接替")).headers["location"] == plans
    assert "已归档" in (await visit.get(plans)).text
    assert (await visit.get(f"{draft}/edit")).headers["location"] == draft, "what is published is not changed"
    assert (await visit.post(f"{draft}/giving-up", version="3")).status_code == 409


async def test_who_manages_another_chain_finds_none_of_it(house: Installation, visit: Visit) -> None:
    async with Visit(house) as other:
        await other.sign_in("li.na")
        for path in ("plans", "plans/new", "drafts/1", "drafts/1/comparisons/1"):
            assert (await other.get(f"/chain/{CHAIN}/{path}")).status_code == 404, path


def test_a_draft_is_read_back_from_its_form_as_it_is() -> None:
    plan = drafted(
        links=[{"name": "零部件", "roles": ["core"], "industries": ["C34", "C35"]}],
        priority_purposes=["equipment"],
        targets=[
            {"measure": "credit_share", "base": "fixed", "value": 3050, "clause": CLAUSE},
            {"measure": "disbursed", "base": "fixed", "value": 100_000_000, "clause": CLAUSE},
            {"measure": "firms", "base": "last_quarter", "change_bp": -250, "clause": CLAUSE},
        ],
        clauses=dict.fromkeys(("contracted", "products", "links", "bodies", "priority_purposes"), CLAUSE),
    )
    form = form_of(plan, KNOWN, "2023-11-20", "")
    assert read(form, KNOWN).draft == plan
    assert [len(rows_of(form, part)) for part in ("contracted", "targets", "links")] == [2, 4, 2]
    blank = read(
        Form({"since": "2023-11-20", "targets.0.measure": "granted", "bodies.0.role": "lead"}), KNOWN
    )
    assert blank.draft is not None
    assert (blank.draft.targets, blank.draft.bodies) == ((), ())
    for name, typed in (("since", "x"), ("until", "2023-13-01"), ("targets.0.change", "1.234")):
        values = {"since": "2023-11-20", "targets.0.clause": CLAUSE} | {name: typed}
        assert read(Form(values), KNOWN).form.fault(name), name


def test_banks_and_products_are_taken_by_code_and_by_name_and_doubts_are_told_at_their_field() -> None:
    typed = {
        "since": "2023-11-20", "contracted.0.institution": "b1", "contracted.2.institution": "松江银行",
        "contracted.7.institution": "松江 银行股份有限公司", "products.1.product": "设备贷(B1-P)", "clauses.contracted": CLAUSE,
        "products.30.product": "订单贷", "clauses.products": CLAUSE,
    }  # fmt: skip
    draft = read(Form({**typed, "contracted.7.institution": ""}), NAMED).draft
    assert draft is not None
    assert [one.institution for one in draft.contracted] == ["B1", "SJ"]
    assert draft.products == ("B1-P", "B3-P")
    wrong = {
        "products.0.product": "设备贷", "products.2.product": "没有的贷", "granted.4.product": "设备贷",
        "contracted.1.institution": "松江",
    }  # fmt: skip
    form = read(Form(typed | wrong), NAMED).form
    assert sorted(form.faults) == sorted(wrong)
    shown = form_of(draft, NAMED, "2023-11-20", "")
    assert (shown["contracted.1.institution"], shown["products.0.product"]) == (
        "松江银行股份有限公司",
        "设备贷 (B1-P)",
    )
    assert read(shown, NAMED).draft == draft


def test_a_form_has_as_many_rows_as_it_needs_and_keeps_all_that_was_typed() -> None:
    typed = {"since": "2023-11-20", "clauses.bodies": CLAUSE, "bodies.99999.name": "太远"}
    typed |= {f"bodies.{i}.name": f"单位{i}" for i in range(0, 120, 2)}
    form = Form(typed | {"more": "bodies"})
    rows = rows_of(form, "bodies", "bodies")
    assert rows[:60] == list(range(0, 120, 2))
    assert rows[60:] == [119, 120, 121, 122, 123], "some more to go on with"
    draft = read(form, KNOWN).draft
    assert draft is not None
    assert [one.name for one in draft.bodies] == [f"单位{i}" for i in range(0, 120, 2)]
    assert writing.MOST_FIELDS <= form_fields.MOST_FIELDS, (
        "what is not read whole has no proof that it is ours"
    )


async def test_the_form_takes_a_plan_of_hundreds_of_rows(visit: Visit) -> None:
    bodies = {f"bodies.{i}.name": f"单位{i}" for i in range(200)} | {
        f"bodies.{i}.role": "lead" for i in range(200)
    }
    await visit.get(f"/chain/{CHAIN}/plans/new")
    more = await visit.post(f"/chain/{CHAIN}/plans/new", **FIELDS | bodies, more="bodies")
    assert 'name="bodies.204.name"' in more.text
    assert f'formaction="/chain/{CHAIN}/plans/new#bodies"' in more.text
    made = await visit.post(f"/chain/{CHAIN}/plans/new", **FIELDS | bodies)
    assert made.status_code == 303, re.findall(r'role="alert".*?</div>', made.text, re.DOTALL)
    shown = (await visit.get(made.headers["location"])).text
    assert "单位199" in shown
    edited = (await visit.get(f"{made.headers['location']}/edit")).text
    assert 'name="bodies.199.name" value="单位199"' in edited
