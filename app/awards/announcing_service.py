"""Use cases of an award's beginning: announced with its criteria, and the jury appointed."""

from datetime import datetime

from app.accounts import audit_service, people_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.awards import queries
from app.awards.award_notices import announced_notice, jury_notice
from app.awards.finding import (
    award_to_manage,
    counts_of,
    require_possible,
    stored_award,
)
from app.awards.rules import JUDGING, AwardAct, AwardState, Days, day_faults, own_banks
from app.awards.schemas import AwardIn, AwardOut, JurorIn, JurorOut
from app.awards.tables import Award, AwardJuror
from app.awards.views import award_out, juror_out
from app.catalogue.quarters import quarter_of
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications


async def announce(session: AsyncSession, viewer: Viewer, body: AwardIn, *, now: datetime) -> AwardOut:
    """Announce the award of a year with its criteria, which never change afterwards; banks are told.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Refused: days that do not follow each other, or a quarter of another year.
        Conflict: it is announced already.
    """
    require(viewer, Action.MANAGE_AWARDS, Target(region=viewer.jurisdiction))
    today, quarter = shanghai_date(now), body.quarter or f"{body.year}Q4"
    days = Days(body.nominations_until, body.votes_until)
    faults = [Fault(where, said, value=str(getattr(body, where))) for where, said in day_faults(days, today)]
    if quarter_of(quarter).first.year != body.year:
        faults.append(
            Fault("quarter", "lies in another year than the award", f"Such as {body.year}Q4.", quarter)
        )
    if faults:
        raise Refused("The award was not announced.", faults)
    msg = f"The award of {body.year} is announced."
    if await queries.award_of(session, viewer.jurisdiction, body.year) is not None:
        raise Conflict(msg, [Fault("year", "announced already", "Criteria never change.", str(body.year))])
    criteria = body.criteria.model_dump(mode="json")
    award = Award(
        jurisdiction=viewer.jurisdiction,
        year=body.year,
        name=body.name,
        statement=body.statement,
        state=AwardState.ANNOUNCED.value,
        quarter=quarter,
        criteria=criteria,
        nominations_until=body.nominations_until,
        votes_until=body.votes_until,
        appeal_days=body.appeal_days,
        announced_at=now,
        announced_by=viewer.name,
        version=1,
    )
    await queries.add(session, [award], msg)
    audit_service.note(
        session, "announce_award", "award", str(body.year), now=now, detail={"criteria": criteria}
    )
    tree = await institution_tree(session, viewer)
    told = announced_notice(
        award.jurisdiction, award.year, award.name, award.nominations_until, tree, viewer.person
    )
    await notifications.post(session, [told], now=now)
    return award_out(award, await counts_of(session, award), today, tells_result=False)


async def jury(session: AsyncSession, viewer: Viewer, year: int) -> list[JurorOut]:
    """Answer who judges an award, and who of them has voted.

    Raises:
        NotFound: there is no award of the year.
    """
    award = await stored_award(session, viewer, year)
    tree = await institution_tree(session, viewer)
    return [
        juror_out(row, tree, await _voted(session, award)) for row in await queries.jurors(session, award.id)
    ]


async def _voted(session: AsyncSession, award: Award) -> frozenset[int]:
    with unrestricted(session):
        return frozenset(one.person_id for one in await queries.ballots(session, award.id))


async def appoint(
    session: AsyncSession, viewer: Viewer, year: int, body: JurorIn, *, now: datetime
) -> JurorOut:
    """Appoint somebody to the jury; the banks for which they work are not theirs to judge.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is no award of the year.
        Refused: nobody with this login who could judge, or an unknown institution.
        Conflict: the jury has decided, or the person is appointed.
    """
    award = await award_to_manage(session, viewer, year)
    await require_possible(session, award, AwardAct.APPOINT, now)
    tree = await institution_tree(session, viewer)
    person = (await queries.logins(session, [body.login])).get(body.login)
    grants = [] if person is None else await people_service.held_by(session, person.id)
    today = shanghai_date(now)
    able = [one for one in grants if one.is_in_force(today) and one.role in JUDGING]
    faults = [
        Fault("recused", "no such institution", "GET /api/v1/institutions lists them.", code)
        for code in body.recused
        if tree.find(code) is None
    ]
    if person is None or person.disabled_at is not None or not able:
        remedy = "Auditors and administrators judge nothing; others need a role in force."
        faults.insert(0, Fault("login", "nobody who could judge has it", remedy, body.login))
    if faults or person is None:
        raise Refused("Nobody was appointed.", faults)
    banks = own_banks(able, tree) | _roots(body.recused, tree)
    row = AwardJuror(
        award_id=award.id,
        person_id=person.id,
        name=person.name,
        affiliation=body.affiliation,
        banks=sorted(banks),
        appointed_by=viewer.name,
        appointed_at=now,
    )
    msg = "This person is on the jury."
    await queries.add(session, [row], msg)
    award.version += 1
    await session.flush()
    audit_service.note(session, "appoint_juror", "award", str(year), now=now, detail={"person": person.id})
    if award.state == AwardState.SHORTLISTED.value:
        stage = f"vote:{person.id}"
        told = jury_notice(award.jurisdiction, year, award.name, award.votes_until, [person.id], stage)
        await notifications.post(session, [told], now=now)
    return juror_out(row, tree, frozenset())


def _roots(codes: list[str], tree: InstitutionTree) -> frozenset[int]:
    nodes = (tree.find(code) for code in codes)
    return frozenset(tree.root_of(node.id).id for node in nodes if node is not None)


async def dismiss(session: AsyncSession, viewer: Viewer, year: int, person: int, *, now: datetime) -> None:
    """Take somebody off the jury who has not voted.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is no award of the year, or no such juror.
        Conflict: the jury has decided, or the juror has voted.
    """
    award = await award_to_manage(session, viewer, year)
    await require_possible(session, award, AwardAct.APPOINT, now)
    row = next((one for one in await queries.jurors(session, award.id) if one.person_id == person), None)
    if row is None:
        raise NotFound("There is no such juror.", [Fault("person", "not on the jury", value=str(person))])
    if person in await _voted(session, award):
        raise Conflict("Who has voted stays on the jury.", [Fault("person", "has voted", value=str(person))])
    await queries.remove(session, row)
    award.version += 1
    await session.flush()
    audit_service.note(session, "dismiss_juror", "award", str(year), now=now, detail={"person": person})
