"""All routes of the pages of the audit trail."""

from app.desks.audit import trail

ROUTERS = (trail.router,)
