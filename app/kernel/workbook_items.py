"""Cuts the long list of a workbook's part, rows of a sheet or shared strings, into pieces of whole items.

Items are found by pattern, not by parsing: a `<` in text is always escaped, so a tag is where it
seems to be. CDATA, where it is not, is escaped first; comments and processing instructions among the
items are refused, since no spreadsheet program writes them there.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from app.kernel.workbook_archive import MIB, damaged, refuse

MOST_ITEM_BYTES: Final = 16 * MIB
PREFIX: Final = rb"(?:[^ \t\r\n>:]*:)?+"
_ASIDE: Final = rb"<!--.*?-->|<\?.*?\?>"
_CDATA = re.compile(rb"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ENCODING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)")
_READ_ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}
_SAVE_AGAIN: Final = "用 Excel 或 WPS 打开后另存。"


@cache
def start_tag(tag: bytes) -> re.Pattern[bytes]:
    """Answer the pattern of a start tag up to its name, whatever its namespace prefix."""
    return re.compile(rb"<(?!/)" + PREFIX + tag + rb"[ \t\r\n/>]")


class PartItems:
    """Pieces of a part's list, each of whole items (bytes of one chunk or so), in their order; read once."""

    def __init__(self, chunks: Iterator[bytes], outer: str, item: str, where: str) -> None:
        """Read `chunks`, the list being the element `outer` and its items the elements `item`."""
        self._chunks, self._where, self._outer, self._item = chunks, where, outer.encode(), item.encode()
        self._behind = b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces.

        Raises:
            Refused: the list is missing or not closed, or cannot be cut (see the head of this file).
        """
        data = self._from_the_first_item()
        end_tag = re.compile(rb"</" + PREFIX + self._outer + rb"[ \t\r\n]*>")
        while data is not None:
            plain = len(data)
            if b"<!" in data:
                data = _CDATA.sub(_escaped, data)
                plain = len(data.partition(b"<![")[0])  # up to CDATA that is not closed yet
            if self._outer in data and (end := end_tag.search(data, 0, plain)):
                self._behind = data[end.end() :]
                yield self._checked(data[: end.start()])
                return
            cut = self._last_start(data, plain)
            if len(data) - cut > MOST_ITEM_BYTES:
                raise refuse(self._where, "有一行长得不可能", "把数据粘贴到新模板。")
            if cut:
                yield self._checked(data[:cut])
            data = data[cut:] + self._next()

    def behind(self) -> Iterator[bytes]:
        """Yield what stands behind the list, cut at tags, once all pieces were taken."""
        data = self._behind
        for chunk in self._chunks:
            cut = max(data.rfind(b"<"), 0)
            yield data[:cut]
            data = data[cut:][-MOST_ITEM_BYTES:] + chunk
        yield data

    def _next(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise damaged(self._where, self._outer.decode())
        return chunk

    def _from_the_first_item(self) -> bytes | None:
        """Answer the data behind the list's start tag; None if the list is empty."""
        opening = re.compile(
            _ASIDE + rb"|<" + PREFIX + self._outer + rb"((?:[ \t\r\n][^>]*?)?(/?)>)", re.DOTALL
        )
        data = b""
        while len(data) <= MOST_ITEM_BYTES:
            data += self._next()
            seen = 0
            for found in opening.finditer(data):
                before = data[seen : found.start()]
                if b"<!" in before or b"<?" in before:
                    break  # not closed yet, or a DTD
                if found[1]:
                    self._check_encoding(data)
                    self._behind = data[found.end() :]
                    return None if found[2] else self._behind
                seen = found.end()
        raise damaged(self._where, self._outer.decode())

    def _check_encoding(self, head: bytes) -> None:
        found = _ENCODING.search(head)
        if found and found[1].lower() not in _READ_ENCODINGS:
            raise refuse(
                self._where, f"编码是 {found[1][:20].decode('ascii', 'replace')}，不是 UTF-8", _SAVE_AGAIN
            )

    def _last_start(self, data: bytes, end: int) -> int:
        """Answer where the last item before `end` begins (0: nowhere), so that no item is cut in two."""
        at, start = end, start_tag(self._item)
        while (at := data.rfind(self._item, 0, at)) > 0:
            tag = data.rfind(b"<", 0, at)
            if tag >= 0 and start.match(data, tag):
                return tag
        return 0

    def _checked(self, piece: bytes) -> bytes:
        if b"<!" in piece or b"<?" in piece:
            raise refuse(self._where, "内容中夹有注释，无法核对", _SAVE_AGAIN)
        return piece


def _escaped(found: re.Match[bytes]) -> bytes:
    return found[1].replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
