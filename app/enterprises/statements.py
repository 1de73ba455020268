"""What rosters and forms state about firms and their needs, compared with what is stored; decides what to write."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import need_code

Outcome = Literal["new", "changed", "kept"]


def name_key(name: str) -> str:
    """Answer a firm's name in one width and case, letters and digits only."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in text if character.isalnum())


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said at once of a firm and of one need of it (or of its project)."""

    uscc: str
    name: str
    facts: NeedFacts
    contact_name: str | None = None
    contact_phone: str | None = None
    business_scope: str | None = None

    @property
    def project(self) -> str | None:
        """Answer the project's name, None for the firm's own need."""
        return self.facts.project_name


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a firm itself; None is unknown."""

    name: str
    region_code: str
    industry: str | None = None
    established_on: date | None = None
    ownership: str | None = None
    business_scope: str | None = None

    def restated(self, other: "Profile", *, is_whole: bool) -> "Profile":
        """Answer the profile after another statement: unknown never overwrites known.

        A project's row may lie elsewhere than its firm: with `is_whole` false it only fills gaps.
        """
        first, second = (other, self) if is_whole else (self, other)
        return Profile(
            first.name,
            first.region_code,
            first.industry or second.industry,
            first.established_on or second.established_on,
            first.ownership or second.ownership,
            first.business_scope or second.business_scope,
        )


@dataclass(frozen=True, slots=True)
class StoredEnterprise:
    """A firm's row."""

    id: int
    version: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class StoredNeed:
    """A need's row with its current revision."""

    id: int
    revision: int
    revision_id: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of the firms that the statements name."""

    enterprises: Mapping[str, StoredEnterprise]
    projects: Mapping[tuple[str, str], int]
    """(credit code, project name) → the project's number."""
    needs: Mapping[str, StoredNeed]
    contacts: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one statement stands to what is stored: its need's code, and whether its wording is new."""

    need_code: str
    outcome: Outcome
    content_hash: str
    stored: StoredNeed | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: firms new and changed, projects with their numbers, contacts; one standing a statement."""

    new_enterprises: Mapping[str, Profile] = field(default_factory=dict)
    changed_enterprises: Mapping[str, Profile] = field(default_factory=dict)
    new_projects: Mapping[tuple[str, str], int] = field(default_factory=dict)
    contacts: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    standings: Sequence[Standing] = ()
    renamed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Credit code → name stored, name stated: the firm is the same by law, its name is taken over."""

    @property
    def is_changing(self) -> bool:
        """Tell whether there is anything to write."""
        is_stating = any(standing.outcome != "kept" for standing in self.standings)
        return bool(self.new_enterprises or self.changed_enterprises or self.contacts) or is_stating


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a statement is kept now, and whether that is a new need, a new wording, or as it was."""

    enterprise_id: int
    need_id: int
    need_revision_id: int
    need_code: str
    content_hash: str
    outcome: Outcome


def profile_of(statement: Statement) -> Profile:
    """Answer what a statement says of the firm itself."""
    facts = statement.facts
    return Profile(
        statement.name, facts.region, facts.industry, facts.established_on, facts.ownership,
        statement.business_scope,
    )  # fmt: skip


def plan_statements(statements: Sequence[Statement], known: Known) -> Plan:
    """Compare statements with what is stored; equal statements plan nothing."""
    profiles: dict[str, Profile] = {uscc: stored.profile for uscc, stored in known.enterprises.items()}
    for statement in statements:
        earlier, stated = profiles.get(statement.uscc), profile_of(statement)
        is_whole = statement.project is None
        profiles[statement.uscc] = stated if earlier is None else earlier.restated(stated, is_whole=is_whole)
    new = {uscc: profile for uscc, profile in profiles.items() if uscc not in known.enterprises}
    changed = {
        uscc: profiles[uscc] for uscc, stored in known.enterprises.items() if profiles[uscc] != stored.profile
    }
    projects = _number_projects(statements, known)
    numbers = {**known.projects, **projects}
    return Plan(
        new,
        changed,
        projects,
        _changed_contacts(statements, known),
        [_standing(statement, numbers, known) for statement in statements],
        {
            uscc: (known.enterprises[uscc].profile.name, profile.name)
            for uscc, profile in changed.items()
            if known.enterprises[uscc].profile.name != profile.name
        },
    )


def _number_projects(statements: Sequence[Statement], known: Known) -> dict[tuple[str, str], int]:
    last: dict[str, int] = {}
    for (uscc, _name), number in known.projects.items():
        last[uscc] = max(last.get(uscc, 0), number)
    found: dict[tuple[str, str], int] = {}
    for statement in statements:
        if statement.project is None:
            continue
        key = (statement.uscc, statement.project)
        if key not in known.projects and key not in found:
            last[statement.uscc] = found[key] = last.get(statement.uscc, 0) + 1
    return found


def _changed_contacts(
    statements: Sequence[Statement], known: Known
) -> dict[str, tuple[str | None, str | None]]:
    found: dict[str, tuple[str | None, str | None]] = {}
    for statement in statements:
        earlier = found.get(statement.uscc) or known.contacts.get(statement.uscc, (None, None))
        stated = (statement.contact_name or earlier[0], statement.contact_phone or earlier[1])
        found[statement.uscc] = stated
    return {
        uscc: stated for uscc, stated in found.items() if stated != known.contacts.get(uscc, (None, None))
    }


def _standing(statement: Statement, numbers: Mapping[tuple[str, str], int], known: Known) -> Standing:
    project = statement.project
    code = need_code(statement.uscc, None if project is None else numbers[statement.uscc, project])
    stored, content_hash = known.needs.get(code), statement.facts.content_hash()
    if stored is None:
        return Standing(code, "new", content_hash, None)
    outcome: Outcome = "kept" if stored.content_hash == content_hash else "changed"
    return Standing(code, outcome, content_hash, stored)
