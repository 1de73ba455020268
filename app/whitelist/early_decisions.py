"""Decisions on possible duplicates that come with a roster: whether each still fits what the roster asks. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from app.kernel.errors import Fault, Refused
from app.whitelist.entry_planning import EntryDraft, Namesake, StoredItem
from app.whitelist.schemas import EarlyDecision

MOST_DECISIONS: Final = 500
_DECISIONS: Final = TypeAdapter(Annotated[list[EarlyDecision], Field(max_length=MOST_DECISIONS)])
LOOK_REMEDY: Final = "Look at the roster anew (dry_run) and decide on what it asks then."


def read_decisions(text: str) -> tuple[EarlyDecision, ...]:
    """Read decisions from a JSON list.

    Raises:
        Refused: it is no such list; every fault is named by its place in it.
    """
    try:
        return tuple(_DECISIONS.validate_json(text))
    except ValidationError as error:
        faults = [
            Fault(".".join(["decisions", *map(str, item["loc"])]), item["msg"])
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Refused("The decisions on possible duplicates cannot be read.", faults) from error


def mark_of(code: str, name: str, content_hash: str, namesakes: Sequence[Namesake]) -> str:
    """Answer what a decision on a question rests on: another row, name or candidate gives another mark."""
    said = [code, name, content_hash, [[one.uscc, one.name] for one in namesakes]]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]


class EarlyDecisions:
    """The decisions that came with a roster, met with what it asks; `end` names every one that does not fit.

    `open` are those to carry out, by entry. One that was carried out before, the same way, is done and no fault:
    the same roster may be sent again with the same decisions.
    """

    def __init__(self, given: Sequence[EarlyDecision]) -> None:
        self.open: dict[str, EarlyDecision] = {}
        self._faults: list[tuple[int, Fault]] = []
        self._waiting: dict[str, tuple[int, EarlyDecision]] = {}
        for number, one in enumerate(given):
            if one.entry in self._waiting:
                self._add(number, Fault("", f"{one.entry} is decided twice", "Decide once on an entry."))
            else:
                self._waiting[one.entry] = (number, one)

    def meet(self, draft: EntryDraft, mark: str) -> None:
        """Take what a roster says of an entry, with the mark of what it asks about it."""
        number, one = self._waiting.pop(draft.code, (0, None))
        if one is None:
            return
        if draft.namesakes and one.seen == mark:
            self.open[one.entry] = one
        elif draft.namesakes:
            self._add(number, Fault("", f"{one.entry} has changed since it was looked at", LOOK_REMEDY))
        else:
            self._meet_asked(number, one, draft)

    def _meet_asked(self, number: int, one: EarlyDecision, draft: EntryDraft) -> None:
        items = draft.stored.items if draft.stored is not None else ()
        asked: list[StoredItem] = [item for item in items if item.kind == "duplicate_name"]
        if not asked:
            self._add(number, Fault("", f"{one.entry} is no possible duplicate", LOOK_REMEDY))
        elif asked[-1].decision is None:
            remedy = f"PUT /api/v1/whitelist/reviews/{asked[-1].id} decides it."
            self._add(number, Fault("", f"{one.entry} waits for a review since an earlier import", remedy))
        elif asked[-1].decision != one.decision:
            self._add(number, Fault("", f"{one.entry} is decided otherwise", "Decisions stay on record."))

    def end(self) -> list[Fault]:
        """Answer all faults, now that the whole roster was met, in the order of the decisions."""
        for number, one in self._waiting.values():
            self._add(number, Fault("", f"{one.entry} is no row that would be taken", LOOK_REMEDY))
        self._waiting = {}
        return [fault for _number, fault in sorted(self._faults, key=lambda each: each[0])]

    def _add(self, number: int, fault: Fault) -> None:
        self._faults.append((number, replace(fault, where=f"decisions.{number}.entry")))
