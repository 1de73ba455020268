"""A sheet read in pieces holds exactly the cells that calamine finds when it reads the sheet whole."""

import zipfile
from collections.abc import Mapping
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from app.kernel import workbook_archive
from app.kernel.errors import Refused
from app.kernel.workbook_pieces import PieceReader
from app.kernel.workbooks import SubmittedSheet, open_sheet

Grid = Mapping[tuple[int, int], Any]
TEXTS = st.one_of(
    st.sampled_from(["", " ", "0", "=1", 'a<c r="A1">', 't="s"><v>1</v>', "</si>", "<row ", "_x0041_", "sheetData"]),
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.sampled_from("\t\n"), max_size=12),
)  # fmt: skip
DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))
TIMES = st.times().map(lambda moment: moment.replace(microsecond=0))
CELLS = st.one_of(
    TEXTS,
    st.sampled_from(["专精特新中小企业", "技术改造"]),
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    DAYS,
    st.builds(datetime.combine, DAYS, TIMES),
    TIMES,
)
GRIDS = st.dictionaries(st.tuples(st.integers(0, 40), st.integers(0, 6)), CELLS, max_size=60)


def by_xlsxwriter(grid: Grid, shift: tuple[int, int], options: Mapping[str, Any]) -> BytesIO:
    file = BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, plain | dict(options)) as book:
        page = book.add_worksheet("名单")
        styles = {kind: book.add_format({"num_format": form}) for kind, form in FORMATS.items()}
        for (row, column), value in sorted(grid.items()):
            at = row + shift[0], column + shift[1]
            if value is None:
                page.write_blank(*at, None, styles[date])
            elif isinstance(value, str):
                page.write_string(*at, value)
            else:
                page.write(*at, value, styles.get(type(value)))
    return file


FORMATS: Mapping[type, str] = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss", time: "hh:mm:ss"}


def by_openpyxl(grid: Grid, shift: tuple[int, int]) -> BytesIO:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "名单"
    for (row, column), value in grid.items():
        cell = page.cell(row + shift[0] + 1, column + shift[1] + 1)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
    file = BytesIO()
    book.save(file)
    return file


def opened(file: BytesIO) -> SubmittedSheet:
    return open_sheet(file, "名单.xlsx", "名单")


def whole(file: BytesIO, width: int) -> list[tuple[int, list[Any]]]:
    """Read a sheet whole by calamine, from A1, all rows `width` wide."""
    file.seek(0)
    rows = load_workbook(file).get_sheet_by_name("名单").to_python(skip_empty_area=False)
    return [(number, [*row, *[""] * (width - len(row))]) for number, row in enumerate(rows, start=1)]


def refusal_of(file: BytesIO) -> str:
    with pytest.raises(Refused) as refusal:
        list(opened(file).rows())
    [fault] = refusal.value.faults
    return fault.message


@settings(max_examples=120, deadline=None)
@given(
    grid=GRIDS,
    shift=st.tuples(st.integers(0, 3), st.integers(0, 30)),
    chunk=st.sampled_from([50, 333, 2_000, 2**20]),
    writer=st.sampled_from(["inline", "shared", "1904", "openpyxl"]),
)
def test_pieces_hold_what_the_whole_sheet_holds(
    grid: Grid, shift: tuple[int, int], chunk: int, writer: str
) -> None:
    options = {"inline": {"constant_memory": True}, "1904": {"date_1904": True}}
    file = (
        by_openpyxl(grid, shift)
        if writer == "openpyxl"
        else by_xlsxwriter(grid, shift, options.get(writer, {}))
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workbook_archive, "_CHUNK", chunk)
        sheet = opened(file)
        first, again = list(sheet.rows()), list(sheet.rows())
    expected = whole(file, sheet.scan.last_column + 1)
    assert repr(first) == repr(again) == repr(expected)
    file.seek(0)
    calamine = load_workbook(file).get_sheet_by_name("名单")
    if calamine.start and calamine.end:
        found = (sheet.scan.first_column, sheet.scan.last_row, sheet.scan.last_column)
        assert found == (calamine.start[1], calamine.end[0] + 1, calamine.end[1])


