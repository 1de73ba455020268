"""Core firms' lists in the world, and who may see what of them: plainly, over the stored rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.accounts.rules import Role, Viewer
from app.core_lists.tables import (
    CoreList,
    CoreListMatch,
    CoreListMember,
    CoreListRow,
    CoreListRun,
    CoreListVersion,
)
from app.kernel.database import AsyncSession, Base

THEN: Final = datetime(2024, 3, 1, 2, tzinfo=UTC)
TABLES: Final[tuple[type[Base], ...]] = (
    CoreList, CoreListVersion, CoreListRow, CoreListMember, CoreListRun, CoreListMatch,
)  # fmt: skip
CORES: Final = 5
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
FIGURES: Final = {
    "listed": 20, "version": 1, "as_of": THEN.isoformat(), "basis": {"known": 2, "consented": 7},
}  # fmt: skip
COUNTS: Final = {
    "consented": 1, "without_amount": 0, "matched": 1, "on_core": 1, "decoupled": 0, "fits": {"receivables": 1}, "asks": {},
}  # fmt: skip


def cores_of(rows: Rows) -> list[Mapping[str, Any]]:
    """Answer the core firms: one that a person of the world speaks for, and others that lie here and there."""
    own = [row for row in rows["enterprises"] if row["uscc"] == "91230111MA2T2Y8FNC"]
    others = [row for row in rows["enterprises"] if row["uscc"] != "91230111MA2T2Y8FNC"]
    return [*own, *others[:: max(1, len(others) // CORES)]][:CORES]


async def add_lists(session: AsyncSession, rows: Rows, ids: Iterator[int], day: date) -> None:
    """Have some firms list others: ones that consented to a bank's product, let it lapse, refused, left, were not asked."""
    revisions, products = rows["product_revisions"], {row["id"]: row for row in rows["products"]}
    firms = list(rows["enterprises"])
    for place, core in enumerate(cores_of(rows)):
        shell = {"region_code": core["region_code"]}
        one = CoreList(
            id=next(ids), enterprise_id=core["id"], core_uscc=core["uscc"], core_name="?", chain_code=None,
            state="active" if place % 2 == 0 else "waiting", evidence="?", figures=FIGURES, decided_by="?", decided_at=THEN,
            reason="?", is_demo=True, version=1, created_at=THEN, updated_at=THEN, **shell,
        )  # fmt: skip
        session.add(one)
        await session.flush()
        version = CoreListVersion(
            id=next(ids), list_id=one.id, number=1, state="current", file_name="?", file_sha256="0" * 64, listed=3,
            given_by="?", is_on_behalf=True, evidence="?", created_at=THEN, confirmed_at=THEN, **shell,
        )  # fmt: skip
        run = CoreListRun(
            id=next(ids), list_id=one.id, number=1, on_day=day, share_percent=20, term_months=12, counts=COUNTS,
            inputs_hash="0" * 64, run_by="?", created_at=THEN, **shell,
        )  # fmt: skip
        session.add_all([version, run])
        await session.flush()
        for number, firm in enumerate(_listed(firms, place, core)):
            other = firms[(place * 7 + number * 3) % len(firms)]
            session.add(
                CoreListRow(
                    id=next(ids), list_id=one.id, version_id=version.id, number=number + 2, uscc=None, name="?",
                    relation="supplier", yearly_fen=1, since_year=2018, outcome="review" if number == 0 else "chosen",
                    enterprise_id=None if number == 0 else firm["id"], likeness=None,
                    suspects=[{"uscc": other["uscc"], "likeness": 700}], decided_by="?", decided_at=THEN, reason="?",
                    version=1, **shell,
                )
            )  # fmt: skip
            is_own = firm["uscc"] == "91230111MA2T2Y8FNC"
            answer, until, left = _answer(number + place, day)
            member = CoreListMember(
                id=next(ids), list_id=one.id, enterprise_id=firm["id"], core_name="?", chain_code=None,
                # A bank that may see the row may see the code; that of a stored firm would count as the firm itself.
                firm_uscc=firm["uscc"] if is_own else f"91QX{firm['id']:014d}", firm_name="?", firm_region="230111",
                relation="supplier", yearly_fen=1, since_year=2018, answer=answer, shows_trade=False, until=until,
                answered_by="?", answered_at=THEN, listed_at=THEN, left_at=left, version=1, **shell,
            )  # fmt: skip
            session.add(member)
            await session.flush()
            revision = revisions[(place + number) % len(revisions)]
            session.add(
                CoreListMatch(
                    id=next(ids), run_id=run.id, list_id=one.id, member_id=member.id,
                    product_revision_id=revision["id"],
                    institution_id=products[revision["product_id"]]["institution_id"], kind="receivables", fit="fits",
                    place=1, score=700_000, amount_fen=100, **shell,
                )
            )  # fmt: skip
        await session.flush()


def _listed(
    firms: Sequence[Mapping[str, Any]], place: int, core: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    own = [firm for firm in firms if firm["uscc"] == "91230111MA2T2Y8FNC"]
    others = [firms[(place * 5 + step) % len(firms)] for step in range(1, 9)]
    found = {firm["id"]: firm for firm in [*own, *others] if firm["id"] != core["id"]}
    return list(found.values())[:7]


def _answer(turn: int, day: date) -> tuple[str, date | None, datetime | None]:
    return (
        ("consented", day + timedelta(days=30), None),
        ("consented", day + timedelta(days=30), None),
        ("consented", day - timedelta(days=1), None),
        ("refused", None, None),
        ("consented", day + timedelta(days=30), THEN),
        ("asked", None, None),
    )[turn % 6]


class CoreReaders:
    """Answers which rows of core firms' lists a viewer may see."""

    def __init__(self, oracle: Any, day: date) -> None:
        self.oracle, self.rows, self.day = oracle, oracle.rows, day
        self.lists = {row["id"]: row for row in self.rows["core_lists"]}
        self.members = {row["id"]: row for row in self.rows["core_list_members"]}

    def seen(self, viewer: Viewer, lies_in: Any) -> dict[str, set[Any]]:
        """Answer the ids by table."""

        def judges(row: Mapping[str, Any]) -> bool:
            regions = viewer.scopes(Role.COORDINATOR)
            return viewer.has(Role.AUDITOR) or any(lies_in(row["region_code"], one) for one in regions)

        own = viewer.scopes(Role.ENTERPRISE)
        lists = {key for key, row in self.lists.items() if judges(row) or row["core_uscc"] in own}
        matches = {row["id"]: row for row in self.rows["core_list_matches"]}
        lent = {
            key
            for key, row in matches.items()
            if self.oracle.is_of(viewer, row["institution_id"]) and self._consents(row["member_id"])
        }
        firms = {key for key, row in self.members.items() if row["firm_uscc"] in own}
        return {
            "core_lists": lists,
            "core_list_versions": {
                row["id"] for row in self.rows["core_list_versions"] if row["list_id"] in lists
            },
            "core_list_rows": {row["id"] for row in self.rows["core_list_rows"] if row["list_id"] in lists},
            "core_list_runs": {row["id"] for row in self.rows["core_list_runs"] if judges(row)},
            "core_list_members": {key for key, row in self.members.items() if judges(row)}
            | firms
            | {matches[key]["member_id"] for key in lent},
            "core_list_matches": {
                key for key, row in matches.items() if judges(row) or row["member_id"] in firms
            }
            | lent,
        }

    def _consents(self, member: int) -> bool:
        row = self.members[member]
        return (
            row["answer"] == "consented"
            and row["left_at"] is None
            and row["until"] is not None
            and row["until"] >= self.day
        )
