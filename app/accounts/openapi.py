"""What the API's description says of credentials: which there are, and where one is needed."""

from typing import Any, Final

from fastapi import FastAPI

from app.accounts.permissions import ANYBODY

METHODS: Final = ("delete", "get", "patch", "post", "put")
SCHEMES: Final[dict[str, Any]] = {
    "password": {
        "type": "oauth2",
        "description": "Access token for login and password; refreshed at the same address.",
        "flows": {
            "password": {"tokenUrl": "/api/v1/auth/token", "refreshUrl": "/api/v1/auth/token", "scopes": {}}
        },
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or an API key (`rq_…`).",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key (`rq_…`)."},
}
ANY_SCHEME: Final[list[dict[str, list[str]]]] = [{name: []} for name in SCHEMES]


def describe_credentials(app: FastAPI) -> None:
    """Have an application's description name the credentials, and for each operation whether it needs one."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        document.setdefault("components", {})["securitySchemes"] = SCHEMES
        for methods in document["paths"].values():
            for method in METHODS:
                if operation := methods.get(method):
                    operation["security"] = [] if operation.get("x-action") in ANYBODY else ANY_SCHEME
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
