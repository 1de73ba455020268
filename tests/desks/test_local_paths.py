"""After signing in a browser goes to a page of ours, whatever the address said."""

import pytest

from app.desks.devices import device_name
from app.desks.local_paths import local_path

TRICKS = [
    "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example",
    "/\t/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/\n/evil.example",
    "https://evil.example", "HTTPS:evil.example", "https:/evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "?next=/", "", None,
    "/\r\nSet-Cookie: rongqiao=x", "/\u2028/evil.example", "/／evil.example", "/" + "x" * 500,
    "/sign-in", "/sign-in?next=/", "/sign-out", "/sign-in/single-sign-on",
]  # fmt: skip


@pytest.mark.parametrize("wanted", TRICKS)
def test_an_address_that_leads_elsewhere_leads_home(wanted: str | None) -> None:
    assert local_path(wanted) == "/"


@pytest.mark.parametrize(
    "wanted", ["/", "/account", "/?month=2023-11", "/a/b?c=//d&e=https://f#g", "/sign-ins"]
)
def test_a_page_of_ours_is_gone_back_to(wanted: str) -> None:
    assert local_path(wanted) == wanted


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0 Safari/537.36 Edg/131.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1 MicroMessenger/8.0",
            "微信 · iPhone",
        ),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("x" * 100, "x" * 40),
        (" ", "未知设备"),
    ],
)
def test_a_device_is_called_what_people_call_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
