"""All routes of the roster's pages."""

from app.desks.roster import bulk, entries, imports, lists, moving, previews, restating, reviews, stopping

ROUTERS = (
    lists.router,
    bulk.router,
    imports.router,
    previews.router,
    reviews.router,
    moving.router,
    restating.router,
    entries.router,
    stopping.router,
)