def raw(
    rows: str,
    strings: str | None = None,
    *,
    head: str = "<worksheet><sheetData>",
    tail: str = "</sheetData></worksheet>",
    more: Mapping[str, bytes] | None = None,
) -> BytesIO:
    """Make a workbook of parts as given."""
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("名单").write_datetime(
            0,
            0,
            date(2023, 1, 1),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
    made = BytesIO()
    parts = {"xl/worksheets/sheet1.xml": (head + rows + tail).encode(), **(more or {})}
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings.encode()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return made


RICH = (
    '<x:sst xmlns:x="m" count="9"><x:si><x:t xml:space="preserve"> a </x:t></x:si><x:si/>\n'
    "<x:si><x:r><x:rPr><x:b/></x:rPr><x:t>粗</x:t></x:r><x:r><x:t> 细&amp;</x:t></x:r>"
    '<x:rPh sb="0" eb="1"><x:t>cu</x:t></x:rPh><x:phoneticPr fontId="1"/></x:si><x:si><x:t>_x0041_</x:t></x:si><x:si><x:t><![CDATA[</x:si> "&]]>b<![CDATA[<x:si>]]></x:t></x:si></x:sst>'
)


@pytest.mark.parametrize("chunk", [40, 2**20])
@pytest.mark.parametrize(
    ("rows", "strings"),
    [
        ("<row r='2'><c t='s' r='B2'><v>2</v></c><c s = '1' r = 'A2'><v>44927</v></c></row>", RICH),
        ('<x:row><x:c r="C1" t="s"><x:v>1</x:v></x:c></x:row><x:row><x:c r="A4" t="s"><x:v>03</x:v></x:c></x:row>', RICH),
        ('<row r="1"><c r="A1" t="s"><v></v></c><c r="B1"><v/></c><c r="C1" t="s"><v xml:space="preserve">0</v></c></row>', RICH),
        ('<row r="1"><c r="B1" t="str"><f>A1</f><v>x&lt;y</v></c><c r="C1"><f>1+1</f></c><c r="D1" t="s"><f>A1</f><v>2</v></c></row>', RICH),
        ('<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="d"><v>2023-01-02</v></c><c r="C1" t="n"><v>1e3</v></c></row>', None),
        ('<row r="1" x14ac:dyDescent="0.25"><c r="A1" t="inlineStr"><is><r><t>甲:row r="1"</t></r><r><t> &gt;乙</t></r></is></c></row>\n', None),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row><row r="9"/>', None),
        ('<row><c r="A1" t="inlineStr"><is><t><![CDATA[<row ></sheetData>&lt; <c >]]> b</t></is></c></row><row><c r="A2" t="s"><v>4</v></c></row>', RICH),
        ('<row r="3"><c r="B3" s="99"><v>5</v></c><c r="C3" t="inlineStr"><is/></c></row>', None),
    ],
)  # fmt: skip
def test_unusual_spellings_read_as_calamine_reads_them(
    rows: str, strings: str | None, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook_archive, "_CHUNK", chunk)
    file = raw(rows, strings)
    sheet = opened(file)
    assert repr(list(sheet.rows())) == repr(whole(file, sheet.scan.last_column + 1))


@pytest.mark.parametrize("head", [
    '<?xml version="1.0" encoding="UTF-8"?><!-- <sheetData> --><worksheet xmlns="m"><dimension ref="A1:B2"/><sheetData >',
    '\ufeff<?xml version="1.0"?><?by <sheetData> ?>\n<x:worksheet><x:sheetData xmlns:x="m">',
])  # fmt: skip
def test_rows_begin_behind_the_true_start_tag(head: str) -> None:
    file = raw('<row><c r="A1"><v>7</v></c></row>', head=head, tail="</x:sheetData></worksheet>")
    assert list(opened(file).rows()) == [(1, [7.0])]


def test_an_empty_sheet_has_no_rows() -> None:
    for head, tail in (
        ("<worksheet><sheetData/>", "</worksheet>"),
        ("<worksheet><sheetData>", "</sheetData></worksheet>"),
    ):
        assert list(opened(raw("", head=head, tail=tail)).rows()) == []


def test_merged_cells_are_found_behind_the_rows_however_they_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    merged = "".join(f"<mergeCell ref='A{row}:C{row + 1}' />" for row in range(2, 300, 2))
    tail = f'</sheetData><x:mergeCells><x:mergeCell ref="B1"/>{merged}</x:mergeCells></worksheet>'
    for chunk in (64, 2**20):
        monkeypatch.setattr(workbook_archive, "_CHUNK", chunk)
        file = raw('<row><c r="A1"><v>1</v></c></row>', tail=tail)
        file.seek(0)
        ranges = load_workbook(file).get_sheet_by_name("名单").merged_cell_ranges
        assert ranges is not None
        assert opened(file).scan.merged == [
            (top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges
        ]


@pytest.mark.parametrize(("rows", "said"), [
    ('<row><c r="A1" t="s"><v>5</v></c></row>', "不存在的文字"),
    ('<row><c r="A1" t="s"><v>-1</v></c></row>', "无法核对"),
    ('<row><c r="A1" t="s"><v>99999999999999999999</v></c></row>', "无法核对"),
    ('<row><c r="A1" x:t="s"><v>1</v></c></row>', "无法核对"),
    ('<row><c r="A1" t="s" t="n"><v>1</v></c></row>', "属性重复"),
    ('<row><c r="A1"><!-- --><v>1</v></c></row>', "夹有注释"),
    ('<row><c r="A1" t="inlineStr"><is><t><![CDATA[1</t></is></c></row>', "已损坏"),
    ('<row><c r="A1" r="XFD1048576"><v>1</v></c></row>', "无法核对"),
    ('<row><c x:r="A1" r="XFD1048576"><v>1</v></c></row>', "内容延伸到第 1048576 行"),
    ('<row><c r="XFD1048576"><x/><v>1</v></c></row>', "内容延伸到第 1048576 行"),
    ('<row><c r="xfd1048576"><v>1</v></c></row>', "无法核对"),
    ('<row><é-1:c r="XFD0000001048576"><v>1</v></é-1:c></row>', "无法核对"),
    ('<row r="0"><c r="A1"><v>1</v></c></row>', "无法读取"),
    ('<row><c r="A1" t="zzz"><v>1</v></c></row>', "无法读取"),
    ('<row><c r="A1" t="n"><v>one</v></c></row>', "无法读取"),
])  # fmt: skip
def test_what_cannot_be_checked_or_read_is_refused(rows: str, said: str) -> None:
    assert said in refusal_of(raw(rows, RICH))


@pytest.mark.parametrize(("head", "tail"), [
    ("<worksheet>", "</worksheet>"),
    ("<worksheet><sheetData>", ""),
    ("<worksheet><sheetData>", "</sheetDat"),
    ("<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet><sheetData>", "</sheetData></worksheet>"),
])  # fmt: skip
def test_rows_that_are_not_enclosed_are_refused(head: str, tail: str) -> None:
    assert "已损坏" in refusal_of(raw('<row><c r="A1"><v>1</v></c></row>', head=head, tail=tail))


def test_another_encoding_is_refused() -> None:
    head = '<?xml version="1.0" encoding="GB18030"?><worksheet><sheetData>'
    assert "编码是 GB18030" in refusal_of(raw("", head=head))


def test_rows_out_of_order_are_refused_where_pieces_cannot_serve_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = "".join(f'<row><c r="A{number}"><v>{number}</v></c></row>' for number in (1, 2, 4, 3, 5))
    assert [row for _, row in opened(raw(rows)).rows()] == [[1.0], [2.0], [3.0], [4.0], [5.0]]
    monkeypatch.setattr(workbook_archive, "_CHUNK", 20)
    assert "第 3 行排在第 4 行之后" in refusal_of(raw(rows))


@pytest.mark.parametrize("strings", [
    "<sst><si><t>a</t></si><si><si><t>b</t></si></si></sst>",
    "<sst><si><t>a</t></si><!-- <si> --></sst>",
    "<sst><si><t>a</t></si>",
    "<sst><si><t>a\0</t></si></sst>",
    "<strings/>",
])  # fmt: skip
def test_shared_strings_that_cannot_be_counted_are_refused(strings: str) -> None:
    assert refusal_of(raw('<row><c r="A1" t="s"><v>0</v></c></row>', strings))


def test_parts_are_found_however_they_are_spelled() -> None:
    rows = '<row><c r="A1" t="s"><v>0</v></c></row>'
    file = raw(rows, more={"xl/SharedStrings.xml": b"<sst><si><t>a</t></si></sst>"})
    assert list(opened(file).rows()) == [(1, ["a"])]


def test_styles_of_other_things_do_not_count_as_formats_of_cells() -> None:
    styles = (
        b'<styleSheet xmlns="m"><numFmts><numFmt numFmtId="200" formatCode="yyyy&quot;y&quot;"/></numFmts>'
        b'<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf/><xf numFmtId="200"/><xf numFmtId="2"/></cellXfs>'
        b'<dxfs><dxf><numFmt numFmtId="2" formatCode="yyyy"/></dxf></dxfs></styleSheet>'
    )
    cells = "".join(f'<c r="{"ABCD"[style]}1" s="{style}"><v>44927</v></c>' for style in range(4))
    file = raw(f"<row>{cells}</row>", more={"xl/styles.xml": styles})
    assert list(opened(file).rows()) == whole(file, 4)
    assert [type(cell) for cell in whole(file, 4)[0][1]] == [float, date, float, float]


def test_no_piece_is_longer_than_a_chunk_and_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    read = PieceReader.read

    def noted(self: PieceReader, piece: bytes) -> Any:
        pieces.append(len(piece))
        return read(self, piece)

    monkeypatch.setattr(PieceReader, "read", noted)
    monkeypatch.setattr(workbook_archive, "_CHUNK", 10_000)
    texts = {(row, column): f"文字{row * 10 + column}" for row in range(2_000) for column in range(4)}
    sheet = opened(by_xlsxwriter(texts, (0, 0), {}))
    assert [cells[3] for _, cells in sheet.rows()] == [f"文字{row * 10 + 3}" for row in range(2_000)]
    assert len(pieces) > 20
    assert max(pieces) < 10_000 + 500
