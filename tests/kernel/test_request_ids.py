"""Ids of requests: ours, or what a proxy of ours says; never a text that somebody made up for the log."""

import pytest

from app.kernel.request_ids import request_id_of, trace_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
NGINX = "0123456789abcdef0123456789abcdef"
UUID = "7F3E9A52-1c2d-4e5f-8a9b-0c1d2e3f4a5b"
WRONG = ("", "short", "a" * 33, "line\nbreak-x", "with space", '{"event":"forged"}', "中文中文中文中文")


@pytest.mark.parametrize(
    ("stated", "traceparents", "expected"),
    [
        ([NGINX], [PARENT], NGINX),
        ([UUID], [], UUID.replace("-", "").lower()),
        ([], [PARENT], TRACE),
        ([WRONG[2]], [PARENT], TRACE),
    ],
)
def test_behind_our_proxy_its_id_is_ours(stated: list[str], traceparents: list[str], expected: str) -> None:
    assert request_id_of(stated, traceparents, 1) == expected
    assert request_id_of(stated, traceparents, 0) != expected


def test_what_is_not_well_formed_or_stands_there_twice_is_replaced() -> None:
    made = [request_id_of([wrong], [], 1) for wrong in WRONG] + [request_id_of([NGINX, NGINX], [], 1)]
    assert {len(one) for one in made} == {32}
    assert len({*made, *WRONG, NGINX}) == len(made) + len(WRONG) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        PARENT.replace("00-4", "ff-4"), f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01",
        PARENT.upper(), PARENT + "-x", PARENT[:-1],
    ],
)  # fmt: skip
def test_a_traceparent_is_of_the_standard_or_none(wrong: str) -> None:
    assert trace_of([PARENT]) == TRACE
    assert trace_of([wrong]) == trace_of([PARENT, PARENT]) == trace_of([]) == ""
