"""The life of a plan: drafted, compared with the one in force, published, archived.

A published plan is never rewritten: a new version replaces it from its own first day on. What is published is
what was compared: a changed draft, another plan in force, or another edition ask for a new comparison.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from app.chains.rules import Period, version_in_force
from app.kernel.errors import Conflict, Fault


class PlanState(StrEnum):
    """Where a version of a plan stands."""

    DRAFT = "draft"
    COMPARED = "compared"
    PUBLISHED = "published"
    ARCHIVED = "archived"

    @property
    def chinese(self) -> str:
        """What people call it."""
        return {"draft": "草案", "compared": "已比较", "published": "已发布", "archived": "已归档"}[
            self.value
        ]


NOT_DRAFTED: Final = "The plan was not drafted."
NOT_CHANGED: Final = "The draft was not changed."
NOT_COMPARED: Final = "The comparison was not kept."
NOT_PUBLISHED: Final = "The plan was not published."
NOT_ARCHIVED: Final = "The plan was not archived."
CHANGEABLE = frozenset({PlanState.DRAFT, PlanState.COMPARED})
BINDING = frozenset({PlanState.PUBLISHED, PlanState.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a draft was compared with: version in force (None: there was none), edition (None: none open), inputs.

    `content_hash` is that of the draft; `inputs_hash` that of all the matching rested on.
    """

    content_hash: str
    against: int | None
    edition: str | None
    inputs_hash: str
    on: date


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One version of a chain's plan; `replaces` is the version that it follows (None: the first).

    `draft` is the number by which people know it while it is a draft, where drafts are counted apart.
    """

    number: int
    state: PlanState
    period: Period
    content_hash: str
    replaces: int | None = None
    comparison: Comparison | None = None
    draft: int | None = None


def draft(
    versions: Sequence[PlanVersion], period: Period, content_hash: str, *, replaces: int | None
) -> PlanVersion:
    """Answer a new draft of a chain's plan, numbered after all `versions`.

    Raises:
        Conflict: a reversed period, days of another draft, a replaced version that is not published.
    """
    made = PlanVersion(
        max((one.number for one in versions), default=0) + 1,
        PlanState.DRAFT,
        period,
        content_hash,
        replaces,
    )
    _refuse(NOT_DRAFTED, period_faults([*versions, made], made))
    return made


def redraft(
    version: PlanVersion, versions: Sequence[PlanVersion], period: Period, content_hash: str
) -> PlanVersion:
    """Answer a draft with other content or days; what changes has to be compared again.

    Raises:
        Conflict: it is published or archived; or its days contradict those of others.
    """
    changed = replace(version, period=period, content_hash=content_hash)
    others = [one for one in versions if one.number != version.number]
    _refuse(NOT_CHANGED, _state_faults(version, CHANGEABLE))
    _refuse(NOT_CHANGED, period_faults([*others, changed], changed))
    if (period, content_hash) == (version.period, version.content_hash):
        return version
    return replace(changed, state=PlanState.DRAFT, comparison=None)


def compare(version: PlanVersion, comparison: Comparison) -> PlanVersion:
    """Answer a draft with what it was compared with.

    Raises:
        Conflict: it is published or archived, or the comparison is of other content.
    """
    faults = [*_state_faults(version, CHANGEABLE)]
    if comparison.content_hash != version.content_hash:
        faults.append(Fault("content_hash", "another content was compared", "Compare the draft again."))
    _refuse(NOT_COMPARED, faults)
    return replace(version, state=PlanState.COMPARED, comparison=comparison)


def publish(
    version: PlanVersion, versions: Sequence[PlanVersion], today: date, inputs_hash: str
) -> PlanVersion:
    """Answer a compared draft as published.

    `inputs_hash` is that of what matching rests on now. The first day may lie in the past, but not before that
    of the version that it replaces.

    Raises:
        Conflict: every reason why not, at once.
    """
    others = [one for one in versions if one.number != version.number]
    faults = [
        *_state_faults(version, frozenset({PlanState.COMPARED})),
        *_comparison_faults(version, in_force(others, today), inputs_hash),
        *period_faults([*others, version], version),
    ]
    if version.period.until is not None and version.period.until < today:
        faults.append(Fault("until", f"lies before today, {today}", "A plan that is over is not published."))
    _refuse(NOT_PUBLISHED, faults)
    return replace(version, state=PlanState.PUBLISHED)


def archive(version: PlanVersion, versions: Sequence[PlanVersion], today: date) -> PlanVersion:
    """Answer a published version as archived; it keeps saying what held on its days.

    Raises:
        Conflict: it is not published, or it holds today or will.
    """
    faults = [*_state_faults(version, frozenset({PlanState.PUBLISHED}))]
    if version.period.since > today:
        faults.append(
            Fault("since", f"begins only on {version.period.since}", "Wait, or draft another plan.")
        )
    elif (
        in_force([*(one for one in versions if one.number != version.number), version], today)
        == version.number
    ):
        faults.append(Fault("state", "is in force", "Publish the version that replaces it first."))
    _refuse(NOT_ARCHIVED, faults)
    return replace(version, state=PlanState.ARCHIVED)


def in_force(versions: Iterable[PlanVersion], day: date) -> int | None:
    """Answer the number of the published (or since archived) version that holds on a day, or None."""
    return version_in_force(((one.number, one.period) for one in versions if one.state in BINDING), day)


def period_faults(versions: Sequence[PlanVersion], judged: PlanVersion) -> Iterator[Fault]:
    """Name what contradicts a version's days: reversed, overlapping another draft, before or in a circle with others."""
    by_number = {one.number: one for one in versions}
    period = judged.period
    if period.until is not None and period.until < period.since:
        yield Fault("until", f"lies before the first day, {period.since}", "Exchange the two days.")
    for other in versions:
        is_rival = other.number != judged.number and other.state in CHANGEABLE
        if is_rival and other.period.overlaps(period):
            days = f"{other.period.since} to {other.period.until or 'further notice'}"
            yield Fault(
                "since",
                f"overlaps draft {other.draft or other.number} ({days})",
                "Change or give up one of them.",
            )
    yield from _order_faults(by_number, judged)


