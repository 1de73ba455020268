"""How each route that changes a stored row is tried: what it changes, where that is read, what to send.

A new route that takes If-Match stands here, and one that does not stands in `WITHOUT` with the reason, or the test
fails and names it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from app.accounts.tables import EnterpriseRegistration, Person
from app.core_lists.tables import CoreList, CoreListMember, CoreListRow
from app.enterprises.tables import Enterprise
from app.events.states import event_number
from app.events.tables import EventGuest
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import transaction
from app.membership.tables import ChainMembership, MembershipObjection, MembershipQuestion
from app.notifications.tables import WebhookEndpoint
from app.whitelist.tables import ReviewItem
from tests.concurrency import award_changes, selecting
from tests.concurrency.town import Town
from tests.core_lists.town import workbook


@dataclass(frozen=True, slots=True)
class Subject:
    """A row to change: where it is read and written, by whom; of two bodies each changes something."""

    read: str
    write: str
    bodies: tuple[Any, Any]
    who: str = "operator"
    is_form: bool = False

    def content(self, body: Any) -> dict[str, Any]:
        """Answer what a request sends: a form's files and fields as they are, all else as JSON."""
        return dict(body) if self.is_form else {"json": body}


Making = Callable[[Town], Awaitable[Subject]]
REASON: Final = ({"reason": "企业已迁出"}, {"reason": "重复申报"})
OUTCOME: Final = ({"outcome": "已办结"}, {"outcome": "已函复"})


