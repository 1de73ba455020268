"""What went wrong, as a page: in the reader's language, with what to do now. Nothing that was typed is lost by it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response

from app.accounts.page_sessions import UNPROVEN
from app.accounts.standings import Standing
from app.desks import kept_forms
from app.desks.pages import go_to, page
from app.desks.refusals import Refusal
from app.desks.signing import expired_page
from app.desks.texts import Text

WHAT_HAPPENED: Final[Mapping[int | str, Text]] = {
    "foreign_site": Text("不能从别的网站打开"),
    400: Text("请求无法读取"),
    401: Text("请先登录"),
    403: Text("您的角色不能这样做"),
    404: Text("没有这个页面"),
    405: Text("不能这样打开"),
    408: Text("内容没有收到"),
    409: Text("与已有的内容矛盾"),
    412: Text("在您之后已有人修改"),
    413: Text("内容太大"),
    422: Text("有不认识的内容"),
    429: Text("请求过于频繁"),
    503: Text("暂时不能提供"),
}
WRONG: Final = Text("出错了")
NOWHERE: Final = Text("这个地址不对。请从栏目进入，或回到首页。")


def problem_page(request: Request, problem: Mapping[str, Any]) -> Response:
    """Show a problem document (kernel/problems.py) to somebody with a browser.

    Who has to sign in first, or to show a second factor, is taken there and comes back; what they had typed comes along.
    """
    status, is_looking = problem["status"], request.method in {"GET", "HEAD"}
    if status == HTTPStatus.UNAUTHORIZED:
        return _sign_in_first(request, is_looking=is_looking)
    standing: Standing | None = getattr(request.state, "standing", None)
    if status == HTTPStatus.FORBIDDEN and is_looking and standing and standing.lacks_second_factor:
        return go_to("/account/second-factor")
    faults = [
        (fault["where"], Refusal(fault["message"], fault.get("remedy", "")), fault.get("value", ""))
        for fault in problem["errors"]
        if status != HTTPStatus.PRECONDITION_FAILED  # a page's versions are nothing that its reader knows of
    ]
    # An address that cannot be read is none of ours: what its parts must look like tells its reader nothing.
    is_nowhere = bool(faults) and all(where.startswith("path.") for where, _said, _value in faults)
    is_unproven = any(where == UNPROVEN for where, _said, _value in faults)
    context = {
        "what": WHAT_HAPPENED[404]
        if is_nowhere
        else WHAT_HAPPENED.get(problem["code"], WHAT_HAPPENED.get(status, WRONG)),
        "told": NOWHERE if is_nowhere else Refusal(problem["detail"], otherwise=""),
        "faults": [] if is_nowhere else faults,
        "request_id": problem["request_id"],
        "kept": kept_forms.keep(request) if is_unproven else "",
    }
    return page(request, "problem.html", context, status)


def _sign_in_first(request: Request, *, is_looking: bool) -> Response:
    if not is_looking and (kept := kept_forms.keep(request)):
        return expired_page(request, kept)
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return go_to(f"/sign-in?next={quote(asked, safe='')}" if is_looking and asked != "/" else "/sign-in")
