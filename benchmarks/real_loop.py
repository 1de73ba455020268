"""What the closed loop came to on the real roster: reroutes, cases, escalations, restatements; the last month as issued."""

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.accounts.rules import Viewer
from app.bulletins import service as bulletins
from app.bulletins.service import Format
from app.coverage import service as coverage
from app.coverage import standalone_verifier
from app.docking import clock_service
from app.kernel.database import Sessions, transaction

Summary = dict[str, Any]


def loop_summary(results: Mapping[str, Sequence[Any]]) -> Summary:
    """Count what the stages of the loop answered."""
    rung = [part for parts in results["clock"] for part in parts]
    moved = [one.counts for batches in results["reroute"] for one in batches]
    settled = sum((Counter(one) for one in results["coordination"]), Counter[str]())
    return {
        "reminded": sum(part.reminded for part in rung),
        "escalated": sum(part.escalated for part in rung),
        "taken from silent parties": sum(one.moved for one in moved),
        "… had nobody else": sum(one.coordinator for one in moved),
        "coordination cases": dict(settled),
    }


async def issue(sessions: Sessions, viewer: Viewer, month: str, folder: Path, now: datetime) -> Summary:
    """Write a closed month's facts, figures and bulletin into a folder, and have the stand-alone script verify it."""
    folder.mkdir(parents=True, exist_ok=True)
    async with transaction(sessions, writes=False) as session:
        facts = await coverage.facts_file(session, viewer, month, now=now)
        figures = await coverage.figures_file(session, viewer, month, now=now)
        verdict = await coverage.verify(session, viewer, month)
        made = await bulletins.bulletin(session, viewer, month, now=now)
    files = {f"{month}-facts.json": facts.data, f"{month}-figures.json": figures.model_dump_json().encode()}
    files |= {f"{month}.{kind}": bulletins.rendered(made, kind) for kind in Format}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    told = _verify(folder / f"{month}-facts.json", folder / f"{month}-figures.json")
    return {
        "restated entries": len(verdict.entries_changed),
        "stand-alone script": told,
        "bulletin": {kind.value: len(files[f"{month}.{kind}"]) for kind in Format},
    }


def _verify(facts: Path, figures: Path) -> str:
    script = standalone_verifier.__file__
    done = subprocess.run(
        [sys.executable, "-I", script, str(facts), str(figures)], capture_output=True, text=True, check=False
    )
    return f"exit {done.returncode}: {(done.stdout or done.stderr).strip().splitlines()[-1]}"


async def paces(sessions: Sessions, viewer: Viewer, edition: str, now: datetime) -> list[tuple[Any, ...]]:
    """Answer the three slowest institutions by p90 of the first contact: name, taken, p50, p90."""
    async with transaction(sessions, writes=False) as session:
        found = await clock_service.institution_pace(session, viewer, edition, now=now)
    contacts = [one for one in found if one.step == "contact" and one.p90 is not None]
    slowest = sorted(contacts, key=lambda one: (-(one.p90 or 0), one.institution))[:3]
    return [(one.name, one.taken, one.p50, one.p90) for one in slowest]
