"""Use cases of rounds: open one, list them, read one with who takes part and what was done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import Viewer
from app.chains import service as chains
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.reference.regions import region_contains
from app.selection import queries, round_notices, views
from app.selection.archive import rules_as_json
from app.selection.market import Side
from app.selection.measuring import own_banks
from app.selection.measuring_service import contact_limit, measure
from app.selection.preferences import DEFAULT_WEIGHTS, Part, PreferenceRules, rule_faults
from app.selection.round_states import Act, RoundState, RoundTerms
from app.selection.rounds import terms_faults
from app.selection.schemas import (
    MOST_BANKS,
    MOST_CHAINS,
    ParticipantOut,
    RoundIn,
    RoundOut,
    RulesIn,
    StepOut,
)
from app.selection.tables import SelectionParticipant, SelectionRound
from app.whitelist import service as whitelist

LIST_ACTS: Final = (Act.SUBMIT.value, Act.WITHDRAW.value)
NOT_OPENED: Final = "The round cannot be opened on these terms."
_POSITIONS: Final = 10**9


async def preview_round(session: AsyncSession, viewer: Viewer, body: RoundIn, *, now: datetime) -> RoundOut:
    """Answer what a round would be; nothing is measured or kept.

    Raises:
        Forbidden, NotFound, Refused, Conflict: as `open_round` does.
    """
    planned = await _planned(session, viewer, body, now)
    if await queries.round_by_code(session, viewer, body.code) is not None:
        raise queries.code_taken(body.code)
    counts = {(planned.row.id, side.value): (len(codes), 0) for side, codes in planned.by_side()}
    return views.round_out(planned.row, counts, 0, shanghai_date(now))


async def open_round(session: AsyncSession, viewer: Viewer, body: RoundIn, *, now: datetime) -> RoundOut:
    """Open a round: fix its terms, measure for the first time, and tell who takes part.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no such edition.
        Refused: the terms are wrong; every fault is named.
        Conflict: there is a round of this code.
        Unavailable: no loan prime rate is known for the day.
    """
    planned = await _planned(session, viewer, body, now)
    row = planned.row
    participants = [
        (side.value, place, code) for side, codes in planned.by_side() for place, code in enumerate(codes)
    ]
    await queries.add_round(
        session,
        row,
        [
            {"code": code, "side": side, "position": place, "name": planned.names[code], "submitted_at": None, "version": 0}
            for side, place, code in participants
        ],
    )  # fmt: skip
    await measure(session, viewer, row, planned.sides, now=now)
    audience = round_notices.audience_of((side, code) for side, _place, code in participants)
    told = round_notices.opened(row.code, row.name, row.submit_until, audience, times=1)
    await notifications.post(session, [told], now=now)
    audit_service.note(session, "open_selection", "selection_round", row.code, now=now)
    return await out(session, row, shanghai_date(now))


@dataclass(frozen=True, slots=True)
class _Planned:
    """A round that could be opened: its row, who takes part by side, and names by code."""

    row: SelectionRound
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    names: dict[str, str]

    def by_side(self) -> Iterator[tuple[Side, tuple[str, ...]]]:
        return zip(Side, self.sides, strict=True)


async def _planned(session: AsyncSession, viewer: Viewer, body: RoundIn, now: datetime) -> _Planned:
    require(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction))
    await whitelist.edition(session, viewer, body.edition)
    today = shanghai_date(now)
    names = await _names(session, viewer, body, today)
    rules = _rules(body.rules, await contact_limit(session, viewer, today))
    sides = _sides(body, names, await institution_tree(session, viewer), viewer.jurisdiction)
    terms = RoundTerms(
        body.code, *sides, body.proposing, body.tie_rule, body.lottery_source, body.submit_until,
        body.objection_days, body.absent_places,
    )  # fmt: skip
    faults = terms_faults(terms, today) + _weight_faults(body.rules)
    faults += [replace(one, where=f"rules.{one.where}") for one in rule_faults(rules)]
    faults += _unknown(sides, names) + _too_many(sides)
    if faults:
        raise Refused(NOT_OPENED, faults)
    row = SelectionRound(
        code=body.code, jurisdiction=viewer.jurisdiction, name=body.name, edition_code=body.edition,
        proposing=body.proposing.value, tie_rule=body.tie_rule.value, lottery_source=body.lottery_source,
        first_until=body.submit_until, submit_until=body.submit_until, objection_days=body.objection_days,
        absent_places=body.absent_places, rules=rules_as_json(rules), state=RoundState.OPEN.value,
        opened_by=viewer.name, opened_at=now, version=1,
    )  # fmt: skip
    return _Planned(row, sides, names)


async def _names(session: AsyncSession, viewer: Viewer, body: RoundIn, today: date) -> dict[str, str]:
    """Answer the names of chains of the jurisdiction and of banks, by code."""
    book = await chains.chain_book(session, viewer, today)
    tree = await institution_tree(session, viewer)
    named = frozenset(body.banks or ())
    banks = {
        node.code: node.short_name
        for node in tree.nodes.values()
        if node.kind.is_bank and (body.banks is None or node.code in named)
    }
    own = {
        code: chain.name
        for code, chain in book.chains.items()
        if region_contains(viewer.jurisdiction, chain.jurisdiction)
    }
    return banks | own


def _sides(
    body: RoundIn, names: dict[str, str], tree: InstitutionTree, jurisdiction: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Answer who takes part, by code; all of the jurisdiction where nobody is named."""
    own = tuple(sorted(code for code in names if tree.find(code) is None))
    chosen = own if body.chains is None else tuple(sorted(body.chains))
    banks = own_banks(tree, jurisdiction) if body.banks is None else tuple(sorted(body.banks))
    return chosen, banks


