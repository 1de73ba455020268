"""What pages of a chain show, made of what services answer. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.accounts.rules import Role, Viewer
from app.chains.plan_parts import ContractedBankIn
from app.chains.schemas import ManagerOut, PlanOut
from app.coverage.trend_schemas import TrendMonth
from app.desks.charts import Line, Point
from app.desks.texts import Text
from app.whitelist.schemas import EntrySummary

UNKNOWN: Final = "unknown"
ROLE_ORDER: Final = ("upstream", "core", "downstream", "supporting", UNKNOWN)
ROLE_TEXTS: Final[Mapping[str, Text]] = {
    "upstream": Text("上游"),
    "core": Text("链主"),
    "downstream": Text("下游"),
    "supporting": Text("配套"),
    UNKNOWN: Text("角色未知"),
}


MANAGER_TEXTS: Final[Mapping[str, Text]] = {
    "leader": Text("链长"),
    "deputy": Text("副链长"),
    "office": Text("链办"),
    "liaison": Text("联络员"),
}


POST_TEXTS: Final[Mapping[str, Text]] = {
    **MANAGER_TEXTS,
    "lead_department": Text("牵头部门"),
    "adviser": Text("金融顾问"),
    "butler_team": Text("金融管家团队"),
}
PLACE_TEXTS: Final[Mapping[str, Text]] = {
    "region": Text("地区"),
    "cluster": Text("先进制造业集群"),
    "zone": Text("国家级高新技术产业开发区"),
    "park": Text("重点产业园区"),
}


@dataclass(frozen=True, slots=True)
class RoleBox:
    """One role on the map: how many members have it, and the first of them."""

    key: str
    name: Text
    count: int
    first: Sequence[EntrySummary]

    @property
    def more(self) -> int:
        """How many members are not named on the map."""
        return self.count - len(self.first)


def role_map(counts: Mapping[str | None, int], first: Mapping[str, Sequence[EntrySummary]]) -> list[RoleBox]:
    """Answer the roles in the order in which goods flow; those of unknown role only if there are any."""
    found = [
        RoleBox(key, ROLE_TEXTS[key], counts.get(None if key == UNKNOWN else key, 0), first.get(key, ()))
        for key in ROLE_ORDER
    ]
    return [box for box in found if box.count or box.key != UNKNOWN]


@dataclass(frozen=True, slots=True)
class Contracted:
    """A contracted bank, how many of the chain's entries it has, and how many it may take."""

    code: str
    name: str
    quota: int | None
    held: int

    @property
    def is_full(self) -> bool:
        """Whether it has as many as it may take."""
        return self.quota is not None and self.held >= self.quota


def contracted(
    banks: Sequence[ContractedBankIn], names: Mapping[str, str], held: Sequence[int]
) -> list[Contracted]:
    """Answer contracted banks with what they hold, in the order of the plan."""
    return [
        Contracted(bank.institution, names.get(bank.institution, bank.institution), bank.quota, count)
        for bank, count in zip(banks, held, strict=True)
    ]


def in_office(managers: Sequence[ManagerOut], day: date) -> tuple[list[ManagerOut], list[ManagerOut]]:
    """Answer who answers for a chain on a day, and who did before or will."""
    now = [one for one in managers if one.since <= day and (one.until is None or one.until >= day)]
    return now, [one for one in managers if one not in now]


def is_in_force(plan: PlanOut, day: date) -> bool:
    """Tell whether a plan holds on a day."""
    return plan.since <= day and (plan.until is None or plan.until >= day)


def own_codes(viewer: Viewer) -> frozenset[str] | None:
    """Answer the chains that are a viewer's own; None: all of them."""
    if viewer.is_operator or viewer.has(Role.COORDINATOR):
        return None
    return frozenset(viewer.scopes(Role.CHAIN_MANAGER))


def trend_lines(months: Sequence[TrendMonth], key: str, names: tuple[str, str]) -> list[Line]:
    """Answer a chain's coverage and credited share over time, called so."""
    rows = [(one, row) for one in months for row in one.rows if row.key == key]
    return [
        Line(
            name,
            tuple(
                Point(
                    one.month,
                    float(ratio.percent),
                    f"{ratio.percent}% · {ratio.numerator:,} / {ratio.denominator:,}",
                    is_final=one.state == "closed",
                    path=f"/coverage/{one.month}",
                )
                for one, row in rows
                if (ratio := getattr(row, measure)).percent is not None
            ),
        )
        for name, measure in zip(names, ("coverage", "credited"), strict=True)
    ]
