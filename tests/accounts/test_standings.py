"""What credentials stand for is believed for a moment, and no longer than it holds."""

from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.rules import Viewer
from app.accounts.standings import Standing, StandingCache, TokenReader
from app.accounts.tokens import TokenRefused, access_token

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
HERS = Standing(Viewer("wang.fang", "230000", person=1), "token", NOW + timedelta(hours=1))
HIS = Standing(Viewer("li.lei", "230000", person=2), "token", NOW + timedelta(seconds=2))


@pytest.fixture
def cache() -> StandingCache:
    cache = StandingCache(60)
    cache.keep("hers", HERS, changes=cache.changes, now=NOW)
    cache.keep("his", HIS, changes=cache.changes, now=NOW)
    return cache


def test_it_is_believed_for_its_seconds_within_its_life_and_its_day(cache: StandingCache) -> None:
    assert cache.find("hers", NOW + timedelta(seconds=59)) is HERS
    assert cache.find("hers", NOW + timedelta(seconds=60)) is None
    assert cache.find("hers", NOW - timedelta(seconds=1)) is None  # the clock was set back
    assert cache.find("his", NOW + timedelta(seconds=1)) is HIS
    assert cache.find("his", NOW + timedelta(seconds=2)) is None
    before_midnight = datetime(2023, 11, 15, 15, 59, 59, tzinfo=UTC)
    cache.keep("hers", HERS, changes=cache.changes, now=before_midnight - timedelta(hours=14))
    late = Standing(HERS.viewer, "token", before_midnight + timedelta(days=1))
    cache.keep("late", late, changes=cache.changes, now=before_midnight)
    assert cache.find("late", before_midnight) is late
    assert cache.find("late", before_midnight + timedelta(seconds=1)) is None


def test_who_is_forgotten_is_looked_up_anew_and_others_are_not(cache: StandingCache) -> None:
    cache.forget(1)
    assert (cache.find("hers", NOW), cache.find("his", NOW)) == (None, HIS)


def test_what_was_looked_up_before_a_change_is_not_remembered_after_it(cache: StandingCache) -> None:
    before = cache.changes
    cache.forget(1)
    cache.keep("hers", HERS, changes=before, now=NOW)
    assert cache.find("hers", NOW) is None


def test_with_no_seconds_nothing_is_believed() -> None:
    cache = StandingCache(0)
    cache.keep("hers", HERS, changes=cache.changes, now=NOW)
    assert cache.find("hers", NOW) is None


def test_a_token_that_was_read_expires_all_the_same() -> None:
    keys, until = [b"k" * 32], NOW + timedelta(minutes=10)
    token = access_token(keys, person=7, session_id="5" * 32, now=NOW, expires_at=until)
    reader = TokenReader(keys)
    assert reader.read(token, now=NOW) == reader.read(token, now=until - timedelta(seconds=1))
    for wrong in (token, token[:-1], token + "="):
        with pytest.raises(TokenRefused):
            reader.read(wrong, now=until if wrong == token else NOW)
