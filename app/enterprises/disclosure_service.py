"""What institutions are shown of needs, kept on record; who holds contact details; who was shown what."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.enterprises import consent_queries, queries
from app.enterprises.consent_schemas import ContactHolderOut, DisclosureOut, DisclosurePage
from app.enterprises.consents import (
    ALL_GROUPS,
    MOST_CONTACT_HOLDERS,
    BasisOfShowing,
    FieldGroup,
    Holder,
    Showing,
    Shown,
    Subject,
    contact_claims,
    free_slots,
    groups_of,
    lapsed_slots,
    needing_consent,
    showings,
)
from app.enterprises.tables import Disclosure, Enterprise, Need
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, IntegrityError, unrestricted
from app.kernel.errors import Conflict, Fault, Forbidden, NotFound, Refused
from app.kernel.paging import PageRequest, page_of
from app.kernel.recording import Keeping, leave
from app.kernel.shanghai import SHANGHAI, shanghai_date

HoldersOf = Callable[[AsyncSession, Collection[int]], Awaitable[list[Holder]]]
BasisOf = Callable[[AsyncSession, Collection[int], Collection[str], str, datetime], Awaitable[BasisOfShowing]]
"""Given needs (ids), institutions (codes), and of whom and since when to tell what was shown."""
_ENTRUSTING: Final = "entrusting"
_BASIC: Final = frozenset({FieldGroup.CARD, FieldGroup.IDENTITY})


@dataclass(frozen=True, slots=True)
class Entrusting:
    """The day on which a session looks, and how it finds who is responsible for needs or supports them.

    Who that is, rooms above know; visibility binds it to the session. `basis` answers at once all on which
    showing some needs rests.
    """

    day: date
    holders: HoldersOf
    basis: BasisOf


def bind(session: AsyncSession, entrusting: Entrusting) -> None:
    """Tell a session its day and how to find the institutions that hold a need."""
    session.info[_ENTRUSTING] = entrusting


def _bound(session: AsyncSession) -> Entrusting:
    found: Entrusting | None = session.info.get(_ENTRUSTING)
    if found is None:
        msg = "nobody bound to this session how holders of needs are found (visibility.service.narrow)"
        raise RuntimeError(msg)
    return found


async def show(
    session: AsyncSession,
    viewer: Viewer,
    subjects: Mapping[int, Subject],
    *,
    most: Collection[FieldGroup] = ALL_GROUPS,
) -> dict[int, frozenset[FieldGroup]]:
    """Answer which groups of facts a viewer sees of each need (by id), and put on record what institutions see.

    ALL_GROUPS for whoever needs no consent; an institution's viewer never gets `contact` here. The session already leaves out needs that a viewer may not see at all. `most` names the groups that
    the answer shows of those that may be seen.
    """
    asked = needing_consent(viewer, subjects)
    groups = {need_id: ALL_GROUPS for need_id in subjects if need_id not in asked}
    if not asked:
        return groups
    # Which consents reach the viewer decides what is shown; the consents themselves are not.
    with unrestricted(session):
        entrusting = _bound(session)
        basis = await entrusting.basis(
            session, asked, viewer.scopes(*INSTITUTION_ROLES), viewer.name, _midnight(utc_now())
        )
        found = showings(basis.holders, basis.consents, basis.lineages, entrusting.day)
        shown = (set(most) & ALL_GROUPS) - {FieldGroup.CONTACT}
        await _put_on_record(session, viewer, found, shown, basis.shown)
    for need_id in asked:
        seen = groups_of(one for one in found if one.need_id == need_id) | _BASIC
        groups[need_id] = seen - {FieldGroup.CONTACT}  # contact details are read apart, by slots
    return groups


def _midnight(now: datetime) -> datetime:
    """Answer when the day of an instant began in Shanghai."""
    return datetime.combine(shanghai_date(now), time(), SHANGHAI).astimezone(UTC)


async def _put_on_record(
    session: AsyncSession,
    viewer: Viewer,
    found: Sequence[Showing],
    most: Collection[FieldGroup],
    known: Collection[Shown],
) -> None:
    """Keep who was shown what; a person's repeated looks on a day (`known`) are one."""
    now, shown_to = utc_now(), viewer.name
    seen = {
        (one.need_id, one.institution_id, one.consent_id, tuple(sorted(one.groups & set(most)))): None
        for one in found
    }
    rows = [
        {
            "need_id": need,
            "institution_id": institution,
            "consent_id": consent,
            "field_groups": list(groups),
            "contact_slot": None,
            "shown_to": shown_to,
            "shown_at": now,
            "ended_at": None,
        }
        for need, institution, consent, groups in seen
        if (need, institution, consent, groups) not in known
    ]
    await leave(session, _DISCLOSURES, rows)


