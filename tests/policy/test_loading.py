"""Damaged packs are refused as a whole, every fault by file, line, key and what was expected."""

from pathlib import Path

import pytest

from app.kernel.errors import Refused
from tests.policy.pack_texts import PACK, library_of

DAMAGES = {
    "an unknown head key": ("issuers: [试点办]", "issuer: [试点办]", "4:6 issuer", "unknown key", "issuers"),
    "a missing head key": ("title: 试点措施\n", "", "0:1 title", "missing", "Add `title:`"),
    "a wrong status": ("status: in_force", "status: valid", "4:8 status", "expected", "'in_force', 'draft' or 'expired'"),
    "a wrong date": ("issued_on: 2023-01-01", "issued_on: 2023-02-30", "4:10 issued_on", "no day", "YYYY-MM-DD"),
    "an unquoted region": ('"230000"', "230000", "4:7 jurisdiction", "expected", "valid string"),
    "another folder": ('"230000"', '"410000"', "4:7 jurisdiction", "folder", "230000"),
    "dates out of order": ("effective_on: 2023-01-01", "effective_on: 2022-01-01", "4:11 effective_on", "order", "issued_on"),
    "no date in force": ("effective_on: 2023-01-01", "effective_on: null", "4:11 effective_on", "draft", "2023-10-12"),
    "a hash too short": ('"0000', '"', "4:13 source_sha256", "expected", "[0-9a-f]{64}"),
    "no hash": ("a.txt", '""', "4:13 source_sha256", "document", "64 hex digits"),
    "an unknown clause key": ("    heading: 首条", "    headline: 首条", "4:16 clauses[0].headline", "unknown key", "heading"),
    "a clause that names nothing": (
        "    carried_by: [parameter:limit.most, rule:bottleneck.b, feature:matching.match]",
        "    carried_by: []", "4:15 clauses[0]", "neither", "reason",
    ),
    "an unknown carrier": ("feature:matching.match", "feature:matching.magic", "4:18 clauses[0].carried_by[2]", "no such carrier", "features.py"),
    "a repeated clause": (
        "parameters:", "  - {number: （1）, heading: 又, summary: 又, reason: 又}\nparameters:",
        "4:19 clauses[1].number", "clauses[0].number too", "once",
    ),
    "an unknown type": ("type: count", "type: number", "4:23 parameters[0].type", "expected", "'count'"),
    "a value of another type": ("value: 10", "value: ten", "4:24 parameters[0].value", "no value of type count", "a whole number"),
    "no value": ("    value: 10\n", "", "4:20 parameters[0]", "one of them", "values"),
    "values out of order": (
        "    value: 10", "    values: [{since: 2024-01-01, value: 1}, {since: 2023-06-01, value: 2}]",
        "4:24 parameters[0].values", "out of order", "rising",
    ),
    "a citation of nothing": ("    clause: 一\n    type", "    clause: 二\n    type", "4:22 parameters[0].clause", "no such clause", "by its number"),
    "a citation unreturned": ("[parameter:limit.most, ", "[", "4:22 parameters[0].clause", "does not name it", "parameter:limit.most"),
    "a repeated key": ("- key: bottleneck.b", "- key: limit.most", "4:26 rules[0].key", "parameters[0] too", "once"),
    "a key without a dot": ("- key: limit.most", "- key: limit", "4:20 parameters[0].key", "expected", "pattern"),
    "an unknown rule kind": ("kind: support", "kind: wish", "4:27 rules[0].kind", "expected", "'admission'"),
    "data of another kind": ("{grants: 甲}", "{route: 甲}", "4:30 rules[0].data", "not the data of kind support", "grants"),
    "an unknown fact": ("fact: single_bank_limit_reached", "fact: luck", "4:31 rules[0].when.fact", "unknown fact", "source_class"),
    "ownership": ("fact: single_bank_limit_reached, is_true: true", "fact: ownership, in: [state]", "4:31 rules[0].when.fact", "公平授信", "Remove"),
    "an industry that is none": (
        "{fact: single_bank_limit_reached, is_true: true}", "{all: [{fact: industry, within_industry: [C13, C99]}]}",
        "4:31 rules[0].when.all[0].within_industry", "not in GB/T 4754-2017", "C3412",
    ),
    "half a division": (
        "{fact: single_bank_limit_reached, is_true: true}", "{fact: industry, within_industry: [C1]}",
        "4:31 rules[0].when.within_industry", "expected a GB/T 4754-2017 code", "",
    ),
    "a region of former times": (
        "{fact: single_bank_limit_reached, is_true: true}", '{any: [{fact: region, within_region: ["410322"]}]}',
        "4:31 rules[0].when.any[0].within_region", "no region of today", "It became 410308 孟津区.",
    ),
    "a region in wide digits": (
        "{fact: single_bank_limit_reached, is_true: true}", '{fact: region, within_region: ["２３０１００"]}',
        "4:31 rules[0].when.within_region", "six-digit region code", "",
    ),
    "a source that is no text": ("is_true: true}", "is_true: true, source: null}", "4:31 rules[0].when.source", "expected who asks", ""),
    "a word for a list": ("{fact: single_bank_limit_reached, is_true: true}", "{any: fact}", "4:31 rules[0].when", "takes a list of criteria", ""),
    "no list of clauses": ("parameters:\n", "clause: []\nparameters:\n", "4:19 clause", "unknown key", "clauses"),
    "parameters that are no list": (PACK[PACK.index("parameters:"):PACK.index("rules:")], "parameters: 3\n", "4:19 parameters", "not a list of parameters", "0 to 200"),
    "an unknown operator": ("is_true: true", "is_maybe: true", "4:31 rules[0].when", "operator", "is_true"),
    "a key twice": ("status: in_force", "status: in_force\nstatus: draft", "4:9 status", "first on line 8", "Keep one"),
    "an alias": ("issuers: [试点办]", "issuers: &x [试点办]", "4:6 issuers", "aliases", "Write the value out"),
    "a tag": ("number: 试〔2023〕1号", "number: !!python/name:os.system 1", "4:3 number", "tags", "plain value"),
    "broken YAML": ("issuers: [试点办]", "issuers: [试点办", "4:7", "not YAML", "key: value"),
    "a second document": ("rules:", "---\nrules:", "4:25", "second document", "One document"),
    "no mapping": (PACK, "- 1\n", "4:1", "not a pack", "clauses"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_fault_names_file_line_key_and_what_was_expected(
    tmp_path: Path, damage: tuple[str, str, str, str, str]
) -> None:
    old, new, place, message, expected = damage
    assert PACK.count(old) == 1
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"230000/pilot": PACK.replace(old, new)})
    where = f"230000/pilot.yaml:{place.partition(':')[2]}"
    fault = next(fault for fault in refused.value.faults if fault.where == where)
    assert message in fault.message + fault.remedy
    assert expected in fault.remedy


