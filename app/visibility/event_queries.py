"""May see, of docking events 对接活动: guests, meetings, and what followed.

- Hosts (the coordinator of the region, the manager of the chain) and the auditor see guests whole.
- A guest, firm or bank with all its branches, sees its own invitation once it was told, and its own meetings.
- A bank sees a firm here that has accepted to meet it: whoever accepts agrees to that (docs/decisions/0028).
- Results name entries: who sees the whole roster sees them, and the manager of the chain.

Written as in queries.py; its `within` comes as an argument: it stands above.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, String, Table, and_, exists, false, select, true

from app.enterprises.tables import Enterprise
from app.events.states import GuestState
from app.events.tables import EventGuest, EventMeeting, HostedEvent, KeptResult
from app.institutions.tables import Institution
from app.kernel.direct import given_each
from app.visibility import forms
from app.visibility.branch_queries import either, row_of
from app.visibility.forms import Form

Condition = ColumnElement[bool]
GUESTS: Final = cast("Table", EventGuest.__table__)
MEETINGS: Final = cast("Table", EventMeeting.__table__)
HOSTED: Final = cast("Table", HostedEvent.__table__)
FIRMS: Final = cast("Table", Enterprise.__table__)
INSTITUTIONS: Final = cast("Table", Institution.__table__)
_OF_CHAINS: Final = given_each(forms.CHAINS, String)
_OF_FIRMS: Final = given_each(forms.FIRMS, String)
_OF_INSTITUTIONS: Final = given_each(forms.INSTITUTIONS, String)


def conditions_of_events(form: Form, within: Callable[[Any, Form], Condition]) -> dict[type[Any], Condition]:
    """Answer which guests, meetings and results a viewer of a form may see."""
    sight = _EventSight(form, within)
    return {
        EventGuest: either(
            sight.sees_whole(EventGuest), sight.is_of_own_bank(EventGuest), sight.meets(EventGuest)
        ),
        EventMeeting: either(
            row_of(GUESTS, EventMeeting.firm_guest_id, sight.sees_whole),
            row_of(GUESTS, EventMeeting.bank_guest_id, sight.is_of_own_bank),
        ),
        KeptResult: true()
        if form.covers_all or form.sees_all
        else row_of(HOSTED, KeptResult.event_id, sight.is_of_own_chain),
    }


class _EventSight:
    """What viewers of a form see; a `guest` is the mapped class or the columns of an alias of its table."""

    def __init__(self, form: Form, within: Callable[[Any, Form], Condition]) -> None:
        self.form, self.within = form, within

    def sees_whole(self, guest: Any) -> Condition:
        """Tell which guests are seen by hosts, auditors and the firm itself."""
        if self.form.sees_all:
            return true()
        in_regions = self.within(guest.region_code, self.form)
        return either(in_regions, self.is_of_own_chain(guest), self._is_of_own_firm(guest))

    def is_of_own_chain(self, row: Any) -> Condition:
        """Tell which guests, or events, are of a chain that the viewer manages."""
        return cast("Condition", row.chain_code.in_(_OF_CHAINS)) if self.form.has_chains else false()

    def _is_of_own_firm(self, guest: Any) -> Condition:
        if not self.form.has_firms:
            return false()
        firm = FIRMS.alias()
        own = select(firm.c.id).where(firm.c.uscc.in_(_OF_FIRMS)).correlate(None)
        return and_(guest.enterprise_id.in_(own), _is_told(guest))

    def is_of_own_bank(self, guest: Any) -> Condition:
        """Tell which guests are the bank above one of the viewer's institutions."""
        if not self.form.has_institutions:
            return false()
        return and_(guest.institution_id.in_(_own_banks()), _is_told(guest))

    def meets(self, guest: Any) -> Condition:
        """Tell which firms have accepted to meet a bank of the viewer's that was told of it."""
        if not self.form.has_institutions:
            return false()
        meeting = MEETINGS.alias()
        theirs = row_of(GUESTS, meeting.c.bank_guest_id, self.is_of_own_bank)
        return and_(
            guest.state == GuestState.ACCEPTED.value,
            exists().where(meeting.c.firm_guest_id == guest.id, theirs),
        )


def _is_told(guest: Any) -> Condition:
    return cast("Condition", guest.state != GuestState.PROPOSED.value)


def _own_banks() -> Select[int | None]:
    node = INSTITUTIONS.alias()
    return select(node.c.root_id).where(node.c.code.in_(_OF_INSTITUTIONS)).correlate(None)
