"""All routes of the pages of matching and allocation."""

from app.desks.rounds import home, runs

ROUTERS = (home.router, runs.router)
