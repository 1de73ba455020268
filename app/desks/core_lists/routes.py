"""The pages of core firms' lists; those whose address is a word come before those whose address is a firm's code."""

from app.desks.core_lists import judging, listings, lists, matches, sending

ROUTERS = (sending.router, matches.router, lists.router, judging.router, listings.router)
