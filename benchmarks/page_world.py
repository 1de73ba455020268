"""The province of the load test with what stands beside its entries, as rows: chains with plans, members, core firms' lists, the library, observed figures.

What is computed of it (a draft's comparison, a round, a timetable, an award) page_life.py has people do.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from app.accounts.rules import Role
from app.awards.observed import Figures
from app.awards.tables import ObservationRun, ProductObservation
from app.catalogue.quarters import Quarter, quarter_with
from app.catalogue.tables import LibraryCall, LibraryEdition, LibraryItem
from app.chains.profile_files import load_profiles
from app.chains.tables import Chain, ChainManager, ChainPlace, ChainPlan
from app.core_lists.tables import (
    CoreList,
    CoreListMatch,
    CoreListMember,
    CoreListRow,
    CoreListRun,
    CoreListVersion,
)
from app.enterprises.need_facts import NeedFacts
from app.kernel.settings import get_settings
from app.membership.tables import (
    ChainMembership,
    MembershipAct,
    MembershipObjection,
    MembershipQuestion,
    MembershipRun,
)
from app.plans.schemas import DraftIn
from benchmarks.load_world import (
    FIRST_DAY,
    HASH,
    JURISDICTION,
    LISTED,
    OTHERS,
    LoadWorld,
    Row,
    credit_code,
)
from benchmarks.matching_world import BANKS, ROOTS

CHAINS: Final = 30
PERIOD: Final = 45
"""Of so many statements of needs in a row, the first `CHAINS` are each on a chain, the others on none."""
LISTED_FIRMS: Final = (2_000, 500, 200, 100, 60, 40, 30, 20, 20, 20)
"""So many firms are on each core firm's list."""
CLAUSE: Final = "黑银发〔2023〕25号（十四）"
STATES: Final = ("proposed", "proposed", "proposed", "confirmed", "confirmed", "declined")
CONFIDENCES: Final = ("industry_and_scope", "narrow_industry", "scope", "broad_industry")


def chain_code(number: int) -> str:
    """Answer the code of a chain, from 1."""
    return f"BENCH-{number:02d}"


