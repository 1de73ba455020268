"""Cursor paging: a page remembers the sort key of its last row, so inserts never shift it."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from app.kernel.errors import Fault, Refused

Row = TypeVar("Row")
Item = TypeVar("Item")

MOST_ROWS = 200
MOST_OF_A_CURSOR = 512


class PageRequest(BaseModel):
    """How many rows, and after which."""

    limit: int = Field(default=25, ge=1, le=MOST_ROWS, description="Rows on a page.")
    cursor: str | None = Field(
        default=None,
        max_length=MOST_OF_A_CURSOR,
        description="`next` of the page before; empty for the first.",
    )

    def after(self, width: int = 1) -> list[str | int] | None:
        """Answer the sort key that the cursor holds, of `width` parts; None for the first page.

        Raises:
            Refused: the cursor was not made by this service.
        """
        if self.cursor is None:
            return None
        try:
            key = json.loads(base64.urlsafe_b64decode(self.cursor.encode()))
        except (ValueError, binascii.Error):
            key = None
        if isinstance(key, list) and len(key) == width and all(_is_storable(part) for part in key):
            return key
        raise foreign_cursor()

    def after_number(self) -> int | None:
        """Answer the number that the cursor holds; None for the first page.

        Raises:
            Refused: the cursor was not made by this service, or for another list.
        """
        key = self.after()
        if key is None:
            return None
        if isinstance(key[0], int):
            return key[0]
        raise foreign_cursor()


def foreign_cursor() -> Refused:
    """Make the refusal of a cursor that this service did not make for this list."""
    return Refused(
        "The cursor is not one of ours.",
        [Fault("cursor", "not a cursor", "Send the `next` of the page before, unchanged.")],
    )


def _is_storable(part: Any) -> bool:
    """Tell whether a part of a sort key can stand in a column: a number of 64 bits, or text that databases take."""
    if isinstance(part, str):
        return "\0" not in part and not any("\ud800" <= each <= "\udfff" for each in part)
    return type(part) is int and abs(part) < 2**63


PageQuery = Annotated[PageRequest, Query()]
Cursor = Annotated[str | None, Query(max_length=MOST_OF_A_CURSOR)]
"""A cursor by itself, for lists whose length is not the asker's to choose."""


class Page(BaseModel, Generic[Item]):
    """Rows and the cursor of the next page (null on the last)."""

    items: list[Item]
    next: str | None = Field(default=None, description="Cursor of the next page; null on the last.")


def encode_cursor(*key: str | int) -> str:
    """Answer an opaque cursor that holds a row's sort key."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def page_of(
    rows: Sequence[Row],
    request: PageRequest,
    key: Callable[[Row], tuple[str | int, ...]],
    item: Callable[[Row], Item],
) -> Page[Item]:
    """Make a page of rows that a query read with `limit + 1`: the surplus row tells that more follow."""
    shown = rows[: request.limit]
    more = len(rows) > request.limit
    return Page(
        items=[item(row) for row in shown],
        next=encode_cursor(*key(shown[-1])) if more and shown else None,
    )
