"""Small fields of a form are read the same as a form parser reads them, and nothing else is taken for one."""

from urllib.parse import urlencode

import httpx
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.form_fields import MOST_FIELDS, MOST_FORM_BYTES, form_fields, only

URL_ENCODED = "application/x-www-form-urlencoded"
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,30}", fullmatch=True)
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
FILES = st.binary(max_size=300)


def grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Answer pairs by name: the plain oracle."""
    return {name: [value for other, value in pairs if other == name] for name, _value in pairs}


def sent(fields: list[tuple[str, str]], files: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Answer content type and body of a form of several parts, as a browser makes them."""
    parts = [(name, (None, value.encode())) for name, value in fields]
    parts += [(name, ("file.xlsx", content, "application/octet-stream")) for name, content in files]  # type: ignore[misc]  # triples are files
    request = httpx.Request("POST", "http://localhost/", files=parts)
    return request.headers["content-type"], request.read()


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=50)), max_size=20))
def test_an_url_encoded_form_has_the_fields_that_were_typed(pairs: list[tuple[str, str]]) -> None:
    typed = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in pairs
    ]
    assert form_fields(f"{URL_ENCODED}; charset=utf-8", urlencode(typed).encode()) == grouped(typed)


@given(st.lists(st.tuples(NAMES, PLAIN), max_size=4), st.lists(st.tuples(NAMES, FILES), max_size=2))
def test_of_a_form_with_files_the_fields_before_them_are_read(
    fields: list[tuple[str, str]], files: list[tuple[str, bytes]]
) -> None:
    if fields or files:
        assert form_fields(*sent(fields, files)) == grouped(fields)


@given(st.lists(st.tuples(NAMES, FILES), min_size=1, max_size=2), NAMES, PLAIN)
def test_what_stands_behind_or_inside_a_file_is_no_field(
    files: list[tuple[str, bytes]], name: str, value: str
) -> None:
    content_type, body = sent([], files)
    boundary = content_type.partition("boundary=")[2]
    smuggled = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    assert form_fields(content_type, body.removesuffix(f"--{boundary}--\r\n".encode()) + smuggled) == {}


@given(st.text(max_size=80), st.binary(max_size=500))
def test_whatever_is_sent_is_answered_without_an_error(content_type: str, body: bytes) -> None:
    for kind in (content_type, URL_ENCODED, f"multipart/form-data; boundary={content_type}"):
        assert all(isinstance(name, str) for name in form_fields(kind, body))


def test_too_much_or_something_else_has_no_fields() -> None:
    assert form_fields(URL_ENCODED, b"a=" + b"x" * MOST_FORM_BYTES) == {}
    assert form_fields(URL_ENCODED, b"&".join(b"a=1" for _ in range(MOST_FIELDS + 1))) == {}
    assert form_fields("application/json", b"a=1") == {}
    assert form_fields("", b"a=1") == {}


def test_a_field_that_stands_there_twice_is_none() -> None:
    fields = form_fields(URL_ENCODED, b"csrf=1&csrf=2&once=3&empty=")
    assert [only(fields, name) for name in ("csrf", "once", "empty", "missing")] == [None, "3", "", None]