class PageWorld(LoadWorld):
    """The load test's province, two thirds of its entries on chains."""

    others = (*OTHERS, (Role.CHAIN_MANAGER, chain_code(1)))
    numbered = (
        *LoadWorld.numbered, "chains", "membership_runs", "chain_memberships", "core_lists", "core_list_versions",
        "core_list_rows", "core_list_members", "core_list_runs", "library_editions", "observation_runs",
    )  # fmt: skip

    def _real(self, number: int, facts: NeedFacts) -> NeedFacts:
        place = number % PERIOD
        chain = chain_code(1 + place) if place < CHAINS else None
        return super()._real(number, facts).model_copy(update={"chain": chain})

    def _rows(self, edition_id: int) -> Iterator[tuple[type[Any], Iterable[Row]]]:
        yield Chain, self._chains()
        yield ChainManager, self._chain_managers()
        yield ChainPlace, self._chain_places()
        yield from super()._rows(edition_id)
        yield ChainPlan, self._plans()
        yield MembershipRun, self._membership_runs()
        yield ChainMembership, self._memberships()
        yield MembershipAct, self._acts()
        yield MembershipQuestion, self._questions()
        yield MembershipObjection, self._objections()
        yield CoreList, self._core_lists()
        yield CoreListVersion, self._versions()
        yield CoreListRow, self._listed_rows()
        yield CoreListMember, self._members()
        yield CoreListRun, self._list_runs()
        yield CoreListMatch, self._list_matches()
        yield LibraryCall, self._calls()
        yield LibraryEdition, self._editions()
        yield LibraryItem, ({"edition_id": 1, "product_revision_id": one} for one in self._products())
        yield ObservationRun, self._observation_runs()
        yield ProductObservation, self._observations()

    def _products(self) -> range:
        return range(1, self.size.products + 1)

    def _chains(self) -> Iterator[Row]:
        profiles = load_profiles(get_settings().seed_dir)
        for number in range(1, CHAINS + 1):
            profile = profiles[(number - 1) % len(profiles)]
            industries = sorted({code for link in profile.links for code in link.industries})
            yield {
                "id": number, "code": chain_code(number), "jurisdiction": JURISDICTION, "name": f"{profile.name}{number}",
                "industries": industries, "source": CLAUSE, "profile": profile.code, "is_demo": True, "version": 1,
                "created_at": LISTED,
            }  # fmt: skip

    def _chain_managers(self) -> Iterator[Row]:
        for number in range(1, CHAINS + 1):
            for role in ("leader", "deputy", "office", "liaison"):
                yield {
                    "chain_id": number, "role": role, "name": f"负责人{number}", "body": "省工业和信息化厅",
                    "since": FIRST_DAY, "until": None, "place_kind": None, "place_code": None, "place_name": None,
                    "gap_reason": None, "created_at": LISTED,
                }  # fmt: skip

    def _chain_places(self) -> Iterator[Row]:
        for number in range(1, CHAINS + 1):
            for kind in ("cluster", "park"):
                yield {
                    "chain_id": number, "kind": kind, "code": f"{kind}-{number}", "name": f"集群{number}",
                    "since": FIRST_DAY, "until": None, "created_at": LISTED,
                }  # fmt: skip

    def _plans(self) -> Iterator[Row]:
        for number in range(1, CHAINS + 1):
            yield {
                "chain_id": number, "version": 1, "since": FIRST_DAY, "until": None,
                "content": self.plan(number).model_dump(mode="json", exclude={"since", "until", "replaces"}),
                "content_hash": HASH, "created_at": LISTED,
            }  # fmt: skip

    def plan(self, number: int, contracted: int = 8) -> DraftIn:
        """Answer what the plan of a chain says, with so many contracted banks."""
        banks = [f"bank-{(number * 7 + step) % BANKS}" for step in range(contracted)]
        return DraftIn.model_validate(
            {
                "since": self.today.isoformat(),
                "contracted": [{"institution": code, "quota": 20} for code in banks],
                "priority_purposes": ["equipment", "technical_upgrade"],
                "granted": [{"text": "开通绿色审批通道，优先办理审批", "clause": CLAUSE}],
                "bodies": [
                    {"name": "省工业和信息化厅", "role": "lead", "task": "统筹链上企业名单和融资需求"}
                ],
                "clauses": {"contracted": CLAUSE, "priority_purposes": CLAUSE, "bodies": CLAUSE},
            }
        )

    def _membership_runs(self) -> Iterator[Row]:
        yield {
            "id": 1, "jurisdiction": JURISDICTION, "firms": self.size.entries, "with_proposal": self.size.entries,
            "added": self.size.entries, "withdrawn": 0, "kept": 0, "questions": 0,
            "counts": {"chains": {}, "confidences": {}}, "input_hash": HASH, "started_by": "bench", "started_at": LISTED,
        }  # fmt: skip

    def _memberships(self) -> Iterator[Row]:
        for number in range(1, self.size.entries + 1):
            state = STATES[number % len(STATES)]
            yield {
                "id": number, "enterprise_id": number, "chain_code": chain_code(1 + number % CHAINS), "link": None,
                "role": "upstream", "state": state, "confidence": CONFIDENCES[number % len(CONFIDENCES)],
                "since": FIRST_DAY, "until": None, "reason": "行业代码与经营范围指向该环节",
                "word": None if state == "proposed" else "经核实", "said_by": "" if state == "proposed" else "bench",
                "said_at": LISTED, "run_id": 1, "version": 1,
            }  # fmt: skip

    def _acts(self) -> Iterator[Row]:
        for number in self._in_state("confirmed"):
            yield {
                "membership_id": number, "kind": "confirmed", "done_by": "bench", "done_at": LISTED, "reason": "经核实",
            }  # fmt: skip

    def _in_state(self, state: str) -> Iterator[int]:
        return (one for one in range(1, self.size.entries + 1) if STATES[one % len(STATES)] == state)

    def _questions(self) -> Iterator[Row]:
        for place, number in enumerate(self._in_state("confirmed")):
            if place % 50 == 0:
                yield {
                    "membership_id": number, "kind": "evidence", "asked": chain_code(1), "text": "现有依据指向另一环节",
                    "state": "open", "asked_at": LISTED, "decided_by": None, "decided_at": None, "decision": None,
                    "version": 1,
                }  # fmt: skip

    def _objections(self) -> Iterator[Row]:
        for place, number in enumerate(self._in_state("confirmed")):
            if place % 100 == 0:
                yield {
                    "membership_id": number, "membership_version": 1, "text": "本企业主要为整机配套，请核对",
                    "state": "open", "raised_by": "bench", "raised_at": LISTED, "answer": None, "answered_by": None,
                    "answered_at": None, "version": 1,
                }  # fmt: skip

    def _core_lists(self) -> Iterator[Row]:
        for number, _firm in enumerate(LISTED_FIRMS, 1):
            yield {
                "id": number, "enterprise_id": number, "core_uscc": credit_code(number), "core_name": f"企业{number}",
                "region_code": self.wording(number).region, "chain_code": chain_code(1), "state": "active",
                "evidence": "书面同意", "figures": {}, "decided_by": "bench", "decided_at": LISTED, "reason": None,
                "is_demo": True, "version": 1, "created_at": LISTED, "updated_at": LISTED,
            }  # fmt: skip

    def _versions(self) -> Iterator[Row]:
        for number, firms in enumerate(LISTED_FIRMS, 1):
            yield {
                "id": number, "list_id": number, "region_code": self.wording(number).region, "number": 1,
                "state": "current", "file_name": "上下游名单.xlsx", "file_sha256": HASH, "listed": firms,
                "given_by": "bench", "is_on_behalf": True, "evidence": "书面同意", "created_at": LISTED,
                "confirmed_at": LISTED, "ended_at": None,
            }  # fmt: skip

    def _on_lists(self) -> Iterator[tuple[int, int, int, int]]:
        """Answer list, place on it, firm, and a number from 1 over all; on small rosters firms are on fewer lists."""
        count = 0
        for number, firms in enumerate(LISTED_FIRMS, 1):
            for place in range(1, min(firms, self.size.entries - len(LISTED_FIRMS)) + 1):
                count += 1
                yield number, place, len(LISTED_FIRMS) + place, count

    def _listed_rows(self) -> Iterator[Row]:
        for number, place, firm, count in self._on_lists():
            is_unclear = place % 20 == 0
            yield {
                "id": count, "list_id": number, "version_id": number, "region_code": self.wording(number).region,
                "number": place, "uscc": None if is_unclear else credit_code(firm), "name": f"企业{firm}",
                "relation": "supplier", "yearly_fen": 30_000_000 + place, "since_year": 2015,
                "outcome": "review" if is_unclear else "code", "enterprise_id": None if is_unclear else firm,
                "likeness": None, "suspects": [{"uscc": credit_code(firm), "likeness": 950}] if is_unclear else [], "decided_by": None,
                "decided_at": None, "reason": None, "version": 1,
            }  # fmt: skip

    def _members(self) -> Iterator[Row]:
        for number, place, firm, count in self._on_lists():
            if place % 20:
                consents = place % 3 > 0
                yield {
                    "id": count, "list_id": number, "enterprise_id": firm, "region_code": self.wording(number).region,
                    "core_name": f"企业{number}", "chain_code": chain_code(1), "firm_uscc": credit_code(firm),
                    "firm_name": f"企业{firm}", "firm_region": self.wording(firm).region, "relation": "supplier",
                    "yearly_fen": 30_000_000 + place, "since_year": 2015,
                    "answer": "consented" if consents else "asked", "shows_trade": place % 2 == 0,
                    "until": self.today + timedelta(days=300) if consents else None,
                    "answered_by": "bench" if consents else None, "answered_at": LISTED if consents else None,
                    "listed_at": LISTED, "left_at": None, "version": 1,
                }  # fmt: skip

    def _list_runs(self) -> Iterator[Row]:
        for number, firms in enumerate(LISTED_FIRMS, 1):
            yield {
                "id": number, "list_id": number, "region_code": self.wording(number).region, "number": 1,
                "on_day": self.today, "share_percent": 30, "term_months": 6,
                "counts": {
                    "consented": firms * 2 // 3, "without_amount": 0, "matched": firms * 2 // 3, "on_core": 0, "decoupled": 0,
                    "fits": {"receivables": firms * 2 // 3}, "asks": {},
                },
                "inputs_hash": HASH, "run_by": "bench",
                "created_at": LISTED,
            }  # fmt: skip

    def _list_matches(self) -> Iterator[Row]:
        for number, place, firm, count in self._on_lists():
            if place % 20 and place % 3:
                for step in range(3):
                    product = 1 + (firm * 3 + step) % self.size.products
                    yield {
                        "run_id": number, "list_id": number, "member_id": count,
                        "region_code": self.wording(number).region, "product_revision_id": product,
                        "institution_id": ROOTS + 1 + int(self.world.products["bank"][product - 1]),
                        "kind": "receivables", "fit": "fits", "place": 1 + step, "score": 9_000 - step,
                        "amount_fen": 10_000_000,
                    }  # fmt: skip

    @property
    def quarter(self) -> Quarter:
        """Answer the quarter of today."""
        return quarter_with(self.today)

    @property
    def observed(self) -> str:
        """Answer the quarter up to which products were observed: the last of the award's year."""
        return f"{self.today.year - 1}Q4"

    def _calls(self) -> Iterator[Row]:
        coming = quarter_with(self.quarter.last + timedelta(days=1))
        yield {
            "jurisdiction": JURISDICTION, "quarter": coming.code, "due_on": self.quarter.last, "called_at": LISTED,
            "called_by": "bench",
        }  # fmt: skip

    def _editions(self) -> Iterator[Row]:
        yield {
            "id": 1, "jurisdiction": JURISDICTION, "code": self.quarter.code, "content_hash": HASH,
            "published_at": self.now,
        }  # fmt: skip

    def _observation_runs(self) -> Iterator[Row]:
        yield {
            "id": 1, "jurisdiction": JURISDICTION, "quarter": self.observed,
            "least": {"credits": 1, "answers": 1, "ratings": 1}, "dealings": 50_000, "approvals": 30_000,
            "answers": 50_000, "inputs_hash": HASH, "result_hash": HASH, "computed_at": LISTED, "computed_by": "bench",
            "version": 1,
        }  # fmt: skip

    def _observations(self) -> Iterator[Row]:
        for number in self._products():
            found = Figures(
                answers=10, approvals=6 + number % 5, timed=10, in_time=7 + number % 4, days_known=10, days=(3, 5, 9),
                credits=6, credited_entries=6, credited_fen=6_000_000_000, within_fen=5_000_000_000, below_fen=0,
                rates=(350, 385, 420), ratings=6, rated_sum=24 + number % 6,
            )  # fmt: skip
            yield {"run_id": 1, "product_id": number, "figures": found.as_data()}
