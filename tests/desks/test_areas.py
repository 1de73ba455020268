"""The navigation says where one is, also on pages that several areas lead to."""

import pytest

from app.accounts.rules import Grant, Role, Viewer
from app.desks.areas import areas_of, is_within


@pytest.mark.parametrize(
    ("role", "path", "area"),
    [
        (Role.BANK_ADMINISTRATOR, "/library/observed", "/products"),
        (Role.BANK_ADMINISTRATOR, "/bank/products", "/bank"),
        (Role.COORDINATOR, "/awards/2024", "/products"),
        (Role.ENTERPRISE, "/awards/2024", "/awards"),
        (Role.ENTERPRISE, "/core-lists/upload", "/enterprise"),
        (Role.ENTERPRISE, "/products/SJYH-LZD", "/booklet"),
        (Role.RELATIONSHIP_MANAGER, "/core-lists/matches", "/manager"),
        (Role.CHAIN_MANAGER, "/core-lists", "/chain"),
        (Role.AUDITOR, "/core-lists", "/core-lists"),
        (Role.AUDITOR, "/auditing", None),
    ],
)
def test_a_page_belongs_to_one_area_of_who_looks(role: Role, path: str, area: str | None) -> None:
    viewer = Viewer("x", "230000", (Grant(role, "x"),), 1)
    assert [one.path for one in areas_of(viewer) if is_within(path, one)] == ([area] if area else [])
