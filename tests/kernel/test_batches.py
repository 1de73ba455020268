"""Many things in parts: none is lost, doubled or moved."""

from collections.abc import Iterator
from itertools import count, islice

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.batches import in_batches


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_hold_everything_in_its_order_and_all_but_the_last_are_full(
    items: list[int], size: int
) -> None:
    parts = list(in_batches(items, size))
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])
    assert all(parts)


def test_no_more_is_taken_of_a_stream_than_is_asked_for() -> None:
    taken: list[int] = []

    def stream() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    assert list(islice(in_batches(stream(), 3), 2)) == [[0, 1, 2], [3, 4, 5]]
    assert taken == list(range(6))
