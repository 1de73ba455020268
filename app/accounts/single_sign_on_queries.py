"""Rows of who is known to a single sign-on."""

from collections.abc import Sequence

from sqlalchemy import select

from app.accounts.oidc_protocol import Identity
from app.accounts.tables import ExternalIdentity, Person
from app.kernel.database import AsyncSession


async def person_of_identity(session: AsyncSession, identity: Identity) -> Person | None:
    """Answer the person whom an identity is linked to, disabled ones too."""
    wanted = (
        select(Person)
        .join(ExternalIdentity, ExternalIdentity.person_id == Person.id)
        .where(ExternalIdentity.issuer == identity.issuer, ExternalIdentity.subject == identity.subject)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def identities_of(session: AsyncSession, person_id: int) -> Sequence[ExternalIdentity]:
    """Answer the identities that a person is linked to, the oldest first."""
    wanted = select(ExternalIdentity).where(ExternalIdentity.person_id == person_id)
    return (await session.execute(wanted.order_by(ExternalIdentity.id))).scalars().all()
