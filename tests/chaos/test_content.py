"""Tests of the comparison: it finds what was lost, doubled or changed, and nothing else."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Table, create_engine, delete, insert, update

from app.accounts.tables import ApiKey, AuditEvent, Person
from app.kernel.database import Base
from app.notifications.tables import Delivery, Notice
from tests.chaos.content import Content, Instants, content_of, differences, noted

THEN = datetime(2023, 11, 1, 2, tzinfo=UTC)
TABLES = tuple(cast("Table", one.__table__) for one in (Person, Notice, Delivery, AuditEvent, ApiKey))
PERSONS, NOTICES, DELIVERIES, AUDIT, KEYS = TABLES


class Small:
    """A database with two people, who are each told something twice."""

    def __init__(self, file: Path, first: int) -> None:
        self.url = f"sqlite:///{file}"
        people = range(first, first + 2)
        notices = [(person, number, person * 10 + number) for person in people for number in (1, 2)]
        self.do(
            *(insert(PERSONS).values(
                id=person, login=login, name=login, is_demo=False, version=1, created_at=THEN, updated_at=THEN
            ) for person, login in zip(people, ("anna", "bao"), strict=True)),
            *(insert(NOTICES).values(
                id=notice, event_key=f"handed:{person}:{number}", person_id=person, kind="assigned", title="有新的条目", body="两条",
                link="/entries", is_urgent=False, created_at=THEN,
            ) for person, number, notice in notices),
            *(insert(DELIVERIES).values(
                id=notice + first, message_id=f"msg_{first}_{notice}", person_id=person, channel="email", kind="assigned",
                notice_id=notice, state="sent", attempts=1, next_attempt_at=THEN, created_at=THEN,
            ) for person, _number, notice in notices),
        )  # fmt: skip

    def do(self, *statements: Any) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        engine.dispose()

    def content(self, instants: Instants = Instants.EXACT) -> Content:
        return content_of(self.url, instants)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them."""
    file = tmp_path_factory.mktemp("empty") / "empty.db"
    engine = create_engine(f"sqlite:///{file}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return file


@pytest.fixture
def two(empty: Path, tmp_path: Path) -> tuple[Small, Small]:
    """Two databases that say the same, under different numbers and with random names of messages."""
    return tuple(Small(Path(shutil.copy(empty, tmp_path / f"{first}.db")), first) for first in (1, 41))  # type: ignore[return-value]  # two of them


def found(two: tuple[Small, Small], instants: Instants = Instants.EXACT) -> list[tuple[str, int]]:
    one, other = two
    return [(each.table, each.times) for each in differences(one.content(instants), other.content(instants))]


def test_numbers_of_rows_and_random_names_are_no_difference(two: tuple[Small, Small]) -> None:
    assert found(two) == []
    assert sum(two[0].content()["notices"].values()) == 4


def test_a_lost_row_is_found(two: tuple[Small, Small]) -> None:
    two[1].do(delete(DELIVERIES).where(DELIVERIES.c.notice_id == 411))
    assert found(two) == [("deliveries", -1)]


def test_a_doubled_row_is_found_although_it_says_what_another_says(two: tuple[Small, Small]) -> None:
    two[1].do(insert(DELIVERIES).values(
        message_id="msg_twice", person_id=41, channel="email", kind="assigned", notice_id=411, state="sent", attempts=1,
        next_attempt_at=THEN, created_at=THEN,
    ))  # fmt: skip
    assert found(two) == [("deliveries", 1)]


def test_a_changed_value_is_found_where_it_stands(two: tuple[Small, Small]) -> None:
    two[1].do(update(NOTICES).where(NOTICES.c.id == 412).values(body="三条"))
    assert found(two) == [("notices", 1), ("notices", -1)]
    two[1].do(update(NOTICES).where(NOTICES.c.id == 412).values(body="两条"))
    assert found(two) == []


def test_a_row_that_refers_to_another_one_is_found(two: tuple[Small, Small]) -> None:
    two[1].do(update(NOTICES).where(NOTICES.c.id == 411).values(event_key="assigned:9"))
    two[1].do(update(NOTICES).where(NOTICES.c.id == 412).values(event_key="assigned:1"))
    tables = {table for table, _times in found(two)}
    assert tables == {"notices", "deliveries"}, "messages go by the notice that they tell of"


def test_when_a_key_was_last_used_is_news_and_what_the_key_may_is_not(two: tuple[Small, Small]) -> None:
    for small, person, used in zip(two, (1, 41), (THEN, None), strict=True):
        small.do(insert(KEYS).values(
            id=person, prefix="p", secret_hash="h", name="k", person_id=person, role="coordinator", scope="230000",  # noqa: S106 - of nobody
            is_read_only=False, created_at=THEN, expires_at=THEN, version=1, last_used_at=used,
            last_used_from=used and "127.0.0.1",
        ))  # fmt: skip
    assert found(two) == []
    two[1].do(update(KEYS).values(role="branch_manager"))
    assert sorted(found(two)) == [("api_keys", -1), ("api_keys", 1)]


def test_instants_count_exactly_by_their_days_or_not_at_all(two: tuple[Small, Small]) -> None:
    later = THEN.replace(hour=9)
    two[1].do(update(NOTICES).where(NOTICES.c.id == 411).values(created_at=later))
    assert [len(found(two, one)) for one in (Instants.EXACT, Instants.DAYS, Instants.NONE)] == [2, 0, 0]
    two[1].do(update(NOTICES).where(NOTICES.c.id == 411).values(created_at=later.replace(day=2)))
    assert [len(found(two, one)) for one in (Instants.DAYS, Instants.NONE)] == [2, 0]


def test_what_was_noted_goes_by_who_did_what_and_how_often(two: tuple[Small, Small]) -> None:
    for small, subjects in zip(two, (("17", "XT-000001"), ("18", "XT-000009", "2023H2")), strict=True):
        for number, subject in enumerate(subjects, 1):
            small.do(insert(AUDIT).values(
                sequence=number, occurred_at=THEN, actor="anna", roles="", action="raise", subject_kind="case",
                subject=subject, detail={}, via="api", address="", request_id="", previous_hash="", hash=str(number),
            ))  # fmt: skip
    first, second = (noted(small.url) for small in two)
    assert (first - second, list((second - first).elements())) == ({}, ["anna  raise case 2023H2"])