async def _posted(town: Town, path: str, body: Any, who: str = "operator") -> Any:
    answer = await town.ask(who, "POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _stored(town: Town, row: Any) -> int:
    async with transaction(town.sessions[0]) as session:
        session.add(row)
        await session.flush()
        number: int = row.id
        return number


async def _disable(town: Town) -> Subject:
    path = f"/people/{town.person('hycx-hlj-2')}"
    return Subject(path, path, ({"is_disabled": True}, {"is_disabled": True}))


async def _end_role(town: Town) -> Subject:
    person = town.person("hycx-hlj-1")
    grant = (await town.ask("operator", "GET", f"/people/{person}")).json()["grants"][0]["id"]
    return Subject(f"/people/{person}", f"/people/{person}/grants/{grant}", ({"is_ended": True},) * 2)


async def _revoke_invitation(town: Town) -> Subject:
    body = {"name": "王芳", "role": "auditor"}
    path = f"/invitations/{(await _posted(town, '/invitations', body, 'chief'))['id']}"
    return Subject(path, path, ({"is_revoked": True},) * 2, "chief")


async def _decide_registration(town: Town) -> Subject:
    [(person,)] = await town.rows(select(Person.id).where(Person.login == "sjyh-pf-2"))
    row = EnterpriseRegistration(
        person_id=person, uscc="91230199MA1BQXYE20", name="漏网之鱼有限公司", region_code="230111", evidence="营业执照",
        state="pending", version=1, created_at=utc_now(),
    )  # fmt: skip
    path = f"/registrations/{await _stored(town, row)}"
    bodies = ({"decision": "refused", "reason": "材料不全"}, {"decision": "confirmed", "reason": "材料齐全"})
    return Subject(path, path, bodies, "whole")


async def _change_institution(town: Town) -> Subject:
    path = "/institutions/AYYH-SH"
    return Subject(path, path, ({"capacity": 31}, {"capacity": 32}))


async def _publish_plan(town: Town) -> Subject:
    path = "/chains/HLJ-GDZB/plan"
    plan = (await town.ask("operator", "GET", path)).json()
    kept = {
        key: value
        for key, value in plan.items()
        if key not in {"chain", "version", "content_hash", "created_at"}
    }
    return Subject(path, path, tuple(kept | {"since": f"2023-10-{day}"} for day in (18, 19)))  # type: ignore[arg-type]  # two


DRAFT: Final = {
    "since": "2030-01-01",
    "bodies": [{"name": "市工信局"}],
    "clauses": {"bodies": "金发〔2024〕5号（九）"},
}


async def _drafted(town: Town, chain: str) -> str:
    path = f"/chains/{chain}/plan-drafts"
    return f"{path}/{(await _posted(town, path, DRAFT))['number']}"


async def _revise_draft(town: Town) -> Subject:
    path = await _drafted(town, "HLJ-NJZB")
    bodies = tuple(DRAFT | {"since": f"2030-01-0{day}"} for day in (2, 3))
    return Subject(path, path, bodies)  # type: ignore[arg-type]  # two


async def _give_up_draft(town: Town) -> Subject:
    path = await _drafted(town, "HLJ-HKHT")
    return Subject(path, f"{path}/giving-up", ({}, {}))


async def _publish_draft(town: Town) -> Subject:
    path = await _drafted(town, "HLJ-QCZZ")
    await _posted(town, f"{path}/comparisons", {})
    return Subject(path, f"{path}/publication", ({}, {}))


async def _archive_plan(town: Town) -> Subject:
    path = "/chains/HLJ-DZXX/plans/1"
    plan = DRAFT | {"since": "2023-01-01"}
    for day, version in (("2023-01-01", 0), ("2023-02-01", 1)):
        answer = await town.ask(
            "operator",
            "PUT",
            "/chains/HLJ-DZXX/plan",
            json=plan | {"since": day},
            headers={"If-Match": f'"{version}"'},
        )
        assert answer.status_code == 200, answer.text
    return Subject(path, f"{path}/archive", ({"reason": "已由第2版接替"}, {"reason": "到期"}))


async def _end_manager(town: Town) -> Subject:
    body = {"role": "leader", "name": "演示甲", "since": "2020-01-01", "until": "2020-06-30"}
    await _posted(town, "/chains/HLJ-SMXC/managers", body)
    path = "/chains/HLJ-SMXC/managers/leader/2020-01-01"
    return Subject(path, path, ({"until": "2020-03-31"}, {"until": "2020-04-30"}))


async def _revise_product(town: Town) -> Subject:
    product = (await town.ask("operator", "GET", "/products/JHYH-GDZB")).json()
    kept = {name: product[name] for name in ("terms", "valid_from", "valid_until", "is_demo")}
    bodies = tuple(kept | {"name": name} for name in ("链贷一号", "链贷二号"))
    return Subject("/products/JHYH-GDZB", "/products/JHYH-GDZB/revisions", bodies)  # type: ignore[arg-type]  # two


async def _decide_product(town: Town) -> Subject:
    return Subject("/products/JHYH-GDZB", "/products/JHYH-GDZB/confirmation", ({"decision": "pause"},) * 2)


async def _revise_firm(town: Town) -> Subject:
    path = f"/enterprises/{(await town.entry()).code.split('-')[1]}"
    firm = (await town.ask("operator", "GET", path)).json()
    bodies = tuple({"name": firm["name"] + more, "region": firm["region"]} for more in ("一厂", "二厂"))
    return Subject(path, path, bodies)  # type: ignore[arg-type]  # two


async def _change_contact(town: Town) -> Subject:
    path = f"/enterprises/{(await town.entry()).code.split('-')[1]}/contact"
    return Subject(
        path, path, ({"name": "甲", "phone": "0451-1111111"}, {"name": "乙", "phone": "0451-2222222"})
    )


async def _revise_need(town: Town) -> Subject:
    path = f"/needs/{(await town.entry()).need}"
    facts = (await town.ask("operator", "GET", path)).json()["facts"]
    return Subject(path, path, tuple({"facts": facts | {"term_months": months}} for months in (7, 8)))  # type: ignore[arg-type]  # two


async def _revoke_consent(town: Town) -> Subject:
    need = (await town.entry()).need
    body = {
        "purpose": "financing_docking",
        "groups": ["contact"],
        "until": "2024-01-31",
        "evidence": "纸质授权书",
    }
    path = f"/needs/{need}/consents/{(await _posted(town, f'/needs/{need}/consents', body))['id']}"
    return Subject(path, f"{path}/revocation", ({}, {}))


async def _withdraw(town: Town) -> Subject:
    path = (await town.entry()).path
    return Subject(path, f"{path}/withdrawal", REASON)


async def _restate(town: Town) -> Subject:
    entry = await town.entry()
    need = (await town.ask("operator", "GET", f"/needs/{entry.need}")).json()
    bodies = tuple(
        {
            "facts": need["facts"] | {"term_months": months},
            "need_revision": need["revision"],
            "reason": "已核实",
        }
        for months in (7, 8)
    )
    return Subject(entry.path, f"{entry.path}/facts", bodies)  # type: ignore[arg-type]  # two


async def _reopen(town: Town) -> Subject:
    path = (await town.entry()).path
    tag = (await town.ask("operator", "GET", path)).headers["etag"]
    await town.ask("operator", "PUT", f"{path}/withdrawal", json=REASON[0], etag=tag)
    return Subject(path, f"{path}/reopening", REASON)


async def _review(town: Town) -> Subject:
    row = ReviewItem(
        entry_id=(await town.entry()).id, kind="duplicate_name", detail={"candidates": []}, version=1, created_at=utc_now()
    )  # fmt: skip
    path = f"/whitelist/reviews/{await _stored(town, row)}"
    bodies = tuple({"decision": one, "reason": "核对后认为如此"} for one in ("different_firm", "same_firm"))
    return Subject(path, path, bodies)  # type: ignore[arg-type]  # two


async def _hand(town: Town) -> Subject:
    entry = await town.entry()
    path = f"{entry.path}/handler"
    return Subject(path, path, tuple({"person": town.person(one)} for one in entry.clerks))  # type: ignore[arg-type]  # two


async def _set_notices(_town: Town) -> Subject:
    path = "/notice-settings"
    bodies = ({"email": None, "wants_digest": False}, {"email": None, "wants_urgent": False})
    return Subject(path, path, bodies, "second")


async def _change_webhook(town: Town) -> Subject:
    row = WebhookEndpoint(
        person_id=town.person("whole"), url="https://example.org/", sealed_secret="", kinds=[], version=1, created_at=utc_now()
    )  # fmt: skip
    path = f"/webhooks/{await _stored(town, row)}"
    return Subject(path, path, ({"is_enabled": False}, {"kinds": []}), "whole")


async def _case(town: Town, how: str) -> Subject:
    body = {"entry": (await town.entry()).code, "kind": "other", "question": "请协调"}
    path = f"/coordination/cases/{(await _posted(town, '/coordination/cases', body))['code']}"
    return Subject(path, f"{path}/{how}", OUTCOME)


async def _shortlist(town: Town) -> Subject:
    path = await award_changes.to_shortlist(town)
    return Subject(path, f"{path}/shortlist", ({}, {}))


async def _decide_award(town: Town) -> Subject:
    path = await award_changes.to_decide(town)
    return Subject(path, f"{path}/decision", ({}, {}))


async def _publish_award(town: Town) -> Subject:
    path = await award_changes.to_publish(town)
    return Subject(path, f"{path}/publication", ({}, {}))


async def _vote(town: Town) -> Subject:
    path = await award_changes.to_vote(town, "whole")
    points = [{"points": [{"product": award_changes.PRODUCT, "points": one}]} for one in (7, 8)]
    return Subject(path, path, (points[0], points[1]), "whole")


async def _answer_appeal(town: Town) -> Subject:
    path = await award_changes.to_answer(town)
    bodies = tuple({"outcome": one, "answer": "已核实"} for one in ("upheld", "dismissed"))
    return Subject(path, f"{path}/answer", bodies)  # type: ignore[arg-type]  # two


async def _resolve(town: Town) -> Subject:
    return await _case(town, "resolution")


async def _refuse(town: Town) -> Subject:
    return await _case(town, "refusal")


async def _post(town: Town, chain: str) -> str:
    body = {"post": "liaison", "holder": "演示甲", "since": "2020-01-01", "until": "2020-06-30"}
    return f"/chains/{chain}/posts/{(await _posted(town, f'/chains/{chain}/posts', body))['id']}"


async def _end_post(town: Town) -> Subject:
    path = await _post(town, "HLJ-GDZB")
    return Subject(path, path, ({"until": "2020-03-31"}, {"until": "2020-04-30"}))


async def _hand_post_over(town: Town) -> Subject:
    path = await _post(town, "HLJ-NJZB")
    bodies = tuple({"holder": one, "on": "2020-05-01"} for one in ("演示乙", "演示丙"))
    return Subject(path, f"{path}/hand-over", bodies)  # type: ignore[arg-type]  # two


async def _end_place(town: Town) -> Subject:
    body = {"kind": "park", "code": "P-1", "name": "演示园区", "since": "2020-01-01"}
    path = f"/chains/HLJ-GDZB/places/{(await _posted(town, '/chains/HLJ-GDZB/places', body))['id']}"
    return Subject(path, path, ({"until": "2020-03-31"}, {"until": "2020-04-30"}))


async def _set_profile(_town: Town) -> Subject:
    path = "/chains/HLJ-HKHT"
    return Subject(path, f"{path}/profile", ({"profile": "XCL"}, {"profile": "JX"}))


async def _membership(town: Town, chain: str, state: str) -> int:
    [(firm,)] = await town.rows(select(Enterprise.id).order_by(Enterprise.id).limit(1))
    row = ChainMembership(
        enterprise_id=firm, chain_code=chain, link=None, role="supporting", state=state, since=date(2023, 10, 1),
        reason="测试", said_by="甲" if state == "confirmed" else "", said_at=utc_now(), version=1,
    )  # fmt: skip
    return await _stored(town, row)


async def _confirm_membership(town: Town) -> Subject:
    path = f"/memberships/{await _membership(town, 'HLJ-GDZB', 'proposed')}"
    return Subject(path, f"{path}/confirmation", ({"reason": "核实"}, {"role": "upstream", "reason": "更正"}))


async def _decline_membership(town: Town) -> Subject:
    path = f"/memberships/{await _membership(town, 'HLJ-NJZB', 'proposed')}"
    return Subject(path, f"{path}/refusal", REASON)


async def _hand_membership_over(town: Town) -> Subject:
    path = f"/memberships/{await _membership(town, 'HLJ-HKHT', 'confirmed')}"
    bodies = tuple(
        {"on": "2099-01-01", "role": role, "reason": "转产"} for role in ("upstream", "downstream")
    )
    return Subject(path, f"{path}/hand-over", bodies)  # type: ignore[arg-type]  # two


async def _end_membership(town: Town) -> Subject:
    path = f"/memberships/{await _membership(town, 'HLJ-QCZZ', 'confirmed')}"
    bodies = tuple({"until": f"2099-01-0{day}", "reason": "停产"} for day in (1, 2))
    return Subject(path, path, bodies)  # type: ignore[arg-type]  # two


async def _answer_objection(town: Town) -> Subject:
    row = MembershipObjection(
        membership_id=await _membership(town, "HLJ-DLZB", "proposed"), membership_version=1, text="有误", state="open",
        raised_by="甲", raised_at=utc_now(), version=1,
    )  # fmt: skip
    path = f"/membership-objections/{await _stored(town, row)}"
    bodies = tuple({"outcome": "rejected", "answer": one} for one in ("依据充分", "已核实"))
    return Subject(path, f"{path}/answer", bodies)  # type: ignore[arg-type]  # two


async def _dismiss_question(town: Town) -> Subject:
    row = MembershipQuestion(
        membership_id=await _membership(town, "HLJ-DZXX", "confirmed"), kind="evidence", asked="A/b/core", text="不一致",
        state="open", asked_at=utc_now(), version=1,
    )  # fmt: skip
    path = f"/membership-questions/{await _stored(town, row)}"
    return Subject(path, f"{path}/dismissal", REASON)


async def _core_list(town: Town, rows: Sequence[Sequence[Any]] = ()) -> str:
    """Have a firm that lists nobody yet list some; answer where its list is."""
    uscc = (await town.entry()).code.split("-")[1]
    listed = rows or [(None, "没有登记的配件厂", "供应商", 100, 2018)]
    form = {
        "files": {"file": ("名单.xlsx", workbook(listed))},
        "data": {"uscc": uscc, "evidence": "书面同意"},
    }
    answer = await town.ask("operator", "POST", "/core-lists", **form)
    assert answer.status_code == 201, answer.text
    return f"/core-lists/{uscc}"


async def _replace_core_list(town: Town) -> Subject:
    path = await _core_list(town)
    bodies = tuple(
        {
            "files": {"file": ("名单.xlsx", workbook([(None, name, "经销商", None, None)]))},
            "data": {"evidence": "书面同意"},
        }
        for name in ("甲地五金商行", "乙地五金商行")
    )
    return Subject(path, f"{path}/versions", bodies, is_form=True)  # type: ignore[arg-type]  # two


async def _decide_core_list(town: Town) -> Subject:
    path = await _core_list(town)
    async with transaction(town.sessions[0]) as session:
        row = await session.scalar(select(CoreList).where(CoreList.core_uscc == path.rpartition("/")[2]))
        assert row is not None
        row.state, row.version = "waiting", row.version + 1
    return Subject(path, f"{path}/decision", ({"accept": True}, {"accept": False, "reason": "重复"}))


async def _withdraw_core_list(town: Town) -> Subject:
    path = await _core_list(town)
    return Subject(path, f"{path}/withdrawal", REASON)


async def _resolve_row(town: Town) -> Subject:
    path = await _core_list(town)
    row = (await town.ask("operator", "GET", f"{path}/rows")).json()["items"][0]["id"]
    bodies = ({"choice": "nobody", "reason": "查无"}, {"choice": "nobody", "reason": "未登记"})
    return Subject(f"{path}/rows/{row}", f"{path}/rows/{row}/resolution", bodies)


async def _answer_listing(town: Town) -> Subject:
    firm = (await town.entry()).code.split("-")[1]
    await _core_list(town, [(firm, "不论怎么写", "供应商", 1, None)])
    [(row, path)] = [
        (found[0], found[1])
        for found in await town.rows(
            select(CoreListRow.id, CoreList.core_uscc)
            .join(CoreList, CoreList.id == CoreListRow.list_id)
            .where(CoreListRow.uscc == firm)
        )
    ]
    where = f"/core-lists/{path}/rows/{row}"
    tag = (await town.ask("operator", "GET", where)).headers["etag"]
    chosen = {"choice": "firm", "uscc": firm, "reason": "核对"}
    await town.ask("operator", "PUT", f"{where}/resolution", json=chosen, etag=tag)
    [(member,)] = await town.rows(select(CoreListMember.id).where(CoreListMember.firm_uscc == firm))
    until = shanghai_today().isoformat()
    bodies = ({"answer": "consented", "until": until}, {"answer": "refused"})
    return Subject(f"/listings/{member}", f"/listings/{member}/answer", bodies)


async def _hand_in_list(town: Town) -> Subject:
    path = f"{await selecting.round_of(town, is_filled=False)}/participants/{selecting.CHAIN}/list"
    return Subject(path, path, ({"quota": 1}, {"quota": 2}), selecting.speaker(town))


async def _take_back_list(town: Town) -> Subject:
    path = f"{await selecting.round_of(town)}/participants/{selecting.CHAIN}/list"
    return Subject(path, f"{path}/withdrawal", ({}, {}), selecting.speaker(town))


def _round(act: str, before: int, *bodies: Any) -> Making:
    async def make(town: Town) -> Subject:
        path = await (selecting.over(town) if act == "closing" else selecting.round_of(town, before))
        return Subject(path, f"{path}/{act}", bodies or ({}, {}))

    return make


async def _answer_selection(town: Town) -> Subject:
    path = await selecting.objected(town)
    bodies = tuple({"is_upheld": one, "reason": selecting.REASON} for one in (True, False))
    return Subject(path, f"{path}/answer", bodies)  # type: ignore[arg-type]  # two


EVENT: Final = {"chain": "HLJ-GDZB", "day": "2099-03-02", "reason": "日历尚未公布"}
ANSWER_BY: Final = {"answer_by": "2099-03-01"}


async def _change_event(town: Town) -> Subject:
    path = f"/events/{(await _posted(town, '/events', EVENT))['code']}"
    return Subject(path, path, ({"venue": "一号厅"}, {"venue": "二号厅"}))


async def _choose_guests(town: Town) -> Subject:
    path = f"/events/{(await _posted(town, '/events', EVENT))['code']}"
    return Subject(path, f"{path}/guests", ({"tables": 1}, {"tables": 2}))


async def _guest(town: Town, state: str) -> tuple[str, int]:
    """Invite a firm to an event; answer where the event is, and the guest's number."""
    code = (await _posted(town, "/events", EVENT))["code"]
    [(firm,)] = await town.rows(select(Enterprise.id).order_by(Enterprise.id).limit(1))
    row = EventGuest(
        event_id=event_number(code), enterprise_id=firm, name="漏网之鱼有限公司", region_code="230100", chain_code=None,
        entry_ids=[], tables=0, reason="测试", state=state, absent=[], version=1,
    )  # fmt: skip
    return f"/events/{code}", await _stored(town, row)


async def _send_invitations(town: Town) -> Subject:
    path, _guest_number = await _guest(town, "proposed")
    return Subject(path, f"{path}/guests/sending", (ANSWER_BY, ANSWER_BY))


async def _answer_invitation(town: Town) -> Subject:
    path, number = await _guest(town, "invited")
    guest = f"{path}/guests/{number}"
    return Subject(guest, f"{guest}/answer", ({"accepts": True}, {"accepts": False}))


CHANGES: Final[Mapping[str, Making]] = {
    "PATCH /events/{event}": _change_event,
    "PUT /events/{event}/guests": _choose_guests,
    "POST /events/{event}/guests/sending": _send_invitations,
    "PUT /events/{event}/guests/{guest}/answer": _answer_invitation,
    "PUT /selection/rounds/{round}/participants/{participant}/list": _hand_in_list,
    "POST /selection/rounds/{round}/participants/{participant}/list/withdrawal": _take_back_list,
    "POST /selection/rounds/{round}/lock": _round("lock", 0),
    "POST /selection/rounds/{round}/reopening": _round(
        "reopening",
        1,
        *({"submit_until": f"2099-01-0{day}", "reason": selecting.REASON} for day in (1, 2)),
    ),
    "POST /selection/rounds/{round}/computation": _round("computation", 1),
    "POST /selection/rounds/{round}/publication": _round("publication", 2),
    "POST /selection/rounds/{round}/closing": _round("closing", 3),
    "POST /selection/rounds/{round}/objections/{number}/answer": _answer_selection,
    "POST /core-lists/{uscc}/versions": _replace_core_list,
    "POST /core-lists/{uscc}/decision": _decide_core_list,
    "POST /core-lists/{uscc}/withdrawal": _withdraw_core_list,
    "PUT /core-lists/{uscc}/rows/{row}/resolution": _resolve_row,
    "PUT /listings/{listing}/answer": _answer_listing,
    "PUT /chains/{code}/profile": _set_profile,
    "PATCH /chains/{code}/posts/{number}": _end_post,
    "POST /chains/{code}/posts/{number}/hand-over": _hand_post_over,
    "PATCH /chains/{code}/places/{number}": _end_place,
    "POST /memberships/{number}/confirmation": _confirm_membership,
    "POST /memberships/{number}/refusal": _decline_membership,
    "POST /memberships/{number}/hand-over": _hand_membership_over,
    "PATCH /memberships/{number}": _end_membership,
    "POST /membership-objections/{number}/answer": _answer_objection,
    "POST /membership-questions/{number}/dismissal": _dismiss_question,
    "PATCH /people/{person}": _disable,
    "PATCH /people/{person}/grants/{grant}": _end_role,
    "PATCH /invitations/{invitation}": _revoke_invitation,
    "PATCH /registrations/{registration}": _decide_registration,
    "PATCH /institutions/{code}": _change_institution,
    "PUT /chains/{code}/plan": _publish_plan,
    "PUT /chains/{code}/plan-drafts/{draft}": _revise_draft,
    "POST /chains/{code}/plan-drafts/{draft}/giving-up": _give_up_draft,
    "POST /chains/{code}/plan-drafts/{draft}/publication": _publish_draft,
    "POST /chains/{code}/plans/{version}/archive": _archive_plan,
    "PATCH /chains/{code}/managers/{role}/{since}": _end_manager,
    "POST /products/{code}/revisions": _revise_product,
    "PUT /products/{code}/confirmation": _decide_product,
    "PUT /enterprises/{uscc}": _revise_firm,
    "PUT /enterprises/{uscc}/contact": _change_contact,
    "PUT /needs/{code}": _revise_need,
    "PUT /needs/{code}/consents/{consent}/revocation": _revoke_consent,
    "PUT /whitelist/entries/{code}/withdrawal": _withdraw,
    "PUT /whitelist/entries/{entry}/facts": _restate,
    "POST /whitelist/entries/{code}/reopening": _reopen,
    "PUT /whitelist/reviews/{item_id}": _review,
    "PUT /whitelist/entries/{entry}/handler": _hand,
    "PUT /notice-settings": _set_notices,
    "PATCH /webhooks/{webhook}": _change_webhook,
    "POST /awards/{year}/shortlist": _shortlist,
    "POST /awards/{year}/decision": _decide_award,
    "POST /awards/{year}/publication": _publish_award,
    "PUT /awards/{year}/ballot": _vote,
    "POST /awards/{year}/appeals/{appeal}/answer": _answer_appeal,
    "POST /coordination/cases/{case}/resolution": _resolve,
    "POST /coordination/cases/{case}/refusal": _refuse,
}
NEW, LOG, ORDER, OWN, LAST = (
    "stores something new, once a key",
    "adds to a log that is replayed as a whole",
    "orders many at once what holds whatever they were",
    "concerns the asker's own account, proven anew",
    "ends something for good, whatever it was",
)
WITHOUT: Final[Mapping[str, str]] = {
    "POST /events": NEW, "POST /events/years": NEW, "POST /events/{event}/timetable": ORDER,
    "POST /events/{event}/attendance": LOG, "POST /events/{event}/contacts": LOG,
    "POST /core-lists": NEW, "POST /core-lists/{uscc}/runs": NEW,
    "POST /auth/token": NEW, "POST /auth/password": OWN, "POST /auth/sign-out": LAST, "POST /auth/sign-out-everywhere": LAST,
    "DELETE /auth/sessions/{session_id}": LAST, "POST /api-keys": NEW, "DELETE /api-keys/{key_id}": LAST,
    "POST /auth/second-factor": OWN, "POST /auth/second-factor/confirmation": OWN,
    "POST /auth/second-factor/recovery-codes": OWN, "POST /auth/second-factor/removal": OWN,
    "POST /people/{person}/grants": NEW, "POST /password-resets": OWN, "POST /invitations": NEW,
    "POST /invitations/accept": LAST, "POST /registrations": NEW, "POST /policies/adoptions": NEW,
    "POST /policies/adoptions/{adoption_id}/end": LAST, "POST /institutions": NEW, "POST /chains": NEW,
    "POST /chains/{code}/plan-drafts": NEW, "POST /chains/{code}/plan-drafts/{draft}/comparisons": NEW,
    "POST /chains/{code}/plan-drafts/{draft}/comparisons/{comparison}/allocation": NEW,
    "POST /chains/{code}/posts": NEW, "POST /chains/{code}/places": NEW, "POST /memberships/decisions": ORDER,
    "POST /membership-objections": NEW, "POST /membership-runs": NEW,
    "POST /chains/{code}/managers": NEW, "POST /products": NEW, "POST /library/editions": NEW, "POST /enterprises": NEW,
    "POST /projects": NEW, "POST /needs": NEW, "POST /needs/{code}/consents": NEW, "POST /whitelist/editions": NEW,
    "POST /whitelist/entries": NEW, "POST /whitelist/imports": ORDER, "POST /matches/runs": NEW, "POST /allocations": NEW,
    "POST /allocations/preview": ORDER,
    "POST /library/observations": ORDER, "POST /library/calls": NEW, "POST /awards": NEW,
    "POST /awards/{year}/nominations": NEW, "POST /awards/{year}/nominations/{nomination}/withdrawal": LAST,
    "POST /awards/{year}/jurors": NEW, "DELETE /awards/{year}/jurors/{person}": LAST,
    "POST /awards/{year}/appeals": NEW,
    "POST /handovers": ORDER, "POST /notices/deliveries/{delivery}/retry": ORDER, "POST /notices/deliveries/sending": ORDER,
    "POST /notices/read": ORDER, "POST /notice-settings/confirmation": OWN, "POST /webhooks": NEW,
    "POST /whitelist/imports/{import_id}/undoing": LAST,
    "DELETE /webhooks/{webhook}": LAST, "POST /webhooks/{webhook}/test": NEW, "POST /coordination/cases": NEW,
    "POST /coordination/cases/{case}/comments": NEW, "POST /whitelist/entries/{entry}/docking-events": LOG,
    "POST /selection/rounds": NEW, "POST /selection/rounds/{round}/objections": NEW, "POST /selection/rounds/{round}/result/plan-drafts": NEW,
    "POST /docking/reroutes": ORDER, "POST /coverage/{month}/close": NEW, "POST /jobs/{job}/cancellation": LAST,
}  # fmt: skip
