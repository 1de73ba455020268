"""A world to look for leaks in: the demonstration on a small cut, with a secret marker in every case row's texts.

Whatever a viewer is shown of a row holds its marker, so a leak is found by reading the answer's bytes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final, cast

from sqlalchemy import Table, delete, insert, select, update

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import EnterpriseRegistration, Person
from app.allocation.tables import Assignment, AssignmentSupport, EntryHandler
from app.awards.tables import AwardAppeal, AwardBallot, AwardNomination
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.coordination.tables import CoordinationCase, CoordinationComment
from app.core_lists.tables import CoreList, CoreListMember, CoreListRow, CoreListRun, CoreListVersion
from app.docking.tables import DockingEvent, EntryClock
from app.enterprises.name_spelling import spelled
from app.enterprises.tables import (
    Consent,
    Disclosure,
    Enterprise,
    EnterpriseContact,
    Need,
    NeedRevision,
    Project,
)
from app.events.tables import EventGuest, EventMeeting, KeptResult
from app.institutions.tables import Institution
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Base, Sessions, transaction
from app.matching.tables import MatchCount, MatchResult
from app.membership.tables import (
    ChainMembership,
    MembershipAct,
    MembershipListing,
    MembershipObjection,
    MembershipQuestion,
)
from app.notifications.tables import Notice
from app.plans.schemas import ComparisonCounts
from app.plans.tables import (
    PlanComparison,
    PlanDraft,
    PlanEffectOnEntry,
    PlanReallocatedEntry,
    PlanReallocation,
)
from app.selection.tables import SelectionDraft, SelectionSubmission
from app.whitelist.tables import (
    EntryWithdrawal,
    ReviewItem,
    WhitelistEdition,
    WhitelistEntry,
    WhitelistImport,
)
from tests.visibility import core_firms, sealed_lists
from tests.visibility.award_rows import add_awards
from tests.visibility.event_world import add_event

JURISDICTION: Final = "230000"
SEED, ENTRIES = 7, 24
THEN = datetime(2024, 3, 1, 2, tzinfo=UTC)
FIRST_OWN_ID: Final = 700_001
"""Ids of rows that the world adds: numbers that stand nowhere else in an answer."""
CASE_TABLES: Final[tuple[type[Base], ...]] = (
    EventGuest, EventMeeting, KeptResult,
    WhitelistEntry, MatchResult, MatchCount, BottleneckCase, BottleneckFinding, Assignment, AssignmentSupport,
    EntryHandler, DockingEvent, EntryClock, ReviewItem, WhitelistImport, Enterprise, EnterpriseContact, Need, NeedRevision,
    Project, Consent, Disclosure, EnterpriseRegistration, Notice,
    ChainMembership, MembershipAct, MembershipQuestion, MembershipObjection, MembershipListing,
    *core_firms.TABLES,
    AwardAppeal, AwardBallot, AwardNomination, EntryWithdrawal, CoordinationCase, CoordinationComment, SelectionSubmission, SelectionDraft, PlanEffectOnEntry, PlanReallocatedEntry,
)  # fmt: skip
MARKER: Final = re.compile(rb"QX[0-9]{5}XQ")
CREDIT_CODE: Final = re.compile(rb"9[0-9A-Z]{17}")

Rows = dict[str, list[dict[str, Any]]]
Owner = tuple[str, Any]
"""Table and id of the row to which a marker belongs."""

SHOWN_TO_ANYBODY: Final = frozenset({"91230111MA2T2Y8FNC", "91230108MAFBP00R87"})
"""Firms whose entries went from party to party; any of these may be shown them."""
VIEWERS: Final = {
    "whole": (Grant(Role.COORDINATOR, "230000"),),
    "city": (Grant(Role.COORDINATOR, "230100"),),
    "county": (Grant(Role.COORDINATOR, "230111"),),
    "chain": (Grant(Role.CHAIN_MANAGER, "HLJ-SWYY"),),
    "firm": (Grant(Role.ENTERPRISE, "91230111MA2T2Y8FNC"),),
    "clerk": (Grant(Role.RELATIONSHIP_MANAGER, "JHYH-MDJ"),),
    "bank": (Grant(Role.BANK_ADMINISTRATOR, "JHYH"),),
    "rival": (Grant(Role.BANK_ADMINISTRATOR, "SJYH-HRB"),),
    "guarantor": (Grant(Role.GUARANTOR, "DXDB"),),
    "auditor": (Grant(Role.AUDITOR),),
    "administrator": (Grant(Role.ADMINISTRATOR),),
    "chain and city": (Grant(Role.CHAIN_MANAGER, "HLJ-GDZB"), Grant(Role.COORDINATOR, "230800")),
    "bank and city": (Grant(Role.RELATIONSHIP_MANAGER, "SJYH"), Grant(Role.COORDINATOR, "231000")),
    "nobody": (),
    "scopeless": tuple(Grant(role, "") for role in Role if role not in {Role.AUDITOR, Role.ADMINISTRATOR}),
}


def viewers() -> dict[str, Viewer]:
    """Answer the viewers of the world by name, each a person of its own."""
    numbers = zip(VIEWERS.items(), count(1), strict=False)
    return {name: Viewer(name, JURISDICTION, grants, number) for (name, grants), number in numbers}


@dataclass(frozen=True)
class World:
    """All rows as they are stored, and to which row each marker belongs; `day` is the day of the walk."""

    sessions: Sessions
    day: date
    rows: Rows
    owners: dict[bytes, Owner]

    def table(self, entity: type[Base]) -> list[dict[str, Any]]:
        """Answer the stored rows of a mapped class."""
        return self.rows[entity.__tablename__]


async def build(sessions: Sessions) -> World:
    """Live through the demonstration, add what it lacks, and tag every row."""
    async for _done in walk(sessions, local_operator(JURISDICTION), stages_of(demo_plan(SEED, ENTRIES))):
        pass
    day = shanghai_today()
    async with transaction(sessions) as session:
        await _add(session, day)
        owners = await _tag(session)
    async with transaction(sessions, writes=False) as session:
        rows = await dump(session)
    owners |= {firm["uscc"].encode(): ("enterprises", firm["id"]) for firm in rows["enterprises"]}
    return World(sessions, day, rows, owners)


async def dump(session: AsyncSession) -> Rows:
    """Answer the rows of every table."""
    found = {}
    for table in Base.metadata.sorted_tables:
        ordered = select(table).order_by(*table.primary_key.columns)
        found[table.name] = [dict(row._mapping) for row in await session.execute(ordered)]
    return found


def _bare(entity: type[Base]) -> Table:
    return cast("Table", entity.__table__)


async def _add(session: AsyncSession, day: date) -> None:
    rows = await dump(session)
    for name, number in zip(VIEWERS, count(1), strict=False):
        session.add(
            Person(id=number, login=f"viewer-{number}", name=name, is_demo=True, version=1, created_at=THEN, updated_at=THEN)
        )  # fmt: skip
    await session.flush()
    session.add(
        WhitelistEdition(
            jurisdiction=JURISDICTION, code="2025H2", in_force_from=date(2025, 7, 1),
            in_force_until=date(2025, 12, 31), version=1, created_at=THEN,
        )
    )  # fmt: skip
    await _give_to_guarantor(session, rows)
    ids = count(FIRST_OWN_ID)
    await _add_consents(session, rows, day, ids)
    await _add_reviews(session, rows, ids)
    await core_firms.add_lists(session, rows, ids, day)
    await _add_coordination(session, rows, ids)
    await add_event(session, rows, ids, SHOWN_TO_ANYBODY)
    await add_awards(session, rows, dict(zip(VIEWERS, count(1), strict=False)), ids, THEN)
    await sealed_lists.add_rounds(session, ids, day)
    await _add_memberships(session, rows, ids)
    await _add_comparison(session, rows)
    current = [row for row in rows["assignments"] if row["ended_at"] is None and row["institution_id"]]
    for row in current:
        await session.execute(
            insert(EntryHandler).values(
                id=next(ids), assignment_id=row["id"], institution_id=row["institution_id"], person_id=6,
                given_by="?", since=THEN, ended_at=None,
            )
        )  # fmt: skip
    for place, entry in enumerate(rows["whitelist_entries"]):
        session.add(
            Notice(
                id=next(ids), event_key=f"told:{entry['id']}", person_id=place % len(VIEWERS) + 1, kind="late", title="?",
                body="?", entry_id=entry["id"], link="/?", is_urgent=False, created_at=THEN,
            )
        )  # fmt: skip
    for region, person in (("230111", 5), ("230203", 8), ("231002", 9)):
        session.add(
            EnterpriseRegistration(
                id=next(ids), person_id=person, uscc="91230199MA1BQXYE20", name="?", region_code=region, evidence="?",
                state="pending", version=1, created_at=THEN,
            )
        )  # fmt: skip
    await session.flush()


async def _give_to_guarantor(session: AsyncSession, rows: Rows) -> None:
    """Make a guarantor responsible where nobody was, and one entry withdrawn."""
    ids = {row["code"]: row["id"] for row in rows["institutions"]}
    idle = [row for row in rows["assignments"] if row["ended_at"] is None and row["institution_id"] is None]
    chosen = [row["id"] for row in idle[:4]]
    table = _bare(Assignment)
    routed = {"institution_id": ids["DXDB"], "kind": "routed"}
    await session.execute(update(table).where(table.c.id.in_(chosen)).values(routed))
    entries = _bare(WhitelistEntry)
    gone = {"withdrawn_at": THEN, "withdrawn_by": "?", "withdrawal_reason": "?"}
    await session.execute(update(entries).where(entries.c.id == idle[-1]["entry_id"]).values(gone))
    session.add(
        EntryWithdrawal(entry_id=idle[-1]["entry_id"], withdrawn_at=THEN, withdrawn_by="?", reason="?")
    )
    for row in idle[:-1]:
        session.add(
            EntryWithdrawal(
                entry_id=row["entry_id"], withdrawn_at=THEN, withdrawn_by="?", reason="?", reopened_at=THEN,
                reopened_by="?", reopen_reason="?",
            )
        )  # fmt: skip


async def _add_consents(session: AsyncSession, rows: Rows, day: date, ids: Iterator[int]) -> None:
    """Give consents of every sort in turn: to anybody, none, revoked, expired, to the holder's bank, to another."""
    roots = {row["id"]: row["root_id"] for row in rows["institutions"]}
    codes = {row["code"]: row["id"] for row in rows["institutions"]}
    entries = {row["id"]: row["need_id"] for row in rows["whitelist_entries"]}
    holders = {
        entries[row["entry_id"]]: roots[row["institution_id"]]
        for row in rows["assignments"]
        if row["ended_at"] is None and row["institution_id"]
    }
    for place, need in enumerate(rows["needs"]):
        sort = 0 if need["code"] in SHOWN_TO_ANYBODY else place % 6
        if sort == 1:
            continue
        recipient = {4: holders.get(need["id"]), 5: codes["LYDB"]}.get(sort)
        given = next(ids)
        session.add(
            Consent(
                id=given, need_id=need["id"], purpose="financing_docking", shows_contact=place % 2 == 0,
                shows_financial=place % 4 != 0, shows_judicial=place % 3 != 0, institution_id=recipient,
                until=day + timedelta(days=-1 if sort == 3 else 200), given_by="?", given_at=THEN, evidence="?",
                revoked_at=THEN if sort == 2 else None, revoked_by="?" if sort == 2 else None, version=1,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            Disclosure(
                id=next(ids), need_id=need["id"], institution_id=codes["JHYH"], consent_id=given,
                field_groups=["identity"], contact_slot=None, shown_to="?", shown_at=THEN, ended_at=None,
            )
        )  # fmt: skip
    await session.flush()


async def _add_reviews(session: AsyncSession, rows: Rows, ids: Iterator[int]) -> None:
    """Ask about entries: of every other one whether its firm is the next one, which lies anywhere."""
    firms = rows["enterprises"]
    for place, entry in enumerate(rows["whitelist_entries"][::3]):
        other = firms[(place * 7 + 3) % len(firms)]
        asks = {"candidates": [{"uscc": other["uscc"], "name": "?", "score": 0.97, "place": "registered"}]}
        session.add(
            ReviewItem(
                id=next(ids), entry_id=entry["id"], kind="duplicate_name" if place % 2 else "admission_unknown",
                detail=asks if place % 2 else {"ask": []}, decision=None, reason="?", version=1, created_at=THEN,
            )
        )  # fmt: skip
    await session.flush()


async def _add_coordination(session: AsyncSession, rows: Rows, ids: Iterator[int]) -> None:
    """Raise a case of every entry, for its holder, for another bank, for nobody in turn; every other one is closed."""
    codes = {row["code"]: row["id"] for row in rows["institutions"]}
    holders = {
        row["entry_id"]: row["institution_id"] for row in rows["assignments"] if row["ended_at"] is None
    }
    known = {(row["entry_id"], row["kind"]) for row in rows["coordination_cases"]}
    for place, entry in enumerate(rows["whitelist_entries"]):
        kind = ("land", "guarantee", "facts")[place % 3]
        closed = (
            {"closed_at": THEN, "closed_by": "?", "answered_by": "?", "outcome": "?"} if place % 2 else {}
        )
        raised_for = {0: holders.get(entry["id"]), 1: codes["SJYH-HRB"]}.get(place % 3)
        case = next(ids)
        session.add(
            CoordinationCase(
                id=case, entry_id=entry["id"], kind="other" if (entry["id"], kind) in known else kind,
                state="refused" if closed else "open", body_institution_id=codes["YS-XTJZ-HLJ"] if place % 2 else None, body="?", raised_by="?", raised_at=THEN,
                raised_for_institution_id=raised_for, question="?", working_days=15,
                due_on=THEN.date() if place % 4 else None, version=1, **closed,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            CoordinationComment(id=next(ids), case_id=case, written_by="?", body="?", created_at=THEN)
        )
    await session.flush()


async def _add_memberships(session: AsyncSession, rows: Rows, ids: Iterator[int]) -> None:
    """Have every firm be a member of two chains in turn, with what hangs on memberships; the demonstration's own go."""
    for table in (
        MembershipAct,
        MembershipQuestion,
        MembershipObjection,
        MembershipListing,
        ChainMembership,
    ):
        await session.execute(delete(_bare(table)))
    chains = [row["code"] for row in rows["chains"]]
    states = ("proposed", "confirmed", "declined", "withdrawn")
    for place, firm in enumerate(rows["enterprises"]):
        for turn in (0, 1):
            number, chain = next(ids), chains[(place * 2 + turn * 5) % len(chains)]
            session.add(
                ChainMembership(
                    id=number, enterprise_id=firm["id"], chain_code=chain, link=None, role="supporting", reason="?",
                    state=states[(place + turn) % len(states)], since=THEN.date(), word="?", said_by="?", said_at=THEN, version=1,
                )
            )  # fmt: skip
            await session.flush()
            told = {"membership_id": number, "version": 1, "state": "open", "text": "?"}
            session.add_all(
                [
                    MembershipAct(id=next(ids), membership_id=number, kind="confirmed", done_by="?", done_at=THEN, reason="?"),
                    MembershipQuestion(id=next(ids), kind="evidence", asked="?", asked_at=THEN, **told),
                    MembershipObjection(id=next(ids), membership_version=1, raised_by="?", raised_at=THEN, **told),
                    MembershipListing(
                        id=next(ids), enterprise_id=firm["id"], chain_code=chain, core_firm="?", role="upstream",
                        since=THEN.date(), noted_by="?", noted_at=THEN,
                    ),
                ]
            )  # fmt: skip
    await session.flush()


class _Tagger:
    """Writes markers into rows and remembers to which row each belongs."""

    def __init__(self, session: AsyncSession) -> None:
        self.session, self.owners, self._numbers = session, dict[bytes, Owner](), count(1)

    def marker(self, owner: Owner) -> str:
        made = f"QX{next(self._numbers):05d}XQ"
        self.owners[made.encode()] = owner
        return made

    async def write(self, entity: type[Base], row: dict[str, Any], values: dict[str, Any]) -> None:
        table = _bare(entity)
        is_row = [column == row[column.name] for column in table.primary_key.columns]
        await self.session.execute(update(table).where(*is_row).values(values))

    async def texts(
        self, entity: type[Base], rows: Iterable[dict[str, Any]], *columns: str, key: str = "id"
    ) -> None:
        for row in rows:
            owner = (entity.__tablename__, row[key])
            marked = {name: self.marker(owner) for name in columns if row[name] is not None}
            await self.write(entity, row, marked)


async def _tag(session: AsyncSession) -> dict[bytes, Owner]:
    rows, tagger = await dump(session), _Tagger(session)
    await tagger.texts(EnterpriseContact, rows["enterprise_contacts"], "name", "phone", key="enterprise_id")
    await tagger.texts(Consent, rows["consents"], "given_by", "evidence", "revoked_by")
    await tagger.texts(Disclosure, rows["disclosures"], "shown_to")
    await tagger.texts(WhitelistImport, rows["whitelist_imports"], "file_name", "imported_by")
    await tagger.texts(EnterpriseRegistration, rows["enterprise_registrations"], "name", "evidence")
    await tagger.texts(EntryHandler, rows["entry_handlers"], "given_by")
    await tagger.texts(EntryWithdrawal, rows["entry_withdrawals"], "withdrawn_by", "reason", "reopen_reason")
    await tagger.texts(CoordinationCase, rows["coordination_cases"], "question", "answered_by", "outcome")
    await tagger.texts(CoordinationComment, rows["coordination_comments"], "written_by", "body")
    await tagger.texts(SelectionSubmission, rows["selection_submissions"], "submitted_by")
    for row in rows["selection_drafts"]:
        told = ("selection_drafts", row["participant"])
        await tagger.write(SelectionDraft, row, {"content": row["content"] | {"quota": tagger.marker(told)}})
    await tagger.texts(CoreList, rows["core_lists"], "core_name", "evidence", "reason")
    await tagger.texts(CoreListVersion, rows["core_list_versions"], "file_name", "given_by")
    await tagger.texts(CoreListRow, rows["core_list_rows"], "name", "reason")
    await tagger.texts(CoreListMember, rows["core_list_members"], "firm_name", "core_name")
    await tagger.texts(CoreListRun, rows["core_list_runs"], "run_by")
    await tagger.texts(AwardNomination, rows["award_nominations"], "reason", "nominated_by")
    await tagger.texts(AwardAppeal, rows["award_appeals"], "grounds", "raised_by")
    await tagger.texts(AwardBallot, rows["award_ballots"], "comment")
    await tagger.texts(EventGuest, rows["event_guests"], "name", "reason", "note")
    await tagger.texts(EventMeeting, rows["event_meetings"], "reason", "note")
    for row in rows["event_results"]:
        rule = {"rule": tagger.marker(("event_results", row["id"]))}
        await tagger.write(KeptResult, row, {"content": row["content"] | rule})
    for row in rows["notices"]:
        told, entry = ("notices", row["id"]), ("whitelist_entries", row["entry_id"])
        marked = {
            "title": tagger.marker(told),
            "body": tagger.marker(entry),
            "link": f"/{tagger.marker(entry)}",
        }
        await tagger.write(Notice, row, marked)
    await tagger.texts(ChainMembership, rows["chain_memberships"], "reason", "word", "said_by")
    await tagger.texts(MembershipAct, rows["membership_acts"], "done_by", "reason")
    await tagger.texts(MembershipQuestion, rows["membership_questions"], "text")
    await tagger.texts(MembershipObjection, rows["membership_objections"], "text", "raised_by")
    await tagger.texts(MembershipListing, rows["membership_listings"], "core_firm")
    await tagger.texts(EntryClock, rows["entry_clocks"], "owner", "citation", key="entry_id")
    await tagger.texts(NeedRevision, rows["need_revisions"], "content_hash")
    names = {}
    for firm in rows["enterprises"]:
        names[firm["uscc"]] = name = tagger.marker(("enterprises", firm["id"]))
        await tagger.write(Enterprise, firm, {"name": name, "name_key": name, "spelling": spelled(name)})
    await _tag_entries(tagger, rows, names)
    await _tag_doings(tagger, rows)
    return tagger.owners


async def _tag_entries(tagger: _Tagger, rows: Rows, names: dict[str, str]) -> None:
    projects = {}
    for project in rows["projects"]:
        projects[project["id"]] = name = tagger.marker(("projects", project["id"]))
        await tagger.write(Project, project, {"name": name})
    of_needs = {need["id"]: projects.get(need["project_id"]) for need in rows["needs"]}
    for revision in rows["need_revisions"]:
        if (stated := of_needs[revision["need_id"]]) is not None:
            facts = revision["facts"] | {"project_name": stated}
            await tagger.write(NeedRevision, revision, {"facts": facts})
    for entry in rows["whitelist_entries"]:
        owner = ("whitelist_entries", entry["id"])
        values: dict[str, Any] = {"extra": {"备注": tagger.marker(owner)}}
        values |= {"withdrawal_reason": tagger.marker(owner)} if entry["withdrawn_at"] else {}
        await tagger.write(WhitelistEntry, entry, values)
    for item in rows["review_items"]:
        owner, detail = ("review_items", item["id"]), item["detail"]
        asked = [one | {"name": names[one["uscc"]]} for one in detail.get("candidates", ())]
        values = {"reason": tagger.marker(owner), "detail": detail | ({"candidates": asked} if asked else {})}
        await tagger.write(ReviewItem, item, values)


async def _add_comparison(session: AsyncSession, rows: Rows) -> None:
    """Compare a draft of one chain's plan, and allocate with it, as if it changed every entry."""
    chain = next(row for row in rows["chains"] if row["code"] == "HLJ-SWYY")
    run = rows["match_runs"][-1]["id"]
    made = {"content": {}, "content_hash": "?", "version": 1, "created_at": THEN}
    session.add(
        PlanDraft(
            id=1, chain_id=chain["id"], number=1, state="compared", since=THEN.date(), drafted_by="?", changed_at=THEN, **made,
        )
    )  # fmt: skip
    await session.flush()
    counts: dict[str, Any] = dict.fromkeys(ComparisonCounts.model_fields, 0)
    session.add(
        PlanComparison(
            id=1, draft_id=1, number=1, content_hash="?", compared_on=THEN.date(), listed="", inputs={}, inputs_hash="?",
            result_hash="?", counts=counts | {"products": [], "banks": [], "counties": []}, compared_by="?", created_at=THEN,
        )
    )  # fmt: skip
    await session.flush()
    counts = dict.fromkeys(("entries", "served_before", "served_after", "fit_before", "fit_after"), 0)
    counts |= {"changes": {}, "by_clause": {}, "banks": []}
    session.add(
        PlanReallocation(
            comparison_id=1, match_run_id=run, counts=counts, result_hash="?", run_by="?", created_at=THEN
        )
    )
    await session.flush()
    named: dict[str, Any] = {name: [] for name in ("gained", "lost", "banks_gained", "banks_lost", "steps")}
    detail = named | {"before": None, "after": None, "sentence": "?"}
    for entry in rows["whitelist_entries"]:
        about = {"comparison_id": 1, "entry_id": entry["id"], "code": entry["code"]}
        numbers = dict.fromkeys(("gained", "lost", "banks_gained", "banks_lost", "rescored", "moved"), 1)
        region = entry["region_code"]
        session.add(PlanEffectOnEntry(**about, **numbers, region_code=region, detail=detail))
        told = {"with_draft": "?", "without_draft": "?", "sentence": "?"}
        session.add(PlanReallocatedEntry(**about, **told, change="moved"))
    await session.flush()


async def _tag_doings(tagger: _Tagger, rows: Rows) -> None:
    for row in rows["assignments"]:
        owner = ("assignments", row["id"])
        explained = row["explanation"] | {"text": [tagger.marker(owner)]}
        await tagger.write(
            Assignment, row, {"responsible_body": tagger.marker(owner), "explanation": explained}
        )
    for row in rows["docking_events"]:
        owner = ("docking_events", row["id"])
        marked = {
            "actor": tagger.marker(owner),
            "evidence": tagger.marker(owner),
            "detail": {"note": tagger.marker(owner)},
        }
        await tagger.write(DockingEvent, row, marked)
    for row in rows["bottleneck_cases"]:
        gap = {"gap": tagger.marker(("bottleneck_cases", row["id"]))}
        await tagger.write(BottleneckCase, row, {"detail": row["detail"] | gap})
    for row in rows["bottleneck_findings"]:
        named = {"name": tagger.marker(("bottleneck_cases", row["case_id"]))}
        await tagger.write(BottleneckFinding, row, {"detail": row["detail"] | named})


__all__ = ["CASE_TABLES", "Institution", "World", "build", "dump", "viewers"]
