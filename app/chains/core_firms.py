"""Which firm of a chain's core link can be proposed as 链主: the largest there by revenue, else by assets.

Industry and words never make a 链主. A link is compared only where at least three firms state the figure, a
small or micro firm is none, and two equally large ones leave it open: thresholds of the operator, no text has one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.chains.membership import Proposal
from app.chains.profiles import ChainProfile, Role
from app.kernel.money import yuan_text

LEAST_COMPARED: Final = 3
_TOO_SMALL: Final = frozenset({"small", "micro"})


@dataclass(frozen=True, slots=True)
class SizedMember:
    """A firm proposed for or confirmed in a link, with its figures in fen where it states them."""

    subject: str
    chain: str
    link: str
    size_class: str | None
    revenue_fen: int | None
    assets_fen: int | None


@dataclass(frozen=True, slots=True)
class CoreStanding:
    """The largest firm of a core link, by which figure, and how many firms state that figure."""

    subject: str
    chain: str
    link: str
    figure: str
    amount_fen: int
    compared: int

    @property
    def reason(self) -> str:
        """Answer the ground of the proposal in Chinese."""
        return f"{self.figure}{yuan_text(self.amount_fen)}元，在本环节有该数据的{self.compared}户中最大，提议为链主，待确认"


def largest_of_links(members: Iterable[SizedMember], chains: Iterable[ChainProfile]) -> list[CoreStanding]:
    """Answer the largest firm of each core link that can be compared, by chain and link."""
    core = {(chain.code, link.code) for chain in chains for link in chain.links if link.role is Role.CORE}
    by_link = defaultdict[tuple[str, str], list[SizedMember]](list)
    for member in members:
        if (member.chain, member.link) in core:
            by_link[member.chain, member.link].append(member)
    found = (_largest(by_link[key]) for key in sorted(by_link))
    return [standing for standing in found if standing is not None]


def _largest(members: Sequence[SizedMember]) -> CoreStanding | None:
    for figure, amounts in (
        ("营业收入", [(one.revenue_fen, one) for one in members]),
        ("资产总额", [(one.assets_fen, one) for one in members]),
    ):
        stated = [(amount, one) for amount, one in amounts if amount is not None]
        if len(stated) >= LEAST_COMPARED:
            most = max(amount for amount, _ in stated)
            first, *others = [one for amount, one in stated if amount == most]
            if others or first.size_class in _TOO_SMALL:
                return None
            return CoreStanding(first.subject, first.chain, first.link, figure, most, len(stated))
    return None


def as_core(proposal: Proposal, standing: CoreStanding) -> Proposal:
    """Answer a proposal with the role 链主 on the ground of a standing in the same chain and link."""
    assert (proposal.chain, proposal.link) == (standing.chain, standing.link)
    return replace(proposal, role=Role.CORE, reason=f"{proposal.reason}{standing.reason}。")