def test_every_fault_of_every_file_is_named_in_one_pass(tmp_path: Path) -> None:
    first = PACK.replace("status: in_force", "status: valid").replace("value: 10", "value: ten")
    second = PACK.replace("is_true: true", "is_maybe: true").replace("{grants: 甲}", "{route: 甲}")
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"230000/first": first, "230000/second": second})
    assert [fault.where for fault in refused.value.faults] == [
        "230000/first.yaml:8 status",
        "230000/first.yaml:24 parameters[0].value",
        "230000/second.yaml:30 rules[0].data",
        "230000/second.yaml:31 rules[0].when",
    ]


def test_packs_may_not_give_one_key_two_types(tmp_path: Path) -> None:
    other = PACK.replace("type: count\n    value: 10", "type: text\n    value: 十")
    with pytest.raises(Refused, match="1 fault;") as refused:
        library_of(tmp_path, {"230000/first": PACK, "230000/second": other})
    (fault,) = refused.value.faults
    assert fault.where == "230000/second.yaml:23 parameters[0].type"
    assert "type count in first" in fault.message
    assert fault.remedy == "Expected count; or use another key."


def _with_value(type_name: str, value: str, key: str = "limit.most") -> str:
    text = PACK.replace("type: count\n    value: 10", f"type: {type_name}\n    value: {value}")
    return text.replace("limit.most", key)


