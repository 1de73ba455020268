"""May see: the one place that turns a viewer into conditions on rows.

The conditions are bound to the session when the door lets a viewer in, and are added to every
statement wherever one of these tables stands in it, subqueries and joins included. No query has to
remember them, and none can forget them. `public.PUBLIC` names all other tables, each with the reason why it
needs no conditions; a test holds the two lists against the database's tables.

Who sees an entry 名单条目, and what hangs on it:

- the coordinator of the region (of a part of the jurisdiction: the entries of that part);
- the manager of its chain;
- its own enterprise;
- institutions, and those above them in their tree, while they are responsible for it or support it
  *and* a consent of the enterprise holds; of assignments, docking events and handlers they see their own
  (of themselves and of all below), and the assignments that they support; of coordination cases those that
  were raised for them;
- the auditor, to replay decisions, without contact details.

A list of two-sided selection 双向选择 is sealed: until its round is locked its participant's own people alone see it, then
coordinators of the whole and auditors too. (What is published of it stands in the result's inputs.)

Conditions on the rows that are asked for are written on mapped classes, all else on aliases of bare
tables, because those are never narrowed themselves. What is looked up row by row uses an index: the
primary key or a foreign key of the entry.
"""

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    False_,
    String,
    Table,
    and_,
    false,
    or_,
    select,
    true,
)

from app.accounts.rules import Role, Viewer
from app.accounts.tables import EnterpriseRegistration
from app.allocation.tables import Assignment, AssignmentSupport, EntryHandler
from app.awards.tables import AwardAppeal, AwardBallot, AwardNomination
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.coordination.tables import CoordinationCase, CoordinationComment
from app.docking.tables import DockingEvent, EntryClock
from app.enterprises.tables import (
    Consent,
    Disclosure,
    Enterprise,
    EnterpriseContact,
    Need,
    NeedRevision,
    Project,
)
from app.institutions.tables import Institution
from app.kernel.database import Criterion, Sight, Written
from app.kernel.direct import given, given_each
from app.matching.tables import MatchCount, MatchResult
from app.notifications.tables import Notice
from app.plans.tables import PlanEffectOnEntry, PlanReallocatedEntry
from app.selection.tables import SelectionDraft, SelectionRound, SelectionSubmission
from app.visibility import forms
from app.visibility.branch_queries import both, either, joined, looked_up, row_of
from app.visibility.core_list_queries import core_list_conditions
from app.visibility.entrusted_queries import below, entrusted
from app.visibility.event_queries import conditions_of_events
from app.visibility.forms import Form
from app.visibility.membership_queries import is_member, membership_conditions
from app.whitelist.tables import EntryWithdrawal, ReviewItem, WhitelistEntry, WhitelistImport

ENTRIES: Final = cast("Table", WhitelistEntry.__table__)
FIRMS: Final = cast("Table", Enterprise.__table__)
NEEDS: Final = cast("Table", Need.__table__)
CASES: Final = cast("Table", BottleneckCase.__table__)
COORDINATION: Final = cast("Table", CoordinationCase.__table__)
ASSIGNMENTS: Final = cast("Table", Assignment.__table__)
SUPPORTS: Final = cast("Table", AssignmentSupport.__table__)
INSTITUTIONS: Final = cast("Table", Institution.__table__)
CONSENTS: Final = cast("Table", Consent.__table__)
ROUNDS: Final = cast("Table", SelectionRound.__table__)

OTHERS: Final = (Role.ENTERPRISE, Role.COORDINATOR, Role.CHAIN_MANAGER, Role.AUDITOR)
"""Roles that see all of an entry that they see, whichever institution did it."""
ANSWERABLE: Final = (Role.ENTERPRISE, Role.COORDINATOR, Role.AUDITOR)
"""Roles that read who was shown what."""
MOST_REMEMBERED: Final = 1_000

Condition = ColumnElement[bool]


_DAY: Final = given(forms.DAY, Date)
_PERSON: Final = given(forms.PERSON, BigInteger)
_OF_CHAINS: Final = given_each(forms.CHAINS, String)
_OF_FIRMS: Final = given_each(forms.FIRMS, String)
_ENTRY: Final = given(forms.ENTRY)
_OF_INSTITUTIONS: Final = given_each(forms.INSTITUTIONS, String)
_OF_BANKS: Final = given_each(forms.BANKS, String)


