"""Pages speak both languages in full: nothing is said outside the catalogues, and nothing in them is missing."""

import ast
import re

import pytest
from jinja2 import nodes

from app.desks.pages import ENVIRONMENTS, TEMPLATES
from app.desks.texts import Text, say
from tests.house.code import Module, modules
from tests.house.text_catalogues import CJK, DESKS, names, stored, texts

BLANKS = re.compile(r"%\((\w+)\)s")
TEMPLATE_NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
MODULES = sorted(str(path.relative_to(DESKS)) for path in DESKS.rglob("*.py"))
DATA: dict[str, frozenset[str]] = {
    "amounts_in_words.py": frozenset(
        {"零一二三四五六七八九", "十", "百", "千", "万", "亿", "万亿", "元", "整", "角", "零", "分", "一十"}
    ),
    "submission/reading.py": frozenset(
        {
            "[¥$]?(-?[\\d.,]+)(亿元|亿|万元|万|元)?",
            "亿元",
            "亿",
            "元",
            "(-?[\\d.,]+)(个月|月|年|人|名)?",
            "年",
            r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})",
            r"[\n、；;]",
            r"\+?[\d() \-]{5,30}(?:(?:转|ext\.?|x) ?\d{1,6})?",
        }
    ),
    "bank/terms_form.py": frozenset(
        {"[\\s,，、;；]+", "^(?P<part>[^：:]+)[：:]\\s*(?P<clause>.+)$", "，", "、", "："}
    ),
    "roster/imports.py": frozenset({"疑似同一企业："}),
    "roster/likeness.py": frozenset({"、"}),
    "roster/moving.py": frozenset({"；"}),
    "roster/words.py": frozenset({"\u3000"}),
    "policies/reading.py": frozenset({"^[\\w（）()·.、 ]+$", "（", "）", "（）"}),
    "bank/reach.py": frozenset({"（", "）"}),
    "figures.py": frozenset({" 万元", " 亿元", "日", "月", "年"}),
    "refusals.py": frozenset({"。", "？", "！", "；", "："}),
    "texts.py": frozenset({"中文"}),
}
"""Chinese of modules that is no text to translate: it is chosen by language there."""


@pytest.mark.parametrize("name", sorted(names()))
def test_every_text_has_its_english_with_the_same_blanks(name: str) -> None:
    english = {str(one.id): str(one.string) for one in stored(name) if one.id}
    assert english.keys() == texts()[name], "make texts"
    assert sorted(text for text, told in english.items() if not told) == []
    differing = [
        text for text, told in english.items() if set(BLANKS.findall(text)) != set(BLANKS.findall(told))
    ]
    assert differing == []


def test_every_text_stands_in_a_catalogue_that_is_looked_at() -> None:
    assert texts().keys() == names()


@pytest.mark.parametrize("name", TEMPLATE_NAMES)
def test_a_template_says_nothing_outside_the_catalogues(name: str) -> None:
    environment = ENVIRONMENTS["zh"]
    assert environment.loader is not None
    parsed = environment.parse(environment.loader.get_source(environment, name)[0])
    marked = {
        part.value
        for call in parsed.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "gettext", "ngettext"}
        for part in call.find_all(nodes.Const)
    }
    plain = [one.data for one in parsed.find_all(nodes.TemplateData)]
    plain += [
        one.value
        for one in parsed.find_all(nodes.Const)
        if isinstance(one.value, str) and one.value not in marked
    ]
    assert [text.strip() for text in plain if CJK.search(text)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_the_desks_says_chinese_only_as_a_text_or_as_a_name(name: str) -> None:
    module = _module(name)
    all_said = texts()
    marked = (
        all_said["shell"]
        | all_said["words"]
        | all_said.get(name.split("/", maxsplit=1)[0], set())
        | DATA.get(name, frozenset())
    )
    said = {
        part.value
        for part in module.all(ast.Constant)
        if isinstance(part.value, str) and CJK.search(part.value)
    }
    documented = {
        ast.get_docstring(node, clean=False)
        for node in (module.tree, *module.all(ast.ClassDef), *module.functions)
    }
    notes = {node.value.value for node in module.all(ast.Expr) if isinstance(node.value, ast.Constant)}
    assert sorted(said - marked - documented - notes) == []


def _module(name: str) -> Module:
    return next(one for one in modules() if one.path == DESKS / name)


def test_a_text_is_said_in_either_language_with_its_blanks_filled() -> None:
    text = Text("已阅读 %(count)s 条", count=3)
    assert say("zh", text) == "已阅读 3 条"
    assert say("en", Text("退出")) == "Sign out"
