"""Use cases of drafts: what somebody has typed of a need is kept, step by step, until it is sent.

A draft is its person's own, whatever firm it is about; nobody else reads it, no rule decides by it. It holds what was
typed, right or wrong. Sending it is `need_service`'s (docs/decisions/0020-need-drafts.md).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.accounts.permissions import Action, Target, forbidden, require
from app.accounts.rules import Role, Viewer
from app.enterprises import draft_queries as queries
from app.enterprises.tables import NeedDraft
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Fault, PreconditionFailed, Refused

Answers = Mapping[str, Sequence[str]]
"""What was typed into the fields of one step; of a set of boxes, all that are ticked."""
MOST_CHARACTERS: Final = 20_000
MOST_DRAFTS: Final = 50


@dataclass(frozen=True, slots=True)
class DraftKey:
    """Which draft of a person's: of which firm, and of which stored need ("": of a new one)."""

    uscc: str
    need_code: str = ""

    @property
    def text(self) -> str:
        """Answer the key as one text, for locks."""
        return f"{self.uscc}:{self.need_code}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it stands: what was typed by step, and on which wording of the need it is based (0: none)."""

    key: DraftKey
    answers: Mapping[str, Answers] = field(default_factory=dict)
    base_revision: int = 0
    updated_at: datetime | None = None


def mark_of(answers: Answers | None) -> str:
    """Answer a text that is equal exactly for equal answers to a step; "" for none."""
    if answers is None:
        return ""
    plain = {name: list(values) for name, values in answers.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


async def read_draft(session: AsyncSession, viewer: Viewer, key: DraftKey) -> Draft | None:
    """Answer the viewer's own draft, or None."""
    row = await queries.draft(session, _person(viewer), key.uscc, key.need_code)
    return None if row is None else _out(row)


async def own_drafts(session: AsyncSession, viewer: Viewer) -> list[Draft]:
    """Answer the viewer's drafts, the one changed last first."""
    if viewer.person is None:
        return []
    return [_out(row) for row in await queries.drafts(session, viewer.person, MOST_DRAFTS)]


async def keep_step(
    session: AsyncSession,
    viewer: Viewer,
    key: DraftKey,
    step: str,
    answers: Answers,
    *,
    seen: str,
    base_revision: int,
    now: datetime,
) -> Draft:
    """Keep what was typed into one step; the draft is begun if there is none.

    `seen` is the mark of what the sender had before them: of two windows that change one step, the second is told.

    Raises:
        Forbidden: nobody is signed in, or the firm is another one's to speak for.
        PreconditionFailed: the step was changed elsewhere meanwhile, to something else than is sent now.
        Refused: it is longer than any form of ours, or there are too many drafts.
    """
    person = _person(viewer)
    _check_speaks_for(viewer, key.uscc)
    await hold(session, f"draft:{person}:{key.text}")
    row = await queries.draft(session, person, key.uscc, key.need_code)
    stored = None if row is None else row.answers.get(step)
    if mark_of(stored) not in {seen, mark_of(answers)}:
        fault = Fault(step, "changed elsewhere", "Look at what is there now, and decide anew.")
        raise PreconditionFailed("This step was changed in another window meanwhile.", [fault])
    row = row or await _begin(session, person, key, base_revision, now)
    together = {**row.answers, step: {name: list(values) for name, values in answers.items()}}
    if len(json.dumps(together, ensure_ascii=False)) > MOST_CHARACTERS:
        raise Refused("The draft is too long.", [Fault(step, f"over {MOST_CHARACTERS} characters in all")])
    row.answers, row.updated_at, row.version = together, now, row.version + 1
    await session.flush()
    return _out(row)


async def drop_draft(session: AsyncSession, viewer: Viewer, key: DraftKey) -> bool:
    """Throw the viewer's draft away; answer whether there was one."""
    person = _person(viewer)
    await hold(session, f"draft:{person}:{key.text}")
    row = await queries.draft(session, person, key.uscc, key.need_code)
    if row is not None:
        await queries.remove(session, row)
    return row is not None


async def _begin(
    session: AsyncSession, person: int, key: DraftKey, base_revision: int, now: datetime
) -> NeedDraft:
    if len(await queries.drafts(session, person, MOST_DRAFTS)) == MOST_DRAFTS:
        remedy = "Send or throw away one of them first."
        raise Refused("There are too many drafts.", [Fault("draft", f"{MOST_DRAFTS} are open", remedy)])
    row = NeedDraft(
        person_id=person,
        uscc=key.uscc,
        need_code=key.need_code,
        base_revision=base_revision,
        answers={},
        version=0,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    return row


def _check_speaks_for(viewer: Viewer, uscc: str) -> None:
    # A coordinator speaks for the firms of a region, which a draft does not yet tell; the need that is sent is checked.
    if not viewer.has(Role.COORDINATOR):
        require(viewer, Action.STATE_NEEDS, Target(uscc=uscc))


def _person(viewer: Viewer) -> int:
    if viewer.person is None:
        raise forbidden(Action.STATE_NEEDS)
    return viewer.person


def _out(row: NeedDraft) -> Draft:
    return Draft(DraftKey(row.uscc, row.need_code), row.answers, row.base_revision, row.updated_at)
