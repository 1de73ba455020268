"""Products stored, revised, imported and published: revisions and editions never change."""

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer, local_operator
from app.catalogue import service
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.paging import PageRequest

FILE = """\
note: 测试用
products:
  - code: SJ-KCED
    institution: SJ
    name: 科创e贷
    valid_from: 2023-07-01
    terms:
      form: loan
      purposes: [research, working_capital]
      amount: {least: 10万元, most: 0.1亿元}
      term: {least: 3, most: 36}
      rate: {base: lpr_1y, least: -10, most: 55}
      guarantee_modes: [credit]
      areas: ["230000"]
      industries: [C]
      chains: [GDZB]
  - code: SJ-HRB-DYD
    institution: SJ-HRB
    name: 抵押贷
    valid_from: 2023-10-01
    terms:
      form: loan
      purposes: [working_capital]
      amount: {least: 300000元, most: 500万元}
      term: {least: 1, most: 12}
      rate: {base: fixed, least: 380, most: 480}
      guarantee_modes: [real_estate]
      areas: ["230100"]
  - code: DB-PL
    institution: DB
    name: 批量担保
    valid_from: 2023-07-01
    terms:
      form: guarantee
      purposes: [working_capital]
      amount: {least: 10万元, most: 500万元}
      term: {least: 1, most: 12}
      rate: {base: fixed, least: 50, most: 100}
      guarantee_modes: [credit]
      areas: ["230000"]
"""
ON = date(2023, 11, 15)


async def imported(world: AsyncSession, viewer: Viewer, now: datetime, text: str = FILE) -> None:
    await service.import_products(world, viewer, text, "p.yaml", now=now)


async def test_amounts_of_a_file_are_exact_and_products_in_force_come_by_code(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await imported(world, viewer, now)
    found = await service.products_in_force(world, viewer, ON)
    assert [(one.code, one.revision, one.terms.amount.least, one.terms.amount.most) for one in found] == [
        ("SJ-HRB-DYD", 1, 300_000_00, 5_000_000_00),
        ("SJ-KCED", 1, 100_000_00, 10_000_000_00),
    ]
    everything = await service.products_in_force(world, viewer, ON, includes_guarantees=True)
    assert [one.code for one in everything] == ["DB-PL", "SJ-HRB-DYD", "SJ-KCED"]
    assert [one.code for one in await service.products_in_force(world, viewer, date(2023, 9, 30))] == [
        "SJ-KCED"
    ]
    elsewhere = local_operator("410300")
    assert await service.products_in_force(world, elsewhere, ON) == []


async def test_the_same_content_makes_no_revision_and_a_change_makes_one_and_keeps_the_old(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await imported(world, viewer, now)
    reordered = FILE.replace("[research, working_capital]", "[working_capital, research]")
    again = await service.import_products(world, viewer, reordered, "p.yaml", now=now)
    assert (again.new, again.revised, again.same) == ([], [], 3)
    changed = FILE.replace("most: 0.1亿元", "most: 2000万元").replace("2023-07-01", "2023-11-01", 1)
    preview = await service.import_products(world, viewer, changed, "p.yaml", now=now, dry_run=True)
    assert (await service.get_product(world, viewer, "SJ-KCED")).revision == 1
    done = await service.import_products(world, viewer, changed, "p.yaml", now=now)
    assert done.revised == preview.revised
    assert [(one.code, one.changed) for one in done.revised] == [("SJ-KCED", ["terms.amount", "valid_from"])]
    assert (await service.get_product(world, viewer, "SJ-KCED")).terms.amount.most == 20_000_000_00
    assert (await service.get_product(world, viewer, "SJ-KCED", 1)).terms.amount.most == 10_000_000_00
    before = await service.products_in_force(world, viewer, date(2023, 10, 31))
    after = await service.products_in_force(world, viewer, date(2023, 11, 1))
    assert [one.revision for one in before if one.code == "SJ-KCED"] == [1]
    assert [one.revision for one in after if one.code == "SJ-KCED"] == [2]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("institution: SJ\n", "institution: XX\n", "p.yaml:4 products[0].institution", "no such institution"),
        ("institution: SJ\n", "institution: JG\n", "p.yaml:4 products[0].institution", "public body"),
        ("institution: SJ\n", "institution: DB\n", "p.yaml:8 products[0].terms.form", "guarantor"),
        ("form: guarantee", "form: loan", "p.yaml:34 products[2].terms.form", "guarantor"),
        ("[GDZB]", "[XX]", "p.yaml:16 products[0].terms.chains", "no such chain"),
        ("[C]", "[C3499, C9999]", "p.yaml:15 products[0].terms.industries", "GB/T 4754"),
        ("[C]", "[C]\n      criteria: [{fact: industry, within_industry: [C9999]}]", "p.yaml:16 products[0].terms.criteria[0].within_industry", "GB/T 4754"),
        ('["230100"]', '["230199"]', "p.yaml:28 products[1].terms.areas", "no region"),
        ("code: DB-PL", "code: SJ-KCED", "p.yaml:29 products[2].code", "twice"),
        ("10万元, most: 0.1亿元", "10, most: 0.1亿元", "p.yaml:10 products[0].terms.amount.least", "such as 2000万元"),
        ("valid_from: 2023-10-01", "valid_from: 2023-13-01", "p.yaml:20 products[1].valid_from", "month value"),
        ("name: 抵押贷", "title: 抵押贷", "p.yaml:19 products[1].title", "not permitted"),
    ],
)  # fmt: skip
async def test_a_contradiction_is_refused_by_file_line_and_key_and_nothing_is_written(
    world: AsyncSession, viewer: Viewer, now: datetime, old: str, new: str, place: str, message: str
) -> None:
    assert old in FILE
    with pytest.raises(Refused) as caught:
        await imported(world, viewer, now, FILE.replace(old, new, 1))
    found = {fault.where: fault.message for fault in caught.value.faults}
    assert message in found[place]
    assert await service.product_codes(world, viewer) == frozenset()