def _rules(body: RulesIn, limit: int) -> PreferenceRules:
    known = {part.value: part for part in Part}
    stated = {known[name]: weight for name, weight in body.weights.items() if name in known}
    return PreferenceRules(limit, body.least_contacts, body.least_fitting, dict(DEFAULT_WEIGHTS) | stated)


def _weight_faults(body: RulesIn) -> list[Fault]:
    known = {part.value for part in Part}
    remedy = f"One of {', '.join(part.value for part in Part)}."
    return [
        Fault(f"rules.weights.{name}", "no part of a preference has this name", remedy, name)
        for name in body.weights
        if name not in known
    ]


def _unknown(sides: tuple[Sequence[str], Sequence[str]], names: dict[str, str]) -> list[Fault]:
    chain_codes, bank_codes = sides
    faults = [
        Fault(
            f"chains[{place}]", "no such chain of this jurisdiction", "GET /api/v1/chains lists them.", code
        )
        for place, code in enumerate(chain_codes)
        if code not in names
    ]
    remedy = "GET /api/v1/institutions lists them; public bodies and guarantors take no part."
    return faults + [
        Fault(f"banks[{place}]", "no such bank", remedy, code)
        for place, code in enumerate(bank_codes)
        if code not in names
    ]


def _too_many(sides: tuple[Sequence[str], Sequence[str]]) -> list[Fault]:
    bounds = (MOST_CHAINS, MOST_BANKS)
    return [
        Fault(side.value, f"more than {most} take part", "Name those that do.", str(len(codes)))
        for side, codes, most in zip(Side, sides, bounds, strict=True)
        if len(codes) > most
    ]


async def list_rounds(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    state: RoundState | None = None,
    now: datetime,
) -> Page[RoundOut]:
    """List rounds, the newest first."""
    rows = await queries.page_of_rounds(
        session,
        viewer,
        state=state.value if state else None,
        before=page.after_number(),
        limit=page.limit + 1,
    )
    shown = [row.id for row in rows[: page.limit]]
    counts, waiting = await queries.counts_of(session, shown), await queries.waiting_of(session, shown)
    today = shanghai_date(now)
    return page_of(
        rows,
        page,
        lambda row: (row.id,),
        lambda row: views.round_out(row, counts, waiting.get(row.id, 0), today),
    )


