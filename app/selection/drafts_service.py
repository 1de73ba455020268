"""Use cases of lists that are being written: read one, keep one, hand one in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.accounts.permissions import Action, require
from app.accounts.rules import Viewer
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.selection import lists_service, queries, service
from app.selection.drafting import Draft
from app.selection.schemas import ListIn, ListOut
from app.selection.tables import SelectionDraft, SelectionParticipant, SelectionRound

Expect = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Writing:
    """A list that is being written, the version of the draft (0: none is stored), and the list that stands."""

    draft: Draft
    version: int
    handed_in: ListOut


async def writing(
    session: AsyncSession, viewer: Viewer, code: str, participant: str, *, now: datetime
) -> Writing:
    """Answer what a participant's people are writing.

    Raises:
        NotFound: no such round or participant, or it is not one of the viewer's.
    """
    handed_in = await lists_service.get_list(session, viewer, code, participant, now=now)
    row, _one = await _own(session, viewer, code, participant)
    stored = await queries.draft(session, row.id, participant)
    if stored is None:
        least = len(handed_in.contracts) + 1  # one place more than contracts take up
        quota = least if handed_in.quota is None else handed_in.quota
        begun = Draft.of_list(quota, handed_in.tiers, handed_in.refuses, handed_in.rest)
        return Writing(begun, 0, handed_in)
    return Writing(Draft.of_json(stored.content), stored.version, handed_in)


async def _own(
    session: AsyncSession, viewer: Viewer, code: str, participant: str
) -> tuple[SelectionRound, SelectionParticipant]:
    row = await service.stored(session, viewer, code)
    one = await service.stored_participant(session, row, participant)
    require(viewer, Action.TAKE_PART, service.target_of(await institution_tree(session, viewer), one))
    return row, one


async def keep(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    participant: str,
    draft: Draft,
    *,
    expect: Expect,
    now: datetime,
) -> None:
    """Keep a draft; nobody but the participant's own people is shown it.

    Raises:
        NotFound: no such round or participant.
        Forbidden: the participant is not one of the viewer's.
    """
    row, _one = await _own(session, viewer, code, participant)
    stored = await queries.draft(session, row.id, participant)
    expect(stored.version if stored else 0)
    if stored is None:
        made = SelectionDraft(
            round_id=row.id, participant=participant, content=draft.as_json(), version=1, updated_at=now
        )
        await queries.add_draft(session, made)
    elif stored.content != draft.as_json():
        stored.content, stored.updated_at, stored.version = draft.as_json(), now, stored.version + 1
        await session.flush()


async def hand_in(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    participant: str,
    draft: Draft,
    *,
    expect: Expect,
    now: datetime,
) -> ListOut:
    """Hand in what was written; the draft is done with.

    Raises:
        NotFound, Forbidden, Conflict, Refused: as `lists_service.hand_in`, and a quota that is no number.
    """
    places = draft.places()
    if isinstance(places, Fault):
        raise Refused("The list cannot be taken", [places])
    made = ListIn(quota=places, tiers=draft.tiers(), refuses=sorted(draft.refuses), rest=draft.rest)
    done = await lists_service.hand_in(session, viewer, code, participant, made, expect=expect, now=now)
    row = await service.stored(session, viewer, code)
    await queries.drop_draft(session, row.id, participant)
    return done
