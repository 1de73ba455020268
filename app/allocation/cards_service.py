"""Use cases of anonymised cards: what institutions see of needs before their enterprises consent."""

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.allocation import cards_queries
from app.allocation.cards import COLUMNS, CardFacts, Value, anonymise, card_code, card_facts, serves
from app.allocation.cards_queries import CardRow
from app.allocation.cards_schemas import CardOut, Standing
from app.allocation.tables import CardKey
from app.chains.service import chain_book
from app.enterprises import disclosure_service
from app.enterprises.consents import Holder
from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import InstitutionNode, InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, IntegrityError, unrestricted
from app.kernel.errors import NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.whitelist import service as whitelist

NO_CONSENT = "企业尚未授权，请通过统筹部门征求企业授权"
NOT_OURS = "本机构不是责任机构或协办机构"


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a viewer's institutions could be shown of an edition, not yet anonymised."""

    edition: str
    rows: Sequence[CardRow]
    standings: Mapping[int, Standing]
    consented: Collection[int]
    chains: Mapping[str, str]
    secret: bytes
    tops: Collection[str]


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
    rows = [card for card in cards if card.code > after][: page.limit + 1]
    return page_of(rows, page, lambda card: (card.code,), _card_out)


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


async def _cards(session: AsyncSession, viewer: Viewer, edition: str | None, now: datetime) -> list[_Card]:
    tree = await institution_tree(session, viewer)
    tops = [node for code in sorted(viewer.scopes(*INSTITUTION_ROLES)) if (node := tree.find(code))]
    code = edition or await cards_queries.newest_edition(session, viewer.jurisdiction)
    if code is None:
        return []
    opened = await whitelist.edition(session, viewer, code)
    if not tops:
        return []
    book = await chain_book(session, viewer, shanghai_date(now))
    chains = {chain: plan.name for chain, plan in book.chains.items()}
    root = min(tree.root_of(top.id).id for top in tops)
    own = {node.id: node for top in tops for node in (top, *tree.descendants(top.id))}
    # Cards are made of entries that the viewer may not see yet; they leave anonymised only.
    with unrestricted(session):
        secret = await _secret(session, root, now)
        rows = await cards_queries.card_rows(session, opened.id)
        held = await cards_queries.held_entries(session, opened.id, own)
        listed = await _listed(session, tree, own, rows, held)
        found = _Listed(opened.code, *listed, chains, secret, [top.code for top in tops])
    return await asyncio.to_thread(_made, found)


async def _listed(
    session: AsyncSession,
    tree: InstitutionTree,
    own: Mapping[int, InstitutionNode],
    rows: Sequence[CardRow],
    held: Sequence[tuple[int, int, bool]],
) -> tuple[list[CardRow], dict[int, Standing], frozenset[int]]:
    """Answer the rows to list, where the own institutions stand with each, and the entries with a live consent."""
    areas = {area for node in own.values() for area in node.areas}
    standings: dict[int, Standing] = {}
    for entry_id, _institution, is_responsible in held:
        standings[entry_id] = "responsible" if is_responsible else standings.get(entry_id, "supporting")
    kept = [row for row in rows if row.entry_id in standings or serves(areas, row.region)]
    needs = {row.entry_id: row.need_id for row in kept}
    holders = [
        Holder(needs[entry_id], institution, _lineage(tree, institution), is_responsible)
        for entry_id, institution, is_responsible in held
        if entry_id in needs
    ]
    shown = await disclosure_service.consented_needs(session, holders)
    consented = frozenset(entry for entry in standings if needs.get(entry) in shown)
    return kept, standings, consented


def _lineage(tree: InstitutionTree, institution_id: int) -> str:
    return "/" + "".join(f"{node.id}/" for node in tree.path(institution_id))


async def _secret(session: AsyncSession, root_id: int, now: datetime) -> bytes:
    """Answer the key of a tree's cards, made when it is first asked for."""
    found = await cards_queries.card_key(session, root_id)
    if found is not None:
        return found
    made = secrets.token_bytes(32)
    try:
        async with session.begin_nested():
            session.add(CardKey(institution_id=root_id, secret=made, created_at=now))
    except IntegrityError:  # somebody else was first
        return await cards_queries.card_key(session, root_id) or made
    return made


def _made(listed: _Listed) -> list[_Card]:
    """Make the cards, by code. Those with a live consent hide nobody: their institution reads the need itself."""
    facts = {row.entry_id: _facts(row, listed.chains) for row in listed.rows}
    hidden = [row.entry_id for row in listed.rows if row.entry_id not in listed.consented]
    values = {entry: facts[entry].finest() for entry in listed.consented}
    values |= dict(zip(hidden, anonymise([facts[entry] for entry in hidden]), strict=True))
    cards = (
        _Card(
            card_code(listed.secret, listed.tops, row.entry_code),
            listed.edition,
            values[row.entry_id],
            listed.standings.get(row.entry_id, "none"),
            row.entry_id in listed.consented,
        )
        for row in listed.rows
    )
    return sorted(cards, key=lambda card: card.code)


def _facts(row: CardRow, chains: Mapping[str, str]) -> CardFacts:
    chain = None if row.chain is None else chains.get(row.chain, row.chain)
    return card_facts(NeedFacts.model_validate(row.facts), row.region, row.size_class, chain)


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
