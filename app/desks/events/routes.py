"""All routes of the pages of docking events; those of years come before those of an event."""

from app.desks.events import calendar, day, event, guests

ROUTERS = (calendar.router, guests.router, day.router, event.router)
