"""How a viewer's conditions are written, and the values in them: all viewers of one form share compiled statements. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer

LENDERS: Final = tuple(sorted(INSTITUTION_ROLES))
DAY: Final = "sight_day"
PERSON: Final = "sight_person"
CHAINS: Final = "sight_chains"
FIRMS: Final = "sight_firms"
INSTITUTIONS: Final = "sight_institutions"
BANKS: Final = "sight_banks"
ENTRY: Final = "sight_entry"
_REGION: Final = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Form:
    """How the conditions of a viewer are written: all of one form differ in values only.

    `has_banks`: it administers banks. `regions` counts those that the viewer coordinates; `covers_all`: the whole jurisdiction lies in them.
    `is_of_entry`: of what institutions hold, only one entry is looked at.
    """

    sees_all: bool
    regions: int
    has_chains: bool
    has_firms: bool
    has_institutions: bool
    has_banks: bool
    is_person: bool
    covers_all: bool
    is_of_entry: bool = False

    @classmethod
    def of(cls, viewer: Viewer) -> "Form":
        """Answer the form of a viewer's conditions."""
        ranges = _ranges(viewer)
        return cls(
            sees_all=viewer.has(Role.AUDITOR),
            regions=len(ranges),
            has_chains=bool(viewer.scopes(Role.CHAIN_MANAGER)),
            has_firms=bool(viewer.scopes(Role.ENTERPRISE)),
            has_institutions=bool(viewer.scopes(*LENDERS)),
            has_banks=bool(viewer.scopes(Role.BANK_ADMINISTRATOR)),
            is_person=bool(viewer.person),
            covers_all=any(viewer.jurisdiction.startswith(digits) for digits, _first, _last in ranges),
        )

    def only(self, *roles: Role) -> "Form":
        """Answer the form with no more than some of the roles."""
        return replace(
            self,
            sees_all=self.sees_all and Role.AUDITOR in roles,
            regions=self.regions if Role.COORDINATOR in roles else 0,
            has_chains=self.has_chains and Role.CHAIN_MANAGER in roles,
            has_firms=self.has_firms and Role.ENTERPRISE in roles,
            has_institutions=False,
            has_banks=False,
        )


def values(viewer: Viewer, day: date, entry: str | None = None) -> dict[str, Any]:
    """Answer the values that a viewer has in the conditions of the viewer's form; `entry`: the code of the one looked at."""
    found: dict[str, Any] = {
        DAY: day,
        PERSON: viewer.person,
        ENTRY: entry,
        CHAINS: sorted(viewer.scopes(Role.CHAIN_MANAGER)),
        FIRMS: sorted(viewer.scopes(Role.ENTERPRISE)),
        INSTITUTIONS: sorted(viewer.scopes(*LENDERS)),
        BANKS: sorted(viewer.scopes(Role.BANK_ADMINISTRATOR)),
    }
    for number, (_digits, first, last) in enumerate(_ranges(viewer)):
        found |= zip(region_names(number), (first, last), strict=True)
    return found


def region_names(number: int) -> tuple[str, str]:
    """Answer the names of the first and the last code of a region by its place among the viewer's."""
    return f"sight_region_{number}_first", f"sight_region_{number}_last"


def _ranges(viewer: Viewer) -> list[tuple[str, str, str]]:
    """Answer leading digits, first and last code of the regions that a viewer coordinates.

    Codes nest by pairs of digits (GB/T 2260), so that a region is a range.
    """
    regions = sorted(filter(_REGION.fullmatch, viewer.scopes(Role.COORDINATOR)))
    return [(digits, digits.ljust(6, "0"), digits.ljust(6, "9")) for digits in map(_digits, regions)]


def _digits(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region
