"""What was observed of all products up to a quarter, as everybody may read it: small counts are left blank."""

from collections.abc import Mapping

from app.accounts.rules import Viewer
from app.awards import observed_queries as queries
from app.awards.observed import Figures, Least, shown
from app.kernel.database import AsyncSession


async def observed_sha256(session: AsyncSession, viewer: Viewer, quarter: str) -> str:
    """Answer the hash of a quarter's figures; an empty text where nothing was computed."""
    run = await queries.run_of(session, viewer.jurisdiction, quarter)
    return "" if run is None else run.result_hash


async def observed_figures(session: AsyncSession, viewer: Viewer, quarter: str) -> Mapping[str, Figures]:
    """Answer the figures of a quarter by product code; none where nothing was computed."""
    run = await queries.run_of(session, viewer.jurisdiction, quarter)
    if run is None:
        return {}
    least, stored = Least(**run.least), await queries.figures_of(session, run.id)
    codes = {number: code for code, number in (await queries.product_ids(session)).items()}
    return {
        codes[product]: shown(Figures.from_data(data), least)
        for product, data in stored.items()
        if product in codes
    }