@lru_cache(maxsize=MOST_REMEMBERED)
def criteria(viewer: Viewer, day: date) -> Sight:
    """Answer what a viewer sees on a day: conditions for each table with case data."""
    return Sight(written(Form.of(viewer)), forms.values(viewer, day))


@lru_cache(maxsize=MOST_REMEMBERED)
def criteria_of_entry(viewer: Viewer, day: date, code: str) -> Sight:
    """Answer what a viewer sees on a day who looks at one entry: not more of anything, and of institutions' entries that one.

    Who holds thousands of entries has them all looked through by each statement otherwise.
    """
    form = replace(Form.of(viewer), is_of_entry=True)
    return Sight(written(form), forms.values(viewer, day, code))


@lru_cache(maxsize=MOST_REMEMBERED)
def written(form: Form) -> Written:
    """Answer the conditions of a form, written once for all viewers of it."""
    return Written(Criterion(table, condition) for table, condition in conditions(form).items())


def conditions(form: Form) -> dict[type[Any], Condition]:
    """Answer for each mapped class with case data which of its rows a viewer of a form may see.

    Values stand in them as named parameters (`values`), never as they are.
    """
    sight = _Sight(form)
    own = _Sight(form.only(Role.ENTERPRISE, Role.COORDINATOR))
    judged = _Sight(form.only(Role.COORDINATOR, Role.AUDITOR))
    answered = _Sight(form.only(*ANSWERABLE))
    is_own_person = Notice.person_id == _PERSON if form.is_person else false()
    registered = EnterpriseRegistration.person_id == _PERSON if form.is_person else false()
    return {
        WhitelistEntry: sight.sees(WhitelistEntry),
        EntryWithdrawal: sight.of_entry(EntryWithdrawal.entry_id),
        MatchResult: sight.of_entry(MatchResult.entry_id),
        MatchCount: sight.of_entry(MatchCount.entry_id),
        BottleneckCase: sight.of_case(BottleneckCase),
        BottleneckFinding: row_of(CASES, BottleneckFinding.case_id, sight.of_case),
        CoordinationCase: sight.of_coordination(CoordinationCase),
        CoordinationComment: row_of(COORDINATION, CoordinationComment.case_id, sight.of_coordination),
        Assignment: sight.of_assignment(Assignment),
        AssignmentSupport: row_of(ASSIGNMENTS, AssignmentSupport.assignment_id, sight.of_assignment),
        EntryHandler: row_of(
            ASSIGNMENTS,
            EntryHandler.assignment_id,
            lambda row: sight.by_institution(row.entry_id, EntryHandler.institution_id),
        ),
        DockingEvent: sight.by_institution(DockingEvent.entry_id, DockingEvent.institution_id),
        EntryClock: sight.by_institution(EntryClock.entry_id, EntryClock.institution_id),
        ReviewItem: judged.of_entry(ReviewItem.entry_id),
        WhitelistImport: true() if form.covers_all or form.sees_all else false(),
        Enterprise: either(
            sight.of_firm(Enterprise),
            sight.of_listed(Enterprise.id, "enterprise_id"),
            is_member(form, Enterprise.id),
        ),
        **membership_conditions(form, lambda other, firm_id: _Sight(other).firm_holds_one_of_all(firm_id)),
        EnterpriseContact: either(
            own.of_firms(EnterpriseContact.enterprise_id), sight.calls(EnterpriseContact)
        ),
        Need: either(sight.firm_holds(Need.enterprise_id), sight.of_listed(Need.id, "need_id")),
        NeedRevision: sight.of_need(NeedRevision.need_id),
        Project: either(
            sight.firm_holds(Project.enterprise_id),
            sight.of_project(Project.id),
        ),
        Consent: either(answered.of_need(Consent.need_id), sight.lets(Consent.id)),
        Disclosure: answered.of_need(Disclosure.need_id),
        Notice: is_own_person,
        **_of_chains(form, sight),
        EnterpriseRegistration: either(
            _within(EnterpriseRegistration.region_code, form),
            registered,
        ),
        **core_list_conditions(form, sight.is_own, _within),
        **conditions_of_events(form, _within),
    }