async def test_a_product_does_not_change_hands(world: AsyncSession, viewer: Viewer, now: datetime) -> None:
    await imported(world, viewer, now)
    with pytest.raises(Refused) as caught:
        await imported(world, viewer, now, FILE.replace("institution: SJ\n", "institution: SJ-HRB\n"))
    assert [fault.where for fault in caught.value.faults] == ["p.yaml:4 products[0].institution"]


async def test_what_is_exported_is_imported_as_the_same(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await imported(world, viewer, now)
    text = await service.export_products(world, viewer, note="测试用")
    again = await service.import_products(world, viewer, text, "out.yaml", now=now)
    assert (again.new, again.revised, again.same) == ([], [], 3)
    assert await service.export_products(world, viewer, note="测试用") == text


async def test_an_edition_keeps_its_revisions_when_products_are_revised(
    world: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await imported(world, viewer, now)
    third = await service.publish_library(world, viewer, "2023Q3", now=now)
    await imported(world, viewer, now, FILE.replace("least: 3, most: 36", "least: 3, most: 48"))
    fourth = await service.publish_library(world, viewer, "2023Q4", now=now)
    assert (third.products, fourth.products) == (2, 3)
    frozen = await service.library_products(world, viewer, "2023Q3", PageRequest())
    assert [(one.code, one.terms.term.most) for one in frozen.items] == [("DB-PL", 12), ("SJ-KCED", 36)]
    diff = await service.diff_libraries(world, viewer, "2023Q3", "2023Q4")
    assert (diff.added, diff.removed, diff.same) == (["SJ-HRB-DYD"], [], 1)
    assert [(one.code, one.changed) for one in diff.revised] == [("SJ-KCED", ["terms.term"])]
    matched = await service.products_in_force(world, viewer, ON, "2023Q3")
    assert [(one.code, one.terms.term.most) for one in matched] == [("SJ-KCED", 36)]
    with pytest.raises(Conflict):
        await service.publish_library(world, viewer, "2023Q4", now=now)
    with pytest.raises(Refused):
        await service.publish_library(world, viewer, "2024Q1", now=now)
    with pytest.raises(NotFound):
        await service.products_in_force(world, viewer, ON, "2022Q1")
    newest = await service.list_libraries(world, viewer, PageRequest(limit=1))
    rest = await service.list_libraries(world, viewer, PageRequest(limit=1, cursor=newest.next))
    assert [one.code for one in (*newest.items, *rest.items)] == ["2023Q4", "2023Q3"]


async def test_lists_filter_and_page(world: AsyncSession, viewer: Viewer, now: datetime) -> None:
    await imported(world, viewer, now)

    async def codes(**filters: Any) -> list[str]:
        on = date.fromisoformat(filters.pop("on")) if "on" in filters else None
        page, found = PageRequest(limit=1), list[str]()
        while True:
            rows = await service.list_products(world, viewer, page, on=on, **filters)
            found += [one.code for one in rows.items]
            if rows.next is None:
                return found
            page = PageRequest(limit=1, cursor=rows.next)

    assert await codes() == ["DB-PL", "SJ-HRB-DYD", "SJ-KCED"]
    assert await codes(institution="SJ") == ["SJ-HRB-DYD", "SJ-KCED"]
    assert await codes(institution="NOBODY") == []
    assert await codes(form="guarantee") == ["DB-PL"]
    assert await codes(purpose="research") == ["SJ-KCED"]
    assert await codes(region="230202") == ["DB-PL", "SJ-KCED"]
    assert await codes(on="2023-09-30") == ["DB-PL", "SJ-KCED"]
