"""Who may see what, in plain Python over the stored rows: written apart from the conditions that it checks."""

from collections import defaultdict
from typing import Any

from app.accounts.rules import Role, Viewer
from tests.visibility.core_firms import CoreReaders
from tests.visibility.sealed_lists import Readers
from tests.visibility.world import Owner, World

Ids = set[Any]
LENDERS = (Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR, Role.GUARANTOR)
ANSWERABLE = (Role.COORDINATOR, Role.ENTERPRISE, Role.AUDITOR)


def lies_in(region: str, scope: str) -> bool:
    """Tell whether a region is a scope or lies below it: province 2, city 4, county 6 digits."""
    if len(scope) != 6:
        return False
    digits = 2 if scope[2:] == "0000" else 4 if scope[4:] == "00" else 6
    return region[:digits] == scope[:digits]


class Oracle:
    """Answers the ids of the rows of each table that a viewer may see; those of match results are pairs."""

    def __init__(self, world: World) -> None:
        self.world, self.rows = world, world.rows
        self.readers = Readers(world.rows)
        self.by_code = {row["code"]: row["id"] for row in self.rows["institutions"]}
        self.parents = {row["id"]: row["parent_id"] for row in self.rows["institutions"]}
        self.firms = {row["id"]: row for row in self.rows["enterprises"]}
        self.needs = {row["id"]: row for row in self.rows["needs"]}
        self.consents, self.supports = defaultdict(list), defaultdict(list)
        self._seen: dict[Viewer, dict[str, Ids]] = {}
        self._markers: dict[Viewer, set[bytes]] = {}
        for row in self.rows["consents"]:
            self.consents[row["need_id"]].append(row)
        for row in self.rows["assignment_supports"]:
            self.supports[row["assignment_id"]].append(row["institution_id"])

    def is_below(self, institution: int | None, top: int | None) -> bool:
        """Tell whether an institution is another or stands below it."""
        while institution is not None and institution != top:
            institution = self.parents[institution]
        return institution is not None

    def is_of(self, viewer: Viewer, institution: int | None) -> bool:
        """Tell whether an institution is one of a lender's own."""
        tops = [self.by_code.get(scope) for scope in viewer.scopes(*LENDERS)]
        return any(top is not None and self.is_below(institution, top) for top in tops)

    def is_live(self, consent: dict[str, Any], holder: int) -> bool:
        """Tell whether a consent holds for a holding institution."""
        is_recipient = consent["institution_id"] is None or self.is_below(holder, consent["institution_id"])
        return consent["revoked_at"] is None and consent["until"] >= self.world.day and is_recipient

    def whole_entries(self, viewer: Viewer) -> Ids:
        """Answer the entries of which a viewer sees all that any institution did."""
        return {
            entry["id"]
            for entry in self.rows["whitelist_entries"]
            if viewer.has(Role.AUDITOR)
            or any(lies_in(entry["region_code"], scope) for scope in viewer.scopes(Role.COORDINATOR))
            or entry["chain_code"] in viewer.scopes(Role.CHAIN_MANAGER)
            or self.firms[entry["enterprise_id"]]["uscc"] in viewer.scopes(Role.ENTERPRISE)
        }

    def held(self, viewer: Viewer) -> dict[int, list[dict[str, Any]]]:
        """Answer the entries that a viewer's institutions hold and may be shown, each with the consents."""
        needs = {entry["id"]: entry["need_id"] for entry in self.rows["whitelist_entries"]}
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in self.rows["assignments"]:
            if row["ended_at"] is not None:
                continue
            for holder in [row["institution_id"], *self.supports[row["id"]]]:
                if holder is not None and self.is_of(viewer, holder):
                    live = [one for one in self.consents[needs[row["entry_id"]]] if self.is_live(one, holder)]
                    found[row["entry_id"]] += live
        return {entry: consents for entry, consents in found.items() if consents}

    def own_firms(self, viewer: Viewer) -> Ids:
        """Answer the firms that are the viewer's own or lie in its region."""
        return {
            firm["id"]
            for firm in self.rows["enterprises"]
            if viewer.has(Role.AUDITOR)
            or firm["uscc"] in viewer.scopes(Role.ENTERPRISE)
            or any(lies_in(firm["region_code"], scope) for scope in viewer.scopes(Role.COORDINATOR))
        }

    def seen(self, viewer: Viewer) -> dict[str, Ids]:
        """Answer the ids of all rows that a viewer may see, by table."""
        if viewer not in self._seen:
            self._seen[viewer] = self._found(viewer)
        return self._seen[viewer]

    def _found(self, viewer: Viewer) -> dict[str, Ids]:
        whole, held, own = self.whole_entries(viewer), self.held(viewer), self.own_firms(viewer)
        entries = whole | held.keys()
        listed = [entry for entry in self.rows["whitelist_entries"] if entry["id"] in entries]
        firms = own | {entry["enterprise_id"] for entry in listed} | self._members(viewer)
        needs = {need["id"] for need in self.needs.values() if need["enterprise_id"] in own}
        needs |= {entry["need_id"] for entry in listed}
        answered = self._answered_needs(viewer)
        lent = {consent["id"] for consents in held.values() for consent in consents}
        assignments = self._assignments(viewer, whole, held.keys())
        cases, coordination = self._cases(whole, held), self._coordination(viewer, whole, held)
        judged = self.whole_entries(viewer.only(Role.COORDINATOR, Role.AUDITOR))
        return {
            "whitelist_entries": entries,
            "match_results": entries,
            "match_counts": entries,
            "plan_effects": entries,
            "plan_reallocated_entries": entries,
            "enterprises": firms,
            "needs": needs,
            "need_revisions": {row["id"] for row in self.rows["need_revisions"] if row["need_id"] in needs},
            "projects": self._projects(own, needs),
            "enterprise_contacts": self._contacts(viewer, held),
            "consents": lent | {row["id"] for row in self.rows["consents"] if row["need_id"] in answered},
            "disclosures": {row["id"] for row in self.rows["disclosures"] if row["need_id"] in answered},
            "assignments": assignments,
            "assignment_supports": assignments,
            "entry_handlers": self._handlers(viewer, whole, held.keys()),
            "docking_events": self._events(viewer, whole, held.keys()),
            "entry_clocks": {
                row["entry_id"]
                for row in self.rows["entry_clocks"]
                if row["entry_id"] in whole
                or (row["entry_id"] in held and self.is_of(viewer, row["institution_id"]))
            },
            "bottleneck_cases": cases,
            "bottleneck_findings": cases,
            "entry_withdrawals": {
                row["id"] for row in self.rows["entry_withdrawals"] if row["entry_id"] in entries
            },
            "coordination_cases": coordination,
            "coordination_comments": {
                row["id"] for row in self.rows["coordination_comments"] if row["case_id"] in coordination
            },
            "review_items": {row["id"] for row in self.rows["review_items"] if row["entry_id"] in judged},
            "whitelist_imports": self._imports(viewer),
            "selection_submissions": self.readers.submissions(viewer),
            "selection_drafts": self.readers.drafts(viewer),
            "enterprise_registrations": self._registrations(viewer),
            **CoreReaders(self, self.world.day).seen(viewer, lies_in),
            **self._memberships(viewer, own),
            **self._event_rows(viewer),
            "notices": {row["id"] for row in self.rows["notices"] if row["person_id"] == viewer.person},
            "award_nominations": self._of_awards(viewer, "award_nominations"),
            "award_appeals": self._of_awards(viewer, "award_appeals"),
            "award_ballots": self._own(viewer, "award_ballots"),
        }

    def _members(self, viewer: Viewer) -> Ids:
        """Answer the firms that are proposed for a chain of the viewer's or confirmed in it."""
        return {
            row["enterprise_id"]
            for row in self.rows["chain_memberships"]
            if row["chain_code"] in viewer.scopes(Role.CHAIN_MANAGER)
            and row["state"] in {"proposed", "confirmed"}
        }

    def _memberships(self, viewer: Viewer, own: Ids) -> dict[str, Ids]:
        chains = viewer.scopes(Role.CHAIN_MANAGER)

        def seen(table: str, firms: Ids) -> Ids:
            found = self.rows[table]
            return {
                one["id"] for one in found if one["enterprise_id"] in firms or one["chain_code"] in chains
            }

        def hanging(table: str, on: Ids) -> Ids:
            return {one["id"] for one in self.rows[table] if one["membership_id"] in on}

        members = seen("chain_memberships", own)
        asked = self.own_firms(viewer.only(Role.COORDINATOR, Role.CHAIN_MANAGER, Role.AUDITOR))
        return {
            "chain_memberships": members,
            "membership_listings": seen("membership_listings", own),
            "membership_acts": hanging("membership_acts", members),
            "membership_objections": hanging("membership_objections", members),
            "membership_questions": hanging("membership_questions", seen("chain_memberships", asked)),
        }

    def markers(self, viewer: Viewer) -> set[bytes]:
        """Answer the markers that a viewer may read."""
        if viewer not in self._markers:
            seen = self.seen(viewer)
            owned = self.world.owners.items()
            self._markers[viewer] = {marker for marker, owner in owned if is_in(owner, seen)}
        return self._markers[viewer]

    def _answered_needs(self, viewer: Viewer) -> Ids:
        answerable = viewer.only(*ANSWERABLE)
        own, whole = self.own_firms(answerable), self.whole_entries(answerable)
        listed = {row["need_id"] for row in self.rows["whitelist_entries"] if row["id"] in whole}
        return listed | {need["id"] for need in self.needs.values() if need["enterprise_id"] in own}

    def _projects(self, own: Ids, needs: Ids) -> Ids:
        asked = {self.needs[need]["project_id"] for need in needs}
        return {
            row["id"] for row in self.rows["projects"] if row["enterprise_id"] in own or row["id"] in asked
        }

    def _contacts(self, viewer: Viewer, held: dict[int, list[dict[str, Any]]]) -> Ids:
        firms = {entry["id"]: entry["enterprise_id"] for entry in self.rows["whitelist_entries"]}
        reached = viewer.only(Role.COORDINATOR, Role.ENTERPRISE)
        lent = {
            firms[entry] for entry, consents in held.items() if any(one["shows_contact"] for one in consents)
        }
        return self.own_firms(reached) | {firms[entry] for entry in self.whole_entries(reached)} | lent

    def _assignments(self, viewer: Viewer, whole: Ids, held: Any) -> Ids:
        return {
            row["id"]
            for row in self.rows["assignments"]
            if row["entry_id"] in whole
            or (
                row["entry_id"] in held
                and any(self.is_of(viewer, one) for one in [row["institution_id"], *self.supports[row["id"]]])
            )
        }

    def _handlers(self, viewer: Viewer, whole: Ids, held: Any) -> Ids:
        entries = {row["id"]: row["entry_id"] for row in self.rows["assignments"]}
        return {
            row["id"]
            for row in self.rows["entry_handlers"]
            if entries[row["assignment_id"]] in whole
            or (entries[row["assignment_id"]] in held and self.is_of(viewer, row["institution_id"]))
        }

    def _events(self, viewer: Viewer, whole: Ids, held: Any) -> Ids:
        return {
            row["id"]
            for row in self.rows["docking_events"]
            if row["entry_id"] in whole
            or (row["entry_id"] in held and self.is_of(viewer, row["institution_id"]))
        }

    def _coordination(self, viewer: Viewer, whole: Ids, held: dict[int, list[dict[str, Any]]]) -> Ids:
        told = self._told(held)
        return {
            row["id"]
            for row in self.rows["coordination_cases"]
            if row["entry_id"] in whole
            or row["entry_id"] in told
            or (row["entry_id"] in held and self.is_of(viewer, row["raised_for_institution_id"]))
        }

    def _told(self, held: dict[int, list[dict[str, Any]]]) -> Ids:
        return {
            entry
            for entry, consents in held.items()
            if any(one["shows_financial"] for one in consents)
            and any(one["shows_judicial"] for one in consents)
        }

    def _cases(self, whole: Ids, held: dict[int, list[dict[str, Any]]]) -> Ids:
        told = self._told(held)
        return {
            row["id"]
            for row in self.rows["bottleneck_cases"]
            if row["entry_id"] in whole or (row["is_current"] and row["entry_id"] in told)
        }

    def _event_rows(self, viewer: Viewer) -> dict[str, Ids]:
        """Answer guests, meetings and results of docking events: of hosts and auditors, a guest's own, who accepted to meet it."""
        guests = {row["id"]: row for row in self.rows["event_guests"]}
        meetings = self.rows["event_meetings"]
        whole = {number for number, row in guests.items() if self._hosts_or_is(viewer, row)}
        banks = {number for number, row in guests.items() if self._is_own_bank(viewer, row)}
        met = {
            row["firm_guest_id"]
            for row in meetings
            if row["bank_guest_id"] in banks and guests[row["firm_guest_id"]]["state"] == "accepted"
        }
        chains = {row["id"]: row["chain_code"] for row in self.rows["hosted_events"]}
        covers = any(lies_in(viewer.jurisdiction, scope) for scope in viewer.scopes(Role.COORDINATOR))
        return {
            "event_guests": whole | banks | met,
            "event_meetings": {
                row["id"]
                for row in meetings
                if row["firm_guest_id"] in whole or row["bank_guest_id"] in banks
            },
            "event_results": {
                row["id"]
                for row in self.rows["event_results"]
                if covers
                or viewer.has(Role.AUDITOR)
                or chains[row["event_id"]] in viewer.scopes(Role.CHAIN_MANAGER)
            },
        }

    def _hosts_or_is(self, viewer: Viewer, row: dict[str, Any]) -> bool:
        firm = self.firms.get(row["enterprise_id"])
        is_own = firm is not None and firm["uscc"] in viewer.scopes(Role.ENTERPRISE)
        return (
            viewer.has(Role.AUDITOR)
            or any(lies_in(row["region_code"], scope) for scope in viewer.scopes(Role.COORDINATOR))
            or row["chain_code"] in viewer.scopes(Role.CHAIN_MANAGER)
            or (is_own and row["state"] != "proposed")
        )

    def _is_own_bank(self, viewer: Viewer, row: dict[str, Any]) -> bool:
        own = [self.by_code.get(scope) for scope in viewer.scopes(*LENDERS)]
        is_own = any(node is not None and self.is_below(node, row["institution_id"]) for node in own)
        return row["institution_id"] is not None and is_own and row["state"] != "proposed"

    def may_answer(self, viewer: Viewer, row: dict[str, Any], seen: dict[str, Ids]) -> bool:
        """Tell whether a viewer speaks for a guest: its host, the firm itself, or one of the bank's offices that do."""
        firm = self.firms.get(row["enterprise_id"])
        if firm is not None and firm["uscc"] in viewer.scopes(Role.ENTERPRISE):
            return True
        if row["chain_code"] in viewer.scopes(Role.CHAIN_MANAGER) or any(
            lies_in(row["region_code"], scope) for scope in viewer.scopes(Role.COORDINATOR)
        ):
            return True
        return row["institution_id"] is not None and any(
            self.is_of(viewer, office) for office in self._offices(row, seen)
        )

    def _offices(self, row: dict[str, Any], seen: dict[str, Ids]) -> Ids:
        """Answer a bank's offices that speak for it at an event: above all, of the place, of firms that accepted to meet it."""
        bank = row["institution_id"]
        [place] = [one["place_code"] for one in self.rows["hosted_events"] if one["id"] == row["event_id"]]
        of_place = Ids()
        for digits in (6, 4, 2):
            of_place = of_place or {
                one["institution_id"]
                for one in self.rows["institution_areas"]
                if one["region_code"] == place[:digits].ljust(6, "0")
                and self.is_below(one["institution_id"], bank)
                and self._may_hold(one["institution_id"])
            }
        guests = {one["id"]: one for one in self.rows["event_guests"]}
        firms = [
            guests[one["firm_guest_id"]]
            for one in self.rows["event_meetings"]
            if one["bank_guest_id"] == row["id"]
        ]
        entries = {entry for firm in firms if firm["state"] == "accepted" for entry in firm["entry_ids"]}
        holding = {
            one["institution_id"]
            for one in self.rows["assignments"]
            if one["entry_id"] in entries and one["ended_at"] is None and one["id"] in seen["assignments"]
        }
        return {bank} | of_place | {one for one in holding if self.is_below(one, bank)}

    def _may_hold(self, institution: int) -> bool:
        return any(
            one["id"] == institution and one["capacity"] is not None for one in self.rows["institutions"]
        )

    def _imports(self, viewer: Viewer) -> Ids:
        covers = any(lies_in(viewer.jurisdiction, scope) for scope in viewer.scopes(Role.COORDINATOR))
        all_of_them = covers or viewer.has(Role.AUDITOR)
        return {row["id"] for row in self.rows["whitelist_imports"]} if all_of_them else set()

    def _own(self, viewer: Viewer, table: str) -> Ids:
        return {row["id"] for row in self.rows[table] if row["person_id"] == viewer.person}

    def _of_awards(self, viewer: Viewer, table: str) -> Ids:
        covers = any(lies_in(viewer.jurisdiction, scope) for scope in viewer.scopes(Role.COORDINATOR))
        all_of_them = covers or viewer.has(Role.AUDITOR)
        return {row["id"] for row in self.rows[table]} if all_of_them else self._own(viewer, table)

    def _registrations(self, viewer: Viewer) -> Ids:
        return {
            row["id"]
            for row in self.rows["enterprise_registrations"]
            if row["person_id"] == viewer.person
            or any(lies_in(row["region_code"], scope) for scope in viewer.scopes(Role.COORDINATOR))
        }


def is_in(owner: Owner, seen: dict[str, Ids]) -> bool:
    """Tell whether a row is among those that are seen."""
    table, id_ = owner
    return id_ in seen[table] if table != "need_revisions" else id_ in seen["need_revisions"]
