"""Features that carry clauses exist: each names a command or a route that is really there."""

import typer

from app.cli.root import tree
from app.policy.features import FEATURES
from tests.apps import create_app


def test_every_feature_that_a_clause_may_name_has_a_door_that_opens() -> None:
    root = typer.main.get_command(tree())
    paths = {path.removeprefix("/api/v1") for path in create_app().openapi()["paths"]}
    for feature in FEATURES.values():
        if feature.door.startswith("/"):
            assert feature.door in paths, feature
            continue
        command = root
        for word in feature.door.split():
            command = getattr(command, "commands", {})[word]
