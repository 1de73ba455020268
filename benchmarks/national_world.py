"""A nation's cut in PostgreSQL: distinct needs from the benchmark's world, then copies under codes of their own.

Copies are made by the database. They cost a run what distinct needs cost it, but for the rows of the index, of
which a nation's needs ask for few more: rows are verdicts over products, not needs.
"""

from typing import Final, cast

from sqlalchemy import Table, text

from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEntry
from benchmarks.matching_database import fill
from benchmarks.matching_world import make_world

DISTINCT: Final = 20_000
CODE = "'9123' || lpad((id + k * {step})::text, 14, '0')"
COPIED: Final = {
    Enterprise: {"id": "{id}", "uscc": CODE, "name": "name || k"},
    Need: {"id": "{id}", "code": CODE, "enterprise_id": "enterprise_id + k * {step}"},
    NeedRevision: {"id": "{id}", "need_id": "need_id + k * {step}"},
    WhitelistEntry: {
        "id": "{id}",
        "code": "'2023H2-' || " + CODE,
        "need_id": "need_id + k * {step}",
        "need_revision_id": "need_revision_id + k * {step}",
        "enterprise_id": "enterprise_id + k * {step}",
    },
}
"""What is another in a copy; all else is as in its original."""


async def fill_nation(session: AsyncSession, needs: int, products: int) -> None:
    """Fill an empty PostgreSQL with an edition of so many admitted entries, and products."""
    distinct = min(needs, DISTINCT)
    await fill(session, make_world(distinct, products))
    assert needs % distinct == 0, "the copies are whole"
    for mapped, others in COPIED.items():
        table = cast("Table", mapped.__table__)
        columns = [column.name for column in table.c]
        given = ", ".join(
            others.get(name, name).format(id=f"id + k * {distinct}", step=distinct) for name in columns
        )
        await session.execute(
            text(
                f"INSERT INTO {table.name} ({', '.join(columns)}) "
                f"SELECT {given} FROM {table.name}, generate_series(1, {needs // distinct - 1}) AS k"
            )
        )
    for mapped in COPIED:
        await session.execute(text(f"ANALYZE {cast('Table', mapped.__table__).name}"))
