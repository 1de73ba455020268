"""Applications for tests, made as the service makes them but with their routes built once a worker.

Building the routes takes a third of a second, and most tests want an application of their own: its state, doors and
middleware are new each time, its routes are not.
"""

import copy
from typing import Any, Final

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.datastructures import State

from app import main
from app.kernel.database import Sessions
from app.kernel.requests import Door
from app.kernel.settings import Settings, get_settings

_built: Final[dict[tuple[Any, ...], FastAPI]] = {}


def create_app(
    settings: Settings | None = None, sessions: Sessions | None = None, door: Door | None = None
) -> FastAPI:
    """Make an application as `app.main.create_app` does.

    Raises:
        Refused: the settings are unsafe.
    """
    settings = settings or get_settings()
    key = (*sorted((name, _plain(value)) for name, value in settings), sessions is None, door is None)
    built = _built.get(key)
    if built is None:
        built = _built[key] = main.create_app(settings, sessions, door)
    made = copy.copy(built)
    made.state, made.middleware_stack = State(), None
    main._furnish(made, settings, door)
    if sessions is not None:
        made.state.sessions = sessions
    return made


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else repr(value)