async def _keep_disclosures(session: AsyncSession, rows: list[Mapping[str, Any]]) -> None:
    """Store disclosures; what one person was shown several times at once is one."""
    what = ("need_id", "institution_id", "consent_id", "shown_to")
    once = {(*(row[name] for name in what), tuple(row["field_groups"])): row for row in rows}
    await consent_queries.put_disclosures(session, list(once.values()))


_DISCLOSURES: Final = Keeping(_keep_disclosures)


async def consented_needs(session: AsyncSession, holders: Sequence[Holder]) -> frozenset[int]:
    """Answer the ids of the needs that a live consent lets some of their holders see."""
    needs = {holder.need_id for holder in holders}
    # Only that there is a consent comes out of this.
    with unrestricted(session):
        live = await consent_queries.live_recipients(session, needs, _bound(session).day)
    named = defaultdict[int, list[str | None]](list)
    for need, recipient in live:
        named[need].append(recipient)
    return frozenset(holder.need_id for holder in holders if any(map(holder.is_meant, named[holder.need_id])))


async def hold_contact(session: AsyncSession, viewer: Viewer, enterprise_id: int) -> None:
    """Let a viewer's institution hold a firm's contact details: it keeps the slot that it has, or takes a free one.

    Raises:
        Forbidden: no consent shows them to the viewer's institutions.
        Conflict: three institutions hold them already.
    """
    # Who holds the details decides whether one more may; who they are is not shown.
    with unrestricted(session):
        entrusting, now = _bound(session), utc_now()
        needs = await consent_queries.needs_of_firm(session, enterprise_id)
        await consent_queries.hold_needs(session, needs)
        claims = contact_claims(
            await entrusting.holders(session, needs),
            await consent_queries.consents_of(session, needs),
            await consent_queries.lineages(session, viewer.scopes(*INSTITUTION_ROLES)),
            entrusting.day,
        )
        if not claims:
            raise contact_withheld()
        held = await _open_slots(session, needs, now)
        own = {(row.need_id, row.institution_id) for row in held}
        kept = next((one for one in claims if (one.need_id, one.institution_id) in own), None)
        if kept is not None:
            contact_only = Showing(
                kept.need_id, kept.institution_id, kept.consent_id, frozenset({FieldGroup.CONTACT})
            )
            known = await consent_queries.shown_since(session, {kept.need_id}, viewer.name, _midnight(now))
            await _put_on_record(session, viewer, [contact_only], [FieldGroup.CONTACT], known)
            return
        await _take_slot(session, viewer, claims, held, now)


def contact_withheld() -> Forbidden:
    """Make the refusal of contact details that no consent shows."""
    return Forbidden(
        "No consent of the enterprise shows its contact details to your institution; ask its coordinator for one."
    )


async def _take_slot(
    session: AsyncSession,
    viewer: Viewer,
    claims: Sequence[Showing],
    held: Sequence[Disclosure],
    now: datetime,
) -> None:
    for claim in claims:
        free = free_slots(row.contact_slot for row in held if row.need_id == claim.need_id)
        if free:
            row = Disclosure(
                need_id=claim.need_id,
                institution_id=claim.institution_id,
                consent_id=claim.consent_id,
                field_groups=[FieldGroup.CONTACT.value],
                contact_slot=free[0],
                shown_to=viewer.name,
                shown_at=now,
                ended_at=None,
            )
            try:
                async with session.begin_nested():
                    session.add(row)
            except IntegrityError as error:
                raise _slots_taken() from error
            return
    raise _slots_taken()


