"""A small pack as text, for tests that damage it or put several beside each other."""

from pathlib import Path

from app.kernel.settings import PROJECT_ROOT
from app.policy.loading import load_policy_library
from app.policy.packs import PolicyLibrary

PACK = """\
name: 试点措施
title: 试点措施
number: 试〔2023〕1号
cite_as: 试〔2023〕1号
clause_form: （{}）
issuers: [试点办]
jurisdiction: "230000"
status: in_force
source: document
issued_on: 2023-01-01
effective_on: 2023-01-01
source_file: a.txt
source_sha256: "0000000000000000000000000000000000000000000000000000000000000000"
clauses:
  - number: 一
    heading: 首条
    summary: 摘要
    carried_by: [parameter:limit.most, rule:bottleneck.b, feature:matching.match]
parameters:
  - key: limit.most
    name: 上限
    clause: 一
    type: count
    value: 10
rules:
  - key: bottleneck.b
    kind: support
    name: 限额
    clause: 一
    data: {grants: 甲}
    when: {fact: single_bank_limit_reached, is_true: true}
"""


def library_of(folder: Path, packs: dict[str, str]) -> PolicyLibrary:
    """Write packs as `<jurisdiction>/<code>` below a seed folder and load them."""
    link_reference(folder)
    for name, text in packs.items():
        path = folder / "policies" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_policy_library(folder)


def link_reference(folder: Path) -> None:
    """Put the shipped reference tables into a seed folder: the codes of packs are held to them."""
    if not (folder / "reference").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reference").symlink_to(PROJECT_ROOT / "seed" / "reference")


def pack_text(jurisdiction: str, limit: int, **changes: str) -> str:
    """Answer the small pack for a jurisdiction with its own limit and other head keys changed."""
    text = PACK.replace('"230000"', f'"{jurisdiction}"').replace("value: 10", f"value: {limit}")
    for key, value in changes.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{key}:"))
        text = text.replace(line, f"{key}: {value}")
    return text
