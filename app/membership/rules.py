"""What proposing for many firms changes, what is asked of people then, and how states and acts are called."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.chains.confirming import Difference, Membership, State, repropose
from app.chains.core_firms import CoreStanding, SizedMember, as_core, largest_of_links
from app.chains.evidence import Traits
from app.chains.membership import CONFIDENCE_NAMES, Answer, Proposal
from app.chains.profiles import ROLE_NAMES, ChainProfile, Role
from app.reference.sizes import SizeClass, SizeStandard, size_class

ENGINE_VERSION: Final = "1"
WITHDRAWN: Final = "withdrawn"
"""State of a stored proposal that nothing supports any more."""
STATE_NAMES: Final[Mapping[str, str]] = {
    State.PROPOSED: "待确认",
    State.CONFIRMED: "已确认",
    State.DECLINED: "已否定",
    WITHDRAWN: "已撤回",
}
CONFIDENCES: Final[Mapping[str, str]] = {str(key): name for key, name in CONFIDENCE_NAMES.items()}
ROLES: Final[Mapping[str, str]] = {str(key): name for key, name in ROLE_NAMES.items()}


class Act(StrEnum):
    """What people and runs do with memberships."""

    CONFIRMED = "confirmed"
    DECLINED = "declined"
    HANDED_OVER = "handed_over"
    ENDED = "ended"
    OBJECTED = "objected"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


ACT_NAMES: Final[Mapping[str, str]] = {
    Act.CONFIRMED: "确认",
    Act.DECLINED: "否定",
    Act.HANDED_OVER: "移交",
    Act.ENDED: "终止",
    Act.OBJECTED: "企业提出异议",
    Act.ANSWERED: "答复异议",
    Act.DISMISSED: "差异不采纳",
}


class Doubt(StrEnum):
    """Where something that speaks against a confirmed membership comes from."""

    EVIDENCE = "evidence"
    STATEMENT = "statement"


DOUBT_NAMES: Final[Mapping[str, str]] = {
    Doubt.EVIDENCE: "与现有依据不一致",
    Doubt.STATEMENT: "与需求填报不一致",
}


@dataclass(frozen=True, slots=True)
class Stated:
    """What a need states of its firm's chain and role, with the figures that compare firms of a link (fen, persons)."""

    need: str
    chain: str | None
    role: str | None
    revenue_fen: int | None = None
    staff: int | None = None


