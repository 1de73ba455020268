"""What the start of the service asks the database, its tables perhaps missing."""

from sqlalchemy import func, inspect, select, text

from app.accounts.tables import AuditEvent, Person
from app.kernel.database import AsyncSession

_POSTGRESQL = "postgresql"


async def revision(session: AsyncSession) -> str | None:
    """Answer the number of the migration at which the tables are; None if there never was one."""
    connection = await session.connection()
    is_there = await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version"))
    found = (await session.execute(text("SELECT version_num FROM alembic_version"))) if is_there else None
    return None if found is None else found.scalar_one_or_none()


async def demo_people(session: AsyncSession) -> int:
    """Answer how many accounts of the demonstration there are that can sign in."""
    statement = select(func.count(Person.id)).where(Person.is_demo, Person.disabled_at.is_(None))
    return (await session.execute(statement)).scalar_one()


async def out_of_reach(session: AsyncSession) -> list[str]:
    """Answer the tables that the role in use may not work with, as none was given rights to them since they were made."""
    if session.get_bind().dialect.name != _POSTGRESQL:
        return []
    statement = text(
        "SELECT c.relname FROM pg_class c"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'"
        " AND NOT (has_table_privilege(c.oid, 'SELECT')"
        "  AND (c.relname = :versions OR has_table_privilege(c.oid, 'INSERT'))"
        "  AND (c.relname IN (:versions, :trail)"
        "   OR has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')))"
        " ORDER BY c.relname"
    )
    names = {"versions": "alembic_version", "trail": AuditEvent.__tablename__}
    return list((await session.execute(statement, names)).scalars())


async def may_change_trail(session: AsyncSession) -> bool:
    """Tell whether the role in use may do more with the audit trail than read and add (always, on SQLite)."""
    if session.get_bind().dialect.name != _POSTGRESQL:
        return True
    statement = text(
        "SELECT pg_has_role(current_user, c.relowner, 'MEMBER')"
        " OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
        " OR has_table_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'UPDATE')"
        " OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')"
        " OR has_table_privilege(c.oid, 'TRIGGER')"
        " FROM pg_class c WHERE c.oid = CAST(:name AS regclass)"
    )
    answer = await session.execute(statement, {"name": AuditEvent.__tablename__})
    return bool(answer.scalar_one())
