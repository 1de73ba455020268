"""Every page's template parses and finds what it extends and includes."""

import re

import pytest
from jinja2 import nodes

from app.desks.pages import ENVIRONMENTS, TEMPLATES

environment = ENVIRONMENTS["zh"]

TABS = re.compile(r'(?:<nav [^>]*aria-label="\{\{ _\("[^"]+"\) \}\}"[^>]*>)?<ul class="tabs">')
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("name", NAMES)
def test_every_template_parses_and_names_templates_that_are_there(name: str) -> None:
    loader = environment.loader
    assert loader is not None
    parsed = environment.parse(loader.get_source(environment, name)[0])
    named = [one.template for one in parsed.find_all(nodes.Extends)]
    named += [one.template for one in parsed.find_all(nodes.Include)]
    named += [one.template for one in parsed.find_all(nodes.Import)]
    assert [one.value for one in named if isinstance(one, nodes.Const) and one.value not in NAMES] == []


def test_tabs_are_navigation_that_says_of_what() -> None:
    found = [(name, tabs) for name in NAMES for tabs in TABS.findall((TEMPLATES / name).read_text())]
    assert len(found) > 5
    assert [name for name, tabs in found if not tabs.startswith("<nav")] == []
