"""Whether anything has changed of what needs are matched against: one statement over what is versioned anyway.

Revisions of products, plans of chains and library editions are only ever added; institutions and chains count their
versions (areas change with their institution); adoptions get a last day once; the operator's dated
values are few and are compared whole.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, String, cast, extract, func, select

from app.catalogue.tables import LibraryEdition, ProductRevision
from app.chains.tables import Chain, ChainPlan
from app.institutions.tables import Institution, InstitutionArea
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct
from app.policy.tables import PolicyAdoption
from app.reference.tables import LprQuoteRow, WorkingDayOverride

State = tuple[Any, ...]


def _columns() -> list[ColumnElement[Any]]:
    asked: dict[str, Any] = {
        "revisions": (func.count(ProductRevision.id), func.max(ProductRevision.id)),
        "libraries": (func.count(LibraryEdition.id), func.max(LibraryEdition.id)),
        "plans": (func.count(ChainPlan.id), func.max(ChainPlan.id)),
        "chains": (func.count(Chain.id), func.sum(Chain.version)),
        "institutions": (func.count(Institution.id), func.sum(Institution.version)),
        "areas": (func.count(InstitutionArea.institution_id), func.sum(InstitutionArea.institution_id)),
        "adoptions": (
            func.count(PolicyAdoption.id),
            func.sum(cast(extract("epoch", PolicyAdoption.until), BigInteger)),
        ),
        "quotes": (
            func.count(LprQuoteRow.day),
            func.aggregate_strings(
                cast(LprQuoteRow.day, String) + "/" + LprQuoteRow.rate_1y + "/" + LprQuoteRow.rate_5y, ";"
            ),
        ),
        "days": (
            func.count(WorkingDayOverride.day),
            func.aggregate_strings(
                cast(WorkingDayOverride.day, String) + "/" + cast(WorkingDayOverride.is_working, String), ";"
            ),
        ),
    }
    return [
        select(cast(column, String)).scalar_subquery().label(f"{name}_{place}")
        for name, columns in asked.items()
        for place, column in enumerate(columns)
    ]


_STATE: Final = Direct(select(*_columns()))


async def state(session: AsyncSession) -> State:
    """Answer a value that is equal exactly while nothing has changed."""
    row = await _STATE.row(session)
    assert row is not None  # one row of totals
    return tuple(row)
