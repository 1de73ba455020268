"""What an enterprise's consent lets an institution see. Pure.

Facts fall into groups. Before any consent an institution sees an anonymised card (allocation/cards.py).
Any consent that reaches it, while it is responsible for the need or supports it, shows the groups `card`
and `identity`; the groups `contact`, `financial` and `judicial` only as the consent says.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.enterprises.need_facts import NeedFacts
from app.kernel.errors import Fault
from app.reference.regions import region_contains

MOST_CONTACT_HOLDERS: Final = 3
"""So many institutions may hold a need's contact details at one time."""


class FieldGroup(StrEnum):
    """Fields that are shown or withheld together."""

    CARD = "card"
    IDENTITY = "identity"
    CONTACT = "contact"
    FINANCIAL = "financial"
    JUDICIAL = "judicial"


class Purpose(StrEnum):
    """What a consent is given for: a closed list."""

    FINANCING_DOCKING = "financing_docking"
    CREDIT_REVIEW = "credit_review"
    GUARANTEE_REVIEW = "guarantee_review"


PURPOSE_NAMES: Final = {
    Purpose.FINANCING_DOCKING: "融资对接",
    Purpose.CREDIT_REVIEW: "授信审查",
    Purpose.GUARANTEE_REVIEW: "担保审查",
}
CHOSEN_GROUPS: Final = (FieldGroup.CONTACT, FieldGroup.FINANCIAL, FieldGroup.JUDICIAL)
"""What a consent may leave out; the other groups come with any consent."""

_FIELDS: Final[Mapping[FieldGroup, tuple[str, ...]]] = {
    FieldGroup.CARD: (
        "amount", "term_months", "purposes", "region", "industry", "chain", "size_class", "guarantee_available",
    ),
    FieldGroup.IDENTITY: (
        "source_class", "subject", "project_name", "chain_role", "established_on", "years_established", "staff",
        "qualifications", "exporter", "missing_elements", "ownership",
    ),
    FieldGroup.FINANCIAL: (
        "revenue", "collateral", "security", "light_assets", "tax_grade", "first_loan", "existing_loans",
        "existing_banks", "single_bank_limit_reached", "credit_eligible",
    ),
    FieldGroup.JUDICIAL: ("litigation", "adverse_credit"),
}  # fmt: skip
GROUP_OF: Final = {fact: group for group, facts in _FIELDS.items() for fact in facts}
"""The group of each fact of a need, stated or derived."""
ALL_GROUPS: Final = frozenset(FieldGroup)


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """A consent as it decides: `recipient` is the lineage of the institution named, None for any holder."""

    id: int
    need_id: int
    groups: frozenset[FieldGroup]
    recipient: str | None
    until: date
    is_revoked: bool

    def is_live(self, day: date) -> bool:
        """Tell whether it holds on a day (Shanghai); `until` is the last one."""
        return not self.is_revoked and day <= self.until

    def reaches(self, holder: "Holder") -> bool:
        """Tell whether it is given to a holder: by name to it or to one above it, or to whoever holds."""
        return holder.need_id == self.need_id and holder.is_meant(self.recipient)


@dataclass(frozen=True, slots=True)
class Holder:
    """An institution that is responsible for an entry of a need, or supports it, now."""

    need_id: int
    institution_id: int
    lineage: str
    is_responsible: bool

    def is_meant(self, recipient: str | None) -> bool:
        """Tell whether a consent that names this one (a lineage; None: whoever holds) means it."""
        return recipient is None or self.lineage.startswith(recipient)


Shown = tuple[int, int, int, tuple[str, ...]]
"""What somebody was shown: need, institution, consent, groups."""


@dataclass(frozen=True, slots=True)
class BasisOfShowing:
    """On what showing some needs to a viewer of institutions rests.

    `consents` are all of the needs, ended ones too; `lineages` those of the viewer's institutions.
    """

    holders: Sequence["Holder"]
    consents: Sequence[StoredConsent]
    lineages: Sequence[str]
    shown: frozenset[Shown]


