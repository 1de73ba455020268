"""A cursor is one of ours, or is refused before a database sees it."""

import base64
import json

import pytest

from app.kernel.errors import Refused
from app.kernel.paging import PageRequest, encode_cursor


@pytest.mark.parametrize("key", [("龙江\N{IDEOGRAPHIC SPACE}一机",), (0,), (-(2**63) + 1,)])
def test_what_we_wrote_is_read_again(key: tuple[str | int, ...]) -> None:
    assert PageRequest(cursor=encode_cursor(*key)).after() == list(key)


@pytest.mark.parametrize(
    "forged", [["\0"], ["a\ud800"], [2**63], [1.5], [True], [None], [["a"]], ["a", "b"], [], {"a": 1}, "a"]
)
def test_what_no_column_takes_is_refused(forged: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode()
    with pytest.raises(Refused):
        PageRequest(cursor=cursor).after()


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "龙", "AAAA", "\ud800"])
def test_what_is_no_cursor_at_all_is_refused(cursor: str) -> None:
    with pytest.raises((Refused, ValueError)):
        PageRequest(cursor=cursor).after()
