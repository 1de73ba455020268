"""All routes of the pages of policies."""

from app.desks.policies import adopting, reading

ROUTERS = (adopting.router, reading.router)
