"""What the API's description says of requests that can wait for their answer."""

from typing import Any, Final

from fastapi import FastAPI

from app.accounts.openapi import METHODS
from app.jobs.schemas import JobOut

PREFER: Final[dict[str, Any]] = {
    "name": "Prefer",
    "in": "header",
    "required": False,
    "description": "`respond-async` (RFC 7240): answer 202 with a job at once, and let a worker carry it out.",
    "schema": {"type": "string", "maxLength": 100, "examples": ["respond-async"]},
}
ACCEPTED: Final[dict[str, Any]] = {
    "description": "It is a job now (`Prefer: respond-async`); `Location` says where to watch it.",
    "headers": {
        "Location": {"description": "The job.", "schema": {"type": "string"}},
        "Preference-Applied": {"description": "respond-async", "schema": {"type": "string"}},
    },
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/JobOut"}}},
}


def describe_jobs(app: FastAPI) -> None:
    """Have an application's description say of each operation that can wait how, and with what it is answered then."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for methods in document["paths"].values():
            for method in METHODS:
                if (operation := methods.get(method)) and operation.get("x-can-wait"):
                    stated = operation.setdefault("parameters", [])
                    if PREFER not in stated:
                        stated.append(PREFER)
                    operation["responses"]["202"] = ACCEPTED
        if "JobOut" not in schemas:
            made = JobOut.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= made.pop("$defs", {}) | {"JobOut": made}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