async def get_round(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> RoundOut:
    """Answer one round.

    Raises:
        NotFound: there is none of this code.
    """
    return await out(session, await stored(session, viewer, code), shanghai_date(now))


async def out(session: AsyncSession, row: SelectionRound, today: date) -> RoundOut:
    """Answer a stored round as JSON shows it."""
    counts = await queries.counts_of(session, [row.id])
    waiting = (await queries.waiting_of(session, [row.id])).get(row.id, 0)
    return views.round_out(row, counts, waiting, today)


async def stored(
    session: AsyncSession, viewer: Viewer, code: str, *, is_for_change: bool = False, is_held: bool = False
) -> SelectionRound:
    """Answer a stored round; see `queries.round_by_code`.

    Raises:
        NotFound: there is none of this code.
    """
    row = await queries.round_by_code(session, viewer, code, is_for_change=is_for_change, is_held=is_held)
    if row is None:
        raise NotFound("No such round of selection.", [Fault("round", "not stored", value=code)])
    return row


async def stored_participant(
    session: AsyncSession, row: SelectionRound, code: str, *, is_for_change: bool = False
) -> SelectionParticipant:
    """Answer who takes part in a round.

    Raises:
        NotFound: nobody of this code does.
    """
    found = await queries.participant(session, row.id, code, is_for_change=is_for_change)
    if found is None:
        raise NotFound(
            "Nobody of this code takes part in the round.",
            [Fault("participant", "takes no part", value=code)],
        )
    return found


def target_of(tree: InstitutionTree, participant: SelectionParticipant) -> Target:
    """Answer what acting for a participant touches."""
    if participant.side == Side.CHAINS.value:
        return Target(chain=participant.code)
    node = tree.find(participant.code)
    codes = tuple(one.code for one in tree.path(node.id)) if node is not None else (participant.code,)
    return Target(institutions=codes)


async def list_participants(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    page: PageRequest,
    *,
    side: Side | None = None,
    has_submitted: bool | None = None,
    text: str = "",
) -> Page[ParticipantOut]:
    """List who takes part, chains before banks, and whose lists are in.

    Raises:
        NotFound: no such round.
    """
    row = await stored(session, viewer, code)
    rows = await queries.page_of_participants(
        session,
        row.id,
        side=side.value if side else None,
        has_submitted=has_submitted,
        text=text,
        after=place_after(page),
        limit=page.limit + 1,
    )
    tree = await institution_tree(session, viewer)
    return page_of(
        rows,
        page,
        lambda one: (one.side, one.position),
        lambda one: views.participant_out(one, is_own=_is_own(viewer, tree, one)),
    )


def place_after(page: PageRequest) -> tuple[str, int] | None:
    """Answer side and place that a cursor holds.

    Raises:
        Refused: the cursor is none of this list's.
    """
    key = page.after(2)
    if key is None:
        return None
    if isinstance(key[0], str) and isinstance(key[1], int) and 0 <= key[1] < _POSITIONS:
        return key[0], key[1]
    raise foreign_cursor()


def _is_own(viewer: Viewer, tree: InstitutionTree, participant: SelectionParticipant) -> bool:
    return may_do(viewer, Action.TAKE_PART, target_of(tree, participant))


async def get_participant(
    session: AsyncSession, viewer: Viewer, code: str, participant: str
) -> ParticipantOut:
    """Answer one participant.

    Raises:
        NotFound: no such round, or it takes no part.
    """
    row = await stored(session, viewer, code)
    found = await stored_participant(session, row, participant)
    tree = await institution_tree(session, viewer)
    return views.participant_out(found, is_own=_is_own(viewer, tree, found))


async def own_participants(session: AsyncSession, viewer: Viewer, code: str) -> list[ParticipantOut]:
    """Answer those of a round for whom the viewer acts by a role of its own, by side and place.

    Raises:
        NotFound: no such round.
    """
    row = await stored(session, viewer, code)
    tree = await institution_tree(session, viewer)
    scopes = sorted(viewer.scopes(*round_notices.ROLE_OF.values()))
    nodes = [node for scope in scopes if (node := tree.find(scope)) is not None]
    codes = [*scopes, *(one.code for node in nodes for one in tree.descendants(node.id))]
    found = await queries.participants(session, row.id, codes)
    return [views.participant_out(one, is_own=True) for one in found if _is_own(viewer, tree, one)]


async def names(session: AsyncSession, viewer: Viewer, code: str) -> dict[str, str]:
    """Answer the names of all who take part, by code.

    Raises:
        NotFound: no such round.
    """
    row = await stored(session, viewer, code)
    return dict(await queries.names(session, row.id))


async def list_steps(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest, *, has_lists: bool = True
) -> Page[StepOut]:
    """List what was done with a round, in order; unless `has_lists` without what came in and was taken back.

    Raises:
        NotFound: no such round.
    """
    row = await stored(session, viewer, code)
    after, but = page.after_number() or 0, () if has_lists else LIST_ACTS
    rows = await queries.steps_of(session, row.id, after=after, limit=page.limit + 1, but=but)
    return page_of(rows, page, lambda one: (one.id,), views.step_out)
