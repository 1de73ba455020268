"""Takes the database's guard of closed months away, as somebody who owns the database could."""

from importlib import util
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.settings import PROJECT_ROOT


def _migration() -> Any:
    path = PROJECT_ROOT / "migrations/versions/0005_closed_months_stay_closed.py"
    spec = util.spec_from_file_location("closed_months", path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def lift_guard(session: AsyncSession) -> None:
    """Drop the triggers for the rest of the transaction."""
    migration = _migration()
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for name in migration.SQLITE if is_sqlite else migration.POSTGRESQL:
        await session.execute(text(f"DROP TRIGGER {name}" + ("" if is_sqlite else " ON coverage_snapshots")))
