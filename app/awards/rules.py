"""The year's ten best products 十佳: where an award stands, what may be done on a day, who may nominate and judge what (pure).

黑银发〔2023〕25号（六）: at the end of each year "十佳" products are chosen and displayed. Criteria are published before
anybody is nominated and never change afterwards; ballots are sealed until the votes are over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.accounts.rules import Grant, Role
from app.institutions.rules import InstitutionTree

CLAUSE: Final = "黑银发〔2023〕25号（六）"
PLACES: Final = 10
"""How many products an award chooses unless it says otherwise: what the clause says (`library.award_products`)."""
USUAL_NAME: Final = "{year}年度特色制造业金融产品“十佳”"
JUDGING: Final = frozenset(Role) - {Role.AUDITOR, Role.ADMINISTRATOR}
"""Of whom jurors are appointed: an auditor verifies what was judged, an administrator has no part in cases."""
_BANK: Final = frozenset({Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR, Role.GUARANTOR})


class AwardState(StrEnum):
    """Where an award stands."""

    ANNOUNCED = "announced"
    SHORTLISTED = "shortlisted"
    DECIDED = "decided"
    PUBLISHED = "published"


AWARD_STATE_LABELS: Final[Mapping[AwardState, str]] = {
    AwardState.ANNOUNCED: "征集提名",
    AwardState.SHORTLISTED: "评委评审",
    AwardState.DECIDED: "已评定",
    AwardState.PUBLISHED: "已公布",
}


class AwardAct(StrEnum):
    """What can be done with an award."""

    NOMINATE = "nominate"
    APPOINT = "appoint"
    SHORTLIST = "shortlist"
    VOTE = "vote"
    DECIDE = "decide"
    PUBLISH = "publish"
    APPEAL = "appeal"


class AwardSide(StrEnum):
    """On whose side a nomination or an appeal is made."""

    BANK = "bank"
    FIRM = "firm"
    COORDINATOR = "coordinator"


SIDE_LABELS: Final[Mapping[AwardSide, str]] = {
    AwardSide.BANK: "金融机构",
    AwardSide.FIRM: "企业",
    AwardSide.COORDINATOR: "统筹部门",
}


@dataclass(frozen=True, slots=True)
class Days:
    """The days of an award, each the last one; `appeals_until` is known once it is published."""

    nominations_until: date
    votes_until: date
    appeals_until: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an award stands: its state, days, and how many of its jurors have voted."""

    state: AwardState
    days: Days
    jurors: int = 0
    ballots: int = 0

    @property
    def all_voted(self) -> bool:
        """Tell whether there is nobody left to wait for."""
        return self.jurors > 0 and self.ballots >= self.jurors

    def why_not(self, act: AwardAct, today: date) -> str | None:
        """Answer why something cannot be done on a day; None: it can."""
        return next((why for is_so, why in self._obstacles(act, today) if is_so), None)

    def _obstacles(self, act: AwardAct, today: date) -> tuple[tuple[bool, str], ...]:
        """Answer what could stand in the way of an act, and whether it does, the first reason first."""
        state, days = self.state, self.days
        is_announced, is_shortlisted = state is AwardState.ANNOUNCED, state is AwardState.SHORTLISTED
        is_decided, is_published = state is AwardState.DECIDED, state is AwardState.PUBLISHED
        appeals_end = days.appeals_until or date.max
        said = {
            AwardAct.NOMINATE: (
                (
                    not is_announced or today > days.nominations_until,
                    f"nominations ended on {days.nominations_until}",
                ),
            ),
            AwardAct.APPOINT: ((is_decided or is_published, "the jury has decided"),),
            AwardAct.SHORTLIST: (
                (not is_announced, "the shortlist is made"),
                (today <= days.nominations_until, f"nominations are open until {days.nominations_until}"),
            ),
            AwardAct.VOTE: (
                (is_announced, "there is no shortlist yet"),
                (not is_shortlisted or today > days.votes_until, f"the votes ended on {days.votes_until}"),
            ),
            AwardAct.DECIDE: (
                (is_announced, "there is no shortlist yet"),
                (not is_shortlisted, "it is decided"),
                (
                    today <= days.votes_until and not self.all_voted,
                    f"the jury votes until {days.votes_until}",
                ),
            ),
            AwardAct.PUBLISH: ((is_published, "it is published"), (not is_decided, "it is not decided yet")),
            AwardAct.APPEAL: (
                (not is_published, "there is no published result"),
                (today > appeals_end, f"appeals ended on {days.appeals_until}"),
            ),
        }
        return said[act]

    def possible(self, today: date) -> tuple[AwardAct, ...]:
        """Answer what can be done on a day."""
        return tuple(act for act in AwardAct if self.why_not(act, today) is None)


def is_final(standing: Standing, open_appeals: int, today: date) -> bool:
    """Tell whether nothing can change a published result any more."""
    until = standing.days.appeals_until
    return standing.state is AwardState.PUBLISHED and not open_appeals and until is not None and today > until


def day_faults(days: Days, today: date) -> Iterable[tuple[str, str]]:
    """Answer (field, what is wrong) of the days of a new award."""
    if days.nominations_until < today:
        said = f"lies before today, {today}"
        yield "nominations_until", said
    if days.votes_until <= days.nominations_until:
        said = "lies not after the last day of nominations"
        yield "votes_until", said


def own_banks(grants: Iterable[Grant], tree: InstitutionTree) -> frozenset[int]:
    """Answer the head offices (ids) of the institutions for which somebody works: their products are not theirs to judge."""
    nodes = (tree.find(grant.scope) for grant in grants if grant.role in _BANK)
    return frozenset(tree.root_of(node.id).id for node in nodes if node is not None)


def is_recused(institution_id: int, banks: Iterable[int], tree: InstitutionTree) -> bool:
    """Tell whether a product of an institution belongs to one of the banks (head offices) of a juror."""
    return tree.root_of(institution_id).id in set(banks)