def test_a_setting_of_several_names_has_the_same_names_in_every_pack(tmp_path: Path) -> None:
    packs = {
        "230000/first": _with_value("counts", "{accept: 1, contact: 3}"),
        "230000/second": _with_value("counts", "{contact: 5, accept: 2}"),
        "230000/third": _with_value("counts", "{accept: 1, answer: 3}"),
    }
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, packs)
    (fault,) = refused.value.faults
    assert fault.where == "230000/third.yaml:24 parameters[0].value"
    assert (fault.remedy, fault.value) == ("Expected accept, contact.", "accept, answer")


def test_the_order_of_bottlenecks_names_classes_that_a_rule_establishes(tmp_path: Path) -> None:
    data = "{class_code: b, route: guarantors, responsible_body: 甲, receiver: 乙}"
    rules = PACK.replace("kind: support", "kind: bottleneck").replace("{grants: 甲}", data)
    order = _with_value("words", "[elements, b]", "bottlenecks.order").replace("bottleneck.b", "support.b")
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"230000/rules": rules, "230000/settings": order})
    (fault,) = refused.value.faults
    assert fault.where == "230000/settings.yaml:24 parameters[0].value"
    assert (fault.remedy, fault.value) == ("Expected some of b.", "elements")


@pytest.mark.parametrize("stray", ["230000/pilot.yml", "pilot.yaml", "230000/old/pilot.yaml"])
def test_a_yaml_file_that_would_be_passed_over_is_named(tmp_path: Path, stray: str) -> None:
    path = tmp_path / "policies" / stray
    path.parent.mkdir(parents=True)
    path.write_text(PACK, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"230000/own": PACK})
    assert [(fault.where, fault.remedy) for fault in refused.value.faults] == [
        (f"{stray}:1", "Expected <jurisdiction>/<pack>.yaml.")
    ]


def test_a_pack_for_a_region_that_is_none_says_what_it_became(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"410322/old": PACK.replace('"230000"', '"410322"')})
    (fault,) = refused.value.faults
    assert fault.where == "410322/old.yaml:7 jurisdiction"
    assert fault.remedy == "It became 410308 孟津区."


def test_a_list_that_is_left_empty_is_an_empty_list(tmp_path: Path) -> None:
    start, rules = PACK.index("parameters:"), PACK.index("rules:")
    text = f"{PACK[:start]}parameters:\n{PACK[rules:]}".replace("parameter:limit.most, ", "")
    assert library_of(tmp_path, {"230000/pilot": text}).packs[0].parameters == ()


def test_two_files_of_one_name_and_a_file_that_is_not_text_are_refused(tmp_path: Path) -> None:
    elsewhere = PACK.replace('"230000"', '"410000"')
    (tmp_path / "policies" / "230000").mkdir(parents=True)
    (tmp_path / "policies" / "230000" / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {"230000/same": PACK, "410000/same": elsewhere})
    messages = [fault.message for fault in refused.value.faults]
    assert messages == ["not UTF-8", "230000 has a pack of this name too"]


def test_a_seed_folder_without_packs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        library_of(tmp_path, {})
    assert "0 packs" in refused.value.faults[0].message


def test_the_undamaged_pack_loads(tmp_path: Path) -> None:
    library = library_of(tmp_path, {"230000/pilot": PACK})
    assert [pack.code for pack in library.packs] == ["pilot"]
