"""Which institutions are responsible for needs, or support them, now; and on what showing needs to them rests."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Select,
    String,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.consent_queries import stored_consent
from app.enterprises.consents import BasisOfShowing, Holder
from app.enterprises.tables import Consent, Disclosure
from app.institutions.tables import Institution
from app.kernel.database import Json, UtcDateTime, unrestricted
from app.kernel.direct import Direct, given, given_each
from app.whitelist.tables import WhitelistEntry

_OF_NEEDS: Final = given_each("needs")
_COLUMNS: Final[dict[str, Any]] = {
    "kind": String(),
    "need_id": BigInteger(),
    "institution_id": BigInteger(),
    "consent_id": BigInteger(),
    "lineage": String(),
    "shows_contact": Boolean(),
    "shows_financial": Boolean(),
    "shows_judicial": Boolean(),
    "until": Date(),
    "revoked_at": UtcDateTime(),
    "groups": Json,
}
"""One row for each thing on which showing rests; what a kind has not is null."""


def _rows(kind: str, **stated: ColumnElement[Any] | Any) -> Select[Any]:
    told: dict[str, Any] = {"kind": literal(kind), **stated}
    return select(
        *(
            told[name].label(name) if name in told else cast(null(), type_).label(name)
            for name, type_ in _COLUMNS.items()
        )
    )


def _responsible(kind: str) -> Select[Any]:
    """Select the responsible institutions of needs."""
    return (
        _rows(
            kind,
            need_id=WhitelistEntry.need_id,
            institution_id=Institution.id,
            lineage=Institution.lineage,
        )
        .select_from(WhitelistEntry)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .where(Assignment.ended_at.is_(None), WhitelistEntry.need_id.in_(_OF_NEEDS))
    )


def _supporting(kind: str) -> Select[Any]:
    """Select the supporting institutions of needs."""
    return (
        _rows(
            kind,
            need_id=WhitelistEntry.need_id,
            institution_id=Institution.id,
            lineage=Institution.lineage,
        )
        .select_from(WhitelistEntry)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .join(AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id)
        .join(Institution, Institution.id == AssignmentSupport.institution_id)
        .where(Assignment.ended_at.is_(None), WhitelistEntry.need_id.in_(_OF_NEEDS))
    )


_HOLDERS: Final = (_supporting("supporting"), _responsible("responsible"))
_BASIS: Final = (
    _rows(
        "consent",
        need_id=Consent.need_id,
        consent_id=Consent.id,
        lineage=Institution.lineage,
        shows_contact=Consent.shows_contact,
        shows_financial=Consent.shows_financial,
        shows_judicial=Consent.shows_judicial,
        until=Consent.until,
        revoked_at=Consent.revoked_at,
    )
    .select_from(Consent)
    .outerjoin(Institution, Institution.id == Consent.institution_id)
    .where(Consent.need_id.in_(_OF_NEEDS)),
    _rows("lineage", lineage=Institution.lineage).where(
        Institution.code.in_(given_each("institutions", String))
    ),
    _rows(
        "shown",
        need_id=Disclosure.need_id,
        institution_id=Disclosure.institution_id,
        consent_id=Disclosure.consent_id,
        groups=Disclosure.field_groups,
    ).where(
        Disclosure.need_id.in_(_OF_NEEDS),
        Disclosure.shown_to == given("shown_to"),
        Disclosure.shown_at >= given("since", UtcDateTime),
    ),
)
_ALL_HOLDERS: Final = Direct(union_all(*_HOLDERS))
_WHOLE_BASIS: Final = Direct(union_all(*_HOLDERS, *_BASIS))


async def holders_of(session: AsyncSession, need_ids: Collection[int]) -> list[Holder]:
    """Answer the institutions that hold needs (ids), each once a need, whoever asks."""
    if not need_ids:
        return []
    # Who holds a need decides what is shown of it to whom; it is no answer to anybody.
    with unrestricted(session):
        return _holders(await _ALL_HOLDERS.rows(session, needs=sorted(need_ids)))


def _holders(rows: Iterable[Any]) -> list[Holder]:
    found: dict[tuple[int, int], Holder] = {}
    for row in sorted(rows, key=lambda row: row.kind == "responsible"):
        is_first = row.kind == "responsible"
        found[row.need_id, row.institution_id] = Holder(
            row.need_id, row.institution_id, row.lineage, is_first
        )
    return list(found.values())


async def basis_of_showing(
    session: AsyncSession,
    need_ids: Collection[int],
    institutions: Collection[str],
    shown_to: str,
    since: datetime,
) -> BasisOfShowing:
    """Answer by one statement who holds needs, all their consents, and what a person was shown of them since an instant."""
    # As above: it decides, and is no answer.
    with unrestricted(session):
        rows = await _WHOLE_BASIS.rows(
            session,
            needs=sorted(need_ids),
            institutions=sorted(institutions),
            shown_to=shown_to,
            since=since,
        )
    return BasisOfShowing(
        holders=_holders(row for row in rows if row.kind in {"responsible", "supporting"}),
        consents=[stored_consent(row.consent_id, row, row.lineage) for row in rows if row.kind == "consent"],
        lineages=[row.lineage for row in rows if row.kind == "lineage"],
        shown=frozenset(
            (row.need_id, row.institution_id, row.consent_id, tuple(row.groups))
            for row in rows
            if row.kind == "shown"
        ),
    )