def _slots_taken() -> Conflict:
    remedy = "Ask the coordinator: a slot is freed when a holder is no longer responsible or supporting, or its consent ends."
    return Conflict(
        f"{MOST_CONTACT_HOLDERS} institutions hold this enterprise's contact details already; no more may at one time.",
        [Fault("uscc", "all contact slots are taken", remedy)],
    )


async def _open_slots(session: AsyncSession, needs: Collection[int], now: datetime) -> list[Disclosure]:
    """Answer the contact slots of needs that are rightly held; those that have lapsed are closed."""
    entrusting = _bound(session)
    rows = await consent_queries.open_slots(session, needs)
    if not rows:
        return []
    consents = {one.id: one for one in await consent_queries.consents_of(session, needs)}
    holders = await entrusting.holders(session, needs)
    slots = [(row.id, row.need_id, row.institution_id, row.consent_id) for row in rows]
    lapsed = set(lapsed_slots(slots, holders, consents, entrusting.day))
    await consent_queries.close_slots(session, lapsed, now)
    return [row for row in rows if row.id not in lapsed]


@dataclass(frozen=True, slots=True)
class LastLook:
    """When an institution was last shown something of a need by a consent."""

    institution: str
    institution_name: str
    consent: int
    at: datetime


async def last_looks(session: AsyncSession, viewer: Viewer, need_code: str) -> list[LastLook]:
    """Answer which institutions were shown a need, by which consent, and when last; by name.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
    """
    need, firm = await _need_of(session, viewer, need_code)
    require(viewer, Action.READ_DISCLOSURES, Target(region=firm.region_code, uscc=firm.uscc))
    return [LastLook(*row) for row in await consent_queries.last_looks(session, need.id)]


async def _need_of(session: AsyncSession, viewer: Viewer, code: str) -> tuple[Need, Enterprise]:
    found = await queries.need_by_code(session, viewer.jurisdiction, code)
    if found is None:
        raise NotFound("No such need.", [Fault("code", "not stored", value=code)])
    return found[0], found[2]


async def list_disclosures(
    session: AsyncSession,
    viewer: Viewer,
    need_code: str,
    page: PageRequest,
    *,
    institution: str | None = None,
) -> DisclosurePage:
    """Answer who was shown what of a need, the newest first, and who holds its contact details now.

    Of all institutions, or of one (its code).

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
    """
    need, firm = await _need_of(session, viewer, need_code)
    require(viewer, Action.READ_DISCLOSURES, Target(region=firm.region_code, uscc=firm.uscc))
    # Whether a slot has lapsed hangs on assignments that the enterprise need not see.
    with unrestricted(session):
        await _open_slots(session, [need.id], utc_now())
    key = page.after()
    before = None if key is None else _number(key[0])
    rows = await consent_queries.page_of_disclosures(
        session, need.id, before, page.limit, institution=institution
    )
    shown = page_of(rows, page, lambda row: (row[0].id,), lambda row: _disclosure_out(*row))
    holders = await consent_queries.contact_holders(session, need.id)
    return DisclosurePage(
        items=shown.items, next=shown.next, contact_holders=[_holder_out(*row) for row in holders]
    )


def _number(part: str | int) -> int:
    if isinstance(part, int):
        return part
    raise Refused("The cursor is not one of ours.", [Fault("cursor", "not a cursor of this list")])


def _disclosure_out(row: Disclosure, code: str, name: str) -> DisclosureOut:
    return DisclosureOut(
        id=row.id,
        institution=code,
        institution_name=name,
        groups=list(row.field_groups),
        consent=row.consent_id,
        shown_to=row.shown_to,
        shown_at=row.shown_at,
    )


def _holder_out(row: Disclosure, code: str, name: str) -> ContactHolderOut:
    return ContactHolderOut(
        institution=code, institution_name=name, consent=row.consent_id, since=row.shown_at
    )
