"""Use cases of anonymised cards: what institutions see of needs before their enterprises consent."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.allocation import cards_queries
from app.allocation.cards import COLUMNS, Value, anonymise, card_code, serves
from app.allocation.cards_keeping import Edition, Listed, edition_of
from app.allocation.cards_schemas import CardFilter, CardOut, Standing
from app.allocation.tables import CardKey
from app.chains.service import chain_names
from app.enterprises import disclosure_service
from app.enterprises.consents import Holder
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import (
    AsyncEngine,
    AsyncSession,
    IntegrityError,
    make_sessions,
    transaction,
    unrestricted,
)
from app.kernel.errors import NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.recording import leaves
from app.whitelist import service as whitelist

NO_CONSENT = "企业尚未授权，请通过统筹部门征求企业授权"
NOT_OURS = "本机构不是责任机构或协办机构"
ANY_CARD = CardFilter()


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a viewer's institutions could be shown of an edition, not yet anonymised; `version` says which entries."""

    edition: str
    version: int
    entries: Mapping[int, Listed] = field(compare=False, repr=False)
    areas: frozenset[str]
    standings: Mapping[int, Standing]
    consented: frozenset[int]
    secret: bytes = field(repr=False)
    tops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Card:
    """A card, anonymised: the values of COLUMNS."""

    code: str
    edition: str
    values: tuple[Value, ...]
    standing: Standing
    is_consented: bool


async def list_cards(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    edition: str | None = None,
    wanted: CardFilter = ANY_CARD,
    now: datetime,
) -> Page[CardOut]:
    """List the cards of an edition (the newest) for the viewer's institutions and all below them.

    They are the admitted entries for which one of them is responsible or supporting, and those whose
    region one of them serves. The order is that of the cards' codes, which say nothing.

    Raises:
        NotFound: no such edition.
    """
    key = page.after()
    after = "" if key is None else str(key[0])
    cards = await _cards(session, viewer, edition, now)
    rows = [card for card in cards if card.code > after and _is_wanted(card, wanted)][: page.limit + 1]
    return page_of(rows, page, lambda card: (card.code,), _card_out)


def _is_wanted(card: _Card, wanted: CardFilter) -> bool:
    is_held = card.standing != "none"
    return wanted.is_held in {None, is_held} and wanted.is_consented in {None, card.is_consented}


async def get_card(
    session: AsyncSession, viewer: Viewer, code: str, *, edition: str | None = None, now: datetime
) -> CardOut:
    """Answer one card, as the listing shows it.

    Raises:
        NotFound: no such edition, or no such card in the viewer's listing.
    """
    found = next((card for card in await _cards(session, viewer, edition, now) if card.code == code), None)
    if found is None:
        raise NotFound("No such card.")
    return _card_out(found)


async def _cards(
    session: AsyncSession, viewer: Viewer, edition: str | None, now: datetime
) -> Sequence[_Card]:
    tree = await institution_tree(session, viewer)
    tops = [node for code in sorted(viewer.scopes(*INSTITUTION_ROLES)) if (node := tree.find(code))]
    code = edition or await cards_queries.newest_edition(session, viewer.jurisdiction)
    if code is None:
        return []
    opened = await whitelist.edition(session, viewer, code)
    if not tops:
        return []
    chains = await chain_names(session, viewer)
    root = min(tree.root_of(top.id).id for top in tops)
    own = {node.id: node for top in tops for node in (top, *tree.descendants(top.id))}
    areas = frozenset(area for node in own.values() for area in node.areas)
    # Cards are made of entries that the viewer may not see yet; they leave anonymised only.
    with unrestricted(session):
        secret = await _secret(session, root, now)
        kept = await edition_of(session, opened.id, chains)
        held = await cards_queries.held_entries(session, opened.id, own)
        standings, consented = await _standings(session, tree, kept, held)
    codes = tuple(top.code for top in tops)
    shown = _Shown(opened.code, kept.version, kept.entries, areas, standings, consented, secret, codes)
    cards: Sequence[_Card] = await kept.cards(codes, shown, partial(_made, shown))
    return cards