def _of_chains(form: Form, sight: "_Sight") -> dict[type[Any], Condition]:
    """Answer the same for what comparisons of plans, awards and rounds of selection store."""
    oversees = true() if form.covers_all or form.sees_all else false()
    return {
        PlanEffectOnEntry: sight.of_entry(PlanEffectOnEntry.entry_id),
        PlanReallocatedEntry: sight.of_entry(PlanReallocatedEntry.entry_id),
        # Who put forward or objected shows who deals with whom; a ballot is its juror's until the votes are over.
        AwardNomination: either(oversees, _of_person(AwardNomination, form)),
        AwardAppeal: either(oversees, _of_person(AwardAppeal, form)),
        AwardBallot: _of_person(AwardBallot, form),
        SelectionSubmission: either(
            sight.speaks_for(SelectionSubmission), sight.unseals(SelectionSubmission)
        ),
        SelectionDraft: sight.speaks_for(SelectionDraft),
    }


class _Sight:
    """What viewers of a form see. A `row` is a mapped class, or the columns of an alias of its table."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.own = below().cte("own_institutions") if form.has_institutions else None
        self.held = (
            entrusted(is_of_entry=form.is_of_entry).cte("entrusted") if form.has_institutions else None
        )

    def sees(self, entry: Any) -> Condition:
        """Tell which entries are seen."""
        whole = self._sees_whole(entry)
        if self.held is None or self.form.is_of_entry or not isinstance(whole, False_):
            return either(whole, self._holds(entry.id))
        # Who holds some thousands of a hundred thousand reads those: of all tables this one alone is joined.
        return joined(entry.id, select(self.held.c.entry_id))

    def _sees_whole(self, entry: Any) -> Condition:
        """Tell which entries are seen with all that any institution did."""
        if self.form.sees_all:
            return true()
        in_chain = entry.chain_code.in_(_OF_CHAINS) if self.form.has_chains else false()
        return either(_within(entry.region_code, self.form), in_chain, self._is_of_own_firm(entry))

    def _is_of_own_firm(self, entry: Any) -> Condition:
        if not self.form.has_firms:
            return false()
        firm = FIRMS.alias()
        own = select(firm.c.id).where(firm.c.uscc.in_(_OF_FIRMS)).correlate(None)
        return cast("Condition", entry.enterprise_id.in_(own))

    def _holds(self, value: Any, column: str = "entry_id", *terms: str) -> Condition:
        """Tell what an institution of the viewer's holds and may be shown: an entry, its firm, need or consent."""
        if self.held is None:
            return false()
        which = select(self.held.c[column]).where(*(self.held.c[term] for term in terms))
        return looked_up(value, which)

    def is_own(self, institution_id: Any) -> Condition:
        """Tell which institutions are the viewer's own or below them."""
        if self.own is None:
            return false()
        return looked_up(institution_id, select(self.own.c.id))

    def of_entry(self, entry_id: Any) -> Condition:
        """Tell which rows hang on an entry that is seen."""
        return either(self._of_whole_entry(entry_id), self._holds(entry_id))

    def _of_whole_entry(self, entry_id: Any) -> Condition:
        return row_of(ENTRIES, entry_id, self._sees_whole)

    def by_institution(self, entry_id: Any, institution_id: Any) -> Condition:
        """Tell which of institutions' doings are seen: all, or those of the viewer's own."""
        return either(
            self._of_whole_entry(entry_id), both(self.is_own(institution_id), self._holds(entry_id))
        )

    def of_assignment(self, row: Any) -> Condition:
        """Tell which assignments are seen: all, or those of the viewer's own institutions and that they support."""
        helped = row_of(
            SUPPORTS, row.id, lambda support: self.is_own(support.institution_id), column="assignment_id"
        )
        is_theirs = either(self.is_own(row.institution_id), helped)
        return either(self._of_whole_entry(row.entry_id), both(is_theirs, self._holds(row.entry_id)))

    def of_case(self, row: Any) -> Condition:
        """Tell which bottleneck cases are seen; an institution sees what blocks now, not what did before.

        A case tells of loans, collateral and lawsuits by its route alone: consents, one or several, show both.
        """
        return either(self._of_whole_entry(row.entry_id), both(row.is_current, self._is_told(row.entry_id)))

    def of_coordination(self, row: Any) -> Condition:
        """Tell which coordination cases are seen; an institution sees those that were raised for itself too.

        Others' questions and answers may tell what bottleneck cases tell, and are shown as those are.
        """
        is_theirs = both(self.is_own(row.raised_for_institution_id), self._holds(row.entry_id))
        return either(self._of_whole_entry(row.entry_id), self._is_told(row.entry_id), is_theirs)

    def _is_told(self, entry_id: Any) -> Condition:
        """Tell of which entries consents, one or several, show financial and judicial facts both."""
        shown = ("shows_financial", "shows_judicial")
        return both(*(self._holds(entry_id, "entry_id", each) for each in shown))

    def of_firm(self, firm: Any) -> Condition:
        """Tell which firms are the viewer's own, or lie in its region."""
        if self.form.sees_all:
            return true()
        is_own = firm.uscc.in_(_OF_FIRMS) if self.form.has_firms else false()
        return either(_within(firm.region_code, self.form), is_own)

    def firm_holds(self, firm_id: Any) -> Condition:
        """Tell which rows belong to such a firm."""
        return row_of(FIRMS, firm_id, self.of_firm)

    def firm_holds_one_of_all(self, firm_id: Any) -> Condition:
        """Tell the same of rows that are counted whole, each of which has its firm.

        Nearly all firms are such for who coordinates the whole: that a row's lies nowhere else is found without joining them.
        """
        form = self.form
        if form.covers_all and form.regions and not (form.sees_all or form.has_firms):
            return ~row_of(FIRMS, firm_id, lambda firm: _outside(firm.region_code, form))
        return self.firm_holds(firm_id)

    def of_firms(self, firm_id: Any) -> Condition:
        """Tell which rows belong to such a firm, or to that of an entry that is seen."""
        return either(self.firm_holds(firm_id), self.of_listed(firm_id, "enterprise_id"))

    def of_need(self, need_id: Any) -> Condition:
        """Tell which rows belong to a need of such a firm, or of an entry that is seen."""
        of_firm = row_of(NEEDS, need_id, lambda need: self.firm_holds(need.enterprise_id))
        return either(self.of_listed(need_id, "need_id"), of_firm)  # the one lookup before the two

    def of_listed(self, value: Any, column: str) -> Condition:
        """Tell which rows are named in a column of an entry that is seen."""
        return either(row_of(ENTRIES, value, self._sees_whole, column=column), self._holds(value, column))

    def of_project(self, project_id: Any) -> Condition:
        """Tell which projects an entry that is seen asks for."""
        return row_of(NEEDS, project_id, lambda need: self.of_listed(need.id, "need_id"), column="project_id")

    def speaks_for(self, row: Any) -> Condition:
        """Tell which lists are of chains and banks whose own people the viewer is among."""
        of_chain = row.participant.in_(_OF_CHAINS) if self.form.has_chains else false()
        if not self.form.has_banks:
            return cast("Condition", of_chain)
        node, top = INSTITUTIONS.alias(), INSTITUTIONS.alias()
        is_below = and_(node.c.root_id == top.c.root_id, node.c.lineage.like(top.c.lineage + "%"))
        own = select(node.c.code).join_from(top, node, is_below).where(top.c.code.in_(_OF_BANKS))
        return either(of_chain, looked_up(row.participant, own))

    def unseals(self, row: Any) -> Condition:
        """Tell which lists are no longer sealed for whoever organises or audits selection: those of locked rounds."""
        if not (self.form.covers_all or self.form.sees_all):
            return false()
        return row_of(ROUNDS, row.round_id, lambda one: one.state != "open")

    def calls(self, contact: Any) -> Condition:
        """Tell which contact details the viewer's institutions may have, by a consent that shows them."""
        return self._holds(contact.enterprise_id, "enterprise_id", "shows_contact")

    def lets(self, consent_id: Any) -> Condition:
        """Tell by which consents the viewer's institutions see anything."""
        return self._holds(consent_id, "consent_id")


def _of_person(row: Any, form: Form) -> Condition:
    """Tell which rows a viewer made."""
    return cast("Condition", row.person_id == _PERSON) if form.is_person else false()


def _within(column: Any, form: Form) -> Condition:
    """Tell which rows lie in one of the regions of a form."""
    if form.covers_all:
        # Nearly all rows lie there. PostgreSQL, which plans without the values, takes a range for one row in 200.
        return either(
            *(
                and_((column < first).is_(false()), (column > last).is_(false()))
                for first, last in _ranges(form)
            )
        )
    return either(*(column.between(first, last) for first, last in _ranges(form)))


def _outside(column: Any, form: Form) -> Condition:
    """Tell which rows lie in none of the regions of a form."""
    return and_(*(or_(column < first, column > last) for first, last in _ranges(form)))


def _ranges(form: Form) -> list[tuple[Any, Any]]:
    """Answer the first and the last code of each region of a form, as they are written."""
    names = (forms.region_names(number) for number in range(form.regions))
    return [(given(first), given(last)) for first, last in names]
