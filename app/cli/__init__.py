"""The command door: `rongqiao`. Each room's commands live in the module of its name."""

from app.cli.root import main

__all__ = ["main"]
