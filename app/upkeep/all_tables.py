"""The tables of all rooms, whichever rooms there are: nobody has to remember to list a new one."""

import importlib
import pkgutil
from functools import lru_cache
from importlib.util import find_spec

import app


@lru_cache(maxsize=1)
def import_all_tables() -> tuple[str, ...]:
    """Import `tables.py` of every room that has one, so that all tables are declared; answer those modules."""
    rooms = sorted(f"app.{room.name}.tables" for room in pkgutil.iter_modules(app.__path__) if room.ispkg)
    found = tuple(room for room in rooms if find_spec(room) is not None)
    for module in found:
        importlib.import_module(module)
    return found