def _order_faults(by_number: Mapping[int, PlanVersion], judged: PlanVersion) -> Iterator[Fault]:
    if judged.replaces is None:
        if any(one.state in BINDING for one in by_number.values()):
            yield Fault("replaces", "there is a published plan already", "Name the version that it replaces.")
        return
    replaced = by_number.get(judged.replaces)
    newest = max((one.number for one in by_number.values() if one.state in BINDING), default=None)
    if _is_circle(by_number, judged):
        yield Fault(
            "replaces", "replaces itself in a circle", "Name an earlier version.", str(judged.replaces)
        )
    elif replaced is None or replaced.state not in BINDING:
        yield Fault("replaces", "no such published version", "Name a published one.", str(judged.replaces))
    elif replaced.number != newest:
        message = f"version {newest} has been published since"
        yield Fault("replaces", message, f"Name version {newest}.", str(judged.replaces))
    elif judged.period.since < replaced.period.since:
        message = f"lies before {replaced.period.since}, the first day of the version that it replaces"
        yield Fault("since", message, "A published plan is not rewritten.", judged.period.since.isoformat())


def _is_circle(by_number: Mapping[int, PlanVersion], judged: PlanVersion) -> bool:
    seen, at = {judged.number}, judged.replaces
    while at is not None and at in by_number:
        if at in seen:
            return True
        seen.add(at)
        at = by_number[at].replaces
    return False


def _comparison_faults(version: PlanVersion, held: int | None, inputs_hash: str) -> Iterator[Fault]:
    compared = version.comparison
    if compared is None:
        return  # the state says so already
    again = "Compare the draft again."
    if compared.content_hash != version.content_hash:
        yield Fault("content_hash", "the draft has changed since it was compared", again)
    if compared.against != held:
        yield Fault("against", f"it was compared with version {compared.against}, {held} is in force", again)
    if compared.inputs_hash != inputs_hash:
        yield Fault("inputs_hash", "products, needs or rules have changed since it was compared", again)


def _state_faults(version: PlanVersion, wanted: frozenset[PlanState]) -> Iterator[Fault]:
    if version.state not in wanted:
        names = " or ".join(sorted(wanted))
        yield Fault("state", f"is {version.state}, not {names}", REMEDIES[version.state], version.state)


REMEDIES = {
    PlanState.DRAFT: "Compare it with the plan in force first.",
    PlanState.COMPARED: "Publish it first.",
    PlanState.PUBLISHED: "A published plan is not rewritten: draft the version that replaces it.",
    PlanState.ARCHIVED: "An archived plan stays as it is: draft another version.",
}


def _refuse(detail: str, faults: Iterable[Fault]) -> None:
    found = list(faults)
    if found:
        raise Conflict(detail, found)
