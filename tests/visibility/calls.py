"""How the walk calls every route. A new route stands here, or the walk fails and names it.

`named` gives for each path parameter, and for each name that the body uses, the pool of the world's values to
take (world.pools); pools of case rows are tried with own, foreign and missing values. `filters` likewise for
query parameters. `pages`: the answer has a cursor. `body` makes the JSON to send of the chosen values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Values = Mapping[str, str]
FACTS: Final = {
    "amount": "5000000.00", "term_months": 12, "purposes": ["working_capital"], "region": "230111",
    "source_class": "srdi", "industry": "C3412",
}  # fmt: skip
FIRM: Final = {"name": "漏网之鱼有限公司", "region": "230111"}
REASON: Final = {"reason": "核对后认为如此"}


@dataclass(frozen=True)
class Call:
    """How to call one route; `is_form`: it takes a form, not JSON."""

    named: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[Mapping[str, str], ...] = ({},)
    filters: Mapping[str, str] = field(default_factory=dict)
    pages: bool = False
    body: Callable[[Values], Any] | None = None
    is_form: bool = False


def _sends(content: Any) -> Callable[[Values], Any]:
    return lambda _values: content


NOTHING: Final = _sends({})
"""A body that no schema takes: what the route is for concerns no case rows."""
LIST: Final = Call(pages=True)
ENTRY, NEED, USCC = {"entry": "entry"}, {"code": "need"}, {"uscc": "uscc"}
CASE: Final = {"case": "case"}
YEAR: Final = {"year": "year"}
EVENT: Final = {"event": "event"}
ROUND, SPEAKER = {"round": "round"}, {"participant": "participant"}
CORE: Final = {"uscc": "core"}
DRAFT: Final = {"code": "chain", "draft": "number"}
COMPARISON: Final = DRAFT | {"comparison": "number"}
ACCOUNT: Final = Call()
ACCOUNT_CHANGE: Final = Call(body=NOTHING)

CALLS: Final[Mapping[str, Call]] = {
    # accounts: what is a person's own, or an administrator's to manage
    "POST /auth/token": ACCOUNT_CHANGE,
    "GET /auth/me": ACCOUNT,
    "GET /auth/sessions": LIST,
    "DELETE /auth/sessions/{session_id}": Call({"session_id": "word"}),
    "POST /auth/sign-out": ACCOUNT_CHANGE,
    "POST /auth/sign-out-everywhere": ACCOUNT_CHANGE,
    "POST /auth/password": ACCOUNT_CHANGE,
    "POST /api-keys": ACCOUNT_CHANGE,
    "GET /api-keys": LIST,
    "DELETE /api-keys/{key_id}": Call({"key_id": "number"}),
    "GET /auth/second-factor": ACCOUNT,
    "POST /auth/second-factor": ACCOUNT_CHANGE,
    "POST /auth/second-factor/confirmation": ACCOUNT_CHANGE,
    "POST /auth/second-factor/recovery-codes": ACCOUNT_CHANGE,
    "POST /auth/second-factor/removal": ACCOUNT_CHANGE,
    "GET /people": LIST,
    "GET /people/{person}": Call({"person": "number"}),
    "PATCH /people/{person}": Call({"person": "number"}, body=NOTHING),
    "POST /people/{person}/grants": Call({"person": "number"}, body=NOTHING),
    "PATCH /people/{person}/grants/{grant}": Call({"person": "number", "grant": "number"}, body=NOTHING),
    "POST /password-resets": ACCOUNT_CHANGE,
    "GET /invitations": LIST,
    "POST /invitations": ACCOUNT_CHANGE,
    "POST /invitations/accept": ACCOUNT_CHANGE,
    "GET /invitations/{invitation}": Call({"invitation": "number"}),
    "PATCH /invitations/{invitation}": Call({"invitation": "number"}, body=NOTHING),
    "POST /registrations": ACCOUNT_CHANGE,
    "GET /registrations": Call(pages=True, asks=({}, {"state": "pending"})),
    "GET /registrations/own": ACCOUNT,
    "GET /registrations/{registration}": Call({"registration": "registration"}),
    "PATCH /registrations/{registration}": Call(
        {"registration": "registration"}, body=_sends({"decision": "refused", "reason": "材料不全"})
    ),
    "GET /audit/events": LIST,
    "GET /audit/events.jsonl": ACCOUNT,
    # public within the service
    "GET /policies": LIST,
    "GET /policies/rules": ACCOUNT,
    "GET /policies/parameters/{key}": Call({"key": "parameter"}),
    "GET /policies/adoptions": LIST,
    "POST /policies/adoptions": ACCOUNT_CHANGE,
    "GET /policies/adoptions/{adoption_id}": Call({"adoption_id": "number"}),
    "POST /policies/adoptions/{adoption_id}/end": Call({"adoption_id": "number"}, body=NOTHING),
    "GET /policies/{pack}": Call({"pack": "pack"}),
    "GET /policies/{pack}/clauses": Call({"pack": "pack"}),
    "GET /policies/{pack}/clauses/{number}": Call({"pack": "pack", "number": "number"}),
    "GET /institutions": LIST,
    "GET /institutions/{code}": Call({"code": "institution"}),
    "GET /institutions/{code}/colleagues": Call({"code": "institution"}, pages=True),
    "POST /institutions": ACCOUNT_CHANGE,
    "PATCH /institutions/{code}": Call({"code": "institution"}, body=_sends({"short_name": "改"})),
    "GET /chains": LIST,
    "POST /chains": ACCOUNT_CHANGE,
    "GET /chains/{code}": Call({"code": "chain"}),
    "GET /chains/{code}/plan": Call({"code": "chain"}),
    "GET /chains/{code}/managers": Call({"code": "chain"}),
    "POST /chains/{code}/managers": Call({"code": "chain"}, body=NOTHING),
    "GET /chains/{code}/managers/{role}/{since}": Call(
        {"code": "chain", "role": "chain_role", "since": "day"}
    ),
    "PATCH /chains/{code}/managers/{role}/{since}": Call(
        {"code": "chain", "role": "chain_role", "since": "day"}, body=NOTHING
    ),
    "PUT /chains/{code}/plan": Call({"code": "chain"}, body=NOTHING),
    "GET /chain-vacancies": ACCOUNT,
    "GET /chain-profiles": ACCOUNT,
    "PUT /chains/{code}/profile": Call({"code": "chain"}, body=NOTHING),
    "GET /chains/{code}/posts": Call({"code": "chain"}),
    "POST /chains/{code}/posts": Call({"code": "chain"}, body=NOTHING),
    "GET /chains/{code}/posts/{number}": Call({"code": "chain", "number": "number"}),
    "PATCH /chains/{code}/posts/{number}": Call({"code": "chain", "number": "number"}, body=NOTHING),
    "POST /chains/{code}/posts/{number}/hand-over": Call({"code": "chain", "number": "number"}, body=NOTHING),
    "GET /chains/{code}/places": Call({"code": "chain"}),
    "POST /chains/{code}/places": Call({"code": "chain"}, body=NOTHING),
    "GET /chains/{code}/places/{number}": Call({"code": "chain", "number": "number"}),
    "PATCH /chains/{code}/places/{number}": Call({"code": "chain", "number": "number"}, body=NOTHING),
    # members of chains
    "GET /memberships": Call(
        pages=True,
        asks=({}, {"state": "proposed"}),
        filters={"chain": "chain", "uscc": "uscc", "region": "region"},
    ),
    "POST /memberships/decisions/preview": Call(
        {"number": "membership"},
        body=lambda values: {
            "chain": "HLJ-SWYY",
            "memberships": [values["number"]],
            "decision": "declined",
            "reason": "核对",
        },
    ),
    "POST /memberships/decisions": Call(body=NOTHING),
    "GET /memberships/{number}": Call({"number": "membership"}),
    "POST /memberships/{number}/confirmation": Call(
        {"number": "membership"}, body=_sends({"reason": "核对"})
    ),
    "POST /memberships/{number}/refusal": Call({"number": "membership"}, body=_sends(REASON)),
    "POST /memberships/{number}/hand-over": Call(
        {"number": "membership"}, body=_sends({"on": "2030-01-01", "role": "supporting"} | REASON)
    ),
    "PATCH /memberships/{number}": Call({"number": "membership"}, body=_sends({"until": None} | REASON)),
    "GET /membership-objections": Call(pages=True, filters={"chain": "chain"}),
    "POST /membership-objections": Call(
        {"number": "membership"}, body=lambda values: {"membership": values["number"], "text": "有误"}
    ),
    "GET /membership-objections/{number}": Call({"number": "objection"}),
    "POST /membership-objections/{number}/answer": Call(
        {"number": "objection"}, body=_sends({"outcome": "rejected", "answer": "依据充分"})
    ),
    "GET /membership-questions": Call(pages=True, filters={"chain": "chain"}),
    "GET /membership-questions/{number}": Call({"number": "question"}),
    "POST /membership-questions/{number}/dismissal": Call({"number": "question"}, body=_sends(REASON)),
    "GET /membership-runs": LIST,
    "GET /membership-runs/{number}": Call({"number": "number"}),
    "POST /membership-runs/preview": Call(body=_sends({})),
    "POST /membership-runs": Call(body=NOTHING),
    "GET /chains/{code}/plans": Call({"code": "chain"}, pages=True),
    "GET /chains/{code}/plans/{version}": Call({"code": "chain", "version": "number"}),
    "POST /chains/{code}/plans/{version}/archive": Call(
        {"code": "chain", "version": "number"}, body=_sends({"reason": "已由下一版接替"})
    ),
    "GET /chains/{code}/plan-drafts": Call({"code": "chain"}, pages=True),
    "POST /chains/{code}/plan-drafts": Call({"code": "chain"}, body=NOTHING),
    "GET /chains/{code}/plan-drafts/{draft}": Call(DRAFT),
    "PUT /chains/{code}/plan-drafts/{draft}": Call(DRAFT, body=NOTHING),
    "POST /chains/{code}/plan-drafts/{draft}/giving-up": Call(DRAFT, body=NOTHING),
    "POST /chains/{code}/plan-drafts/{draft}/publication": Call(DRAFT, body=NOTHING),
    "GET /chains/{code}/plan-drafts/{draft}/comparisons": Call(DRAFT, pages=True),
    "POST /chains/{code}/plan-drafts/{draft}/comparisons": Call(DRAFT, body=NOTHING),
    "GET /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}": Call(COMPARISON),
    "GET /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/needs": Call(COMPARISON, pages=True),
    "POST /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation": Call(
        COMPARISON, body=NOTHING
    ),
    "GET /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation": Call(COMPARISON),
    "GET /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation/entries": Call(
        COMPARISON, pages=True
    ),
    "GET /products": LIST,
    "POST /products": ACCOUNT_CHANGE,
    "GET /products/{code}": Call({"code": "product"}),
    "GET /products/{code}/revisions": Call({"code": "product"}),
    "GET /products/{code}/revisions/{revision}": Call({"code": "product", "revision": "number"}),
    "POST /products/{code}/revisions": Call({"code": "product"}, body=NOTHING),
    "PUT /products/{code}/confirmation": Call({"code": "product"}, body=_sends({"decision": "confirm"})),
    "GET /library/offering": LIST,
    "GET /library/editions": LIST,
    "POST /library/editions": ACCOUNT_CHANGE,
    "GET /library/editions/{code}": Call({"code": "library"}),
    "GET /library/editions/{code}/products": Call({"code": "library"}),
    "GET /library/editions/{code}/changes": Call({"code": "library"}, asks=({"since": "2023Q4"},)),
    "GET /library/observations": LIST,
    "POST /library/observations": ACCOUNT_CHANGE,
    "GET /library/observations/{quarter}": Call({"quarter": "quarter"}),
    "GET /library/observations/{quarter}/products": Call({"quarter": "quarter"}, pages=True),
    "GET /library/confirmations": LIST,
    "POST /library/calls": ACCOUNT_CHANGE,
    "GET /library/calls/{quarter}": Call({"quarter": "quarter"}),
    "GET /products/{code}/observed": Call({"code": "product"}),
    # awards: what people put forward, vote and object to is theirs
    "GET /awards": LIST,
    "POST /awards": ACCOUNT_CHANGE,
    "GET /awards/{year}": Call(YEAR),
    "GET /awards/{year}/candidates": Call(YEAR, pages=True),
    "GET /awards/{year}/nominations": Call(YEAR, pages=True),
    "POST /awards/{year}/nominations": Call(YEAR, body=NOTHING),
    "GET /awards/{year}/nominations/{nomination}": Call(YEAR | {"nomination": "nomination"}),
    "POST /awards/{year}/nominations/{nomination}/withdrawal": Call(
        YEAR | {"nomination": "nomination"}, body=NOTHING
    ),
    "GET /awards/{year}/jurors": Call(YEAR),
    "POST /awards/{year}/jurors": Call(YEAR, body=NOTHING),
    "DELETE /awards/{year}/jurors/{person}": Call(YEAR | {"person": "number"}),
    "POST /awards/{year}/shortlist": Call(YEAR, body=NOTHING),
    "GET /awards/{year}/ballot": Call(YEAR),
    "PUT /awards/{year}/ballot": Call(YEAR, body=NOTHING),
    "POST /awards/{year}/decision": Call(YEAR, body=NOTHING),
    "POST /awards/{year}/publication": Call(YEAR, body=NOTHING),
    "GET /awards/{year}/verification": Call(YEAR),
    "GET /awards/{year}/appeals": Call(YEAR, pages=True),
    "POST /awards/{year}/appeals": Call(YEAR, body=NOTHING),
    "GET /awards/{year}/appeals/{appeal}": Call(YEAR | {"appeal": "appeal"}),
    "POST /awards/{year}/appeals/{appeal}/answer": Call(
        YEAR | {"appeal": "appeal"}, body=_sends({"outcome": "dismissed", "answer": "不成立"})
    ),
    # firms, projects, needs, consents
    "GET /search": Call(asks=({"q": "有限公司"}, {"q": "9123"}, {"q": "2023H2-9"}), filters={"q": "name"}),
    "GET /enterprises": Call(pages=True, filters={"region": "region", "name": "name"}),
    "GET /enterprises/{uscc}": Call(USCC),
    "POST /enterprises": Call(USCC, body=lambda values: FIRM | {"uscc": values["uscc"]}),
    "PUT /enterprises/{uscc}": Call(USCC, body=_sends(FIRM)),
    "GET /enterprises/{uscc}/contact": Call(USCC),
    "PUT /enterprises/{uscc}/contact": Call(USCC, body=_sends({"name": "某人", "phone": "0451-12345678"})),
    "GET /projects": Call(pages=True, filters=USCC),
    "GET /projects/{code}": Call({"code": "project"}),
    "POST /projects": Call(USCC, body=lambda values: {"uscc": values["uscc"], "name": "新项目"}),
    "GET /needs": Call(pages=True, filters={"uscc": "uscc", "region": "region"}),
    "GET /needs/{code}": Call(NEED),
    "GET /needs/{code}/revisions": Call(NEED, pages=True),
    "POST /needs": Call(USCC, body=lambda values: {"uscc": values["uscc"], "facts": FACTS}),
    "PUT /needs/{code}": Call(NEED, body=_sends({"facts": FACTS})),
    "POST /needs/{code}/consents": Call(
        NEED,
        body=_sends(
            {"purpose": "financing_docking", "groups": ["contact"], "until": "2026-12-31", "evidence": "纸质"}
        ),
    ),
    "GET /needs/{code}/consents": Call(NEED, pages=True),
    "GET /needs/{code}/consents/{consent}": Call(NEED | {"consent": "consent"}),
    "PUT /needs/{code}/consents/{consent}/revocation": Call(NEED | {"consent": "consent"}, body=NOTHING),
    "GET /needs/{code}/disclosures": Call(NEED, pages=True),
    # the roster
    "GET /whitelist/editions": LIST,
    "GET /whitelist/editions/{edition}": Call({"edition": "edition"}),
    "POST /whitelist/editions": Call(body=_sends({"code": "2024H2"})),
    "GET /whitelist/editions/{edition}/diff/{other}": Call(
        {"edition": "edition", "other": "edition"}, asks=({}, {"change": "kept"}), pages=True
    ),
    "GET /whitelist/entries": Call(
        pages=True,
        filters={
            "region": "region",
            "edition": "edition",
            "chain": "chain",
            "status": "status",
            "source_class": "class",
        },
    ),
    "GET /whitelist/entries/{code}": Call({"code": "entry"}),
    "POST /whitelist/entries": Call(
        {"need": "need"}, body=lambda values: {"edition": "2024H1", "need": values["need"]}
    ),
    "PUT /whitelist/entries/{entry}/facts": Call(
        ENTRY, body=_sends({"facts": FACTS, "need_revision": 1} | REASON)
    ),
    "PUT /whitelist/entries/{code}/withdrawal": Call({"code": "entry"}, body=_sends(REASON)),
    "POST /whitelist/entries/{code}/reopening": Call({"code": "entry"}, body=_sends(REASON)),
    "GET /whitelist/imports": Call(pages=True, filters={"edition": "edition"}),
    "GET /whitelist/imports/template.xlsx": ACCOUNT,
    "GET /whitelist/imports/{import_id}": Call({"import_id": "import"}),
    "POST /whitelist/imports/{import_id}/undoing": Call({"import_id": "import"}, body=_sends(REASON)),
    "POST /whitelist/imports": Call(body=NOTHING, is_form=True),
    "POST /whitelist/imports/errors.xlsx": Call(body=NOTHING, is_form=True),
    "GET /whitelist/reviews": Call(
        pages=True, filters={"edition": "edition", "kind": "review_kind"}, asks=({}, {"state": "open"})
    ),
    "GET /whitelist/reviews/{item_id}": Call({"item_id": "review"}),
    "PUT /whitelist/reviews/{item_id}": Call(
        {"item_id": "review"}, body=_sends({"decision": "admit"} | REASON)
    ),
    # matching, bottlenecks, allocation
    "POST /matches/preview": Call(body=_sends(FACTS)),
    "GET /needs/{need}/matches": Call({"need": "need"}),
    "GET /needs/{need}/matches/{product}": Call(
        {"need": "need", "product": "product"}, asks=({"on": "2023-11-15"},)
    ),
    "GET /matches/runs": Call(pages=True, filters={"edition": "edition"}),
    "POST /matches/runs": Call(body=_sends({"edition": "2024H1", "on": "2024-01-02"})),
    "GET /matches/runs/{run}": Call({"run": "number"}),
    "GET /matches/runs/{run}/entries": Call(
        {"run": "number"}, pages=True, asks=({}, {"without_product": "true"})
    ),
    "POST /bottlenecks/preview": Call(body=_sends(FACTS)),
    "GET /bottlenecks": Call(
        pages=True, filters={"edition": "edition", "route": "route", "region": "region"}
    ),
    "GET /needs/{need}/bottlenecks": Call({"need": "need"}),
    "POST /allocations/preview": Call(body=_sends({"edition": "2024H1"})),
    "GET /allocations/{run}/changes": Call({"run": "number"}, pages=True),
    "POST /allocations": Call(body=_sends({"edition": "2024H1"})),
    "GET /allocations": Call(pages=True, filters={"edition": "edition"}),
    "GET /allocations/{run}": Call({"run": "number"}),
    "GET /allocations/{run}/check": Call({"run": "number"}),
    "GET /whitelist/entries/{entry}/assignment": Call(ENTRY),
    "GET /whitelist/entries/{entry}/handler": Call(ENTRY, filters={"institution": "institution"}),
    "PUT /whitelist/entries/{entry}/handler": Call(ENTRY, body=_sends({"person": 6})),
    "POST /handovers": ACCOUNT_CHANGE,
    "GET /cards": Call(pages=True, asks=({"edition": "2024H1"},), filters={"edition": "edition"}),
    "GET /cards/{card}": Call({"card": "card"}, asks=({"edition": "2024H1"},)),
    # core firms' lists, and where firms are listed
    "GET /core-lists": LIST,
    "POST /core-lists": Call(body=NOTHING, is_form=True),
    "POST /core-lists/preview": Call(body=NOTHING, is_form=True),
    "GET /core-lists/template.xlsx": ACCOUNT,
    "GET /core-lists/matches": Call(pages=True, asks=({}, {"kind": "receivables"})),
    "GET /core-lists/{uscc}": Call(CORE),
    "GET /core-lists/{uscc}/versions": Call(CORE, pages=True),
    "POST /core-lists/{uscc}/versions": Call(CORE, body=NOTHING, is_form=True),
    "GET /core-lists/{uscc}/changes": Call(CORE),
    "POST /core-lists/{uscc}/decision": Call(CORE, body=_sends({"accept": True})),
    "POST /core-lists/{uscc}/withdrawal": Call(CORE, body=_sends(REASON)),
    "GET /core-lists/{uscc}/rows": Call(CORE, pages=True),
    "GET /core-lists/{uscc}/rows/{row}": Call(CORE | {"row": "core_row"}),
    "PUT /core-lists/{uscc}/rows/{row}/resolution": Call(
        CORE | {"row": "core_row"}, body=_sends({"choice": "nobody"} | REASON)
    ),
    "GET /core-lists/{uscc}/members": Call(CORE, pages=True),
    "GET /core-lists/{uscc}/runs": Call(CORE, pages=True),
    "POST /core-lists/{uscc}/runs": Call(CORE, body=_sends({})),
    "GET /core-lists/{uscc}/runs/{number}": Call(CORE | {"number": "number"}),
    "GET /core-lists/{uscc}/matches": Call(CORE, pages=True),
    "GET /listings": LIST,
    "GET /listings/{listing}": Call({"listing": "listing"}),
    "PUT /listings/{listing}/answer": Call({"listing": "listing"}, body=_sends({"answer": "refused"})),
    # coordination cases
    "GET /coordination/cases": Call(
        pages=True,
        asks=({}, {"overdue": "true"}),
        filters={
            "entry": "entry",
            "edition": "edition",
            "region": "region",
            "kind": "case_kind",
            "state": "case_state",
            "body": "body",
        },
    ),
    "POST /coordination/cases": Call(
        ENTRY, body=lambda values: {"entry": values["entry"], "kind": "other", "question": "请协调"}
    ),
    "GET /coordination/cases/{case}": Call(CASE),
    "GET /coordination/cases/{case}/comments": Call(CASE, pages=True),
    "POST /coordination/cases/{case}/comments": Call(CASE, body=_sends({"text": "已函告"})),
    "POST /coordination/cases/{case}/resolution": Call(CASE, body=_sends({"outcome": "已解决"})),
    "POST /coordination/cases/{case}/refusal": Call(CASE, body=_sends({"outcome": "不予解决"})),
    # docking events: what is written into one is refused before it is looked at, so that all walk through the same
    "GET /events": Call(pages=True, filters={"chain": "chain"}),
    "POST /events": ACCOUNT_CHANGE,
    "GET /events/years": LIST,
    "POST /events/years": ACCOUNT_CHANGE,
    "POST /events/years/preview": Call(body=_sends({"year": 2024})),
    "GET /events/years/{year}": Call({"year": "year"}),
    "GET /events/years/{year}/results": Call({"year": "year"}),
    "GET /events/invitations": LIST,
    "GET /events/{event}": Call(EVENT),
    "PATCH /events/{event}": Call(EVENT, body=_sends({"unknown": 1})),
    "GET /events/{event}/results": Call(EVENT),
    "GET /events/{event}/guests": Call(EVENT, pages=True),
    "POST /events/{event}/guests/preview": Call(EVENT, body=_sends({"tables": 2})),
    "PUT /events/{event}/guests": Call(EVENT, body=_sends({"tables": 0})),
    "POST /events/{event}/guests/sending": Call(EVENT, body=NOTHING),
    "GET /events/{event}/guests/{guest}": Call(EVENT | {"guest": "guest"}),
    "PUT /events/{event}/guests/{guest}/answer": Call(
        EVENT | {"guest": "guest"}, body=_sends({"accepts": True})
    ),
    "GET /events/{event}/guests/{guest}/calendar.ics": Call(EVENT | {"guest": "guest"}),
    "GET /events/{event}/timetable": Call(EVENT),
    "POST /events/{event}/timetable": Call(EVENT, body=_sends({"most_at_once": 0})),
    "POST /events/{event}/attendance": Call(EVENT, body=_sends({"code": "7K3M9QZT"})),
    "POST /events/{event}/contacts": Call(EVENT, body=NOTHING),
    # notices: a person's own; the outbox: an administrator's
    "GET /notices": Call(pages=True, asks=({}, {"unread": "true"})),
    "GET /notices/unread": ACCOUNT,
    "POST /notices/read": Call(body=_sends({"up_to": 2**40})),
    "GET /notices/{notice}": Call({"notice": "notice"}),
    "GET /notices/deliveries": Call(pages=True, asks=({}, {"state": "dead"})),
    "POST /notices/deliveries/{delivery}/retry": Call({"delivery": "number"}, body=NOTHING),
    "POST /notices/deliveries/sending": ACCOUNT_CHANGE,
    # jobs: a person's own requests
    "GET /jobs": LIST,
    "GET /jobs/{job}": Call({"job": "word"}),
    "GET /jobs/{job}/result": Call({"job": "word"}),
    "GET /jobs/{job}/events": Call({"job": "word"}),
    "POST /jobs/{job}/cancellation": Call({"job": "word"}, body=NOTHING),
    "GET /notice-settings": ACCOUNT,
    "PUT /notice-settings": Call(body=_sends({"email": None})),
    "POST /notice-settings/confirmation": Call(body=_sends({"code": "K7QF-3MZA-9XTC"})),
    "GET /webhooks": LIST,
    "POST /webhooks": ACCOUNT_CHANGE,
    "GET /webhooks/{webhook}": Call({"webhook": "number"}),
    "PATCH /webhooks/{webhook}": Call({"webhook": "number"}, body=_sends({"is_enabled": False})),
    "DELETE /webhooks/{webhook}": Call({"webhook": "number"}),
    "POST /webhooks/{webhook}/test": Call({"webhook": "number"}, body=NOTHING),
    # two-sided selection: lists are sealed
    "GET /selection/rounds": LIST,
    "POST /selection/rounds": ACCOUNT_CHANGE,
    "GET /selection/rounds/{round}": Call(ROUND),
    "GET /selection/rounds/{round}/steps": Call(ROUND, pages=True),
    "GET /selection/rounds/{round}/participants": Call(ROUND, pages=True),
    "GET /selection/rounds/{round}/participants/{participant}": Call(ROUND | SPEAKER),
    "GET /selection/rounds/{round}/participants/{participant}/candidates": Call(ROUND | SPEAKER),
    "GET /selection/rounds/{round}/participants/{participant}/list": Call(ROUND | SPEAKER),
    "PUT /selection/rounds/{round}/participants/{participant}/list": Call(
        ROUND | SPEAKER, body=_sends({"quota": 1})
    ),
    "POST /selection/rounds/{round}/participants/{participant}/list/withdrawal": Call(
        ROUND | SPEAKER, body=NOTHING
    ),
    "POST /selection/rounds/{round}/lock": Call(ROUND, body=NOTHING),
    "POST /selection/rounds/{round}/reopening": Call(
        ROUND, body=_sends({"submit_until": "2099-01-01"} | REASON)
    ),
    "POST /selection/rounds/{round}/computation": Call(ROUND, body=NOTHING),
    "POST /selection/rounds/{round}/publication": Call(ROUND, body=NOTHING),
    "POST /selection/rounds/{round}/closing": Call(ROUND, body=NOTHING),
    "GET /selection/rounds/{round}/objections": Call(ROUND, pages=True),
    "POST /selection/rounds/{round}/objections": Call(
        ROUND | SPEAKER, body=lambda values: {"participant": values["participant"], "text": "网点漏计"}
    ),
    "GET /selection/rounds/{round}/objections/{number}": Call(ROUND | {"number": "number"}),
    "POST /selection/rounds/{round}/objections/{number}/answer": Call(
        ROUND | {"number": "number"}, body=_sends({"is_upheld": False} | REASON)
    ),
    "GET /selection/rounds/{round}/result": Call(ROUND),
    "GET /selection/rounds/{round}/result/pairs": Call(ROUND, pages=True),
    "GET /selection/rounds/{round}/result/outcomes": Call(ROUND, pages=True),
    "GET /selection/rounds/{round}/result/inputs": Call(ROUND),
    "GET /selection/rounds/{round}/result/verification": Call(ROUND),
    "GET /selection/rounds/{round}/result/contracts": Call(ROUND),
    "POST /selection/rounds/{round}/result/plan-drafts": Call(ROUND, body=_sends({"since": "2099-01-01"})),
    # docking and coverage
    "GET /whitelist/entries/{entry}/docking-events": Call(ENTRY, pages=True),
    "POST /whitelist/entries/{entry}/docking-events": Call(
        ENTRY | {"institution": "institution"},
        body=lambda values: {"kind": "contacted", "institution": values["institution"]},
    ),
    "GET /whitelist/entries/{entry}/docking-events/{sequence}": Call(ENTRY | {"sequence": "sequence"}),
    "GET /whitelist/entries/{entry}/docking": Call(ENTRY),
    "GET /whitelist/entries/{entry}/life": Call(ENTRY),
    "GET /docking/deadlines": Call(
        pages=True,
        asks=({"edition": "2024H1"}, {"edition": "2023H2"}),
        filters={"institution": "institution"},
    ),
    "GET /docking/late": Call(asks=({"edition": "2024H1"}, {"edition": "2023H2"})),
    "GET /docking/pace": Call(asks=({"edition": "2024H1"}, {"edition": "2023H2"})),
    "GET /docking/reasons": ACCOUNT,
    "GET /docking/pause-reasons": ACCOUNT,
    "POST /docking/reroutes": Call(
        {"entry": "entry"},
        body=lambda values: {"edition": "2024H1", "entries": [values["entry"]], "reason": "逾期未对接"},
    ),
    "GET /whitelist/entries/{entry}/answers": Call(ENTRY, pages=True),
    "GET /docking/guarantee-fees": ACCOUNT,
    "GET /coverage/{month}.xlsx": Call({"month": "month"}),
    "GET /coverage/verifier.py": ACCOUNT,
    "GET /coverage/trend": Call(
        asks=({"from": "2023-11", "to": "2024-03"}, {"from": "2024-01", "to": "2024-02", "by": "region"}),
    ),
    "GET /coverage/{month}/ranking": Call(
        {"month": "month"}, asks=({}, {"level": "branch", "sort": "credited_amount"})
    ),
    "GET /coverage/{month}/entries": Call(
        {"month": "month"},
        pages=True,
        asks=({}, {"level": "contacted"}, {"level": "not_contacted", "region": "230100"}),
        filters={"institution": "institution"},
    ),
    "GET /coverage/{month}/heat": Call({"month": "month"}),
    "GET /coverage/{month}/chains/{chain}/targets": Call({"month": "month", "chain": "chain"}),
    "GET /coverage/{month}/figures": Call({"month": "month"}),
    "GET /coverage/{month}": Call(
        {"month": "month"},
        asks=({}, {"by": "institution"}, {"by": "chain"}),
    ),
    "POST /coverage/{month}/close": Call({"month": "month"}, body=NOTHING),
    "GET /coverage/{month}/verification": Call({"month": "month"}),
    "GET /coverage/{month}/facts": Call({"month": "month"}),
    "GET /bulletins/{month}": Call({"month": "month"}),
    "GET /bulletins/{month}.xlsx": Call({"month": "month"}),
    "GET /bulletins/{month}.docx": Call({"month": "month"}),
    "GET /booklet/{library}": Call({"library": "library"}),
    "GET /booklet/{library}.docx": Call({"library": "library"}),
    # machines that look in
    "GET /healthz": ACCOUNT,
    "GET /readyz": ACCOUNT,
    "GET /metrics": ACCOUNT,
}
