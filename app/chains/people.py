"""Who answers for a chain, when: 链长, lead department, contracted banks, advisers and financial-butler teams.

What the texts ask for stands with each post; that every chain has a 链长 at all times is the operator's rule
(no text here names one), and days without are an alarm, not a refusal.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Final

from app.chains.periods import ONE_DAY, faults_of_hand_over, faults_of_order, gaps, shown
from app.chains.rules import Period
from app.kernel.errors import Fault, Refused


class Post(StrEnum):
    """What somebody is to a chain."""

    LEADER = "leader"
    DEPUTY = "deputy"
    OFFICE = "office"
    LIAISON = "liaison"
    DEPARTMENT = "lead_department"
    BANK = "contracted_bank"
    ADVISER = "adviser"
    BUTLERS = "butler_team"


class PlaceKind(StrEnum):
    """For what a butler team is formed (黑银发〔2023〕25号（十四）)."""

    CLUSTER = "cluster"
    ZONE = "zone"
    PARK = "park"


PLACE_NAMES: Final = {
    PlaceKind.CLUSTER: "先进制造业集群",
    PlaceKind.ZONE: "国家级高新技术产业开发区",
    PlaceKind.PARK: "重点产业园区",
}


@dataclass(frozen=True, slots=True)
class PostRule:
    """How a post is called, whether one holder has it at a time, whether it is for a place, and its clause."""

    name: str
    is_single: bool
    is_of_place: bool
    clause: str


POSTS: Final = {
    Post.LEADER: PostRule("链长", True, False, "运营方规则：每条链时时有链长"),
    Post.DEPUTY: PostRule("副链长", True, False, "运营方规则：协助链长"),
    Post.OFFICE: PostRule("链办", True, False, "运营方规则：承办链长交办事项"),
    Post.LIAISON: PostRule("联络员", True, False, "运营方规则：日常联络"),
    Post.DEPARTMENT: PostRule("牵头部门", True, False, "洛阳（征求意见稿）（四）产业链牵头部门"),
    Post.BANK: PostRule("签约银行", False, False, "洛阳（征求意见稿）（二）双向选择，竞争上岗"),
    Post.ADVISER: PostRule("金融顾问", False, False, "洛阳（征求意见稿）（二）金融顾问工作室"),
    Post.BUTLERS: PostRule("金融管家团队", True, True, "黑银发〔2023〕25号（十四）"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster, zone or park by its code in the jurisdiction's list."""

    kind: PlaceKind
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Somebody (`holder`: the code or name of a person, body, bank or team) holds a post of a chain for a period."""

    chain: str
    post: Post
    holder: str
    body: str
    period: Period
    place: Place | None = None

    @property
    def seat(self) -> tuple[str, Post, str, str]:
        """Answer what one holding at a time can have; posts of which there are several also tell by holder."""
        place = f"{self.place.kind}:{self.place.code}" if self.place else ""
        return (self.chain, self.post, place, "" if POSTS[self.post].is_single else self.holder)

    @property
    def title(self) -> str:
        """Answer the post as sentences name it."""
        place = f"{PLACE_NAMES[self.place.kind]}{self.place.name}" if self.place else ""
        return f"{place}{POSTS[self.post].name}"


def faults_of_holdings(holdings: Sequence[Holding]) -> Iterator[Fault]:
    """Name every holding that is not in order, for no place or one too many, or overlaps another of its seat."""
    seats = defaultdict[tuple[str, Post, str, str], list[int]](list)
    for i, one in enumerate(holdings):
        yield from faults_of_order(one.period, f"holdings[{i}].period")
        if POSTS[one.post].is_of_place != (one.place is not None):
            remedy = (
                "Name the cluster, zone or park." if POSTS[one.post].is_of_place else "Leave the place out."
            )
            yield Fault(
                f"holdings[{i}].place",
                f"a place does not go with {POSTS[one.post].name}, or is missing",
                remedy,
                one.holder,
            )
        seats[one.seat].append(i)
    for found in seats.values():
        for i, j in combinations(found, 2):
            one, other = holdings[i], holdings[j]
            if one.period.overlaps(other.period):
                message = f"as {other.title}, {other.holder} overlaps {one.holder} ({shown(one.period)})"
                yield Fault(
                    f"holdings[{j}].period",
                    message,
                    "End the earlier term first, or hand over.",
                    shown(other.period),
                )


def appoint(held: Sequence[Holding], new: Holding) -> tuple[Holding, ...]:
    """Answer all holdings with a new one.

    Raises:
        Refused: it overlaps another of the same seat, its days are not in order, or its place is wrong.
    """
    faults = [
        fault
        for fault in faults_of_holdings((*held, new))
        if fault.where.startswith(f"holdings[{len(held)}]")
    ]
    if faults:
        raise Refused(f"{new.holder} was not appointed as {new.title}.", faults)
    return (*held, new)


def hand_over(
    held: Sequence[Holding],
    current: Holding,
    holder: str,
    body: str,
    on: date,
    *,
    gap_until: date | None = None,
    until: date | None = None,
) -> tuple[Holding, ...]:
    """End a holding the day before `on` and begin the next holder's on it, or on `gap_until` where a gap is told.

    Raises:
        Refused: the days leave an untold gap or the current one no day, or the next overlaps a third holding.
    """
    faults = list(faults_of_hand_over(current.period, on, gap_until, "on"))
    if current not in held:
        faults.append(
            Fault("current", "holds no such post", "Hand over what somebody holds.", current.holder)
        )
    if faults:
        raise Refused(f"The post {current.title} was not handed over.", faults)
    ended = replace(current, period=Period(current.period.since, on - ONE_DAY))
    following = replace(current, holder=holder, body=body, period=Period(gap_until or on, until))
    return appoint(tuple(ended if one == current else one for one in held), following)


@dataclass(frozen=True, slots=True)
class Vacancy:
    """Days of a window on which a chain has no 链长; `last` held the post before, None: nobody ever did."""

    chain: str
    days: Period
    last: Holding | None


def vacancies(chains: Iterable[str], held: Iterable[Holding], window: Period) -> list[Vacancy]:
    """Answer the days of a window on which chains have no 链长, by first day and chain.

    A window of one day asks who is missing then; one without end asks from which coming day on.
    """
    leaders = defaultdict[str, list[Holding]](list)
    for one in held:
        if one.post is Post.LEADER:
            leaders[one.chain].append(one)
    found = [
        Vacancy(chain, days, _last_before(leaders[chain], days.since))
        for chain in dict.fromkeys(chains)
        for days in gaps((one.period for one in leaders[chain]), window)
    ]
    return sorted(found, key=lambda one: (one.days.since, one.chain))


def _last_before(held: Sequence[Holding], day: date) -> Holding | None:
    ended = [one for one in held if one.period.until is not None and one.period.until < day]
    return max(ended, key=lambda one: (one.period.until or day, one.holder), default=None)
