"""What drafting, comparing and publishing look at first: the chain, its versions, what it is held against."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains.plan_faults import AroundPlan, contradictions_of_plan
from app.chains.plan_states import PlanVersion, in_force
from app.chains.rules import Period
from app.chains.schemas import PlanIn
from app.chains.tables import Chain, ChainPlan
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, hold, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.matching import effect_service
from app.plans import queries
from app.plans.queries import StoredVersion
from app.plans.rules import OPEN, Drafted, DraftState, Published, kept_comparison, versions_of
from app.plans.tables import PlanComparison, PlanDraft
from app.policy.service import library
from app.policy.yaml_records import Placed
from app.reference.service import current_book

MANAGED: Final = Action.MANAGE_CHAINS


@dataclass(frozen=True, slots=True)
class Standing:
    """A chain with all versions of its plan; `drafts` are the open ones, each with its newest comparison."""

    chain: Chain
    published: list[StoredVersion]
    drafts: list[PlanDraft]
    comparisons: dict[int, PlanComparison]

    def versions(self) -> list[PlanVersion]:
        """Answer all versions as the rules take them."""
        return versions_of([_published(one) for one in self.published], map(self._drafted, self.drafts))

    def in_force(self, today: date) -> ChainPlan | None:
        """Answer the published version that holds on a day."""
        number = in_force(self.versions(), today)
        return next((one.plan for one in self.published if one.plan.version == number), None)

    @property
    def newest(self) -> ChainPlan | None:
        """The published version that was published last."""
        return self.published[-1].plan if self.published else None

    def _drafted(self, row: PlanDraft) -> Drafted:
        found = self.comparisons.get(row.id)
        is_current = found is not None and found.content_hash == row.content_hash
        return Drafted(
            row.number,
            Period(row.since, row.until),
            row.content_hash,
            row.replaces,
            None
            if found is None or not is_current
            else kept_comparison(
                found.content_hash, found.against, found.edition, found.inputs_hash, found.compared_on
            ),
        )


def _published(stored: StoredVersion) -> Published:
    plan = stored.plan
    return Published(
        plan.version, Period(plan.since, plan.until), plan.content_hash, stored.archive is not None
    )


async def chain_found(session: AsyncSession, code: str) -> Chain:
    """Answer a chain.

    Raises:
        NotFound: there is none of this code.
    """
    chain = await queries.chain_of(session, code)
    if chain is None:
        raise NotFound(f"There is no chain {code}.")
    return chain


async def managed_chain(session: AsyncSession, viewer: Viewer, code: str, *, is_held: bool = False) -> Chain:
    """Answer a chain whose drafts the viewer sees: a coordinator's of its region, its own manager's.

    `is_held` keeps others who change its plans waiting until the transaction ends.

    Raises:
        NotFound: there is no such chain, or its drafts are not the viewer's to see.
    """
    if is_held:
        await hold(session, f"plans:{code}")
    chain = await chain_found(session, code)
    if not may_do(viewer, MANAGED, Target(region=chain.jurisdiction, chain=code)):
        raise NotFound(f"There is no chain {code} whose drafts you may see.")
    return chain


async def standing_of(session: AsyncSession, chain: Chain) -> Standing:
    """Answer a chain with its versions and open drafts."""
    drafts = list(reversed(await queries.drafts_of(session, chain.id, states=OPEN)))
    return Standing(
        chain,
        await queries.versions_of(session, chain.id),
        drafts,
        await queries.newest_comparisons(session, [one.id for one in drafts]) if drafts else {},
    )


async def found_draft(
    session: AsyncSession, chain: Chain, number: int, *, is_locked: bool = False
) -> PlanDraft:
    """Answer a draft of a chain.

    Raises:
        NotFound: it has none of this number.
    """
    row = await queries.draft_of(session, chain.id, number, is_locked=is_locked)
    if row is None:
        raise NotFound(f"The chain {chain.code} has no draft {number}.")
    return row


async def contradictions(
    session: AsyncSession, viewer: Viewer, standing: Standing, plan: PlanIn, *, now: datetime
) -> list[Fault]:
    """Name everything in a plan that is unknown, or contradicts packs, products or entries that banks hold already."""
    chain, today = standing.chain, shanghai_date(now)
    edition = await effect_service.edition_of_day(session, viewer, today)
    held: dict[str, int] = {}
    if edition is not None:
        with unrestricted(session):  # how many a bank holds does not hang on who asks
            held = await queries.commitments(session, viewer, edition[0], chain.code)
    newest = standing.newest
    around = AroundPlan(
        chain=chain.code,
        tree=await institution_tree(session, viewer),
        packs=library().packs,
        products=await catalogue.planned_products(session, viewer, plan.products),
        commitments=held,
        industries=(await current_book(session, get_settings().seed_dir)).industries,
        replaced_since=None if newest is None else newest.since,
    )
    return contradictions_of_plan(Placed(plan, str), around)


def refuse_ended(row: PlanDraft) -> None:
    """Refuse to touch a draft that was published or given up.

    Raises:
        Conflict: it was.
    """
    if DraftState(row.state) not in OPEN:
        fault = Fault("state", f"is {row.state}, not draft or compared", "Draft another version.", row.state)
        raise Conflict("The draft was not changed.", [fault])
