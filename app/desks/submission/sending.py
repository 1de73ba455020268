"""Sends what was stated to the services, as the JSON routes would: the firm, its project, the need, contact and consent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.desks.submission.answers import need_facts
from app.desks.submission.fields import STEPS
from app.desks.submission.work import Work
from app.enterprises import consent_service, draft_service, need_service, service
from app.enterprises.consent_schemas import ConsentIn
from app.enterprises.consents import Purpose, latest_until
from app.enterprises.schemas import Contact, EnterpriseIn, EnterpriseProfile, NeedIn, ProjectIn
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import check_if_match, etag_of
from app.kernel.shanghai import shanghai_date

PLACES: Final = {f"facts.{asked.name}": asked.name for step in STEPS for asked in step.fields} | {
    "region": "region", "name": "name", "industry": "industry", "established_on": "established_on",
    "evidence": "evidence", "uscc": "subject",
}  # fmt: skip
"""At which field it is shown what a service says of its own."""


async def send_new(
    session: AsyncSession, viewer: Viewer, work: Work, values: Mapping[str, Any], *, now: datetime
) -> str:
    """Take a new need with all that belongs to it, and throw the draft away; answer the need's code.

    Raises:
        Refused, Conflict, Forbidden: as the services say.
    """
    uscc = work.key.uscc
    await _keep_firm(session, viewer, work, values, now=now)
    if values.get("subject") == "project":
        await _keep_project(session, viewer, uscc, values["project_name"], now=now)
    need = await need_service.submit_need(
        session, viewer, NeedIn(uscc=uscc, facts=need_facts(values)), now=now
    )
    contact = Contact(name=values.get("contact_name"), phone=values.get("contact_phone"))
    if contact not in (work.contact, Contact()):
        seen = service.contact_tag(work.contact)
        await service.change_contact(
            session, viewer, uscc, contact, expect=lambda tag: check_if_match(etag_of(seen), tag), now=now
        )
    if values.get("consent") == "yes":
        await consent_service.give_consent(session, viewer, need.code, _consent(values, now), now=now)
    await draft_service.drop_draft(session, viewer, work.key)
    return need.code


async def send_changes(
    session: AsyncSession, viewer: Viewer, work: Work, values: Mapping[str, Any], *, now: datetime
) -> str:
    """Store a new wording of a need, and throw the draft away; answer the need's code.

    Raises:
        PreconditionFailed: it was changed elsewhere since the draft was begun.
        Refused, Forbidden: as the services say.
    """
    seen = etag_of(work.base_revision)
    need = await need_service.revise_need(
        session,
        viewer,
        work.key.need_code,
        need_facts(values),
        expect=lambda revision: check_if_match(seen, revision),
        now=now,
    )
    await _keep_firm(session, viewer, work, values, now=now)
    await draft_service.drop_draft(session, viewer, work.key)
    return need.code


async def _keep_firm(
    session: AsyncSession, viewer: Viewer, work: Work, values: Mapping[str, Any], *, now: datetime
) -> None:
    """Register the firm if it is not, or take what is new of it."""
    stated = {name: values.get(name) for name in EnterpriseProfile.model_fields}
    if work.firm is None:
        body = EnterpriseIn(uscc=work.key.uscc, **stated)
        await service.register_enterprise(session, viewer, body, now=now)
        return
    stored = work.firm.model_dump(include=set(EnterpriseProfile.model_fields))
    profile = EnterpriseProfile(
        **stored | {name: value for name, value in stated.items() if value is not None}
    )
    if profile.model_dump() != stored:
        seen = etag_of(work.firm.version)
        await service.revise_enterprise(
            session,
            viewer,
            work.key.uscc,
            profile,
            expect=lambda version: check_if_match(seen, version),
            now=now,
        )


async def _keep_project(
    session: AsyncSession, viewer: Viewer, uscc: str, name: str, *, now: datetime
) -> None:
    found = await service.list_projects(session, viewer, PageRequest(limit=MOST_ROWS), uscc=uscc)
    if all(project.name != name for project in found.items):
        await service.register_project(session, viewer, ProjectIn(uscc=uscc, name=name), now=now)


def _consent(values: Mapping[str, Any], now: datetime) -> ConsentIn:
    return ConsentIn(
        purpose=Purpose.FINANCING_DOCKING,
        groups=list(values.get("groups", ())),
        until=latest_until(shanghai_date(now)),
        evidence=values.get("evidence"),
    )