@dataclass(frozen=True, slots=True)
class Firm:
    """What proposing knows of a firm; the traits' subject is the firm's number as text."""

    traits: Traits
    stated: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A stored membership by its number, as the rules read it."""

    number: int
    membership: Membership


@dataclass(frozen=True, slots=True)
class Addition:
    """A proposal to store, with what carries it."""

    subject: str
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a confirmed membership (number): `asked` is what it points to."""

    number: int
    kind: Doubt
    asked: str
    text: str


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run changes: proposals to add and to withdraw (numbers), and all questions that stand after it."""

    additions: tuple[Addition, ...]
    withdrawals: tuple[int, ...]
    kept: int
    questions: tuple[Asked, ...]
    with_proposal: int
    by_chain: Mapping[str, int]
    by_confidence: Mapping[str, int]


def with_largest(
    firms: Sequence[Firm], answers: Sequence[Answer], chains: Sequence[ChainProfile], sizes: SizeStandard
) -> list[Answer]:
    """Answer the same answers, but with 链主 proposed for the largest firm of each core link that can be compared."""
    core = {(chain.code, link.code) for chain in chains for link in chain.links if link.role is Role.CORE}
    compared: dict[str, tuple[Firm, Stated]] = {}
    members: list[SizedMember] = []
    for firm, answer in zip(firms, answers, strict=True):
        links = [(one.chain, one.link) for one in answer.proposals if (one.chain, one.link) in core]
        found = _largest_stated(firm.stated) if links else None
        if found is not None:
            compared[answer.subject] = (firm, found)
            members += [
                SizedMember(answer.subject, chain, link, None, found.revenue_fen, None)
                for chain, link in links
                if link is not None
            ]
    standings = {
        (one.subject, one.chain): one
        for one in largest_of_links(members, chains)
        if not _is_small(compared[one.subject][0].traits.industry, compared[one.subject][1], sizes)
    }
    subjects = {subject for subject, _chain in standings}

    def raised(answer: Answer) -> Answer:
        return replace(
            answer,
            proposals=tuple(
                _raised(one, standings.get((answer.subject, one.chain))) for one in answer.proposals
            ),
        )

    return [raised(one) if one.subject in subjects else one for one in answers]


def _raised(proposal: Proposal, standing: CoreStanding | None) -> Proposal:
    is_its = standing is not None and standing.link == proposal.link and proposal.role is not Role.CORE
    return as_core(proposal, standing) if is_its and standing is not None else proposal


def _largest_stated(stated: Iterable[Stated]) -> Stated | None:
    """Answer the statement with the greatest revenue: several needs of a firm may differ."""
    told = [one for one in stated if one.revenue_fen is not None]
    return max(told, key=lambda one: one.revenue_fen or 0, default=None)


def _is_small(industry: str | None, stated: Stated, sizes: SizeStandard) -> bool:
    found = size_class(industry, stated.revenue_fen, stated.staff, sizes).size
    return found in {SizeClass.SMALL, SizeClass.MICRO}


def plan_run(
    firms: Sequence[Firm],
    answers: Sequence[Answer],
    held: Mapping[str, Sequence[Held]],
    *,
    names: Mapping[str, str],
    day: date,
    at: datetime,
) -> RunPlan:
    """Answer what the answers for firms change among their stored memberships; `names` are those of chains by code.

    What people said is left as it is; where something speaks against it, that becomes a question.
    """
    additions: list[Addition] = []
    withdrawals: list[int] = []
    questions: list[Asked] = []
    kept = 0
    by_chain, by_confidence = Counter[str](), Counter[str]()
    for firm, answer in zip(firms, answers, strict=True):
        for one in answer.proposals:
            by_chain[one.chain] += 1
            by_confidence[one.confidence] += 1
        own = held.get(answer.subject)
        if not own:
            additions += [Addition(answer.subject, one) for one in answer.proposals]
            continue
        numbers = {one.membership: one.number for one in own}
        change = repropose(numbers, answer, day=day, at=at)
        offered = {one.chain: one for one in answer.proposals}
        additions += [Addition(answer.subject, offered[one.chain]) for one in change.add]
        withdrawals += [numbers[one] for one in change.withdraw]
        kept += sum(one.state is State.PROPOSED for one in numbers) - len(change.withdraw)
        questions += [_asked_by(numbers[one.confirmed], one) for one in change.differences]
        questions += statement_questions(own, firm.stated, names, day)
    return RunPlan(
        tuple(additions),
        tuple(withdrawals),
        kept,
        tuple(questions),
        sum(bool(answer.proposals) for answer in answers),
        dict(sorted(by_chain.items())),
        dict(sorted(by_confidence.items())),
    )


def _asked_by(number: int, difference: Difference) -> Asked:
    now = difference.proposal
    return Asked(number, Doubt.EVIDENCE, f"{now.chain}/{now.link or ''}/{now.role}", difference.sentence)


def statement_questions(
    own: Iterable[Held], stated: Iterable[Stated], names: Mapping[str, str], day: date
) -> Iterator[Asked]:
    """Yield what needs of a firm state against its confirmed memberships on a day.

    A need that names a chain in which the firm is confirmed is asked of its role alone; one that names a chain in
    which it is not is asked of the first confirmed one. A need that names none asks nothing.
    """
    confirmed = {
        one.membership.chain: one
        for one in own
        if one.membership.state is State.CONFIRMED and one.membership.period.holds(day)
    }
    if not confirmed:
        return
    for need in stated:
        if need.chain is None:
            continue
        same = confirmed.get(need.chain)
        if same is not None and (need.role is None or need.role == same.membership.role):
            continue
        one = same or min(confirmed.values(), key=lambda each: each.number)
        role = f"（{ROLES[need.role]}）" if need.role is not None and need.role in ROLES else ""
        text = (
            f"融资需求{need.need}填报为“{names.get(need.chain, need.chain)}”{role}，"
            f"{one.membership.by}确认为“{names.get(one.membership.chain, one.membership.chain)}”"
            f"{ROLE_NAMES[one.membership.role]}。匹配仍按需求填报，请核对后改正其中一处。"
        )
        yield Asked(one.number, Doubt.STATEMENT, f"{need.need}/{need.chain}/{need.role or ''}", text)


def input_hash(firms: Iterable[Firm], chains: Iterable[ChainProfile]) -> str:
    """Answer the SHA-256 of all that a run rests on."""
    digest = hashlib.sha256(ENGINE_VERSION.encode())
    for chain in chains:
        digest.update(repr(chain).encode())
    for firm in firms:
        digest.update(repr(firm).encode())
    return digest.hexdigest()


def by_subject(held: Iterable[tuple[int, Membership]]) -> dict[str, list[Held]]:
    """Answer stored memberships by firm."""
    found = defaultdict[str, list[Held]](list)
    for number, membership in held:
        found[membership.subject].append(Held(number, membership))
    return found


def seen_hash(chosen: Iterable[tuple[int, int]], decision: str) -> str:
    """Answer the SHA-256 of the proposals (number, version) that a preview showed, and what was to be made of them."""
    written = ";".join(f"{number}:{version}" for number, version in sorted(chosen))
    return hashlib.sha256(f"{decision}|{written}".encode()).hexdigest()
