"""Who is told that an entry has another responsible party, or that entries were handed over (pure).

The enterprise hears who answers for its need now, the institution that an entry was taken from hears how many went;
to whom entries came is `docking/notices.py`. Who declined did it itself, and the enterprise has its answer
(`docking/answer_service.py`): of that nobody is told twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.rules import Role
from app.notifications.rules import NewNotice, NoticeKind

DECLINED: Final = "declined"
_INSTITUTION: Final = (Role.BANK_ADMINISTRATOR, Role.RELATIONSHIP_MANAGER, Role.GUARANTOR)


@dataclass(frozen=True, slots=True)
class Moved:
    """An entry whose responsible party is another now: the former and the new one, by institution (id) and name."""

    assignment_id: int
    entry_id: int
    entry: str
    uscc: str
    end_reason: str | None
    former_id: int | None
    former: str
    party_id: int | None
    party: str

    @property
    def is_told(self) -> bool:
        """Tell whether anybody hears of it: the party is another one, and no decline says so already."""
        return self.end_reason != DECLINED and (self.former_id, self.former) != (self.party_id, self.party)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """How many entries a person got at one instant, and from whom (names)."""

    person_id: int
    person: str
    given_by: str
    entries: int


def moved_notices(
    moved: Iterable[Moved], codes: Mapping[int, tuple[str, str]], at: datetime
) -> list[NewNotice]:
    """Answer the notices of entries that moved at an instant; `codes` are (code, name) of institutions by id."""
    told = [one for one in moved if one.is_told]
    lost = Counter(
        one.former_id for one in told if one.former_id is not None and one.former_id != one.party_id
    )
    return [
        *(_to_enterprise(one) for one in told),
        *(_to_former(*codes[one], count, at) for one, count in lost.items()),
    ]


def _to_enterprise(moved: Moved) -> NewNotice:
    return NewNotice(
        event_key=f"rerouted:{moved.assignment_id}",
        kind=NoticeKind.REROUTED,
        body=f"您的融资需求（{moved.entry}）的责任主体由{moved.former}变更为{moved.party}。",
        entry_id=moved.entry_id,
        link=f"/entries/{moved.entry}",
        audience=((Role.ENTERPRISE, moved.uscc),),
    )


def _to_former(code: str, name: str, entries: int, at: datetime) -> NewNotice:
    return NewNotice(
        event_key=f"rerouted:{code}:{at.isoformat()}",
        kind=NoticeKind.REROUTED,
        body=f"{name}的{entries}个条目已改由其他责任主体办理。",
        link="/entries",
        audience=tuple((role, code) for role in _INSTITUTION),
    )


def handed_notice(handed: HandedOver, at: datetime) -> NewNotice:
    """Answer the notice to a person who was given entries; it names none of them."""
    return NewNotice(
        event_key=f"handed:{handed.person_id}:{at.isoformat()}",
        kind=NoticeKind.HANDED_OVER,
        body=f"{handed.given_by}将{handed.entries}个条目移交给您办理。",
        link="/entries",
        persons=(handed.person_id,),
    )
