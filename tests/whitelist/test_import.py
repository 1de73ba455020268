"""Imports on both databases: all or nothing, again without effect, questions instead of mergers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Table, func, select

from app.accounts.rules import Viewer
from app.enterprises.tables import Enterprise, EnterpriseContact, NeedRevision
from app.kernel.database import AsyncSession, Base, Sessions, transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import PageRequest
from app.whitelist import (
    entry_service,
    import_service,
    review_service,
    roster_check,
    service,
    withdrawal_service,
)
from app.whitelist.import_rules import ImportOptions
from app.whitelist.import_service import ImportOutcome, RosterRefused, import_roster
from app.whitelist.roster_columns import FAULT_HEADING
from app.whitelist.schemas import EntryFilter, EntryOut, ReviewOut
from tests.enterprises.test_statements import counted
from tests.whitelist.rosters import BRANDS, HEADINGS, cells_of, credit_code, faults_of, good_row, workbook

EDITION = "2023H2"
OPENING = ImportOptions(opens_edition=True)
PAGE = PageRequest(limit=100)


async def take(
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    file: BytesIO,
    edition: str = EDITION,
    **options: Any,
) -> ImportOutcome:
    return await import_roster(
        session,
        viewer,
        edition,
        file,
        "名单.xlsx",
        now=now,
        options=ImportOptions(opens_edition=True, **options),
    )


async def rows_stored(session: AsyncSession) -> dict[str, int]:
    """Count the rows of every table but the edition that an import may open."""
    tables: Sequence[Table] = Base.metadata.sorted_tables
    counts = {
        table.name: await session.scalar(select(func.count()).select_from(table)) or 0 for table in tables
    }
    return {name: count for name, count in counts.items() if name != "whitelist_editions"}


async def entry(session: AsyncSession, viewer: Viewer, number: int, edition: str = EDITION) -> EntryOut:
    return await service.get_entry(session, viewer, f"{edition}-{credit_code(number)}")


async def open_items(session: AsyncSession, viewer: Viewer) -> list[ReviewOut]:
    return (await review_service.list_reviews(session, viewer, PAGE, state="open")).items


async def decide(
    session: AsyncSession, viewer: Viewer, now: datetime, item: ReviewOut, decision: Any
) -> None:
    await review_service.decide(
        session, viewer, item.id, decision, "核实", expect=lambda _version: None, now=now
    )


async def test_a_roster_is_taken_and_judged_by_the_rules_in_force(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    rows = [
        good_row(1),
        good_row(2, 资质="高新技术企业"),
        good_row(3, 资质=""),
        good_row(4, 项目名称="扩建", 备注="急"),
    ]
    found = await take(session, viewer, now, workbook(rows, [*HEADINGS, "备注"]))
    counts = found.out.counts
    assert (counts.rows, counts.new, counts.admitted, counts.refused, counts.review) == (4, 4, 2, 1, 1)
    assert found.out.unknown_columns == ["备注"]
    one = await entry(session, viewer, 1)
    assert (one.status, one.size_class, one.amount, one.admitted_at) == (
        "admitted",
        "small",
        500 * 10**6,
        now,
    )
    assert (await entry(session, viewer, 2)).admission["citation"].startswith("黑银发〔2023〕25号")
    waiting = await entry(session, viewer, 3)
    assert (waiting.status, waiting.admitted_at) == ("review", None)
    assert waiting.reviews[0].detail["ask"] == [{"fact": "qualifications", "chinese": "资质"}]
    project = await service.get_entry(session, viewer, f"{EDITION}-{credit_code(4)}-P1")
    assert (project.extra, project.facts.project_name) == ({"备注": "急"}, "扩建")
    edition = await service.edition(session, viewer, EDITION)
    admitted = await service.admitted_entries(session, viewer, edition.id)
    assert [item.entry_code for item in admitted] == sorted([one.code, project.code])
    assert admitted[0].need_facts["amount"] == "5000000.00"


async def test_contacts_go_to_their_own_table_only(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1)]))
    assert (await session.scalars(select(EnterpriseContact.phone))).all() == ["0451-12345678"]
    facts = (await session.scalars(select(NeedRevision.facts))).one()
    assert "0451" not in str(facts)
    assert "张三" not in str(facts)


async def test_a_faulty_roster_writes_nothing_at_all(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    before = await rows_stored(session)
    with pytest.raises(RosterRefused) as refusal:
        await take(session, viewer, now, workbook([good_row(1), good_row(2, **{"期限（月）": "三年"})]))
    assert [fault.where for fault in refusal.value.faults] == ["名单!N3"]
    assert await rows_stored(session) == before


async def test_a_dry_run_counts_as_the_import_does_and_writes_nothing(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    before = await rows_stored(session)
    rows = [good_row(1), good_row(2, 资质=""), good_row(3, **{"期限（月）": "0"})]
    preview = await take(session, viewer, now, workbook(rows), dry_run=True)
    assert await rows_stored(session) == before
    assert (preview.out.id, preview.out.is_dry_run, len(preview.out.faults)) == (None, True, 1)
    done = await take(session, viewer, now, workbook(rows), accept_valid=True)
    assert done.out.counts == preview.out.counts
    assert (done.out.counts.new, done.out.counts.faulty) == (2, 1)


async def test_taking_the_valid_rows_leaves_the_faulty_ones_out(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    found = await take(
        session, viewer, now, workbook([good_row(1), good_row(2, 首贷户="?")]), accept_valid=True
    )
    assert (found.out.counts.new, found.out.faults[0].where) == (1, "名单!S3")
    with pytest.raises(NotFound):
        await entry(session, viewer, 2)
    headings = [heading for heading in HEADINGS if heading != "资金用途"]
    with pytest.raises(RosterRefused):
        await take(session, viewer, now, workbook([good_row(3)], headings), accept_valid=True)


async def test_the_error_workbook_is_the_sheet_with_a_column_of_faults(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    rows = [
        good_row(1, 联系人="=HYPERLINK(1)"),
        good_row(2, 企业名称="@SUM(A1)", 首贷户="?"),
        good_row(3, 产业链="光机电"),
    ]
    file = workbook(rows)
    page = openpyxl.load_workbook(file)
    page["名单"].cell(2, HEADINGS.index("联系人") + 1).data_type = "s"
    page.save(file := BytesIO())
    with pytest.raises(RosterRefused) as refusal:
        await take(session, viewer, now, file)
    await refusal.value.write_faults(target := BytesIO())
    written, given = cells_of(target), cells_of(file)
    assert [row[:-1] for row in written] == given
    assert [row[-1] for row in written][:2] == [FAULT_HEADING, None]
    assert "S列：只能填“是”或“否”" in written[2][-1]
    assert "G列：没有登记这条产业链" in written[3][-1]
    target.seek(0)
    sheet = openpyxl.load_workbook(target)["名单"]
    dangerous = [cell for row in sheet.iter_rows() for cell in row if str(cell.value)[:1] in "=@+-"]
    assert [cell.data_type for cell in dangerous] == ["s", "s"]
    assert all(cell.quotePrefix for cell in dangerous)
    assert set(faults_of(target)) == {"名单!S3", "名单!G4"}  # it can be mended and sent again as it is


async def test_the_same_file_again_changes_nothing_and_says_so(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    rows = [good_row(1), good_row(2, 资质=""), good_row(3), good_row(3, 项目名称="扩建", 联系人="李四")]
    first = await take(session, viewer, now, workbook(rows))
    stored = await rows_stored(session)
    again = await take(session, viewer, now + timedelta(days=1), workbook(rows))
    assert (first.out.is_unchanged, again.out.is_unchanged, again.out.id) == (False, True, None)
    assert again.out.counts.kept == 4
    assert await rows_stored(session) == stored


async def test_a_changed_row_makes_a_new_wording_and_is_judged_anew(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1), good_row(2, 资质="")]))
    later = now + timedelta(days=3)
    changed = [good_row(1, **{"融资金额（万元）": "800"}), good_row(2)]
    found = await take(session, viewer, later, workbook(changed))
    assert (found.out.counts.changed, found.out.counts.admitted) == (2, 2)
    one, two = await entry(session, viewer, 1), await entry(session, viewer, 2)
    assert (one.amount, one.admitted_at, one.version) == (800 * 10**6, now, 2)
    assert (two.status, two.admitted_at) == ("admitted", later)
    assert [(item.decision, item.decided_by) for item in two.reviews] == [("superseded", viewer.name)]


async def test_an_unknown_admission_is_decided_by_a_person_with_a_reason(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1, 资质=""), good_row(2, 行业代码="")]))
    first, second = await open_items(session, viewer)
    with pytest.raises(Refused, match="cannot be decided"):
        await decide(session, viewer, now, first, "same_firm")
    await decide(session, viewer, now, first, "admit")
    await decide(session, viewer, now, second, "refuse")
    assert [(await entry(session, viewer, number)).status for number in (1, 2)] == ["admitted", "refused"]
    with pytest.raises(Conflict):
        await decide(session, viewer, now, first, "refuse")
    again = await take(session, viewer, now, workbook([good_row(1, 资质=""), good_row(2, 行业代码="")]))
    assert again.out.is_unchanged


async def test_firms_of_nearly_one_name_go_to_review_and_are_not_merged(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    name = "哈尔滨砺剑精密机床制造有限公司"
    rows = [
        good_row(1, 企业名称=name),
        good_row(2, 企业名称="哈尔滨市砺剑精密机床制造有限责任公司"),
        good_row(3),
    ]
    found = await take(session, viewer, now, workbook(rows))
    assert (found.out.counts.duplicates, found.out.counts.enterprises) == (1, 3)
    [item] = await open_items(session, viewer)
    assert (item.kind, item.entry) == ("duplicate_name", f"{EDITION}-{credit_code(2)}")
    [candidate] = item.detail["candidates"]
    assert (candidate["uscc"], candidate["place"]) == (credit_code(1), "名单!2")
    assert candidate["score"] > 0.8
    # A later file is compared with the registered firms too.
    await take(session, viewer, now, workbook([good_row(4, 企业名称="砺剑精密机床制造有限公司")]))
    later = (await open_items(session, viewer))[-1]
    assert {one["place"] for one in later.detail["candidates"]} == {"registered"}
    await decide(session, viewer, now, item, "different_firm")
    await decide(session, viewer, now, later, "same_firm")
    assert [(await entry(session, viewer, number)).status for number in (1, 2, 4)] == [
        "admitted",
        "admitted",
        "refused",
    ]
    # The next half-year asks again only what was not settled as two firms.
    await take(
        session, viewer, now, workbook([*rows, good_row(4, 企业名称="砺剑精密机床制造有限公司")]), "2024H1"
    )
    assert [one.entry for one in await open_items(session, viewer)] == [f"2024H1-{credit_code(4)}"]
    assert await session.scalar(select(func.count()).select_from(Enterprise)) == 4


@pytest.mark.parametrize("edition", [EDITION, "2024H1"])
async def test_a_firm_that_was_refused_is_asked_about_when_it_is_not(
    session: AsyncSession, viewer: Viewer, now: datetime, edition: str
) -> None:
    name = "哈尔滨砺剑精密机床制造有限公司"
    refused = good_row(2, 企业名称="哈尔滨市砺剑精密机床制造有限责任公司", 资质="高新技术企业")
    first = await take(session, viewer, now, workbook([good_row(1, 企业名称=name), refused]))
    assert (first.out.counts.refused, first.out.counts.duplicates) == (1, 0)
    await take(session, viewer, now, workbook([refused | {"资质": "专精特新中小企业"}]), edition)
    [item] = await open_items(session, viewer)
    assert (item.kind, item.entry) == ("duplicate_name", f"{edition}-{credit_code(2)}")
    assert (await entry(session, viewer, 2, edition)).status == "review"
    await decide(session, viewer, now, item, "different_firm")
    again = refused | {"资质": "专精特新中小企业", "从业人员": "190"}
    await take(session, viewer, now, workbook([again]), edition)
    assert (await entry(session, viewer, 2, edition)).status == "admitted"


async def test_a_firm_is_asked_about_again_when_it_takes_anothers_name(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    name = "哈尔滨砺剑精密机床制造有限公司"
    await take(session, viewer, now, workbook([good_row(1, 企业名称=name), good_row(2)]))
    assert await open_items(session, viewer) == []
    renamed = good_row(2, 企业名称="哈尔滨市砺剑精密机床制造有限责任公司")
    await take(session, viewer, now, workbook([good_row(1, 企业名称=name), renamed]), "2024H1")
    assert [one.entry for one in await open_items(session, viewer)] == [f"2024H1-{credit_code(2)}"]


async def test_what_is_not_simply_admitted_is_named_with_the_reason(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1), good_row(2), good_row(3)]))
    code = f"{EDITION}-{credit_code(3)}"
    await withdrawal_service.withdraw(session, viewer, code, "停产", expect=lambda _version: None, now=now)
    rows = [
        good_row(1, **{"融资金额（万元）": "600"}), good_row(2), good_row(3), good_row(4, 资质=""),
        good_row(5, 资质="高新技术企业"), good_row(6), good_row(7, 企业名称=good_row(2)["企业名称"]),
    ]  # fmt: skip
    preview = await take(session, viewer, now, workbook(rows), dry_run=True)
    said = {one.row: (one.change, one.status, "".join(one.why)) for one in preview.out.entries}
    assert said.keys() == {2, 4, 5, 6, 8}
    assert said[2] == ("changed", "admitted", "")
    assert said[4][:2] == ("withdrawn", None)
    assert said[5] == ("new", "review", "须询问：资质")
    assert said[6][:2] == ("new", "refused")
    assert "现为" in said[6][2]
    assert "黑银发〔2023〕25号" in said[6][2]
    assert credit_code(2) in said[8][2]
    taken = await take(session, viewer, now, workbook(rows))
    assert taken.out.entries == preview.out.entries
    assert taken.out.id is not None
    assert (await import_service.get_import(session, viewer, taken.out.id)).entries == taken.out.entries


async def test_a_withdrawn_entry_stays_withdrawn(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1), good_row(2)]))
    code = f"{EDITION}-{credit_code(1)}"
    gone = await withdrawal_service.withdraw(
        session, viewer, code, "停产", expect=lambda _version: None, now=now
    )
    assert (gone.withdrawn_at, gone.withdrawal_reason) == (now, "停产")
    with pytest.raises(Conflict):
        await withdrawal_service.withdraw(
            session, viewer, code, "停产", expect=lambda _version: None, now=now
        )
    changed = [good_row(1, **{"融资金额（万元）": "900"}), good_row(2)]
    again = await take(session, viewer, now, workbook(changed))
    assert (again.out.counts.withdrawn, again.out.counts.kept) == (1, 1)
    assert (await entry(session, viewer, 1)).amount == 500 * 10**6
    edition = await service.edition(session, viewer, EDITION)
    assert len(await service.admitted_entries(session, viewer, edition.id)) == 1


async def test_editions_differ_by_kept_new_removed_and_changed(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(number) for number in (1, 2, 3)]))
    rows = [good_row(1), good_row(2, 从业人员="200", 出口="是"), good_row(4)]
    await take(session, viewer, now, workbook(rows), "2024H1")
    found = await service.diff_editions(session, viewer, EDITION, "2024H1", PAGE)
    assert found.counts == {"kept": 1, "new": 1, "removed": 1, "changed": 1}
    assert [(item.need, item.change) for item in found.items] == [
        (credit_code(2), "changed"), (credit_code(3), "removed"), (credit_code(4), "new"),
    ]  # fmt: skip
    changes = [(change.chinese, change.before, change.after) for change in found.items[0].facts]
    assert changes == [("出口", None, True), ("从业人员", 180, 200)]
    first = await service.diff_editions(session, viewer, EDITION, "2024H1", PageRequest(limit=1))
    rest = await service.diff_editions(
        session, viewer, EDITION, "2024H1", PageRequest(limit=5, cursor=first.next)
    )
    assert [item.need for item in (*first.items, *rest.items)] == [item.need for item in found.items]


async def test_entries_are_filtered_and_paged_by_code(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    rows = [
        good_row(1),
        good_row(2, 行政区划代码="230202"),
        good_row(3, 资质=""),
        good_row(4, 行政区划代码="230103"),
    ]
    await take(session, viewer, now, workbook(rows))

    async def listed(**which: Any) -> list[str]:
        page = await service.list_entries(session, viewer, PAGE, EntryFilter(**which))
        return [item.uscc for item in page.items]

    assert await listed(edition=EDITION, region="230100") == [credit_code(number) for number in (1, 3, 4)]
    assert await listed(status="review") == [credit_code(3)]
    assert await listed(source_class="above_scale") == []
    first = await service.list_entries(session, viewer, PageRequest(limit=3), EntryFilter())
    second = await service.list_entries(
        session, viewer, PageRequest(limit=3, cursor=first.next), EntryFilter()
    )
    assert [item.uscc for item in (*first.items, *second.items)] == await listed()
    stranger = Viewer("someone", "410000")
    assert (await service.list_entries(session, stranger, PAGE, EntryFilter())).items == []


async def test_amounts_out_of_range_are_taken_once_somebody_confirmed_them(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    file = workbook([good_row(1, **{"融资金额（万元）": "1500000"})])
    with pytest.raises(RosterRefused) as refusal:
        await take(session, viewer, now, file)
    assert "1,000,000万元" in refusal.value.faults[0].message
    await take(session, viewer, now, file, amounts_confirmed=True)
    assert (await entry(session, viewer, 1)).amount == 1_500_000 * 10**6


async def test_a_large_import_sends_no_more_statements_than_a_small_one(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    counts = []
    for start, size in ((10, 4), (1_000, 400)):
        rows = [
            good_row(
                start + i,
                企业名称=f"{BRANDS[i % 10]}{start + i}厂",
                资质="" if i % 4 == 0 else "专精特新中小企业",
            )
            for i in range(size)
        ]
        with counted(session) as sent:
            await take(session, viewer, now, workbook(rows))
        counts.append(len(sent))
    assert counts[1] <= counts[0]
    assert counts[0] < 60, "with what docking does when entries are admitted"


async def test_a_stored_need_is_listed_by_its_code_and_only_once(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1)]))
    await service.open_edition(session, viewer, "2024H1", now=now)
    made = await entry_service.list_need(session, viewer, "2024H1", credit_code(1), now=now)
    assert (made.code, made.status) == (f"2024H1-{credit_code(1)}", "admitted")
    with pytest.raises(Conflict):
        await entry_service.list_need(session, viewer, "2024H1", credit_code(1), now=now)
    with pytest.raises(Refused):
        await entry_service.list_need(session, viewer, "2024H1", credit_code(5), now=now)


async def test_a_listed_need_is_asked_about_as_a_row_is_unless_that_was_settled(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    rows = [good_row(1), good_row(2, 企业名称=good_row(1)["企业名称"].replace("有限公司", "有限责任公司"))]
    await take(session, viewer, now, workbook(rows))
    for edition in ("2024H1", "2024H2"):
        await service.open_edition(session, viewer, edition, now=now)
    made = await entry_service.list_need(session, viewer, "2024H1", credit_code(2), now=now)
    assert (made.status, [one.kind for one in made.reviews]) == ("review", ["duplicate_name"])
    for item in await open_items(session, viewer):
        await decide(session, viewer, now, item, "different_firm")
    made = await entry_service.list_need(session, viewer, "2024H2", credit_code(2), now=now)
    assert (made.status, made.reviews) == ("admitted", [])


async def test_an_import_into_an_edition_that_is_not_open_is_not_found(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    with pytest.raises(NotFound, match="has not been opened"):
        await import_roster(session, viewer, EDITION, workbook([good_row(1)]), "名单.xlsx", now=now)


async def test_batches_make_no_difference(
    session: AsyncSession, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [good_row(number, 资质="" if number % 3 == 0 else "专精特新小巨人") for number in range(1, 12)]
    rows += [good_row(3, 项目名称="扩建"), good_row(12, 首贷户="?"), {}, good_row(13)]
    whole = await take(session, viewer, now, workbook(rows), accept_valid=True)
    monkeypatch.setattr(roster_check, "ROWS_PER_BATCH", 4)
    steps: list[tuple[int, int]] = []
    pieces = await import_roster(
        session, viewer, "2024H1", workbook(rows), "名单.xlsx", now=now,
        options=ImportOptions(accept_valid=True, opens_edition=True),
        progress=lambda done, total: steps.append((done, total)),
    )  # fmt: skip
    assert pieces.out.counts.model_dump() == whole.out.counts.model_dump() | {"enterprises": 0}
    assert steps == sorted(steps)
    assert steps[-1] == (32, 32)


async def test_an_interrupted_import_leaves_nothing_behind(
    sessions: Sessions, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_check, "ROWS_PER_BATCH", 2)

    def pull_the_plug(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    rows = [good_row(number) for number in range(1, 8)]
    with pytest.raises(KeyboardInterrupt):
        async with transaction(sessions) as session:
            await import_roster(
                session,
                viewer,
                EDITION,
                workbook(rows),
                "名单.xlsx",
                now=now,
                options=OPENING,
                progress=pull_the_plug,
            )
    async with transaction(sessions, writes=False) as session:
        assert set((await rows_stored(session)).values()) == {0}
        assert (await service.list_editions(session, viewer, PAGE)).items == []