@dataclass(frozen=True, slots=True)
class Showing:
    """Through which institution a viewer sees a need, by which consent, and which groups that shows."""

    need_id: int
    institution_id: int
    consent_id: int
    groups: frozenset[FieldGroup]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose need it is and where: what decides whether a viewer needs a consent at all."""

    uscc: str
    regions: frozenset[str]
    chain: str | None = None


def needing_consent(viewer: Viewer, subjects: Mapping[int, Subject]) -> set[int]:
    """Answer which needs (by id) a viewer sees only as an institution, and so no more of than consents show.

    The enterprise itself, coordinators and chain managers of where it belongs, the auditor and the
    operator see all of what they see.
    """
    if viewer.is_operator or not viewer.has(*INSTITUTION_ROLES) or viewer.has(Role.AUDITOR):
        return set()
    own, chains = viewer.scopes(Role.ENTERPRISE), viewer.scopes(Role.CHAIN_MANAGER)
    areas = viewer.scopes(Role.COORDINATOR)
    return {
        need_id
        for need_id, subject in subjects.items()
        if subject.uscc not in own
        and subject.chain not in chains
        and not any(region_contains(area, region) for area in areas for region in subject.regions)
    }


def showings(
    holders: Iterable[Holder], consents: Iterable[StoredConsent], tops: Collection[str], day: date
) -> list[Showing]:
    """Answer by which consents a viewer sees a need through its institutions, on a day.

    `tops` are the lineages of the viewer's institutions; a head office sees what a branch holds. The
    responsible institution comes first; what adds no group to those before it is left out.
    """
    live = live_consents(sorted(consents, key=lambda one: (-len(one.groups), one.id)), day)
    own = sorted(
        (one for one in holders if any(one.lineage.startswith(top) for top in tops)),
        key=lambda one: (not one.is_responsible, one.institution_id),
    )
    found: list[Showing] = []
    shown: set[tuple[int, FieldGroup]] = set()
    for holder in own:
        for consent in live[holder.need_id]:
            groups = consent.groups | {FieldGroup.CARD, FieldGroup.IDENTITY}
            fresh = {(holder.need_id, group) for group in groups}
            if consent.reaches(holder) and not fresh <= shown:
                found.append(Showing(holder.need_id, holder.institution_id, consent.id, groups))
                shown |= fresh
    return found


def live_consents(consents: Iterable[StoredConsent], day: date) -> defaultdict[int, list[StoredConsent]]:
    """Answer the consents that hold on a day, by need."""
    found: defaultdict[int, list[StoredConsent]] = defaultdict(list)
    for one in consents:
        if one.is_live(day):
            found[one.need_id].append(one)
    return found


def contact_claims(
    holders: Iterable[Holder], consents: Iterable[StoredConsent], tops: Collection[str], day: date
) -> list[Showing]:
    """Answer for which of a viewer's institutions contact details may be read, and by which consent.

    One for each institution and need, the responsible one first.
    """
    willing = [one for one in consents if FieldGroup.CONTACT in one.groups]
    own = sorted(holders, key=lambda one: (not one.is_responsible, one.need_id, one.institution_id))
    each = (showings([holder], willing, tops, day)[:1] for holder in own)
    return list(dict.fromkeys(one for found in each for one in found))


def free_slots(taken: Iterable[int | None]) -> list[int]:
    """Answer the contact slots of a need that nobody holds, the lowest first."""
    return sorted(set(range(1, MOST_CONTACT_HOLDERS + 1)) - set(taken))


def groups_of(found: Iterable[Showing]) -> frozenset[FieldGroup]:
    """Answer the groups that some showings show together."""
    return frozenset(group for one in found for group in one.groups)


def withheld_facts(groups: Collection[FieldGroup]) -> tuple[str, ...]:
    """Answer the facts of a need that are not in some groups, by name: known or not, that is not told either."""
    return tuple(sorted(fact for fact, group in GROUP_OF.items() if group not in groups))


def mask(facts: NeedFacts, groups: Collection[FieldGroup]) -> NeedFacts:
    """Answer the facts without those that are not in some groups; a withheld fact reads as unknown."""
    hidden = set(withheld_facts(groups)) & NeedFacts.model_fields.keys()
    return facts.model_copy(update=dict.fromkeys(hidden)) if hidden else facts


def mask_findings(admission: Mapping[str, Any], groups: Collection[FieldGroup]) -> dict[str, Any]:
    """Answer the findings of an admission without those that rest on withheld facts, and without such questions."""
    hidden = set(withheld_facts(groups))
    if not hidden:
        return dict(admission)
    findings = [one for one in admission.get("findings", ()) if hidden.isdisjoint(one["facts"])]
    asked = [one for one in admission.get("ask", ()) if one["fact"] not in hidden]
    return dict(admission) | {"findings": findings, "ask": asked}


def latest_until(given_on: date) -> date:
    """Answer the last day until which a consent may hold that is given on a day: one year."""
    try:
        return given_on.replace(year=given_on.year + 1)
    except ValueError:  # 29 February
        return date(given_on.year + 1, 2, 28)


def consent_faults(until: date, evidence: str | None, *, is_own: bool, today: date) -> list[Fault]:
    """Answer every fault of a consent: its last day, and the signed paper when somebody else records it."""
    faults = []
    if not today <= until <= latest_until(today):
        remedy = f"A day from {today.isoformat()} to {latest_until(today).isoformat()}."
        faults.append(Fault("until", "is past, or more than a year ahead", remedy, until.isoformat()))
    if not is_own and not evidence:
        remedy = "Name the signed paper: its number, date, and where it is kept."
        faults.append(Fault("evidence", "missing, and you are not the enterprise", remedy))
    return faults


def lapsed_slots(
    slots: Iterable[tuple[int, int, int, int]],
    holders: Sequence[Holder],
    consents: Mapping[int, StoredConsent],
    day: date,
) -> list[int]:
    """Answer which held contact slots have lapsed, of (row, need, institution, consent) ids.

    A slot lasts while its institution is responsible or supporting and its own consent holds for it.
    """
    return [
        row
        for row, need, institution, consent_id in slots
        if not any(
            holder.need_id == need
            and holder.institution_id == institution
            and consents[consent_id].is_live(day)
            and FieldGroup.CONTACT in consents[consent_id].groups
            and consents[consent_id].reaches(holder)
            for holder in holders
        )
    ]
