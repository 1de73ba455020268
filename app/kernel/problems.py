"""Errors leave as RFC 9457 problem JSON, rendered here and nowhere else.

Who asks for a page outside the API gets the same problem as a page, if the application has one
(`app.state.problem_page`, desks/problems.py).
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.kernel.connections import refusal_of
from app.kernel.errors import Fault, RongqiaoError
from app.kernel.logs import frames_of, get_logger
from app.kernel.troubles import Trouble, trouble_of

MEDIA_TYPE = "application/problem+json"
MOST_SHOWN_CHARACTERS = 80
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
logger = get_logger(__name__)


class FaultOut(BaseModel):
    """One thing wrong with what was sent."""

    where: str = Field(description="JSON path, header, query parameter, cell or file with line.")
    message: str = Field(description="What is wrong.")
    remedy: str = Field(default="", description="How to mend it; empty where that is plain.")
    value: str = Field(default="", description="What was sent there, shortened.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="Kind of problem, as a URN.", examples=["urn:rongqiao:refused"])
    title: str = Field(description="The kind in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What happened this time.")
    code: str = Field(description="Stable code to branch on.")
    request_id: str = Field(description="Find the request in the logs by it.")
    errors: list[FaultOut] = Field(default=[], description="Every fault at once.")


def _documented(status: int, text: str) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}}


PROBLEMS: dict[int | str, dict[str, Any]] = (
    _documented(400, "The request cannot be read")
    | _documented(401, "Nobody is signed in, or what shows it does not hold")
    | _documented(403, "No role of the viewer allows it, or a page of another site sent it")
    | _documented(404, "Nothing there that this viewer may see")
    | _documented(409, "It contradicts what is stored")
    | _documented(408, "The body did not come")
    | _documented(413, "The body is too large")
    | _documented(422, "What was sent cannot be taken; every fault is named")
    | _documented(429, "Too many requests; `Retry-After` says when to come again")
    | _documented(
        503,
        "Too much is going on, or it took too long: nothing was changed; `Retry-After` says when to come again",
    )
)
UNAVAILABLE_PROBLEMS = _documented(503, "A dated table ends before the asked day, or it took too long")
PRECONDITION_PROBLEMS = _documented(412, "Changed since it was read") | _documented(
    428, "`If-Match` is missing"
)


def problem_response(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str,
    faults: Sequence[dict[str, str]] = (),
) -> Response:
    """Answer a problem document for a request; to a browser outside the API, a page."""
    body = {
        "type": f"urn:rongqiao:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": getattr(request.state, "request_id", ""),
        "errors": list(faults),
    }
    page = getattr(request.app.state, "problem_page", None)
    if page is not None and _wants_page(request):
        shown: Response = page(request, body)
        return shown
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


async def _furnish_page(request: Request, status: int) -> None:
    """Let the application ask what the page of a refusal shows beside it (`app.state.furnish_problem_page`)."""
    furnish = getattr(request.app.state, "furnish_problem_page", None)
    if furnish is not None and _wants_page(request):
        await furnish(request, status)


def _wants_page(request: Request) -> bool:
    is_api = request.url.path.startswith("/api/") or request.url.path.endswith(".json")
    return not is_api and "text/html" in request.headers.get("accept", "")


async def _domain_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RongqiaoError):
        raise error
    await _furnish_page(request, error.status)
    return domain_problem(request, error)


def domain_problem(request: Request, error: RongqiaoError) -> Response:
    """Answer a refusal of the domain with its status, faults and headers."""
    faults = [fault.as_dict() for fault in error.faults]
    answer = problem_response(request, error.status, error.code, error.title, error.detail, faults)
    answer.headers.update(error.headers)
    return answer


async def _malformed(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [_fault_of(item) for item in error.errors()]
    is_unreadable = any(item["type"] == "json_invalid" for item in error.errors())
    named = ", ".join(dict.fromkeys(fault["where"] for fault in faults))
    status, detail = (400, "The body is not JSON.") if is_unreadable else (422, f"Wrong: {named}.")
    await _furnish_page(request, status)
    return problem_response(request, status, "malformed", "The request is malformed", detail, faults)


def _fault_of(item: dict[str, Any]) -> dict[str, str]:
    source, *path = item["loc"]
    kind, value = item["type"], item.get("input")
    if kind == "json_invalid":
        at = f"not JSON at character {path[0]}: {item['ctx']['error']}" if path else "not JSON"
        return Fault("body", at, REMEDIES[kind]).as_dict()
    if source == "body" and isinstance(value, bytes):
        return Fault("header.Content-Type", "does not say that the body is JSON", SAY_JSON).as_dict()
    where = ".".join(str(part) for part in ([] if source == "body" else [source]) + path)
    message = MESSAGES.get(kind, item["msg"].removeprefix("Value error, "))
    is_hidden = value is None or isinstance(value, dict | list | bytes) or SECRET_FIELDS & set(path)
    shown = "" if is_hidden else str(value)
    return Fault(where or "body", message, REMEDIES.get(kind, ""), shown[:MOST_SHOWN_CHARACTERS]).as_dict()


SECRET_FIELDS = frozenset(
    {"password", "old", "new", "token", "refresh_token", "totp", "X-API-Key", "Authorization"}
)
"""What is sent there is never repeated."""
MESSAGES = {"missing": "missing", "extra_forbidden": "no field of this name is known"}
REMEDIES = {
    "json_invalid": "Send one JSON document in UTF-8.",
    "missing": "Send it.",
    "extra_forbidden": "Correct the name, or leave it out.",
}
SAY_JSON = "Send Content-Type: application/json."


HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 408: "slow_body", 413: "too_large", 503: "busy"}


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refusal = refusal_of(error)
    if refusal is not None:  # FastAPI says “cannot be parsed” of a body for which the disk has no room
        return _in_trouble(request, error, refusal)
    status, headers, detail = HTTPStatus(error.status_code), dict(error.headers or {}), str(error.detail)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = ", ".join(sorted(_allowed_methods(request)))
        detail = f"Allowed here: {headers['allow']}."
    elif status is HTTPStatus.NOT_FOUND:
        detail = "Nothing is at this address; /openapi.json lists all there are."
    answer = problem_response(request, status, HTTP_CODES.get(status, "http_error"), status.phrase, detail)
    answer.headers.update(headers)
    return answer


def _allowed_methods(request: Request) -> set[str]:
    # The router names the methods of the first route of a path; a path may have several routes.
    return {
        method
        for method in METHODS
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }


async def unexpected(request: Request, error: Exception) -> Response:
    """Log an error that nobody foresaw, and answer nothing of its inside; a database or disk in trouble says when to come again."""
    refusal = refusal_of(error)
    if refusal is not None:
        return _in_trouble(request, error, refusal)
    log_unexpected(request, error)
    detail = "It is logged under the request id; nothing was changed."
    return problem_response(request, 500, "unexpected", "Something went wrong here", detail)


def _in_trouble(request: Request, error: Exception, refusal: RongqiaoError) -> Response:
    causes = frames_of(error)
    if trouble_of(error) is Trouble.FULL:
        logger.warning("disk_full", code=refusal.code, causes=causes)
    else:
        logger.warning("database_trouble", code=refusal.code, causes=causes)
    return domain_problem(request, refusal)


def log_unexpected(request: Request, error: Exception) -> None:
    """Log where an error arose and of what kind it is; its message may hold case data and is left out."""
    route = getattr(request.scope.get("route"), "path", "")
    logger.error("unexpected_error", method=request.method, route=route, causes=frames_of(error))


def install_problem_handlers(app: FastAPI) -> None:
    """Render every error of an application as problem JSON."""
    app.add_exception_handler(RongqiaoError, _domain_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, unexpected)
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        schemas = describe().setdefault("components", {}).setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"Problem": problem}
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
