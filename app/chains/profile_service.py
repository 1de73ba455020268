"""What membership is proposed from: the chains of a jurisdiction with their profiles, industries and regions."""

from collections.abc import Callable
from datetime import date
from itertools import groupby

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains import queries
from app.chains.places import Covered, PlaceWord, places_covered
from app.chains.post_schemas import ProfileIn, ProfileOut
from app.chains.profile_files import load_profiles
from app.chains.profiles import ChainProfile, of_industries
from app.chains.rows import chain_out, covered
from app.chains.schemas import ChainOut
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.settings import get_settings
from app.reference.regions import region_contains


async def membership_profiles(session: AsyncSession, viewer: Viewer, today: date) -> tuple[ChainProfile, ...]:
    """Answer the chains of the viewer's jurisdiction, above and below it, as proposals are made from them, by code.

    A chain takes over the shipped profile that it names; without one its industries alone speak for it.
    """
    shipped = shipped_profiles()
    places = await _places(session)
    found = []
    for chain in await queries.all_chains(session):
        if not (
            region_contains(viewer.jurisdiction, chain.jurisdiction)
            or region_contains(chain.jurisdiction, viewer.jurisdiction)
        ):
            continue
        profile = shipped.get(chain.profile or "")
        if profile is None:
            made = of_industries(chain.code, chain.name, chain.jurisdiction, chain.industries)
        else:
            adopted = profile.adopted(chain.code, chain.name, chain.jurisdiction)
            made = adopted.with_industries(chain.industries)
        regions = [one for one in places.get(chain.code, ()) if one.kind is PlaceWord.REGION]
        found.append(made.within(tuple(one.code for one in places_covered(regions, today))))
    return tuple(found)


async def covered_places(
    session: AsyncSession, _viewer: Viewer, today: date
) -> dict[str, tuple[Covered, ...]]:
    """Answer where chains work today, by chain; one of which nothing is known works in its jurisdiction."""
    return {code: places_covered(places, today) for code, places in (await _places(session)).items()}


async def _places(session: AsyncSession) -> dict[str, list[Covered]]:
    codes = {chain.id: chain.code for chain in await queries.all_chains(session)}
    rows = groupby(await queries.places_of(session), lambda row: row.chain_id)
    return {codes[chain]: list(map(covered, own)) for chain, own in rows}


async def chain_names(session: AsyncSession) -> dict[str, str]:
    """Answer the names of all chains by code."""
    return {chain.code: chain.name for chain in await queries.all_chains(session)}


def shipped_profiles() -> dict[str, ChainProfile]:
    """Answer the profiles that the installation brings, by code."""
    return {one.code: one for one in load_profiles(get_settings().seed_dir)}


def list_profiles() -> list[ProfileOut]:
    """Answer the shipped profiles, by code."""
    return [
        ProfileOut(
            code=one.code,
            name=one.name,
            links=[link.name for link in one.links],
            sources=[source.citation for source in one.sources],
        )
        for one in sorted(shipped_profiles().values(), key=lambda each: each.code)
    ]


async def set_profile(
    session: AsyncSession, viewer: Viewer, code: str, body: ProfileIn, *, expect: Callable[[int], None]
) -> ChainOut:
    """Say by which shipped profile members of a chain are proposed, or that only its industries speak for it.

    Raises:
        NotFound: there is no such chain.
        Forbidden: it is not one of the viewer's region.
        PreconditionFailed: somebody changed the chain meanwhile.
        Refused: there is no such profile.
    """
    row = await queries.chain_by_code(session, code, is_for_change=True)
    if row is None:
        raise NotFound(f"There is no chain {code}.")
    require(viewer, Action.MANAGE_CHAINS, Target(region=row.jurisdiction))
    expect(row.version)
    if body.profile is not None and body.profile not in shipped_profiles():
        raise Refused(
            "Nothing was changed.",
            [Fault("profile", "no such profile", "Choose one that is listed.", body.profile)],
        )
    if row.profile != body.profile:
        row.profile, row.version = body.profile, row.version + 1
        await queries.add(session)
    return chain_out(row, (await queries.latest_plan_versions(session)).get(row.id, 0))
