"""Applications for tests, made as the service makes them but with their routes built once a worker.

Building the routes takes half a second, and most tests want an application of their own: its state, doors and
middleware are new each time, its routes are not.
"""

import copy
from functools import cache

from fastapi import FastAPI
from starlette.datastructures import State

from app import main
from app.accounts.start_service import require_safe
from app.kernel.database import Sessions
from app.kernel.requests import Door
from app.kernel.settings import Settings, get_settings


def create_app(
    settings: Settings | None = None, sessions: Sessions | None = None, door: Door | None = None
) -> FastAPI:
    """Make an application as `app.main.create_app` does.

    Raises:
        Refused: the settings are unsafe.
    """
    settings = settings or get_settings()
    require_safe(settings)
    made = copy.copy(_built())
    made.state, made.middleware_stack = State(), None
    made.user_middleware = main._middleware(settings, counts_strangers=door is None)
    main._furnish(made, settings, door)
    if sessions is not None:
        made.state.sessions = sessions
    return made


@cache
def _built() -> FastAPI:
    """Make the routes, which hang on no setting."""
    return main.create_app(Settings())
