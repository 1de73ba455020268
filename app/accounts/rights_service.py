"""Gives the service's PostgreSQL role what it needs, and keeps the audit trail out of its reach."""

from app.accounts import rights_queries
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused


async def grant(session: AsyncSession, role: str) -> None:
    """Let a role work for the service; it may add to the audit trail and not change it. Again after each upgrade.

    Raises:
        Refused: not PostgreSQL, no such role, or one whom rights do not bind.
    """
    if not rights_queries.is_postgresql(session):
        raise _refused("database", "SQLite has no roles", "Name a PostgreSQL database.")
    facts = await rights_queries.role_facts(session, role)
    if facts is None:
        raise _refused("role", f"there is no role {role}", f"Make it: CREATE ROLE {role} LOGIN PASSWORD '…'")
    if facts.is_super or facts.is_owner or facts.makes_roles:
        why = "a superuser" if facts.is_super else "the owner" if facts.is_owner else "one who makes roles"
        remedy = "Make another role for the service; this one runs `rongqiao db upgrade` only."
        raise _refused("role", f"{role} is {why}, whom no rights bind", remedy)
    if not facts.can_login:
        raise _refused("role", f"{role} cannot sign in", f"ALTER ROLE {role} LOGIN")
    await rights_queries.grant(session, role)


def _refused(where: str, message: str, remedy: str) -> Refused:
    return Refused("No rights were given.", [Fault(where, message, remedy)])
