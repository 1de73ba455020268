"""All routes of the pages of plans."""

from app.desks.plans import comparisons, drafts, versions

# The form of a new draft comes before versions: `new` is no number.
ROUTERS = (drafts.router, comparisons.router, versions.router)