async def read_ahead(session: AsyncSession, viewer: Viewer) -> None:
    """Read what the cards of the newest edition are made of, so that the first who looks through them need not wait."""
    code = await cards_queries.newest_edition(session, viewer.jurisdiction)
    if code is not None:
        opened = await whitelist.edition(session, viewer, code)
        with unrestricted(session):  # as for cards; nothing is shown here
            await edition_of(session, opened.id, await chain_names(session, viewer))


async def _standings(
    session: AsyncSession, tree: InstitutionTree, kept: Edition, held: Sequence[tuple[int, int, bool]]
) -> tuple[dict[int, Standing], frozenset[int]]:
    """Answer where the own institutions stand with the entries that they hold, and those with a live consent."""
    standings: dict[int, Standing] = {}
    for entry_id, _institution, is_responsible in held:
        standings[entry_id] = "responsible" if is_responsible else standings.get(entry_id, "supporting")
    needs = {entry: kept.entries[entry].need_id for entry in standings if entry in kept.entries}
    lineages = {
        institution: _lineage(tree, institution)
        for institution in {institution for _entry, institution, _responsible in held}
    }
    holders = [
        Holder(needs[entry_id], institution, lineages[institution], is_responsible)
        for entry_id, institution, is_responsible in held
        if entry_id in needs
    ]
    shown = await disclosure_service.consented_needs(session, holders)
    return standings, frozenset(entry for entry in standings if needs.get(entry) in shown)


def _lineage(tree: InstitutionTree, institution_id: int) -> str:
    return "/" + "".join(f"{node.id}/" for node in tree.path(institution_id))


async def _secret(session: AsyncSession, root_id: int, now: datetime) -> bytes:
    """Answer the key of a tree's cards, made when it is first asked for: by whom only reads in a transaction of its own."""
    found = await cards_queries.card_key(session, root_id)
    if found is not None:
        return found
    engine = session.bind
    if leaves(session) and isinstance(engine, AsyncEngine):
        async with transaction(make_sessions(engine)) as own:
            return await _new_secret(own, root_id, now)
    return await _new_secret(session, root_id, now)


async def _new_secret(session: AsyncSession, root_id: int, now: datetime) -> bytes:
    made = secrets.token_bytes(32)
    try:
        async with session.begin_nested():
            session.add(CardKey(institution_id=root_id, secret=made, created_at=now))
    except IntegrityError:  # somebody else was first
        return await cards_queries.card_key(session, root_id) or made
    return made


def _made(shown: _Shown) -> list[_Card]:
    """Make the cards, by code. Those with a live consent hide nobody: their institution reads the need itself."""
    listed = [
        one for one in shown.entries.values()
        if one.entry_id in shown.standings or serves(shown.areas, one.region)
    ]  # fmt: skip
    hidden = [one for one in listed if one.entry_id not in shown.consented]
    values = dict(
        zip((one.entry_id for one in hidden), anonymise([one.facts for one in hidden]), strict=True)
    )
    cards = (
        _Card(
            card_code(shown.secret, shown.tops, one.entry_code),
            shown.edition,
            values[one.entry_id] if one.entry_id in values else one.facts.finest(),
            shown.standings.get(one.entry_id, "none"),
            one.entry_id in shown.consented,
        )
        for one in listed
    )
    return sorted(cards, key=lambda card: card.code)


def _card_out(card: _Card) -> CardOut:
    return CardOut.model_validate(
        {
            "card": card.code,
            "edition": card.edition,
            **dict(zip(COLUMNS, card.values, strict=True)),
            "standing": card.standing,
            "consent": "live" if card.is_consented else "none",
            "missing": "" if card.is_consented else NOT_OURS if card.standing == "none" else NO_CONSENT,
        }
    )
