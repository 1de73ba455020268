"""Rows of memberships as JSON shows them."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from app.accounts.rules import Role, Viewer
from app.chains.profiles import ChainProfile
from app.membership.queries import Listed, ListedObjection, ListedQuestion
from app.membership.rules import (
    ACT_NAMES,
    CONFIDENCES,
    DOUBT_NAMES,
    ROLES,
    STATE_NAMES,
    WITHDRAWN,
    Act,
)
from app.membership.schemas import (
    MembershipActOut,
    MembershipObjectionOut,
    MembershipOut,
    MembershipQuestionOut,
    MembershipRunOut,
)
from app.membership.tables import MembershipAct, MembershipRun

Profiles = Mapping[str, ChainProfile]
OFFICE: Final = "统筹部门或链办"


def name_shown(viewer: Viewer, name: str) -> str:
    """Answer what whoever decided on memberships is called to a viewer: firms deal with the office, not with its people."""
    is_staff = viewer.is_operator or viewer.has(Role.COORDINATOR, Role.CHAIN_MANAGER, Role.AUDITOR)
    return name if is_staff or not name else OFFICE


def membership_out(viewer: Viewer, found: Listed, profiles: Profiles, today: date) -> MembershipOut:
    """Answer a membership."""
    row = found.row
    profile = profiles.get(row.chain_code)
    link = profile.link(row.link) if profile is not None and row.link is not None else None
    return MembershipOut(
        id=row.id,
        uscc=found.uscc,
        enterprise=found.name,
        region=found.region,
        industry=found.industry,
        chain=row.chain_code,
        chain_name=profile.name if profile is not None else row.chain_code,
        link=row.link,
        link_name=link.name if link is not None else row.link,
        role=row.role,
        role_name=ROLES[row.role],
        state=row.state,
        state_name=STATE_NAMES[row.state],
        is_over=row.state == WITHDRAWN or (row.until is not None and row.until < today),
        confidence=row.confidence,
        confidence_name=CONFIDENCES.get(row.confidence or ""),
        since=row.since,
        until=row.until,
        reason=row.reason,
        word=row.word,
        said_by=name_shown(viewer, row.said_by),
        said_at=row.said_at,
        version=row.version,
    )


def act_out(viewer: Viewer, row: MembershipAct) -> MembershipActOut:
    """Answer what was done."""
    by = row.done_by if row.kind == Act.OBJECTED.value else name_shown(viewer, row.done_by)
    return MembershipActOut(
        kind=row.kind, kind_name=ACT_NAMES[row.kind], by=by, at=row.done_at, reason=row.reason
    )


def question_out(
    viewer: Viewer, found: ListedQuestion, profiles: Profiles, today: date
) -> MembershipQuestionOut:
    """Answer a question."""
    row = found.question
    return MembershipQuestionOut(
        id=row.id,
        membership=membership_out(viewer, found.about, profiles, today),
        kind=row.kind,
        kind_name=DOUBT_NAMES[row.kind],
        text=row.text,
        state=row.state,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision=row.decision,
        version=row.version,
    )


def objection_out(
    viewer: Viewer, found: ListedObjection, profiles: Profiles, today: date
) -> MembershipObjectionOut:
    """Answer an objection."""
    row = found.objection
    return MembershipObjectionOut(
        id=row.id,
        membership=membership_out(viewer, found.about, profiles, today),
        text=row.text,
        state=row.state,
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        answer=row.answer,
        answered_by=None if row.answered_by is None else name_shown(viewer, row.answered_by),
        answered_at=row.answered_at,
        version=row.version,
    )


def run_out(row: MembershipRun) -> MembershipRunOut:
    """Answer a run."""
    return MembershipRunOut(
        id=row.id,
        firms=row.firms,
        with_proposal=row.with_proposal,
        added=row.added,
        withdrawn=row.withdrawn,
        kept=row.kept,
        questions=row.questions,
        chains=row.counts["chains"],
        confidences=row.counts["confidences"],
        input_hash=row.input_hash,
        started_by=row.started_by,
        started_at=row.started_at,
    )
