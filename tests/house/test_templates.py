"""Every page's template parses and finds what it extends and includes."""

import pytest
from jinja2 import nodes

from app.desks.pages import TEMPLATES, environment

NAMES = sorted(path.name for path in TEMPLATES.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_template_parses_and_names_templates_that_are_there(name: str) -> None:
    loader = environment.loader
    assert loader is not None
    parsed = environment.parse(loader.get_source(environment, name)[0])
    named = [one.template for one in parsed.find_all(nodes.Extends)]
    named += [one.template for one in parsed.find_all(nodes.Include)]
    named += [one.template for one in parsed.find_all(nodes.Import)]
    assert [one.value for one in named if isinstance(one, nodes.Const) and one.value not in NAMES] == []
