"""Calendar files, codes of events, hours: what is written can be read."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.events.calendar_file import MOST_OCTETS, Appointment, calendar_file
from app.events.hours import minute, written
from app.events.states import event_code, event_number

AT = datetime(2024, 3, 15, 1, tzinfo=UTC)


@given(
    title=st.text(max_size=120).filter(lambda text: text.isprintable()),
    place=st.sampled_from(["一号厅;甲,乙", "a\\b"]),
)
def test_a_file_folds_at_75_octets_and_keeps_every_character(title: str, place: str) -> None:
    content = calendar_file([Appointment("1@x", AT, AT, title, place)], made_at=AT)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= MOST_OCTETS
    whole = content.replace(b"\r\n ", b"").decode()
    escaped = title.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert f"SUMMARY:{escaped}\r\n" in whole
    assert "DTSTART:20240315T010000Z" in whole


@given(number=st.integers(1, 10**15 - 1))
def test_a_code_names_one_event(number: int) -> None:
    assert event_number(event_code(number)) == number


def test_what_is_no_code_names_none() -> None:
    for text in ("", "HD-", "HD-1", "HD-0000001", "XT-000001", "HD-００００01", "HD-" + "9" * 16):
        assert event_number(text) is None


@given(at=st.integers(0, 24 * 60 - 1))
def test_a_minute_is_read_as_it_is_written(at: int) -> None:
    assert minute(written(at)) == at
