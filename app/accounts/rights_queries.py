"""What a PostgreSQL role may do in the database of the service."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from app.accounts.tables import AuditEvent
from app.kernel.database import AsyncSession

TRAIL: Final = AuditEvent.__tablename__
VERSIONS: Final = "alembic_version"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What PostgreSQL knows of a role: whether it may sign in, is above all rights, or owns the tables."""

    can_login: bool
    is_super: bool
    is_owner: bool
    makes_roles: bool


def is_postgresql(session: AsyncSession) -> bool:
    """Tell whether there are roles at all."""
    return session.get_bind().dialect.name == "postgresql"


async def role_facts(session: AsyncSession, role: str) -> RoleFacts | None:
    """Answer what is known of a role; None if there is none of this name."""
    statement = text(
        "SELECT r.rolcanlogin, r.rolsuper, r.rolcreaterole, EXISTS (SELECT 1 FROM pg_class c"
        " WHERE c.relnamespace = current_schema()::regnamespace AND pg_has_role(r.oid, c.relowner, 'MEMBER'))"
        " OR pg_has_role(r.oid, d.datdba, 'MEMBER')"
        " FROM pg_roles r, pg_database d WHERE r.rolname = :role AND d.datname = current_database()"
    )
    found = (await session.execute(statement, {"role": role})).one_or_none()
    return None if found is None else RoleFacts(found[0], found[1], found[3], found[2])


async def grant(session: AsyncSession, role: str) -> None:
    """Give a role what the service needs: all rows of all tables, but of the audit trail to read and to add."""
    preparer = session.get_bind().dialect.identifier_preparer
    schema = (await session.execute(text("SELECT current_schema()"))).scalar_one()
    to, within = preparer.quote_identifier(role), preparer.quote_identifier(schema)
    trail, versions = f"{within}.{TRAIL}", f"{within}.{VERSIONS}"
    for statement in (
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {within} FROM {to}",
        f"REVOKE ALL ON {trail} FROM PUBLIC",
        f"REVOKE CREATE ON SCHEMA {within} FROM {to}, PUBLIC",
        f"GRANT USAGE ON SCHEMA {within} TO {to}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {within} TO {to}",
        f"REVOKE UPDATE, DELETE ON {trail} FROM {to}",
        f"REVOKE INSERT, UPDATE, DELETE ON {versions} FROM {to}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {within} TO {to}",
    ):
        await session.execute(text(statement))
