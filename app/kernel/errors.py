"""The tree of errors.

RongqiaoError               code and HTTP status of its own; rendered once (kernel/problems.py)
NotFound            404   no such row, or none that this viewer may see
Refused             422   what was sent cannot be taken; names every fault at once
Conflict            409   it contradicts what is stored (state, key, run that is under way)
PreconditionFailed  412   `If-Match` names another version than the stored one
PreconditionMissing 428   a change without `If-Match`
Unauthenticated     401   nobody is signed in, or what shows it does not hold
Forbidden           403   no role of the viewer allows it
TooLarge            413   the body is over the bound
TooMany             429   too many requests; says when to come again
Unavailable         503   a dated table ends before the asked day, or the service is not ready
TimedOut            503   it took longer than a request may; nothing was changed
Busy                503   too much is asked of the server or its database; nothing was changed
DatabaseUnavailable 503   the database refuses or cannot be reached; nothing was changed
OutcomeUnknown      503   the connection was lost at the commit: perhaps it was kept, perhaps not
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent: where it is, what it is, how to mend it.

    `where` is a place that the sender knows: a JSON path (`terms.amount.most`), a cell
    (`名单!C17`), or a file with line and key (`pack.yaml:12 rules.admission`).
    """

    where: str
    message: str
    remedy: str = ""
    value: str = ""

    def as_dict(self) -> dict[str, str]:
        """Answer the fault as JSON members, leaving out the empty ones."""
        return {key: text for key, text in asdict(self).items() if text}


class RongqiaoError(Exception):
    """Root of the domain's errors; `code` is stable and part of the API."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self, detail: str, faults: Sequence[Fault] = (), *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


class NotFound(RongqiaoError):
    code, status, title = "not_found", 404, "Not found"


class Refused(RongqiaoError):
    code, status, title = "refused", 422, "What was sent cannot be taken"


class Conflict(RongqiaoError):
    code, status, title = "conflict", 409, "It contradicts what is stored"


class PreconditionFailed(RongqiaoError):
    code, status, title = "precondition_failed", 412, "Somebody changed it since you read it"


class PreconditionMissing(RongqiaoError):
    code, status, title = "precondition_missing", 428, "Say which version you are changing"


class Unauthenticated(RongqiaoError):
    code, status, title = "unauthenticated", 401, "Sign in first"


class Forbidden(RongqiaoError):
    code, status, title = "forbidden", 403, "Not yours to do"


class TooMany(RongqiaoError):
    code, status, title = "too_many", 429, "Too many requests"


class TooLarge(RongqiaoError):
    code, status, title = "too_large", 413, "The body is too large"


class Unavailable(RongqiaoError):
    code, status, title = "unavailable", 503, "Not available now"


class TimedOut(RongqiaoError):
    code, status, title = "timed_out", 503, "It took too long"


class Busy(RongqiaoError):
    code, status, title = "busy", 503, "Too much is going on"


class DatabaseUnavailable(RongqiaoError):
    code, status, title = "database_unavailable", 503, "The database does not answer"


class OutcomeUnknown(RongqiaoError):
    code, status, title = "outcome_unknown", 503, "Nobody can say whether it was kept"
