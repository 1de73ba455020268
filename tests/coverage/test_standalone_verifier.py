"""The verifier that shares no code with the application: it agrees with a closed month, and sees what was altered."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.coverage import canonical, service
from app.coverage import standalone_verifier as verifier
from app.coverage.facts import MonthFacts
from app.coverage.published import report_json
from app.coverage.rules import Cut, compute
from tests.coverage.months import month_facts
from tests.docking.world import ASSIGNED, add_event, assign, build_world, entry_code

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
SOURCE = Path(verifier.__file__)
Json = dict[str, Any]


async def closed_month(session: AsyncSession, viewer: Viewer) -> tuple[bytes, Json]:
    """Close a month with an entry that was passed on, one paid out, one declined and one nobody has."""
    world = await build_world(session, ("icbc-dl", "lj", "icbc-dl", None))
    kinds = ("contacted", "credit_approved", "disbursed")
    for number, kind in enumerate(kinds, 1):
        at = ASSIGNED + timedelta(days=2 * number)
        amount = 300_000_000 // number
        await add_event(
            session, world, entry_code(0), kind, "icbc-dl", at, sequence=number, amount_fen=amount
        )
    for number, kind in enumerate(("contacted", "declined"), 1):
        at = ASSIGNED + timedelta(days=number)
        await add_event(session, world, entry_code(1), kind, "lj", at, sequence=number)
    await assign(session, world, entry_code(1), "ccb", ASSIGNED + timedelta(days=5))
    await add_event(
        session, world, entry_code(2), "declined", "icbc-dl", ASSIGNED, sequence=1, is_simulated=True
    )
    await service.close(session, viewer, "2023-09", now=NOW)
    facts = await service.facts_file(session, viewer, "2023-09", now=NOW)
    figures = await service.figures_file(session, viewer, "2023-09", now=NOW)
    return facts.data, json.loads(figures.model_dump_json())


def run(folder: Path, facts: bytes, figures: Json) -> tuple[int, str]:
    """Run it as somebody would who has nothing but Python."""
    (folder / "facts.json").write_bytes(facts)
    (folder / "figures.json").write_text(json.dumps(figures))
    (folder / "verifier.py").write_bytes(service.verifier_source())
    command = [sys.executable, "-I", "verifier.py", "facts.json", "figures.json"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


async def test_it_agrees_with_a_closed_month_and_names_what_was_altered(
    session: AsyncSession, viewer: Viewer, tmp_path: Path
) -> None:
    facts, figures = await closed_month(session, viewer)
    assert run(tmp_path, facts, figures) == (0, "AGREES: 2023-09, 4 entries\n")
    altered = facts.replace(b'"region":"230102"', b'"region":"230103"', 1)
    status, said = run(tmp_path, altered, figures)
    assert (status, "hash of the facts" in said, "region 230103 entries" in said) == (1, True, True)
    figures["total"]["contacted"]["numerator"] += 1
    status, said = run(tmp_path, facts, figures)
    assert (status, said.splitlines()[0]) == (
        1,
        "total contacted numerator: the facts give 2, published is 3",
    )


@pytest.fixture
async def closed(session: AsyncSession, viewer: Viewer) -> tuple[Json, Json]:
    facts, figures = await closed_month(session, viewer)
    return json.loads(facts), figures


def party(body: Json, number: int = 0) -> Json:
    found: Json = body["entries"][number]["parties"][0]
    return found


ALTERATIONS: dict[str, Callable[[Json], Any]] = {
    "an entry taken out": lambda body: body["entries"].pop(),
    "an entry put in twice": lambda body: body["entries"].append(body["entries"][0]),
    "another region": lambda body: body["entries"][0].update(region="230200"),
    "another chain": lambda body: body["entries"][0].update(chain="aero"),
    "another class": lambda body: body["entries"][0].update(source_class="above_scale"),
    "another size": lambda body: body["entries"][0].update(size_class=None),
    "another amount asked for": lambda body: body["entries"][0].update(amount="5000000.01"),
    "a loan not known to be the first": lambda body: body["entries"][0].update(first_loan=None),
    "an entry said not to be simulated": lambda body: body["entries"][2].update(is_simulated=False),
    "a stray made up": lambda body: body["entries"][3].update(strays=1),
    "a contact taken away": lambda body: party(body).update(contacted_at=None),
    "a contact made up": lambda body: party(body, 2).update(contacted_at="2023-09-05T01:00:00Z"),
    "a contact days earlier": lambda body: party(body).update(contacted_at="2023-09-04T01:00:00Z"),
    "an answer before the contact": lambda body: party(body).update(answered_at="2023-09-05T01:00:00Z"),
    "a payment after the month": lambda body: party(body).update(disbursed_at="2023-10-05T01:00:00Z"),
    "another credit": lambda body: party(body)["credits"][0].update(amount="1500000.01"),
    "another rate": lambda body: party(body)["credits"][0].update(rate="3.84"),
    "another term": lambda body: party(body)["credits"][0].update(term_months=12),
    "collateral instead of credit": lambda body: party(body)["credits"][0].update(is_credit_loan=False),
    "a credit twice": lambda body: party(body)["credits"].append(party(body)["credits"][0]),
    "another payment": lambda body: party(body).update(disbursed="1000000.01"),
    "another institution": lambda body: party(body).update(institution="icbc-hrb"),
    "an institution nobody knows": lambda body: party(body).update(institution="abc"),
    "an institution twice": lambda body: body["entries"][0]["parties"].append(party(body)),
    "something uncounted hidden": lambda body: party(body, 2).update(uncounted=0),
    "a branch under another bank": lambda body: body["institutions"]["icbc-dl"].update(parent="lj"),
    "a bank in itself": lambda body: body["institutions"]["icbc"].update(parent="icbc-dl"),
    "another name": lambda body: body["regions"]["230102"].update(name="别处"),
    "another month": lambda body: body.update(month="2023-08"),
    "another end": lambda body: body.update(until="2023-10-01T16:00:00Z"),
    "another edition": lambda body: body.update(edition="2024H1"),
    "garbled": lambda body: body["entries"][0].update(amount="viel"),
}


async def test_every_altered_fact_is_seen_even_with_a_hash_to_match(closed: tuple[Json, Json]) -> None:
    facts, figures = closed
    unseen = []
    for name, alter in ALTERATIONS.items():
        altered = deepcopy(facts)
        alter(altered)
        data = json.dumps(altered).encode()
        matched = figures | {"facts_sha256": canonical.sha256_of(data)}
        assert any(line.startswith("hash") for line in verifier.examined(data, altered, figures)), name
        if not verifier.examined(data, altered, matched):
            unseen.append(name)
    assert unseen == []


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*way, key))
    else:
        yield way


NOT_OF_THE_FACTS = {"format", "closed"}
"""What a file of figures says beside the figures: its form, and under what it was closed."""
LABELS = {"chain", "source_class", "size_class"}
"""Cuts whose labels, levels and parents the facts do not hold."""


async def test_every_altered_figure_is_seen(closed: tuple[Json, Json]) -> None:
    facts, figures = closed
    data = canonical.to_bytes(canonical.from_bytes(json.dumps(facts).encode()))
    assert verifier.examined(data, facts, figures) == []
    unseen = []
    for way in leaves(figures):
        is_label = way[0] == "cuts" and way[1] in LABELS and way[-1] in {"name", "level", "parent"}
        is_rest = way[0] == "cuts" and way[3] != "figures" and figures["cuts"][way[1]][way[2]]["key"] == ""
        if way[0] in NOT_OF_THE_FACTS or is_label or (is_rest and way[3] != "key"):
            continue
        altered = deepcopy(figures)
        place = altered
        for key in way[:-1]:
            place = place[key]
        place[way[-1]] = "x"
        if not verifier.examined(data, facts, altered):
            unseen.append(way)
    assert unseen == []


@settings(max_examples=60)
@given(month_facts())
def test_it_counts_as_the_application_does_by_other_means(facts: MonthFacts) -> None:
    total, cuts = verifier.recomputed(json.loads(canonical.to_bytes(facts)))
    published = report_json(compute(facts, Cut))
    assert total == published["total"]
    assert cuts == {
        cut: {row["key"]: row["figures"] for row in rows} for cut, rows in published["cuts"].items()
    }


def test_wrong_usage_and_unreadable_files_exit_2(tmp_path: Path) -> None:
    good, bad = tmp_path / "figures.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"format": verifier.FIGURES}))
    bad.write_text("[")
    assert verifier.main(["verifier.py"]) == 2
    assert verifier.main(["verifier.py", str(bad), str(good)]) == 2
    assert verifier.main(["verifier.py", str(tmp_path / "none.json"), str(good)]) == 2
    assert verifier.main(["verifier.py", str(good), str(good)]) == 2


def test_it_is_short_and_imports_nothing_but_the_standard_library() -> None:
    text = SOURCE.read_text()
    tree = ast.parse(text)
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert named
    assert {name.split(".")[0] for name in named} <= sys.stdlib_module_names
    assert len(text.splitlines()) < 300
